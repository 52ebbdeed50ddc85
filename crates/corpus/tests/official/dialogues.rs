//! IEMOCAP and MSP-IMPROV on small trees as published.

use std::path::Path;

use limbic_corpus::{Label, Media, Objectivity, detect, open};

use crate::shared::touch;

fn write(root: &Path, name: &str, text: &str) {
    std::fs::write(touch(root, name), text).unwrap();
}

fn refused(name: &str, root: &Path) -> String {
    open(name, root).unwrap().examples().unwrap_err().to_string()
}

const EVALUATION: &str = "% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\n\n\
[6.2901 - 8.2357]\tSes01F_impro01_F000\tneu\t[2.5000, 2.0000, 3.0000]\n\
C-E2:\tNeutral;\t()\nC-E3:\tNeutral; Anger;\t()\nC-E4:\tOther;\t(bored)\nC-F1:\tFrustration;\t()\n\
A-E3:\tval 3; act 2; dom  2;\t()\nA-F1:\tval 3; act 2; dom  1;\t()\n\n\
[8.5000 - 9.0000]\tSes01F_impro01_M000\texc\t[4.5000, 5.5000, 3.0000]\nC-E2:\tExcited;\t()\n\n\
[9.5000 - 9.9000]\tSes01F_impro01_M001\txxx\t[3.0000, 3.0000, 3.0000]\nC-E2:\tSurprise;\t()\n";

#[test]
fn turns_of_iemocap_keep_majority_votes_and_self_reports_apart() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("iemocap");
    write(&root, "Session1/dialog/EmoEvaluation/Ses01F_impro01.txt", EVALUATION);
    write(&root, "Session1/dialog/EmoEvaluation/Categorical/Ses01F_impro01_e1_cat.txt", "no turns");
    let words = "Ses01F_impro01_F000 [006.2901-008.2357]: Excuse me.\nM: [LAUGHTER]\n";
    write(&root, "Session1/dialog/transcriptions/Ses01F_impro01.txt", words);
    let last = "[1.0 - 2.0]\tSes05M_script01_1b_M000\tsad\t[1.0, 1.0, 1.0]\n";
    write(&root, "Session5/dialog/EmoEvaluation/Ses05M_script01_1b.txt", last);
    let corpus = detect(&root).unwrap().unwrap();
    let targets: Vec<_> = corpus.card().labels.iter().map(|map| map.target).collect();
    let seen = Objectivity::Perceived;
    assert_eq!(targets, [seen, seen, seen, Objectivity::SelfReported, seen]);
    let examples = corpus.examples().unwrap();
    let [first, excited, none, sad] = &examples[..] else { panic!("{examples:?}") };

    let class =
        |set: usize, name: &str| Some(Label::Class(corpus.card().labels[set].index(name).unwrap()));
    let votes = |votes: [u8; 9]| Some(Label::Votes(votes.map(f32::from).to_vec()));
    assert_eq!(first.labels[..2], [class(0, "neutral"), class(1, "neutral")]);
    assert_eq!(first.labels[2], votes([1 + 1, 0, 0, 1, 0, 0, 0, 0, 0]));
    assert_eq!(first.labels[3], votes([0, 0, 0, 0, 0, 0, 0, 0, 1]));
    assert_eq!(first.labels[4], Some(Label::Rating(vec![-0.25, -0.5, 0.0])));
    assert_eq!(excited.labels[..2], [class(0, "excitement"), class(1, "happiness")]);
    assert_eq!(excited.labels[4], Some(Label::Rating(vec![0.75, 1.0, 0.0])));
    assert_eq!(none.labels[..2], [None, None]);
    assert_eq!(none.labels[2], votes([0, 0, 0, 0, 0, 0, 1, 0, 0]));

    let wav = "Session1/sentences/wav/Ses01F_impro01/Ses01F_impro01_F000.wav";
    assert_eq!(first.media, [Media::Audio(root.join(wav)), Media::Text("Excuse me.".into())]);
    assert_eq!(excited.media.len(), 1);
    let speakers: Vec<_> = examples.iter().map(|turn| turn.speaker.as_deref().unwrap()).collect();
    assert_eq!(speakers, ["Ses01F", "Ses01M", "Ses01M", "Ses05M"]);
    assert_eq!(first.dialogue.as_deref(), Some("Ses01F_impro01"));
    assert_eq!(sad.dialogue.as_deref(), Some("Ses05M_script01_1b"));
    assert_eq!((first.fold, sad.fold), (Some(0), Some(4)));
    assert_eq!(sad.groups["kind"], "scripted");
}

