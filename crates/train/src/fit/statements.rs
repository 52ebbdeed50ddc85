//! What steps promise: each moves its parts and nothing else, to the last bit.

use std::collections::BTreeMap;

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use limbic_media::{Modality, PerModality};
use limbic_model::objective::PositiveWeights;
use limbic_model::{Batch, Input, LabelKind, LabelSet, Model, Recipe, Sequence, Target};

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::trainer::Trainer;
use crate::Error;

mod mpuc;
mod vavl;

const CLIPS: usize = 4;
const SIZE: usize = 6;

const HEAD: &str = r#"
    about = "small"
    [data]
    corpora = ["none"]
    split = "official"
    [model]
    width = 8
"#;

const VAVL: &str = r#"
    head.stack = { wide = 6, narrow = 4, dropout = 0.2 }
    reconstruction = { wide = 6, narrow = 4, dropout = 0.2 }
    fusion = { kind = "concat" }
    trunk = { kind = "shared", layers = 1, heads = 2, kernel = 3 }
    [model.encoder.audio]
    features = "voice@1"
    input = { kind = "series", size = 6 }
    body = { kind = "conformer", layers = 1, heads = 2, kernel = 3 }
    [model.encoder.vision]
    features = "face@1"
    input = { kind = "series", size = 6 }
    body = { kind = "conformer", layers = 1, heads = 2, kernel = 3 }
    [[stage]]
    name = "train"
    epochs = 1
    batch = 4
    optimizer = { kind = "adam", lr = 0.01, betas = [0.95, 0.999], weight_decay = 5e-7 }
"#;

const VISION: &str = r#"{ name = "vision", learns = ["vision", "trunk"], sees = ["vision"], objective = { labels = { shared = 0.0, hard = true }, predict = { weight = 2.0 } } },"#;
const AUDIO: &str = r#"{ name = "audio", learns = ["audio", "trunk"], sees = ["audio"], objective = { labels = { shared = 0.0, hard = true }, predict = { weight = 2.0 } } },"#;
const FUSION: &str = r#"{ name = "fusion", learns = ["joint"], views = "still", objective.labels = { on = "joint", detach = true, shared = 0.0, hard = true } },"#;

const MPUC: &str = r#"
    head.mlp = {}
    fusion = { kind = "concat" }
    projector = { hidden = 7, out = 5 }
    [model.encoder.audio]
    features = "voice@1"
    input = { kind = "series", size = 6 }
    body = { kind = "tcn", channels = 4, hidden = 5, repeats = 1, dilations = 2, dropout = 0.0 }
    [model.encoder.vision]
    features = "face@1"
    input = { kind = "series", size = 6 }
    body = { kind = "graph", nodes = 3, edges = [[0, 1], [1, 2]], steps = 7, blocks = 1, channels = 4, spatial = 2, dropout = 0.0 }
    [[stage]]
    name = "train"
    epochs = 1
    batch = 4
    optimizer = { kind = "sgd", lr = 0.1, momentum = 0.9, weight_decay = 0.001 }
"#;

const HEADS: &str = r#"{ name = "heads", learns = ["heads"], objective.labels = { detach = true, shared = 0.0 } },"#;
const ENCODERS: &str = r#"{ name = "encoders", learns = ["encoder", "projector"], views = "shared", objective.contrast = {} },"#;
const FUSED: &str = r#"{ name = "fused", learns = ["joint"], views = "shared", objective.labels = { on = "joint", detach = true, shared = 0.0 } },"#;

fn recipe(model: &str, steps: &[&str]) -> Recipe {
    Recipe::parse("small", &format!("{HEAD}{model}\nsteps = [{}]", steps.concat())).unwrap()
}

/// Fresh weights.
fn fresh(recipe: &Recipe) -> Model {
    let set = LabelSet {
        name: "set".to_owned(),
        kind: LabelKind::Class,
        classes: vec!["yes".to_owned(), "no".to_owned()],
        covered: vec![false; 8],
    };
    recipe.model.init(&[set], &Device::flex().autodiff())
}

/// Clips of some modalities; `turned` gives every clip the other label.
fn clips(modalities: &[Modality], turned: bool) -> Batch {
    some_clips(CLIPS, 13, modalities, turned)
}

/// As many clips, drawn with this seed.
fn some_clips(count: usize, seed: u64, modalities: &[Modality], turned: bool) -> Batch {
    let device = Device::flex().autodiff();
    // Not from the device's generator, which tests that run at once share.
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut look = || -> PerModality<Input> {
        let mut one = |m: Modality| {
            let numbers: Vec<f32> = (0..count * 7 * SIZE).map(|_| random.random()).collect();
            let x = Tensor::from_data(TensorData::new(numbers, [count, 7, SIZE]), &device);
            (m, Input::Series(Sequence { x, mask: Tensor::ones([count, 7], &device) }))
        };
        // All are drawn, so that leaving one out does not change the others.
        let all = [Modality::Audio, Modality::Vision, Modality::Text].map(&mut one);
        all.into_iter().filter(|(m, _)| modalities.contains(m)).collect()
    };
    let (inputs, second) = (look(), look());
    let rows: Vec<[f32; 2]> =
        (0..count).map(|i| if (i % 2 == 0) == turned { [0.0, 1.0] } else { [1.0, 0.0] }).collect();
    let labels = Tensor::<1>::from_data(rows.concat().as_slice(), &device).reshape([count, 2]);
    Batch {
        inputs,
        second: Some(second),
        targets: vec![("set".to_owned(), Target::Class(labels))],
        shared: None,
        taught: Vec::new(),
    }
}

