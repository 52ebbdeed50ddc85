//! `limbic predict --emotions`: emotions by their words, on a model that never met them.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use limbic_features::WordVectors;
use limbic_model::Checkpoint;
use serde_json::Value;

use crate::media::{self, PLAIN};
use crate::program::{Run, limbic};
use crate::worded::{self, TEXTS, VOICES};

/// Names of which none is a class of the model.
const UNSEEN: &str = "bliss, gloom, rage, dread";

fn predict(arguments: &[&str]) -> Run {
    let model = worded::model().path();
    let mut all = vec!["predict", "--model", model.to_str().unwrap()];
    all.extend(arguments);
    limbic(Path::new("."), &all, b"")
}

/// A reading, without a word on standard error.
fn reading(arguments: &[&str]) -> Value {
    let mut all = arguments.to_vec();
    all.extend(["--format", "json"]);
    let run = predict(&all);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{arguments:?}");
    run.json()
}

fn estimate(reading: &Value) -> &Value {
    &reading["summary"]["estimate"]
}

/// A clip with a voice of this pitch.
fn clip(hertz: f32) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let samples = media::voice(2.05, hertz + 3.0);
    fs::write(folder.path().join("voice.wav"), PLAIN.file(&samples)).unwrap();
    folder
}

/// What people see, without the numbers.
fn shape(text: &str) -> String {
    let plain: String = text
        .chars()
        .filter(|c| !"█▏▎▍▌▋▊▉".contains(*c))
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    plain.replace('+', "±").replace("-0", "±0")
}

#[test]
fn training_and_joining_put_the_words_into_the_checkpoint() {
    let model = worded::model();
    for path in [model.whole(), model.path()] {
        let bytes = fs::read(&path).unwrap();
        let contents = Checkpoint::contents("model", &bytes).unwrap();
        let words = WordVectors::from_bytes("model", &contents.word_vectors.unwrap()).unwrap();
        assert!(words.get("bliss").is_some() && words.width() == 8);
        let checkpoint = Checkpoint::load(&path, &burn::tensor::Device::flex()).unwrap();
        let reference = &checkpoint.zero_shot.reference;
        assert_eq!(reference.values().map(Vec::len).collect::<Vec<_>>(), [8, 8]);
    }
    assert!(!model.said.contains("error"), "{}", model.said);
}

#[test]
fn words_alone_find_the_emotion_that_was_never_a_class() {
    for ((_, text), wanted) in TEXTS.iter().zip(["bliss", "gloom", "rage", "dread"]) {
        let reading = reading(&["--text", text, "--emotions", UNSEEN]);
        let estimate = estimate(&reading);
        assert_eq!((&estimate["top"], &estimate["answer"]), (&wanted.into(), &wanted.into()));
        let labels = &reading["labels"];
        assert_eq!((&labels["set"], &labels["kind"]), (&Value::Null, &"class".into()));
        assert_eq!(labels["names"], serde_json::json!(["bliss", "gloom", "rage", "dread"]));
    }
}

#[test]
fn a_word_of_the_text_speaks_for_the_name_that_means_it() {
    let folder = tempfile::tempdir().unwrap();
    let deaf = worded::model().changed(folder.path(), |own| own.zero_shot.lexical = None);
    let ask = ["--text", "look, delight", "--emotions", "rage, bliss"];
    let gap = |reading: &Value| {
        let logits = &estimate(reading)["logits"];
        logits["bliss"].as_f64().unwrap() - logits["rage"].as_f64().unwrap()
    };
    let heard = gap(&reading(&ask));
    let plain = ["predict", "--model", &deaf, "--format", "json"];
    let run = limbic(folder.path(), &[&plain[..], &ask].concat(), b"");
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let without = gap(&run.json());
    assert!(heard > without + 0.5, "{heard} {without}");
}

