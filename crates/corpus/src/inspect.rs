//! One look at a file: its bytes, its sound, its picture, and what is wrong with them.
//!
//! A file is read once for all clips that are cut from it. Samples are dropped as soon as they are
//! measured, but for the two minutes at most that a fingerprint is made of.

use std::path::Path;

use limbic_features::{ContentHash, hash_bytes, hash_file};
use limbic_media::{AudioStream, FrameStream, GrayImage, SAMPLE_RATE, Span, SpeechSpans};

use crate::leak::{PicturePrint, SoundPrint, SoundPrinter};
use crate::{Error, Result};

/// Seconds of a recording that a fingerprint is made of.
const PRINTED: usize = 120;

/// From this level on a sample is at full scale: 32,735 of 32,767.
const FULL_SCALE: f32 = 0.999;

/// Grey levels by which a picture that is all one grey may vary.
const BLANK: u8 = 2;

/// A stretch of a file in milliseconds; all of it without.
pub(crate) type Cut = Option<(i64, i64)>;

/// What is known of a file.
#[derive(Debug)]
pub(crate) struct Look {
    /// The hash of all its bytes.
    pub(crate) bytes: ContentHash,
    /// One for each cut; none where the file has no sound.
    pub(crate) sounds: Vec<Heard>,
    /// The picture that the file is, or the first one of the film.
    pub(crate) picture: Option<Seen>,
    /// What could not be read of it.
    pub(crate) damage: Option<String>,
}

/// What is known of a stretch of sound.
#[derive(Debug, Clone, Default)]
pub(crate) struct Heard {
    /// Its length.
    pub(crate) seconds: f64,
    /// Root mean square in decibels against full scale.
    pub(crate) level: f64,
    /// Share of samples at full scale.
    pub(crate) clipped: f64,
    /// Whether somebody speaks; `None` where nobody listened for that.
    pub(crate) speech: Option<bool>,
    pub(crate) print: Option<SoundPrint>,
}

/// What is known of a picture.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// Whether it is all one grey.
    pub(crate) blank: bool,
    /// None for the first picture of a film: many films begin with the same one.
    pub(crate) print: Option<PicturePrint>,
}

/// Looks at files.
pub(crate) struct Inspector {
    printer: SoundPrinter,
    /// Whether to listen for speech, and to look at the first picture of films.
    thorough: bool,
}

impl Inspector {
    pub(crate) fn new(thorough: bool) -> Result<Self> {
        Ok(Self { printer: SoundPrinter::new()?, thorough })
    }

    /// Reads a file for the clips that are `cuts` of it.
    pub(crate) fn look(&self, path: &Path, cuts: &[Cut]) -> Result<Look> {
        let mut look =
            Look { bytes: hash_file(path)?, sounds: Vec::new(), picture: None, damage: None };
        // A picture has no sound, and is told from a damaged recording by trying.
        let sound = AudioStream::open(path);
        if !matches!(sound, Ok(Some(_))) || self.thorough {
            match seen(path) {
                Ok(seen) => look.picture = seen,
                Err(error) if matches!(sound, Ok(Some(_))) => {
                    look.damage = Some(error.to_string());
                }
                Err(error) => return Err(sound.err().map_or(error, Error::from)),
            }
        }
        match sound {
            Ok(Some(mut sound)) => {
                look.sounds = self.listen(&mut sound, cuts)?;
                if let Some(skipped) = sound.skipped().first() {
                    look.damage = Some(skipped.reason.clone());
                }
            }
            Err(error) if look.picture.is_none() => return Err(error.into()),
            _ => {}
        }
        Ok(look)
    }

    fn listen(&self, sound: &mut AudioStream, cuts: &[Cut]) -> Result<Vec<Heard>> {
        let mut listeners: Vec<Listener> =
            cuts.iter().map(|cut| Listener::new(*cut, self.thorough)).collect();
        let mut at = 0;
        while let Some(block) = sound.next_block()? {
            for listener in &mut listeners {
                listener.push(at, &block, &self.printer);
            }
            at += block.len();
        }
        Ok(listeners.into_iter().map(|listener| listener.finish(&self.printer)).collect())
    }
}

