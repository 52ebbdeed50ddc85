//! The encoder of BERT: a token is its word, its place and its sentence, then transformer layers.

use burn::nn::LayerNorm;
use burn::tensor::{Int, Tensor};
use limbic_features::Result;

use super::published::Published;
use crate::transformer::{Layer, Names};
use crate::weights::Weights;

const NAMES: Names = Names {
    query: "attention.self.query",
    key: "attention.self.key",
    value: "attention.self.value",
    gather: "attention.output.dense",
    attention_norm: "attention.output.LayerNorm",
    rise: "intermediate.dense",
    fall: "output.dense",
    forward_norm: "output.LayerNorm",
};

/// Tokens to states.
#[derive(Debug)]
pub(super) struct Network {
    words: Tensor<2>,
    /// Places, each with the code of the first sentence, which is the only one.
    places: Tensor<2>,
    norm: LayerNorm,
    layers: Vec<Layer>,
}

impl Network {
    /// Reads the tables and the first `layers` layers.
    pub(super) fn read(weights: &Weights, published: &Published, layers: usize) -> Result<Self> {
        let (shape, size) = (published.shape(), published.hidden_size);
        let table = |name: &str, rows| {
            weights.tensor(&format!("embeddings.{name}_embeddings.weight"), [rows, size])
        };
        let sentences = table("token_type", published.type_vocab_size)?;
        let layers =
            (0..layers).map(|i| Layer::read(weights, &format!("encoder.layer.{i}"), &NAMES, shape));
        Ok(Self {
            words: table("word", published.vocab_size)?,
            places: table("position", published.max_position_embeddings)?
                + sentences.narrow(0, 0, 1),
            norm: weights.norm("embeddings.LayerNorm", size, published.layer_norm_eps)?,
            layers: layers.collect::<Result<_>>()?,
        })
    }

    /// # Shapes
    /// `ids` `[1, t]`, one token at least and no more than there are places -> `[1, t, size]`
    pub(super) fn forward(&self, ids: Tensor<2, Int>) -> Tensor<3> {
        let [_, t] = ids.dims();
        let words = self.words.clone().select(0, ids.flatten::<1>(0, 1));
        let x = words + self.places.clone().narrow(0, 0, t);
        let x = self.norm.forward(x.unsqueeze());
        self.layers.iter().fold(x, |x, layer| layer.forward(x, None))
    }
}
