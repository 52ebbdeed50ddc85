//! What two sides share by name, by words, faces and vectors.

use std::sync::Arc;

use limbic_corpus::leak::{Overlap, Side, Tie, duplicated_in, overlaps};
use limbic_corpus::{Card, Example, Media, Part, detect, open};

use crate::shared::shared;

fn clip(id: &str, speaker: &str) -> Example {
    Example { speaker: Some(speaker.into()), ..Example::new(id) }
}

fn texts(texts: &[&str]) -> Vec<Example> {
    let text = |(i, text): (usize, &&str)| Example {
        media: vec![Media::Text((*text).to_owned())],
        ..Example::new(format!("t{i}"))
    };
    texts.iter().enumerate().map(text).collect()
}

/// Overlaps of two sides of one corpus, without reading any file.
fn between(card: &Card, train: &[Example], test: &[Example]) -> Vec<Overlap> {
    overlaps(&Side::new(card, train), &Side::new(card, test), None)
}

fn ties(overlaps: &[Overlap]) -> Vec<Tie> {
    overlaps.iter().map(|overlap| overlap.tie).collect()
}

#[test]
fn a_speaker_on_both_sides_is_told_in_one_sentence() {
    let card = Card::new("acted", Vec::new());
    let train = [clip("a", "1"), clip("b", "1"), clip("c", "2"), clip("d", "3")];
    let test = [clip("e", "1"), clip("f", "2"), clip("g", "2"), clip("h", "9")];
    let found = between(&card, &train, &test);
    assert_eq!(ties(&found), [Tie::Speaker]);
    assert_eq!(
        found[0].to_string(),
        "2 speakers are on both sides, with 3 clips of train and 3 clips of test \
         (2: train 1 clip, test 2 clips; 1: train 2 clips, test 1 clip)"
    );
    let json = serde_json::to_string(&found[0]).unwrap();
    assert!(json.starts_with(r#"{"tie":"speaker","shared":2,"train_clips":3,"test_clips":3"#));
    assert_eq!(serde_json::from_str::<Overlap>(&json).unwrap(), found[0]);
    assert!(between(&card, &train[2..], &test[3..]).is_empty());
}

#[test]
fn people_of_different_corpora_are_different_people() {
    let (one, other) = (Card::new("one", Vec::new()), Card::new("other", Vec::new()));
    let (train, test) = ([clip("a", "1")], [clip("b", "1")]);
    let (ours, theirs) = (Side::new(&one, &train), Side::new(&other, &test));
    assert!(overlaps(&ours, &theirs, None).is_empty());
    assert_eq!(overlaps(&ours, &theirs.clone().named("one"), None).len(), 1);
    assert_eq!(overlaps(&ours.and(theirs.clone()), &theirs, None).len(), 1);
}

#[test]
fn conversations_and_recordings_are_not_cut_in_two() {
    let card = Card::new("talks", Vec::new());
    let turn = |id: &str, dialogue: &str, file: &str| Example {
        dialogue: Some(dialogue.into()),
        media: vec![Media::Audio(file.into())],
        ..Example::new(id)
    };
    let train = [turn("a", "d1", "x.wav"), turn("b", "d2", "y.wav")];
    assert_eq!(ties(&between(&card, &train, &[turn("c", "d1", "z.wav")])), [Tie::Dialogue]);
    assert_eq!(ties(&between(&card, &train, &[turn("c", "d3", "y.wav")])), [Tie::Source]);
    let cut = |id: &str| Example { source: Some("film".into()), ..Example::new(id) };
    assert_eq!(ties(&between(&card, &[cut("a")], &[cut("b")])), [Tie::Source]);
}

#[test]
fn long_texts_and_faces_are_copies_and_short_texts_are_not() {
    let card = Card::new("texts", Vec::new());
    let train = texts(&["Thanks!", "I never thought that I would see her again."]);
    let test = texts(&["thanks", "i never thought that I would see her AGAIN", "Something else."]);
    let found = between(&card, &train, &test);
    assert_eq!(ties(&found), [Tie::SameBytes]);
    assert_eq!(found[0].examples, ["test t1 is train t1"]);
    let sides = (Side::new(&card, &train), Side::new(&card, &test));
    assert_eq!(duplicated_in(&sides.0, &sides.1, None), [1]);
    let face = |id: &str, grey: u8| Example {
        media: vec![Media::Face(Arc::from([grey, 1, 2, 3]), 2)],
        ..Example::new(id)
    };
    let found = between(&card, &[face("a", 7), face("b", 8)], &[face("c", 8)]);
    assert_eq!((ties(&found), found[0].train_clips), (vec![Tie::SameBytes], 1));
}

#[test]
fn vectors_that_know_the_label_are_refused_for_test_clips() {
    let mut card = Card::new("films", Vec::new());
    let vector = |id: &str, part: Part, value: f32| Example {
        media: vec![Media::Vector("words@1".into(), Arc::from([value]))],
        part,
        ..Example::new(id)
    };
    let train = [vector("a", Part::Train, 1.0)];
    let test = [vector("b", Part::Train, 2.0), vector("c", Part::Valid, 3.0)];
    assert!(between(&card, &train, &test).is_empty());
    card.learned_vectors = true;
    let found = between(&card, &train, &test);
    assert_eq!((ties(&found), found[0].shared), (vec![Tie::LearnedVectors], 1));
    assert!(between(&card, &train, &test[1..]).is_empty());
}

/// The ties of the official split of a corpus, by names and by what is in memory.
fn official(name: &str) -> Option<Vec<Overlap>> {
    let corpus = open(name, &shared("")?).ok()?;
    let examples = corpus.examples().unwrap();
    let (test, train): (Vec<_>, Vec<_>) = examples.iter().partition(|e| e.part == Part::Valid);
    let found = overlaps(&Side::new(corpus.card(), train), &Side::new(corpus.card(), test), None);
    for overlap in &found {
        println!("{name}: {overlap}");
    }
    Some(found)
}

#[test]
fn meld_has_its_people_on_both_sides_and_isear_has_not() {
    let Some(found) = official("meld") else { return };
    assert!(found.iter().any(|overlap| overlap.tie == Tie::Speaker && overlap.shared > 6));
    assert!(!ties(&official("isear").unwrap()).contains(&Tie::Speaker));
}

#[test]
fn the_other_split_of_mosi_is_refused_and_its_own_is_not() {
    let Some(folder) = shared("mosi") else { return };
    assert!(official("mosi").unwrap().is_empty());
    let corpus = detect(&folder).unwrap().unwrap();
    let examples = corpus.examples().unwrap();
    let test = |example: &&Example| example.groups.get("cmu_split").is_some_and(|s| s == "test");
    let (test, train): (Vec<_>, Vec<_>) = examples.iter().partition(test);
    assert!(test.len() > 600);
    let card = corpus.card();
    let found = overlaps(&Side::new(card, train), &Side::new(card, test), None);
    assert_eq!(ties(&found), [Tie::LearnedVectors]);
}
