//! What a trunk and the parts around it promise, at small sizes.

use burn::module::Module;
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::{Device, Int, Tensor};

use super::golden::Path;
use super::*;
use crate::head::StackConfig;
use crate::objective::PredictLoss;

const WIDTH: usize = 8;
const STACK: StackConfig = StackConfig { wide: 8, narrow: 4, dropout: 0.0 };

fn small(layers: usize, residual: bool) -> TrunkConfig {
    let axes = Axes::Time;
    TrunkConfig { layers, heads: 2, kernel: 5, expansion: 2, dropout: 0.0, residual, axes }
}

/// A path for features of `size`, with `classes` outputs, around a trunk.
fn path(size: usize, classes: usize, trunk: Trunk, device: &Device) -> Path {
    let encoder = ConformerConfig {
        layers: 1,
        heads: 2,
        kernel: 5,
        expansion: 2,
        dropout: 0.0,
        frame: Some(3),
        axes: Axes::Time,
    };
    Path {
        encoder: encoder.init(size, WIDTH, device),
        trunk,
        label: STACK.init(WIDTH, classes, device),
        reconstruction: STACK.init(WIDTH, size, device),
    }
}

fn random(shape: [usize; 3], device: &Device) -> Tensor<3> {
    // Not from the device's generator, which tests that run at once share.
    let place = Tensor::<1, Int>::arange(0..shape.iter().product::<usize>() as i64, device).float();
    ((place.clone() * place * 0.013).sin() * 1.4).reshape(shape)
}

fn values<const D: usize>(x: Tensor<D>) -> Vec<f32> {
    x.into_data().iter().collect()
}

#[test]
fn vavl_v4_another_task_takes_over_encoder_and_trunk() {
    let device = Device::flex();
    let (x, mask) = (random([3, 7, 5], &device), Tensor::ones([3, 7], &device));
    let six = path(5, 6, small(1, true).init(WIDTH, &device), &device);
    let mut three = path(5, 3, small(1, true).init(WIDTH, &device), &device);
    three.encoder = three.encoder.load_record(six.encoder.clone().into_record());
    three.trunk = three.trunk.load_record(six.trunk.clone().into_record());
    let view = three.view(x.clone(), &mask);
    assert_eq!(values(view.clone()), values(six.view(x, &mask)));
    assert_eq!(three.label.forward(view).dims(), [3, 3]);
}

#[test]
fn vavl_v8_reconstruction_is_learned_and_reaches_encoder_and_trunk() {
    let device = Device::flex().autodiff();
    let mut path = path(5, 6, small(1, true).init(WIDTH, &device), &device);
    let (x, mask) = (random([6, 7, 5], &device), Tensor::ones([6, 7], &device));
    let mut optimizer = AdamConfig::new().init();
    let mut losses = Vec::new();
    for _ in 0..12 {
        let prediction = path.reconstruction.forward(path.view(x.clone(), &mask));
        let target = PredictLoss::target(x.clone(), &mask);
        let none = PredictLoss { weight: 0.0 }.term(prediction.clone(), target.clone());
        assert!(none.is_none());
        let loss = PredictLoss { weight: 1.0 }.term(prediction, target).unwrap();
        losses.push(loss.clone().into_scalar::<f32>());
        let gradients = loss.backward();
        for bias in [&path.encoder, path.trunk.conformer.as_ref().unwrap()].map(Conformer::entry) {
            assert!(bias.grad(&gradients).unwrap().abs().max().into_scalar::<f32>() > 0.0);
        }
        let gradients = GradientsParams::from_grads(gradients, &path);
        path = optimizer.step(1e-2, path, gradients);
    }
    assert!(losses[11] < 0.7 * losses[0], "{losses:?}");
}

#[test]
fn vavl_v9_without_residual_or_layers() {
    let device = Device::flex();
    let (h, mask) = (random([2, 6, WIDTH], &device), Tensor::ones([2, 6], &device));
    let mut trunk = small(1, true).init(WIDTH, &device);
    let with = trunk.forward(h.clone(), &mask);
    trunk.residual = false;
    let without = trunk.forward(h.clone(), &mask);
    let (conformer, norm) = (trunk.conformer.unwrap(), trunk.norm.unwrap());
    let expected = layers::normed(&norm, conformer.forward(h.clone(), &mask));
    assert_eq!(values(without.clone()), values(expected));
    assert!((with - without).abs().max().into_scalar::<f32>() > 1e-2);
    let none = small(0, true).init(WIDTH, &device);
    assert_eq!(none.num_params(), 0);
    assert_eq!(values(none.forward(h.clone(), &mask)), values(h));
}

#[test]
fn vavl_v12_what_is_saved_reads_the_same_bit_by_bit() {
    let device = Device::flex().autodiff();
    let trained = path(5, 6, small(1, true).init(WIDTH, &device), &device);
    let (x, mask) = (random([3, 7, 5], &device), Tensor::ones([3, 7], &device));
    // One forward while training moves the running statistics, which have to be saved too.
    let _ = trained.view(x.clone(), &mask);
    let trained = trained.valid();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("path.bpk");
    trained.clone().save_file(&file).unwrap();
    let fresh = path(5, 6, small(1, true).init(WIDTH, &Device::flex()), &Device::flex());
    let (x, mask) = (random([3, 7, 5], &Device::flex()), Tensor::ones([3, 7], &Device::flex()));
    let predict = |path: &Path| values(path.label.forward(path.view(x.clone(), &mask)));
    assert_ne!(predict(&fresh), predict(&trained));
    assert_eq!(predict(&fresh.load_file(&file)), predict(&trained));
}

#[test]
fn an_impossible_size_is_named() {
    assert!(small(2, true).check("model.trunk", WIDTH).is_ok());
    let error = TrunkConfig { heads: 3, ..small(2, true) }.check("model.trunk", WIDTH);
    assert!(error.unwrap_err().to_string().contains("model.trunk.heads"));
}

#[test]
fn published_sizes() {
    let device = Device::flex();
    // Running statistics are no parameters: two numbers a channel and block.
    let trunk = TrunkConfig::default().init(512, &device).num_params() - 2 * 2 * 512;
    assert_eq!(trunk, 12_910_080);
    let stack = |size, out| StackConfig::default().init(size, out, &device).num_params();
    assert_eq!(stack(512, 6), 395_526);
    assert_eq!(stack(1024, 6), 657_670);
    assert_eq!(stack(512, 1024), 657_152);
    assert_eq!(stack(512, 1408), 755_840);
}
