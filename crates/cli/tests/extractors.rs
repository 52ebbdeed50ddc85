//! Pretrained networks as extractors: from the files of the tests of `limbic-backbones`, which hold
//! small random ones, and from the models of the shared folder.

use std::fs;
use std::path::{Path, PathBuf};

use limbic_features::{Stored, read_features};
use limbic_media::Modality;

use crate::media::{self, PLAIN};
use crate::program::{Run, limbic, repository};
#[cfg(feature = "onnx")]
use crate::program::{present, skipped};

/// Copies a file or folder of the small networks to `to`.
pub(crate) fn network(name: &str, to: &Path) -> PathBuf {
    let from = repository("crates/backbones/tests/fixtures").join(name);
    if from.is_dir() {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(&from).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    } else {
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(&from, to).unwrap();
        let beside = from.with_extension("toml");
        if beside.exists() {
            fs::copy(beside, to.with_extension("toml")).unwrap();
        }
    }
    to.to_owned()
}

/// `limbic features` of `clips` with `extractors` into `out`, in `folder`.
fn features(folder: &Path, clips: &[&str], extractors: &[&str], out: &str) -> Run {
    let mut all = vec!["features", "--no-cache", "-o", out];
    all.extend(clips);
    all.extend(extractors.iter().flat_map(|extractor| ["--extractor", extractor]));
    limbic(folder, &all, b"")
}

/// A folder with a voice, a text and a film.
fn here() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("talk.wav"), PLAIN.file(&media::babble(2.0))).unwrap();
    fs::write(folder.path().join("note.txt"), "what a lovely day").unwrap();
    fs::copy(repository("samples/hello.mp4"), folder.path().join("hello.mp4")).unwrap();
    folder
}

const ALL: &[&str] = if cfg!(feature = "onnx") {
    &["wav2vec2-base", "bert", "r2plus1d.safetensors", "picture.onnx"]
} else {
    &["wav2vec2-base", "bert", "r2plus1d.safetensors"]
};

#[test]
fn networks_of_every_kind_write_their_features_beside_those_built_in() {
    let folder = here();
    let here = folder.path();
    for name in ALL {
        network(name, &here.join(name));
    }
    let clips = ["talk.wav", "note.txt", "hello.mp4"];
    for out in ["all.parquet", "all.safetensors"] {
        let mut extractors = vec!["descriptors,log-mel-ast"];
        extractors.extend(ALL);
        let run = features(here, &clips, &extractors, out);
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
        let found = read_features(here.join(out)).unwrap();
        for (clip, kinds) in [
            ("talk.wav", &["descriptors", "log-mel", "wav2vec2"][..]),
            ("note.txt", &["bert"]),
            ("hello.mp4", &["descriptors", "log-mel", "wav2vec2", "bert", "r2plus1d", "onnx"]),
        ] {
            let kind = |stored: &Stored| {
                stored.extractor.split(['/', '@']).next().unwrap_or_default().to_owned()
            };
            let own = found.iter().filter(|stored| stored.clip == clip).map(kind);
            let own: Vec<String> = own.collect();
            let kinds =
                kinds.iter().copied().filter(|kind| *kind != "onnx" || cfg!(feature = "onnx"));
            assert_eq!(own, kinds.collect::<Vec<_>>(), "{clip}");
        }
        let voice = found.iter().find(|stored| stored.extractor.starts_with("wav2vec2/")).unwrap();
        let features = &voice.features;
        assert_eq!(
            (features.modality(), features.len(), features.shape()[1]),
            (Modality::Audio, 99, 24)
        );
    }
}

#[test]
fn the_old_option_and_settings_beside_a_network_count() {
    let folder = here();
    let here = folder.path();
    let own = network("wav2vec2-base", &here.join("own"));
    let id = |settings: &str| {
        fs::write(own.join("extractor.toml"), settings).unwrap();
        let typed = ["features", "--no-cache", "--extractors", "log-mel-ast,own", "talk.wav"];
        let run = limbic(here, &[&typed[..], &["-o", "own.parquet"]].concat(), b"");
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
        let found = read_features(here.join("own.parquet")).unwrap();
        assert_eq!(found.len(), 2);
        found[1].extractor.clone()
    };
    assert_eq!(id(""), id("# nothing is set"));
    assert_ne!(id(""), id("layers = 1"));
    assert_ne!(id("window = 10.0"), id("normalise = { kind = 'nothing' }"));
}

