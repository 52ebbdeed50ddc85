//! Dropout in training, by our own kernel.

use burn::nn::Dropout;
use burn::tensor::{Device, Distribution, Tensor};
use limbic_kernels::{dropout, residual};

/// What a dropout layer lets through: everything unless it is trained. The mask follows from the seed
/// of the device.
pub(crate) fn dropped<const D: usize>(layer: &Dropout, x: Tensor<D>) -> Tensor<D> {
    match drawn(layer, &x.device()) {
        Some((key, probability)) => dropout(x, key, probability),
        None => x,
    }
}

/// `x + share y`, with what a dropout layer lets through of `y`.
pub(crate) fn added<const D: usize>(
    x: Tensor<D>,
    y: Tensor<D>,
    share: f64,
    layer: &Dropout,
) -> Tensor<D> {
    let dropout = drawn(layer, &x.device());
    residual(x, y, share, dropout)
}

/// The key of a layer's next mask and its probability, drawn from the generator of the device; `None`
/// where nothing is dropped.
pub(crate) fn drawn(layer: &Dropout, device: &Device) -> Option<([u32; 2], f64)> {
    if layer.prob == 0.0 || !layer.training.is_enabled() || !device.is_autodiff() {
        return None;
    }
    let drawn = Tensor::<1>::random([4], Distribution::Uniform(0.0, 65536.0), device);
    let drawn: Vec<u32> = drawn.into_data().iter::<f32>().map(|x| x as u32).collect();
    let key = |i: usize| match drawn[i..] {
        [high, low, ..] => (high << 16) | (low & 0xffff),
        _ => 0,
    };
    Some(([key(0), key(2)], layer.prob))
}
