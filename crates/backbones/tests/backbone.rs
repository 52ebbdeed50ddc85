//! Networks by the files at a path.

use std::fs;

use burn::tensor::Device;
use limbic_backbones::Backbone;
use limbic_features::{Error, Extract};
use limbic_media::Modality;

use crate::fixture::{copy, path, refused};

fn open(path: impl AsRef<std::path::Path>) -> limbic_features::Result<Backbone> {
    Backbone::open(path, &Device::flex())
}

#[test]
fn the_files_at_a_path_tell_which_network_they_are() {
    for (name, modality) in [
        ("wav2vec2-base", Modality::Audio),
        ("wav2vec2-large", Modality::Audio),
        ("bert", Modality::Text),
        ("r2plus1d.safetensors", Modality::Vision),
        #[cfg(feature = "onnx")]
        ("picture.onnx", Modality::Vision),
    ] {
        let network = open(path(name)).unwrap();
        assert_eq!(network.modality(), modality, "{name}");
        let kind = name.split(['-', '.']).next().unwrap();
        let kind = if kind == "picture" { "onnx" } else { kind };
        assert!(network.id().starts_with(&format!("{kind}/")), "{name}: {}", network.id());
        let hears = network.sound(&[0.1; 800]).unwrap().is_some();
        assert_eq!(hears, modality == Modality::Audio, "{name}");
    }
    assert!(matches!(open("nowhere").err(), Some(Error::Io { .. })));
    refused(open(path("")), "fixtures", "config.json");
    refused(open(path("bert/vocab.txt")), "vocab.txt", "neither in .onnx");
}

#[test]
fn settings_beside_a_network_are_its_own() {
    let folder = copy("bert");
    let id = |toml: &str| {
        fs::write(folder.path().join("extractor.toml"), toml).unwrap();
        open(folder.path()).map(|network| network.id().to_owned())
    };
    assert_eq!(id("").unwrap(), open(path("bert")).unwrap().id());
    assert_ne!(id("").unwrap(), id("pool = 'mean'").unwrap());
    refused(id("layers = 1\npools = 'mean'"), "extractor.toml", "line 2: unknown field `pools`");
    refused(id("layers = 'all'"), "extractor.toml", "line 1");
    refused(id("layers ="), "extractor.toml", "line 1");
}

#[test]
fn a_known_network_is_found_at_its_place_or_beside_and_is_no_other() {
    let device = Device::flex();
    let id = open(path("bert")).unwrap().id().to_owned();
    let place = path("bert").display().to_string();
    let known = |name: &str, id: &str| {
        Backbone::known(name, id, Some(&path("")), &device).map(|network| network.id().to_owned())
    };
    assert_eq!(known(&place, &id).unwrap(), id);
    assert_eq!(known("gone/bert", &id).unwrap(), id);
    refused(known("gone/best", &id), "gone/best", "nor at");
    refused(known("gone/best", &id), &id, "fixtures/best");
    refused(known(&place, "bert/0@1"), "`bert/0@1` is needed", &format!("this is `{id}`"));
    refused(known("hub:a/b/c", &id), "hub:a/b/c", "hub:OWNER/NAME");
    let alone = Backbone::known("gone/bert", &id, None, &device);
    refused(alone, "gone/bert", "and not here");
}
