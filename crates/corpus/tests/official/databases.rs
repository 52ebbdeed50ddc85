//! audformat databases and Kaldi's lists, made in each test.

use std::path::Path;

use limbic_corpus::{Label, LabelKind, Media, Objectivity, Part, detect, open_file};

use crate::shared::{class, touch};

fn write(root: &Path, name: &str, text: &str) {
    std::fs::write(touch(root, name), text).unwrap();
}

fn refused(path: &Path) -> String {
    match open_file(path) {
        Err(error) => error.to_string(),
        Ok(corpus) => corpus.unwrap().examples().unwrap_err().to_string(),
    }
}

const HEADER: &str = "\
name: emodb
source: http://emodb.bilderbar.info
usage: unrestricted
license: CC0-1.0
languages: [deu]
media:
  microphone: {type: audio, format: wav, channels: 1, sampling_rate: 16000}
raters:
  gold: {type: human}
schemes:
  confidence: {dtype: float, minimum: 0, maximum: 1}
  duration: {dtype: time}
  emotion:
    description: Six basic emotions and neutral.
    dtype: str
    labels: [anger, boredom, happiness]
  speaker:
    dtype: int
    labels:
      3: {gender: male, age: 31}
      8: {gender: female, age: 34}
splits:
  test: {type: test}
  train: {type: train}
tables:
  emotion:
    type: filewise
    columns:
      emotion: {scheme_id: emotion, rater_id: gold}
  emotion.categories.test.gold_standard:
    type: filewise
    split_id: test
    columns:
      emotion: {scheme_id: emotion, rater_id: gold}
      emotion.confidence: {scheme_id: confidence, rater_id: gold}
  emotion.categories.train.gold_standard:
    type: filewise
    split_id: train
    columns:
      emotion: {scheme_id: emotion, rater_id: gold}
  files:
    type: filewise
    columns:
      duration: {scheme_id: duration}
      speaker: {scheme_id: speaker}
";

fn emodb(root: &Path) {
    write(root, "db.yaml", HEADER);
    let head = "file,emotion,emotion.confidence\n";
    let test = "db.emotion.categories.test.gold_standard.csv";
    write(root, test, &format!("{head}wav/08a01Fd.wav,happiness,0.9\n"));
    let train = "db.emotion.categories.train.gold_standard.csv";
    write(
        root,
        train,
        "file,emotion\nwav/03a01Wa.wav,anger\nwav/03a01La.wav,boredom\nwav/03a02La.wav,\n",
    );
    write(root, "db.emotion.csv", "file,emotion\nwav/08a01Fd.wav,happiness\n");
    let files = "file,duration,speaker\nwav/08a01Fd.wav,0 days 00:00:02.1,8\nwav/03a01Wa.wav,0 days 00:00:01,3\n";
    write(root, "db.files.csv", files);
}

#[test]
fn a_database_has_its_splits_speakers_and_words() {
    let folder = tempfile::tempdir().unwrap();
    emodb(folder.path());
    let corpus = detect(folder.path()).unwrap().unwrap();
    let card = corpus.card();
    assert_eq!((card.name.as_str(), card.licence.as_str()), ("emodb", "CC0-1.0"));
    assert_eq!(card.target(), Some(Objectivity::Unstated));
    let counts = &card.labels[0].classes;
    assert_eq!(counts[0], ("anger".to_owned(), "anger".to_owned()));
    assert_eq!(counts[1], ("boredom".to_owned(), String::new()));
    assert!(card.traps.iter().any(|trap| trap.contains("other tables: emotion")), "{card:?}");
    let examples = corpus.examples().unwrap();
    let said: Vec<_> = examples
        .iter()
        .map(|example| (class(card, example), example.speaker.as_deref(), example.part))
        .collect();
    let wanted = [
        ("happiness", Some("8"), Part::Valid),
        ("anger", Some("3"), Part::Train),
        ("boredom", None, Part::Train),
        ("none", None, Part::Train),
    ];
    assert_eq!(said, wanted);
    assert_eq!(examples[1].media, [Media::Audio(folder.path().join("wav/03a01Wa.wav"))]);
    // One of its tables alone.
    let table = open_file(&folder.path().join("db.emotion.csv")).unwrap().unwrap();
    assert_eq!(table.examples().unwrap().len(), 1);
}

