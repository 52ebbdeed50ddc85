//! What the systems promise of what they learn, on clips from a rule: that shared content is found
//! without labels, and that two halves of an answer become one.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "fixture/clips.rs"]
mod clips;

use burn::tensor::{Device, Tensor, TensorData};
use limbic_media::Modality;
use limbic_model::{Input, Model, Recipe, Sequence};
use limbic_train::probe::ridge_classes;
use limbic_train::{Dataset, Label, Value, fit, outcomes, score, vectors};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Roughly normal.
fn normal(random: &mut ChaCha8Rng) -> f32 {
    (0..12).map(|_| random.random::<f32>()).sum::<f32>() - 6.0
}

const SEEN: [Modality; 3] = [Modality::Text, Modality::Audio, Modality::Vision];
const CLASSES: usize = 4;
const FEATURES: usize = 16;
/// What clips have in common across modalities, beside their class.
const SHARED: usize = 3;
const STEPS: usize = 8;
/// The first clips are contrasted, the next labelled for the probe, the last held out.
const CONTRASTED: usize = 320;
const LABELLED: usize = 40;
const CLIPS: usize = CONTRASTED + LABELLED + 160;

/// One latent class and a few latent numbers drive all modalities; each has loud noise of its own
/// in every clip and a little in every step.
fn latent() -> Dataset {
    let mut random = ChaCha8Rng::seed_from_u64(3);
    let mut matrix = |rows: usize| -> Vec<Vec<f32>> {
        (0..rows).map(|_| (0..FEATURES).map(|_| normal(&mut random)).collect()).collect()
    };
    let maps = SEEN.map(|_| (matrix(CLASSES), matrix(SHARED), matrix(6)));
    let latents: Vec<Vec<f32>> =
        (0..CLIPS).map(|_| (0..SHARED).map(|_| normal(&mut random)).collect()).collect();
    clips::dataset(
        &SEEN,
        CLASSES,
        CLIPS,
        |i| i % CLASSES,
        |i, modality| {
            let place = SEEN.iter().position(|m| *m == modality).unwrap();
            let (classes, shared, own) = &maps[place];
            let noise: Vec<f32> = (0..own.len()).map(|_| normal(&mut random)).collect();
            let clip: Vec<f32> = (0..FEATURES)
                .map(|f| {
                    let common: f32 =
                        latents[i].iter().zip(shared).map(|(l, row)| l * row[f]).sum();
                    let private: f32 = noise.iter().zip(own).map(|(n, row)| n * row[f]).sum();
                    1.5 * classes[i % CLASSES][f] + 0.8 * common + 1.5 * private
                })
                .collect();
            let steps =
                (0..STEPS).flat_map(|_| clip.clone()).map(|x| (x + normal(&mut random)) / 4.0);
            Value::Series { steps: steps.collect(), size: FEATURES }
        },
    )
}

fn mpuc(batch: usize) -> Recipe {
    let encoder = |m: &str| {
        format!(
            "encoder.{m} = {{ features = 'any@1', input = {{ kind = 'series', size = {FEATURES}, \
             scale = 'raw' }}, body = {{ kind = 'mlp', layers = 1, dropout = 0.0 }} }}\n"
        )
    };
    // As many steps whatever the batch.
    let epochs = batch * 5 / 4;
    let encoders: String = ["text", "audio", "vision"].map(encoder).concat();
    let text = format!(
        "about = 'small'\nseed = 2\n[data]\ncorpora = ['made-up']\nsplit = 'official'\n\
         views = 2\nwindow = 4\n[model]\nwidth = 16\nprojector = {{ hidden = 16, out = 8 }}\n\
         {encoders}[[stage]]\nname = 'contrast'\nepochs = {epochs}\nbatch = {batch}\n\
         optimizer = {{ kind = 'adam', lr = 0.003 }}\nobjective.contrast = {{}}"
    );
    Recipe::parse("mpuc", &text).unwrap()
}

fn range(from: usize, count: usize) -> Vec<usize> {
    (from..from + count).collect()
}

