//! Fingerprints of what clips consist of.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use limbic_features::{ContentHash, hash_bytes, hash_file};
use limbic_media::{AudioStream, FrameStream, GrayImage, SAMPLE_RATE, Span};
use rayon::prelude::*;

use super::picture::PicturePrint;
use super::sound::{SoundPrint, SoundPrinter};
use super::words::sayings;
use crate::{Example, Media, Result};

/// Seconds of a recording that are listened to; later ones differ where these do.
const MOST_SECONDS: usize = 120;

/// A file, and the stretch of it in milliseconds, that a clip consists of.
type Stretch = (PathBuf, Option<(i64, i64)>);

/// What is known of a stretch of a file.
#[derive(Debug, Clone)]
pub(crate) struct FilePrint {
    pub(crate) bytes: ContentHash,
    pub(crate) sound: Option<SoundPrint>,
    pub(crate) picture: Option<PicturePrint>,
}

/// The fingerprints of the files of some clips: of their bytes, their sound and their pictures.
///
/// What clips hold in memory (words, grey faces, published vectors) needs none to be taken.
#[derive(Debug, Default)]
pub struct Prints {
    files: HashMap<Stretch, FilePrint>,
    unread: usize,
}

/// What one clip is recognised by.
#[derive(Debug, Default)]
pub(crate) struct Content {
    /// Equal only where the content is.
    pub(crate) exact: Vec<ContentHash>,
    pub(crate) sounds: Vec<SoundPrint>,
    pub(crate) pictures: Vec<PicturePrint>,
}

impl Prints {
    /// Reads every file that the clips consist of, on all cores. `done` is told how many files
    /// are read. Files that cannot be read are counted and left out.
    ///
    /// # Errors
    /// Never for settings that are compiled in.
    pub fn take<'a>(
        examples: impl IntoIterator<Item = &'a Example>,
        done: &(dyn Fn(usize) + Sync),
    ) -> Result<Self> {
        let stretches: HashSet<Stretch> =
            examples.into_iter().flat_map(|example| files(example)).collect();
        let printer = SoundPrinter::new()?;
        let count = AtomicUsize::new(0);
        let print = |stretch: Stretch| {
            let print = file_print(&stretch, &printer);
            done(count.fetch_add(1, Ordering::Relaxed) + 1);
            (stretch, print)
        };
        let prints: Vec<_> = stretches.into_par_iter().map(print).collect();
        let mut all = Self::default();
        for (stretch, print) in prints {
            match print {
                Ok(print) => drop(all.files.insert(stretch, print)),
                Err(_) => all.unread += 1,
            }
        }
        Ok(all)
    }

    /// How many files there were to read for these clips.
    pub fn count<'a>(examples: impl IntoIterator<Item = &'a Example>) -> usize {
        examples.into_iter().flat_map(|example| files(example)).collect::<HashSet<_>>().len()
    }

    /// How many files could not be read.
    pub const fn unread(&self) -> usize {
        self.unread
    }

    /// Keeps what was found out about a file elsewhere.
    pub(crate) fn insert(&mut self, path: &Path, span: Option<Span>, print: FilePrint) {
        self.files.insert(stretch(path, span), print);
    }

    /// What a clip is recognised by.
    pub(crate) fn content(&self, example: &Example) -> Content {
        let mut content = Content { exact: in_memory(example), ..Content::default() };
        for file in files(example) {
            if let Some(print) = self.files.get(&file) {
                content.exact.push(print.bytes);
                content.sounds.extend(print.sound.clone());
                content.pictures.extend(print.picture.clone());
            }
        }
        for media in &example.media {
            if let Media::Face(pixels, side) = media {
                let size = *side as u32;
                let picture = GrayImage::new(size, size, pixels.to_vec());
                content.pictures.extend(picture.and_then(|picture| PicturePrint::new(&picture)));
            }
        }
        content
    }
}

