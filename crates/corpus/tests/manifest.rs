//! Manifests in every format become the same clips; hostile ones end in one sentence.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::{Path, PathBuf};

use limbic_corpus::{
    Corpus, Error, Example, Label, LabelKind, ManifestOptions, Media, Objectivity, Part, Scale,
    manifest,
};

fn write(folder: &Path, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, bytes).unwrap();
    path
}

fn open(path: &Path) -> Box<dyn Corpus> {
    manifest(path, &ManifestOptions::default()).unwrap()
}

fn examples(path: &Path) -> Vec<Example> {
    open(path).examples().unwrap()
}

fn refusal_with(path: &Path, options: &ManifestOptions) -> String {
    let error: Error = match manifest(path, options) {
        Ok(corpus) => corpus.examples().unwrap_err(),
        Err(error) => error,
    };
    let message = error.to_string();
    assert!(!message.contains('\n') && message.len() < 500, "one sentence: {message}");
    message
}

fn refusal(path: &Path) -> String {
    refusal_with(path, &ManifestOptions::default())
}

const CSV: &str = "\
ID,Path,Text,start,end,Speaker,dialogue,split,fold,emotion,labels,votes,valence,arousal,dominance,gender,pitch
a,a.wav,\"Well, then\",0.5,2,anna,d1,train,1,Joy,\"[\"\"joy\"\",\"\"awe\"\"]\",\"{\"\"joy\"\":3,\"\"awe\"\":1}\",0.5,-1,0,f,120
b,b.mp4,,,,ben,d1,valid,fold_2,awe,awe|joy,,,,,m,95.5
c,c.png,Hm,,,anna,d2,test,3,,,,1,1,1,f,
";

const JSON: &str = r#"{"id":"a","path":"a.wav","text":"Well, then","start":0.5,"end":2,"speaker":"anna","dialogue":"d1","split":"train","fold":1,"emotion":"Joy","labels":["joy","awe"],"votes":{"joy":3,"awe":1},"valence":0.5,"arousal":-1,"dominance":0,"gender":"f","pitch":120}
{"id":"b","path":"b.mp4","speaker":"ben","dialogue":"d1","split":"valid","fold":"fold_2","emotion":"awe","labels":"awe|joy","gender":"m","pitch":95.5}

{"id":"c","path":"c.png","text":"Hm","speaker":"anna","dialogue":"d2","split":"test","fold":3,"emotion":null,"valence":1,"arousal":1,"dominance":1,"gender":"f"}
"#;

#[test]
fn a_row_says_all_that_a_clip_can_be() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), "mine.csv", CSV);
    let corpus = open(&path);
    let clips = corpus.examples().unwrap();
    let card = corpus.card();
    let sets: Vec<_> = card.labels.iter().map(|map| (map.name.as_str(), map.kind)).collect();
    let kinds = [LabelKind::Class, LabelKind::Class, LabelKind::Multi, LabelKind::Rating];
    let names = ["mine", "mine_votes", "mine_labels", "mine_ratings"];
    assert_eq!(sets, names.into_iter().zip(kinds).collect::<Vec<_>>());
    let classes = [("awe".to_owned(), String::new()), ("joy".to_owned(), "happiness".to_owned())];
    assert_eq!(card.labels[0].classes, classes);
    assert_eq!(card.labels[0].target, Objectivity::Unstated);
    assert!(card.traps.iter().any(|trap| trap.contains("whose judgement")), "{:?}", card.traps);
    assert!(card.traps.iter().any(|trap| trap.contains("`awe`")), "{:?}", card.traps);
    let [a, b, c] = clips.as_slice() else { panic!("three clips") };
    let audio = Media::Audio(folder.path().join("a.wav"));
    assert_eq!(a.media, [audio, Media::Text("Well, then".to_owned())]);
    assert_eq!((a.span.unwrap().start, a.span.unwrap().end), (0.5, 2.0));
    assert_eq!((a.source.as_deref(), b.source.as_deref()), (Some("a.wav"), None));
    assert_eq!(
        a.labels,
        [
            Some(Label::Class(1)),
            Some(Label::Votes(vec![1.0, 3.0])),
            Some(Label::Multi(vec![0, 1])),
            Some(Label::Rating(vec![0.5, -1.0, 0.0])),
        ]
    );
    assert_eq!(b.labels, [Some(Label::Class(0)), None, Some(Label::Multi(vec![0, 1])), None]);
    assert_eq!(c.labels, [None, None, None, Some(Label::Rating(vec![1.0; 3]))]);
    assert_eq!([a, b, c].map(|clip| clip.part), [Part::Train, Part::Dev, Part::Valid]);
    assert_eq!([a, b, c].map(|clip| clip.fold), [Some(1), Some(2), Some(3)]);
    assert_eq!((b.speaker.as_deref(), c.dialogue.as_deref()), (Some("ben"), Some("d2")));
    let groups: Vec<_> = b.groups.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    assert_eq!(groups, [("gender", "m")], "numbers and known columns are no groups");
}