/// The first look at the same clips, for a model in use.
fn in_use(batch: &Batch) -> PerModality<Input> {
    let inputs = batch.inputs.iter().map(|(m, input)| match input {
        Input::Series(Sequence { x, mask }) => {
            let (x, mask) = (x.clone().inner(), mask.clone().inner());
            (m, Input::Series(Sequence { x, mask }))
        }
        other => (m, other.clone()),
    });
    inputs.collect()
}

fn values(x: Tensor<2>) -> Vec<f32> {
    x.into_data().iter().collect()
}

const BOTH: [Modality; 2] = [Modality::Audio, Modality::Vision];

type Weights = BTreeMap<String, Vec<f32>>;

/// The weights before and after some batches.
fn trained(recipe: &Recipe, batches: &[Batch]) -> (Weights, Weights) {
    trained_from(&fresh(recipe), recipe, batches)
}

/// The weights before and after some batches, from those of `model` on, which stays as it is:
/// clones would share its running statistics.
fn trained_from(model: &Model, recipe: &Recipe, batches: &[Batch]) -> (Weights, Weights) {
    let positives = PositiveWeights::new();
    let model = fresh(recipe).with_weights(&model.weights());
    let mut trainer = Trainer::new(model, &recipe.stage[0], &positives);
    let before = trainer.model.weights();
    for batch in batches {
        trainer.batch(batch, recipe.stage[0].optimizer.lr()).unwrap();
    }
    (before, trainer.model.weights())
}

/// Asserts that exactly the weights that begin with one of `parts` moved: each part has one that
/// did.
#[track_caller]
fn moved(recipe: &Recipe, parts: &[&str]) {
    let (before, after) = trained(recipe, &[clips(&BOTH, false)]);
    for (path, old) in &before {
        let own = parts.iter().any(|part| path.starts_with(part));
        assert!(own || after[path] == *old, "{path} moved");
    }
    for part in parts {
        let mut own = before.iter().filter(|(path, _)| path.starts_with(part));
        assert!(own.any(|(path, old)| after[path] != *old), "nothing of {part} moved");
    }
    for path in before.keys().filter(|path| path.contains("running_")) {
        let own = parts.iter().any(|part| path.starts_with(part));
        assert_eq!(own, after[path] != before[path], "{path}");
    }
}

const MTEE: &str = r#"
    head.words = { size = 8 }
    fusion = { kind = "late" }
    [model.encoder.audio]
    features = "voice@1"
    input = { kind = "series", size = 6 }
    body = { kind = "recurrent", bidirectional = true, read = "final-states" }
    [model.encoder.vision]
    features = "face@1"
    input = { kind = "series", size = 6 }
    body = { kind = "recurrent", cell = "gru" }
    width = 5
    [[stage]]
    name = "train"
    epochs = 1
    batch = 4
    optimizer = { kind = "adam", lr = 0.01 }
    clip = 1.0
    objective.labels = { on = "joint" }
"#;

#[test]
fn mtee_m2_the_table_of_words_is_the_same_after_training() {
    let recipe = Recipe::parse("small", &format!("{HEAD}{MTEE}")).unwrap();
    let rows: Vec<Vec<f32>> =
        (0..10).map(|i| (0..8).map(|j| ((i * 7 + j * 3) % 5) as f32 - 2.0).collect()).collect();
    let positives = PositiveWeights::new();
    let model = fresh(&recipe).with_class_vectors(&rows).unwrap();
    let mut trainer = Trainer::new(model, &recipe.stage[0], &positives);
    let before = trainer.model.weights();
    assert_eq!(before["words.table"], rows.concat());
    for _ in 0..3 {
        let taken = trainer.batch(&clips(&BOTH, false), 0.01).unwrap();
        assert!(taken[0].is_some());
    }
    let after = trainer.model.weights();
    assert_eq!(after["words.table"], before["words.table"]);
    for (path, old) in &before {
        let learns = !path.contains(".entry.") && path != "words.table";
        assert_eq!(after[path] != *old, learns, "{path}");
    }
}

#[test]
fn a_loss_that_is_no_number_stops_at_its_step() {
    let recipe = recipe(VAVL, &[VISION, AUDIO, FUSION]);
    let positives = PositiveWeights::new();
    let mut trainer = Trainer::new(fresh(&recipe), &recipe.stage[0], &positives);
    let mut batch = clips(&BOTH, false);
    if let Some(Input::Series(sequence)) = batch.inputs.get(Modality::Audio).cloned() {
        let x = sequence.x * f32::NAN;
        batch.inputs.insert(Modality::Audio, Input::Series(Sequence { x, ..sequence }));
    }
    let error = trainer.batch(&batch, 0.01).unwrap_err();
    assert!(matches!(&error, Error::NoNumbers { step, .. } if step == "audio"));
    let sentence = error.to_string();
    assert!(sentence.contains("model.encoder.audio.features"), "{sentence}");
    // Clips in order, and a rate that leaves the numbers.
    let batch = clips(&BOTH, false);
    let mut trainer = Trainer::new(fresh(&recipe), &recipe.stage[0], &positives);
    let error = (0..5).find_map(|_| trainer.batch(&batch, 1e30).err()).unwrap();
    assert!(matches!(&error, Error::Diverged { .. }));
    let sentence = error.to_string();
    assert!(sentence.contains("`stage.train.optimizer.lr`"), "{sentence}");
}
