//! The convolution module of a conformer (Gulati et al. 2020, section 2.2).

use burn::module::Module;
use burn::nn::conv::{Conv1d, Conv1dConfig};
use burn::nn::{
    BatchNorm, BatchNormConfig, Dropout, DropoutConfig, LayerNorm, Linear, LinearConfig,
    PaddingConfig1d,
};
use burn::tensor::{Device, IndexingUpdateOp, Tensor};
use limbic_kernels::{Activation, depthwise, glu};

use super::ConformerConfig;
use super::places::Places;
use crate::Origin;
use crate::dropout::added;
use crate::encode::norm::normalise_rows;
use crate::layers::{activated, mapped, norm, normed};

/// Layer norm, gated linear map, depthwise convolution, batch norm, swish, linear map, dropout; added
/// to what came in.
#[derive(Module, Debug)]
pub(super) struct Convolution {
    norm: LayerNorm,
    gate: Linear,
    depthwise: Conv1d,
    batch_norm: BatchNorm,
    out: Linear,
    dropout: Dropout,
}

impl Convolution {
    pub(super) fn new(width: usize, config: &ConformerConfig, device: &Device) -> Self {
        let pad = config.kernel / 2;
        Self {
            norm: norm(width, device),
            gate: LinearConfig::new(width, 2 * width).init(device),
            depthwise: Conv1dConfig::new(width, width, config.kernel)
                .with_groups(width)
                .with_padding(PaddingConfig1d::Explicit(pad, pad))
                .with_bias(false)
                .init(device),
            batch_norm: BatchNormConfig::new(width).init(device),
            out: LinearConfig::new(width, width).init(device),
            dropout: DropoutConfig::new(config.dropout).init(),
        }
    }

    /// # Shapes
    /// `[b, t, d]` -> `[b, t, d]`.
    pub(super) fn forward(&self, x: Tensor<3>, places: &Places) -> Tensor<3> {
        let rows = self.normalised(self.filtered(x.clone(), places), places);
        added(x, activated(&self.out, rows, Activation::Swish), 1.0, &self.dropout)
    }

    /// Up to the depthwise convolution, which reads and writes no padding.
    pub(super) fn filtered(&self, x: Tensor<3>, places: &Places) -> Tensor<3> {
        let x = glu(mapped(&self.gate, normed(&self.norm, x)));
        depthwise(x, self.depthwise.weight.val(), None, 1, places.lengths.clone())
    }

    /// Batch norm of the steps that are there; its statistics never see padding, which becomes 0.
    pub(super) fn normalised(&self, x: Tensor<3>, places: &Places) -> Tensor<3> {
        let [b, t, d] = x.dims();
        let rows: Tensor<2> = x.reshape([b * t, d]);
        let rows = match &places.real {
            Some(real) => {
                let own = rows.clone().select(0, real.clone());
                let own = normalise_rows(&self.batch_norm, own, false);
                rows.zeros_like().select_assign(0, real.clone(), own, IndexingUpdateOp::Add)
            }
            None => normalise_rows(&self.batch_norm, rows, false),
        };
        rows.reshape([b, t, d])
    }
}

#[cfg(test)]
impl Convolution {
    pub(super) fn running_mean(&self) -> Tensor<1> {
        self.batch_norm.running_mean.value()
    }
}

/// Where the authors keep the weight at `path`, in the sequence of their module.
pub(super) fn origin(path: &str) -> Option<Origin> {
    match path.split_once('.')? {
        ("norm", field) => Origin::norm("0", field),
        ("gate", field) => Origin::linear("2.conv", field),
        ("depthwise", field) => Some(Origin::same(format!("4.conv.{field}"))),
        ("batch_norm", field) => Origin::norm("5", field),
        ("out", field) => Origin::linear("7.conv", field),
        _ => None,
    }
}
