//! What training and test clips share that they should not.
//!
//! A score on clips whose speaker, conversation or recording was trained on tells how well a model
//! remembers. [`overlaps`] finds what two sides share: by what is written of them (speaker,
//! dialogue, source), and, with [`Prints`], by what they consist of.

mod overlap;
mod picture;
mod print;
mod search;
mod sound;
mod words;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use limbic_features::ContentHash;
use rayon::prelude::*;

use overlap::{EXAMPLES, clips_of};
pub use overlap::{Overlap, Tie};

pub(crate) use picture::{PicturePrint, Pictures};
pub use print::Prints;
pub(crate) use print::{Content, Files, file_of, files, in_memory};
pub(crate) use sound::{SoundPrint, SoundPrinter, Sounds};

use crate::{Card, Example, Media, Part};

/// The clips of one side of a split. People, dialogues and recordings of different corpora are
/// taken for different ones.
#[derive(Debug, Clone, Default)]
pub struct Side<'a> {
    clips: Vec<Clip<'a>>,
}

#[derive(Debug, Clone, Copy)]
struct Clip<'a> {
    corpus: &'a str,
    example: &'a Example,
    /// Whether its published vectors were learned from its own label.
    learned: bool,
}

impl<'a> Side<'a> {
    /// The clips of one corpus.
    pub fn new(card: &'a Card, examples: impl IntoIterator<Item = &'a Example>) -> Self {
        let vectors = |media: &Media| matches!(media, Media::Vector(..) | Media::Series(..));
        let clip = |example: &'a Example| Clip {
            corpus: &card.name,
            example,
            learned: card.learned_vectors
                && matches!(example.part, Part::Train | Part::Dev)
                && example.media.iter().any(vectors),
        };
        Self { clips: examples.into_iter().map(clip).collect() }
    }

    /// These clips and those of another corpus.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.clips.extend(other.clips);
        self
    }

    /// The same clips as those of a corpus of this name, for lists of one corpus in two files.
    #[must_use]
    pub fn named(mut self, corpus: &'a str) -> Self {
        self.clips.iter_mut().for_each(|clip| clip.corpus = corpus);
        self
    }

    /// How many clips it has.
    pub const fn len(&self) -> usize {
        self.clips.len()
    }

    /// Whether it has no clip.
    pub const fn is_empty(&self) -> bool {
        self.clips.is_empty()
    }
}

/// Everything that both sides share. Copies among files are found only with [`Prints`] of both
/// sides; copies of words, faces and vectors that are in memory always are.
pub fn overlaps(train: &Side<'_>, test: &Side<'_>, prints: Option<&Prints>) -> Vec<Overlap> {
    let speaker = |clip: &Clip<'_>| clip.example.speaker.iter().cloned().collect();
    let dialogue = |clip: &Clip<'_>| clip.example.dialogue.iter().cloned().collect();
    let mut found: Vec<Overlap> = [
        named(Tie::Speaker, train, test, speaker),
        named(Tie::Dialogue, train, test, dialogue),
        named(Tie::Source, train, test, sources),
        learned(test),
    ]
    .into_iter()
    .flatten()
    .collect();
    found.extend(copies(train, test, prints).overlaps(train, test));
    found
}

/// Indices of the test clips of which the training clips hold a copy, for corpora whose official
/// split is known to have some: leave them out of the score, and say how many.
pub fn duplicated_in(train: &Side<'_>, test: &Side<'_>, prints: Option<&Prints>) -> Vec<usize> {
    let copies = copies(train, test, prints);
    copies
        .exact
        .keys()
        .chain(copies.near.keys())
        .copied()
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect()
}

/// The recordings that a clip is of: the one that is named, and its own files.
fn sources(clip: &Clip<'_>) -> Vec<String> {
    let files = clip.example.media.iter().filter_map(|media| match media {
        Media::Audio(path) | Media::Film(path) | Media::Image(path) => {
            Some(path.display().to_string())
        }
        _ => None,
    });
    clip.example.source.iter().cloned().chain(files).collect()
}

