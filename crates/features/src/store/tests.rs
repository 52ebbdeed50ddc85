use std::path::Path;

use limbic_media::{Modality, Span};
use proptest::prelude::*;

use super::*;
use crate::Times;

fn item(clip: &str, extractor: &str, features: Features) -> Stored {
    Stored { clip: clip.into(), extractor: extractor.into(), features }
}

fn items() -> Vec<Stored> {
    let steps = Times::Steps { start: 0.0125, hop: 1.0 / 3.0 };
    let spans = Times::Spans(vec![Span::new(0.1, 0.7), Span::new(0.7, 1e9 / 7.0)]);
    let values = |count: usize| (0..count).map(|i| (i as f32).sqrt() - 1.5).collect();
    let mel = Features::new(Modality::Audio, [4, 3], values(12), steps.clone()).unwrap();
    let words = Features::new(Modality::Text, [2, 2], values(4), spans).unwrap();
    let empty = Features::new(Modality::Audio, [0, 5], vec![], steps).unwrap();
    let timeless = Features::new(Modality::Vision, [1, 1], vec![f32::MIN], Times::Order).unwrap();
    vec![
        item("a/1.wav", "log-mel/ast@1", mel.clone()),
        item("a/1.wav", "words@1", words.with_names(vec!["x".into(), "ü".into()]).unwrap()),
        item("empty.wav", "log-mel/ast@1", empty),
        item("é \"2\".wav", "face@1", timeless),
        item("b.wav", "log-mel/ast@1", mel),
    ]
}

#[test]
fn both_kinds_of_file_give_back_what_was_written() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["features.safetensors", "features.parquet"] {
        let path = folder.path().join(name);
        for items in [items(), vec![]] {
            write_features(&path, &items).unwrap();
            assert_eq!(read_features(&path).unwrap(), items, "{name}");
        }
        write_features(&path, &items()).unwrap();
        let first = std::fs::read(&path).unwrap();
        write_features(&path, &items()).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), first, "{name} differs when written again");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[cfg(unix)]
#[test]
fn whoever_may_read_other_files_of_this_user_may_read_these() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode();
    let plain = folder.path().join("plain");
    std::fs::write(&plain, "").unwrap();
    for name in ["features.safetensors", "features.parquet"] {
        let path = folder.path().join(name);
        write_features(&path, &items()).unwrap();
        assert_eq!(mode(&path), mode(&plain), "{name}");
    }
}

#[test]
fn what_cannot_be_written_leaves_the_old_file_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let twice = [items(), items()].concat();
    for name in ["features.safetensors", "features.parquet"] {
        let path = folder.path().join(name);
        write_features(&path, &items()).unwrap();
        let message = write_features(&path, &twice).unwrap_err().to_string();
        assert!(message.contains("a/1.wav"), "{message}");
        assert_eq!(read_features(&path).unwrap(), items());
        let nowhere = folder.path().join("nowhere").join(name);
        let message = write_features(&nowhere, &items()).unwrap_err().to_string();
        assert!(message.contains("nowhere"), "{message}");
        // A folder in the place of the file makes the last step fail.
        let taken = folder.path().join("taken").join(name);
        std::fs::create_dir_all(&taken).unwrap();
        assert!(write_features(&taken, &items()).is_err());
        assert_eq!(std::fs::read_dir(taken.parent().unwrap()).unwrap().count(), 1);
        std::fs::remove_dir(&taken).unwrap();
    }
}

#[test]
fn other_files_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["odd.safetensors", "odd.parquet"] {
        let path = folder.path().join(name);
        assert!(read_features(&path).unwrap_err().to_string().contains(name));
        std::fs::write(&path, b"something else").unwrap();
        assert!(read_features(&path).unwrap_err().to_string().contains(name));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn damaged_files_never_panic(
        parquet: bool,
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        keep in any::<prop::sample::Index>(),
        cut: bool,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(if parquet { "f.parquet" } else { "f.safetensors" });
        write_features(&path, &items()).unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        for (at, byte) in flips {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if cut {
            bytes.truncate(keep.index(bytes.len()));
        }
        std::fs::write(&path, bytes).unwrap();
        let _ = read_features(&path);
    }
}
