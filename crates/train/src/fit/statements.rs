//! What steps promise: each moves its parts and nothing else, to the last bit.

use std::collections::BTreeMap;

use burn::module::Module;
use burn::tensor::{Device, Distribution, Tensor};
use limbic_media::{Modality, PerModality};
use limbic_model::objective::PositiveWeights;
use limbic_model::{Batch, Input, LabelKind, LabelSet, Model, Recipe, Sequence, Target};

use super::trainer::Trainer;
use crate::Error;

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
    body = { kind = "tcn", channels = 4, hidden = 5, repeats = 1, dilations = 2 }
    [model.encoder.vision]
    features = "face@1"
    input = { kind = "series", size = 6 }
    body = { kind = "graph", nodes = 3, edges = [[0, 1], [1, 2]], steps = 7, blocks = 1, channels = 4, spatial = 2 }
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

/// Fresh weights, the same every time.
fn fresh(recipe: &Recipe) -> Model {
    let device = Device::flex().autodiff();
    device.seed(11);
    let set = LabelSet {
        name: "set".to_owned(),
        kind: LabelKind::Class,
        classes: vec!["yes".to_owned(), "no".to_owned()],
        covered: vec![false; 8],
    };
    recipe.model.init(&[set], &device)
}

/// Clips of some modalities; `turned` gives every clip the other label.
fn clips(modalities: &[Modality], turned: bool) -> Batch {
    let device = Device::flex().autodiff();
    device.seed(13);
    let look = || -> PerModality<Input> {
        let one = |m: Modality| {
            let x = Tensor::random([CLIPS, 7, SIZE], Distribution::Default, &device);
            (m, Input::Series(Sequence { x, mask: Tensor::ones([CLIPS, 7], &device) }))
        };
        // All are drawn, so that leaving one out does not change the others.
        let all: Vec<_> = [Modality::Audio, Modality::Vision].map(one).into_iter().collect();
        all.into_iter().filter(|(m, _)| modalities.contains(m)).collect()
    };
    let (inputs, second) = (look(), look());
    let rows: Vec<[f32; 2]> =
        (0..CLIPS).map(|i| if (i % 2 == 0) == turned { [0.0, 1.0] } else { [1.0, 0.0] }).collect();
    let labels = Tensor::<1>::from_data(rows.concat().as_slice(), &device).reshape([CLIPS, 2]);
    Batch {
        inputs,
        second: Some(second),
        targets: vec![("set".to_owned(), Target::Class(labels))],
        shared: None,
    }
}

const BOTH: [Modality; 2] = [Modality::Audio, Modality::Vision];

type Weights = BTreeMap<String, Vec<f32>>;

/// The weights before and after some batches.
fn trained(recipe: &Recipe, batches: &[Batch]) -> (Weights, Weights) {
    let positives = PositiveWeights::new();
    let mut trainer = Trainer::new(fresh(recipe), &recipe.stage[0], &positives);
    let before = trainer.model.weights();
    Device::flex().seed(17);
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

#[test]
fn vavl_v2_every_step_touches_only_its_parts() {
    moved(
        &recipe(VAVL, &[AUDIO]),
        &["audio.encoder.", "trunk.", "audio.heads.1.", "audio.reconstruction."],
    );
    moved(
        &recipe(VAVL, &[VISION]),
        &["vision.encoder.", "trunk.", "vision.heads.1.", "vision.reconstruction."],
    );
    moved(&recipe(VAVL, &[FUSION]), &["joint.heads.1."]);
}

#[test]
fn vavl_v3_unpaired_clips_train_both_paths_and_leave_the_fusion_alone() {
    let recipe = recipe(VAVL, &[VISION, AUDIO, FUSION]);
    let unpaired = [clips(&BOTH[..1], false), clips(&BOTH[1..], false)];
    let (before, after) = trained(&recipe, &unpaired);
    let changed =
        |part: &str| before.iter().any(|(path, old)| path.starts_with(part) && after[path] != *old);
    for part in ["audio.encoder.", "audio.heads.1.", "vision.encoder.", "vision.heads.1.", "trunk."]
    {
        assert!(changed(part), "{part}");
    }
    assert!(!changed("joint."));
    let (before, after) = trained(&recipe, &[clips(&BOTH, false)]);
    assert!(
        before.iter().any(|(p, old)| p.starts_with("joint.") && after[p] != *old),
        "the control"
    );
}

#[test]
fn mpuc_t1_labels_never_reach_the_encoders() {
    let recipe = recipe(MPUC, &[HEADS, ENCODERS, FUSED]);
    let run = |turned| {
        let batch = clips(&BOTH, turned);
        trained(&recipe, &[batch.clone(), batch]).1
    };
    let (right, wrong) = (run(false), run(true));
    let mut heads = 0;
    for (path, weights) in &right {
        if path.contains(".heads.1.") {
            heads += usize::from(wrong[path] != *weights);
        } else {
            assert_eq!(wrong[path], *weights, "{path}");
        }
    }
    assert!(heads > 0, "the control: heads do learn labels");
}

#[test]
fn mpuc_t2_classifiers_move_no_encoder_and_the_contrast_no_classifier() {
    let first = |step: &str| step.replace("views = \"shared\", ", "");
    let all = |parts: &str| parts.replace("[\"heads\"]", "[\"audio\", \"vision\", \"joint\"]");
    // Everything may learn, and what has no gradient still stays.
    moved(&recipe(MPUC, &[HEADS]), &["audio.heads.1.", "vision.heads.1."]);
    let free = recipe(MPUC, &[&all(HEADS)]);
    let (before, after) = trained(&free, &[clips(&BOTH, false)]);
    let learned = |path: &str| !path.contains("running_");
    for (path, old) in before.iter().filter(|(path, _)| learned(path)) {
        assert!(path.contains(".heads.1.") || after[path] == *old, "{path} moved");
    }
    let contrast = first(ENCODERS).replace("\"projector\"", "\"projector\", \"heads\", \"joint\"");
    let parts = ["audio.encoder.", "vision.encoder.", "audio.projector.", "vision.projector."];
    moved(&recipe(MPUC, &[&contrast]), &parts);
}

#[test]
fn mpuc_t8_an_absent_modality_leaves_the_heads_of_the_others() {
    let recipe = recipe(MPUC, &[HEADS, ENCODERS, FUSED]);
    let model = fresh(&recipe).valid();
    let still = |batch: Batch| {
        let inputs = batch.inputs.iter().map(|(m, input)| match input {
            Input::Series(Sequence { x, mask }) => {
                let (x, mask) = (x.clone().inner(), mask.clone().inner());
                (m, Input::Series(Sequence { x, mask }))
            }
            other => (m, other.clone()),
        });
        inputs.collect::<PerModality<Input>>()
    };
    let both = model.view(&still(clips(&BOTH, false))).unwrap();
    assert!(model.joint(&both.each, "set").unwrap().is_some());
    for modality in BOTH {
        let one = model.view(&still(clips(&[modality], false))).unwrap();
        assert!(model.joint(&one.each, "set").unwrap().is_none());
        let logits = |each: &PerModality<Tensor<2>>| {
            model.logits(modality, each.get(modality).unwrap(), "set").unwrap().into_data()
        };
        assert_eq!(logits(&one.each), logits(&both.each));
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
    assert!(matches!(&error, Error::Diverged { step, .. } if step == "audio"));
    let sentence = error.to_string();
    assert!(sentence.contains("`audio`") && sentence.contains("`train`"), "{sentence}");
}
