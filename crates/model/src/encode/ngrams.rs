//! Convolutions along time, one a kernel size, side by side (Kim 2014, section 2): each kernel
//! is a detector of n-grams.

use burn::module::Module;
use burn::nn::conv::{Conv1d, Conv1dConfig};
use burn::nn::{Dropout, DropoutConfig, PaddingConfig1d};
use burn::tensor::{Device, Tensor, activation::relu};

/// Detectors of several lengths.
#[derive(Module, Debug)]
pub(crate) struct Ngrams {
    detectors: Vec<Conv1d>,
    dropout: Dropout,
}

impl Ngrams {
    pub(super) fn new(
        size: usize,
        kernels: &[usize],
        channels: usize,
        dropout: f64,
        device: &Device,
    ) -> Self {
        let detectors = kernels
            .iter()
            .map(|&kernel| {
                let (left, right) = ((kernel - 1) / 2, kernel / 2);
                Conv1dConfig::new(size, channels, kernel)
                    .with_padding(PaddingConfig1d::Explicit(left, right))
                    .init(device)
            })
            .collect();
        Self { detectors, dropout: DropoutConfig::new(dropout).init() }
    }

    /// # Shapes
    /// `x` `[b, t, size]`, `mask` `[b, t]` -> `[b, t, kernels * channels]`. Padding is silenced
    /// first, so that its length never shows.
    pub(super) fn forward(&self, x: Tensor<3>, mask: &Tensor<2>) -> Tensor<3> {
        let x = self.dropout.forward(x * mask.clone().unsqueeze_dim::<3>(2)).swap_dims(1, 2);
        let found = self.detectors.iter().map(|conv| relu(conv.forward(x.clone()))).collect();
        self.dropout.forward(Tensor::cat(found, 1).swap_dims(1, 2))
    }
}
