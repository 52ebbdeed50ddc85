//! Steps become one vector.

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Tensor, activation::softmax};
use serde::{Deserialize, Serialize};

/// How steps become one vector. Padding never counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pool {
    /// The mean over steps.
    #[default]
    Mean,
    /// The largest value of each feature.
    Max,
    /// A mean with learned weights beside the maximum, end to end.
    AttentionMax,
}

/// A pool with its weights.
#[derive(Module, Debug)]
pub(crate) struct Pooling {
    scores: Option<Linear>,
    #[module(skip)]
    kind: PoolKind,
}

/// The pool's kind, as burn's derive wants it: plain data.
pub(crate) type PoolKind = Pool;

impl Pool {
    /// Builds it for steps of `size` features.
    pub(crate) fn init(self, size: usize, device: &Device) -> Pooling {
        let scores = match self {
            Self::AttentionMax => Some(LinearConfig::new(size, 1).init(device)),
            Self::Mean | Self::Max => None,
        };
        Pooling { scores, kind: self }
    }

    /// Length of the vector made from steps of `size` features.
    pub const fn width(self, size: usize) -> usize {
        match self {
            Self::Mean | Self::Max => size,
            Self::AttentionMax => 2 * size,
        }
    }
}

impl Pooling {
    /// # Shapes
    /// `x` `[b, t, d]`, `mask` `[b, t]` -> `[b, width(d)]`.
    pub(crate) fn forward(&self, x: Tensor<3>, mask: &Tensor<2>) -> Tensor<2> {
        let mask = mask.clone().unsqueeze_dim::<3>(2);
        match (&self.kind, &self.scores) {
            (Pool::AttentionMax, Some(scores)) => {
                let hidden = (mask.clone() - 1.0) * 1e9;
                let weights = softmax(scores.forward(x.clone()) + hidden, 1);
                let mean = (x.clone() * weights).sum_dim(1).squeeze_dim::<2>(1);
                Tensor::cat(vec![mean, maximum(x, mask)], 1)
            }
            (Pool::Max, _) => maximum(x, mask),
            _ => over_steps(x, mask),
        }
    }
}

/// The mean over the steps that `mask` counts.
///
/// # Shapes
/// `x` `[b, t, d]`, `mask` `[b, t]` -> `[b, d]`.
pub(crate) fn mean(x: Tensor<3>, mask: &Tensor<2>) -> Tensor<2> {
    over_steps(x, mask.clone().unsqueeze_dim(2))
}

fn over_steps(x: Tensor<3>, mask: Tensor<3>) -> Tensor<2> {
    let steps = mask.clone().sum_dim(1).clamp_min(1.0);
    ((x * mask).sum_dim(1) / steps).squeeze_dim(1)
}

fn maximum(x: Tensor<3>, mask: Tensor<3>) -> Tensor<2> {
    (x + (mask - 1.0) * 1e9).max_dim(1).squeeze_dim(1)
}
