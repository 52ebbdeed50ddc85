//! Who is in a corpus, and how often each class is.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::{Card, Example, Label};

/// How often a class is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassRow {
    /// The class, or the dimension of a rating.
    pub class: String,
    /// Clips that have it: as their only label, as one of many, as the one with the most votes.
    pub clips: usize,
    /// Their seconds of sound.
    pub seconds: f64,
    /// How many clips of it the whole corpus has, where that was published.
    pub published: Option<usize>,
}

/// What a speaker contributes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SpeakerRow {
    /// The name.
    pub speaker: String,
    /// Clips.
    pub clips: usize,
    /// Their seconds of sound.
    pub seconds: f64,
    /// How many different classes.
    pub classes: usize,
}

/// The classes of a label; the dimensions of a rating.
pub(super) fn classes_of(label: &Label) -> Vec<usize> {
    match label {
        Label::Class(class) => vec![*class],
        Label::Multi(classes) => classes.clone(),
        Label::Rating(numbers) => (0..numbers.len()).collect(),
        Label::Votes(votes) => {
            let most = votes.iter().copied().fold(0.0, f32::max);
            let first = votes.iter().position(|vote| *vote == most && most > 0.0);
            first.into_iter().collect()
        }
    }
}

/// The classes of a clip in the corpus's own label set.
fn own(example: &Example) -> Vec<usize> {
    example.labels.first().and_then(Option::as_ref).map_or_else(Vec::new, classes_of)
}

/// A row a class of the corpus's own label set.
pub(super) fn classes(examples: &[Example], seconds: &[Option<f64>], card: &Card) -> Vec<ClassRow> {
    let Some(map) = card.labels.first() else { return Vec::new() };
    let row = |(class, _): &(String, String)| ClassRow {
        class: class.clone(),
        clips: 0,
        seconds: 0.0,
        published: card.counts.get(class).copied(),
    };
    let mut rows: Vec<ClassRow> = map.classes.iter().map(row).collect();
    for (example, seconds) in examples.iter().zip(seconds) {
        for class in own(example) {
            if let Some(row) = rows.get_mut(class) {
                row.clips += 1;
                row.seconds += seconds.unwrap_or(0.0);
            }
        }
    }
    rows
}

/// A row a speaker, those with the most clips first.
pub(super) fn speakers(examples: &[Example], seconds: &[Option<f64>]) -> Vec<SpeakerRow> {
    let mut people: BTreeMap<&str, (usize, f64, BTreeSet<usize>)> = BTreeMap::new();
    for (example, seconds) in examples.iter().zip(seconds) {
        if let Some(speaker) = &example.speaker {
            let person = people.entry(speaker).or_default();
            person.0 += 1;
            person.1 += seconds.unwrap_or(0.0);
            person.2.extend(own(example));
        }
    }
    let mut rows: Vec<SpeakerRow> = people
        .into_iter()
        .map(|(speaker, (clips, seconds, classes))| SpeakerRow {
            speaker: speaker.to_owned(),
            clips,
            seconds,
            classes: classes.len(),
        })
        .collect();
    rows.sort_by(|a, b| b.clips.cmp(&a.clips).then_with(|| a.speaker.cmp(&b.speaker)));
    rows
}
