//! Packets of the first audio track to mono samples at the file's own rate.

use std::path::{Path, PathBuf};

use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::well_known::CODEC_ID_OPUS;
use symphonia::core::codecs::audio::{AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error as SymphoniaError;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader, Track, TrackType};
use symphonia::core::io::{MediaSourceStream, MediaSourceStreamOptions};
use symphonia::core::meta::MetadataOptions;
use symphonia::core::packet::Packet;
use symphonia::core::units::TimeBase;

use super::opus::{OPUS_RATE, Opus};
use super::resample::RATES;
use super::trim::Trim;
use crate::boxes::Movie;
use crate::container::Container;
use crate::error::{Error, Result};
use crate::source::{self, DeclaredFile};

/// After so many failed reads in a row the rest of a file is given up.
const PATIENCE: usize = 4_096;

/// A hole in the timestamps counts as lost sound between these two lengths, in seconds: less is
/// rounding, more is a broken timestamp.
const HOLE: std::ops::Range<f64> = 0.1..30.0;

/// What one step of decoding brought.
pub(super) enum Step {
    /// Samples were appended, at this many a second.
    Samples { rate: u32 },
    /// So many frames are not there; `reason` is `None` for silence that the file declares.
    Missing { frames: u64, rate: u32, reason: Option<String> },
    /// The file ends; where it ends early, how.
    End { reason: Option<String> },
}

/// What opening a file found.
pub(super) enum Opened {
    Decoder(Box<Decoder>),
    /// A sound container without a sound track.
    NoAudio,
    /// Something only `ffmpeg` may read: what it is.
    Foreign(String),
}

/// Reads one audio track in order.
pub(super) struct Decoder {
    path: PathBuf,
    reader: Box<dyn FormatReader>,
    track: u32,
    codec: Codec,
    time_base: Option<TimeBase>,
    rate: u32,
    trim: Trim,
    /// Where the next packet should begin, in seconds of the track.
    position: Option<f64>,
    /// A packet that waits while the hole before it is filled.
    waiting: Option<Packet>,
    interleaved: Vec<f32>,
    duration: Option<f64>,
    /// Frames of the packet before, for a damaged one that does not tell its own.
    last_frames: u64,
}

enum Codec {
    Symphonia(Box<dyn AudioDecoder>),
    Opus(Box<Opus>),
}

impl Codec {
    /// Frames to drop at the start, as the codec's own header declares them.
    const fn pre_skip(&self) -> u64 {
        match self {
            Self::Opus(opus) => opus.pre_skip,
            Self::Symphonia(_) => 0,
        }
    }
}

impl Decoder {
    /// Opens the first audio track of `path`.
    pub(super) fn open(path: &Path) -> Result<Opened> {
        let io = |source| Error::io(path, source);
        let mut file = source::open(path)?;
        let container = Container::sniff(&mut file).map_err(io)?;
        let movie = match container {
            Container::Mp4 => Movie::read(&mut file).map_err(io)?,
            Container::Foreign(name) => return Ok(Opened::Foreign(name.to_owned())),
            Container::Png | Container::Jpeg | Container::ForeignImage(_) => {
                return Ok(Opened::NoAudio);
            }
            Container::Text | Container::WebVtt => return Ok(Opened::NoAudio),
            Container::Unknown => {
                return Err(Error::unsupported(path, "the content is of no known kind", EXPECTED));
            }
            _ => Movie::default(),
        };
        let file = DeclaredFile::new(file, movie.declared_length).map_err(io)?;
        let stream = MediaSourceStream::new(Box::new(file), MediaSourceStreamOptions::default());
        let reader = symphonia::default::get_probe()
            .probe(&Hint::new(), stream, FormatOptions::default(), MetadataOptions::default())
            .map_err(|error| failure(path, error))?;

        let Some(track) =
            reader.default_track(TrackType::Audio).or_else(|| reader.first_track(TrackType::Audio))
        else {
            let heard = movie.tracks.iter().find(|track| &track.handler == b"soun");
            let unknown = container == Container::Matroska
                && reader.tracks().iter().any(|track| track.codec_params.is_none());
            return Ok(match heard {
                Some(track) => Opened::Foreign(format!("`{}` sound", name_of(track.format))),
                None if unknown => Opened::Foreign("a track of unknown kind".into()),
                None => Opened::NoAudio,
            });
        };
        let id = track.id;
        let codec = match codec(track) {
            Ok(codec) => codec,
            Err(reason) => return Ok(Opened::Foreign(reason)),
        };
        let rate = match &track.codec_params {
            Some(CodecParameters::Audio(params)) => params.sample_rate,
            _ => None,
        };
        let rate = if matches!(codec, Codec::Opus(_)) { Some(OPUS_RATE) } else { rate };
        if let Some(rate) = rate {
            check_rate(path, rate)?;
        }
        let rate = rate.unwrap_or(super::SAMPLE_RATE);
        Ok(Opened::Decoder(Box::new(Self {
            path: path.to_owned(),
            track: id,
            trim: Trim::declared(container, &movie, id, rate, codec.pre_skip()),
            codec,
            time_base: track.time_base,
            rate,
            position: None,
            waiting: None,
            interleaved: Vec::new(),
            duration: duration(track, &*reader),
            last_frames: 0,
            reader,
        })))
    }

