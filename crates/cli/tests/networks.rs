//! A model that was trained on the features of pretrained networks needs these very networks.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::extractors::network;
use crate::media::{self, PLAIN};
use crate::program::{Run, limbic, repository};

/// Speakers of the small corpus, each with two clips.
const SPEAKERS: usize = 10;

/// RAVDESS in its layout: small voices, and the sample as the film of all of them.
fn corpus(root: &Path) {
    let folder = root.join("data/ravdess");
    fs::create_dir_all(folder.join("audio")).unwrap();
    fs::create_dir_all(folder.join("video")).unwrap();
    let film = repository("samples/hello.mp4");
    let mut table = "path,speaker,emotion,fold\n".to_owned();
    let mut films = "path,audio_path\n".to_owned();
    for clip in 0..2 * SPEAKERS {
        let name = format!("audio/{clip}.wav");
        let length = 0.5 + 0.05 * clip as f32;
        fs::write(folder.join(&name), PLAIN.file(&media::babble(length))).unwrap();
        let emotion = ["happy", "sad"][clip % 2];
        writeln!(table, "{name},{:02},{emotion},{}", clip / 2, clip / 2 % 5).unwrap();
        fs::copy(&film, folder.join(format!("video/{clip}.mp4"))).unwrap();
        writeln!(films, "video/{clip}.mp4,{name}").unwrap();
    }
    fs::write(folder.join("manifest.csv"), table).unwrap();
    fs::write(folder.join("video_manifest.csv"), films).unwrap();
}

/// The recipe; it sees faces through ONNX where the program has it.
fn recipe() -> String {
    let vision = if cfg!(feature = "onnx") { VISION } else { "" };
    RECIPE.replace("[[stage]]", &format!("{vision}[[stage]]"))
}

/// The recordings are all of one made-up voice.
const EVAL: [&str; 7] =
    ["eval", "model.safetensors", "--data", "data", "--quiet", "--allow-leak", "one voice"];

const RECIPE: &str = "about = 'small'
[data]
corpora = ['ravdess']
split = 'leave-speakers-out'
[model]
width = 8
encoder.audio.features = 'net/voice'
encoder.audio.input = { kind = 'series', size = 24 }
encoder.audio.body = { kind = 'mlp', layers = 1, dropout = 0.0 }
[[stage]]
name = 'train'
epochs = 2
batch = 8
optimizer = { kind = 'adamw', lr = 0.01 }
objective.labels = {}
";

const VISION: &str = "encoder.vision.features = 'net/face.onnx'
encoder.vision.input = { kind = 'series', size = 5 }
encoder.vision.body = { kind = 'mlp', layers = 1, dropout = 0.0 }
";

/// A folder with a corpus, two networks in `net`, and what a training on them left.
fn trained() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    corpus(here);
    fs::create_dir(here.join("net")).unwrap();
    network("wav2vec2-base", &here.join("net/voice"));
    network("picture.onnx", &here.join("net/face.onnx"));
    fs::write(here.join("small.toml"), recipe()).unwrap();
    let run = train(here, &["--fold", "0", "-o", "model.safetensors"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    folder
}

fn train(here: &Path, more: &[&str]) -> Run {
    let typed = ["train", "small.toml", "--data", "data", "--quiet"];
    limbic(here, &[&typed[..], more].concat(), b"")
}

fn predict(here: &Path) -> Run {
    let film = repository("samples/hello.mp4");
    let typed = ["predict", film.to_str().unwrap(), "--model", "model.safetensors"];
    limbic(here, &[&typed[..], &["--format", "json"]].concat(), b"")
}

#[track_caller]
fn one_sentence(run: &Run, parts: &[&str]) {
    assert_eq!((run.code, run.stderr.lines().count()), (Some(1), 1), "{}", run.stderr);
    for part in parts {
        assert!(run.stderr.contains(part), "{part}: {}", run.stderr);
    }
}

#[test]
fn a_model_reads_clips_through_the_networks_that_it_was_trained_on() {
    let folder = trained();
    let here = folder.path();
    let reading = predict(here).json();
    assert_eq!(reading["modalities"]["audio"], "read");
    let vision = if cfg!(feature = "onnx") { "read" } else { "no_expert" };
    assert_eq!(reading["modalities"]["vision"], vision);
    assert!(reading["summary"]["estimate"]["evidence"]["audio"].is_object());
    let bytes = fs::read(here.join("model.safetensors")).unwrap();
    let end = bytes.len().min(6000);
    let header = String::from_utf8_lossy(&bytes[8..end]).replace('\\', "");
    assert!(header.contains("\"extractor\":\"wav2vec2/"), "{header}");
    assert_eq!(header.contains("\"extractor\":\"onnx/"), cfg!(feature = "onnx"), "{header}");
    let eval = limbic(here, &EVAL, b"");
    assert_eq!((eval.code, eval.stderr.as_str()), (Some(0), ""));

    // Elsewhere they are found beside the model.
    fs::rename(here.join("net"), here.join("moved")).unwrap();
    let gone = predict(here);
    one_sentence(&gone, &["net/voice: `wav2vec2/", "neither here nor at voice"]);
    fs::rename(here.join("moved/voice"), here.join("voice")).unwrap();
    if cfg!(feature = "onnx") {
        one_sentence(&predict(here), &["net/face.onnx: `onnx/", "neither here nor at face.onnx"]);
        network("picture.onnx", &here.join("face.onnx"));
    }
    let logits = |reading: &serde_json::Value| reading["summary"]["estimate"]["logits"].clone();
    assert_eq!(logits(&predict(here).json()), logits(&reading));
}

#[test]
fn another_network_in_the_place_of_the_trained_one_is_refused() {
    let folder = trained();
    let here = folder.path();
    fs::write(here.join("net/voice/extractor.toml"), "layers = 1").unwrap();
    let needed = ["net/voice: `wav2vec2/", "is needed and this is `wav2vec2/"];
    one_sentence(&predict(here), &needed);
    let eval = limbic(here, &EVAL, b"");
    one_sentence(&eval, &needed);
}

#[test]
fn recipes_with_a_network_that_is_not_there_or_reads_something_else_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    corpus(here);
    fs::create_dir(here.join("net")).unwrap();
    network("wav2vec2-base", &here.join("net/voice"));
    network("picture.onnx", &here.join("net/face.onnx"));
    network("bert", &here.join("net/words"));
    let refused = |change: &str, parts: &[&str]| {
        fs::write(here.join("small.toml"), RECIPE).unwrap();
        one_sentence(&train(here, &["--set", change, "-o", "model.safetensors"]), parts);
        assert!(!here.join("model.safetensors").exists());
    };
    let key = "model.encoder.audio.features";
    refused(&format!("{key}='net/gone.onnx'"), &["net/gone.onnx: "]);
    refused(&format!("{key}='gone.onnx'"), &[key, "`gone.onnx`", "log-mel@1"]);
    refused(&format!("{key}='net/words'"), &[key, "reads text", "model.encoder.text"]);
    refused(&format!("{key}='hub:a/b/c'"), &["hub:a/b/c: "]);
    refused("model.encoder.audio.extractor='onnx/0@1'", &["net/voice: `onnx/0@1` is needed"]);
    refused("model.encoder.audio.input.size=17", &["model.encoder.audio.input.size", "24"]);
}