/// The share of held-out clips that a probe on a model's features gets right.
fn probed(model: &Model, dataset: &Dataset, modalities: &[Modality]) -> f64 {
    let part = |indices: Vec<usize>| {
        let rows = vectors(model, dataset, &indices, modalities).unwrap();
        rows.into_iter().map(|(i, row)| (i % CLASSES, row)).collect::<Vec<_>>()
    };
    let labelled = part(range(CONTRASTED, LABELLED));
    let held_out = part(range(CONTRASTED + LABELLED, CLIPS - CONTRASTED - LABELLED));
    let rows: Vec<&[f32]> = labelled.iter().map(|(_, row)| row.as_slice()).collect();
    let classes: Vec<usize> = labelled.iter().map(|(class, _)| *class).collect();
    let probe = ridge_classes(&rows, &classes, CLASSES, 10.0);
    let right = held_out.iter().filter(|(class, row)| probe.class(row) == *class).count();
    right as f64 / held_out.len() as f64
}

/// How often, of 32 held-out clips, the one whose voice is projected nearest to a face is its own.
fn retrieved(model: &Model, dataset: &Dataset) -> f64 {
    let clips = range(CLIPS - 32, 32);
    let projected = |modality: Modality| -> Vec<Vec<f32>> {
        let rows: Vec<f32> = clips
            .iter()
            .flat_map(|i| match dataset.items[*i].values.get(modality) {
                Some(Value::Series { steps, .. }) => steps.to_vec(),
                other => panic!("no series but {other:?}"),
            })
            .collect();
        let device = Device::flex();
        let x = Tensor::from_data(TensorData::new(rows, [32, STEPS, FEATURES]), &device);
        let mask = Tensor::ones([32, STEPS], &device);
        let input = [(modality, Input::Series(Sequence { x, mask }))].into_iter().collect();
        let view = model.view(&input).unwrap().each.get(modality).unwrap().clone();
        let rows: Vec<f32> =
            model.projection(modality, &view).unwrap().into_data().iter().collect();
        rows.chunks(8).map(<[f32]>::to_vec).collect()
    };
    let (voices, faces) = (projected(Modality::Audio), projected(Modality::Vision));
    let cosine = |a: &[f32], b: &[f32]| {
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
        dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
    };
    let found = voices.iter().enumerate().filter(|(i, voice)| {
        let own = cosine(voice, &faces[*i]);
        faces.iter().all(|face| cosine(voice, face) <= own)
    });
    found.count() as f64 / 32.0
}

/// A model in use, contrasted on the first clips as `keys` of `[data]` arrange them.
fn contrasted(batch: usize, shuffled: bool) -> (Model, Dataset) {
    let mut recipe = mpuc(batch);
    recipe.data.shuffle_pairs = shuffled;
    let mut dataset = latent();
    (dataset.window, dataset.second) = (Some(4), true);
    let train = range(0, CONTRASTED);
    let seen = dataset.arranged(&recipe.data, recipe.seed, &train).into_owned();
    let model = fit(&clips::run(&recipe, &seen, &train, &[]), &mut |_| {}).unwrap();
    (burn::module::Module::valid(&model), dataset)
}

fn untrained(dataset: &Dataset) -> Model {
    let device = Device::flex();
    device.seed(9);
    mpuc(32).model.init(&dataset.sets(), &device)
}

#[test]
fn mpuc_t6_a_latent_class_is_found_without_labels() {
    let _turn = clips::alone();
    let (model, dataset) = contrasted(32, false);
    let untrained = untrained(&dataset);
    let mut best = 0.0f64;
    for modality in SEEN {
        let (learned, fresh) =
            (probed(&model, &dataset, &[modality]), probed(&untrained, &dataset, &[modality]));
        assert!(learned > fresh + 0.2, "{modality}: {learned} after, {fresh} before");
        best = best.max(learned);
    }
    let all = probed(&model, &dataset, &SEEN);
    assert!(all > best - 0.03, "{all} of all, {best} of one");
    let (after, before) = (retrieved(&model, &dataset), retrieved(&untrained, &dataset));
    assert!(after > 12.0 / 32.0, "{after}");
    assert!(before < 4.0 / 32.0, "the control: {before}");
}

#[test]
fn mpuc_t7_shuffled_pairs_teach_nothing() {
    let _turn = clips::alone();
    let (model, dataset) = contrasted(32, true);
    let ((paired, _), untrained) = (contrasted(32, false), untrained(&dataset));
    for modality in SEEN {
        let [lost, kept, fresh] =
            [&model, &paired, &untrained].map(|m| probed(m, &dataset, &[modality]));
        assert!(lost < kept - 0.2, "{modality}: {lost} of shuffled pairs, {kept} of true ones");
        assert!(lost < fresh + 0.15, "{modality}: {lost} of shuffled pairs, {fresh} before");
    }
    let found = retrieved(&model, &dataset);
    assert!(found < 4.0 / 32.0, "{found}");
}

