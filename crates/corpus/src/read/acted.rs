//! Acted corpora whose file names say everything: RAVDESS, EMO-DB, SAVEE and TESS as published,
//! anywhere below their folder. The sound and the film of one take are one clip.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::naming::{self, Name, Naming};
use crate::{Card, Corpus, Error, Example, Label, Media, Result};

/// File name endings of recordings, the one that is read first.
const SOUNDS: &[&str] = &["wav", "flac", "mp3", "ogg", "opus", "m4a"];
/// File name endings of films. Flash films come last: they need ffmpeg.
const FILMS: &[&str] = &["mp4", "mkv", "webm", "avi", "flv"];
/// File name endings of pictures.
const PICTURES: &[&str] = &["png", "jpg", "jpeg"];
/// How deep a folder may lie below the corpus's, and how far one is looked into.
const DEEPEST: usize = 8;
/// How many recordings are looked at to see which corpus a folder holds, and how many entries of
/// folders are passed on the way.
const GLANCE: usize = 400;
const PASSED: usize = 20_000;
/// Actors by fold, as in the subject-wise evaluation of Luna-Jiménez et al. 2021.
const RAVDESS_FOLDS: [&[&str]; 5] = [
    &["02", "05", "14", "15", "16"],
    &["03", "06", "07", "13", "18"],
    &["10", "11", "12", "19", "20"],
    &["08", "17", "21", "23", "24"],
    &["01", "04", "09", "22"],
];

/// The files of one take.
#[derive(Default)]
pub(crate) struct Take {
    pub(crate) name: Name,
    /// Recording and film with their ranks; the lowest is kept.
    sound: Option<(Rank, PathBuf)>,
    film: Option<(Rank, PathBuf)>,
}

/// Which of several files of one take is read.
type Rank = (u8, usize);

impl Take {
    /// A take of which no file is known.
    pub(crate) fn of(name: Name) -> Self {
        Self { name, ..Self::default() }
    }

    /// The files of the same take in another folder.
    pub(crate) fn join(&mut self, other: Self) {
        self.name = other.name;
        for (file, film) in [(other.sound, false), (other.film, true)] {
            if let Some((rank, path)) = file {
                self.add(rank, path, film);
            }
        }
    }

    fn add(&mut self, rank: Rank, path: PathBuf, film: bool) {
        let place = if film { &mut self.film } else { &mut self.sound };
        // Copies of one file in two folders are the same take: the first by path is kept.
        if place.as_ref().is_none_or(|(own, _)| rank < *own) {
            *place = Some((rank, path));
        }
    }

    /// The recording and the film, whichever there are.
    pub(crate) fn media(self) -> Vec<Media> {
        let sound = self.sound.map(|(_, path)| Media::Audio(path));
        let film = self.film.map(|(_, path)| Media::Film(path));
        sound.into_iter().chain(film).collect()
    }
}

/// Whether a file is a recording or a film, and the place of its ending in the order of reading.
pub(crate) fn medium(path: &Path) -> Option<(bool, usize)> {
    let ending = path.extension()?.to_str()?.to_ascii_lowercase();
    let place = |endings: &[&str]| endings.iter().position(|own| *own == ending);
    place(SOUNDS).map(|rank| (false, rank)).or_else(|| place(FILMS).map(|rank| (true, rank)))
}

fn heard_or_seen(path: &Path) -> bool {
    medium(path).is_some()
}

fn hidden(entry: &walkdir::DirEntry) -> bool {
    entry.depth() > 0 && entry.file_name().to_string_lossy().starts_with('.')
}

/// Every picture below a folder, in the order of their paths.
pub(crate) fn pictures(folder: &Path) -> impl Iterator<Item = Result<PathBuf>> {
    files(folder, DEEPEST, usize::MAX, |path| {
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        PICTURES.contains(&ending.to_ascii_lowercase().as_str())
    })
}

/// Every file below a folder that is `wanted`, in the order of their paths, among the first `most`
/// entries of folders.
fn files(
    folder: &Path,
    deepest: usize,
    most: usize,
    wanted: fn(&Path) -> bool,
) -> impl Iterator<Item = Result<PathBuf>> {
    let walk = WalkDir::new(folder).follow_links(true).max_depth(deepest).sort_by_file_name();
    walk.into_iter().filter_entry(|entry| !hidden(entry)).take(most).filter_map(move |entry| {
        match entry {
            Ok(entry) if entry.file_type().is_file() && wanted(entry.path()) => {
                Some(Ok(entry.into_path()))
            }
            Ok(_) => None,
            Err(error) => {
                let path = error.path().unwrap_or(Path::new("")).to_owned();
                Some(Err(Error::corpus(&path, error.to_string())))
            }
        }
    })
}

