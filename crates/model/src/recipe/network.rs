//! The `[model]` table: what is built.

use std::collections::BTreeMap;

use limbic_media::Modality;
use serde::{Deserialize, Serialize};

use crate::{Error, Pool, Result};

/// What is built.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelConfig {
    /// Length of every view vector.
    pub width: usize,
    /// One encoder a modality; a modality without one is not seen.
    pub encoder: BTreeMap<Modality, EncoderConfig>,
    /// How views are compared with labels.
    #[serde(default)]
    pub head: HeadConfig,
}

/// One modality's way from input to view.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EncoderConfig {
    /// The extractor whose output it reads, with its version.
    pub features: String,
    /// The shape of that output.
    pub input: InputConfig,
    /// The layers.
    pub body: Body,
    /// How steps become one vector.
    #[serde(default)]
    pub pool: Pool,
}

/// The shape of what an encoder reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum InputConfig {
    /// `[b, t, size]` real features, standardised with training statistics.
    Series {
        /// Features a step.
        size: usize,
    },
    /// `[b, t]` token ids, looked up in a learned table.
    Tokens {
        /// Rows of the table.
        vocabulary: usize,
        /// Columns of the table.
        size: usize,
        /// Most tokens of a text; the rest is cut.
        length: usize,
    },
    /// `[b, 1, size, size]` grey pictures.
    Picture {
        /// Side in pixels.
        size: usize,
    },
}

/// The layers of an encoder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Body {
    /// Linear, ReLU and dropout, on every step alone.
    Mlp {
        /// How many hidden layers.
        layers: usize,
        /// Dropout after each, and on the input.
        dropout: f64,
    },
    /// Convolutions along time, one a kernel size, side by side (Kim 2014): n-grams.
    Conv {
        /// Kernel sizes in steps.
        kernels: Vec<usize>,
        /// Channels of each.
        channels: usize,
        /// Dropout on the input and on the output.
        dropout: f64,
    },
    /// A residual network over pictures (He et al. 2016): a stem and one block a stage.
    Resnet {
        /// Channels of the stem and of each stage; every one of them halves the side.
        widths: Vec<usize>,
        /// Dropout before the view.
        dropout: f64,
    },
}

/// Labels are vectors; a head scores a view against them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HeadConfig {}

impl EncoderConfig {
    pub(super) fn check(&self, modality: Modality) -> Result<()> {
        let bad = |key: &str, reason: String| {
            Err(Error::Key { key: format!("model.encoder.{modality}.{key}"), reason })
        };
        let size = match self.input {
            InputConfig::Series { size } | InputConfig::Picture { size } => size,
            InputConfig::Tokens { vocabulary, size, length } => {
                if vocabulary < 256 || length == 0 {
                    let reason = "needs a vocabulary of at least 256 and a length of at least 1";
                    return bad("input", reason.to_owned());
                }
                size
            }
        };
        if size == 0 {
            return bad("input.size", "must be at least 1".to_owned());
        }
        let (dropout, picture) = match &self.body {
            Body::Mlp { dropout, .. } => (*dropout, false),
            Body::Conv { kernels, channels, dropout } => {
                if kernels.is_empty() || kernels.contains(&0) || *channels == 0 {
                    return bad("body", "needs at least one kernel and one channel".to_owned());
                }
                (*dropout, false)
            }
            Body::Resnet { widths, dropout } => {
                if widths.is_empty() || widths.contains(&0) || size >> widths.len() == 0 {
                    return bad(
                        "body.widths",
                        format!("{} stages cannot halve {size} pixels that often", widths.len()),
                    );
                }
                (*dropout, true)
            }
        };
        if !(0.0..1.0).contains(&dropout) {
            return bad("body.dropout", "must lie in [0, 1)".to_owned());
        }
        if picture != matches!(self.input, InputConfig::Picture { .. }) {
            return bad("body.kind", "`resnet` reads pictures, the others series or tokens".into());
        }
        Ok(())
    }
}
