//! `limbic eval` and `limbic compare`: every score with its definition, clips that training knows
//! refused, and the same numbers another day.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::bad_recipe::{RECIPE, corpus, train};
use crate::program::{Run, limbic};

/// Sentences with an emotion; speakers a, b and c.
const SENTENCES: &str = "text,emotion,speaker,valence
\"What a lovely surprise, I am so happy today\",joy,a,0.9
\"This makes me furious, go away and leave me alone\",angry,a,-0.8
\"I miss her so much that I cry every night\",sad,b,-0.7
\"There is someone in the house and I am scared\",fear,b,-0.6
\"That is disgusting, it smells rotten in here\",disgust,c,-0.5
\"The meeting is at five on the second floor\",neutral,c,0.0
";

fn here() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("clips.csv"), SENTENCES).unwrap();
    folder
}

fn eval(folder: &Path, more: &[&str]) -> Run {
    let mut all = vec!["eval", "-q"];
    all.extend(more);
    limbic(folder, &all, b"")
}

fn result(folder: &Path) -> Value {
    let text = fs::read_to_string(folder.join("result.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[track_caller]
fn refused(run: &Run, code: i32, words: &[&str]) {
    assert_eq!(run.code, Some(code), "{} {}", run.stdout, run.stderr);
    assert_eq!(run.stderr.matches("error: ").count(), 1, "{}", run.stderr);
    assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
    for word in words {
        assert!(run.stderr.contains(word), "`{word}` is not in: {}", run.stderr);
    }
}

#[test]
fn a_manifest_is_scored_into_a_folder_and_the_same_numbers_come_again() {
    let folder = here();
    let here = folder.path();
    let run = eval(here, &["default", "clips.csv", "-o", "one", "--target", "perceived"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    for word in ["UAR", "Mean over the classes", "perceived", "clips.csv"] {
        assert!(run.stdout.to_lowercase().contains(&word.to_lowercase()), "{}", run.stdout);
    }
    let found = result(&here.join("one"));
    assert_eq!(found["schema"], "limbic-result/1");
    assert_eq!(found["data"]["clips"], 6);
    assert_eq!(found["targets"]["labels"], "perceived");
    let section = &found["sections"][0];
    let scored = &section["conditions"][0]["scored"];
    assert_eq!((&scored["clips"], &scored["interval_unit"]), (&6.into(), &"speakers".into()));
    assert!(scored["confusion"].is_array() && scored["per_class"].is_array());
    for file in ["report.md", "report.html", "answers.jsonl"] {
        assert!(fs::metadata(here.join("one").join(file)).unwrap().len() > 100, "{file}");
    }
    let page = fs::read_to_string(here.join("one/report.html")).unwrap();
    assert!(page.contains("<svg") && !page.contains("src=\"http"), "{page}");

    let again = eval(here, &["--replay", "one/result.json"]);
    assert_eq!(again.code, Some(0), "{}", again.stderr);
    assert!(again.stderr.contains("the same to the last bit"), "{}", again.stderr);
    assert_eq!(again.stdout, run.stdout);

    fs::write(here.join("clips.csv"), SENTENCES.replace("angry", "sad")).unwrap();
    refused(&eval(here, &["--replay", "one/result.json"]), 1, &["one/result.json", "other clips"]);
    refused(&eval(here, &["default", "clips.csv", "-o", "one"]), 1, &["one", "already there"]);
}

#[test]
fn a_number_that_differs_is_named_with_its_place() {
    let folder = here();
    let here = folder.path();
    let run = eval(here, &["default", "clips.csv", "-o", "one", "--target", "perceived"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let mut found = result(&here.join("one"));
    let metric = &mut found["sections"][0]["conditions"][0]["scored"]["metrics"][0]["value"];
    *metric = 0.123.into();
    fs::write(here.join("one/result.json"), found.to_string()).unwrap();
    let again = eval(here, &["--replay", "one/result.json"]);
    assert_eq!(again.code, Some(1));
    assert!(again.stderr.contains("metrics/0/value: 0.123 then"), "{}", again.stderr);
}

#[test]
fn labels_whose_target_nobody_states_are_told_apart() {
    let folder = here();
    let run = eval(folder.path(), &["default", "clips.csv", "--json", "--quick"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let found = run.json();
    assert_eq!(found["targets"]["labels"], "unstated");
    assert!(found["targets"]["note"].as_str().unwrap().contains("--target"), "{found}");
    let learned = found["targets"]["learned"].as_array().unwrap();
    assert!(*learned == ["self-reported", "perceived", "intended"], "{learned:?}");
    assert!(folder.path().join("scores/default-clips/result.json").is_file());
}

/// Two modalities, trained on the made-up corpus.
fn fused() -> String {
    let voice = RECIPE.lines().find(|line| line.starts_with("encoder.audio")).unwrap();
    let face = voice.replace("audio", "vision").replace("mosi-vision", "mosi-video");
    RECIPE
        .replace("width = 4", "width = 4\nfusion = { kind = \"concat\" }")
        .replace("[[stage]]", &format!("{face}\n[[stage]]"))
        .replace("labels = {}", "labels = { on = \"both\" }")
}

#[test]
fn one_checkpoint_is_scored_on_every_choice_of_modalities_and_on_wrong_pairs() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    corpus(&here.join("data"), 0.0);
    assert_eq!(train(here, &fused(), &[]).code, Some(0));
    let run = eval(here, &["model.safetensors", "--data", "data", "-o", "one"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let found = result(&here.join("one"));
    let section = &found["sections"][0];
    let conditions: Vec<(String, String)> = section["conditions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| (c["inputs"].as_str().unwrap().into(), c["change"].to_string()))
        .collect();
    let wanted = [
        ("audio", "null"),
        ("vision", "null"),
        ("audio+vision", "null"),
        ("audio+vision", "\"modalities of different clips\""),
    ];
    assert_eq!(conditions, wanted.map(|(i, c)| (i.to_owned(), c.to_owned())));
    assert!(section["conditions"][2]["baseline"]["score"].is_number(), "{section}");
    assert!(section["matrix"]["spread"].is_number(), "{section}");
    assert_eq!(found["data"]["clips"], 8, "the official part for scoring");

    // The same checkpoint against itself, and against one that is worse.
    let trained = eval(here, &["model.safetensors", "--data", "data", "-o", "two", "--quick"]);
    assert_eq!(trained.code, Some(0), "{}", trained.stderr);
    let compared = limbic(here, &["compare", "one", "two", "--json"], b"");
    assert_eq!(compared.code, Some(0), "{}", compared.stderr);
    for line in compared.stdout.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        for difference in line["comparison"]["differences"].as_array().unwrap() {
            assert!(difference["difference"].as_f64().is_none_or(|d| d == 0.0), "{difference}");
        }
    }
    refused(&limbic(here, &["compare", "one", "data"], b""), 1, &["data", "evaluate again"]);
}

#[test]
fn clips_that_training_met_are_refused_unless_somebody_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    corpus(&here.join("data"), 0.0);
    assert_eq!(train(here, &fused(), &[]).code, Some(0));
    let all = ["model.safetensors", "data/mosi", "--data", "data", "--part", "all", "-o", "one"];
    refused(&eval(here, &all), 3, &["data/mosi", "training had 16 of these 24", "--allow-leak"]);
    assert!(!here.join("one/result.json").exists());
    let mut allowed = all.to_vec();
    allowed.extend(["--allow-leak", "a demonstration"]);
    let run = eval(here, &allowed);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.stdout.matches("a demonstration").count() > 3, "{}", run.stdout);
    assert_eq!(result(&here.join("one"))["leak"]["allowed"], "a demonstration");
}

#[test]
fn a_split_that_shares_speakers_is_refused_in_training_unless_somebody_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    corpus(&here.join("data"), 0.0);
    let manifest = here.join("data/mosi/manifest.tsv");
    let table = fs::read_to_string(&manifest).unwrap();
    // The last clip for scoring is of a film that training has.
    fs::write(&manifest, table.replace("f5_23\tf5", "f5_23\tf0")).unwrap();
    let run = train(here, RECIPE, &[]);
    refused(&run, 1, &["mosi: 1 speaker is on both sides", "data.allow-leak"]);
    let run = train(here, RECIPE, &["--allow-leak", "a demonstration"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.stdout.contains("\"allowed_leak\":\"a demonstration\""), "{}", run.stdout);
}

#[test]
fn data_that_cannot_be_scored_end_in_one_sentence() {
    let folder = here();
    let here = folder.path();
    fs::write(here.join("empty.csv"), "").unwrap();
    fs::write(here.join("ages.csv"), "text,age\nsome words here,12\n").unwrap();
    fs::write(here.join("gone.csv"), "audio,emotion\ngone.wav,joy\n").unwrap();
    fs::write(here.join("up.csv"), "audio,emotion\n../../etc/passwd,joy\n").unwrap();
    for (data, words) in [
        ("empty.csv", &["empty.csv"][..]),
        ("ages.csv", &["nothing was scored"]),
        ("gone.csv", &["gone.wav"]),
        ("up.csv", &["up.csv"]),
        ("nowhere", &["nowhere"]),
    ] {
        refused(&eval(here, &["default", data, "-o", "out"]), 1, words);
        assert!(!here.join("out").exists(), "{data}");
    }
    let foreign = ["default", "clips.csv", "--labels", "nope.toml"];
    refused(&eval(here, &foreign), 1, &["nope.toml", "labels/meld.toml"]);
    refused(&eval(here, &["clips.csv", "clips.csv"]), 1, &["clips.csv", "limbic train"]);
    refused(&eval(here, &["--replay", "clips.csv"]), 1, &["clips.csv"]);
}

#[test]
fn a_split_file_takes_the_place_of_the_published_one_and_stays_what_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    corpus(&here.join("data"), 0.0);
    let split = ["data", "split", "data/mosi", "--folds", "3", "-o", "folds.jsonl"];
    let run = limbic(here, &split, b"");
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let recipe = RECIPE.replace("official", "leave-speakers-out");
    let run = train(here, &recipe, &["--split", "folds.jsonl", "--fold", "0"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.stdout.contains("\"clips\":8"), "{}", run.stdout);
    let scored = ["model.safetensors", "--data", "data", "-o", "one", "--quick"];
    let run = eval(here, &scored);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_eq!(result(&here.join("one"))["data"]["clips"], 8);

    let other = limbic(here, &["data", "split", "data/mosi", "--folds", "2"], b"");
    fs::write(here.join("folds.jsonl"), other.stdout).unwrap();
    refused(&eval(here, &scored[..3]), 1, &["folds.jsonl", "put it back"]);
    let text = fs::read_to_string(here.join("folds.jsonl")).unwrap();
    fs::write(here.join("folds.jsonl"), text.replace(":0}", ":1}")).unwrap();
    let run = train(here, &recipe, &["--split", "folds.jsonl", "--fold", "0"]);
    refused(&run, 1, &["folds.jsonl"]);
    let run =
        limbic(here, &["train", "recipe.toml", "--data", "data", "-q", "--leave-corpus-out"], b"");
    refused(&run, 1, &["at least two corpora"]);
}

#[test]
fn checkpoints_of_all_folds_are_scored_as_one() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    corpus(&here.join("data"), 0.0);
    let split = ["data", "split", "data/mosi", "--folds", "5", "-o", "folds.jsonl"];
    let run = limbic(here, &split, b"");
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let recipe = RECIPE.replace("official", "leave-speakers-out");
    let run = train(here, &recipe, &["--split", "folds.jsonl", "--cross-validate", "--keep-folds"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let fold = |k: usize| format!("model.fold-{k}.safetensors");
    let others: Vec<String> = (1..5).map(fold).collect();
    let first = fold(0);
    let mut all = vec![first.as_str(), "--data", "data", "-o", "one", "--quick", "--with"];
    all.extend(others.iter().map(String::as_str));
    let run = eval(here, &all);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let found = result(&here.join("one"));
    assert_eq!(found["data"]["clips"], 24, "{}", found["split"]);
    assert_eq!(found["sections"][0]["conditions"][0]["scored"]["clips"], 24);
    assert!(found["checkpoint"]["name"].as_str().unwrap().contains("fold-4"));
    let again = eval(here, &["--replay", "one/result.json"]);
    assert!(again.stderr.contains("the same to the last bit"), "{}", again.stderr);

    let twice = [first.as_str(), "--data", "data", "-o", "two", "--with", &first];
    refused(&eval(here, &twice), 1, &[first.as_str(), "different folds"]);
}

#[test]
fn labels_that_were_never_learned_are_asked_for_by_their_words() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let rows = "text,emotion,speaker\nwhat a lovely and sunny day,bliss,a\n\
                she is gone and I am alone,gloom,b\nhow dare you do that to me,rage,c\n\
                well what a lovely and sunny day,bliss,d\n";
    fs::write(here.join("clips.csv"), rows).unwrap();
    let model = crate::worded::model().whole();
    let model = model.to_str().unwrap();
    let run = eval(here, &[model, "clips.csv", "-o", "one", "--target", "perceived"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let found = result(&here.join("one"));
    let sections = found["sections"].as_array().unwrap();
    let section = sections
        .iter()
        .find(|section| section["labels"].as_str().unwrap().ends_with("by its words"));
    let scored = &section.unwrap_or_else(|| panic!("{found}"))["conditions"][0]["scored"];
    let accuracy = scored["metrics"].as_array().unwrap().iter().find(|m| m["metric"] == "accuracy");
    assert!(accuracy.unwrap()["value"].as_f64().unwrap() > 0.7, "{scored}");
}
