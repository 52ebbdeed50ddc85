//! A recipe that cannot be trained stops before its first step, or at it, with one sentence that
//! names the key and the way out; nothing is written.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::program::{Run, limbic};

pub(crate) const RECIPE: &str = r#"
about = "small"
[data]
corpora = ["mosi"]
split = "official"
[model]
width = 4
encoder.audio = { features = "mosi-audio@1", input = { kind = "series", size = 2 }, body = { kind = "mlp", layers = 1, dropout = 0.0 } }
[[stage]]
name = "train"
epochs = 2
batch = 8
optimizer = { kind = "sgd", lr = 0.01 }
objective.labels = {}
"#;

pub(crate) fn npy(path: &Path, rows: &[Vec<f32>]) {
    let shape = format!("({}, {})", rows.len(), rows[0].len());
    let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(rows.iter().flatten().flat_map(|x| x.to_le_bytes()));
    fs::write(path, bytes).unwrap();
}

/// 24 utterances of 6 films in the layout of CMU-MOSI, with `odd` as the first number of one.
pub(crate) fn corpus(data: &Path, odd: f32) {
    let folder = data.join("mosi");
    fs::create_dir_all(&folder).unwrap();
    let mut table =
        "row\tbclstm_split\tid\tvideo\tseg\tlabel_binary\tsentiment\tcmu_split\ttranscript\n"
            .to_owned();
    let mut rows = Vec::new();
    for i in 0..24 {
        let (split, film, class) = (if i < 16 { "train" } else { "test" }, i / 4, i % 2);
        writeln!(table, "{i}\t{split}\tf{film}_{i}\tf{film}\t{i}\t{class}\t1.5\ttrain\tA FILM")
            .unwrap();
        rows.push(vec![
            if i == 3 { odd } else { class as f32 },
            (i * 7 % 5) as f32 + i as f32 / 100.0,
        ]);
    }
    fs::write(folder.join("manifest.tsv"), table).unwrap();
    for file in ["text", "audio", "video"] {
        npy(&folder.join(format!("{file}.npy")), &rows);
    }
}

/// Word vectors of these words.
fn vectors(data: &Path, words: &[&str]) {
    let folder = data.join("wordvec");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("word2vec_gnews300_words.txt"), words.join("\n") + "\n").unwrap();
    let rows: Vec<Vec<f32>> = (0..words.len()).map(|i| vec![i as f32, 1.0, 0.5]).collect();
    npy(&folder.join("word2vec_gnews300_f16.npy"), &rows);
}

pub(crate) fn train(folder: &Path, recipe: &str, more: &[&str]) -> Run {
    fs::write(folder.join("recipe.toml"), recipe).unwrap();
    let mut all = vec!["train", "recipe.toml", "--data", "data", "-o", "model.safetensors", "-q"];
    all.extend(more);
    limbic(folder, &all, b"")
}

/// The run stops with one message that holds these words, after as many epochs; nothing is left.
#[track_caller]
fn stopped(folder: &Path, run: &Run, words: &[&str]) {
    let Run { code, stdout, stderr } = run;
    assert_eq!(*code, Some(1), "{stderr}");
    assert!(stderr.starts_with("error: ") && !stderr.contains("panicked"), "{stderr}");
    assert_eq!(stderr.matches("error: ").count(), 1, "{stderr}");
    for word in words {
        assert!(stderr.contains(word), "`{word}` is not in: {stderr}");
    }
    assert!(!stdout.contains("\"epoch\""), "{stdout}");
    assert!(!folder.join("model.safetensors").exists());
}

#[track_caller]
fn refused(from: &str, to: &str, words: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    corpus(&folder.path().join("data"), 0.0);
    assert!(RECIPE.contains(from), "{from}");
    let run = train(folder.path(), &RECIPE.replace(from, to), &[]);
    stopped(folder.path(), &run, words);
}

