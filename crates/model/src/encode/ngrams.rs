//! Detectors of n-grams, one length beside the other (Kim 2014, section 2): each is a convolution
//! along time, computed as one product over shifted copies of the steps.

use crate::dropout::dropped;
use burn::module::Module;
use burn::nn::{Dropout, DropoutConfig, Linear, LinearConfig};
use burn::tensor::{Device, Tensor, activation::relu};

/// Detectors of several lengths.
#[derive(Module, Debug)]
pub(crate) struct Ngrams {
    detectors: Vec<Linear>,
    dropout: Dropout,
    size: usize,
}

impl Ngrams {
    pub(super) fn new(
        size: usize,
        kernels: &[usize],
        channels: usize,
        dropout: f64,
        device: &Device,
    ) -> Self {
        let detector = |kernel: &usize| LinearConfig::new(kernel * size, channels).init(device);
        Self {
            detectors: kernels.iter().map(detector).collect(),
            dropout: DropoutConfig::new(dropout).init(),
            size,
        }
    }

    /// # Shapes
    /// `x` `[b, t, size]`, `mask` `[b, t]` -> `[b, t, kernels * channels]`. Padding is silenced
    /// first, so that its length never shows.
    pub(super) fn forward(&self, x: Tensor<3>, mask: &Tensor<2>) -> Tensor<3> {
        let x = dropped(&self.dropout, x * mask.clone().unsqueeze_dim::<3>(2));
        let found = self.detectors.iter().map(|detector| {
            let kernel = detector.weight.dims()[0] / self.size;
            relu(detector.forward(windows(&x, kernel)))
        });
        dropped(&self.dropout, Tensor::cat(found.collect(), 2))
    }
}

/// Each step with its neighbours side by side: `[b, t, d]` -> `[b, t, kernel * d]`, with zeros
/// beyond the ends.
fn windows(x: &Tensor<3>, kernel: usize) -> Tensor<3> {
    if kernel == 1 {
        return x.clone();
    }
    let [b, t, d] = x.dims();
    let zeros = |steps| Tensor::zeros([b, steps, d], &x.device());
    let before = (kernel - 1) / 2;
    let padded = match before {
        0 => vec![x.clone(), zeros(kernel - 1)],
        _ => vec![zeros(before), x.clone(), zeros(kernel - 1 - before)],
    };
    let padded = Tensor::cat(padded, 1);
    Tensor::cat((0..kernel).map(|shift| padded.clone().narrow(1, shift, t)).collect(), 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_holds_a_step_between_its_neighbours() {
        let x = Tensor::<3>::from_data([[[1.0], [2.0], [3.0]]], &Device::flex());
        let values: Vec<f32> = windows(&x, 3).into_data().iter().collect();
        assert_eq!(values, [0.0, 1.0, 2.0, 1.0, 2.0, 3.0, 2.0, 3.0, 0.0]);
    }
}