    /// The length that the file declares, in seconds.
    pub(super) const fn duration(&self) -> Option<f64> {
        self.duration
    }

    /// Samples a second of the track.
    pub(super) const fn rate(&self) -> u32 {
        self.rate
    }

    /// Appends the next samples to `mono`.
    pub(super) fn step(&mut self, mono: &mut Vec<f32>) -> Result<Step> {
        let packet = match self.waiting.take() {
            Some(packet) => packet,
            None => match self.next_packet()? {
                Ok(packet) => packet,
                Err(reason) => return Ok(Step::End { reason }),
            },
        };
        if self.trim.ends_before(packet.pts.get()) {
            return Ok(Step::End { reason: None });
        }
        if let Some(hole) = self.hole_before(&packet) {
            self.waiting = Some(packet);
            return Ok(hole);
        }
        self.decode(&packet, mono)
    }

    /// The next packet of the track, or why there is none.
    fn next_packet(&mut self) -> Result<std::result::Result<Packet, Option<String>>> {
        let mut failures = 0;
        let mut failure = None;
        loop {
            match self.reader.next_packet() {
                Ok(Some(packet)) if packet.track_id == self.track => return Ok(Ok(packet)),
                Ok(Some(_)) => failures = 0,
                Ok(None) => return Ok(Err(failure)),
                Err(SymphoniaError::ResetRequired) => {
                    // A chained ogg stream: another recording follows in the same file.
                    let next = self.reader.default_track(TrackType::Audio);
                    let Some((track, codec)) =
                        next.and_then(|track| Some((track, codec(track).ok()?)))
                    else {
                        return Ok(Err(Some("a further stream cannot be decoded".into())));
                    };
                    (self.track, self.time_base) = (track.id, track.time_base);
                    self.trim = Trim::chained(codec.pre_skip());
                    (self.codec, self.position) = (codec, None);
                }
                Err(SymphoniaError::IoError(error))
                    if error.kind() != std::io::ErrorKind::UnexpectedEof =>
                {
                    return Err(Error::io(&self.path, error));
                }
                Err(error) => {
                    failures += 1;
                    failure = Some(reason(&error));
                    if failures == PATIENCE {
                        return Ok(Err(failure));
                    }
                }
            }
        }
    }

    /// Silence that belongs before `packet`: a late start, or packets that are gone.
    fn hole_before(&mut self, packet: &Packet) -> Option<Step> {
        let start = self.seconds(packet.pts.get() as f64);
        let Some(expected) = self.position else {
            self.position = Some(start);
            let frames = self.trim.start(start, self.rate);
            return (frames > 0).then_some(Step::Missing { frames, rate: self.rate, reason: None });
        };
        let hole = start - expected;
        if !HOLE.contains(&hole) {
            return None;
        }
        self.position = Some(start);
        let frames = (hole * f64::from(self.rate)).round() as u64;
        Some(Step::Missing { frames, rate: self.rate, reason: Some("sound is missing".into()) })
    }