/// The content that a clip has in memory: its face; its words or its vectors where there is
/// nothing else.
pub(crate) fn in_memory(example: &Example) -> Vec<ContentHash> {
    let mut faces = Vec::new();
    let mut vectors = Vec::new();
    let mut others = false;
    for media in &example.media {
        match media {
            Media::Face(pixels, _) => faces.push(hash_bytes(pixels)),
            Media::Vector(name, numbers) | Media::Series(name, numbers, _) => {
                vectors.extend_from_slice(name.as_bytes());
                vectors.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
            }
            Media::Audio(_) | Media::Film(_) | Media::Image(_) => others = true,
            Media::Text(_) => {}
        }
    }
    if !faces.is_empty() || others {
        return faces;
    }
    if vectors.is_empty() {
        return sayings(example).map(|words| hash_bytes(words.as_bytes())).into_iter().collect();
    }
    vec![hash_bytes(&vectors)]
}

/// The bytes of the files of a clip, as far as they can be read.
pub(crate) fn on_disk(example: &Example) -> Vec<ContentHash> {
    files(example).filter_map(|(path, span)| Some(part_of(hash_file(&path).ok()?, span))).collect()
}

/// The files of a clip.
fn files(example: &Example) -> impl Iterator<Item = Stretch> {
    example.media.iter().filter_map(|media| match media {
        Media::Audio(path) | Media::Film(path) => Some(stretch(path, example.span)),
        Media::Image(path) => Some(stretch(path, None)),
        _ => None,
    })
}

fn stretch(path: &Path, span: Option<Span>) -> Stretch {
    let milliseconds = |seconds: f64| (seconds * 1e3).round() as i64;
    (path.to_owned(), span.map(|span| (milliseconds(span.start), milliseconds(span.end))))
}

fn file_print((path, span): &Stretch, printer: &SoundPrinter) -> Result<FilePrint> {
    let bytes = part_of(hash_file(path)?, *span);
    let mut print = FilePrint { bytes, sound: None, picture: None };
    match AudioStream::open(path) {
        Ok(Some(mut sound)) => {
            let span = span.map(|(start, end)| Span::new(start as f64 / 1e3, end as f64 / 1e3));
            print.sound = printer.print(&samples(&mut sound, span)?);
        }
        Ok(None) => print.picture = still(path)?.as_ref().and_then(PicturePrint::new),
        Err(_) => {}
    }
    Ok(print)
}

/// The hash of a stretch of a file: the file's own where it is all of it.
pub(crate) fn part_of(file: ContentHash, span: Option<(i64, i64)>) -> ContentHash {
    match span {
        None => file,
        Some((start, end)) => {
            let mut bytes = file.as_bytes().to_vec();
            bytes.extend([start, end].iter().flat_map(|time| time.to_le_bytes()));
            hash_bytes(&bytes)
        }
    }
}

/// The samples of a stretch, two minutes at most.
fn samples(sound: &mut AudioStream, span: Option<Span>) -> Result<Vec<f32>> {
    let rate = f64::from(SAMPLE_RATE);
    let whole = Span::new(0.0, f64::MAX);
    let span = span.unwrap_or(whole);
    let first = (span.start.max(0.0) * rate) as usize;
    let length = ((span.duration().max(0.0) * rate) as usize).min(MOST_SECONDS * rate as usize);
    let mut samples = Vec::new();
    let mut at = 0;
    while samples.len() < length
        && let Some(block) = sound.next_block()?
    {
        let from = first.saturating_sub(at).min(block.len());
        at += block.len();
        samples.extend_from_slice(&block[from..]);
    }
    samples.truncate(length);
    Ok(samples)
}

/// The picture that a file is; `None` where it is a film or something else.
fn still(path: &Path) -> Result<Option<GrayImage>> {
    match FrameStream::open(path, 1.0)? {
        Some(mut frames) if frames.is_still() => {
            Ok(frames.next_frame()?.map(|frame| frame.gray().clone()))
        }
        _ => Ok(None),
    }
}
