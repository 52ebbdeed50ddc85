//! What every expert promises, whatever its weights: the order of a batch, the company in it and
//! its padding change nothing, a modality that is not there costs the others nothing, and a
//! checkpoint is the model.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use burn::tensor::{Device, Int, Tensor};
use limbic_media::{Modality, PerModality};
use limbic_model::{
    Abstain, Checkpoint, EMOTIONS, Input, LabelKind, LabelSet, Lexical, Model, Precision,
    Provenance, Recipe, Sequence, ZeroShotScale,
};

const RECIPE: &str = r#"
    about = "small"
    [data]
    corpora = ["none"]
    split = "official"
    [model]
    width = 6
    encoder.text = { features = "tokens@1", input = { kind = "tokens", vocabulary = 300, size = 5, length = 9 }, body = { kind = "conv", kernels = [1, 2, 3], channels = 4, dropout = 0.5 }, pool = "attention-max" }
    encoder.audio = { features = "descriptors@1", input = { kind = "series", size = 7 }, body = { kind = "mlp", layers = 2, dropout = 0.5 } }
    encoder.vision = { features = "face-gray@1", input = { kind = "picture", size = 16 }, body = { kind = "resnet", widths = [3, 5], dropout = 0.5 } }
    [[stage]]
    name = "train"
    epochs = 1
    batch = 2
    optimizer = { kind = "adamw", lr = 0.001 }
    objective.labels = {}
"#;

const CLIPS: usize = 4;
const SEEN: [Modality; 3] = [Modality::Text, Modality::Audio, Modality::Vision];

fn checkpoint() -> Checkpoint {
    let recipe = Recipe::parse("small", RECIPE).unwrap();
    let device = Device::flex();
    device.seed(7);
    let set = LabelSet {
        name: "set".to_owned(),
        kind: LabelKind::Class,
        classes: vec!["yes".to_owned(), "no".to_owned()],
        covered: EMOTIONS.iter().map(|e| *e == "anger").collect(),
    };
    Checkpoint {
        model: recipe.model.init(&[set], &device),
        recipes: SEEN.into_iter().map(|m| (m, recipe.clone())).collect(),
        temperature: SEEN.into_iter().map(|m| (m, 1.5)).collect(),
        calibration: [("set".to_owned(), [("audio".to_owned(), 2.5)].into())].into(),
        thresholds: [("set".to_owned(), vec![0.25, 0.75])].into(),
        coordinates: [("anger".to_owned(), [-0.5, 0.5])].into(),
        provenance: [(Modality::Text, Provenance::default())].into(),
        assets: [("tokenizer.json".to_owned(), "{}".to_owned())].into(),
        shown: Some("set".to_owned()),
        zero_shot: ZeroShotScale {
            temperature: [(Modality::Text, 3.0)].into(),
            reference: [(Modality::Text, vec![0.25; 6])].into(),
            spread: [(Modality::Text, vec![0.5; 36])].into(),
            lexical: Some(Lexical { mean: vec![0.5; 2], spread: vec![1.0, 0.0, 0.0, 2.0] }),
        },
        abstain: Some(Abstain {
            labels: "set".to_owned(),
            risk: 0.1,
            least: [("text+audio".to_owned(), vec![(0.1, 0.75)])].into(),
        }),
        word_vectors: Some(vec![0, 1, 254, 255]),
        ..Checkpoint::default()
    }
}

const TEXTS: [&[i64]; CLIPS] = [&[5, 9, 201], &[7], &[1, 2, 3, 4, 5], &[250, 250]];

/// Texts as a batch, each row filled up to `length` with `padding`.
fn texts(order: &[usize], length: usize, padding: i64) -> Input {
    let (mut ids, mut mask) = (Vec::new(), Vec::new());
    for text in order.iter().map(|i| TEXTS[*i]) {
        for step in 0..length {
            ids.push(text.get(step).copied().unwrap_or(padding));
            mask.push(f32::from(u8::from(step < text.len())));
        }
    }
    let (device, shape) = (Device::flex(), [order.len(), length]);
    let ids = Tensor::<1, Int>::from_data(ids.as_slice(), &device).reshape(shape);
    Input::Tokens(ids, Tensor::<1>::from_data(mask.as_slice(), &device).reshape(shape))
}