/// The extractor `name` after `harm` is refused with one sentence that holds `what`.
fn refused(name: &str, what: &str, harm: impl FnOnce(&Path)) {
    let folder = here();
    let copied = network(name, &folder.path().join(name));
    harm(&copied);
    let clips = ["talk.wav", "note.txt", "hello.mp4"];
    let run = features(folder.path(), &clips, &[name], "out.parquet");
    assert_eq!(run.code, Some(1), "{what}: {}", run.stderr);
    let lines: Vec<&str> = run.stderr.lines().collect();
    let [line] = lines[..] else { panic!("{what}: not one sentence: {}", run.stderr) };
    assert!(line.starts_with("error: ") && line.contains(what), "{what}: {line}");
    assert!(line.len() < 400 && !line.contains("panicked"), "{line}");
    assert!(!folder.path().join("out.parquet").exists(), "{what}");
}

fn rewrite(path: &Path, change: impl FnOnce(String) -> String) {
    let text = fs::read_to_string(path).unwrap();
    fs::write(path, change(text)).unwrap();
}

fn cut(path: &Path) {
    let whole = fs::read(path).unwrap();
    fs::write(path, &whole[..whole.len() / 2]).unwrap();
}

/// Puts NaN over the four bytes at the place that `find` gives.
fn poison(path: &Path, find: impl FnOnce(&[u8]) -> usize) {
    let mut bytes = fs::read(path).unwrap();
    let place = find(&bytes);
    bytes[place..place + 4].copy_from_slice(&f32::NAN.to_le_bytes());
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_folder_that_is_no_whole_network_is_refused_by_file_and_key() {
    let json = |from: &'static str, to: &'static str| {
        move |folder: &Path| {
            rewrite(&folder.join("config.json"), |text| {
                assert!(text.contains(from), "{from}");
                text.replace(from, to)
            });
        }
    };
    let settings = |toml: &'static str| {
        move |folder: &Path| fs::write(folder.join("extractor.toml"), toml).unwrap()
    };
    for name in ["wav2vec2-base", "bert"] {
        refused(name, "config.json", |f| fs::remove_file(f.join("config.json")).unwrap());
        refused(name, "config.json", |f| cut(&f.join("config.json")));
        refused(name, "`hubert`", |f| {
            json("\"model_type\": \"", "\"model_type\": \"hubert\", \"was\": \"")(f);
        });
        refused(name, "model_type", json("\"model_type\"", "\"kind\""));
        refused(name, "model.safetensors", |f| cut(&f.join("model.safetensors")));
        refused(name, "model.safetensors", |f| {
            fs::remove_file(f.join("model.safetensors")).unwrap();
        });
        refused(name, "extractor.toml: line 2: unknown field `layer`", settings("\nlayer = 1"));
        refused(name, "`layers` is 99", settings("layers = 99"));
        refused(name, "extractor.toml: line 1", settings("layers = -1"));
        refused(name, "holds what is no number", |f| {
            // The numbers begin behind the header.
            let header = |bytes: &[u8]| u64::from_le_bytes(bytes[..8].try_into().unwrap());
            poison(&f.join("model.safetensors"), |bytes| 8 + header(bytes) as usize);
        });
    }
    refused("bert", "belongs", json("\"hidden_size\": 24", "\"hidden_size\": 32"));
    refused("wav2vec2-base", "belongs", json("\"hidden_size\": 24", "\"hidden_size\": 32"));
    refused(
        "wav2vec2-base",
        "weight",
        json("\"num_hidden_layers\": 3", "\"num_hidden_layers\": 4"),
    );
    refused("bert", "tokenizer.json", |f| cut(&f.join("tokenizer.json")));
}