#[test]
fn mpuc_t12_batches_of_eight_train() {
    let _turn = clips::alone();
    let (model, dataset) = contrasted(8, false);
    let after = retrieved(&model, &dataset);
    assert!(after > 8.0 / 32.0, "{after}");
}

const VAVL: &str = r#"
    about = "small"
    seed = 4
    [data]
    corpora = ["made-up"]
    split = "official"
    [model]
    width = 8
    head.stack = { wide = 16, narrow = 8, dropout = 0.0 }
    fusion = { kind = "concat" }
    trunk = { kind = "shared", layers = 1, heads = 2, kernel = 3 }
    encoder.audio = { features = "a@1", input = { kind = "series", size = 3, scale = "raw" }, body = { kind = "conformer", layers = 1, heads = 2, kernel = 3 } }
    encoder.vision = { features = "v@1", input = { kind = "series", size = 3, scale = "raw" }, body = { kind = "conformer", layers = 1, heads = 2, kernel = 3 } }
    [[stage]]
    name = "train"
    epochs = 8
    batch = 16
    optimizer = { kind = "adam", lr = 0.005, betas = [0.95, 0.999] }
    [[stage.steps]]
    name = "vision"
    learns = ["vision", "trunk"]
    sees = ["vision"]
    objective.labels = { shared = 0.0 }
    [[stage.steps]]
    name = "audio"
    learns = ["audio", "trunk"]
    sees = ["audio"]
    objective.labels = { shared = 0.0 }
    [[stage.steps]]
    name = "fusion"
    learns = ["joint"]
    views = "still"
    objective.labels = { on = "joint", detach = true, shared = 0.0 }
"#;

/// The accuracy of voice, face and both on held-out clips, where `shown` says which number a
/// modality shows of a clip.
fn accuracies(classes: usize, shown: impl Fn(usize, Modality) -> f32) -> [f64; 3] {
    let mut random = ChaCha8Rng::seed_from_u64(8);
    let both = [Modality::Audio, Modality::Vision];
    let dataset = clips::dataset(
        &both,
        classes,
        240,
        |i| i % classes,
        |i, modality| {
            let step =
                |_| [shown(i, modality) + 0.5 * normal(&mut random), normal(&mut random), 1.0];
            Value::Series { steps: (0..4).flat_map(step).collect(), size: 3 }
        },
    );
    let recipe = Recipe::parse("vavl", VAVL).unwrap();
    let (train, test) = (range(0, 160), range(160, 80));
    let model = fit(&clips::run(&recipe, &dataset, &train, &[]), &mut |_| {}).unwrap();
    let model = burn::module::Module::valid(&model);
    let outcomes = outcomes(&model, &dataset, &test, &dataset.subsets()).unwrap();
    let scores = score(&dataset, &outcomes, &std::collections::BTreeMap::new());
    assert!(matches!(dataset.items[0].labels[0], Some(Label::Class(_))));
    ["audio", "vision", "audio+vision"].map(|inputs| {
        scores.iter().find(|score| score.inputs == inputs).unwrap().metrics["accuracy"]
    })
}

#[test]
fn vavl_v11_two_halves_of_an_answer_become_one() {
    let _turn = clips::alone();
    // Of four classes the voice tells which pair, the face which of a pair.
    let [voice, face, both] = accuracies(4, |i, modality| {
        let bit = if modality == Modality::Audio { i % 4 / 2 } else { i % 2 };
        2.0 * bit as f32 - 1.0
    });
    assert!(voice < 0.65 && face < 0.65, "{voice} {face}");
    assert!(both > 0.85, "{both}");
}

#[test]
fn vavl_v11_noise_beside_the_answer_does_no_harm() {
    let _turn = clips::alone();
    let [voice, face, both] =
        accuracies(
            2,
            |i, modality| {
                if modality == Modality::Audio { 2.0 * (i % 2) as f32 - 1.0 } else { 0.0 }
            },
        );
    assert!(voice > 0.85 && face < 0.7, "{voice} {face}");
    assert!((both - voice).abs() < 0.08, "{both} of both, {voice} of the voice");
}
