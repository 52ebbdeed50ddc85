//! Corpora with several modalities, from small trees in their official layout to scores.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fmt::Write as _;
use std::path::Path;

use limbic_media::Modality::{Audio, Text, Vision};
use limbic_model::Recipe;
use limbic_train::probe::{Probe, ridge_classes};
use limbic_train::{Dataset, Fit, Label, Part, Value, fit, outcomes, score, vectors};

/// A recipe with encoders `(modality, features, size)`.
fn recipe(corpus: &str, data: &str, encoders: &[(&str, &str, usize)]) -> Recipe {
    let mut text = format!(
        "about = 'small'\nseed = 3\n[data]\ncorpora = ['{corpus}']\n{data}\n[model]\nwidth = 8\n"
    );
    for (modality, features, size) in encoders {
        writeln!(
            text,
            "encoder.{modality} = {{ features = '{features}', input = {{ kind = 'series', \
             size = {size} }}, body = {{ kind = 'mlp', layers = 1, dropout = 0.0 }} }}"
        )
        .unwrap();
    }
    text.push_str(
        "[[stage]]\nname = 'train'\nepochs = 20\nbatch = 8\n\
         optimizer = { kind = 'adamw', lr = 0.02 }\nobjective.labels = {}",
    );
    Recipe::parse("small", &text).unwrap()
}

fn load(recipe: &Recipe, root: &Path) -> limbic_train::Result<Dataset> {
    Dataset::load(recipe, root, None, &mut |_, _| {})
}

fn npy(path: &Path, rows: &[Vec<f32>]) {
    let shape = format!("({}, {})", rows.len(), rows[0].len());
    let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(rows.iter().flatten().flat_map(|x| x.to_le_bytes()));
    std::fs::write(path, bytes).unwrap();
}

/// 40 utterances of 10 films: the first number of each vector tells the sentiment.
fn mosi(root: &Path) {
    let folder = root.join("mosi");
    std::fs::create_dir(&folder).unwrap();
    let mut table =
        "row\tbclstm_split\tid\tvideo\tseg\tlabel_binary\tsentiment\tcmu_split\ttranscript\n"
            .to_owned();
    let mut rows = Vec::new();
    for i in 0..40 {
        let (split, class) = (if i < 24 { "train" } else { "test" }, i % 2);
        let sentiment = if class == 1 { 1.5 } else { -3.0 };
        let film = i / 4;
        writeln!(
            table,
            "{i}\t{split}\tf{film}_{i}\tf{film}\t{i}\t{class}\t{sentiment}\ttrain\tA \"FILM\""
        )
        .unwrap();
        // No two clips are alike, or they would be copies.
        rows.push(vec![class as f32, (i * 7 % 5) as f32 + i as f32 / 100.0]);
    }
    std::fs::write(folder.join("manifest.tsv"), table).unwrap();
    for file in ["text", "audio", "video"] {
        npy(&folder.join(format!("{file}.npy")), &rows);
    }
}

const MOSI: [(&str, &str, usize); 3] =
    [("text", "mosi-text@1", 2), ("audio", "mosi-audio@1", 2), ("vision", "mosi-video@1", 2)];

#[test]
fn mosi_is_read_trained_on_and_scored_for_every_choice_of_modalities() {
    let folder = tempfile::tempdir().unwrap();
    mosi(folder.path());
    let recipe = recipe("mosi", "split = 'official'\nunpaired = 0.5", &MOSI);
    let dataset = load(&recipe, folder.path()).unwrap();
    assert_eq!((dataset.items.len(), dataset.skipped.len()), (40, 0));
    let item = &dataset.items[1];
    assert_eq!(item.values.get(Vision), Some(&Value::Vectors(vec![vec![1.0, 2.01]])));
    let labels = [Some(Label::Class(1)), Some(Label::Rating(vec![0.5]))];
    assert_eq!((&item.labels[..], item.shared, item.part), (&labels[..], None, Part::Train));
    let (train, test) = dataset.parts(&recipe.data, None);
    assert_eq!((train.len(), test.len()), (24, 16));
    let seen = dataset.arranged(&recipe.data, recipe.seed, &train);
    assert_eq!(train.iter().filter(|i| seen.items[**i].values.len() == 1).count(), 12);
    let run = Fit {
        recipe: &recipe,
        dataset: &seen,
        train: &train,
        valid: &[],
        word_vectors: None,
        state: None,
        keep_every: 0,
    };
    let model = fit(&run, &mut |_| {}).unwrap();
    let outcomes = outcomes(&model, &dataset, &test, &dataset.subsets()).unwrap();
    let scores = score(&dataset, &outcomes, &std::collections::BTreeMap::new());
    let names: Vec<&str> = scores.iter().map(|s| s.inputs.as_str()).step_by(2).collect();
    let all = [
        "text",
        "audio",
        "vision",
        "text+audio",
        "text+vision",
        "audio+vision",
        "text+audio+vision",
    ];
    assert_eq!(names, all);
    for scores in scores.iter().step_by(2) {
        assert_eq!((scores.labels.as_str(), scores.clips), ("mosi", 16));
        assert!(scores.metrics["uar"] > 0.9, "{scores:?}");
        let [low, high] = scores.intervals["uar"];
        assert!(low <= scores.metrics["uar"] && scores.metrics["uar"] <= high, "{scores:?}");
    }
    let seen = vectors(&model, &dataset, &test, &[Text, Vision]).unwrap();
    assert_eq!((seen.len(), seen[0].0, seen[0].1.len()), (16, 24, 16));
}

