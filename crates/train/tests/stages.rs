//! What validation clips decide in a stage: when it ends, which weights it keeps, how fast it goes.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "fixture/clips.rs"]
mod clips;

use limbic_media::Modality;
use limbic_model::Recipe;
use limbic_train::{Dataset, Event, Value, fit};

fn recipe(epochs: usize, keys: &str) -> Recipe {
    let text = format!(
        r#"
        about = "small"
        seed = 5
        [data]
        corpora = ["made-up"]
        split = "official"
        [model]
        width = 6
        encoder.audio = {{ features = "any@1", input = {{ kind = "series", size = 2 }}, body = {{ kind = "mlp", layers = 1, dropout = 0.1 }} }}
        [[stage]]
        name = "train"
        epochs = {epochs}
        batch = 8
        optimizer = {{ kind = "adamw", lr = 0.02 }}
        {keys}
        objective.labels = {{}}
        "#
    );
    Recipe::parse("small", &text).unwrap()
}

/// The feature gives the class away, the other way round in the clips behind the thirtieth: the
/// better the first are known, the worse the last.
fn contrary() -> Dataset {
    clips::dataset(
        &[Modality::Audio],
        2,
        40,
        |i| i % 2,
        |i, _| {
            let side = if (i % 2 == 0) == (i < 30) { 1.0 } else { -1.0 };
            let noise = (i * 37 % 11) as f32 / 11.0 - 0.5;
            Value::Vectors(vec![vec![side + noise, noise]])
        },
    )
}

/// How many epochs a training takes, and the weights that it leaves.
fn trained(recipe: &Recipe) -> (usize, Vec<f32>) {
    let dataset = contrary();
    let (train, valid): (Vec<usize>, Vec<usize>) = (0..40).partition(|i| *i < 30);
    let mut epochs = 0;
    let model = fit(&clips::run(recipe, &dataset, &train, &valid), &mut |event| {
        epochs += usize::from(matches!(event, Event::Epoch { .. }));
    });
    (epochs, model.unwrap().weights().into_values().flatten().collect())
}

/// The largest difference.
fn gap(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn until_ends_a_stage_and_keeps_its_best_weights() {
    let _turn = clips::alone();
    let (one, first) = trained(&recipe(1, ""));
    for score in ["loss", "uar"] {
        let keys = format!("until = {{ score = \"{score}\", patience = 3 }}");
        let (epochs, weights) = trained(&recipe(20, &keys));
        assert_eq!((one, epochs), (1, 4), "{score}: three epochs after the best");
        assert!(weights == first, "{score}: not the weights of the first epoch");
    }
    let (all, last) = trained(&recipe(4, ""));
    assert!(all == 4 && gap(&last, &first) > 0.01, "the control: four epochs lead elsewhere");
}

#[test]
fn a_plateau_slows_what_does_not_get_better() {
    let _turn = clips::alone();
    // The loss is lowest after the first epoch; the second flat one is one too many.
    let keys = "schedule = { kind = \"plateau\", patience = 1, factor = 1e-6 }";
    let (epochs, slowed) = trained(&recipe(8, keys));
    let [(_, third), (_, last)] = [3, 8].map(|epochs| trained(&recipe(epochs, "")));
    assert_eq!(epochs, 8);
    assert!(gap(&slowed, &third) < 1e-5, "{}", gap(&slowed, &third));
    assert!(gap(&last, &third) > 0.01, "the control");
}

#[test]
fn what_cannot_be_watched_is_named() {
    let _turn = clips::alone();
    let dataset = contrary();
    let (train, valid): (Vec<usize>, Vec<usize>) = (0..40).partition(|i| *i < 30);
    let refused = |keys: &str, valid: &[usize]| {
        let recipe = recipe(3, keys);
        let run = clips::run(&recipe, &dataset, &train, valid);
        fit(&run, &mut |_| {}).unwrap_err().to_string()
    };
    let sentence = refused("until = { score = \"auc\", patience = 1 }", &valid);
    for word in ["stage.train.until.score", "`auc`", "uar", "loss"] {
        assert!(sentence.contains(word), "{sentence}");
    }
    for keys in [
        "until = { score = \"loss\", patience = 1 }",
        "schedule = { kind = \"plateau\", patience = 1, factor = 0.5 }",
    ] {
        let sentence = refused(keys, &[]);
        assert!(sentence.contains("stage.train") && sentence.contains("remove"), "{sentence}");
    }
}