    fn decode(&mut self, packet: &Packet, mono: &mut Vec<f32>) -> Result<Step> {
        let declared = self.seconds(packet.block_dur().get() as f64);
        let trimmed = packet.trim_start.saturating_add(packet.trim_end);
        let trimmed = self.seconds(trimmed.get() as f64);
        let before = mono.len();
        let result = match &mut self.codec {
            Codec::Symphonia(decoder) => match decoder.decode(packet) {
                Ok(buffer) => {
                    let (rate, channels) = (buffer.spec().rate(), buffer.num_planes());
                    buffer.copy_to_vec_interleaved(&mut self.interleaved);
                    mix(&self.interleaved, channels, mono);
                    Ok(rate)
                }
                Err(SymphoniaError::IoError(error))
                    if error.kind() != std::io::ErrorKind::UnexpectedEof =>
                {
                    return Err(Error::io(&self.path, error));
                }
                Err(error) => Err(reason(&error)),
            },
            Codec::Opus(opus) => opus.decode(&packet.data).map(|(samples, channels)| {
                let cut = (packet.trim_end.get() as usize).saturating_mul(channels);
                mix(&samples[..samples.len().saturating_sub(cut)], channels, mono);
                OPUS_RATE
            }),
        };
        let result = result.and_then(|rate| {
            if mono[before..].iter().all(|sample| sample.is_finite()) {
                Ok(rate)
            } else {
                Err("samples that are not numbers".into())
            }
        });
        match result {
            Ok(rate) => {
                check_rate(&self.path, rate)?;
                self.rate = rate;
                let frames = mono.len() - before;
                if frames > 0 {
                    self.last_frames = frames as u64;
                }
                self.advance(frames as f64 / f64::from(rate) + trimmed);
                let (dropped, kept) = self.trim.take(frames as u64);
                mono.drain(before..before + dropped as usize);
                mono.truncate(before + kept as usize);
                Ok(Step::Samples { rate })
            }
            Err(reason) => {
                mono.truncate(before);
                let declared = (declared.min(HOLE.end) * f64::from(self.rate)).round() as u64;
                let frames = if declared > 0 { declared } else { self.last_frames };
                self.advance(frames as f64 / f64::from(self.rate));
                let (_, frames) = self.trim.take(frames);
                Ok(Step::Missing { frames, rate: self.rate, reason: Some(reason) })
            }
        }
    }

    fn seconds(&self, ticks: f64) -> f64 {
        let tick = |base: TimeBase| f64::from(base.numer.get()) / f64::from(base.denom.get());
        ticks * self.time_base.map_or(0.0, tick)
    }

    fn advance(&mut self, seconds: f64) {
        if let Some(position) = &mut self.position {
            *position += seconds;
        }
    }
}

/// What to give instead of something unknown.
const EXPECTED: &str = "wav, flac, mp3, m4a, ogg, opus, webm, mkv, mp4 or mov";

fn codec(track: &Track) -> std::result::Result<Codec, String> {
    let Some(CodecParameters::Audio(params)) = &track.codec_params else {
        return Err("a sound track of unknown kind".into());
    };
    if params.codec == CODEC_ID_OPUS {
        return Opus::new(params.extra_data.as_deref()).map(|opus| Codec::Opus(Box::new(opus)));
    }
    symphonia::default::get_codecs()
        .make_audio_decoder(params, &AudioDecoderOptions::default())
        .map(Codec::Symphonia)
        .map_err(|error| format!("this sound track ({})", reason(&error)))
}

fn duration(track: &Track, reader: &dyn FormatReader) -> Option<f64> {
    let media = reader.media_info();
    let (base, duration) = match (track.time_base, track.duration) {
        (Some(base), Some(duration)) => (base, duration),
        _ => (media.time_base?, media.duration?),
    };
    let seconds = base.calc_duration(duration)?.as_secs_f64();
    (seconds > 0.0).then_some(seconds)
}

/// Mean of the channels.
fn mix(interleaved: &[f32], channels: usize, mono: &mut Vec<f32>) {
    match channels {
        0 => {}
        1 => mono.extend_from_slice(interleaved),
        channels => {
            let frames = interleaved.chunks_exact(channels);
            mono.extend(frames.map(|frame| frame.iter().sum::<f32>() / channels as f32));
        }
    }
}

fn check_rate(path: &Path, rate: u32) -> Result<()> {
    if RATES.contains(&rate) {
        return Ok(());
    }
    let found = format!("its sample rate is {rate} Hz");
    Err(Error::unsupported(path, found, "a recording between 1,000 and 384,000 Hz"))
}

fn name_of(format: [u8; 4]) -> String {
    String::from_utf8_lossy(&format).trim().to_owned()
}

/// A short reason without symphonia's own prefix.
fn reason(error: &SymphoniaError) -> String {
    match error {
        SymphoniaError::DecodeError(text)
        | SymphoniaError::Unsupported(text)
        | SymphoniaError::LimitError(text) => (*text).to_owned(),
        SymphoniaError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            "the file ends in the middle".to_owned()
        }
        other => other.to_string(),
    }
}

fn failure(path: &Path, error: SymphoniaError) -> Error {
    match error {
        SymphoniaError::IoError(error) if error.kind() != std::io::ErrorKind::UnexpectedEof => {
            Error::io(path, error)
        }
        error => Error::damaged(path, reason(&error)),
    }
}
