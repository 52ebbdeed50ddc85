//! Published lists of clips: EmoBox's folds and VAVL's partitions, the real ones where the shared
//! data are there.

use std::collections::HashSet;
use std::path::Path;

use limbic_corpus::{Corpus, Example, Label, Media, Objectivity, Part, detect, open_file};

use crate::shared::{class, counts, shared};

fn opened(path: &Path) -> Box<dyn Corpus> {
    open_file(path).unwrap().unwrap_or_else(|| panic!("{} looks like no list", path.display()))
}

fn refused(path: &Path) -> String {
    match open_file(path) {
        Err(error) => error.to_string(),
        Ok(None) => panic!("{} looks like no list", path.display()),
        Ok(Some(corpus)) => corpus.examples().unwrap_err().to_string(),
    }
}

fn speakers(examples: &[Example], part: Part) -> HashSet<&str> {
    let of_part = examples.iter().filter(|example| example.part == part);
    of_part.map(|example| example.speaker.as_deref().unwrap()).collect()
}

fn shared_speakers(examples: &[Example]) -> usize {
    let train = speakers(examples, Part::Train);
    speakers(examples, Part::Valid).intersection(&train).count()
}

#[test]
fn emobox_folds_name_their_speakers_and_hold_the_published_classes() {
    let Some(folds) = shared("folds/emobox") else { return };
    for (name, clips, both) in
        [("cremad", 7442, 91), ("emodb", 535, 10), ("tess", 2800, 2), ("ravdess", 1440, 0)]
    {
        let corpus = detect(&folds.join(name).join("fold_1")).unwrap().unwrap();
        let examples = corpus.examples().unwrap();
        assert_eq!(examples.len(), clips, "{name}");
        assert_eq!(shared_speakers(&examples), both, "{name}");
        assert_eq!(counts(corpus.card(), &examples), corpus.card().counts, "{name}");
        assert_eq!(corpus.card().target(), Some(Objectivity::Intended), "{name}");
    }
    let test = opened(&folds.join("cremad/fold_1/cremad_test_fold_1.jsonl"));
    let examples = test.examples().unwrap();
    assert_eq!(examples.len(), 1856);
    assert!(examples.iter().all(|example| example.part == Part::Valid));
}

#[test]
fn vavl_partitions_share_no_speaker_and_carry_votes() {
    let Some(folds) = shared("folds/vavl") else { return };
    for (file, dev, test) in
        [("cremad_label_consensus_1.csv", 878, 899), ("cremad_label_consensus_2.csv", 881, 915)]
    {
        let corpus = opened(&folds.join(file));
        let examples = corpus.examples().unwrap();
        let of = |part| examples.iter().filter(|example| example.part == part).count();
        assert_eq!((examples.len(), of(Part::Dev), of(Part::Valid)), (5820, dev, test));
        assert_eq!(shared_speakers(&examples), 0);
        assert!(speakers(&examples, Part::Dev).is_disjoint(&speakers(&examples, Part::Train)));
        assert_eq!(corpus.card().target(), Some(Objectivity::Perceived));
        let Some(Label::Votes(votes)) = &examples[0].labels[0] else { panic!("no votes") };
        assert!((votes.iter().sum::<f32>() - 1.0).abs() < 1e-3);
    }
}

const LINE: &str = r#"{"key": "ravdess-03-01-05-01-02-01-18", "dataset": "ravdess", "wav": "downloads/ravdess/Actor_18/03-01-05-01-02-01-18.wav", "type": "raw", "length": 3.57, "emo": "Angry", "channel": 1}"#;

#[test]
fn a_list_of_emobox_finds_its_recordings_above_itself() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("data/ravdess/fold_1")).unwrap();
    std::fs::create_dir(folder.path().join("downloads")).unwrap();
    let path = folder.path().join("data/ravdess/fold_1/ravdess_train_fold_1.jsonl");
    std::fs::write(&path, format!("{LINE}\n")).unwrap();
    let corpus = opened(&path);
    let example = corpus.examples().unwrap().remove(0);
    let wav = folder.path().join("downloads/ravdess/Actor_18/03-01-05-01-02-01-18.wav");
    assert_eq!(example.media, [Media::Audio(wav)]);
    assert_eq!(example.speaker.as_deref(), Some("18"));
    assert_eq!(example.source.as_deref(), Some("01-05-01-02-01-18"));
    assert_eq!(example.part, Part::Train);
    let angry = corpus.card().labels[0].index("angry").unwrap();
    assert_eq!(example.labels, [Some(Label::Class(angry))]);
}