#[test]
fn a_score_of_a_subset_does_not_hang_on_the_other_modalities() {
    let folder = tempfile::tempdir().unwrap();
    mosi(folder.path());
    let recipe = recipe("mosi", "split = 'official'", &MOSI);
    let mut dataset = load(&recipe, folder.path()).unwrap();
    let model = recipe.model.init(&dataset.sets(), &burn::tensor::Device::flex());
    let logits = |dataset: &Dataset, subset: &[_]| {
        let all: Vec<usize> = (0..40).collect();
        let outcomes = outcomes(&model, dataset, &all, &[subset.to_vec()]).unwrap();
        outcomes.into_iter().map(|o| (o.item, o.logits)).collect::<Vec<_>>()
    };
    let (alone, both) = (logits(&dataset, &[Audio]), logits(&dataset, &[Audio, Vision]));
    assert_ne!(alone, both);
    for item in &mut dataset.items[..10] {
        item.values.remove(Vision);
    }
    for item in &mut dataset.items[10..] {
        item.values.remove(Text);
    }
    assert_eq!(logits(&dataset, &[Audio]), alone);
    // A clip without one of the modalities is not scored for both.
    assert_eq!(logits(&dataset, &[Audio, Vision]), both[10..]);
}

#[test]
fn a_held_out_class_is_never_the_answer_of_a_model_without_its_row() {
    let folder = tempfile::tempdir().unwrap();
    mosi(folder.path());
    let recipe = recipe("mosi", "split = 'official'\nhold-out = ['negative']", &MOSI[..1]);
    let dataset = load(&recipe, folder.path()).unwrap();
    let (train, test) = dataset.parts(&recipe.data, None);
    let seen = dataset.arranged(&recipe.data, recipe.seed, &train);
    let model = recipe.model.init(&seen.sets(), &burn::tensor::Device::flex());
    for outcome in outcomes(&model, &dataset, &test, &dataset.subsets()).unwrap() {
        let [negative, positive] = outcome.logits[0][..] else { panic!("two classes") };
        assert!(negative == f32::NEG_INFINITY && positive.is_finite());
    }
}

#[test]
fn recipes_that_ask_for_what_the_corpus_does_not_have_name_the_key() {
    let folder = tempfile::tempdir().unwrap();
    mosi(folder.path());
    let refused = |encoders: &[(&str, &str, usize)], key: &str, word: &str| {
        let error = load(&recipe("mosi", "split = 'official'", encoders), folder.path());
        let error = error.unwrap_err().to_string();
        assert!(error.contains(key) && error.contains(word), "{error}");
    };
    refused(&[("audio", "mosi-audio@1", 3)], "model.encoder.audio.input.size", "2");
    refused(&[MOSI[0], ("vision", "action-units@1", 35)], "encoder.vision.features", "mosi");
    npy(&folder.path().join("mosi/text.npy"), &[vec![0.0, 1.0]]);
    refused(&MOSI[..1], "text.npy", "1 rows");
}

