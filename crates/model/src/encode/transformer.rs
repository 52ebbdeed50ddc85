//! A post-norm transformer encoder with sinusoidal positions (Vaswani et al. 2017; the text
//! encoder of Franceschini et al. 2022).

use burn::module::Module;
use burn::nn::{
    Dropout, DropoutConfig, Initializer, LayerNorm, LayerNormConfig, Linear, LinearConfig,
};
use burn::tensor::activation::{relu, softmax};
use burn::tensor::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use crate::Origin;
use crate::dropout::dropped;

#[cfg(test)]
mod golden;

/// What a position is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Positions {
    /// The step.
    #[default]
    Time,
    /// The clip's place in its batch, the same for all its steps: the published code does so, by
    /// mistake. Order is lost, and a clip's feature depends on its place.
    Reference,
}

/// Sizes; the defaults are the published ones.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TransformerConfig {
    /// Features a step, those of the input; the heads share them evenly.
    #[serde(skip)]
    pub size: usize,
    /// Layers.
    pub layers: usize,
    /// Attention heads.
    pub heads: usize,
    /// Width of the feed-forward half of a layer.
    pub hidden: usize,
    /// What a position is.
    pub positions: Positions,
    /// Dropout on inputs, attention weights, every half of a layer, and before the last layer.
    pub dropout: f64,
    /// Length of the feature: the width of the view.
    #[serde(skip)]
    pub out: usize,
}

impl Default for TransformerConfig {
    fn default() -> Self {
        Self {
            size: 300,
            layers: 6,
            heads: 5,
            hidden: 2048,
            positions: Positions::Time,
            dropout: 0.1,
            out: 512,
        }
    }
}

/// Positions, layers, mean over steps, one layer.
#[derive(Module, Debug)]
pub(crate) struct Transformer {
    layers: Vec<Layer>,
    output: Linear,
    dropout: Dropout,
    #[module(skip)]
    positions: Positions,
}

/// Attention and a feed-forward half, each added to its input and normalised after.
#[derive(Module, Debug)]
struct Layer {
    /// Queries, keys and values, end to end.
    project: Linear,
    gather: Linear,
    attention_norm: LayerNorm,
    rise: Linear,
    fall: Linear,
    forward_norm: LayerNorm,
    dropout: Dropout,
    heads: usize,
}

impl TransformerConfig {
    /// Builds it with fresh weights.
    pub(crate) fn init(&self, device: &Device) -> Transformer {
        Transformer {
            layers: (0..self.layers).map(|_| Layer::new(self, device)).collect(),
            output: LinearConfig::new(self.size, self.out).init(device),
            dropout: DropoutConfig::new(self.dropout).init(),
            positions: self.positions,
        }
    }
}

impl Layer {
    fn new(config: &TransformerConfig, device: &Device) -> Self {
        let size = config.size;
        let silent = |linear: Linear, out: usize| Linear {
            bias: Some(Initializer::Zeros.init([out], device)),
            ..linear
        };
        let project = LinearConfig::new(size, 3 * size)
            .with_initializer(Initializer::XavierUniform { gain: 1.0 });
        Self {
            project: silent(project.init(device), 3 * size),
            gather: silent(LinearConfig::new(size, size).init(device), size),
            attention_norm: LayerNormConfig::new(size).init(device),
            rise: LinearConfig::new(size, config.hidden).init(device),
            fall: LinearConfig::new(config.hidden, size).init(device),
            forward_norm: LayerNormConfig::new(size).init(device),
            dropout: DropoutConfig::new(config.dropout).init(),
            heads: config.heads,
        }
    }

    /// # Shapes
    /// `x` `[b, t, d]`, `hidden` `[b, 1, 1, t]`: 0 for a step, far below for padding.
    fn forward(&self, x: Tensor<3>, hidden: &Tensor<4>) -> Tensor<3> {
        let attended = dropped(&self.dropout, self.attend(x.clone(), hidden));
        let x = self.attention_norm.forward(x + attended);
        let inner = dropped(&self.dropout, relu(self.rise.forward(x.clone())));
        self.forward_norm.forward(x + dropped(&self.dropout, self.fall.forward(inner)))
    }