#[test]
fn every_format_says_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let csv = examples(&write(folder.path(), "mine.csv", CSV));
    assert_eq!(examples(&write(folder.path(), "mine.jsonl", JSON)), csv);
    assert_eq!(examples(&write(folder.path(), "mine.ndjson", JSON)), csv);
    let semicolons = "id;path;emotion\na;a.wav;joy\n";
    let tabs = "id\tpath\temotion\na\ta.wav\tjoy\n";
    let one =
        examples(&write(folder.path(), "x.csv", "\u{feff}id,path,emotion\r\na,a.wav,joy\r\n"));
    assert_eq!(one[0].id, "a");
    assert_eq!(examples(&write(folder.path(), "x.csv", semicolons)), one);
    assert_eq!(examples(&write(folder.path(), "x.tsv", tabs)), one);
}

/// A table of the columns `wav`, `labels` (a list), `votes` (a map) and `valence`.
fn parquet(path: &Path, packed: bool) {
    use parquet::basic::Compression;
    use parquet::data_type::{ByteArray, ByteArrayType, DoubleType};
    use parquet::file::properties::WriterProperties;
    use parquet::file::writer::SerializedFileWriter;
    let schema = "message m {
        required binary wav (utf8);
        optional group labels (list) { repeated group list { required binary item (utf8); } }
        optional group votes (map) {
            repeated group key_value { required binary key (utf8); optional double value; }
        }
        optional double valence;
        required group vector (list) { repeated group list { required double item; } }
    }";
    let schema = parquet::schema::parser::parse_message_type(schema).unwrap();
    let codec = if packed { Compression::SNAPPY } else { Compression::UNCOMPRESSED };
    let properties = WriterProperties::builder().set_compression(codec).build();
    let file = std::fs::File::create(path).unwrap();
    let mut writer =
        SerializedFileWriter::new(file, schema.into(), std::sync::Arc::new(properties)).unwrap();
    let mut rows = writer.next_row_group().unwrap();
    let text = |words: &[&str]| -> Vec<ByteArray> {
        words.iter().map(|word| ByteArray::from(*word)).collect()
    };
    let mut words = |words: &[&str], given: Option<&[i16]>, again: Option<&[i16]>| {
        let mut column = rows.next_column().unwrap().unwrap();
        column.typed::<ByteArrayType>().write_batch(&text(words), given, again).unwrap();
        column.close().unwrap();
    };
    words(&["a.wav", "b.wav"], None, None);
    words(&["joy", "fear"], Some(&[2, 2, 0]), Some(&[0, 1, 0]));
    words(&["joy", "fear"], Some(&[2, 2, 0]), Some(&[0, 1, 0]));
    let mut numbers = |numbers: &[f64], given: Option<&[i16]>, again: Option<&[i16]>| {
        let mut column = rows.next_column().unwrap().unwrap();
        column.typed::<DoubleType>().write_batch(numbers, given, again).unwrap();
        column.close().unwrap();
    };
    numbers(&[3.0, 1.0], Some(&[3, 3, 0]), Some(&[0, 1, 0]));
    numbers(&[0.25], Some(&[0, 1]), None);
    numbers(&[1.0, 2.0], Some(&[1, 1]), Some(&[0, 0]));
    rows.close().unwrap();
    writer.close().unwrap();
}