#[test]
fn ravdess_has_voice_and_face_under_one_id() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("ravdess");
    std::fs::create_dir_all(root.join("face")).unwrap();
    let manifest = "path,speaker,emotion,fold\naudio/a.flac,01,calm,4\naudio/b.flac,02,angry,0\n";
    std::fs::write(root.join("manifest.csv"), manifest).unwrap();
    let units: Vec<String> = (0..35).map(|unit| format!("AU{unit:02}")).collect();
    let values: Vec<String> = (0..35).map(|value| format!("0.{value}")).collect();
    let mut face = format!("audio_stem,speaker,{},speech_flag\n", units.join(","));
    writeln!(face, "b,02,{},0.5", values.join(",")).unwrap();
    let path = root.join("face/openface_au_mean.csv");
    std::fs::write(&path, &face).unwrap();
    // The recordings do not exist, so the first clip has nothing and the second its face.
    let encoders = [("audio", "descriptors@1", 648), ("vision", "action-units@1", 35)];
    let data = "split = 'leave-speakers-out'";
    let dataset = load(&recipe("ravdess", data, &encoders[1..]), folder.path()).unwrap();
    assert_eq!((dataset.items.len(), dataset.skipped.len()), (1, 1));
    assert!(dataset.skipped[0].contains("audio/a.flac: holds nothing of vision"));
    let Some(Value::Vectors(rows)) = dataset.items[0].values.get(Vision) else { panic!("no face") };
    assert_eq!((rows[0].len(), rows[0][34]), (35, 0.34));
    assert_eq!(dataset.items[0].fold, Some(0));
    let error = load(&recipe("ravdess", data, &encoders), folder.path()).unwrap_err().to_string();
    assert!(error.contains("model.encoder.audio.features"), "{error}");
    std::fs::write(&path, face.replace("AU34", "speech")).unwrap();
    let error = load(&recipe("ravdess", data, &encoders[1..]), folder.path()).unwrap_err();
    assert!(error.to_string().contains("line 2: 34 action units"), "{error}");
}

/// The share of the test part of CMU-MOSI that a ridge on the published vectors answers right.
fn ridge_accuracy(
    dataset: &Dataset,
    recipe: &Recipe,
    modalities: &[limbic_media::Modality],
) -> f64 {
    let (train, test) = dataset.parts(&recipe.data, None);
    let row = |index: &usize| -> Vec<f32> {
        let values = modalities.iter().map(|m| dataset.items[*index].values.get(*m).unwrap());
        let parts = values.map(|value| match value {
            Value::Vectors(rows) => rows[0].clone(),
            other => panic!("no vector but {other:?}"),
        });
        parts.flatten().collect()
    };
    let class = |index: &usize| match &dataset.items[*index].labels[0] {
        Some(Label::Class(class)) => *class,
        other => panic!("no class but {other:?}"),
    };
    let rows: Vec<Vec<f32>> = train.iter().map(row).collect();
    let labels: Vec<usize> = train.iter().map(class).collect();
    let seen: Vec<&[f32]> = rows.iter().map(Vec::as_slice).collect();
    let probe: Probe = ridge_classes(&seen, &labels, 2, 1e4);
    let right = test.iter().filter(|i| probe.class(&row(i)) == class(i)).count();
    right as f64 / test.len() as f64
}

#[test]
fn a_ridge_on_the_vectors_of_mosi_is_as_good_as_others_found() {
    let shared = std::env::var_os("LIMBIC_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        std::path::PathBuf::from,
    );
    let root = shared.join("data");
    if !root.join("mosi").is_dir() {
        use std::io::Write as _;
        let path = root.join("mosi");
        let thread = std::thread::current();
        let test = thread.name().unwrap_or("a test");
        let said = format!("skipped {test}: {} is not there; set LIMBIC_SHARED", path.display());
        // Past the test runner, which keeps what a passing test prints to itself.
        let _ = writeln!(std::io::stderr(), "{said}");
        return;
    }
    let encoders = [
        ("text", "mosi-text@1", 100),
        ("audio", "mosi-audio@1", 73),
        ("vision", "mosi-video@1", 100),
    ];
    let recipe = recipe("mosi", "split = 'official'", &encoders);
    let dataset = load(&recipe, &root).unwrap();
    let all = [Text, Audio, Vision];
    // What numpy's `linalg.solve` gives on the same standardised vectors.
    for (modalities, expected) in
        [(&all[..1], 0.759), (&all[1..2], 0.548), (&all[2..], 0.527), (&all[..], 0.765)]
    {
        let accuracy = ridge_accuracy(&dataset, &recipe, modalities);
        assert!((accuracy - expected).abs() < 2e-3, "{modalities:?}: {accuracy}");
    }
}
