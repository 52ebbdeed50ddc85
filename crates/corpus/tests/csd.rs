//! Computational sequences against h5py, and damaged ones (`references/csd.py`).

#![cfg(feature = "hdf5")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use limbic_corpus::{Label, Media, Part, detect};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixture/csd")
}

fn json<T: serde::de::DeserializeOwned>(name: &str) -> T {
    serde_json::from_str(&std::fs::read_to_string(folder().join(name)).unwrap()).unwrap()
}

#[test]
fn segments_have_their_labels_words_and_rows() {
    let corpus = detect(&folder().join("mosei")).unwrap().unwrap();
    assert_eq!(corpus.card().name, "mosei");
    let clips = corpus.examples().unwrap();
    let ids: Vec<_> = clips.iter().map(|clip| clip.id.as_str()).collect();
    assert_eq!(ids, ["aaa[0]", "aaa[1]", "bbb[0]", "bbb[1]"]);
    let rated = |rating: f32| Some(Label::Rating(vec![rating]));
    assert_eq!(clips[0].labels, [Some(Label::Multi(vec![0, 5])), rated(0.5)]);
    assert_eq!(clips[1].labels, [Some(Label::Multi(vec![])), rated(-1.0)]);
    assert_eq!((clips[1].span.unwrap().start, clips[1].span.unwrap().end), (2.0, 4.5));
    assert_eq!([clips[0].part, clips[2].part], [Part::Train, Part::Valid]);
    assert_eq!(clips[0].speaker.as_deref(), Some("aaa"));
    let text = |text: &str| Media::Text(text.to_owned());
    assert!(clips[0].media.contains(&text("well i")), "{:?}", clips[0].media);
    assert!(clips[1].media.contains(&text("do")), "{:?}", clips[1].media);
    let expected: BTreeMap<String, Vec<f32>> = json("expected.json");
    for clip in &clips {
        let series = clip.media.iter().find_map(|medium| match medium {
            Media::Series(name, numbers, width) => Some((name.as_ref(), numbers.to_vec(), *width)),
            _ => None,
        });
        let (name, width) =
            if clip.id.starts_with('a') { ("csd-covarep@1", 3) } else { ("csd-facet-4.2@1", 2) };
        assert_eq!(series.unwrap(), (name, expected[&clip.id].clone(), width), "{}", clip.id);
    }
}

#[test]
fn mosi_has_a_sentiment_alone() {
    let corpus = detect(&folder().join("mosi")).unwrap().unwrap();
    let clips = corpus.examples().unwrap();
    assert_eq!((corpus.card().name.as_str(), clips.len()), ("mosi_csd", 1));
    assert_eq!(clips[0].labels, [Some(Label::Rating(vec![0.8]))]);
}

#[test]
fn damaged_sequences_are_refused_in_one_sentence() {
    let refused: BTreeMap<String, String> = json("evil.json");
    for (file, word) in refused {
        let own = tempfile::tempdir().unwrap();
        let name = format!("CMU_MOSI_Labels_{file}");
        std::fs::copy(folder().join("evil").join(&file), own.path().join(&name)).unwrap();
        let corpus = detect(own.path()).unwrap().unwrap();
        let message = corpus.examples().unwrap_err().to_string();
        assert!(message.contains(&name) && message.contains(&word), "{message} lacks {word}");
        assert!(!message.contains('\n') && message.len() < 500, "one sentence: {message}");
    }
}

#[test]
fn no_cut_and_no_changed_byte_makes_it_panic_or_hang() {
    let whole = folder().join("mosi/CMU_MOSI_Opinion_Labels.csd");
    let whole = std::fs::read(whole).unwrap();
    let own = tempfile::tempdir().unwrap();
    let path = own.path().join("CMU_MOSI_Labels.csd");
    for byte in (0..whole.len()).step_by(5) {
        let mut odd = whole.clone();
        odd[byte] ^= 0xff;
        std::fs::write(&path, odd).unwrap();
        drop(detect(own.path()).unwrap().unwrap().examples());
        std::fs::write(&path, &whole[..byte]).unwrap();
        drop(detect(own.path()).unwrap().unwrap().examples());
    }
}