#[test]
fn parquet_tables_have_lists_and_maps() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.parquet");
    parquet(&path, false);
    let clips = examples(&path);
    assert_eq!(clips[0].media, [Media::Audio(folder.path().join("a.wav"))]);
    let (votes, several) = (Label::Votes(vec![1.0, 3.0]), Label::Multi(vec![0, 1]));
    assert_eq!(clips[0].labels, [Some(votes), Some(several), None]);
    assert_eq!(clips[1].labels, [None, None, Some(Label::Rating(vec![0.25]))]);
    parquet(&path, true);
    assert_eq!(examples(&path), clips, "as pandas writes it");
    parquet(&path, false);
    let whole = std::fs::read(&path).unwrap();
    for end in 0..whole.len() {
        let cut = write(folder.path(), "cut.parquet", &whole[..end]);
        assert!(refusal(&cut).contains("cut.parquet"));
    }
    for byte in 0..whole.len() {
        let mut odd = whole.clone();
        odd[byte] ^= 0x55;
        let odd = write(folder.path(), "odd.parquet", odd);
        // Some bytes are text; the others must end in an error and no panic.
        drop(manifest(&odd, &ManifestOptions::default()).map(|corpus| corpus.examples().is_ok()));
    }
}

#[test]
fn without_a_test_part_the_valid_one_is_scored_on() {
    let folder = tempfile::tempdir().unwrap();
    let parts = |rows: &str| -> Vec<Part> {
        let path = write(folder.path(), "x.csv", format!("text,split\n{rows}"));
        examples(&path).into_iter().map(|clip| clip.part).collect()
    };
    assert_eq!(parts("a,train\nb,Val\n"), [Part::Train, Part::Valid]);
    assert_eq!(parts("a,train\nb,Val\nc,TEST\n"), [Part::Train, Part::Dev, Part::Valid]);
}

#[test]
fn options_name_root_target_scale_and_labels() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), "a/x.csv", "wav,emotion,valence\n../b/x.wav,Happy,5\n");
    assert!(refusal(&path).contains("line 2: `../b/x.wav` lies outside of"));
    let options = ManifestOptions {
        root: Some(folder.path().join("a")),
        labels: Some("ravdess".into()),
        scale: Scale::Nine,
        ..ManifestOptions::default()
    };
    assert!(refusal_with(&path, &options).contains("as `root`"));
    let path = write(folder.path(), "a/x.csv", "wav,emotion,valence\nb/x.wav,Happy,5\n");
    let options = ManifestOptions { root: Some(folder.path().to_owned()), ..options };
    let corpus = manifest(&path, &options).unwrap();
    let clip = corpus.examples().unwrap().remove(0);
    assert_eq!(clip.media, [Media::Audio(folder.path().join("b/x.wav"))]);
    assert_eq!(clip.labels, [Some(Label::Class(2)), Some(Label::Rating(vec![0.0]))]);
    assert_eq!(corpus.card().labels[0].name, "ravdess");
    assert_eq!(corpus.card().labels[0].target, Objectivity::Intended);
    let other = ManifestOptions { target: Some(Objectivity::Perceived), ..options.clone() };
    assert!(refusal_with(&path, &other).contains("its target is intended"));
    let own = ManifestOptions { labels: None, ..other };
    assert_eq!(manifest(&path, &own).unwrap().card().labels[0].target, Objectivity::Perceived);
    let path = write(folder.path(), "a/x.csv", "text,emotion\nx,meh\n");
    assert!(refusal_with(&path, &ManifestOptions { root: None, ..options }).contains("`meh`"));
}

#[test]
fn a_label_file_may_be_a_users_own_and_of_any_kind() {
    let folder = tempfile::tempdir().unwrap();
    let with = |labels: PathBuf| ManifestOptions {
        labels: Some(labels),
        scale: Scale::Three,
        ..ManifestOptions::default()
    };
    let path = write(folder.path(), "x.csv", "text,labels,sentiment\nx,joy;anger,1.5\n");
    let rated = manifest(&path, &with("mosi_sentiment".into())).unwrap().examples().unwrap();
    assert_eq!(rated[0].labels, [Some(Label::Rating(vec![0.5]))]);
    let multi = manifest(&path, &with("goemotions".into())).unwrap().examples().unwrap();
    assert_eq!(multi[0].labels, [Some(Label::Multi(vec![2, 17]))]);
    assert!(refusal_with(&path, &with("meld".into())).contains("line 2: 2 labels, but `meld`"));
    let own =
        "name='own'\nkind='class'\ntarget='intended'\nsource='me'\nclasses=[['Joy','happiness']]";
    let own = write(folder.path(), "own.toml", own);
    let path = write(folder.path(), "x.csv", "text,labels\nx,joy\n");
    let clip = manifest(&path, &with(own)).unwrap().examples().unwrap().remove(0);
    assert_eq!(clip.labels, [Some(Label::Class(0))]);
}

