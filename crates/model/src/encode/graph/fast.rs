//! The graph network on whole layers, in single precision.

use std::sync::Arc;

use burn::module::Param;
use burn::nn::conv::Conv2d;
use burn::tensor::activation::relu;
use burn::tensor::{Tensor, TensorData};
use limbic_kernels::{Activation, Entry, linear, temporal};

use super::{Block, Graph, TAPS, Temporal, fit};
use crate::dropout::dropped;
use crate::encode::norm::normalise_nodes;
use crate::layers::{activated_dropped, lengths, mapped};

impl Temporal {
    /// # Shapes
    /// `[b, n, t, c]` -> `[b, n, t - 2, out]`.
    fn fast(&self, x: Tensor<4>) -> Tensor<4> {
        let [b, n, t, c] = x.dims();
        let weight = |conv: &Conv2d| {
            let weight = conv.weight.val().permute([2, 3, 1, 0]);
            let out = weight.dims()[3];
            weight.reshape([TAPS * c, out])
        };
        // Two of the three are one convolution, whose weights are their sum.
        let sum = weight(&self.plain) + weight(&self.skip);
        let out = sum.dims()[1];
        let zeros = || Tensor::zeros([out], &x.device());
        let bias = |conv: &Conv2d| conv.bias.as_ref().map_or_else(zeros, Param::val);
        let both = bias(&self.plain) + bias(&self.skip);
        let bias = Tensor::cat(vec![both, bias(&self.gate)], 0);
        let weight = Tensor::cat(vec![sum, weight(&self.gate)], 1);
        temporal(x.reshape([b * n, t, c]), weight, bias).reshape([b, n, t + 1 - TAPS, out])
    }
}

impl Block {
    /// # Shapes
    /// `x` `[b, n, t, c]`, `mixing` `[b, n, n]`, `lengths` real steps -> `[b, n, t - 4, channels]` and
    /// how many of its steps are real.
    fn fast(
        &self,
        x: Tensor<4>,
        mixing: &Tensor<3>,
        lengths: &Arc<[usize]>,
    ) -> (Tensor<4>, Arc<[usize]>) {
        let x = self.rise.fast(x);
        let [b, n, t, _] = x.dims();
        // Fewer channels first, then the neighbours: the same sums, a quarter of the work.
        let x = linear(x, self.theta.val(), None, Entry::default());
        let spatial = x.dims()[3];
        let mixed = mixing.clone().matmul(x.reshape([b, n, t * spatial]));
        let x = self.fall.fast(relu(mixed.reshape([b, n, t, spatial])));
        let lengths: Arc<[usize]> = lengths.iter().map(|length| left(left(*length))).collect();
        let [_, _, t, c] = x.dims();
        let numbers: Arc<[usize]> = lengths.iter().map(|length| length * c).collect();
        let x = normalise_nodes(&self.norm, x.reshape([b, n, t * c]), &numbers);
        (x.reshape([b, n, t, c]), lengths)
    }
}

impl Graph {
    /// See [`Graph::forward`].
    pub(super) fn fast(&self, x: Tensor<4>, mask: &Tensor<2>) -> Tensor<2> {
        let ([b, t, n, _], device) = (x.dims(), x.device());
        let lengths = lengths(mask);
        let padded = lengths.iter().any(|length| *length < t);
        let real: Arc<[usize]> = lengths.iter().map(|length| *length.min(&self.steps)).collect();
        let x = if padded { x * mask.clone().unsqueeze_dims::<4>(&[2, 3]) } else { x };
        let x = fit(x.permute([0, 2, 1, 3]), self.steps);
        let mixing = TensorData::new(self.mixing.clone(), [1, n, n]);
        let mixing = Tensor::<3>::from_data(mixing, &device).expand([b, n, n]);
        let (x, real) =
            self.blocks.iter().fold((x, real), |(x, real), block| block.fast(x, &mixing, &real));
        let x = self.last.fast(x);
        let [_, _, t, c] = x.dims();
        let real: Vec<usize> = real.iter().map(|length| left(*length)).collect();
        let x = if real.iter().any(|length| *length < t) {
            let counts = real.iter().flat_map(|length| (0..t).map(move |step| step < *length));
            let counts: Vec<f32> = counts.map(|real| f32::from(u8::from(real))).collect();
            x * Tensor::<4>::from_data(TensorData::new(counts, [b, 1, t, 1]), &device)
        } else {
            x
        };
        let x = x.reshape([b, n, t * c]);
        let shares = activated_dropped(&self.node, x, Activation::Same, &self.dropout);
        dropped(&self.dropout, mapped(&self.output, shares.flatten::<2>(1, 2)))
    }
}

/// Windows that hold real steps alone, of so many steps.
const fn left(steps: usize) -> usize {
    (steps + 1).saturating_sub(TAPS)
}
