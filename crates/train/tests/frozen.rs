//! What reads media is never trained: features before a training, after it, and from a file are the
//! same, and a model gives the same answers to them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use limbic_features::{Cache, Extract, Features, MelConfig, MelSpectrogram};
use limbic_media::{Clip, Modality};
use limbic_model::objective::PositiveWeights;
use limbic_model::{Batch, Input, LabelKind, LabelSet, Model, Recipe, Sequence, Target};
use limbic_train::Trainer;

const RECIPE: &str = r#"
    about = "small"
    [data]
    corpora = ["none"]
    split = "official"
    [model]
    width = 4
    encoder.audio = { features = "log-mel@1", input = { kind = "series", size = 128 }, body = { kind = "conformer", layers = 1, heads = 2, kernel = 3, frame = 4, dropout = 0.0 } }
    [[stage]]
    name = "train"
    epochs = 1
    batch = 1
    optimizer = { kind = "adam", lr = 0.01 }
    objective.labels = { shared = 0.0 }
"#;

/// Half a second of a rising tone, 16-bit mono PCM.
fn tone() -> Vec<u8> {
    let samples: Vec<u8> = (0..8000u32)
        .map(|i| 9000.0 * (f64::from(i) * f64::from(i) * 2e-5).sin())
        .flat_map(|x| (x as i16).to_le_bytes())
        .collect();
    let mut file = b"RIFF".to_vec();
    file.extend((36 + samples.len() as u32).to_le_bytes());
    file.extend(b"WAVEfmt ");
    for number in [16u32, 0x0001_0001, 16_000, 32_000, 0x0010_0002] {
        file.extend(number.to_le_bytes());
    }
    file.extend(b"data");
    file.extend((samples.len() as u32).to_le_bytes());
    file.extend(samples);
    file
}

fn batch(features: &Features, device: &Device) -> Batch {
    let [steps, size] = features.shape();
    let x = Sequence::padded(&[features.clone().into_data()], size, device);
    assert_eq!(x.x.dims(), [1, steps, size]);
    Batch {
        inputs: [(Modality::Audio, Input::Series(x))].into_iter().collect(),
        second: None,
        targets: vec![("set".to_owned(), Target::Class(Tensor::from_data([[1.0, 0.0]], device)))],
        shared: None,
        taught: Vec::new(),
    }
}

fn answer(model: &Model, features: &Features) -> Vec<f32> {
    let views = model.view(&batch(features, &Device::flex()).inputs).unwrap();
    let view = views.each.get(Modality::Audio).unwrap();
    model.logits(Modality::Audio, view, "set").unwrap().into_data().iter().collect()
}

#[test]
fn vavl_v6_extractors_are_never_updated_and_kept_features_give_the_same_answers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tone.wav");
    std::fs::write(&path, tone()).unwrap();
    let clip = || Clip::open(&path).unwrap();
    let mel = MelSpectrogram::new(&MelConfig::mpuc(30.0)).unwrap();
    let fresh = mel.extract(&clip()).unwrap();

    let recipe = Recipe::parse("small", RECIPE).unwrap();
    let set = LabelSet {
        name: "set".to_owned(),
        kind: LabelKind::Class,
        classes: vec!["yes".to_owned(), "no".to_owned()],
        covered: vec![false; 8],
    };
    let device = Device::flex().autodiff();
    let positives = PositiveWeights::new();
    let mut trainer =
        Trainer::new(recipe.model.init(&[set], &device), &recipe.stage[0], &positives);
    let before = trainer.model.weights();
    trainer.batch(&batch(&fresh, &device), 0.01).unwrap();
    let after = trainer.model.weights();
    assert!(before.keys().any(|path| before[path] != after[path]), "something was learned");
    assert!(after.keys().all(|path| path.starts_with("audio.")), "and belongs to the model");
    assert_eq!(mel.extract(&clip()).unwrap(), fresh);

    // The first look computes and keeps, the second reads what was kept.
    let kept = folder.path().join("cache");
    let model = trainer.model.valid();
    let expected = answer(&model, &fresh);
    for look in 0..2 {
        let features = Cache::at(&kept).extract(&mel, &clip()).unwrap();
        assert_eq!(features, fresh, "look {look}");
        assert_eq!(answer(&model, &features), expected, "look {look}");
    }
    assert!(kept.is_dir(), "nothing was kept");
}
