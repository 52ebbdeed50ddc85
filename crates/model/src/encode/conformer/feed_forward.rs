//! The feed-forward layer of a conformer (Gulati et al. 2020, section 2.3); half of what it says
//! is added to what came in.

use burn::module::Module;
use burn::nn::{Dropout, DropoutConfig, LayerNorm, Linear};
use burn::tensor::{Device, Tensor};
use limbic_kernels::Activation;

use super::{ConformerConfig, linear};
use crate::Origin;
use crate::dropout::added;
use crate::layers::{activated_dropped, mapped, norm, normed};

/// `x + dropout(out(dropout(swish(inner(norm(x)))))) / 2`.
#[derive(Module, Debug)]
pub(super) struct FeedForward {
    norm: LayerNorm,
    inner: Linear,
    out: Linear,
    dropout: Dropout,
}

impl FeedForward {
    pub(super) fn new(width: usize, config: &ConformerConfig, device: &Device) -> Self {
        let inside = config.expansion * width;
        Self {
            norm: norm(width, device),
            inner: linear(width, inside, device),
            out: linear(inside, width, device),
            dropout: DropoutConfig::new(config.dropout).init(),
        }
    }

    /// # Shapes
    /// `[b, t, d]` -> `[b, t, d]`.
    pub(super) fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let inside = mapped(&self.inner, normed(&self.norm, x.clone()));
        let said = activated_dropped(&self.out, inside, Activation::Swish, &self.dropout);
        added(x, said, 0.5, &self.dropout)
    }
}

/// Where the authors keep the weight at `path`, in the sequence of their module.
pub(super) fn origin(path: &str) -> Option<Origin> {
    match path.split_once('.')? {
        ("norm", field) => Origin::norm("0", field),
        ("inner", field) => Origin::linear("1.linear", field),
        ("out", field) => Origin::linear("4.linear", field),
        _ => None,
    }
}
