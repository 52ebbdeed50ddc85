//! `limbic predict` on good input.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::media::{self, PLAIN};
use crate::model;
use crate::program::{limbic, predict, repository, shared};

const EMOTIONS: [&str; 8] =
    ["neutral", "happiness", "sadness", "anger", "fear", "disgust", "surprise", "calm"];

fn here() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("talk.wav"), PLAIN.file(&media::babble(5.0))).unwrap();
    fs::write(folder.path().join("note.txt"), "what a lovely day").unwrap();
    folder
}

fn hello(arguments: &[&str]) -> Value {
    let path = repository("samples/hello.mp4");
    let mut all = vec![path.to_str().unwrap(), "--format", "json"];
    all.extend(arguments);
    let run = predict(Path::new("."), &all);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    run.json()
}

/// Every estimate of a reading: its probabilities sum to one, its evidence to its logits.
fn consistent(reading: &Value) -> usize {
    let rows = reading["timeline"].as_array().unwrap();
    let tracks = reading["tracks"].as_array().unwrap();
    let parts = rows.iter().chain(tracks).chain([&reading["summary"]]);
    let mut found = 0;
    for estimate in parts.map(|part| &part["estimate"]).filter(|e| !e.is_null()) {
        found += 1;
        let number = |value: &Value| value.as_f64().unwrap();
        let sum: f64 = EMOTIONS.iter().map(|e| number(&estimate["probabilities"][e])).sum();
        assert!((sum - 1.0).abs() < 1e-3, "{estimate}");
        for emotion in EMOTIONS {
            let evidence = estimate["evidence"].as_object().unwrap();
            let sum: f64 = evidence.values().map(|share| number(&share[emotion])).sum();
            assert!((sum - number(&estimate["logits"][emotion])).abs() < 1e-3, "{estimate}");
        }
    }
    found
}

#[test]
fn the_sample_is_read_in_all_three_modalities() {
    let reading = hello(&["--text", "what a lovely day"]);
    assert_eq!(reading["schema"], "limbic.reading/1");
    assert_eq!(reading["target"], "perceived");
    for modality in ["text", "audio", "vision"] {
        assert_eq!(reading["modalities"][modality], "read", "{modality}");
        assert!(reading["summary"]["estimate"]["evidence"][modality].is_object());
    }
    assert_eq!(reading["tracks"].as_array().unwrap().len(), 1);
    assert!(consistent(&reading) >= 4);
}

#[test]
fn a_reading_holds_the_words_read_and_where_each_face_was() {
    let reading = hello(&["--text", "what a  lovely day"]);
    let line = serde_json::json!([{"start": null, "end": null, "text": "what a lovely day"}]);
    assert_eq!(reading["transcript"], line);
    let track = &reading["tracks"][0];
    let boxes = track["boxes"].as_array().unwrap();
    assert_eq!(boxes.len() as u64, track["pictures"].as_u64().unwrap());
    let mut before = -1.0;
    for found in boxes {
        let number = |key: &str| found[key].as_f64().unwrap();
        assert!(number("at") > before && number("w") > 0.05 && number("h") > 0.05, "{found}");
        for (start, length) in [("x", "w"), ("y", "h")] {
            let end = number(start) + number(length);
            assert!(number(start) >= 0.0 && end <= 1.001, "{found}");
        }
        before = number("at");
    }
    let unasked = hello(&["--text", "what a lovely day", "--modalities", "audio"]);
    assert_eq!(unasked["transcript"], serde_json::json!([]));
}

#[test]
fn removing_a_modality_is_never_having_had_it() {
    let without_numbers = |mut reading: Value| {
        reading["modalities"] = Value::Null;
        for part in ["summary", "timeline", "tracks"] {
            blank_names(&mut reading[part]);
        }
        reading["summary"]["flags"] = Value::Null;
        reading
    };
    let removed = hello(&["--text", "what a lovely day", "--modalities", "audio,vision"]);
    let never = hello(&["--text", ""]);
    assert_eq!(without_numbers(removed), without_numbers(never));
}

/// Takes out the names of tracks, which are drawn anew for every reading.
fn blank_names(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                if name == "track" || name == "id" {
                    *value = Value::Null;
                } else {
                    blank_names(value);
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(blank_names),
        _ => {}
    }
}

#[test]
fn what_is_missing_is_an_answer_and_no_error() {
    let folder = here();
    let run = predict(folder.path(), &["note.txt", "--modalities", "audio", "--format", "json"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let reading = run.json();
    assert_eq!(reading["modalities"]["audio"], "not_in_file");
    assert_eq!(reading["modalities"]["text"], "not_requested");
    assert_eq!(reading["summary"]["estimate"], Value::Null);
    assert_eq!(reading["summary"]["flags"][0], "modality_absent");
}

#[test]
fn silence_is_no_speech() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("hush.wav"), PLAIN.file(&vec![0; 64_000])).unwrap();
    let run = predict(folder.path(), &["hush.wav", "--format", "json"]);
    let reading = run.json();
    assert_eq!(reading["modalities"]["audio"], "no_speech");
    assert_eq!(reading["timeline"].as_array().unwrap().len(), 2);
    assert_eq!(reading["timeline"][0]["flags"][0], "no_speech");
}