#[test]
fn a_file_that_is_no_network_is_refused_by_its_name() {
    let name = "r2plus1d.safetensors";
    refused(name, name, cut);
    refused(name, "`stem.0.weight` is missing", |file| {
        network("bert/model.safetensors", file);
    });
    refused(name, name, |file| {
        fs::write(file, b"\x80\x02}q\x00(X\x01\x00\x00\x00wq\x01.").unwrap();
    });
    refused(name, "r2plus1d.toml: line 1: unknown field `frame`", |file| {
        fs::write(file.with_extension("toml"), "frame = 8").unwrap();
    });
    refused(name, "`steps` is 0", |file| {
        fs::write(file.with_extension("toml"), "steps = 0").unwrap();
    });
    refused("bert/vocab.txt", "neither in .onnx", |_| {});
}

#[cfg(not(feature = "onnx"))]
#[test]
fn an_onnx_file_is_refused_by_a_program_without_onnx() {
    refused("picture.onnx", "--features onnx", |_| {});
}

#[cfg(feature = "onnx")]
#[test]
fn an_onnx_file_is_refused_without_a_toml_that_fits_it() {
    let name = "picture.onnx";
    let toml = |from: &'static str, to: &'static str| {
        move |file: &Path| {
            rewrite(&file.with_extension("toml"), |text| {
                assert!(text.contains(from), "{from}");
                text.replace(from, to)
            });
        }
    };
    refused(name, "picture.toml: it is not there", |file| {
        fs::remove_file(file.with_extension("toml")).unwrap();
    });
    refused(name, "picture.toml: line 1: unknown field `widht`", toml("width", "widht"));
    refused(name, "[1, 3, 16, 21]", toml("width = 20", "width = 21"));
    refused(name, "`scale`", toml("0.0175", "nan"));
    refused(name, "picture.onnx: it is cut off", cut);
    refused(name, "picture.onnx", |file| fs::write(file, b"").unwrap());
    refused(name, "picture.onnx", |file| fs::write(file, [0xff; 300]).unwrap());
    refused(name, "picture.onnx: its output holds what is no number", |file| {
        // The name of the last bias, and behind it its bytes.
        let mark = b"B\x02b2J\x14";
        poison(file, |bytes| bytes.windows(6).position(|w| w == mark).unwrap() + 6);
    });
}

#[test]
fn what_is_no_extractor_at_all_is_a_wrong_command_line() {
    let folder = here();
    for typed in ["nowhere.onnx", "descriptor", "", "descriptors,gone/"] {
        let run = features(folder.path(), &["talk.wav"], &[typed], "out.parquet");
        assert_eq!(run.code, Some(2), "{typed}: {}", run.stderr);
        assert!(run.stderr.contains("there is no file or folder"), "{typed}: {}", run.stderr);
        assert!(run.stderr.contains("log-mel-whisper"), "{typed}: {}", run.stderr);
    }
}

#[cfg(not(feature = "hub"))]
#[test]
fn a_name_of_the_hub_is_refused_by_a_program_without_downloads() {
    let folder = here();
    for (typed, what) in
        [("hub:facebook/wav2vec2-base", "--features hub"), ("hub:../../etc", "hub:OWNER/NAME")]
    {
        let run = features(folder.path(), &["talk.wav"], &[typed], "out.parquet");
        assert_eq!((run.code, run.stderr.lines().count()), (Some(1), 1), "{}", run.stderr);
        assert!(run.stderr.contains(typed) && run.stderr.contains(what), "{}", run.stderr);
    }
}

