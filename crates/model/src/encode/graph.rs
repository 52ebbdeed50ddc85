//! A spatio-temporal graph network over landmarks (Yu et al. 2018, as Franceschini et al. 2022
//! use it): convolutions along time, each node mixed with its neighbours between them.
//!
//! What is computed from the weights is single, on whole layers ([`fast`]), or where a recipe asks for it
//! double, with plain operations ([`exact`]). A batch has millions of inputs of rectifiers; some stand
//! nearer to zero than sums of single precision are exact, and each that comes out on the other side
//! turns the gradient. Two runs of single precision that add in another order drift apart by 1e-3 to
//! 1e-2 of the loss in 20 fast steps; with exact sums the loss stays within 1e-4 of the authors'.

use burn::module::{Module, Param};
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{
    BatchNorm, BatchNormConfig, Dropout, DropoutConfig, Initializer, Linear, LinearConfig,
};
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::Origin;

mod exact;
pub(crate) mod face;
mod fast;
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
    /// Whether everything is computed in double precision, as parity with the authors' training needs.
    pub double: bool,
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
            double: false,
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
    double: bool,
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
            double: self.double,
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
}

impl Graph {
    /// # Shapes
    /// `x` `[b, t, nodes, size]`, `mask` `[b, t]` -> `[b, out]`. Windows that reach into padding
    /// count as zero in the node layer and not at all in the norms; a mask of ones is the
    /// published network.
    pub(crate) fn forward(&self, x: Tensor<4>, mask: &Tensor<2>) -> Tensor<2> {
        if self.double { self.exact(x, mask) } else { self.fast(x, mask) }
    }

    /// How many nodes there are.
    pub(crate) fn nodes(&self) -> usize {
        self.mixing.len().isqrt()
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
