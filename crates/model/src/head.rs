//! What stands on views: label rows, or a stack of linear layers.

use burn::module::Module;
use burn::nn::{Dropout, DropoutConfig, Linear, LinearConfig};
use burn::tensor::{Device, Tensor, activation::relu};
use serde::{Deserialize, Serialize};

use crate::Origin;

/// Learned label rows with a bias: `logit_c = <view, e_c> + b_c`.
#[derive(Module, Debug)]
pub struct Head {
    rows: Linear,
}

impl Head {
    /// A head of `classes` rows for views of `width`.
    pub fn new(width: usize, classes: usize, device: &Device) -> Self {
        Self { rows: LinearConfig::new(width, classes).init(device) }
    }

    /// # Shapes
    /// `view` `[b, width]` -> logits `[b, classes]`.
    pub fn forward(&self, view: Tensor<2>) -> Tensor<2> {
        self.rows.forward(view)
    }
}

/// How a [`Stack`] is built.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct StackConfig {
    /// Width after the first layer.
    pub(crate) wide: usize,
    /// Width after the second layer.
    pub(crate) narrow: usize,
    /// Dropout after the first layer.
    pub(crate) dropout: f64,
}

/// Linear, ReLU, dropout, linear, linear: VAVL's head for labels, for reconstruction and for both
/// modalities together.
#[derive(Module, Debug)]
pub(crate) struct Stack {
    first: Linear,
    second: Linear,
    last: Linear,
    dropout: Dropout,
}

impl Default for StackConfig {
    /// The published head.
    fn default() -> Self {
        Self { wide: 512, narrow: 256, dropout: 0.2 }
    }
}

#[cfg_attr(not(test), expect(dead_code, reason = "wired by the recipe next"))]
impl StackConfig {
    /// Builds it with fresh weights, from views of `size` to `out` numbers.
    pub(crate) fn init(&self, size: usize, out: usize, device: &Device) -> Stack {
        Stack {
            first: LinearConfig::new(size, self.wide).init(device),
            second: LinearConfig::new(self.wide, self.narrow).init(device),
            last: LinearConfig::new(self.narrow, out).init(device),
            dropout: DropoutConfig::new(self.dropout).init(),
        }
    }
}

#[cfg_attr(not(test), expect(dead_code, reason = "wired by the recipe next"))]
impl Stack {
    /// # Shapes
    /// `[b, size]` -> `[b, out]`.
    pub(crate) fn forward(&self, view: Tensor<2>) -> Tensor<2> {
        let wide = self.dropout.forward(relu(self.first.forward(view)));
        self.last.forward(self.second.forward(wide))
    }

    /// Where VAVL's authors keep the weight at `path`, in any of their heads.
    pub(crate) fn origin(path: &str) -> Option<Origin> {
        match path.split_once('.')? {
            ("first", field) => Origin::linear("projav1", field),
            ("second", field) => Origin::linear("projav2", field),
            ("last", field) => Origin::linear("out_layer", field),
            _ => None,
        }
    }
}
