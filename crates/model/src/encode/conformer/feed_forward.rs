//! The feed-forward layer of a conformer (Gulati et al. 2020, section 2.3); half of what it says
//! is added to what came in.

use burn::module::Module;
use burn::nn::{Dropout, DropoutConfig, LayerNorm, LayerNormConfig, Linear};
use burn::tensor::{Device, Tensor, activation::silu};

use super::{ConformerConfig, linear};
use crate::Origin;
use crate::dropout::dropped;

/// `dropout(out(dropout(swish(inner(norm(x))))))`.
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
            norm: LayerNormConfig::new(width).init(device),
            inner: linear(width, inside, device),
            out: linear(inside, width, device),
            dropout: DropoutConfig::new(config.dropout).init(),
        }
    }

    /// # Shapes
    /// `[b, t, d]` -> `[b, t, d]`.
    pub(super) fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let inside = silu(self.inner.forward(self.norm.forward(x)));
        dropped(&self.dropout, self.out.forward(dropped(&self.dropout, inside)))
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