#[test]
fn words_alone_need_no_file() {
    let folder = here();
    let run = predict(folder.path(), &["--text", "how dare you", "--format", "json"]);
    let reading = run.json();
    assert_eq!((&reading["source"], &reading["duration"]), (&"--text".into(), &Value::Null));
    assert_eq!(consistent(&reading), 2);
}

#[test]
fn subtitles_from_a_file_speak_when_they_show() {
    let folder = here();
    let subtitles = "1\n00:00:01,000 --> 00:00:02,000\nno no no\n";
    fs::write(folder.path().join("other.srt"), subtitles).unwrap();
    let run = predict(folder.path(), &["talk.wav", "--text", "@other.srt", "--format", "json"]);
    let reading = run.json();
    let spoken: Vec<bool> = reading["timeline"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["estimate"]["evidence"]["text"].is_object())
        .collect();
    assert_eq!(spoken, [false, true, false, false, false]);
    assert_eq!(reading["timeline"][0]["flags"].as_array().unwrap().last().unwrap(), "no_words");
}

#[test]
fn each_format_holds_every_input() {
    let folder = here();
    let both = ["talk.wav", "note.txt"];
    let run = |format: &str| predict(folder.path(), &[both[0], both[1], "--format", format]);
    assert_eq!(run("json").json().as_array().unwrap().len(), 2);
    assert_eq!(run("jsonl").stdout.lines().count(), 2);
    let csv = run("csv").stdout;
    assert_eq!(csv.lines().count(), 1 + 5 + 1);
    assert!(csv.starts_with("source,model,target,start,end,track,emotion,p_neutral,"));
    let table = run("table").stdout;
    assert!(table.contains("talk.wav") && table.contains("note.txt"), "{table}");
    assert!(!table.contains('\u{1b}'), "no colours outside a terminal");
}

#[test]
fn folders_patterns_and_lists_give_an_array() {
    let folder = here();
    for path in [".", "*.txt"] {
        let reading = predict(folder.path(), &[path, "--format", "json"]).json();
        assert!(reading.is_array(), "{path}");
    }
    let arguments = ["predict", "--model", model::untrained(), "-", "--format", "json"];
    let run = limbic(folder.path(), &arguments, b"note.txt\ntalk.wav\n");
    let sources: Vec<Value> =
        run.json().as_array().unwrap().iter().map(|reading| reading["source"].clone()).collect();
    assert_eq!(sources, ["note.txt", "talk.wav"]);
}

#[test]
fn the_ending_of_the_output_names_the_format() {
    let folder = here();
    let run = predict(folder.path(), &["note.txt", "-o", "out.csv"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), ""));
    let csv = fs::read_to_string(folder.path().join("out.csv")).unwrap();
    assert_eq!(csv.lines().count(), 2);
}

#[test]
fn command_lines_that_make_no_sense_end_with_two() {
    let folder = here();
    for arguments in [
        &["note.txt", "--every", "0"][..],
        &["note.txt", "--every", "-1s"],
        &["note.txt", "--every", "99h"],
        &["note.txt", "--every", "soon"],
        &["note.txt", "--modalities", "smell"],
        &["note.txt", "--format", "poem"],
        &["note.txt", "talk.wav", "--text", "whose words?"],
        &[],
    ] {
        let run = predict(folder.path(), arguments);
        assert_eq!(run.code, Some(2), "{arguments:?}: {}", run.stderr);
        assert!(!run.stderr.is_empty() && run.stdout.is_empty());
    }
}

#[test]
fn help_and_version_are_there() {
    let folder = here();
    let help = limbic(folder.path(), &["predict", "--help"], b"");
    assert_eq!(help.code, Some(0));
    assert!(help.stdout.contains("limbic predict talk.mp4") && help.stdout.contains("Exit code"));
    let version = limbic(folder.path(), &["--version"], b"");
    assert!(version.stdout.starts_with("limbic "), "{}", version.stdout);
}

#[test]
fn the_real_recording_has_a_face_and_a_voice() {
    let Some(folder) = shared("data/ravdess/video") else { return };
    let run = predict(&folder, &[".", "--format", "json"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    for reading in run.json().as_array().unwrap() {
        assert_eq!(reading["modalities"]["audio"], "read");
        assert_eq!(reading["modalities"]["vision"], "read");
        assert_eq!(reading["tracks"].as_array().unwrap().len(), 1);
        consistent(reading);
    }
}
