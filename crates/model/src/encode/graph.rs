//! A spatio-temporal graph network over landmarks (Yu et al. 2018, as Franceschini et al. 2022
//! use it): convolutions along time, each node mixed with its neighbours between them.
//!
//! Weights are single, what is computed from them is double. A batch has millions of inputs of
//! rectifiers; some stand nearer to zero than sums of single precision are exact, and each that comes
//! out on the other side turns the gradient. In 20 fast steps the loss drifts by 1e-3 to 1e-2;
//! with exact sums it stays within 1e-4.

use burn::module::{Module, Param};
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{
    BatchNorm, BatchNormConfig, Dropout, DropoutConfig, Initializer, Linear, LinearConfig,
};
use burn::tensor::activation::{relu, sigmoid};
use burn::tensor::{DType, Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use super::norm::normalise;
use crate::Origin;
use crate::dropout::dropped;

pub(crate) mod face;
#[cfg(test)]
mod golden;

/// Taps of every convolution along time.
const TAPS: usize = 3;

/// Sizes and neighbours; the defaults are the published face network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GraphConfig {
    /// Nodes.
    pub nodes: usize,
    /// Pairs of neighbours, each once.
    pub edges: Vec<[usize; 2]>,
    /// Features a node and step: the input has them node after node.
    #[serde(skip)]
    pub size: usize,
    /// Steps of a clip: longer ones are cut, shorter ones padded.
    pub steps: usize,
    /// Blocks; each takes four steps off, and two more go after the last one.
    pub blocks: usize,
    /// Channels of the convolutions along time.
    pub channels: usize,
    /// Channels between the two convolutions of a block.
    pub spatial: usize,
    /// Dropout before the node layer and on the feature.
    pub dropout: f64,
    /// Length of the feature, and of each node's share in it: the width of the view.
    #[serde(skip)]
    pub out: usize,
}

impl Default for GraphConfig {
    fn default() -> Self {
        Self {
            nodes: face::NODES,
            edges: face::EDGES.to_vec(),
            size: 2,
            steps: 30,
            blocks: 2,
            channels: 64,
            spatial: 16,
            dropout: 0.1,
            out: 512,
        }
    }
}

/// Blocks, one more convolution, one layer a node, one over all nodes.
#[derive(Module, Debug)]
pub(crate) struct Graph {
    blocks: Vec<Block>,
    last: Temporal,
    node: Linear,
    output: Linear,
    dropout: Dropout,
    #[module(skip)]
    mixing: Vec<f32>,
    steps: usize,
}

/// `relu(plain(x) + sigmoid(gate(x)) + skip(x))`. Elsewhere the gate is a factor; the authors add
/// it, and so do we.
#[derive(Module, Debug)]
struct Temporal {
    plain: Conv2d,
    gate: Conv2d,
    skip: Conv2d,
}

/// Time, neighbours, time, and a norm whose channels are the nodes.
#[derive(Module, Debug)]
struct Block {
    rise: Temporal,
    theta: Param<Tensor<2>>,
    fall: Temporal,
    norm: BatchNorm,
}

impl GraphConfig {
    /// Builds it with fresh weights.
    pub(crate) fn init(&self, device: &Device) -> Graph {
        let size = |block| if block == 0 { self.size } else { self.channels };
        let blocks = (0..self.blocks).map(|block| Block::new(self, size(block), device)).collect();
        let left = self.steps.saturating_sub((2 * self.blocks + 1) * (TAPS - 1));
        Graph {
            blocks,
            last: Temporal::new(size(self.blocks), self.channels, device),
            node: LinearConfig::new(left * self.channels, self.out).init(device),
            output: LinearConfig::new(self.nodes * self.out, self.out).init(device),
            dropout: DropoutConfig::new(self.dropout).init(),
            mixing: self.mixing(),
            steps: self.steps,
        }
    }

    /// `D^-1/2 (A + 2I) D^-1/2`, row by row, with D the row sums. The authors add the node to its
    /// own neighbours once in the encoder, unless all are neighbours, and again in the normaliser.
    fn mixing(&self) -> Vec<f32> {
        let n = self.nodes;
        let mut matrix = vec![0f64; n * n];
        for &[from, to] in &self.edges {
            matrix[from * n + to] = 1.0;
            matrix[to * n + from] = 1.0;
        }
        let own = if matrix.iter().all(|value| *value == 1.0) { 1.0 } else { 2.0 };
        (0..n).for_each(|node| matrix[node * n + node] += own);
        let scale: Vec<f64> =
            matrix.chunks(n).map(|row| row.iter().sum::<f64>().max(1e-4).powf(-0.5)).collect();
        let scaled =
            matrix.iter().enumerate().map(|(i, value)| value * scale[i / n] * scale[i % n]);
        scaled.map(|value| value as f32).collect()
    }
}

impl Temporal {
    fn new(size: usize, out: usize, device: &Device) -> Self {
        let conv = || Conv2dConfig::new([size, out], [1, TAPS]).init(device);
        Self { plain: conv(), gate: conv(), skip: conv() }
    }

