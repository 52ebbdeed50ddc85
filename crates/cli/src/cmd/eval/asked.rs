//! A label set, and what a checkpoint said of it under each condition.

use std::collections::BTreeMap;

use limbic_corpus::{Example, LabelMap};
use limbic_evaluate::Answer;
use limbic_media::{Degradation, Modality};

/// The degradations that every model is tried under, as they are printed.
pub(super) const WORSE: [(&str, Degradation); 3] = [
    ("noise at 10 dB", Degradation::Noise { ratio: 10.0 }),
    ("blur of 3 % of the picture", Degradation::Blur { spread: 0.03 }),
    ("half of the pictures missing", Degradation::Dropped { share: 0.5 }),
];

/// The condition in which the modalities of a clip come from different clips.
pub(super) const WRONG_PAIRS: &str = "modalities of different clips";

/// Answers to one label set.
pub(super) struct Asked {
    /// The label set; its name says what was asked.
    pub(super) map: LabelMap,
    /// For yes/no answers, the probability from which each class counts as yes.
    pub(super) thresholds: Option<Vec<f64>>,
    /// One entry a choice of modalities and degradation.
    pub(super) said: Vec<Said>,
}

/// Answers under one condition.
pub(super) struct Said {
    pub(super) modalities: Vec<Modality>,
    /// How the clips were made worse.
    pub(super) change: Option<String>,
    pub(super) answers: Vec<Answer>,
}

/// An answer without what was said: who and what the clip is.
pub(super) fn answer(example: &Example, label: limbic_corpus::Label, said: Vec<f64>) -> Answer {
    Answer {
        clip: example.id.clone(),
        speaker: example.speaker.clone(),
        groups: example.groups.clone(),
        truth: label,
        said,
    }
}

/// Every choice of at least one of `modalities`: each alone first, all of them last.
pub(super) fn subsets(modalities: &[Modality]) -> Vec<Vec<Modality>> {
    let chosen = |bits: u32| {
        let own = modalities.iter().enumerate().filter(move |(i, _)| bits >> i & 1 == 1);
        own.map(|(_, modality)| *modality).collect::<Vec<_>>()
    };
    let mut all: Vec<_> = (1..1u32 << modalities.len()).map(chosen).collect();
    all.sort_by_key(Vec::len);
    all
}

/// The modalities that a degradation concerns.
pub(super) const fn concerned(worse: Degradation) -> Modality {
    match worse {
        Degradation::Noise { .. } => Modality::Audio,
        Degradation::Blur { .. } | Degradation::Dropped { .. } => Modality::Vision,
    }
}

/// Examples by their id.
pub(super) fn by_id(examples: &[Example]) -> BTreeMap<&str, &Example> {
    examples.iter().map(|example| (example.id.as_str(), example)).collect()
}
