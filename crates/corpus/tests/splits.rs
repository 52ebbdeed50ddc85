//! Splits as values and as files.

use std::collections::{HashMap, HashSet};

use limbic_corpus::leak::{Side, overlaps};
use limbic_corpus::split::{Place, Split, SplitKind, leave_corpus_out};
use limbic_corpus::{Card, Example, Label, Part, open};
use proptest::prelude::*;

use crate::shared::shared;

fn clip(id: usize, speaker: usize, class: usize) -> Example {
    Example {
        speaker: Some(format!("s{speaker}")),
        labels: vec![Some(Label::Class(class))],
        ..Example::new(format!("c{id}"))
    }
}

proptest! {
    #[test]
    fn every_clip_is_in_one_fold_and_no_speaker_in_two(
        clips in prop::collection::vec((0usize..25, 0usize..5), 60..200),
        folds in 2usize..6,
        seed in 0u64..1000,
    ) {
        let examples: Vec<Example> =
            clips.iter().enumerate().map(|(id, (who, class))| clip(id, *who, *class)).collect();
        let split = Split::leave_speakers_out("acted", &examples, folds, seed).unwrap();
        prop_assert_eq!(&split, &Split::leave_speakers_out("acted", &examples, folds, seed).unwrap());
        prop_assert_eq!(split.places.len(), examples.len());
        let mut of: HashMap<&str, Place> = HashMap::new();
        let mut used = HashSet::new();
        for example in &examples {
            let place = split.places[&example.id];
            used.insert(place);
            prop_assert_eq!(*of.entry(example.speaker.as_deref().unwrap()).or_insert(place), place);
        }
        prop_assert_eq!(used.len(), folds);
        let card = Card::new("acted", Vec::new());
        for fold in 0..folds {
            let round = split.round(&examples, Some(fold)).unwrap();
            prop_assert_eq!(round.train.len() + round.test.len(), examples.len());
            let (train, test) = (Side::new(&card, round.train), Side::new(&card, round.test));
            prop_assert!(overlaps(&train, &test, None).is_empty());
        }
    }
}

#[test]
fn a_split_file_comes_back_whole_and_a_changed_one_is_refused() {
    let examples: Vec<Example> = (0..20).map(|id| clip(id, id / 2, id % 3)).collect();
    let split = Split::leave_speakers_out("acted", &examples, 5, 7).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acted.jsonl");
    split.write(&path).unwrap();
    assert_eq!(Split::read(&path).unwrap(), split);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.starts_with(
        r#"{"split":"limbic-split@1","corpus":"acted","kind":"leave-speakers-out","seed":7,"hash":""#
    ));
    let other = if text.contains(r#"{"id":"c3","place":1}"#) { 2 } else { 1 };
    let place = split.places["c3"];
    let Place::Fold(own) = place else { panic!("{place:?}") };
    let moved = text.replace(
        &format!(r#"{{"id":"c3","place":{own}}}"#),
        &format!(r#"{{"id":"c3","place":{other}}}"#),
    );
    assert_ne!(moved, text);
    for (text, part) in [
        (moved.as_str(), "has been changed since it was made"),
        (&text.replace("\"seed\":7", "\"seed\":8"), "has been changed"),
        (&format!("{text}{}", r#"{"id":"c3","place":0}"#), "two clips have the name `c3`"),
        (&format!("{text}nonsense"), "line 22: "),
        ("", "is no split"),
        ("{}", "is no split"),
    ] {
        std::fs::write(&path, text).unwrap();
        let error = Split::read(&path).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn what_cannot_be_split_is_refused_with_a_sentence() {
    let mut examples: Vec<Example> = (0..9).map(|id| clip(id, id / 3, 0)).collect();
    let said = |result: limbic_corpus::Result<Split>| result.unwrap_err().to_string();
    let few = said(Split::leave_speakers_out("acted", &examples, 5, 0));
    assert!(few.contains("3 groups of speakers") && few.contains("5 folds"), "{few}");
    assert!(said(Split::official("acted", &examples)).contains("neither parts nor folds"));
    examples[4].speaker = None;
    let unnamed = said(Split::leave_speakers_out("acted", &examples, 2, 0));
    assert!(unnamed.contains("1 of 9 clips have no speaker"), "{unnamed}");
    for example in &mut examples {
        example.part = Part::Train;
    }
    examples[8].part = Part::Valid;
    let split = Split::official("acted", &examples).unwrap();
    assert_eq!((split.kind, split.folds()), (SplitKind::Official, 0));
    let round = split.round(&examples, None).unwrap();
    assert_eq!((round.train.len(), round.test.len()), (8, 1));
    assert!(split.round(&examples, Some(0)).is_err());
    let gone = split.round(&examples[1..], None).unwrap_err().to_string();
    assert!(gone.contains("`c0`, which is not there"), "{gone}");
    examples.push(clip(99, 0, 0));
    let new = split.round(&examples, None).unwrap_err().to_string();
    assert!(new.contains("nothing of the clip `c99`"), "{new}");
}

#[test]
fn people_in_one_dialogue_stay_together() {
    let mut examples: Vec<Example> = (0..12).map(|id| clip(id, id, 0)).collect();
    for (index, example) in examples.iter_mut().enumerate() {
        example.dialogue = Some(format!("d{}", index / 4));
    }
    let split = Split::leave_speakers_out("talks", &examples, 3, 0).unwrap();
    let folds: HashSet<Place> = examples[..4].iter().map(|e| split.places[&e.id]).collect();
    assert_eq!(folds.len(), 1);
}

#[test]
fn each_corpus_is_left_out_once() {
    let names = ["a", "b", "c"].map(str::to_owned);
    let rounds = leave_corpus_out(&names);
    assert_eq!(rounds[1], ("b".to_owned(), vec!["a".to_owned(), "c".to_owned()]));
}

#[test]
fn real_speakers_are_dealt_evenly() {
    let Some(data) = shared("") else { return };
    for name in ["ravdess", "emodb", "nemo", "isear"] {
        let corpus = open(name, &data).unwrap();
        let examples = corpus.examples().unwrap();
        let split = Split::leave_speakers_out(name, &examples, 5, 0).unwrap();
        let sizes: Vec<usize> =
            (0..5).map(|fold| split.round(&examples, Some(fold)).unwrap().test.len()).collect();
        println!("{name}: {sizes:?} {}", split.hash());
    }
    let ravdess = open("ravdess", &data).unwrap().examples().unwrap();
    let published = Split::official("ravdess", &ravdess).unwrap();
    assert_eq!((published.kind, published.folds()), (SplitKind::PublishedFolds, 5));
    assert_eq!(published.round(&ravdess, Some(3)).unwrap().test.len(), 120);
}
