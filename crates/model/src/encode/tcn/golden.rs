use burn::module::Param;
use burn::tensor::{Device, Distribution, Tensor, Tolerance};

use super::{TcnConfig, lengths, origin};
use crate::golden::mpuc::{self, FORWARD};
use crate::golden::{learned, open};

const PREFIX: &str = "audio_encoder.";

#[test]
fn golden_mpuc_audio() {
    let Some(golden) = open("mpuc_audio") else { return };
    let device = Device::flex().autodiff();
    let tcn = mpuc::audio(&golden).init(&device);
    mpuc::compare(&golden, "audio", PREFIX, tcn, origin, 1e-6, |tcn, view| {
        let x = golden.tensor::<3>(&format!("input.view{view}.mel"), &device);
        let mask = mpuc::all(&x);
        tcn.forward(x, &mask)
    });
}

#[test]
fn golden_mpuc_audio_layers() {
    let Some(golden) = open("mpuc_audio") else { return };
    let device = Device::flex();
    let tcn = golden.fill(mpuc::audio(&golden).init(&device), PREFIX, origin);
    let x = golden.tensor::<3>("input.view1.mel", &device);
    let mask = mpuc::all(&x);
    let (lengths, mask) = (lengths(&mask), mask.unsqueeze_dim::<3>(2));
    let mut seen = 0;
    let mut close = |name: String, x: &Tensor<3>| {
        let name = format!("mid.audio.{name}");
        if golden.has(&name) {
            golden.close(&name, x.clone().swap_dims(1, 2), FORWARD);
            seen += 1;
        }
    };
    let x = tcn.norm.forward(x, None, &lengths);
    close("globln_in".to_owned(), &x);
    let mut x = tcn.bottleneck.forward(x);
    close("bottleneck".to_owned(), &x);
    for (index, block) in tcn.blocks.iter().enumerate() {
        let wide = block.widen(x.clone(), &lengths);
        close(format!("block{index}_globln1"), &wide);
        let mixed = block.convolve(wide, &lengths);
        close(format!("block{index}_depthwise"), &mixed);
        let residual = block.narrow(mixed, &lengths);
        close(format!("block{index}_residual"), &residual);
        x = x + residual;
    }
    golden.close("mid.audio.feat", tcn.leave(x, mask), FORWARD);
    assert_eq!(seen + 1, golden.names("mid.").len());
}

#[test]
fn mpuc_t11_the_audio_encoder_has_the_published_size() {
    let tcn = TcnConfig::default().init(&Device::flex());
    assert_eq!(learned(&tcn).iter().map(|(_, size)| size).sum::<usize>(), 217_813);
}

fn small() -> (super::Tcn, Tensor<3>) {
    let device = Device::flex();
    let config =
        TcnConfig { size: 6, channels: 5, hidden: 7, dilations: 3, out: 4, ..Default::default() };
    (config.init(&device), Tensor::random([3, 9, 6], Distribution::Normal(0.0, 1.0), &device))
}

#[track_caller]
fn same(got: Tensor<2>, expected: Tensor<2>) {
    let tolerance = Tolerance::<f32>::rel_abs(1e-5, 1e-5);
    got.into_data().assert_approx_eq(&expected.into_data(), tolerance);
}

#[test]
fn padding_changes_no_audio_feature() {
    let (mut tcn, x) = small();
    for block in &mut tcn.blocks {
        // Trained norms leave padding somewhere else than at zero.
        block.first_norm.bias = Param::from_tensor(Tensor::ones([7], &x.device()));
    }
    let expected = tcn.forward(x.clone(), &mpuc::all(&x));
    let junk = Tensor::random([3, 20, 6], Distribution::Normal(3.0, 9.0), &x.device());
    let mask = Tensor::cat(vec![mpuc::all(&x), mpuc::all(&junk) * 0.0], 1);
    same(tcn.forward(Tensor::cat(vec![x, junk], 1), &mask), expected);
}

#[test]
fn mpuc_t9_an_audio_feature_is_the_clips_own() {
    let (tcn, x) = small();
    let together = tcn.forward(x.clone(), &mpuc::all(&x));
    let last = x.narrow(0, 2, 1);
    same(tcn.forward(last.clone(), &mpuc::all(&last)), together.narrow(0, 2, 1));
}

#[test]
fn mpuc_t10_a_gain_changes_no_audio_feature() {
    // A gain of the wave is a sum in decibels.
    let (tcn, x) = small();
    let expected = tcn.forward(x.clone(), &mpuc::all(&x));
    same(tcn.forward(x.clone() + 6.0, &mpuc::all(&x)), expected);
}
