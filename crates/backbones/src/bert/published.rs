//! What a published BERT says about itself in `config.json`.

use std::path::Path;

use limbic_features::Result;
use serde::Deserialize;

use crate::folder::impossible;
use crate::transformer::{Activation, Order, Shape};

/// `config.json`, as far as it shapes the network; defaults are those of the base model.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub(super) struct Published {
    pub(super) model_type: String,
    pub(super) vocab_size: usize,
    pub(super) hidden_size: usize,
    pub(super) num_hidden_layers: usize,
    pub(super) num_attention_heads: usize,
    pub(super) intermediate_size: usize,
    pub(super) hidden_act: Activation,
    pub(super) max_position_embeddings: usize,
    pub(super) type_vocab_size: usize,
    pub(super) layer_norm_eps: f64,
    pub(super) position_embedding_type: String,
}

impl Default for Published {
    fn default() -> Self {
        Self {
            model_type: "bert".to_owned(),
            vocab_size: 30_522,
            hidden_size: 768,
            num_hidden_layers: 12,
            num_attention_heads: 12,
            intermediate_size: 3072,
            hidden_act: Activation::Gelu,
            max_position_embeddings: 512,
            type_vocab_size: 2,
            layer_norm_eps: 1e-12,
            position_embedding_type: "absolute".to_owned(),
        }
    }
}

impl Published {
    /// Refuses what no network can be built from, and relatives that are built differently.
    pub(super) fn check(&self, path: &Path) -> Result<()> {
        let refuse = |key: &str, found: String| Err(impossible(path, key, found));
        if self.model_type != "bert" {
            return refuse("model_type", format!("`{}`", self.model_type));
        }
        if self.position_embedding_type != "absolute" {
            return refuse(
                "position_embedding_type",
                format!("`{}`", self.position_embedding_type),
            );
        }
        if !self.shape().fits() {
            let found = format!("{} for {}", self.num_attention_heads, self.hidden_size);
            return refuse("num_attention_heads, hidden_size or layer_norm_eps", found);
        }
        if self.type_vocab_size == 0 || self.max_position_embeddings == 0 {
            return refuse("type_vocab_size or max_position_embeddings", "0".to_owned());
        }
        Ok(())
    }

    /// Sizes and kind of the layers.
    pub(super) fn shape(&self) -> Shape {
        Shape {
            size: self.hidden_size,
            heads: self.num_attention_heads,
            hidden: self.intermediate_size,
            epsilon: self.layer_norm_eps,
            activation: self.hidden_act,
            order: Order::After,
        }
    }
}