/// What both sides name.
fn named(
    tie: Tie,
    train: &Side<'_>,
    test: &Side<'_>,
    names: impl Fn(&Clip<'_>) -> Vec<String>,
) -> Option<Overlap> {
    // Clips by corpus and name.
    let clips = |side: &Side<'_>| {
        let mut clips: BTreeMap<(String, String), Vec<usize>> = BTreeMap::new();
        for (index, clip) in side.clips.iter().enumerate() {
            for name in names(clip) {
                clips.entry((clip.corpus.to_owned(), name)).or_default().push(index);
            }
        }
        clips
    };
    let (ours, theirs) = (clips(train), clips(test));
    let mut shared: Vec<(&str, &[usize], &[usize])> = theirs
        .iter()
        .filter_map(|(key, test)| {
            Some((key.1.as_str(), ours.get(key)?.as_slice(), test.as_slice()))
        })
        .collect();
    if shared.is_empty() {
        return None;
    }
    let distinct =
        |side: &mut dyn Iterator<Item = &[usize]>| side.flatten().collect::<HashSet<_>>().len();
    let train_clips = distinct(&mut shared.iter().map(|(_, train, _)| *train));
    let test_clips = distinct(&mut shared.iter().map(|(_, _, test)| *test));
    shared.sort_by(|a, b| b.2.len().cmp(&a.2.len()).then(a.0.cmp(b.0)));
    let example = |(name, train, test): &(&str, &[usize], &[usize])| {
        format!("{name}: train {}, test {}", clips_of(train.len()), clips_of(test.len()))
    };
    let examples = shared.iter().take(EXAMPLES).map(example).collect();
    Some(Overlap { tie, shared: shared.len(), train_clips, test_clips, examples })
}

/// Test clips whose vectors know their label.
fn learned(test: &Side<'_>) -> Option<Overlap> {
    let learned: Vec<&Clip<'_>> = test.clips.iter().filter(|clip| clip.learned).collect();
    let examples = learned.iter().take(EXAMPLES).map(|clip| clip.example.id.clone()).collect();
    let count = learned.len();
    let tie = Tie::LearnedVectors;
    (count > 0).then_some(Overlap {
        tie,
        shared: count,
        train_clips: 0,
        test_clips: count,
        examples,
    })
}

/// Test clips, and one training clip that each is a copy of.
#[derive(Default)]
struct Copies {
    exact: BTreeMap<usize, usize>,
    near: BTreeMap<usize, usize>,
}

fn copies(train: &Side<'_>, test: &Side<'_>, prints: Option<&Prints>) -> Copies {
    let content = |clip: &Clip<'_>| match prints {
        Some(prints) => prints.content(clip.example),
        None => Content { exact: in_memory(clip.example), ..Content::default() },
    };
    let ours: Vec<Content> = train.clips.iter().map(content).collect();
    let theirs: Vec<Content> = test.clips.iter().map(content).collect();
    let mut owners: HashMap<ContentHash, usize> = HashMap::new();
    for (index, content) in ours.iter().enumerate() {
        for hash in &content.exact {
            owners.entry(*hash).or_insert(index);
        }
    }
    let mut copies = Copies::default();
    for (index, content) in theirs.iter().enumerate() {
        if let Some(owner) = content.exact.iter().find_map(|hash| owners.get(hash)) {
            copies.exact.insert(index, *owner);
        }
    }
    let alike = near(&ours, &theirs);
    copies.near = alike.into_iter().filter(|(test, _)| !copies.exact.contains_key(test)).collect();
    copies
}

/// For each test clip that sounds or looks like a training clip, that training clip.
fn near(train: &[Content], test: &[Content]) -> BTreeMap<usize, usize> {
    let sounds = Sounds::new(train);
    let pictures = Pictures::new(train);
    let alike = test.par_iter().enumerate().filter_map(|(index, content)| {
        let heard = content.sounds.iter().find_map(|sound| sounds.copy_of(sound));
        let seen = || content.pictures.iter().find_map(|picture| pictures.copy_of(picture));
        Some((index, heard.or_else(seen)?))
    });
    alike.collect()
}

impl Copies {
    fn overlaps(&self, train: &Side<'_>, test: &Side<'_>) -> Vec<Overlap> {
        let overlap = |tie, pairs: &BTreeMap<usize, usize>| {
            let example = |(test_clip, train_clip): (&usize, &usize)| {
                let (ours, theirs) = (&train.clips[*train_clip], &test.clips[*test_clip]);
                format!("test {} is train {}", theirs.example.id, ours.example.id)
            };
            (!pairs.is_empty()).then(|| Overlap {
                tie,
                shared: pairs.len(),
                train_clips: pairs.values().collect::<HashSet<_>>().len(),
                test_clips: pairs.len(),
                examples: pairs.iter().take(EXAMPLES).map(example).collect(),
            })
        };
        let both = [overlap(Tie::SameBytes, &self.exact), overlap(Tie::NearDuplicate, &self.near)];
        both.into_iter().flatten().collect()
    }
}