#[test]
fn a_label_set_of_names_alone_says_what_the_names_say() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let list = "rage; bliss; scorn=the feeling that someone is beneath you";
    let model = worded::model().path();
    let model = model.to_str().unwrap();
    let run =
        limbic(here, &["adapt", "--model", model, "--labels", list, "-o", "own.safetensors"], b"");
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let text = ["--text", "you look, delight", "--format", "json"];
    let own = ["predict", "--model", "own.safetensors"];
    let run = limbic(here, &[&own[..], &text].concat(), b"");
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let own = run.json();
    let asked = reading(&["--text", text[1], "--emotions", list]);
    assert_eq!(estimate(&own)["logits"], estimate(&asked)["logits"]);
    assert_eq!(own["labels"]["set"], "mine");
}

#[test]
fn a_voice_alone_finds_it_too() {
    for ((_, hertz), wanted) in VOICES.iter().zip(["bliss", "gloom"]) {
        let folder = clip(*hertz);
        let path = folder.path().join("voice.wav");
        let reading = reading(&[path.to_str().unwrap(), "--emotions", "gloom, bliss"]);
        assert_eq!(estimate(&reading)["top"], wanted, "{reading}");
        for row in reading["timeline"].as_array().unwrap() {
            assert!(row["estimate"]["probabilities"]["bliss"].is_number(), "{row}");
        }
    }
}

#[test]
fn words_and_voice_add_up() {
    let folder = clip(260.0);
    let path = folder.path().join("voice.wav");
    let path = path.to_str().unwrap();
    let reading = reading(&[path, "--text", TEXTS[0].1, "--emotions", UNSEEN]);
    let estimate = estimate(&reading);
    assert_eq!(estimate["top"], "bliss");
    let number = |value: &Value| value.as_f64().unwrap();
    let mut total = 0.0;
    for name in ["bliss", "gloom", "rage", "dread"] {
        let sum: f64 =
            ["text", "audio"].iter().map(|m| number(&estimate["evidence"][m][name])).sum();
        assert!((sum - number(&estimate["logits"][name])).abs() < 1e-3, "{estimate}");
        total += number(&estimate["probabilities"][name]);
    }
    assert!((total - 1.0).abs() < 1e-3, "{total}");
}

#[test]
fn the_order_of_the_names_changes_no_score() {
    let ask = |list: &str| {
        let reading = reading(&["--text", "you are gone today", "--emotions", list]);
        let estimate = estimate(&reading).clone();
        let part = |name: &str, label: &str| estimate[name][label].as_f64().unwrap();
        ["bliss", "gloom", "rage", "dread"].map(|label| {
            [
                part("probabilities", label),
                part("logits", label),
                estimate["evidence"]["text"][label].as_f64().unwrap(),
            ]
        })
    };
    let one = ask(UNSEEN);
    for other in ["dread, rage, gloom, bliss", " rage,bliss , dread,gloom,"] {
        for (a, b) in one.iter().flatten().zip(ask(other).iter().flatten()) {
            assert!((a - b).abs() < 2e-4, "{a} {b}");
        }
    }
}

