//! `limbic data` on a small corpus in the layout of RAVDESS, spoilt in places.

use std::fmt::Write;
use std::path::Path;

use crate::media::{PLAIN, babble};
use crate::program::{Run, limbic, repository, shared};

/// Four actors, two of them in each fold; clip 3 is empty, clip 5 a copy of clip 1, clip 6 gone.
fn corpus(folder: &Path) {
    let audio = folder.join("acted/audio");
    std::fs::create_dir_all(&audio).unwrap();
    let mut table = "path,dataset,speaker,emotion,fold\n".to_owned();
    let talk = babble(13.0);
    for clip in 0..8 {
        // Another stretch of the talk for each, two bytes a sample.
        let stretch = |clip: usize| {
            let samples = 17_600 * clip..17_600 * clip + 24_000 + 2_600 * clip;
            PLAIN.file(&talk[2 * samples.start..2 * samples.end])
        };
        let sound = match clip {
            3 => Vec::new(),
            5 => stretch(1),
            _ => stretch(clip),
        };
        if clip != 6 {
            std::fs::write(audio.join(format!("{clip}.wav")), sound).unwrap();
        }
        let (speaker, emotion) = (clip % 4, if clip % 3 == 0 { "calm" } else { "angry" });
        let fold = clip % 2;
        writeln!(table, "audio/{clip}.wav,ravdess,{speaker},{emotion},{fold}").unwrap();
    }
    std::fs::write(folder.join("acted/manifest.csv"), table).unwrap();
    std::fs::create_dir(folder.join("notes")).unwrap();
    std::fs::write(folder.join("notes/<img src=x onerror=alert(1)>.txt"), "read me").unwrap();
}

fn data(folder: &Path, arguments: &[&str]) -> Run {
    let mut all = vec!["data"];
    all.extend(arguments);
    limbic(folder, &all, b"")
}

#[test]
fn an_audit_tells_people_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    corpus(folder.path());
    let run = data(folder.path(), &["audit", "."]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(1), ""), "{}", run.stdout);
    insta::assert_snapshot!(run.stdout);
}

#[test]
fn an_audit_writes_events_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    corpus(folder.path());
    let run = data(folder.path(), &["audit", "acted", "--tensorboard", "events"]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    let mut files = std::fs::read_dir(folder.path().join("events")).unwrap();
    let events = std::fs::read(files.next().unwrap().unwrap().path()).unwrap();
    let events = String::from_utf8_lossy(&events).into_owned();
    for tag in ["ravdess/clips", "ravdess/findings/missing", "ravdess/classes/"] {
        assert!(events.contains(tag), "{tag}");
    }
}

#[test]
fn an_audit_as_json_has_every_item() {
    let folder = tempfile::tempdir().unwrap();
    corpus(folder.path());
    let run = data(folder.path(), &["audit", "acted", "--json", "-o", "audit.json"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""), "{}", run.stderr);
    let text = std::fs::read_to_string(folder.path().join("audit.json")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    let audit = &json["corpora"][0];
    assert_eq!((&audit["corpus"], &audit["clips"]), (&"ravdess".into(), &8.into()));
    let faults = audit["findings"].as_array().unwrap();
    let faults: Vec<_> = faults.iter().map(|found| found["fault"].as_str().unwrap()).collect();
    assert_eq!(faults, ["missing", "empty", "duplicate", "class-count"]);
    assert_eq!(audit["findings"][2]["items"][0]["name"], "audio/5.wav");
    assert_eq!(audit["findings"][2]["items"][0]["note"], "the same as audio/1.wav");
}

#[test]
fn an_audit_as_a_page_is_whole_and_takes_names_for_text() {
    let folder = tempfile::tempdir().unwrap();
    corpus(folder.path());
    let run = data(folder.path(), &["audit", ".", "--html", "audit.html", "--quiet"]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    let page = std::fs::read_to_string(folder.path().join("audit.html")).unwrap();
    assert!(page.contains("&lt;img src=x onerror=alert(1)&gt;.txt"), "{page}");
    for banned in ["<img", "<script", "http://", "https://", "src=\"", "<link"] {
        assert!(!page.contains(banned), "{banned}");
    }
    assert!(page.contains("<summary class=\"bad\">1 missing</summary>"), "{page}");
}

#[test]
fn a_clean_corpus_ends_with_code_zero() {
    let folder = tempfile::tempdir().unwrap();
    corpus(folder.path());
    let manifest = folder.path().join("acted/manifest.csv");
    let table = std::fs::read_to_string(&manifest).unwrap();
    let kept = table.lines().filter(|l| !l.contains("/3.wav") && !l.contains("/6.wav"));
    std::fs::write(&manifest, kept.collect::<Vec<_>>().join("\n")).unwrap();
    let run = data(folder.path(), &["audit", "acted"]);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("every clip can be read"), "{}", run.stdout);
}

#[test]
fn a_split_that_shares_nothing_passes_and_one_that_does_ends_with_code_three() {
    let folder = tempfile::tempdir().unwrap();
    corpus(folder.path());
    let run = data(folder.path(), &["check-split", "acted", "--quick"]);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    // Clip 5 is clip 1 once more, by another actor, of the same fold; in fold 0 it would leak.
    let manifest = folder.path().join("acted/manifest.csv");
    let table = std::fs::read_to_string(&manifest).unwrap();
    std::fs::write(&manifest, table.replace("5.wav,ravdess,1,angry,1", "5.wav,ravdess,9,angry,0"))
        .unwrap();
    assert_eq!(data(folder.path(), &["check-split", "acted", "--quick"]).code, Some(0));
    let run = data(folder.path(), &["check-split", "acted", "--fold", "0"]);
    assert_eq!(run.code, Some(3), "{}{}", run.stdout, run.stderr);
    insta::assert_snapshot!(run.stdout);
    let run = data(folder.path(), &["check-split", "acted", "--fold", "0", "--json"]);
    let json = run.json();
    assert_eq!((run.code, &json["leak"]), (Some(3), &true.into()));
    assert_eq!(json["rounds"][0]["overlaps"][0]["tie"], "same-bytes");
    assert_eq!((&json["absent_files"], &json["compared_files"]), (&1.into(), &6.into()));
}

#[test]
fn a_split_is_written_checked_and_refused_once_it_is_changed() {
    let folder = tempfile::tempdir().unwrap();
    corpus(folder.path());
    let make = ["split", "acted", "--folds", "2", "--seed", "3", "-o", "split.jsonl"];
    let run = data(folder.path(), &make);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(
        run.stderr
            .starts_with("fold 0: 4 clips of 2 speakers\nfold 1: 4 clips of 2 speakers\nhash ")
    );
    let check = ["check-split", "acted", "--quick", "--split", "split.jsonl"];
    assert_eq!(data(folder.path(), &check).code, Some(0));
    let path = folder.path().join("split.jsonl");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replacen("\"place\":1", "\"place\":0", 1)).unwrap();
    let run = data(folder.path(), &check);
    assert_eq!(run.code, Some(1));
    assert!(
        run.stderr.contains("split.jsonl: has been changed since it was made"),
        "{}",
        run.stderr
    );
}