#[test]
fn the_recipe_itself_is_good() {
    let folder = tempfile::tempdir().unwrap();
    corpus(&folder.path().join("data"), 0.0);
    let run = train(folder.path(), RECIPE, &[]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(folder.path().join("model.safetensors").is_file());
    assert_eq!(run.stdout.matches("\"epoch\"").count(), 4, "{}", run.stdout);
}

#[test]
fn an_unknown_key_is_named_with_those_there_are() {
    refused("epochs = 2", "epoch = 2", &["recipe.toml", "`epoch`", "`epochs`"]);
    refused("width = 4", "width = 4\nwidht = 4", &["`widht`", "`width`"]);
    refused("dropout = 0.0", "dropout = 0.0, layer = 1", &["`layer`", "`layers`"]);
    refused("labels = {}", "label = {}", &["`label`", "`labels`"]);
    refused("kind = \"sgd\"", "kind = \"sdg\"", &["`sdg`", "`sgd`"]);
}

#[test]
fn an_impossible_size_is_named_with_what_is_possible() {
    refused("width = 4", "width = 0", &["`model.width`", "between 1 and"]);
    refused("size = 2", "size = 3", &["`model.encoder.audio.input.size`", "is 3", "have 2"]);
    refused(
        "kind = \"mlp\", layers = 1",
        "kind = \"tcn\", channels = 0",
        &["`model.encoder.audio.body.channels`", "write at least 1"],
    );
    refused("dropout = 0.0", "dropout = 1.0", &["model.encoder.audio.body.dropout", "[0, 1)"]);
    refused("batch = 8", "batch = 0", &["stage.train", "at least 1"]);
    refused("lr = 0.01", "lr = 0.0", &["`stage.train.optimizer.lr`", "positive"]);
}

#[test]
fn a_missing_modality_is_named_with_the_way_out() {
    let sees = "steps = [{ name = \"one\", learns = [\"audio\"], sees = [\"vision\"], objective.labels = {} }]";
    refused(
        "objective.labels = {}",
        sees,
        &["`stage.train.steps.one.sees`", "no vision encoder", "add it to [model]"],
    );
    let fusion = "width = 4\nfusion = { kind = \"concat\" }";
    refused("width = 4", fusion, &["`model.fusion`", "needs two modalities; add an encoder"]);
    let vision = RECIPE.lines().find(|line| line.starts_with("encoder.audio")).unwrap();
    let vision = vision.replace("encoder.audio", "encoder.vision");
    let face = vision.replace("mosi-audio@1", "action-units@1");
    refused(
        "[[stage]]",
        &format!("{face}\n[[stage]]"),
        &["`model.encoder.vision.features`", "no clip of mosi", "take the encoder out"],
    );
    refused(
        "mosi-audio@1",
        "mosi-video@1",
        &["`model.encoder.audio.features`", "`mosi-video@1`", "use ", "mosi-audio@1"],
    );
}

#[test]
fn a_label_that_is_absent_from_the_tables_is_named() {
    let worded = RECIPE.replace("width = 4", "width = 4\nhead.words = { size = 3 }");
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    corpus(&data, 0.0);
    let run = train(folder.path(), &worded, &[]);
    stopped(folder.path(), &run, &["`model.head.words`", "word vectors", "wordvec", "--data"]);
    let known = [
        "neutral",
        "calm",
        "happiness",
        "sadness",
        "anger",
        "fear",
        "disgust",
        "surprise",
        "positive",
        "sentiment",
    ];
    vectors(&data, &known);
    let run = train(folder.path(), &worded, &[]);
    stopped(folder.path(), &run, &["`model.head.words`", "class `negative`", "rename it"]);
    let all: Vec<&str> = known.into_iter().chain(["negative"]).collect();
    vectors(&data, &all);
    let run = train(folder.path(), &worded.replace("size = 3", "size = 4"), &[]);
    stopped(folder.path(), &run, &["`model.head.words.size`", "3"]);
    assert_eq!(train(folder.path(), &worded, &[]).code, Some(0), "the control");

    refused(
        "split = \"official\"",
        "split = \"official\"\nhold-out = [\"boredom\"]",
        &["`data.hold-out`", "`boredom`"],
    );
}

#[test]
fn a_loss_that_is_no_number_stops_at_its_step() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    corpus(&data, f32::NAN);
    let run = train(folder.path(), RECIPE, &[]);
    stopped(
        folder.path(),
        &run,
        &["`model.encoder.audio.features`", "NaN", "step `train` of stage `train`", "mend"],
    );
    corpus(&data, 0.0);
    let run = train(folder.path(), RECIPE, &["--set", "stage.0.optimizer.lr=1e30"]);
    let words = ["epoch 0", "batch 1", "lower `stage.train.optimizer.lr`", "`stage.train.clip`"];
    stopped(folder.path(), &run, &words);
}

#[test]
fn what_a_stage_watches_has_to_be_there() {
    let until =
        |score: &str| format!("epochs = 2\nuntil = {{ score = \"{score}\", patience = 1 }}");
    // CMU-MOSI as it is read here has no part for validation.
    refused("epochs = 2", &until("loss"), &["`stage.train`", "validation", "remove `until`"]);
}

#[test]
fn an_override_of_what_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    corpus(&folder.path().join("data"), 0.0);
    for (change, words) in [
        ("stage.4.epochs=1", ["--set stage.4.epochs=1", "the recipe has no"]),
        ("model.widht=4", ["`widht`", "`width`"]),
        ("stage", ["--set stage", "write key=value"]),
        ("model.width=wide", ["width", "wide"]),
    ] {
        let run = train(folder.path(), RECIPE, &["--set", change]);
        stopped(folder.path(), &run, &words);
    }
}