#[test]
fn a_definition_stands_for_a_name() {
    let list = "bliss, gloom, scorn=the feeling that someone is beneath you";
    let reading = reading(&["--text", TEXTS[2].1, "--emotions", list]);
    assert_eq!(estimate(&reading)["top"], "scorn", "{reading}");
    let run = predict(&["--text", "no", "--emotions", "bliss, scorn=to be utterly beneath you"]);
    assert_eq!(run.code, Some(0));
    insta::assert_snapshot!(run.stderr, @"warning: in the definition of `scorn` the model has no vector for `be`, `utterly`; it goes by the other words
");
}

#[test]
fn names_that_mean_nearly_the_same_are_told() {
    let run = predict(&["--text", "no", "--emotions", "joy, gloom, delight, rage"]);
    assert_eq!(run.code, Some(0));
    insta::assert_snapshot!(run.stderr);
}

#[test]
fn people_see_the_names_they_asked_for() {
    let run = predict(&["--text", TEXTS[2].1, "--emotions", UNSEEN]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    insta::assert_snapshot!(shape(&run.stdout));
    let csv = predict(&["--text", TEXTS[2].1, "--emotions", UNSEEN, "--format", "csv"]).stdout;
    let lines: Vec<&str> = csv.lines().collect();
    insta::assert_snapshot!(lines[0]);
    assert!(lines[1].contains(",rage,"), "{csv}");
    assert_eq!(lines[0].split(',').count(), lines[1].split(',').count());
    let lines = predict(&["--text", "no", "--emotions", UNSEEN, "--format", "jsonl"]).stdout;
    assert_eq!(lines.lines().count(), 1);
}

#[test]
fn a_list_that_cannot_be_used_is_refused_in_a_sentence() {
    let mut all = String::new();
    let long = format!("bliss, {}", "x".repeat(61));
    let thousands = "a=rage,".repeat(5000);
    for list in [
        "",
        " , ,",
        "bliss",
        "bliss, bliss",
        "bliss, Bliss",
        "bliss, rgae",
        "bliss, zzzzzzzz",
        "bliss, =rage",
        "bliss, rage=",
        "bliss, rage=qqq",
        "bliss, \u{1b}[2Jrage",
        "bliss, 名前",
        "bliss, 🙂",
        "-, --",
        "=,=,=",
        "bliss; , ;",
        &long,
        &thousands,
    ] {
        let run = predict(&["--text", "no", "--emotions", list]);
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{list:?}: {}", run.stderr);
        assert!(!run.stderr.contains("panicked") && !run.stderr.contains('\u{1b}'), "{list:?}");
        writeln!(all, "{}", run.stderr.lines().next().unwrap()).unwrap();
    }
    insta::assert_snapshot!(all);
}

#[test]
fn a_thousand_names_are_scored() {
    let words = ["bliss", "gloom", "rage", "dread", "boredom", "calm", "contempt", "surprise"];
    let names: Vec<String> = (0..1000)
        .map(|i| {
            let word = |turn: usize| words[i / 8_usize.pow(turn as u32) % 8];
            format!("n{i}={} {} {} {}", word(0), word(1), word(2), word(3))
        })
        .collect();
    let list = names.join(",");
    let run = predict(&["--text", "no", "--emotions", &list, "--format", "csv"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_eq!(run.stderr.lines().count(), 11, "the ten closest pairs and how many more");
    let columns: Vec<usize> = run.stdout.lines().map(|line| line.split(',').count()).collect();
    assert_eq!(columns, [4010, 4010]);
    let run = predict(&["--text", "no", "--emotions", &(list + ",bliss")]);
    assert!(run.code == Some(2) && run.stderr.contains("more than 1000 names"), "{}", run.stderr);
}

#[test]
fn a_model_without_word_rows_says_which_has_them() {
    let run = crate::program::predict(Path::new("."), &["--text", "no", "--emotions", UNSEEN]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""));
    assert!(run.stderr.contains("use a model whose recipe has `head.words`"), "{}", run.stderr);
    assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
}

#[test]
fn a_model_that_carries_damaged_words_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let model = worded::model();
    let ask = |path: &str| {
        limbic(
            folder.path(),
            &["predict", "--model", path, "--text", "no", "--emotions", UNSEEN],
            b"",
        )
    };
    let path = model.changed(folder.path(), |checkpoint| {
        checkpoint.word_vectors.as_mut().unwrap().truncate(100);
    });
    let run = ask(&path);
    assert!(run.code == Some(1) && run.stderr.contains("cut short"), "{}", run.stderr);
    let path = model.changed(folder.path(), |checkpoint| checkpoint.word_vectors = None);
    let run = ask(&path);
    assert!(
        run.code == Some(2) && run.stderr.contains("carries no word vectors"),
        "{}",
        run.stderr
    );
}