#[test]
fn what_is_no_corpus_is_refused_with_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    corpus(folder.path());
    for (arguments, part) in [
        (&["audit", "nowhere"][..], "nowhere: cannot be found"),
        (&["audit", "notes"], "notes: holds no recordings, films or pictures"),
        (&["check-split", "notes"], "holds no recordings"),
        (&["check-split", "acted", "--fold", "7"], "has no fold 7"),
        (&["check-split", "acted", "--group", "x=y"], "no clip has x=y"),
        (&["split", "acted", "--folds", "9"], "make no 9 folds"),
        (&["card", "iemocap99"], "there is no corpus `iemocap99`"),
    ] {
        let run = data(folder.path(), arguments);
        assert_eq!(run.code, Some(1), "{arguments:?} {}", run.stdout);
        assert!(run.stderr.contains(part), "{arguments:?} {}", run.stderr);
        assert_eq!(run.stderr.matches('\n').count(), 1, "{}", run.stderr);
    }
}

#[test]
fn cards_are_shown_with_their_traps_and_labels() {
    let run = data(&repository("."), &["card", "ravdess"]);
    assert_eq!(run.code, Some(0));
    insta::assert_snapshot!(run.stdout);
    let list = data(&repository("."), &["list"]);
    assert_eq!(list.code, Some(0));
    assert!(list.stdout.contains("ravdess") && list.stdout.contains("mosi"), "{}", list.stdout);
}

/// EmoBox publishes training and test clips as one list each; RAVDESS by subject, TESS not.
#[test]
fn two_lists_are_compared_as_lists_of_one_corpus() {
    let Some(folds) = shared("data/folds/emobox") else { return };
    for (corpus, code) in [("tess", 3), ("ravdess", 0)] {
        let list = |part: &str| format!("{corpus}/fold_1/{corpus}_{part}_fold_1.jsonl");
        let run = data(&folds, &["check-split", &list("train"), &list("test")]);
        assert_eq!(run.code, Some(code), "{corpus} {} {}", run.stdout, run.stderr);
        assert!(run.stdout.contains("not there and could only be"), "{}", run.stdout);
    }
}

#[test]
fn published_splits_that_leak_are_refused_and_those_by_subject_pass() {
    let Some(root) = shared("data") else { return };
    for (arguments, code, part) in [
        (&["check-split", "text/meld"][..], 3, "33 speakers are on both sides"),
        (&["check-split", "mosi", "--group", "cmu_split=test"], 3, "learned from their labels"),
        (&["check-split", "mosi"], 0, "nothing"),
        (&["check-split", "ravdess", "--quick"], 0, "nothing"),
        (&["check-split", "folds/emobox/cremad/fold_1"], 3, "91 speakers are on both sides"),
        (&["check-split", "folds/emobox/emodb/fold_1"], 3, "10 speakers are on both sides"),
        (&["check-split", "folds/emobox/tess/fold_1"], 3, "2 speakers are on both sides"),
        (&["check-split", "folds/emobox/ravdess/fold_1"], 0, "nothing"),
    ] {
        let run = data(&root, arguments);
        assert_eq!(run.code, Some(code), "{arguments:?} {} {}", run.stdout, run.stderr);
        let said = run.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains(part), "{arguments:?} {}", run.stdout);
    }
}