#[test]
fn what_is_wrong_is_told_with_its_line_and_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let table = |name: &str, bytes: &[u8], expected: &[&str]| {
        let message = refusal(&write(folder.path(), name, bytes));
        for part in [name].iter().chain(expected) {
            assert!(message.contains(part), "{name}: `{message}` lacks `{part}`");
        }
    };
    table("empty.csv", b"", &["is empty"]);
    table("empty.jsonl", b"", &["is empty"]);
    table("empty.parquet", b"", &["is empty"]);
    table("blank.jsonl", b"\n\n", &["has no rows"]);
    table("header.csv", b"id,text\n", &["has no rows"]);
    table("binary.csv", b"PK\x03\x04\0\0\0", &["is binary"]);
    table("utf16.csv", b"\xff\xfei\0d\0", &["is UTF-16; save it as UTF-8"]);
    table("latin.csv", b"id,text\na,x\nb,caf\xe9\n", &["line 3", "not UTF-8"]);
    table("ragged.csv", b"id,text\na,x\nb,x,y\n", &["line 3: 3 cells where the header has 2"]);
    table("twice.csv", b"id,Text,text\na,x,y\n", &["two columns are called `text`"]);
    table("same.csv", b"id,text\na,x\nb,y\na,z\n", &["line 4: `a` is already in line 2"]);
    table("nan.csv", b"text,valence\nx,NaN\n", &["line 2: `NaN` under `valence`"]);
    table("range.csv", b"text,valence\nx,4\n", &["line 2: 4 under", "-1..1", "`scale`", "1..5"]);
    table("some.csv", b"text,valence,arousal\nx,1,\ny,1,1\n", &["line 2", "all or none"]);
    table("span.csv", b"text,start,end\nx,2,2\n", &["line 2: it starts at 2 s"]);
    table("half.csv", b"text,start,end\nx,2,\n", &["line 2: only one of start and end"]);
    table("nanspan.csv", b"text,start,end\nx,NaN,1\n", &["line 2: the start `NaN`"]);
    table("minus.csv", b"text,start,end\nx,-1,1\n", &["line 2: the start `-1`"]);
    table("part.csv", b"text,split\nx,some\n", &["line 2: `some` is no part"]);
    table("fold.csv", b"text,fold\nx,-1\n", &["line 2: `-1` is no number of a fold"]);
    table("nothing.csv", b"id,emotion\na,joy\n", &["line 2: neither a file nor a text"]);
    table("kind.csv", b"path\na.doc\n", &["line 2: the ending of `a.doc`"]);
    table("two.csv", b"audio,path\na.wav,b.wav\n", &["line 2: `b.wav` is a second file"]);
    table("web.csv", b"wav\nhttps://x.org/a.wav\n", &["line 2", "is an address; download"]);
    table("json.jsonl", b"{\"text\":\"x\"}\n{oops}\n", &["line 2: is no JSON object"]);
    table("list.jsonl", b"[1,2]\n", &["line 1: is no JSON object"]);
    table("deep.jsonl", &b"[".repeat(100_000), &["line 1: is no JSON object"]);
    table("votes.csv", b"text,votes\nx,\"{\"\"joy\"\":-1}\"\n", &["line 2: the vote `-1`"]);
    table("object.jsonl", b"{\"text\":\"x\",\"labels\":{\"joy\":1}}\n", &["line 1", "`votes`"]);
    table("repr.csv", b"text,labels\nx,\"['joy']\"\n", &["line 2", "no JSON list"]);
    table("x.doc", b"x", &["is no manifest; give .csv"]);
    table("broken.parquet", b"PAR1 this is none PAR1", &["no sound Parquet file"]);
    let many = (0..1001).fold(String::new(), |text, row| text + &format!("x,class{row}\n"));
    table("many.csv", format!("text,emotion\n{many}").as_bytes(), &["more than 1000 classes"]);
    assert!(refusal(&folder.path().join("absent.csv")).contains("absent.csv"));
}

