use burn::tensor::{Device, Distribution, Tensor, Tolerance};

use super::{Positions, Transformer, TransformerConfig, hidden, origin};
use crate::golden::mpuc::{self, FORWARD};
use crate::golden::{learned, open};

#[test]
fn golden_mpuc_text() {
    let Some(golden) = open("mpuc_text") else { return };
    let device = Device::flex().autodiff();
    let transformer = mpuc::text(&golden, Positions::Reference).init(&device);
    mpuc::compare(&golden, "text", "", transformer, origin, 1e-6, |transformer, view| {
        let x = golden.tensor::<3>(&format!("input.view{view}.text"), &device);
        let mask = mpuc::all(&x);
        transformer.forward(x, &mask)
    });
}

#[test]
fn golden_mpuc_text_layers_and_time_positions() {
    let Some(golden) = open("mpuc_text") else { return };
    let device = Device::flex();
    let build = |positions| golden.fill(mpuc::text(&golden, positions).init(&device), "", origin);
    let transformer = build(Positions::Reference);
    let input = golden.tensor::<3>("input.view1.text", &device);
    let mask = mpuc::all(&input);
    let mut x = transformer.place(input.clone());
    golden.close("mid.text.after_pos", x.clone(), FORWARD);
    for (index, layer) in transformer.layers.iter().enumerate() {
        x = layer.forward(x, &hidden(&mask));
        golden.close(&format!("mid.text.layer{index}_TBD"), x.clone().swap_dims(0, 1), FORWARD);
    }
    assert_eq!(transformer.layers.len() + 2, golden.names("mid.").len());
    let fixed = build(Positions::Time).forward(input, &mask);
    golden.close("out_fixed.view1.feat_text_time_positions", fixed, FORWARD);
}

#[test]
fn mpuc_t11_the_text_encoder_has_the_published_size() {
    let transformer = TransformerConfig::default().init(&Device::flex());
    let learned = learned(&transformer);
    let sum = |layers: bool| -> usize {
        let chosen = learned.iter().filter(|(path, _)| path.starts_with("layers") == layers);
        chosen.map(|(_, size)| size).sum()
    };
    assert_eq!((sum(true), sum(false)), (9_561_288, 154_112));
}

fn small(positions: Positions) -> (Transformer, Tensor<3>) {
    let device = Device::flex();
    let config = TransformerConfig {
        size: 10,
        layers: 2,
        hidden: 8,
        positions,
        out: 4,
        ..Default::default()
    };
    (config.init(&device), Tensor::random([3, 6, 10], Distribution::Normal(0.0, 1.0), &device))
}

#[track_caller]
fn same(got: Tensor<2>, expected: Tensor<2>) {
    let tolerance = Tolerance::<f32>::rel_abs(1e-5, 1e-5);
    got.into_data().assert_approx_eq(&expected.into_data(), tolerance);
}

fn gap(a: Tensor<2>, b: Tensor<2>) -> f32 {
    (a - b).abs().max().into_scalar()
}

#[test]
fn padding_changes_no_text_feature() {
    let (transformer, x) = small(Positions::Time);
    let expected = transformer.forward(x.clone(), &mpuc::all(&x));
    let junk = Tensor::random([3, 5, 10], Distribution::Normal(3.0, 9.0), &x.device());
    let mask = Tensor::cat(vec![mpuc::all(&x), mpuc::all(&junk) * 0.0], 1);
    same(transformer.forward(Tensor::cat(vec![x, junk], 1), &mask), expected);
}

#[test]
fn mpuc_t9_a_text_feature_is_the_clips_own_and_reads_in_order() {
    let last = |(transformer, x): &(Transformer, Tensor<3>)| {
        let together = transformer.forward(x.clone(), &mpuc::all(x)).narrow(0, 2, 1);
        let last = x.clone().narrow(0, 2, 1);
        (transformer.forward(last.clone(), &mpuc::all(&last)), together)
    };
    let time = small(Positions::Time);
    let (alone, together) = last(&time);
    same(alone, together);
    // As published, the place in the batch counts and the order of the words does not.
    let reference = small(Positions::Reference);
    let (alone, together) = last(&reference);
    assert!(gap(alone, together) > 1e-3);
    let backwards = |(transformer, x): &(Transformer, Tensor<3>)| {
        let mask = mpuc::all(x);
        gap(transformer.forward(x.clone().flip([1]), &mask), transformer.forward(x.clone(), &mask))
    };
    assert!(backwards(&reference) < 1e-5);
    assert!(backwards(&time) > 1e-3);
}
