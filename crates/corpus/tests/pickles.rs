//! Pickles in MMSA's layout against numpy, and hostile ones (`references/pickles.py`).

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use limbic_corpus::{Label, Media, Part, pickled};
use serde::Deserialize;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixture/pickles")
}

#[derive(Deserialize)]
struct Clip {
    id: String,
    part: String,
    text: String,
    ratings: Vec<f32>,
    series: BTreeMap<String, Vec<f32>>,
}

fn json<T: serde::de::DeserializeOwned>(name: &str) -> T {
    serde_json::from_str(&std::fs::read_to_string(folder().join(name)).unwrap()).unwrap()
}

#[test]
fn clips_are_what_numpy_reads_in_every_protocol() {
    let expected: BTreeMap<String, Vec<Clip>> = json("expected.json");
    let files = (0..6).map(|protocol| format!("mosi_{protocol}.pkl")).chain(["sims.pkl".into()]);
    for file in files {
        let corpus = pickled(&folder().join(&file)).unwrap();
        let sims = file == "sims.pkl";
        let sets: Vec<_> = corpus.card().labels.iter().map(|map| map.name.as_str()).collect();
        if sims {
            assert_eq!(sets, ["sims", "sims_text", "sims_audio", "sims_vision"]);
        } else {
            assert_eq!(sets, ["mosi_sentiment"]);
        }
        let clips = corpus.examples().unwrap();
        let expected = &expected[if sims { "sims" } else { "mosi" }];
        assert_eq!(clips.len(), expected.len());
        for (clip, expected) in clips.iter().zip(expected) {
            assert_eq!(clip.id, expected.id, "{file}");
            let video = expected.id.split('$').next();
            assert_eq!(clip.source.as_deref(), video, "{file}");
            assert_eq!(clip.speaker.as_deref(), video.filter(|_| !sims), "{file}");
            let part = match expected.part.as_str() {
                "train" => Part::Train,
                "valid" => Part::Dev,
                _ => Part::Valid,
            };
            assert_eq!(clip.part, part, "{file}");
            let ratings: Vec<f32> = clip
                .labels
                .iter()
                .map(|label| match label {
                    Some(Label::Rating(rating)) => rating[0],
                    other => panic!("{other:?}"),
                })
                .collect();
            assert_eq!(ratings, expected.ratings, "{file}");
            for medium in &clip.media {
                match medium {
                    Media::Text(text) => assert_eq!(*text, expected.text, "{file}"),
                    Media::Series(name, numbers, width) => {
                        let key = name.trim_start_matches("mmsa-").trim_end_matches("@1");
                        assert_eq!(numbers.to_vec(), expected.series[key], "{file} {name}");
                        assert_eq!(numbers.len() % width, 0, "{file} {name}");
                    }
                    other => panic!("{other:?}"),
                }
            }
            assert_eq!(clip.media.len(), 4, "{file}");
        }
    }
}

#[test]
fn hostile_pickles_are_refused_in_one_sentence_and_run_nothing() {
    let refused: BTreeMap<String, String> = json("evil.json");
    assert!(refused.len() > 30);
    for (file, word) in refused {
        let message = pickled(&folder().join(&file)).err().unwrap().to_string();
        assert!(message.contains(&file) && message.contains(&word), "{message} lacks {word}");
        assert!(!message.contains('\n') && message.len() < 400, "one sentence: {message}");
    }
    assert!(!Path::new("/tmp/evil").exists());
}