/// The clips of `order`, with all three modalities.
fn clips(order: &[usize]) -> PerModality<Input> {
    let device = Device::flex();
    let places: Vec<i64> = order.iter().map(|i| *i as i64).collect();
    let places = Tensor::<1, Int>::from_data(places.as_slice(), &device);
    // Not from the device's generator, which tests that run at once share.
    let numbers = |count: i64| (Tensor::<1, Int>::arange(0..count, &device).float() * 0.73).sin();
    let clips = CLIPS as i64;
    let voices = numbers(clips * 7).reshape([CLIPS, 1, 7]).select(0, places.clone());
    let faces = numbers(clips * 256).reshape([CLIPS, 1, 16, 16]).select(0, places);
    let mask = Tensor::ones([order.len(), 1], &device);
    [
        (Modality::Text, texts(order, 5, 0)),
        (Modality::Audio, Input::Series(Sequence { x: voices, mask })),
        (Modality::Vision, Input::Pictures(faces)),
    ]
    .into_iter()
    .collect()
}

fn only(inputs: &PerModality<Input>, modality: Modality) -> PerModality<Input> {
    inputs.iter().filter(|(m, _)| *m == modality).map(|(m, i)| (m, i.clone())).collect()
}

fn logits(model: &Model, inputs: &PerModality<Input>, modality: Modality) -> Vec<Vec<f32>> {
    let views = model.view(inputs).unwrap();
    let x = model.emotions(modality, views.each.get(modality).unwrap()).unwrap();
    let values: Vec<f32> = x.into_data().iter().collect();
    values.chunks(EMOTIONS.len()).map(<[f32]>::to_vec).collect()
}

#[track_caller]
fn near(a: &[f32], b: &[f32], tolerance: f32) {
    for (a, b) in a.iter().zip(b) {
        assert!((a - b).abs() < tolerance, "{a} is not {b}");
    }
}

#[test]
fn the_order_of_a_batch_and_the_company_in_it_change_nothing() {
    let model = checkpoint().model;
    let order = [2, 0, 3, 1];
    for modality in SEEN {
        let plain = logits(&model, &clips(&[0, 1, 2, 3]), modality);
        let turned = logits(&model, &clips(&order), modality);
        for (place, clip) in order.into_iter().enumerate() {
            near(&turned[place], &plain[clip], 1e-5);
            near(&logits(&model, &clips(&[clip, clip]), modality)[1], &plain[clip], 1e-5);
        }
    }
}

#[test]
fn padding_never_shows_however_long_it_is_and_whatever_is_in_it() {
    let model = checkpoint().model;
    let run = |length, padding| {
        let inputs = [(Modality::Text, texts(&[0, 1, 2, 3], length, padding))];
        logits(&model, &inputs.into_iter().collect(), Modality::Text)
    };
    let expected = run(5, 0);
    for (length, padding) in [(5, 299), (9, 0), (30, 17)] {
        for (got, expected) in run(length, padding).iter().zip(&expected) {
            near(got, expected, 1e-5);
        }
    }
}

#[test]
fn a_modality_that_is_not_there_costs_the_others_nothing() {
    let model = checkpoint().model;
    let all = clips(&[0, 1, 2, 3]);
    for modality in SEEN {
        let alone = only(&all, modality);
        assert_eq!(logits(&model, &alone, modality), logits(&model, &all, modality));
        assert_eq!(model.view(&alone).unwrap().each.iter().count(), 1);
    }
}

