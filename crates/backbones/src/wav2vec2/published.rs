//! What a published wav2vec 2.0 says about itself in `config.json` and
//! `preprocessor_config.json`.

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
    pub(super) hidden_size: usize,
    pub(super) num_hidden_layers: usize,
    pub(super) num_attention_heads: usize,
    pub(super) intermediate_size: usize,
    pub(super) hidden_act: Activation,
    pub(super) layer_norm_eps: f64,
    pub(super) feat_extract_norm: FilterNorm,
    pub(super) feat_extract_activation: Activation,
    pub(super) conv_dim: Vec<usize>,
    pub(super) conv_stride: Vec<usize>,
    pub(super) conv_kernel: Vec<usize>,
    pub(super) conv_bias: bool,
    pub(super) num_conv_pos_embeddings: usize,
    pub(super) num_conv_pos_embedding_groups: usize,
    pub(super) do_stable_layer_norm: bool,
    pub(super) add_adapter: bool,
    pub(super) adapter_attn_dim: Option<usize>,
}

/// How the filters over samples are normalised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum FilterNorm {
    /// The first one, every channel over time.
    Group,
    /// All of them, every step over channels.
    Layer,
}

/// `preprocessor_config.json`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(default)]
pub(super) struct Preprocessor {
    pub(super) do_normalize: bool,
    pub(super) sampling_rate: u32,
}

impl Default for Published {
    fn default() -> Self {
        Self {
            model_type: "wav2vec2".to_owned(),
            hidden_size: 768,
            num_hidden_layers: 12,
            num_attention_heads: 12,
            intermediate_size: 3072,
            hidden_act: Activation::Gelu,
            layer_norm_eps: 1e-5,
            feat_extract_norm: FilterNorm::Group,
            feat_extract_activation: Activation::Gelu,
            conv_dim: vec![512; 7],
            conv_stride: vec![5, 2, 2, 2, 2, 2, 2],
            conv_kernel: vec![10, 3, 3, 3, 3, 2, 2],
            conv_bias: false,
            num_conv_pos_embeddings: 128,
            num_conv_pos_embedding_groups: 16,
            do_stable_layer_norm: false,
            add_adapter: false,
            adapter_attn_dim: None,
        }
    }
}

impl Default for Preprocessor {
    fn default() -> Self {
        Self { do_normalize: true, sampling_rate: limbic_media::SAMPLE_RATE }
    }
}

impl Published {
    /// Refuses what no network can be built from, and relatives that are built differently.
    pub(super) fn check(&self, path: &Path) -> Result<()> {
        let filters = self.conv_dim.len();
        let refuse = |key: &str, found: String| Err(impossible(path, key, found));
        if self.model_type != "wav2vec2" {
            return refuse("model_type", format!("`{}`", self.model_type));
        }
        if self.add_adapter || self.adapter_attn_dim.is_some() {
            return refuse("add_adapter or adapter_attn_dim", "true".to_owned());
        }
        if !self.shape().fits() {
            let found = format!("{} for {}", self.num_attention_heads, self.hidden_size);
            return refuse("num_attention_heads, hidden_size or layer_norm_eps", found);
        }
        if filters == 0 || self.conv_stride.len() != filters || self.conv_kernel.len() != filters {
            return refuse("conv_dim", format!("{filters} filters"));
        }
        let sound = |sides: &[usize], most: usize| sides.iter().all(|x| (1..=most).contains(x));
        if !sound(&self.conv_dim, 1 << 16)
            || !sound(&self.conv_stride, 64)
            || !sound(&self.conv_kernel, 1024)
            || self.hop() > 1 << 16
            || self.reach() > 1 << 16
        {
            return refuse("conv_stride or conv_kernel", format!("{:?}", self.conv_stride));
        }
        let groups = self.num_conv_pos_embedding_groups;
        if groups == 0 || !self.hidden_size.is_multiple_of(groups) {
            return refuse("num_conv_pos_embedding_groups", groups.to_string());
        }
        if !(1..=4096).contains(&self.num_conv_pos_embeddings) {
            return refuse("num_conv_pos_embeddings", self.num_conv_pos_embeddings.to_string());
        }
        Ok(())
    }

    /// Samples from one frame to the next.
    pub(super) fn hop(&self) -> usize {
        self.conv_stride.iter().fold(1, |hop: usize, stride| hop.saturating_mul(*stride))
    }

    /// Samples under one frame.
    pub(super) fn reach(&self) -> usize {
        let filters = self.conv_kernel.iter().zip(&self.conv_stride);
        let (reach, _) = filters.fold((1usize, 1usize), |(reach, hop), (kernel, stride)| {
            (reach.saturating_add((kernel - 1).saturating_mul(hop)), hop.saturating_mul(*stride))
        });
        reach
    }

    /// Frames of `samples` samples.
    pub(super) fn frames(&self, samples: usize) -> usize {
        samples.checked_sub(self.reach()).map_or(0, |rest| rest / self.hop() + 1)
    }

    /// Sizes and kind of the layers.
    pub(super) fn shape(&self) -> Shape {
        Shape {
            size: self.hidden_size,
            heads: self.num_attention_heads,
            hidden: self.intermediate_size,
            epsilon: self.layer_norm_eps,
            activation: self.hidden_act,
            order: if self.do_stable_layer_norm { Order::Before } else { Order::After },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_filters_reach_over_25_ms_every_20_ms() {
        let base = Published::default();
        assert_eq!((base.reach(), base.hop()), (400, 320));
        assert_eq!([399, 400, 719, 720, 16_000].map(|n| base.frames(n)), [0, 1, 1, 2, 49]);
    }

    #[test]
    fn what_cannot_be_built_is_refused_by_its_key() {
        let cases = [
            (r#"{"model_type": "hubert"}"#, "model_type"),
            (r#"{"add_adapter": true}"#, "add_adapter"),
            (r#"{"num_attention_heads": 7}"#, "num_attention_heads"),
            (r#"{"num_attention_heads": 0}"#, "num_attention_heads"),
            (r#"{"conv_dim": [512]}"#, "conv_dim"),
            (r#"{"conv_stride": [5, 2, 2, 2, 2, 2, 0]}"#, "conv_stride"),
            (r#"{"conv_kernel": [10, 3, 3, 3, 3, 2, 9999999]}"#, "conv_kernel"),
            (r#"{"num_conv_pos_embedding_groups": 0}"#, "num_conv_pos_embedding_groups"),
            (r#"{"num_conv_pos_embeddings": 0}"#, "num_conv_pos_embeddings"),
            (r#"{"layer_norm_eps": -1.0}"#, "layer_norm_eps"),
        ];
        for (json, key) in cases {
            let published: Published = serde_json::from_str(json).unwrap();
            let message = published.check(Path::new("config.json")).unwrap_err().to_string();
            assert!(message.contains(key) && message.starts_with("config.json: "), "{message}");
        }
        Published::default().check(Path::new("config.json")).unwrap();
    }
}
