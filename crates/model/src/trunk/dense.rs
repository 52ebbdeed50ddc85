//! A trunk over views: encoders of any kind share it.

use burn::module::Module;
use burn::nn::{Dropout, DropoutConfig, LayerNorm, Linear, LinearConfig};
use burn::tensor::{Device, Tensor};
use limbic_kernels::Activation;
use serde::{Deserialize, Serialize};

use crate::layers::{activated_dropped, mapped, norm, normed};

/// How a trunk over views is built.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DenseConfig {
    /// Width inside.
    pub hidden: usize,
    /// Dropout inside.
    pub dropout: f64,
}

impl Default for DenseConfig {
    fn default() -> Self {
        Self { hidden: 512, dropout: 0.1 }
    }
}

/// `LayerNorm(C(h) + h)`, VAVL's shared layer with two linear layers for `C`.
#[derive(Module, Debug)]
pub(crate) struct Dense {
    wide: Linear,
    narrow: Linear,
    dropout: Dropout,
    norm: LayerNorm,
}

impl DenseConfig {
    /// Builds it with fresh weights for views of `width` numbers.
    pub(crate) fn init(&self, width: usize, device: &Device) -> Dense {
        Dense {
            wide: LinearConfig::new(width, self.hidden).init(device),
            narrow: LinearConfig::new(self.hidden, width).init(device),
            dropout: DropoutConfig::new(self.dropout).init(),
            norm: norm(width, device),
        }
    }
}

impl Dense {
    /// # Shapes
    /// `[b, width]` -> `[b, width]`.
    pub(super) fn forward(&self, h: Tensor<2>) -> Tensor<2> {
        let wide = mapped(&self.wide, h.clone());
        let said = activated_dropped(&self.narrow, wide, Activation::Relu, &self.dropout);
        normed(&self.norm, said + h)
    }
}