/// The measurements of one stretch as its samples come.
struct Listener {
    first: usize,
    last: usize,
    samples: Vec<f32>,
    count: usize,
    squares: f64,
    full: usize,
    speech: Option<SpeechSpans>,
    spoken: bool,
    heard: Option<Heard>,
}

impl Listener {
    fn new(cut: Cut, speech: bool) -> Self {
        let sample = |time: i64| (time.max(0) as f64 / 1e3 * f64::from(SAMPLE_RATE)) as usize;
        let (first, last) =
            cut.map_or((0, usize::MAX), |(start, end)| (sample(start), sample(end)));
        Self {
            first,
            last,
            samples: Vec::new(),
            count: 0,
            squares: 0.0,
            full: 0,
            speech: speech.then(SpeechSpans::new),
            spoken: false,
            heard: None,
        }
    }

    /// Takes the block that begins with sample `at` of the file.
    fn push(&mut self, at: usize, block: &[f32], printer: &SoundPrinter) {
        let from = self.first.saturating_sub(at).min(block.len());
        let to = self.last.saturating_sub(at).min(block.len());
        if from < to {
            let block = &block[from..to];
            self.count += block.len();
            self.squares += block.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>();
            self.full += block.iter().filter(|x| x.abs() >= FULL_SCALE).count();
            let room = (PRINTED * SAMPLE_RATE as usize).saturating_sub(self.samples.len());
            self.samples.extend_from_slice(&block[..block.len().min(room)]);
            if let Some(speech) = &mut self.speech {
                self.spoken |= !speech.push(block).is_empty();
            }
        }
        if at + block.len() >= self.last && self.heard.is_none() {
            self.heard = Some(self.measure(printer));
        }
    }

    fn finish(mut self, printer: &SoundPrinter) -> Heard {
        self.heard.take().unwrap_or_else(|| self.measure(printer))
    }

    fn measure(&mut self, printer: &SoundPrinter) -> Heard {
        let samples = std::mem::take(&mut self.samples);
        let count = self.count.max(1) as f64;
        let last = self.speech.take().map(SpeechSpans::finish);
        Heard {
            seconds: self.count as f64 / f64::from(SAMPLE_RATE),
            level: 10.0 * (self.squares / count + 1e-12).log10(),
            clipped: self.full as f64 / count,
            speech: last.map(|last| self.spoken || last.is_some()),
            print: printer.print(&samples),
        }
    }
}

/// The picture that a file is, or the first one of its film; `None` where it has neither.
fn seen(path: &Path) -> Result<Option<Seen>> {
    let Some(mut frames) = FrameStream::open(path, 1.0)? else { return Ok(None) };
    let still = frames.is_still();
    let seen = |frame: limbic_media::Frame| Seen {
        blank: still && is_blank(frame.gray().pixels()),
        print: if still { PicturePrint::new(frame.gray()) } else { None },
    };
    Ok(frames.next_frame()?.map(seen))
}

/// Whether a picture is all one grey.
pub(crate) fn is_blank(pixels: &[u8]) -> bool {
    let (least, most) = pixels.iter().fold((u8::MAX, 0), |(a, b), p| (a.min(*p), b.max(*p)));
    most.saturating_sub(least) <= BLANK
}

/// The fingerprint of a grey square picture in memory.
pub(crate) fn face_print(pixels: &[u8], side: usize) -> Option<PicturePrint> {
    let picture = GrayImage::new(side as u32, side as u32, pixels.to_vec())?;
    PicturePrint::new(&picture)
}

/// A stretch of time as a cut.
pub(crate) fn cut(span: Option<Span>) -> Cut {
    let milliseconds = |seconds: f64| (seconds * 1e3).round() as i64;
    span.map(|span| (milliseconds(span.start), milliseconds(span.end)))
}

/// The hash of a cut of a file: the file's own where it is all of it.
pub(crate) fn part_of(file: ContentHash, cut: Cut) -> ContentHash {
    let Some((start, end)) = cut else { return file };
    let mut bytes = file.as_bytes().to_vec();
    bytes.extend([start, end].iter().flat_map(|time| time.to_le_bytes()));
    hash_bytes(&bytes)
}
