//! Sound as 16 kHz mono samples, read block by block.

mod decode;
mod opus;
mod resample;
mod skips;
mod trim;

use std::io::Read as _;
use std::path::{Path, PathBuf};

use decode::{Decoder, Opened, Step};
pub use resample::Resampler;
use skips::Skips;

use crate::degrade::Noise;
use crate::error::{Error, Result};
use crate::ffmpeg::{self, Complaints, Ffmpeg};
use crate::span::{Skipped, Span};

/// Samples a second of everything that leaves this module.
pub const SAMPLE_RATE: u32 = 16_000;

/// Samples in a block: one second.
const BLOCK: usize = SAMPLE_RATE as usize;

/// The sound of one file in order, as mono 16 kHz samples. Memory stays at a few megabytes
/// however long the file is.
///
/// What cannot be decoded is replaced by silence of the same length, so that times stay right,
/// and listed in [`AudioStream::skipped`].
///
/// ```no_run
/// # fn main() -> limbic_media::Result<()> {
/// let path = std::path::Path::new("interview.m4a");
/// if let Some(mut sound) = limbic_media::AudioStream::open(path)? {
///     while let Some(block) = sound.next_block()? {
///         println!("{} samples", block.len());
///     }
/// }
/// # Ok(())
/// # }
/// ```
pub struct AudioStream {
    path: PathBuf,
    source: Source,
    resampler: Resampler,
    duration: Option<f64>,
    ready: Vec<f32>,
    mono: Vec<f32>,
    /// Silence to give out before `mono`, in input frames.
    owed: u64,
    /// Input frames taken so far, in seconds.
    clock: f64,
    heard: bool,
    ended: bool,
    skips: Skips,
    /// Samples still to leave out, and then to give.
    stretch: Option<(usize, usize)>,
    noise: Option<Noise>,
}

enum Source {
    BuiltIn(Box<Decoder>),
    Ffmpeg(Option<Ffmpeg>),
}

impl AudioStream {
    /// Opens the first sound track of `path`; `None` where the file is readable and has none.
    ///
    /// The content decides about the format, never the name: wav, aiff, flac, mp3, AAC, ALAC,
    /// Vorbis and Opus, alone or in mp4, mov, mkv, webm and ogg. Anything else, and a file whose
    /// header is damaged, is given to an `ffmpeg` on the PATH.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Empty`], [`Error::Unsupported`] for content of no known kind or a
    /// sample rate outside of 1 to 384 kHz, [`Error::NeedsFfmpeg`], [`Error::Damaged`].
    pub fn open(path: &Path) -> Result<Option<Self>> {
        let (source, rate, duration) = match Decoder::open(path) {
            Ok(Opened::NoAudio) => return Ok(None),
            Ok(Opened::Decoder(decoder)) => {
                let (rate, duration) = (decoder.rate(), decoder.duration());
                (Source::BuiltIn(decoder), rate, duration)
            }
            Ok(Opened::Foreign(format)) => {
                (Source::Ffmpeg(Some(decode_with_ffmpeg(path, &format)?)), SAMPLE_RATE, None)
            }
            Err(damaged @ Error::Damaged { .. }) => match ffmpeg::available() {
                Some(_) => (Source::Ffmpeg(Some(decode_with_ffmpeg(path, "")?)), SAMPLE_RATE, None),
                None => return Err(damaged),
            },
            Err(error) => return Err(error),
        };
        let mut stream = Self {
            path: path.to_owned(),
            source,
            resampler: Resampler::new(rate).map_err(|reason| Error::damaged(path, reason))?,
            duration,
            ready: Vec::new(),
            mono: Vec::new(),
            owed: 0,
            clock: 0.0,
            heard: false,
            ended: false,
            skips: Skips::default(),
            stretch: None,
            noise: None,
        };
        if matches!(stream.source, Source::Ffmpeg(_)) {
            // Only its first output tells whether ffmpeg found a sound track.
            while !stream.heard {
                if stream.ended {
                    return Ok(None);
                }
                stream.fill()?;
            }
        }
        Ok(Some(stream))
    }