#[test]
fn an_evaluation_of_iemocap_that_makes_no_sense_is_refused_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let name = "iemocap/Session1/dialog/EmoEvaluation/Ses01F_impro01.txt";
    for (from, to, wanted) in [
        ("\tneu\t", "\tnue\t", "line 3: `nue` is not in labels/iemocap.toml"),
        ("\tneu\t", "\t", "line 3: 3 columns, not 4"),
        ("3.0000]\nC-E2:\tNeu", "NaN]\nC-E2:\tNeu", "line 3: three ratings"),
        ("Ses01F_impro01_F000", "impro01_F000", "line 3: `impro01_F000` is not named like"),
        ("% [", "C-E2:\tNeutral;\n% [", "line 1: a rater before the first turn"),
    ] {
        assert!(EVALUATION.contains(from));
        write(folder.path(), name, &EVALUATION.replacen(from, to, 1));
        let error = refused("iemocap", folder.path());
        assert!(error.contains("Ses01F_impro01.txt: ") && error.contains(wanted), "{error}");
    }
    write(folder.path(), name, "\n");
    assert!(refused("iemocap", folder.path()).contains("has no turns"));
}

const ANSWERS: &str = "UTD-IMPROV-S01A-F01-S-FM01.avi; N; A:2.500000; V:3.000000; D:5.000000 ; N:4.300000;\n\
R1_1; Neutral; Neutral,; A:2; V:3; D:5; N:4;\nR1_2; Angry; Frustrated,; A:3; V:3; D:5; N:5;\n\
R1_2; Angry; Frustrated,; A:3; V:3; D:5; N:5;\nR1_3; Other; Concerned,; A:3; V:3; D:5; N:5;\n\n\
UTD-IMPROV-S01A-M01-R-MM01.avi; X; A:NaN; V:NaN; D:NaN ; N:NaN;\n";

#[test]
fn turns_of_msp_improv_have_their_speaker_and_scene() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("msp_improv");
    let recording = touch(&root, "session1/S01A/S/MSP-IMPROV-S01A-F01-S-FM01.wav");
    let film = touch(&root, "session1/S01A/S/UTD-IMPROV-S01A-F01-S-FM01.avi");
    touch(&root, "session1/S01A/R/MSP-IMPROV-S01A-M01-R-MM01.wav");
    touch(&root, "session1/S01A/P/MSP-IMPROV-S01A-M01-P-MF01.wav");
    write(&root, "Evalution.txt", ANSWERS);
    let corpus = detect(&root).unwrap().unwrap();
    assert_eq!(corpus.card().name, "msp_improv");
    let examples = corpus.examples().unwrap();
    let [spoken, unrated, read] = &examples[..] else { panic!("{examples:?}") };
    assert_eq!(spoken.media, [Media::Audio(recording), Media::Film(film)]);
    let neutral = corpus.card().labels[0].index("neutral").unwrap();
    assert_eq!(spoken.labels[0], Some(Label::Class(neutral)));
    assert_eq!(spoken.labels[1], Some(Label::Votes(vec![1.0, 0.0, 1.0, 0.0])));
    assert_eq!(spoken.labels[2], Some(Label::Rating(vec![0.0, -0.25, 1.0])));
    assert_eq!((spoken.speaker.as_deref(), read.speaker.as_deref()), (Some("F01"), Some("M01")));
    assert_eq!((spoken.dialogue.as_deref(), read.dialogue.as_deref()), (Some("01-S01A"), None));
    assert_eq!(
        (&read.labels[..], &unrated.labels[..]),
        (&[None, None, None][..], &[None, None, None][..])
    );

    for (from, to, wanted) in [
        ("; X;", "; Q;", "line 7: `Q` is none of"),
        ("V:3.000000", "V:three", "line 1: no number after `V:`"),
        ("V:3.000000", "V:9.0", "line 1: ratings go from 1 to 5"),
        (
            "S01A-M01-R-MM01",
            "S01A-F01-S-FM01",
            "line 7: `MSP-IMPROV-S01A-F01-S-FM01` for the second",
        ),
        (
            "UTD-IMPROV-S01A-M01",
            "UTD-IMPROV-M01",
            "line 7: `UTD-IMPROV-M01-R-MM01.avi` is not named",
        ),
        ("UTD-IMPROV-S01A-F01", "UTD", "line 1: a rater before"),
    ] {
        assert!(ANSWERS.contains(from));
        write(&root, "Evalution.txt", &ANSWERS.replacen(from, to, 1));
        let error = refused("msp_improv", folder.path());
        assert!(error.contains("Evalution.txt: ") && error.contains(wanted), "{error}");
    }
}