#[test]
fn lists_that_cannot_be_right_are_refused_with_their_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ravdess_test_fold_1.jsonl");
    for (from, to, wanted) in [
        ("", "", "line 2: `ravdess-03-01-05-01-02-01-18` for the second time"),
        ("key\": \"ravdess", "key\": \"other", ""),
        ("Angry", "Bored", "line 2: `Bored` is not in labels/ravdess.toml"),
        ("03-01-05-01-02-01-18.wav", "03-01-95-01-02-01-18.wav", "is not named like"),
        ("downloads/", "downloads/../../", "leads out of the folder"),
        ("downloads/", "/downloads/", "leads out of the folder"),
        ("\"dataset\": \"ravdess\"", "\"dataset\": \"tess\"", "`tess` among ravdess"),
        ("\"emo\": \"Angry\", ", "", "missing field `emo`"),
    ] {
        let second = match (from, wanted) {
            ("", _) => LINE.to_owned(),
            _ => LINE.replace("\"key\": \"ravdess", "\"key\": \"other").replace(from, to),
        };
        std::fs::write(&path, format!("{LINE}\n{second}\n")).unwrap();
        if wanted.is_empty() {
            assert_eq!(opened(&path).examples().unwrap().len(), 2);
            continue;
        }
        let error = refused(&path);
        assert!(error.contains(wanted) && error.contains("ravdess_test_fold_1.jsonl"), "{error}");
    }
    std::fs::write(&path, LINE.replace("\"ravdess\"", "\"m3ed\"")).unwrap();
    let error = refused(&path);
    assert!(error.contains("`m3ed`") && error.contains("manifest"), "{error}");
}

#[test]
fn a_partition_of_vavl_with_a_foreign_row_is_refused_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cremad_label_consensus_1.csv");
    let head = "FileName,angry,sad,disgust,fear,neutral,happy,SpkrID,Gender,Split_Set";
    let row = "1026_IEO_ANG_HI.wav,0.856,0.01,0.01,0.104,0.01,0.01,1026,Male,Train";
    std::fs::write(&path, format!("{head}\n{row}\n")).unwrap();
    let examples = opened(&path).examples().unwrap();
    assert_eq!(
        examples[0].labels,
        [Some(Label::Votes(vec![0.856, 0.01, 0.104, 0.01, 0.01, 0.01]))]
    );
    for (from, to, wanted) in [
        ("1026,Male", "1027,Male", "is not of speaker `1027`"),
        ("Train", "Training", "`Training` is not a part"),
        ("0.856", "NaN", "votes are shares"),
        ("1026_IEO", "1026-IEO", "not named like a clip of CREMA-D"),
    ] {
        std::fs::write(&path, format!("{head}\n{row}\n{}\n", row.replace(from, to))).unwrap();
        let error = refused(&path);
        assert!(error.contains("line 3: ") && error.contains(wanted), "{error}");
    }
}

#[test]
fn iemocap_in_emobox_has_four_classes_with_excitement_as_happiness() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("iemocap_train_fold_1.jsonl");
    let line = |turn: &str, emo: &str| {
        let wav = format!("downloads/iemocap/Session1/sentences/wav/Ses01F_impro01/{turn}.wav");
        format!(
            "{{\"key\": \"{turn}\", \"dataset\": \"iemocap\", \"wav\": \"{wav}\", \"emo\": \"{emo}\"}}\n"
        )
    };
    let lines = [line("Ses01F_impro01_F000", "exc"), line("Ses01F_impro01_M000", "ang")];
    std::fs::write(&path, lines.concat()).unwrap();
    let corpus = opened(&path);
    assert_eq!(corpus.card().target(), Some(Objectivity::Perceived));
    let examples = corpus.examples().unwrap();
    let classes: Vec<_> = examples.iter().map(|example| class(corpus.card(), example)).collect();
    assert_eq!(classes, ["happiness", "anger"]);
    assert_eq!(examples[1].speaker.as_deref(), Some("Ses01M"));
    assert_eq!(examples[1].dialogue.as_deref(), Some("Ses01F_impro01"));
    std::fs::write(&path, line("Ses01F_impro01_F000", "fru")).unwrap();
    assert!(refused(&path).contains("line 1: `fru` is not in labels/iemocap4.toml"));
}

#[test]
fn other_files_look_like_no_list() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.jsonl");
    std::fs::write(&path, "{\"text\": \"a\"}\n").unwrap();
    assert!(open_file(&path).unwrap().is_none());
    assert!(detect(folder.path()).unwrap().is_none());
    assert!(detect(&path).unwrap().is_none());
    let error = open_file(&folder.path().join("absent.csv")).err().unwrap().to_string();
    assert!(error.contains("absent.csv"), "{error}");
}
