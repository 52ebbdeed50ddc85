//! The model inside the binary, on real recordings.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::program::{limbic, repository, shared};

/// Clips of each corpus that are read.
const EACH: usize = 20;

/// Reads `arguments` with the embedded model; nothing may be said beside the readings.
fn readings(folder: &Path, arguments: &[&str], list: &[u8]) -> Vec<Value> {
    let mut all = vec!["predict", "--format", "jsonl"];
    all.extend(arguments);
    let run = limbic(folder, &all, list);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn the_sample_is_read_with_its_own_words() {
    let sample = repository("samples/hello.mp4");
    let all = readings(Path::new("."), &[sample.to_str().unwrap()], b"");
    let [reading] = &all[..] else { panic!("{all:?}") };
    for modality in ["text", "audio", "vision"] {
        assert_eq!(reading["modalities"][modality], "read", "{modality}");
    }
    assert_eq!(reading["timeline"].as_array().unwrap().len(), 5);
    assert!(reading["summary"]["estimate"]["valence"].as_f64().unwrap() > 0.0);
    assert!(reading["model"].as_str().unwrap().starts_with("limbic"), "{}", reading["model"]);
}

#[test]
fn sixty_real_clips_are_read_without_a_warning() {
    let corpora = ["ravdess", "emodb", "nemo"].map(|name| shared(&format!("data/{name}/audio")));
    let corpora: Vec<PathBuf> = corpora.into_iter().flatten().collect();
    let mut list = String::new();
    for folder in &corpora {
        let mut clips = clips(folder);
        clips.sort();
        for clip in clips.iter().step_by(clips.len() / EACH).take(EACH) {
            list.push_str(clip.to_str().unwrap());
            list.push('\n');
        }
    }
    if list.is_empty() {
        return;
    }
    let all = readings(Path::new("."), &["-"], list.as_bytes());
    assert_eq!(all.len(), corpora.len() * EACH);
    let read = all.iter().filter(|reading| reading["modalities"]["audio"] == "read").count();
    assert!(read * 100 >= all.len() * 95, "speech in {read} of {}", all.len());
}

fn clips(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { all.extend(clips(&path)) } else { all.push(path) }
    }
    all
}