/// Every take below a folder, by what its files share.
///
/// # Errors
/// [`Error::Corpus`] for a recording or film that is not named like the corpus's, and where there
/// is none.
pub(crate) fn takes(folder: &Path, naming: Naming, title: &str) -> Result<BTreeMap<String, Take>> {
    let mut takes: BTreeMap<String, Take> = BTreeMap::new();
    for path in files(folder, DEEPEST, usize::MAX, heard_or_seen) {
        let path = path?;
        let Some((film, ending)) = medium(&path) else { continue };
        let name = naming(&path).ok_or_else(|| {
            Error::corpus(&path, format!("is not named like a file of {title}; move it elsewhere"))
        })?;
        if name.apart {
            continue;
        }
        let rank = (name.rank, ending);
        let take = takes.entry(name.take.clone()).or_default();
        take.name = name;
        take.add(rank, path, film);
    }
    if takes.is_empty() {
        return Err(Error::corpus(folder, format!("holds no recording of {title}")));
    }
    Ok(takes)
}

/// A corpus that is read from its file names alone.
pub(crate) struct Acted {
    folder: PathBuf,
    card: Card,
    naming: Naming,
}

impl Acted {
    pub(crate) fn new(card: Card, folder: PathBuf, naming: Naming) -> Self {
        Self { folder, card, naming }
    }
}

impl Corpus for Acted {
    fn examples(&self) -> Result<Vec<Example>> {
        let map = &self.card.labels[0];
        let takes = takes(&self.folder, self.naming, &self.card.title)?;
        Ok(takes.into_values().map(|take| example(take, &self.card.name, map)).collect())
    }

    fn card(&self) -> &Card {
        &self.card
    }
}

fn example(take: Take, corpus: &str, map: &crate::LabelMap) -> Example {
    let Name { speaker, class, take: id, source, dialogue, groups, .. } = take.name.clone();
    let actor = RAVDESS_FOLDS.iter().position(|actors| actors.contains(&speaker.as_str()));
    Example {
        speaker: Some(speaker),
        dialogue,
        source,
        groups,
        media: take.media(),
        labels: vec![class.and_then(|class| map.index(class)).map(Label::Class)],
        fold: actor.filter(|_| corpus == "ravdess"),
        ..Example::new(id)
    }
}

/// Whether the first recordings of a folder are all named like a corpus's, in folders named like
/// its own. A folder that holds the corpus among others is not taken for it.
fn is(folder: &Path, naming: Naming, deepest: usize, inside: fn(&str) -> bool) -> bool {
    let mut any = false;
    for path in files(folder, deepest, PASSED, heard_or_seen).take(GLANCE) {
        let Ok(path) = path else { return false };
        let below = path.parent().and_then(|parent| parent.strip_prefix(folder).ok());
        let mut folders = below.into_iter().flat_map(Path::components);
        let named = folders.all(|part| inside(&part.as_os_str().to_string_lossy().to_lowercase()));
        if !named || naming(&path).is_none() {
            return false;
        }
        any = true;
    }
    any
}

/// Whether a folder holds RAVDESS as published, flat or by actor.
pub(crate) fn is_ravdess(folder: &Path) -> bool {
    is(folder, naming::ravdess, 4, |name| {
        ["actor_", "audio_", "video_"].iter().any(|own| name.starts_with(own))
    })
}

/// Whether a folder holds EMO-DB as published: the folder `wav`, or its files.
pub(crate) fn is_emodb(folder: &Path) -> bool {
    is(folder, naming::emodb, 2, |name| name == "wav")
}

/// Whether a folder holds SAVEE as published, or all of its recordings in one folder.
pub(crate) fn is_savee(folder: &Path) -> bool {
    is(folder, naming::savee, 3, |name| {
        ["audiodata", "all", "dc", "je", "jk", "kl"].contains(&name)
    })
}

/// Whether a folder holds TESS as published, flat or by actress and emotion.
pub(crate) fn is_tess(folder: &Path) -> bool {
    is(folder, naming::tess, 3, |name| {
        ["oaf_", "yaf_", "tess"].iter().any(|own| name.starts_with(own))
    })
}
