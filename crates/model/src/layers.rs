//! Layers on our own kernels.

use std::sync::Arc;

use burn::module::Param;
use burn::nn::{Dropout, LayerNorm, LayerNormConfig, Linear};
use burn::tensor::{Device, Tensor};
use limbic_kernels::{Activation, Entry, layer_norm, linear};

use crate::dropout::drawn;

/// Inside the root of a layer norm.
const EPSILON: f64 = 1e-5;

/// A layer norm for rows of `width` numbers.
pub(crate) fn norm(width: usize, device: &Device) -> LayerNorm {
    LayerNormConfig::new(width).with_epsilon(EPSILON).init(device)
}

/// What a layer norm made by [`norm`] says.
///
/// # Shapes
/// `[.., width]` -> `[.., width]`.
pub(crate) fn normed<const D: usize>(norm: &LayerNorm, x: Tensor<D>) -> Tensor<D> {
    let gamma = norm.gamma.val();
    let beta = norm.beta.as_ref().map_or_else(|| gamma.zeros_like(), Param::val);
    layer_norm(x, gamma, beta, EPSILON)
}

/// What a linear layer says.
///
/// # Shapes
/// `[.., in]` -> `[.., out]`.
pub(crate) fn mapped<const D: usize>(layer: &Linear, x: Tensor<D>) -> Tensor<D> {
    entered(layer, x, Entry::default())
}

/// What a linear layer says of activated numbers.
pub(crate) fn activated<const D: usize>(
    layer: &Linear,
    x: Tensor<D>,
    activation: Activation,
) -> Tensor<D> {
    entered(layer, x, Entry { activation, dropout: None })
}

/// What a linear layer says of activated numbers, some of them dropped in training.
pub(crate) fn activated_dropped<const D: usize>(
    layer: &Linear,
    x: Tensor<D>,
    activation: Activation,
    dropout: &Dropout,
) -> Tensor<D> {
    let dropout = drawn(dropout, &x.device());
    entered(layer, x, Entry { activation, dropout })
}

fn entered<const D: usize>(layer: &Linear, x: Tensor<D>, entry: Entry) -> Tensor<D> {
    linear(x, layer.weight.val(), layer.bias.as_ref().map(Param::val), entry)
}

/// How many steps of each clip are real; they come first.
///
/// # Shapes
/// `mask` `[b, t]`.
pub(crate) fn lengths(mask: &Tensor<2>) -> Arc<[usize]> {
    let ([_, t], data) = (mask.dims(), mask.clone().into_data());
    let counts: Vec<f32> = data.iter().collect();
    let length = |clip: &[f32]| clip.iter().filter(|&&count| count > 0.0).count();
    counts.chunks(t.max(1)).map(length).collect()
}