    /// The next samples in the range -1 to 1 (more where the recording is over full scale):
    /// 16,000 of them, fewer only at the end, then `None`.
    ///
    /// # Errors
    /// [`Error::Io`] where reading fails, [`Error::Damaged`] where nothing at all could be decoded.
    pub fn next_block(&mut self) -> Result<Option<Vec<f32>>> {
        while let Some(mut block) = self.decoded()? {
            if let Some((before, inside)) = &mut self.stretch {
                if *inside == 0 {
                    return Ok(None);
                }
                let skipped = block.len().min(*before);
                *before -= skipped;
                block.drain(..skipped);
                block.truncate(*inside);
                *inside -= block.len();
            }
            if !block.is_empty() {
                if let Some(noise) = &mut self.noise {
                    noise.add(&mut block);
                }
                return Ok(Some(block));
            }
        }
        Ok(None)
    }

    /// The next block of the file.
    fn decoded(&mut self) -> Result<Option<Vec<f32>>> {
        while self.ready.len() < BLOCK && !self.ended {
            self.fill()?;
        }
        if self.ready.is_empty() {
            return Ok(None);
        }
        let rest = self.ready.split_off(self.ready.len().min(BLOCK));
        Ok(Some(std::mem::replace(&mut self.ready, rest)))
    }

    /// The same with nothing outside of a stretch; times begin with it.
    #[must_use]
    pub fn within(mut self, span: Span) -> Self {
        let samples = |seconds: f64| (seconds.max(0.0) * f64::from(SAMPLE_RATE)).round() as usize;
        let start = samples(span.start);
        self.stretch = Some((start, samples(span.end).saturating_sub(start)));
        self.duration = Some(span.duration());
        self
    }

    /// The same under noise.
    pub(crate) fn under(mut self, noise: Noise) -> Self {
        self.noise = Some(noise);
        self
    }

    /// What could not be read up to now; complete once [`AudioStream::next_block`] gave `None`.
    pub fn skipped(&self) -> &[Skipped] {
        self.skips.list()
    }

    /// The length in seconds that the file declares. A damaged or unfinished file may have less.
    pub const fn duration(&self) -> Option<f64> {
        self.duration
    }

    /// Brings some samples into `ready`, or finds the end.
    fn fill(&mut self) -> Result<()> {
        if self.heard && (self.owed > 0 || !self.mono.is_empty()) {
            return self.give();
        }
        match &mut self.source {
            Source::BuiltIn(decoder) => match decoder.step(&mut self.mono)? {
                Step::Samples { rate } => {
                    self.change_rate(rate)?;
                    self.heard |= !self.mono.is_empty();
                }
                Step::Missing { frames, rate, reason } => {
                    self.change_rate(rate)?;
                    let start = self.clock + self.owed as f64 / f64::from(rate);
                    if let Some(reason) = reason {
                        let end = start + frames as f64 / f64::from(rate);
                        self.skips.add(Some(Span::new(start, end)), reason);
                    }
                    self.owed = self.owed.saturating_add(frames);
                }
                Step::End { reason } => self.end(reason)?,
            },
            Source::Ffmpeg(process) => {
                let Some(running) = process else { return self.end(None) };
                let before = self.clock;
                let broken = read_samples(running, &mut self.mono)
                    .map_err(|source| Error::io(&self.path, source))?;
                if broken {
                    let end = before + self.mono.len() as f64 / f64::from(SAMPLE_RATE);
                    self.skips
                        .add(Some(Span::new(before, end)), "samples that are not numbers".into());
                }
                self.heard |= !self.mono.is_empty();
                if self.mono.is_empty()
                    && let Some(process) = process.take()
                {
                    self.finish_ffmpeg(process)?;
                }
            }
        }
        Ok(())
    }

