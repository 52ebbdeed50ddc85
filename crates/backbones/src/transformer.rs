//! A transformer layer (Vaswani et al. 2017) with learned weights under published names.

use burn::nn::{LayerNorm, Linear};
use burn::tensor::Tensor;
use burn::tensor::activation::{gelu, gelu_approximate, relu, softmax};
use limbic_features::Result;
use serde::Deserialize;

use crate::weights::Weights;

/// What bends the middle of the feed-forward half.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) enum Activation {
    /// `x P(X < x)` for a standard normal X.
    #[serde(rename = "gelu")]
    Gelu,
    /// The same through a hyperbolic tangent.
    #[serde(rename = "gelu_new", alias = "gelu_pytorch_tanh")]
    GeluTanh,
    /// What is above zero.
    #[serde(rename = "relu")]
    Relu,
}

/// Where a layer normalises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// What was added up.
    After,
    /// What goes into each half.
    Before,
}

/// Sizes and kind of every layer of a network.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) size: usize,
    pub(crate) heads: usize,
    pub(crate) hidden: usize,
    pub(crate) epsilon: f64,
    pub(crate) activation: Activation,
    pub(crate) order: Order,
}

/// What the parts of a layer are called in a file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Names {
    pub(crate) query: &'static str,
    pub(crate) key: &'static str,
    pub(crate) value: &'static str,
    pub(crate) gather: &'static str,
    pub(crate) attention_norm: &'static str,
    pub(crate) rise: &'static str,
    pub(crate) fall: &'static str,
    pub(crate) forward_norm: &'static str,
}

/// Attention and a feed-forward half, each added to its input.
#[derive(Debug)]
pub(crate) struct Layer {
    query: Linear,
    key: Linear,
    value: Linear,
    gather: Linear,
    attention_norm: LayerNorm,
    rise: Linear,
    fall: Linear,
    forward_norm: LayerNorm,
    shape: Shape,
}

impl Shape {
    /// Whether the heads share the numbers of a step evenly and nothing is empty.
    pub(crate) fn fits(&self) -> bool {
        self.size > 0
            && self.hidden > 0
            && self.heads > 0
            && self.size.is_multiple_of(self.heads)
            && self.epsilon > 0.0
            && self.epsilon < 1.0
    }
}

impl Activation {
    pub(crate) fn apply<const D: usize>(self, x: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Gelu => gelu(x),
            Self::GeluTanh => gelu_approximate(x),
            Self::Relu => relu(x),
        }
    }
}

impl Layer {
    /// Reads the layer below `at`.
    pub(crate) fn read(weights: &Weights, at: &str, names: &Names, shape: Shape) -> Result<Self> {
        let Shape { size, hidden, epsilon, .. } = shape;
        let linear = |name: &str, size, out| weights.linear(&format!("{at}.{name}"), size, out);
        let norm = |name: &str| weights.norm(&format!("{at}.{name}"), size, epsilon);
        Ok(Self {
            query: linear(names.query, size, size)?,
            key: linear(names.key, size, size)?,
            value: linear(names.value, size, size)?,
            gather: linear(names.gather, size, size)?,
            attention_norm: norm(names.attention_norm)?,
            rise: linear(names.rise, size, hidden)?,
            fall: linear(names.fall, hidden, size)?,
            forward_norm: norm(names.forward_norm)?,
            shape,
        })
    }

    /// # Shapes
    /// `x` `[b, t, size]`, `hidden` `[b, 1, 1, t]`: 0 for a step, far below for padding.
    pub(crate) fn forward(&self, x: Tensor<3>, hidden: Option<&Tensor<4>>) -> Tensor<3> {
        let feed = |x| self.fall.forward(self.shape.activation.apply(self.rise.forward(x)));
        match self.shape.order {
            Order::After => {
                let x = self.attention_norm.forward(x.clone() + self.attend(&x, hidden));
                self.forward_norm.forward(x.clone() + feed(x))
            }
            Order::Before => {
                let x = x.clone() + self.attend(&self.attention_norm.forward(x), hidden);
                x.clone() + feed(self.forward_norm.forward(x))
            }
        }
    }

    fn attend(&self, x: &Tensor<3>, hidden: Option<&Tensor<4>>) -> Tensor<3> {
        let [b, t, size] = x.dims();
        let each = size / self.shape.heads;
        let part = |linear: &Linear| {
            linear.forward(x.clone()).reshape([b, t, self.shape.heads, each]).swap_dims(1, 2)
        };
        let query = part(&self.query) / (each as f32).sqrt();
        let scores = query.matmul(part(&self.key).swap_dims(2, 3));
        let scores = match hidden {
            Some(hidden) => scores + hidden.clone(),
            None => scores,
        };
        let values = softmax(scores, 3).matmul(part(&self.value)).swap_dims(1, 2);
        self.gather.forward(values.reshape([b, t, size]))
    }
}
