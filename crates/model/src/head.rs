//! Labels are vectors: a head scores a view against one row a class.

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Tensor};

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
