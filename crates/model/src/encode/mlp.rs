//! Linear, ReLU and dropout on every step alone.

use crate::dropout::dropped;
use burn::module::Module;
use burn::nn::{Dropout, DropoutConfig, Linear, LinearConfig};
use burn::tensor::{Device, Tensor, activation::relu};

/// A stack of hidden layers of equal width; perhaps of none, where only the input is dropped.
#[derive(Module, Debug)]
pub(crate) struct Mlp {
    hidden: Vec<Linear>,
    dropout: Dropout,
}

impl Mlp {
    pub(super) fn new(
        size: usize,
        width: usize,
        layers: usize,
        dropout: f64,
        device: &Device,
    ) -> Self {
        let hidden = (0..layers)
            .map(|layer| {
                LinearConfig::new(if layer == 0 { size } else { width }, width).init(device)
            })
            .collect();
        Self { hidden, dropout: DropoutConfig::new(dropout).init() }
    }

    /// # Shapes
    /// `[b, t, size]` -> `[b, t, width]`, or as it came where there is no layer.
    pub(super) fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let x = dropped(&self.dropout, x);
        self.hidden.iter().fold(x, |x, layer| dropped(&self.dropout, relu(layer.forward(x))))
    }
}