#[test]
fn stretches_ratings_and_several_raters_of_a_database_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let header = "name: talk\nschemes:\n  emotion: {dtype: str}\n  arousal: {dtype: float, minimum: 1, maximum: 5}\n\
tables:\n  segments:\n    type: segmented\n    columns:\n      r1: {scheme_id: emotion}\n      r2: {scheme_id: emotion}\n      arousal: {scheme_id: arousal}\n";
    write(folder.path(), "db.yaml", header);
    let rows = "file,start,end,r1,r2,arousal\na.mp4,0 days 00:00:00,0 days 00:00:01.5,angry,sad,4\na.mp4,0 days 00:00:02,0 days 00:00:03,sad,sad,\n";
    write(folder.path(), "db.segments.csv", rows);
    let corpus = open_file(&folder.path().join("db.yaml")).unwrap().unwrap();
    let kinds: Vec<_> = corpus.card().labels.iter().map(|map| map.kind).collect();
    assert_eq!(kinds, [LabelKind::Class, LabelKind::Rating]);
    let examples = corpus.examples().unwrap();
    assert_eq!(examples[0].id, "a.mp4#0-1.5");
    assert_eq!(examples[0].span.map(|span| (span.start, span.end)), Some((0.0, 1.5)));
    assert_eq!(examples[0].source.as_deref(), Some("a.mp4"));
    assert_eq!(examples[0].media, [Media::Film(folder.path().join("a.mp4"))]);
    let ratings = Some(Label::Rating(vec![0.5]));
    assert_eq!(examples[0].labels, [Some(Label::Votes(vec![1.0, 1.0])), ratings]);
    assert_eq!(examples[1].labels, [Some(Label::Votes(vec![0.0, 2.0])), None]);

    for (from, to, wanted) in [
        ("sad,4", "sad,6", "line 2: `arousal` goes from 1 to 5"),
        ("00:00:01.5", "later", "line 2: `0 days later` is no time"),
        ("00:00:03,", "00:00:01,", "line 3: the stretch ends before it starts"),
        ("a.mp4,0 days 00:00:02", "../a.mp4,0 days 00:00:02", "line 3: `../a.mp4` leads out"),
        ("file,start", "path,start", "there is no column `file`"),
    ] {
        assert!(rows.contains(from));
        write(folder.path(), "db.segments.csv", &rows.replacen(from, to, 1));
        let error = refused(&folder.path().join("db.yaml"));
        assert!(error.contains("db.segments.csv: ") && error.contains(wanted), "{error}");
    }
}

#[test]
fn a_header_that_cannot_be_read_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("db.yaml");
    // Each line ten times the one before: a gigabyte of words from a few hundred bytes.
    let level = |level: usize| {
        let last = format!("*a{}, ", level - 1).repeat(10);
        format!("a{level}: &a{level} [{last}]\n")
    };
    let first = std::iter::once("name: x\na0: &a0 [lol, lol]\n".to_owned());
    let bomb: String = first.chain((1..=30).map(level)).collect();
    for (text, wanted) in [
        ("name: [\n", "db.yaml: "),
        ("tables: {}\n", "db.yaml: line 1 column 1: missing field `name`"),
        ("name: empty\n", "no table has a column of the scheme `emotion`"),
        (&bomb, "db.yaml: "),
        (
            "name: x\ntables: {a/../../b: {columns: {e: {scheme_id: emotion}}}}\n",
            "`db.a/../../b.csv` leads out",
        ),
    ] {
        std::fs::write(&path, text).unwrap();
        let error = refused(&path);
        assert!(error.contains(wanted) && error.lines().count() == 1, "{error}");
    }
    emodb(folder.path());
    std::fs::remove_file(folder.path().join("db.files.csv")).unwrap();
    let error = refused(&path);
    assert!(error.contains("db.files.csv: is missing; save the tables"), "{error}");
}

#[test]
fn a_list_of_kaldi_has_what_lies_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write(root, "wav.scp", "a1 wav/a1.wav\na2 /data/a2.flac\n");
    let corpus = detect(root).unwrap().unwrap();
    assert!(corpus.card().labels.is_empty());
    assert!(corpus.examples().unwrap().iter().all(|example| example.labels.is_empty()));

    write(root, "utt2spk", "a1 anna\na2 anna\n");
    write(root, "text", "a1 good morning\n");
    write(root, "utt2emo", "a1 ang\na2 smug\n");
    let corpus = open_file(&root.join("wav.scp")).unwrap().unwrap();
    assert_eq!(corpus.card().labels[0].classes[0], ("ang".to_owned(), "anger".to_owned()));
    assert!(corpus.card().traps.contains(&"Counted as no emotion: smug".to_owned()));
    let examples = corpus.examples().unwrap();
    let media = [Media::Audio(root.join("wav/a1.wav")), Media::Text("good morning".into())];
    assert_eq!(examples[0].media, media);
    assert_eq!(examples[1].media, [Media::Audio("/data/a2.flac".into())]);
    assert_eq!(
        (class(corpus.card(), &examples[1]), examples[1].speaker.as_deref()),
        ("smug", Some("anna"))
    );

    write(root, "segments", "s1 a1 0.5 1.5\ns2 a1 2 3\n");
    let examples = open_file(&root.join("wav.scp")).unwrap().unwrap().examples().unwrap();
    assert_eq!(examples[1].span.map(|span| (span.start, span.end)), Some((2.0, 3.0)));
    assert_eq!((examples[1].id.as_str(), examples[1].source.as_deref()), ("s2", Some("a1")));

    for (file, text, wanted) in [
        ("segments", "s1 a1 3 2\n", "segments: line 1: name, recording, start and end"),
        ("segments", "s1 b1 0 2\n", "segments: line 1: `b1` is not in"),
        (
            "wav.scp",
            "a1 sph2pipe -f wav a1.sph |\n",
            "wav.scp: line 1: the recording is the output",
        ),
        ("wav.scp", "a1 ../a1.wav\n", "wav.scp: line 1: `../a1.wav` leads out"),
        ("wav.scp", "a1\n", "wav.scp: line 1: a name and a file"),
        ("wav.scp", "a1 a.wav\na1 b.wav\n", "wav.scp: line 2: `a1` for the second time"),
        ("utt2spk", "a1 anna\na1 bert\n", "utt2spk: line 2: `a1` for the second time"),
    ] {
        let before = std::fs::read_to_string(root.join(file)).unwrap();
        write(root, file, text);
        let error = refused(&root.join("wav.scp"));
        assert!(error.contains(wanted), "{error}");
        write(root, file, &before);
    }
}
