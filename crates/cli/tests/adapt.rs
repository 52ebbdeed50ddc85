//! `limbic adapt`: your own labels, the way back, and what it refuses.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use burn::tensor::Device;
use limbic_media::Modality;
use limbic_model::{Checkpoint, LabelSet, Provenance, Recipe, SHARED};
use serde_json::Value;

use crate::program::{Run, limbic, repository, shared};

/// Sentences whose mood a word gives away; three speakers, and labels in mixed case.
fn sentences(rows: usize) -> String {
    let moods = [
        ("Awe", ["vast", "majestic", "breathtaking"]),
        ("boredom", ["tedious", "dull", "endless"]),
    ];
    let things = ["mountain", "meeting", "sky", "lecture", "cathedral"];
    let mut table = "text,mood,speaker\n".to_owned();
    for row in 0..rows {
        let (mood, words) = moods[row % 2];
        let (word, thing) = (words[row / 2 % 3], things[row % 5]);
        let _ = writeln!(table, "It was such a {word} {thing} in number {row},{mood},s{}", row / 6);
    }
    table
}

fn here(rows: usize) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("moods.csv"), sentences(rows)).unwrap();
    folder
}

fn adapt(folder: &Path, more: &[&str]) -> Run {
    let mut all = vec!["adapt", "-q"];
    all.extend(more);
    limbic(folder, &all, b"")
}

fn load(path: &Path) -> Checkpoint {
    Checkpoint::load(path, &Device::flex()).unwrap()
}

#[track_caller]
fn refused(folder: &Path, more: &[&str], words: &[&str]) {
    let run = adapt(folder, more);
    assert_eq!(run.code, Some(1), "{more:?}: {} {}", run.stdout, run.stderr);
    assert_eq!(run.stderr.matches("error: ").count(), 1, "{}", run.stderr);
    assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
    for word in words {
        assert!(run.stderr.contains(word), "`{word}` is not in: {}", run.stderr);
    }
    let left: Vec<_> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name()).collect();
    let half = |name: &std::ffi::OsString| name.to_string_lossy().contains("adapted");
    assert!(!left.iter().any(half), "{left:?}");
}