#[test]
fn a_checkpoint_is_the_model() {
    let before = checkpoint();
    let bytes = before.to_bytes(Precision::Full).unwrap();
    assert_eq!(bytes, before.to_bytes(Precision::Full).unwrap(), "the same bytes every time");
    let device = Device::flex();
    let after = Checkpoint::from_bytes("file", &bytes, &Modality::ALL, &device).unwrap();
    assert_eq!(after.model.weights(), before.model.weights());
    assert_eq!(after.recipes, before.recipes);
    assert_eq!(after.temperature, before.temperature);
    assert_eq!(after.thresholds, before.thresholds);
    assert_eq!(after.coordinates, before.coordinates);
    assert_eq!(after.provenance, before.provenance);
    assert_eq!(after.assets, before.assets);
    assert_eq!(after.shown, before.shown);
    assert_eq!(after.calibration, before.calibration);
    assert_eq!(after.zero_shot, before.zero_shot);
    assert_eq!(after.abstain, before.abstain);
    let half = before.to_bytes(Precision::Half).unwrap();
    let inputs = clips(&[0, 1, 2, 3]);
    for modality in SEEN {
        let expected = logits(&before.model, &inputs, modality);
        assert_eq!(logits(&after.model, &inputs, modality), expected);
        let one = Checkpoint::from_bytes("half", &half, &[modality], &device).unwrap();
        assert_eq!(one.recipes.len(), 1, "only what was asked for is loaded");
        assert_eq!(one.word_vectors, before.word_vectors, "bytes stay bytes");
        let got = logits(&one.model, &only(&inputs, modality), modality);
        near(&got.concat(), &expected.concat(), 2e-2);
    }
}

#[test]
fn a_checkpoint_tells_what_it_holds_without_its_weights() {
    let bytes = checkpoint().to_bytes(Precision::Half).unwrap();
    let contents = Checkpoint::contents("file", &bytes).unwrap();
    assert_eq!(contents.recipes.keys().copied().collect::<Vec<_>>(), SEEN);
    let names = |modality| -> Vec<&str> {
        contents.sets[&modality].iter().map(|set| set.name.as_str()).collect()
    };
    assert_eq!(names(Modality::Audio), ["limbic", "set"]);
    assert_eq!((contents.shown.as_deref(), contents.thresholds.len()), (Some("set"), 1));
    assert_eq!(contents.word_vectors, Some(vec![0, 1, 254, 255]));
    assert!(Checkpoint::contents("file", &bytes[..50]).is_err());
}

#[test]
fn joined_checkpoints_keep_what_still_holds_of_both() {
    let only = |modality: Modality| {
        let recipe = Recipe::parse("small", RECIPE).unwrap();
        let mut config = recipe.model.clone();
        config.encoder.retain(|m, _| *m == modality);
        let recipes = [(modality, Recipe { model: config.clone(), ..recipe })].into();
        let whole = checkpoint();
        Checkpoint { model: config.init(&[], &Device::flex()), recipes, ..whole }
    };
    let both = Checkpoint::join(vec![only(Modality::Text), only(Modality::Audio)]).unwrap();
    assert_eq!((both.shown.as_deref(), &both.abstain), (Some("set"), &None));
    assert_eq!(both.word_vectors, Some(vec![0, 1, 254, 255]));
    assert_eq!(both.zero_shot, checkpoint().zero_shot);
    let other = Checkpoint { shown: None, ..only(Modality::Audio) };
    let both = Checkpoint::join(vec![only(Modality::Text), other]).unwrap();
    assert_eq!(both.shown, None, "one of them shows something else");
    let alone = Checkpoint::join(vec![only(Modality::Text)]).unwrap();
    assert_eq!(alone.abstain, checkpoint().abstain);
}

#[test]
fn what_is_no_checkpoint_is_refused_in_one_sentence_that_names_it() {
    let bytes = checkpoint().to_bytes(Precision::Full).unwrap();
    let device = Device::flex();
    let mut bare = 2u64.to_le_bytes().to_vec();
    bare.extend(b"{}");
    let cut = bytes[..bytes.len() / 2].to_vec();
    let mut other = bytes.clone();
    let width = br#"\"width\":"#;
    let at = other.windows(width.len()).position(|w| w == width).unwrap();
    other[at + width.len()] = b'5';
    for (what, bytes) in [("nothing", vec![]), ("bare", bare), ("cut", cut), ("other", other)] {
        let error = Checkpoint::from_bytes(what, &bytes, &Modality::ALL, &device).unwrap_err();
        let sentence = error.to_string();
        assert!(sentence.contains(what) && !sentence.contains('\n'), "{sentence}");
    }
}
