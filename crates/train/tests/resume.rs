//! A training that was ended and taken up again ends with the weights of one that never was.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use limbic_media::Modality;
use limbic_model::{LabelMap, Recipe};
use limbic_train::{Card, Dataset, Event, Fit, Item, Label, Part, Value, fit};

const RECIPE: &str = r#"
    about = "small"
    seed = 5
    [data]
    corpora = ["made-up"]
    split = "official"
    augment = [{ kind = "mixup", alpha = 0.2 }]
    [model]
    width = 6
    encoder.audio = { features = "any@1", input = { kind = "series", size = 4 }, body = { kind = "mlp", layers = 1, dropout = 0.3 } }
    [[stage]]
    name = "first"
    epochs = 3
    batch = 8
    optimizer = { kind = "adamw", lr = 0.01 }
    schedule = { kind = "cosine", warmup = 0.1 }
    average = 0.9
    objective.labels = {}
    [[stage]]
    name = "second"
    epochs = 2
    batch = 16
    optimizer = { kind = "sgd", lr = 0.01, momentum = 0.9 }
    objective.labels = { smoothing = 0.1 }
"#;

const LABELS: &str = r#"
    name = "made-up"
    kind = "class"
    target = "perceived"
    source = "a rule"
    classes = [["up", "happiness"], ["down", "sadness"]]
"#;

/// Clips whose first feature gives their class away.
fn dataset() -> Dataset {
    let labels: LabelMap = LabelMap::parse("made-up", LABELS).unwrap();
    let card = Card { name: "made-up", licence: "none", citation: "none", labels: vec![labels] };
    let items = (0..50).map(|i: u32| {
        let noise = |k: u32| f32::from((i * 37 + k * 101) as u16 % 97) / 97.0 - 0.5;
        let class = (i % 2) as usize;
        let x = vec![class as f32 + noise(1), noise(2), noise(3), noise(4)];
        let shared = std::array::from_fn(|e| f32::from(u8::from(e == class + 1)));
        Item {
            id: i.to_string(),
            corpus: 0,
            speaker: None,
            values: [(Modality::Audio, Value::Vectors(vec![x.clone(), x]))].into_iter().collect(),
            labels: vec![Some(Label::Class(class))],
            shared: Some(shared),
            part: Part::Train,
            fold: None,
        }
    });
    let items = items.collect();
    Dataset { modalities: vec![Modality::Audio], cards: vec![card], items, ..Dataset::default() }
}

/// Weights after a run that keeps its state in `state` and dies after `steps` steps.
fn run(dataset: &Dataset, state: Option<PathBuf>, steps: usize) -> Option<Vec<f32>> {
    let recipe = Recipe::parse("small", RECIPE).unwrap();
    let train: Vec<usize> = (0..dataset.items.len()).collect();
    let run = Fit {
        recipe: &recipe,
        dataset,
        train: &train,
        valid: &train,
        word_vectors: None,
        state,
        keep_every: 2,
    };
    let mut left = steps;
    let ended = catch_unwind(AssertUnwindSafe(|| {
        fit(&run, &mut |event| {
            if let Event::Step { .. } = event {
                assert!(left > 0, "the power is cut");
                left -= 1;
            }
        })
    }));
    Some(ended.ok()?.unwrap().weights().into_values().flatten().collect())
}

#[test]
fn a_run_that_was_cut_ends_as_one_that_was_not() {
    let dataset = dataset();
    let whole = run(&dataset, None, usize::MAX).unwrap();
    assert_eq!(run(&dataset, None, usize::MAX).unwrap(), whole, "the same seed, the same weights");
    // Seven steps an epoch in the first stage, four in the second: cut in each, and at an end.
    for cut in [3, 7, 10, 21, 23, 26] {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        assert!(run(&dataset, Some(state.clone()), cut).is_none(), "it was cut");
        let resumed = run(&dataset, Some(state), usize::MAX).unwrap();
        assert_eq!(resumed, whole, "cut after {cut} steps");
    }
}