    fn attend(&self, x: Tensor<3>, hidden: &Tensor<4>) -> Tensor<3> {
        let [b, t, d] = x.dims();
        let each = d / self.heads;
        let projected = self.project.forward(x);
        let part = |index: usize| {
            let part = projected.clone().narrow(2, index * d, d);
            part.reshape([b, t, self.heads, each]).swap_dims(1, 2)
        };
        let scores = part(0).matmul(part(1).swap_dims(2, 3)) / (each as f32).sqrt();
        let weights = dropped(&self.dropout, softmax(scores + hidden.clone(), 3));
        let values = weights.matmul(part(2)).swap_dims(1, 2);
        self.gather.forward(values.reshape([b, t, d]))
    }
}

impl Transformer {
    /// # Shapes
    /// `x` `[b, t, size]`, `mask` `[b, t]` -> `[b, out]`. Nothing attends to padding and the mean
    /// leaves it out; a mask of ones is the published network.
    pub(crate) fn forward(&self, x: Tensor<3>, mask: &Tensor<2>) -> Tensor<2> {
        let hidden = hidden(mask);
        let x = dropped(&self.dropout, self.place(x));
        let x = self.layers.iter().fold(x, |x, layer| layer.forward(x, &hidden));
        let mask = mask.clone().unsqueeze_dim::<3>(2);
        let steps = mask.clone().sum_dim(1).clamp_min(1.0);
        let mean = ((x * mask).sum_dim(1) / steps).squeeze_dim::<2>(1);
        self.output.forward(dropped(&self.dropout, mean))
    }

    /// Adds the code of every position.
    fn place(&self, x: Tensor<3>) -> Tensor<3> {
        let ([b, t, d], device) = (x.dims(), x.device());
        match self.positions {
            Positions::Time => x + sinusoid(t, d, &device).unsqueeze_dim(0),
            Positions::Reference => x + sinusoid(b, d, &device).unsqueeze_dim(1),
        }
    }
}

/// What is added to attention scores: `[b, t]` -> `[b, 1, 1, t]`.
fn hidden(mask: &Tensor<2>) -> Tensor<4> {
    ((mask.clone() - 1.0) * 1e9).unsqueeze_dims(&[1, 2])
}

/// `sin(p w_k)`, `cos(p w_k)` in turn, `w_k = 10000^(-2k/size)`: `[count, size]`.
fn sinusoid(count: usize, size: usize, device: &Device) -> Tensor<2> {
    let value = |i: usize| {
        let (position, column) = ((i / size) as f64, i % size);
        let angle = position * 10_000f64.powf(-((column / 2 * 2) as f64) / size as f64);
        (if column % 2 == 0 { angle.sin() } else { angle.cos() }) as f32
    };
    let values: Vec<f32> = (0..count * size).map(value).collect();
    Tensor::from_data(TensorData::new(values, [count, size]), device)
}

/// Where a weight comes from among the authors' `trnn1` and `text_linear`.
pub(crate) fn origin(path: &str) -> Option<Origin> {
    let linear = |at: String, field: &str| match field {
        "weight" => Some(Origin::transposed(at + "weight")),
        "bias" => Some(Origin::same(at + "bias")),
        _ => None,
    };
    let norm = |at: String, field: &str| match field {
        "gamma" => Some(Origin::same(at + "weight")),
        "beta" => Some(Origin::same(at + "bias")),
        _ => None,
    };
    let parts: Vec<&str> = path.split('.').collect();
    match *parts.as_slice() {
        ["output", field] => linear("text_linear.".to_owned(), field),
        ["layers", index, layer, field] => {
            let at = |name: &str| format!("trnn1.layers.{index}.{name}");
            match layer {
                "project" => linear(at("self_attn.in_proj_"), field),
                "gather" => linear(at("self_attn.out_proj."), field),
                "rise" => linear(at("linear1."), field),
                "fall" => linear(at("linear2."), field),
                "attention_norm" => norm(at("norm1."), field),
                "forward_norm" => norm(at("norm2."), field),
                _ => None,
            }
        }
        _ => None,
    }
}