    /// # Shapes
    /// `[b, n, t, c]` -> `[b, n, t - 2, out]`, both double.
    fn forward(&self, x: &Tensor<4>) -> Tensor<4> {
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
    fn new(config: &GraphConfig, size: usize, device: &Device) -> Self {
        let bound = 1.0 / (config.spatial as f64).sqrt();
        Self {
            rise: Temporal::new(size, config.channels, device),
            theta: Initializer::Uniform { min: -bound, max: bound }
                .init([config.channels, config.spatial], device),
            fall: Temporal::new(config.spatial, config.channels, device),
            norm: BatchNormConfig::new(config.nodes).init(device),
        }
    }

    /// # Shapes
    /// `x` `[b, n, t, c]`, `mixing` `[1, n, n]`, `real` `[b, 1, t, 1]` -> `[b, n, t - 4, channels]`
    /// and what of it is real.
    fn forward(
        &self,
        x: &Tensor<4>,
        mixing: &Tensor<3>,
        real: &Tensor<4>,
    ) -> (Tensor<4>, Tensor<4>) {
        let x = self.rise.forward(x);
        let [b, n, t, c] = x.dims();
        let mixed = mixing.clone().expand([b, n, n]).matmul(x.reshape([b, n, t * c]));
        let (single, theta) = (self.theta.val().dtype(), double(self.theta.val()));
        let spatial = theta.dims()[1];
        let mixed = relu(mixed.reshape([b * n * t, c]).matmul(theta)).reshape([b, n, t, spatial]);
        let real = whole(&whole(real));
        let x = self.fall.forward(&mixed).cast(single);
        (double(normalise(&self.norm, x, Some(&real.clone().cast(single)))), real)
    }
}

impl Graph {
    /// # Shapes
    /// `x` `[b, t, nodes, size]`, `mask` `[b, t]` -> `[b, out]`. Windows that reach into padding
    /// count as zero in the node layer and not at all in the norms; a mask of ones is the
    /// published network.
    pub(crate) fn forward(&self, x: Tensor<4>, mask: &Tensor<2>) -> Tensor<2> {
        let (x, real) = self.enter(x, mask);
        let mixing = self.mixing(&x);
        let (x, real) = self
            .blocks
            .iter()
            .fold((x, real), |(x, real), block| block.forward(&x, &mixing, &real));
        let x = self.last.forward(&x) * whole(&real);
        dropped(&self.dropout, self.leave(dropped(&self.dropout, x)))
    }

    /// How many nodes there are.
    pub(crate) fn nodes(&self) -> usize {
        self.mixing.len().isqrt()
    }

    /// Nodes first, and exactly as many steps as the node layer reads.
    fn enter(&self, x: Tensor<4>, mask: &Tensor<2>) -> (Tensor<4>, Tensor<4>) {
        let (x, mask) = (double(x), double(mask.clone()));
        let (x, real) = (x.permute([0, 2, 1, 3]), mask.unsqueeze_dims::<4>(&[1, 3]));
        (fit(x * real.clone(), self.steps), fit(real, self.steps))
    }

    fn mixing(&self, like: &Tensor<4>) -> Tensor<3> {
        let n = like.dims()[1];
        let data = TensorData::new(self.mixing.clone(), [1, n, n]);
        Tensor::from_data(data, (&like.device(), DType::F64))
    }

    /// Every node's share: `[b, n, t, c]` -> `[b, n, out]`.
    fn shares(&self, x: Tensor<4>) -> Tensor<3> {
        linear(&self.node, x.flatten(2, 3))
    }

    fn leave(&self, x: Tensor<4>) -> Tensor<2> {
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

/// Cuts or pads axis 2 to `steps`.
fn fit(x: Tensor<4>, steps: usize) -> Tensor<4> {
    let [b, n, t, c] = x.dims();
    if t >= steps {
        return x.narrow(2, 0, steps);
    }
    let padding = Tensor::zeros([b, n, steps - t, c], (&x.device(), x.dtype()));
    Tensor::cat(vec![x, padding], 2)
}

/// Which windows hold real steps only: `[b, 1, t, 1]` -> `[b, 1, t - 2, 1]`.
fn whole(real: &Tensor<4>) -> Tensor<4> {
    let length = real.dims()[2] + 1 - TAPS;
    (1..TAPS).fold(real.clone().narrow(2, 0, length), |whole, tap| {
        whole * real.clone().narrow(2, tap, length)
    })
}

/// Where a weight comes from in the authors' `stgcn`.
pub(crate) fn origin(path: &str) -> Option<Origin> {
    let temporal = |at: &str, conv: &str, field: &str| {
        let conv = match conv {
            "plain" => "conv1",
            "gate" => "conv2",
            "skip" => "conv3",
            _ => return None,
        };
        matches!(field, "weight" | "bias").then(|| Origin::same(format!("{at}.{conv}.{field}")))
    };
    let linear = |at: &str, field: &str| match field {
        "weight" => Some(Origin::transposed(format!("{at}.weight"))),
        "bias" => Some(Origin::same(format!("{at}.bias"))),
        _ => None,
    };
    let parts: Vec<&str> = path.split('.').collect();
    match *parts.as_slice() {
        ["last", conv, field] => temporal("last_temporal", conv, field),
        ["node", field] => linear("fully", field),
        ["output", field] => linear("fc_out", field),
        ["blocks", index, ref rest @ ..] => {
            let at = format!("block{}", index.parse::<usize>().ok()? + 1);
            match *rest {
                ["rise", conv, field] => temporal(&format!("{at}.temporal1"), conv, field),
                ["fall", conv, field] => temporal(&format!("{at}.temporal2"), conv, field),
                ["theta"] => Some(Origin::same(format!("{at}.Theta1"))),
                ["norm", field] => {
                    let field = super::norm::origin(field)?;
                    Some(Origin::same(format!("{at}.batch_norm.{field}")))
                }
                _ => None,
            }
        }
        _ => None,
    }
}