#[cfg(unix)]
#[test]
fn nothing_outside_of_the_root_is_reached_by_words_or_links() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("in");
    write(folder.path(), "out/secret.wav", "");
    write(&inside, "real/a.wav", "");
    std::os::unix::fs::symlink(folder.path().join("out"), inside.join("door")).unwrap();
    let secret = folder.path().join("out/secret.wav");
    std::os::unix::fs::symlink(&secret, inside.join("link.wav")).unwrap();
    std::os::unix::fs::symlink(inside.join("real/a.wav"), inside.join("fine.wav")).unwrap();
    let try_path = |cell: &str| {
        let path = write(&inside, "x.csv", format!("id,wav\na,real/a.wav\nb,{cell}\n"));
        manifest(&path, &ManifestOptions::default()).unwrap().examples()
    };
    let absolute = secret.display().to_string();
    let odd = ["../out/secret.wav", "real/../../out/secret.wav", "door/secret.wav", "link.wav"];
    for cell in odd.into_iter().chain([absolute.as_str(), "/etc/passwd", "door/../out/secret.wav"])
    {
        let message = try_path(cell).unwrap_err().to_string();
        assert!(message.contains("line 3") && message.contains("`root`"), "{cell}: {message}");
    }
    let own = inside.join("real/a.wav").display().to_string();
    for cell in ["fine.wav", "real/../real/a.wav", "./real/a.wav", "not/there.wav", &own] {
        assert_eq!(try_path(cell).unwrap().len(), 2, "{cell}");
    }
    let message = refusal(&{
        std::fs::remove_file(inside.join("x.csv")).unwrap();
        inside.clone()
    });
    assert!(message.contains("link.wav: is a link that leaves the folder"), "{message}");
}

#[test]
fn a_folder_of_media_has_its_subfolders_as_classes() {
    let folder = tempfile::tempdir().unwrap();
    for file in ["x/happy/1.wav", "x/Angry/2.mp4", "x/angry/deep/3.png", "x/4.wav", "x/.5.wav"] {
        write(folder.path(), file, "");
    }
    write(folder.path(), "x/read me.txt", "");
    let corpus = open(&folder.path().join("x"));
    let map = &corpus.card().labels[0];
    assert_eq!((map.name.as_str(), map.classes.len()), ("x", 2));
    assert_eq!(map.classes[1], ("happy".to_owned(), "happiness".to_owned()));
    let clips = corpus.examples().unwrap();
    let found: Vec<_> =
        clips.iter().map(|clip| (clip.id.as_str(), clip.labels[0].clone())).collect();
    assert_eq!(
        found,
        [
            ("4.wav", None),
            ("Angry/2.mp4", Some(Label::Class(0))),
            ("angry/deep/3.png", Some(Label::Class(0))),
            ("happy/1.wav", Some(Label::Class(1))),
        ]
    );
    for file in ["y/train/sad/1.wav", "y/val/sad/2.wav", "y/test/fear/3.wav"] {
        write(folder.path(), file, "");
    }
    let corpus = open(&folder.path().join("y"));
    assert_eq!(corpus.card().labels[0].classes.len(), 2, "parts are no classes");
    let clips = corpus.examples().unwrap();
    let parts: Vec<_> = clips.iter().map(|clip| (clip.part, clip.labels[0].clone())).collect();
    let (fear, sad) = (Some(Label::Class(0)), Some(Label::Class(1)));
    assert_eq!(parts, [(Part::Valid, fear), (Part::Train, sad.clone()), (Part::Dev, sad)]);
    write(folder.path(), "z/1.wav", "");
    let corpus = open(&folder.path().join("z"));
    assert!(corpus.card().labels.is_empty() && corpus.examples().unwrap()[0].labels.is_empty());
    write(folder.path(), "z/manifest.jsonl", "{\"wav\":\"1.wav\",\"emotion\":\"joy\"}\n");
    assert_eq!(examples(&folder.path().join("z"))[0].labels, [Some(Label::Class(0))]);
    std::fs::create_dir(folder.path().join("none")).unwrap();
    assert!(refusal(&folder.path().join("none")).contains("holds no recordings"));
}
