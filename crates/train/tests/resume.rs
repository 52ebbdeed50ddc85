//! A training that was ended and taken up again ends with the weights of one that never was.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "fixture/clips.rs"]
mod clips;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use limbic_media::Modality;
use limbic_model::Recipe;
use limbic_train::{Dataset, Event, Fit, Value, fit};

const PLAIN: &str = r#"
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

/// Batch norms in every conformer, three steps a batch, and validation clips that may end the
/// stage and slow it.
const STEPS: &str = r#"
    about = "small"
    seed = 6
    [data]
    corpora = ["made-up"]
    split = "official"
    [model]
    width = 4
    head.stack = { wide = 4, narrow = 3, dropout = 0.2 }
    reconstruction = { wide = 4, narrow = 3, dropout = 0.2 }
    fusion = { kind = "concat" }
    trunk = { kind = "shared", layers = 1, heads = 2, kernel = 3 }
    encoder.audio = { features = "a@1", input = { kind = "series", size = 4 }, body = { kind = "conformer", layers = 1, heads = 2, kernel = 3 } }
    encoder.vision = { features = "v@1", input = { kind = "series", size = 4 }, body = { kind = "conformer", layers = 1, heads = 2, kernel = 3 } }
    [[stage]]
    name = "paths"
    epochs = 4
    batch = 16
    optimizer = { kind = "adam", lr = 0.01, betas = [0.95, 0.999], weight_decay = 5e-7 }
    schedule = { kind = "plateau", patience = 0, factor = 0.3 }
    until = { score = "loss", patience = 2 }
    clip = 1.0
    [[stage.steps]]
    name = "vision"
    learns = ["vision", "trunk"]
    sees = ["vision"]
    objective = { labels = {}, predict = { weight = 2.0 } }
    [[stage.steps]]
    name = "audio"
    learns = ["audio", "trunk"]
    sees = ["audio"]
    objective = { labels = {}, predict = { weight = 2.0 } }
    [[stage.steps]]
    name = "fusion"
    learns = ["joint"]
    views = "still"
    objective.labels = { on = "joint", detach = true }
"#;

/// Clips whose first feature gives their class away.
fn dataset(modalities: &[Modality], steps: usize) -> Dataset {
    let noise = |i: usize, k: usize| (i * 37 + k * 101) as f32 % 97.0 / 97.0 - 0.5;
    clips::dataset(
        modalities,
        2,
        50,
        |i| i % 2,
        |i, modality| {
            let k = modality as usize * 20;
            let row = |step: usize| {
                let first = (i % 2) as f32 + noise(i, k + step);
                [first, noise(i, k + 2), noise(i, k + step + 3), noise(i, k + 4)]
            };
            if steps == 1 {
                return Value::Vectors(vec![row(1).to_vec(), row(1).to_vec()]);
            }
            Value::Series { steps: (0..steps).flat_map(row).collect(), size: 4 }
        },
    )
}

/// A run that may be cut.
struct Cut {
    recipe: Recipe,
    dataset: Dataset,
}

impl Cut {
    /// Weights after a run that keeps its state in `state` and dies after `steps` batches.
    fn run(&self, state: Option<PathBuf>, steps: usize) -> Option<Vec<f32>> {
        let train: Vec<usize> = (0..self.dataset.items.len()).collect();
        let run = Fit {
            state,
            keep_every: 2,
            ..clips::run(&self.recipe, &self.dataset, &train, &train[..10])
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

    /// Asserts that the weights are the same to the last bit, wherever the run is cut.
    fn ends_the_same(&self, cuts: &[usize]) {
        let _turn = clips::alone();
        let whole = self.run(None, usize::MAX).unwrap();
        let again = self.run(None, usize::MAX).unwrap();
        assert!(again == whole, "the same seed, other weights");
        for cut in cuts {
            let folder = tempfile::tempdir().unwrap();
            let state = folder.path().join("state");
            assert!(self.run(Some(state.clone()), *cut).is_none(), "it was cut");
            let resumed = self.run(Some(state), usize::MAX).unwrap();
            assert!(resumed == whole, "cut after {cut} batches");
        }
    }
}

#[test]
fn a_run_that_was_cut_ends_as_one_that_was_not() {
    let recipe = Recipe::parse("small", PLAIN).unwrap();
    // Seven batches an epoch in the first stage, four in the second: cut in each, and at an end.
    Cut { recipe, dataset: dataset(&[Modality::Audio], 1) }.ends_the_same(&[3, 7, 10, 21, 23, 26]);
}

#[test]
fn a_run_of_several_steps_with_batch_norms_that_was_cut_ends_as_one_that_was_not() {
    let recipe = Recipe::parse("small", STEPS).unwrap();
    let dataset = dataset(&[Modality::Audio, Modality::Vision], 5);
    let cut = Cut { recipe, dataset };
    // Four batches an epoch; cut inside of one, at its end, and where the rate may have fallen.
    cut.ends_the_same(&[1, 4, 7, 11]);
}