#[test]
fn labels_of_ones_own_are_learned_told_and_taken_back() {
    let folder = here(36);
    let here = folder.path();
    let run = adapt(here, &["--data", "moods.csv", "--column", "mood", "--minutes", "0", "--json"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let told = run.json();
    let report = &told["report"];
    assert_eq!((&told["way"], &report["set"]), (&"labels".into(), &"moods".into()));
    assert_eq!(report["held_out_by"], "speakers");
    assert_eq!(report["clips"], serde_json::json!([36, 0]));
    let scores = &report["scores"][0];
    let uar = |when: &str| scores[when]["uar"].as_f64().unwrap();
    assert!(uar("after") > uar("before") + 0.2, "{scores}");
    assert!(scores["after"]["intervals"]["uar"].is_array(), "{scores}");

    let adapted = load(&here.join("adapted.safetensors"));
    assert_eq!(adapted.shown.as_deref(), Some("moods"));
    let record = &adapted.adapted[0];
    assert_eq!(record.clips.values().copied().collect::<Vec<_>>(), [18, 18]);
    assert!(record.data.contains_key("moods.csv") && record.command.contains("--data moods.csv"));
    let before =
        Checkpoint::from_bytes("default", limbic::DEFAULT_MODEL, &Modality::ALL, &Device::flex())
            .unwrap();
    let weights = adapted.model.weights();
    for (name, values) in before.model.weights() {
        assert_eq!(weights[&name], values, "{name}");
    }

    let again = adapt(here, &["--data", "moods.csv", "--column", "mood"]);
    assert_eq!(again.code, Some(1));
    assert!(again.stderr.contains("--force"), "{}", again.stderr);

    let undo = adapt(here, &["--undo", "adapted.safetensors", "-o", "before.safetensors"]);
    assert_eq!(undo.code, Some(0), "{}", undo.stderr);
    assert_eq!(load(&here.join("before.safetensors")).model.weights(), before.model.weights());
    // From a file of this version the way back leads to the same bytes.
    let again = ["--data", "moods.csv", "--column", "mood", "--minutes", "0"];
    let from = ["--model", "before.safetensors", "-o", "again.safetensors"];
    assert_eq!(adapt(here, &[&again[..], &from[..]].concat()).code, Some(0));
    let undo = adapt(here, &["--undo", "again.safetensors", "-o", "same.safetensors", "--json"]);
    assert_eq!(undo.json()["same_bytes"], Value::Bool(true), "{}", undo.stdout);
    let bytes = |name: &str| fs::read(here.join(name)).unwrap();
    assert!(bytes("same.safetensors") == bytes("before.safetensors"));
    let nothing = adapt(here, &["--undo", "before.safetensors", "-o", "c.safetensors"]);
    assert!(nothing.stderr.contains("never adapted"), "{}", nothing.stderr);
}

#[test]
fn the_clips_it_learned_from_are_refused_as_a_score() {
    let folder = here(24);
    let here = folder.path();
    fs::write(here.join("moods.csv"), sentences(24).replace("text,mood", "text,emotion")).unwrap();
    let run = adapt(here, &["--data", "moods.csv", "--minutes", "0"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.stdout.contains("adapted") && run.stdout.contains("UAR"), "{}", run.stdout);
    let score = limbic(here, &["eval", "-q", "adapted.safetensors", "moods.csv"], b"");
    assert_eq!(score.code, Some(3), "{} {}", score.stdout, score.stderr);
    assert!(score.stderr.contains("learned from"), "{}", score.stderr);
}

#[test]
fn clips_without_labels_are_learned_from_too() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let table = sentences(40).replace(",mood", ",note");
    let cut = |line: &str| {
        let (text, rest) = line.split_once(',').unwrap();
        let (_, speaker) = rest.split_once(',').unwrap();
        [text, speaker].join(",")
    };
    let table = table.lines().map(cut).collect::<Vec<_>>().join("\n");
    fs::write(here.join("notes.csv"), table).unwrap();
    let run = adapt(here, &["--data", "notes.csv", "--minutes", "1", "--json"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let told = run.json();
    assert_eq!(told["way"], "unlabelled");
    assert!(told["report"]["pairs"].as_str().unwrap().contains("text"), "{told}");
    let adapted = load(&here.join("adapted.safetensors"));
    assert!(adapted.adapted[0].set.is_none() && !adapted.adapted[0].kept.is_empty());
    let undo = adapt(here, &["--undo", "adapted.safetensors", "-o", "before.safetensors"]);
    assert_eq!(undo.code, Some(0), "{}", undo.stderr);
    let before = load(&here.join("before.safetensors")).model.weights();
    let default = limbic::DEFAULT_MODEL;
    let default = Checkpoint::from_bytes("d", default, &Modality::ALL, &Device::flex()).unwrap();
    assert!(before == default.model.weights() && before != adapted.model.weights());
}

/// A text model whose rows are words, and a folder of four words.
fn worded(folder: &Path) {
    let text = "about = 'a test'\n[data]\ncorpora = ['isear']\nsplit = 'official'\n\
                [model]\nwidth = 3\nhead.words = { size = 3 }\n\
                [model.encoder.text]\nfeatures = 'tokens@1'\n\
                input = { kind = 'tokens', vocabulary = 300, size = 4, length = 16 }\n\
                body = { kind = 'mlp', layers = 1, dropout = 0.0 }\n\
                [[stage]]\nname = 'train'\nepochs = 1\nbatch = 8\n\
                optimizer = { kind = 'adamw', lr = 0.001 }\nobjective.labels = {}\n";
    let recipe = Recipe::parse("a test", text).unwrap();
    let device = Device::flex();
    device.seed(5);
    let model = recipe.model.init(&[] as &[LabelSet], &device);
    let vectors = vec![vec![0.5, 0.25, -1.0]; model.worded().len()];
    let tokenizer =
        limbic_features::TextTokenizer::train(["so vast and so dull a day"], 300, 16).unwrap();
    let (list, matrix) = (folder.join("words.txt"), folder.join("vectors.npy"));
    fs::write(&list, "awe\nwonder\ndull\nbeneath\n").unwrap();
    let numbers = [[1.0f32, 0.1, 0.0], [1.0, 0.0, 0.1], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    let dict = "{'descr': '<f4', 'fortran_order': False, 'shape': (4, 3), }";
    let mut npy = b"\x93NUMPY\x01\x00".to_vec();
    npy.extend((dict.len() as u16 + 1).to_le_bytes());
    npy.extend(dict.as_bytes());
    npy.push(b'\n');
    npy.extend(numbers.iter().flatten().flat_map(|x| x.to_le_bytes()));
    fs::write(&matrix, npy).unwrap();
    let words = limbic_features::WordVectors::open(&list, &matrix).unwrap();
    let checkpoint = Checkpoint {
        model: model.with_class_vectors(&vectors).unwrap(),
        recipes: [(Modality::Text, recipe)].into(),
        provenance: [(Modality::Text, Provenance::default())].into(),
        assets: [("tokenizer.json".to_owned(), tokenizer.to_json().unwrap())].into(),
        word_vectors: Some(words.to_bytes()),
        ..Checkpoint::default()
    };
    checkpoint.save(&folder.join("worded.safetensors"), limbic_model::Precision::Full).unwrap();
}

#[test]
fn names_alone_need_no_clip_and_close_ones_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    worded(here);
    let model = ["--model", "worded.safetensors"];
    let labels = "awe, wonder, boredom=dull; contempt=what is beneath";
    let run = adapt(here, &[&model[..], &["--labels", &labels.replace(", ", "; ")]].concat());
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.stderr.contains("`awe` and `wonder` mean nearly the same"), "{}", run.stderr);
    assert!(run.stdout.contains("contempt (what is beneath)"), "{}", run.stdout);
    let adapted = load(&here.join("adapted.safetensors"));
    let branch = adapted.model.branch(Modality::Text).unwrap();
    assert_eq!(branch.sets()[0].name, SHARED);
    assert_eq!(branch.added()[0].set.classes, ["awe", "wonder", "boredom", "contempt"]);
    assert_eq!(adapted.adapted[0].definitions["boredom"], "dull");

    fs::remove_file(here.join("adapted.safetensors")).unwrap();
    let names = [&model[..], &["--labels", "awe,boredom"]].concat();
    refused(here, &names, &["`boredom`", "`boredom=a definition in words`"]);
    // The model inside the program knows names, too.
    let run = adapt(here, &["--labels", "awe,dull"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
}

#[test]
fn what_cannot_be_learned_is_refused_in_a_sentence() {
    let folder = here(12);
    let here = folder.path();
    let data = ["--data", "moods.csv"];
    let mood = [&data[..], &["--column", "mood"]].concat();
    let with = |more: &[&'static str]| [&mood[..], more].concat();
    refused(here, &[&data[..], &["--column", "moods"]].concat(), &["`moods`", "mood"]);
    refused(here, &with(&["--labels", "awe"]), &["only `awe`", "at least two"]);
    refused(here, &with(&["--labels", "awe,AWE"]), &["twice"]);
    refused(
        here,
        &with(&["--labels", "awe,pride"]),
        &["every labelled clip is of the class `awe`"],
    );
    refused(here, &with(&["--labels", "awe,=x"]), &["a definition has no name"]);
    refused(here, &with(&["--name", "limbic"]), &["--name limbic", "another"]);
    refused(here, &with(&["--minutes", "-1"]), &["--minutes -1"]);
    refused(here, &with(&["--curve", "0"]), &["--curve"]);
    refused(here, &with(&["--curve", "500"]), &["ask for fewer"]);
    refused(here, &with(&["--model", "gone"]), &["gone", "limbic train"]);
    refused(here, &["--data", "gone.csv"], &["gone.csv", "check the path"]);
    refused(here, &["--undo", "moods.csv"], &["moods.csv", "not a safetensors file"]);
    let one = sentences(12).replace(",boredom,", ",Awe,");
    fs::write(here.join("one.csv"), one).unwrap();
    refused(here, &["--data", "one.csv", "--column", "mood"], &["`awe`", "two classes"]);
    fs::write(here.join("few.csv"), "text,speaker\nhello there,a\nbye now,b\n").unwrap();
    refused(here, &["--data", "few.csv"], &["too few", "16"]);
    fs::write(here.join("empty.csv"), "text,emotion\n").unwrap();
    refused(here, &["--data", "empty.csv"], &["empty.csv"]);
}

#[test]
fn a_clip_that_cannot_be_read_and_a_class_of_one_are_told_and_cost_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let mut table = "text,audio,emotion\n".to_owned();
    for row in sentences(16).lines().skip(1) {
        let cells: Vec<&str> = row.split(',').collect();
        let _ = writeln!(table, "{},,{}", cells[0], cells[1]);
    }
    table.push_str(",broken.wav,awe\nSo proud of it today and always,,pride\n");
    fs::write(here.join("clips.csv"), table).unwrap();
    fs::write(here.join("broken.wav"), "no sound").unwrap();
    let run = adapt(here, &["--data", "clips.csv", "--minutes", "0"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    for word in ["broken.wav", "pride has one clip"] {
        assert!(run.stderr.contains(word), "`{word}` is not in: {}", run.stderr);
    }
    assert!(run.stdout.contains("no two speakers"), "{}", run.stdout);
}

#[test]
fn recordings_are_learned_from_with_the_speakers_held_out() {
    let Some(data) = shared("data/emodb") else { return };
    let table = fs::read_to_string(data.join("manifest.csv")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let header: Vec<&str> = table.lines().next().unwrap().split(',').collect();
    let place = |name: &str| header.iter().position(|own| *own == name);
    let (Some(file), Some(emotion), Some(speaker)) =
        (place("path").or(place("file")), place("emotion"), place("speaker"))
    else {
        panic!("{header:?}");
    };
    let mut own = "audio,emotion,speaker\n".to_owned();
    for line in table.lines().skip(1).step_by(8) {
        let cells: Vec<&str> = line.split(',').collect();
        let _ = writeln!(own, "{},{},{}", cells[file], cells[emotion], cells[speaker]);
    }
    fs::write(here.join("few.csv"), own).unwrap();
    let root = data.display().to_string();
    let run = adapt(here, &["--data", "few.csv", "--root", &root, "--minutes", "0", "--json"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let report = &run.json()["report"];
    assert_eq!(report["held_out_by"], "speakers");
    let scores = &report["scores"][0];
    // Before, there are the words of emotions that the model inside the program learned.
    let uar = |when: &str| scores[when]["uar"].as_f64().unwrap();
    assert!(uar("before") > 0.5 && uar("after") > 0.5, "{scores}");
    assert!(repository("docs/adapt.md").is_file());
}