    /// Learns from the complaints of `ffmpeg` what was damaged.
    fn finish_ffmpeg(&mut self, process: Ffmpeg) -> Result<()> {
        let Complaints { lines, first } = process.finish();
        if self.heard {
            if lines > 0 {
                self.skips.add(None, format!("ffmpeg complained {lines} times, first: {first}"));
            }
        } else if lines > 0 && !first.contains("matches no streams") {
            return Err(Error::damaged(&self.path, format!("ffmpeg finds no sound: {first}")));
        } else {
            self.ended = true;
        }
        Ok(())
    }

    /// Hands owed silence, then samples, to the resampler: at most a second at a time.
    fn give(&mut self) -> Result<()> {
        let rate = self.resampler.rate();
        let samples = if self.owed > 0 {
            let frames = self.owed.min(u64::from(rate));
            self.owed -= frames;
            vec![0.0; frames as usize]
        } else {
            std::mem::take(&mut self.mono)
        };
        self.clock += samples.len() as f64 / f64::from(rate);
        let pushed = self.resampler.push(&samples, &mut self.ready);
        pushed.map_err(|reason| Error::damaged(&self.path, reason))?;
        if self.owed == 0 && self.mono.is_empty() {
            self.mono = samples;
            self.mono.clear();
        }
        Ok(())
    }

    /// A stream may change its rate between two recordings; what is owed keeps its length.
    fn change_rate(&mut self, rate: u32) -> Result<()> {
        let old = self.resampler.rate();
        if rate == old {
            return Ok(());
        }
        let failed = |reason| Error::damaged(&self.path, reason);
        self.owed = (self.owed as f64 / f64::from(old) * f64::from(rate)).round() as u64;
        self.resampler.finish(&mut self.ready).map_err(failed)?;
        self.resampler = Resampler::new(rate).map_err(failed)?;
        Ok(())
    }

    fn end(&mut self, reason: Option<String>) -> Result<()> {
        let rate = self.resampler.rate();
        if let Some(reason) = reason {
            let end = self.clock + self.owed as f64 / f64::from(rate);
            let span = self.duration.filter(|declared| *declared > end);
            self.skips.add(span.map(|declared| Span::new(end, declared)), reason);
        }
        if !self.heard
            && let Some(first) = self.skips.list().first()
        {
            return Err(Error::damaged(
                &self.path,
                format!("no sound could be decoded: {}", first.reason),
            ));
        }
        let finished = self.resampler.finish(&mut self.ready);
        finished.map_err(|reason| Error::damaged(&self.path, reason))?;
        self.ended = true;
        Ok(())
    }
}

/// The whole of a short clip at once, and what could not be read of it.
///
/// # Errors
/// Those of [`AudioStream::open`] and [`AudioStream::next_block`], and [`Error::Unsupported`]
/// where there is no sound track.
pub fn read(path: &Path) -> Result<(Vec<f32>, Vec<Skipped>)> {
    let Some(mut stream) = AudioStream::open(path)? else {
        return Err(Error::unsupported(path, "it has no sound track", "a recording with sound"));
    };
    let mut samples = Vec::new();
    while let Some(block) = stream.next_block()? {
        samples.extend_from_slice(&block);
    }
    Ok((samples, stream.skips.into_list()))
}

fn decode_with_ffmpeg(path: &Path, format: &str) -> Result<Ffmpeg> {
    let rate = SAMPLE_RATE.to_string();
    Ffmpeg::spawn(path, format, &["-map", "0:a:0", "-ac", "1", "-ar", &rate, "-f", "f32le"])
}

/// Appends up to a quarter of a second; nothing at the end. True where a sample was no number and
/// became silence.
fn read_samples(process: &mut Ffmpeg, mono: &mut Vec<f32>) -> std::io::Result<bool> {
    let mut bytes = Vec::with_capacity(BLOCK);
    process.take(BLOCK as u64).read_to_end(&mut bytes)?;
    let mut broken = false;
    mono.extend(bytes.chunks_exact(4).map(|sample| {
        let sample = f32::from_le_bytes([sample[0], sample[1], sample[2], sample[3]]);
        broken |= !sample.is_finite();
        if sample.is_finite() { sample } else { 0.0 }
    }));
    Ok(broken)
}