/// The hub's folder on this machine with a network in it, as other programs leave it.
#[cfg(feature = "hub")]
#[test]
fn a_network_of_the_hub_that_was_downloaded_needs_no_connection() {
    let folder = here();
    let kept = folder.path().join("hf/hub/models--facebook--wav2vec2-base");
    network("wav2vec2-base", &kept.join("snapshots/0123"));
    fs::create_dir_all(kept.join("refs")).unwrap();
    fs::write(kept.join("refs/main"), "0123").unwrap();
    let run = |name: &str| {
        std::process::Command::new(env!("CARGO_BIN_EXE_limbic"))
            .args(["features", "--no-cache", "-o", "out.parquet", "talk.wav", "--extractor", name])
            .env("HF_HOME", folder.path().join("hf"))
            .env("HF_ENDPOINT", "http://127.0.0.1:9")
            .current_dir(folder.path())
            .output()
            .unwrap()
    };
    let found = run("hub:facebook/wav2vec2-base");
    assert_eq!(String::from_utf8_lossy(&found.stderr), "");
    let stored = read_features(folder.path().join("out.parquet")).unwrap();
    assert!(stored[0].extractor.starts_with("wav2vec2/"));
    let gone = run("hub:facebook/other");
    let said = String::from_utf8_lossy(&gone.stderr).into_owned();
    assert_eq!((gone.status.code(), said.lines().count()), (Some(1), 1), "{said}");
    assert!(said.contains("hub:facebook/other: it cannot be downloaded"), "{said}");
}

/// The TOML in docs/extractors.md that begins with `# name`.
fn documented(name: &str) -> String {
    let page = fs::read_to_string(repository("docs/extractors.md")).unwrap();
    let head = format!("```toml\n# {name}\n");
    let block = page.split(&head).nth(1).unwrap_or_else(|| panic!("no example of {name}"));
    block.split("```").next().unwrap().to_owned()
}

#[test]
fn the_documented_settings_are_read() {
    for (name, file) in [
        ("wav2vec2-base", "extractor.toml"),
        ("bert", "extractor.toml"),
        ("r2plus1d.safetensors", "r2plus1d.toml"),
    ] {
        let folder = here();
        let copied = network(name, &folder.path().join(name));
        let place = if copied.is_dir() { copied.join(file) } else { copied.with_file_name(file) };
        let example = documented(&format!("{name}: {file}")).replace("layers = 12", "layers = 2");
        fs::write(place, example).unwrap();
        let run = features(folder.path(), &["hello.mp4"], &[name], "out.parquet");
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{name}");
    }
}

#[cfg(feature = "onnx")]
/// The largest score of a face that the model `name` gives in each clip, through the program.
fn scores(test: &str, name: &str, step: usize) -> Option<Vec<f32>> {
    let there = |path: &str| present(path).map_err(|why| skipped(&format!("{test}: {why}"))).ok();
    let model = there(&format!("models/{name}"))?;
    let folder = here();
    let here = folder.path();
    let file = Path::new(name).file_name().unwrap().to_str().unwrap();
    fs::copy(model, here.join(file)).unwrap();
    let toml = Path::new(file).with_extension("toml");
    let toml = toml.to_str().unwrap();
    fs::write(here.join(toml), documented(toml)).unwrap();
    let mut clips = vec![PathBuf::from("hello.mp4")];
    clips.extend(there("data/ravdess/video/01-01-01-01-01-01-01.mp4"));
    let clips: Vec<&str> = clips.iter().map(|clip| clip.to_str().unwrap()).collect();
    let run = features(here, &clips, &[file], "faces.parquet");
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    let found = read_features(here.join("faces.parquet")).unwrap();
    assert_eq!(found.len(), clips.len());
    let largest =
        |row: &[f32]| row.iter().skip(step - 1).step_by(step).copied().fold(0.0, f32::max);
    Some(found.iter().map(|s| s.features.rows().map(largest).fold(1.0, f32::min)).collect())
}

#[cfg(feature = "onnx")]
#[test]
fn ultraface_sees_the_face_in_every_picture_of_the_clips() {
    let test = "ultraface_sees_the_face_in_every_picture_of_the_clips";
    if let Some(found) = scores(test, "ultraface/version-RFB-320.onnx", 2) {
        assert!(found.iter().all(|score| *score > 0.7), "{found:?}");
    }
}

#[cfg(feature = "onnx")]
#[test]
fn yunet_sees_the_face_in_every_picture_of_the_clips() {
    let test = "yunet_sees_the_face_in_every_picture_of_the_clips";
    if let Some(found) = scores(test, "yunet/yunet_n_320_320.onnx", 1) {
        assert!(found.iter().all(|score| *score > 0.5), "{found:?}");
    }
}
