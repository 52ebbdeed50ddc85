//! A reading as one HTML file that shows itself: the page of `limbic serve` without anything to ask
//! or anybody to ask. `page/` is its source.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use limbic::Reading;
use limbic_media::{Clip, Kind, SAMPLE_RATE};
use serde::Serialize;

use super::Destination;

/// The page, with [`PLACE`] where the reading goes.
const PAGE: &str = include_str!("../../../../page/dist/report.html");
const PLACE: &str = "@READING@";

/// Points of the waveform.
const POINTS: usize = 1200;

/// A larger file is not put into a page, in bytes: browsers give up on such pages.
const LARGEST: u64 = 256 << 20;

/// What the page is given.
#[derive(Serialize)]
struct Envelope<'a> {
    reading: &'a Reading,
    /// How loud each stretch is at most, 0 to 1; empty where there is no sound.
    peaks: Vec<f64>,
    /// The recording itself as a `data:` address, where that was asked for.
    media: Option<String>,
    /// Width of the pictures over their height.
    aspect: Option<f64>,
}

/// A report that is yet to be written.
pub(crate) struct Report {
    destination: Destination,
    with_media: bool,
}

impl Report {
    /// Opens `path`; `with_media` puts the recording itself into it.
    pub(crate) fn open(path: &Path, with_media: bool) -> Result<Self> {
        Ok(Self { destination: Destination::open(Some(path))?, with_media })
    }

    /// Writes the reading of `file`, or of words where there is none.
    pub(crate) fn write(mut self, reading: &Reading, file: Option<&Path>) -> Result<()> {
        let clip = file.and_then(|file| Clip::open(file).ok());
        let media = match (&clip, file) {
            (Some(clip), Some(file)) if self.with_media => media(clip.kind(), file)?,
            _ => None,
        };
        let envelope = Envelope {
            reading,
            peaks: clip.as_ref().map(|clip| peaks(clip, reading.duration)).unwrap_or_default(),
            media,
            aspect: clip.as_ref().and_then(aspect),
        };
        // Only strings hold `<`, and nothing may look like the end of a script in there.
        let json = serde_json::to_string(&envelope)?.replace('<', "\\u003c");
        let Some((before, after)) = PAGE.split_once(PLACE) else {
            bail!("the page of the report has no place for a reading; build page/ again");
        };
        [before, json.as_str(), after]
            .iter()
            .try_for_each(|part| self.destination.write_all(part.as_bytes()))
            .context("the report cannot be written")?;
        self.destination.finish()
    }
}

/// The greatest magnitude in each of [`POINTS`] stretches, the loudest being 1. Sound that cannot
/// be decoded is told in the reading, and has no shape.
fn peaks(clip: &Clip, duration: Option<f64>) -> Vec<f64> {
    let (Some(seconds), Ok(Some(mut sound))) = (duration, clip.audio()) else { return Vec::new() };
    let samples = seconds * f64::from(SAMPLE_RATE);
    let mut peaks = vec![0.0_f32; POINTS];
    let mut heard = 0_u64;
    while let Ok(Some(block)) = sound.next_block() {
        for sample in block {
            let place = heard as f64 / samples * POINTS as f64;
            let point = (place as usize).min(POINTS - 1);
            peaks[point] = peaks[point].max(sample.abs());
            heard += 1;
        }
    }
    let loudest = peaks.iter().copied().fold(1e-4, f32::max);
    let three = |peak: f32| (f64::from(peak / loudest) * 1e3).round() / 1e3;
    if heard == 0 { Vec::new() } else { peaks.into_iter().map(three).collect() }
}

/// Width over height of the first picture.
fn aspect(clip: &Clip) -> Option<f64> {
    let frame = clip.frames(1.0).ok()??.next_frame().ok()??;
    Some(f64::from(frame.width()) / f64::from(frame.height()))
}

/// The whole file as an address; nothing for words, which the reading holds.
fn media(kind: Kind, file: &Path) -> Result<Option<String>> {
    let Some(format) = format(kind, file) else { return Ok(None) };
    let unread = || format!("{}: cannot be read again for the report", file.display());
    let length = file.metadata().with_context(unread)?.len();
    if length > LARGEST {
        bail!(
            "{}: {} MB are too much for one page; leave --report-media out",
            file.display(),
            length >> 20
        );
    }
    let bytes = std::fs::read(file).with_context(unread)?;
    Ok(Some(format!("data:{format};base64,{}", STANDARD.encode(bytes))))
}

/// What a browser calls the file. Its ending decides what kind of sound or picture it is, and
/// browsers look for themselves where it lies.
fn format(kind: Kind, file: &Path) -> Option<&'static str> {
    let ending = file.extension().and_then(|e| e.to_str()).unwrap_or_default();
    Some(match (kind, ending.to_ascii_lowercase().as_str()) {
        (Kind::Text, _) => return None,
        (Kind::Video, "webm") => "video/webm",
        (Kind::Video, "mkv") => "video/x-matroska",
        (Kind::Video, _) => "video/mp4",
        (Kind::Image, "png") => "image/png",
        (Kind::Image, _) => "image/jpeg",
        (Kind::Audio, "mp3") => "audio/mpeg",
        (Kind::Audio, "flac") => "audio/flac",
        (Kind::Audio, "ogg" | "opus") => "audio/ogg",
        (Kind::Audio, "m4a" | "mp4" | "aac") => "audio/mp4",
        (Kind::Audio, "webm") => "audio/webm",
        (Kind::Audio, _) => "audio/wav",
    })
}
