//! `limbic predict` on a label set of the model, and answers that it withholds.

use std::path::Path;

use limbic_model::Abstain;
use serde_json::Value;

use crate::program::{Run, limbic};
use crate::worded::{self, TEXTS};

/// `limbic predict` on words.
fn predict(model: &str, text: &str, more: &[&str]) -> Run {
    let mut all = vec!["predict", "--text", text];
    if !model.is_empty() {
        all.extend(["--model", model]);
    }
    all.extend(more);
    limbic(Path::new("."), &all, b"")
}

/// The summary's estimate, and the labels of the reading.
fn json(model: &str, text: &str, more: &[&str]) -> (Value, Value) {
    let mut all = vec!["--format", "json"];
    all.extend(more);
    let run = predict(model, text, &all);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    let reading = run.json();
    (reading["summary"]["estimate"].clone(), reading["labels"].clone())
}

#[test]
fn a_label_set_is_shown_when_it_is_asked_for_or_the_checkpoint_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let model = worded::model();
    let own = model.path();
    let (asked, labels) = json(own.to_str().unwrap(), TEXTS[2].1, &["--labels", "dair_emotion"]);
    assert_eq!((&asked["top"], &labels["set"]), (&"anger".into(), &"dair_emotion".into()));
    assert_eq!(asked["probabilities"].as_object().unwrap().len(), 6);
    let shown = model.changed(folder.path(), |c| c.shown = Some("dair_emotion".to_owned()));
    let (estimate, labels) = json(&shown, TEXTS[2].1, &[]);
    assert_eq!((&estimate["top"], &labels["set"]), (&"anger".into(), &"dair_emotion".into()));
    let (estimate, labels) = json(&shown, TEXTS[2].1, &["--labels", "limbic"]);
    assert_eq!(labels["names"][7], "calm");
    assert_eq!(estimate["probabilities"].as_object().unwrap().len(), 8);
    let (estimate, _) = json(&shown, TEXTS[2].1, &["--emotions", "bliss, rage"]);
    assert_eq!(estimate["top"], "rage");
}

#[test]
fn the_temperature_of_a_label_set_is_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let sure = |temperature: f32| {
        let path = worded::model().changed(folder.path(), |checkpoint| {
            let own = [("text".to_owned(), temperature)].into();
            checkpoint.calibration = [("dair_emotion".to_owned(), own)].into();
        });
        let (estimate, _) = json(&path, TEXTS[2].1, &["--labels", "dair_emotion"]);
        estimate["probabilities"]["anger"].as_f64().unwrap()
    };
    assert!(sure(0.5) > sure(1.0) && sure(1.0) > sure(4.0));
}

#[test]
fn experts_of_one_training_know_the_words_of_every_set() {
    let own = worded::model().path();
    let run = predict(
        own.to_str().unwrap(),
        TEXTS[0].1,
        &["--labels", "emodb", "--modalities", "text", "--format", "json"],
    );
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    // All branches of one training have every set of it; what one did not learn, it says by words.
    assert_eq!(run.json()["modalities"]["text"], "read");
    let embedded = predict("", "no", &["--labels", "fer2013", "--format", "json"]).json();
    assert_eq!(embedded["modalities"]["text"], "read");
    assert_eq!(embedded["labels"]["set"], "fer2013");
}

#[test]
fn a_set_that_the_model_does_not_know_is_refused_with_those_it_knows() {
    let own = worded::model().path();
    let run = predict(own.to_str().unwrap(), "no", &["--labels", "moods"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""));
    let says = "has no label set `moods`; it knows dair_emotion, emodb, limbic";
    assert!(run.stderr.contains(says), "{}", run.stderr);
    let run = predict("", "no", &["--labels", "isear", "--emotions", "joy, awe"]);
    assert_eq!(run.code, Some(2), "one or the other");
}

#[test]
fn yes_and_no_and_ratings_are_shown_as_what_they_are() {
    let text = "Thank you so much, what a lovely surprise!";
    let (estimate, labels) = json("", text, &["--labels", "goemotions"]);
    assert_eq!(labels["kind"], "multi");
    let yes: Vec<&str> =
        estimate["yes"].as_array().unwrap().iter().map(|label| label.as_str().unwrap()).collect();
    assert!(yes.contains(&"gratitude"), "{yes:?}");
    let total: f64 =
        estimate["probabilities"].as_object().unwrap().values().filter_map(Value::as_f64).sum();
    assert!((total - 1.0).abs() > 0.01, "each stands alone: {total}");
    let (estimate, labels) = json("", text, &["--labels", "emobank"]);
    assert_eq!((&labels["kind"], &estimate["top"]), (&"rating".into(), &Value::Null));
    assert_eq!(estimate["probabilities"], Value::Null);
    assert!(estimate["logits"]["valence"].as_f64().unwrap() > 0.0);
    let csv = predict("", text, &["--labels", "emobank", "--format", "csv"]).stdout;
    assert!(csv.contains(",emotion,r_valence,r_arousal,r_dominance,valence"), "{csv}");
}

/// The model with a least probability that no answer about the eight emotions reaches.
fn doubtful(folder: &Path) -> String {
    worded::model().changed(folder, |checkpoint| {
        checkpoint.abstain = Some(Abstain {
            labels: "limbic".to_owned(),
            risk: 0.1,
            least: [("text".to_owned(), vec![(0.1, 1.1), (0.9, 0.0)])].into(),
        });
    })
}

#[test]
fn an_answer_below_its_threshold_is_uncertain() {
    let folder = tempfile::tempdir().unwrap();
    let model = doubtful(folder.path());
    let (estimate, _) = json(&model, TEXTS[2].1, &[]);
    assert_eq!((&estimate["answer"], &estimate["uncertain"]), (&Value::Null, &true.into()));
    assert_eq!(estimate["top"], "anger");
    let (estimate, _) = json(&model, TEXTS[2].1, &["--risk", "90%"]);
    assert_eq!((&estimate["answer"], &estimate["uncertain"]), (&"anger".into(), &false.into()));
    let table = predict(&model, TEXTS[2].1, &[]).stdout;
    assert!(table.contains("\nanswer     uncertain (most likely: anger)\n"), "{table}");
    let csv = predict(&model, TEXTS[2].1, &["--format", "csv"]).stdout;
    assert!(csv.lines().nth(1).unwrap().contains(",,uncertain,"), "{csv}");
}

#[test]
fn nothing_is_uncertain_where_nobody_asked_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let model = doubtful(folder.path());
    let trained = worded::model().path();
    for (model, more) in [
        (model.as_str(), &["--risk", "none"][..]),
        (&model, &["--labels", "dair_emotion"]),
        (&model, &["--emotions", "rage, bliss"]),
        (trained.to_str().unwrap(), &[]),
    ] {
        let (estimate, _) = json(model, TEXTS[2].1, more);
        assert_eq!(estimate["uncertain"], false, "{more:?}");
        assert_eq!(estimate["answer"], estimate["top"], "{more:?}");
    }
}
