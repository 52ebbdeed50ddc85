//! Real texts have the counts that their authors publish. They lie outside of the repository;
//! where they are absent, the tests say so and end.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::{BTreeMap, BTreeSet};

use limbic_corpus::{Corpus, Example, Label, Part, open};

/// A corpus of the shared data, or one line on why the test is skipped.
fn shared(name: &str, folder: &str) -> Option<Box<dyn Corpus>> {
    crate::shared::shared(folder)?;
    Some(open(name, &crate::shared::shared("")?).unwrap())
}

/// How many clips are to learn from (with those kept for thresholds) and to score on.
fn learned_and_scored(clips: &[Example]) -> (usize, usize) {
    let scored = clips.iter().filter(|clip| clip.part == Part::Valid).count();
    (clips.len() - scored, scored)
}

/// How many clips each class has.
fn counts(corpus: &dyn Corpus) -> BTreeMap<String, usize> {
    let classes = &corpus.card().labels[0].classes;
    let mut counts = BTreeMap::new();
    for clip in corpus.examples().unwrap() {
        if let Some(Label::Class(class)) = clip.labels[0] {
            *counts.entry(classes[class].0.clone()).or_default() += 1;
        }
    }
    counts
}

#[test]
fn goemotions_has_43410_and_5426_texts() {
    let Some(corpus) = shared("goemotions", "text/goemotions") else { return };
    assert_eq!(learned_and_scored(&corpus.examples().unwrap()), (43_410, 5_426));
}

#[test]
fn meld_has_9989_and_1109_turns_of_1038_and_114_dialogues() {
    let Some(corpus) = shared("meld", "text/meld") else { return };
    let clips = corpus.examples().unwrap();
    assert_eq!(learned_and_scored(&clips), (9_989, 1_109));
    let dialogues: BTreeSet<_> = clips.iter().map(|clip| clip.dialogue.clone().unwrap()).collect();
    let scored = dialogues.iter().filter(|dialogue| dialogue.starts_with("valid:")).count();
    assert_eq!((dialogues.len() - scored, scored), (1_038, 114));
    assert_eq!(clips[0].id, "train:0", "names of clips stay as they were");
    let counts = counts(&*corpus);
    assert_eq!([counts["neutral"], counts["joy"], counts["disgust"]], [5_180, 1_906, 293]);
}

#[test]
fn emorynlp_has_7551_954_and_984_turns_of_827_scenes() {
    let Some(corpus) = shared("emorynlp", "text/emorynlp") else { return };
    let clips = corpus.examples().unwrap();
    let of = |part| clips.iter().filter(|clip| clip.part == part).count();
    assert_eq!([of(Part::Train), of(Part::Dev), of(Part::Valid)], [7_551, 954, 984]);
    let scenes: BTreeSet<_> = clips.iter().map(|clip| clip.dialogue.clone().unwrap()).collect();
    assert_eq!(scenes.len(), 827);
    assert!(clips.iter().all(|clip| clip.speaker.is_some()));
}

#[test]
fn isear_has_the_counts_of_its_card() {
    let Some(corpus) = shared("isear", "text/isear") else { return };
    let counts = counts(&*corpus);
    assert_eq!(counts, corpus.card().counts);
    assert_eq!(counts.values().sum::<usize>(), 7_666);
}

#[test]
fn the_other_texts_are_all_there() {
    let expected = [
        ("emobank", "text/emobank", (8_062, 1_000)),
        ("dair_emotion", "text/dair_emotion", (16_000, 2_000)),
        ("empathetic_dialogues", "text/empathetic_dialogues", (0, 2_762)),
    ];
    for (name, folder, expected) in expected {
        let Some(corpus) = shared(name, folder) else { return };
        let clips = corpus.examples().unwrap();
        assert_eq!(learned_and_scored(&clips), expected, "{name}");
        let ids: BTreeSet<_> = clips.iter().map(|clip| &clip.id).collect();
        assert_eq!(ids.len(), clips.len(), "{name}");
    }
}
