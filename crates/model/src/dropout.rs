//! Dropout in training, by our own kernel.

use burn::nn::Dropout;
use burn::tensor::{Distribution, Tensor};
use limbic_kernels::dropout;

/// What a dropout layer lets through: everything unless it is trained. The mask follows from the seed
/// of the device.
pub(crate) fn dropped<const D: usize>(layer: &Dropout, x: Tensor<D>) -> Tensor<D> {
    if layer.prob == 0.0 || !layer.training.is_enabled() || !x.device().is_autodiff() {
        return x;
    }
    let drawn = Tensor::<1>::random([4], Distribution::Uniform(0.0, 65536.0), &x.device());
    let drawn: Vec<u32> = drawn.into_data().iter::<f32>().map(|x| x as u32).collect();
    let key = |i: usize| match drawn[i..] {
        [high, low, ..] => (high << 16) | (low & 0xffff),
        _ => 0,
    };
    dropout(x, [key(0), key(2)], layer.prob)
}
