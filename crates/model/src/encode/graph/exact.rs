//! The graph network with plain operations in double precision; weights are single.

use burn::nn::Linear;
use burn::nn::conv::Conv2d;
use burn::tensor::activation::{relu, sigmoid};
use burn::tensor::{DType, Tensor, TensorData};

use super::{Block, Graph, TAPS, Temporal, fit};
use crate::dropout::dropped;
use crate::encode::norm::normalise;

impl Temporal {
    /// # Shapes
    /// `[b, n, t, c]` -> `[b, n, t - 2, out]`, both double.
    pub(super) fn exact(&self, x: &Tensor<4>) -> Tensor<4> {
        let [b, n, t, c] = x.dims();
        let length = t + 1 - TAPS;
        let windows = (0..TAPS).map(|tap| x.clone().narrow(2, tap, length)).collect();
        let rows = Tensor::cat(windows, 3).reshape([b * n * length, TAPS * c]);
        let weight = |conv: &Conv2d| {
            let weight = double(conv.weight.val()).permute([2, 3, 1, 0]);
            let out = weight.dims()[3];
            weight.reshape([TAPS * c, out])
        };
        let shift = |x: Tensor<2>, conv: &Conv2d| match &conv.bias {
            Some(bias) => x + double(bias.val()).unsqueeze(),
            None => x,
        };
        // Two of the three are one convolution, whose weights are their sum.
        let sum = weight(&self.plain) + weight(&self.skip);
        let out = sum.dims()[1];
        let both = rows.matmul(Tensor::cat(vec![sum, weight(&self.gate)], 1));
        let [plain, gate] = [0, out].map(|start| both.clone().narrow(1, start, out));
        let plain = shift(shift(plain, &self.plain), &self.skip);
        relu(plain + sigmoid(shift(gate, &self.gate))).reshape([b, n, length, out])
    }
}

impl Block {
    /// # Shapes
    /// `x` `[b, n, t, c]`, `mixing` `[1, n, n]`, `real` `[b, 1, t, 1]` -> `[b, n, t - 4, channels]`
    /// and what of it is real.
    pub(super) fn exact(
        &self,
        x: &Tensor<4>,
        mixing: &Tensor<3>,
        real: &Tensor<4>,
    ) -> (Tensor<4>, Tensor<4>) {
        let x = self.rise.exact(x);
        let [b, n, t, c] = x.dims();
        let mixed = mixing.clone().expand([b, n, n]).matmul(x.reshape([b, n, t * c]));
        let (single, theta) = (self.theta.val().dtype(), double(self.theta.val()));
        let spatial = theta.dims()[1];
        let mixed = relu(mixed.reshape([b * n * t, c]).matmul(theta)).reshape([b, n, t, spatial]);
        let real = whole(&whole(real));
        let x = self.fall.exact(&mixed).cast(single);
        (double(normalise(&self.norm, x, Some(&real.clone().cast(single)))), real)
    }
}

impl Graph {
    /// See [`Graph::forward`].
    pub(super) fn exact(&self, x: Tensor<4>, mask: &Tensor<2>) -> Tensor<2> {
        let (x, real) = self.enter(x, mask);
        let mixing = self.mixing(&x);
        let (x, real) =
            self.blocks.iter().fold((x, real), |(x, real), block| block.exact(&x, &mixing, &real));
        let x = self.last.exact(&x) * whole(&real);
        dropped(&self.dropout, self.leave(dropped(&self.dropout, x)))
    }

    /// Nodes first, and exactly as many steps as the node layer reads.
    pub(super) fn enter(&self, x: Tensor<4>, mask: &Tensor<2>) -> (Tensor<4>, Tensor<4>) {
        let (x, mask) = (double(x), double(mask.clone()));
        let (x, real) = (x.permute([0, 2, 1, 3]), mask.unsqueeze_dims::<4>(&[1, 3]));
        (fit(x * real.clone(), self.steps), fit(real, self.steps))
    }

    pub(super) fn mixing(&self, like: &Tensor<4>) -> Tensor<3> {
        let n = like.dims()[1];
        let data = TensorData::new(self.mixing.clone(), [1, n, n]);
        Tensor::from_data(data, (&like.device(), DType::F64))
    }

    /// Every node's share: `[b, n, t, c]` -> `[b, n, out]`.
    pub(super) fn shares(&self, x: Tensor<4>) -> Tensor<3> {
        linear(&self.node, x.flatten(2, 3))
    }

    pub(super) fn leave(&self, x: Tensor<4>) -> Tensor<2> {
        let x = self.shares(x).flatten::<2>(1, 2);
        linear(&self.output, x).cast(self.output.weight.val().dtype())
    }
}

fn double<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    x.cast(DType::F64)
}

/// A layer of single weights over double features.
fn linear<const D: usize>(layer: &Linear, x: Tensor<D>) -> Tensor<D> {
    let product = x.matmul(double(layer.weight.val()).unsqueeze());
    match &layer.bias {
        Some(bias) => product + double(bias.val()).unsqueeze(),
        None => product,
    }
}

/// Which windows hold real steps only: `[b, 1, t, 1]` -> `[b, 1, t - 2, 1]`.
pub(super) fn whole(real: &Tensor<4>) -> Tensor<4> {
    let length = real.dims()[2] + 1 - TAPS;
    (1..TAPS).fold(real.clone().narrow(2, 0, length), |whole, tap| {
        whole * real.clone().narrow(2, tap, length)
    })
}
