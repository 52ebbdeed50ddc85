//! Fingerprints of what clips consist of.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use limbic_features::{ContentHash, hash_bytes};
use rayon::prelude::*;

use super::picture::PicturePrint;
use super::sound::SoundPrint;
use super::words::sayings;
use crate::inspect::{Cut, Inspector, Look, cut, face_print, is_blank, part_of};
use crate::{Example, Media, Result};

/// Every file that some clips consist of, and the cuts of it that they are.
pub(crate) type Files = BTreeMap<PathBuf, BTreeSet<Cut>>;

/// The fingerprints of the files of some clips: of their bytes, their sound and their pictures.
///
/// What clips hold in memory (words, grey faces, published vectors) needs none to be taken.
#[derive(Debug, Default)]
pub struct Prints {
    files: HashMap<PathBuf, HashMap<Cut, FilePrint>>,
    unread: usize,
}

/// The fingerprints of a cut of a file.
#[derive(Debug, Clone)]
struct FilePrint {
    bytes: ContentHash,
    sound: Option<SoundPrint>,
    picture: Option<PicturePrint>,
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
        let files = files(examples);
        let inspector = Inspector::new(false)?;
        let count = AtomicUsize::new(0);
        let looks: Vec<_> = files
            .par_iter()
            .map(|(path, cuts)| {
                let cuts: Vec<Cut> = cuts.iter().copied().collect();
                let look = inspector.look(path, &cuts);
                done(count.fetch_add(1, Ordering::Relaxed) + 1);
                (path, cuts, look)
            })
            .collect();
        let mut prints = Self::default();
        for (path, cuts, look) in looks {
            match look {
                Ok(look) => prints.insert(path, &cuts, &look),
                Err(_) => prints.unread += 1,
            }
        }
        Ok(prints)
    }

    /// How many files there are to read for these clips.
    pub fn count<'a>(examples: impl IntoIterator<Item = &'a Example>) -> usize {
        files(examples).len()
    }

    /// How many files could not be read.
    pub const fn unread(&self) -> usize {
        self.unread
    }

    /// Keeps the fingerprints of a file.
    pub(crate) fn insert(&mut self, path: &Path, cuts: &[Cut], look: &Look) {
        let prints = self.files.entry(path.to_owned()).or_default();
        for (index, cut) in cuts.iter().enumerate() {
            let print = FilePrint {
                bytes: part_of(look.bytes, *cut),
                sound: look.sounds.get(index).and_then(|heard| heard.print.clone()),
                picture: look.picture.as_ref().and_then(|seen| seen.print.clone()),
            };
            prints.insert(*cut, print);
        }
    }

    /// What a clip is recognised by.
    pub(crate) fn content(&self, example: &Example) -> Content {
        let mut content = Content { exact: in_memory(example), ..Content::default() };
        for media in &example.media {
            if let Media::Face(pixels, side) = media {
                content.pictures.extend(face_print(pixels, *side));
            }
            let print = file_of(media, example)
                .and_then(|(path, cut)| self.files.get(path)?.get(&cut).cloned());
            if let Some(print) = print {
                content.exact.push(print.bytes);
                content.sounds.extend(print.sound);
                content.pictures.extend(print.picture);
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
            // All blank pictures are the same, and copies of nothing.
            Media::Face(pixels, _) if is_blank(pixels) => others = true,
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

/// The files of all clips.
pub(crate) fn files<'a>(examples: impl IntoIterator<Item = &'a Example>) -> Files {
    let mut files = Files::new();
    for example in examples {
        for (path, cut) in example.media.iter().filter_map(|media| file_of(media, example)) {
            files.entry(path.to_owned()).or_default().insert(cut);
        }
    }
    files
}

/// The file that a medium is, and the cut of it.
pub(crate) fn file_of<'a>(media: &'a Media, example: &Example) -> Option<(&'a Path, Cut)> {
    match media {
        Media::Audio(path) | Media::Film(path) => Some((path, cut(example.span))),
        Media::Image(path) => Some((path, None)),
        _ => None,
    }
}
