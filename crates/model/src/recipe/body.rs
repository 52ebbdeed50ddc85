//! The layers of an encoder, and the sizes that cannot be built.

use serde::{Deserialize, Serialize};

use crate::encode::conformer::ConformerConfig;
use crate::encode::graph::GraphConfig;
use crate::encode::r2plus1d::R2plus1dConfig;
use crate::encode::recurrent::RecurrentConfig;
use crate::encode::tcn::TcnConfig;
use crate::encode::transformer::TransformerConfig;
use crate::{Error, InputConfig, Result};

/// The layers of an encoder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Body {
    /// Linear, ReLU and dropout, on every step alone.
    Mlp {
        /// How many hidden layers, beside the projection to the view.
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
    /// A residual network over pictures (He et al. 2016): a stem and stages of basic blocks.
    Resnet {
        /// Channels of the stem and of each stage; every one of them halves the side.
        widths: Vec<usize>,
        /// Blocks a stage.
        #[serde(default = "one", skip_serializing_if = "is_one")]
        blocks: usize,
        /// Dropout before the view.
        dropout: f64,
        /// Whether the view is the mean over a picture and its mirror image, in use; it takes
        /// twice the time.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        mirror: bool,
    },
    /// A temporal convolutional network, whose feature is the view.
    Tcn(TcnConfig),
    /// A graph network over landmarks, whose feature is the view.
    Graph(GraphConfig),
    /// R(2+1)D over video, whose feature is the view.
    R2plus1d(R2plus1dConfig),
    /// A post-norm transformer, whose feature is the view.
    Transformer(TransformerConfig),
    /// A conformer; its steps are as wide as the view, which is what `pool` makes of them.
    Conformer(ConformerConfig),
    /// LSTM or GRU, whose state is the view.
    Recurrent(RecurrentConfig),
}

const fn one() -> usize {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde calls")]
const fn is_one(blocks: &usize) -> bool {
    *blocks == 1
}

impl Body {
    /// Whether its steps still have to be pooled.
    pub(crate) const fn steps(&self) -> bool {
        matches!(self, Self::Mlp { .. } | Self::Conv { .. } | Self::Conformer(_))
    }

    /// Whether a projection with a ReLU stands between it and the view.
    pub(crate) const fn projects(&self) -> bool {
        matches!(self, Self::Mlp { .. } | Self::Conv { .. } | Self::Resnet { .. })
    }

    const fn dropout(&self) -> f64 {
        match self {
            Self::Mlp { dropout, .. }
            | Self::Conv { dropout, .. }
            | Self::Resnet { dropout, .. } => *dropout,
            Self::Tcn(config) => config.dropout,
            Self::Graph(config) => config.dropout,
            Self::R2plus1d(config) => config.dropout,
            Self::Transformer(config) => config.dropout,
            Self::Conformer(config) => config.dropout,
            Self::Recurrent(config) => config.dropout,
        }
    }

    /// What it reads, for messages; `None` where `input` will do.
    const fn refuses(&self, input: &InputConfig) -> Option<&'static str> {
        match (self, input) {
            (Self::Resnet { .. }, InputConfig::Picture { .. })
            | (Self::R2plus1d(_), InputConfig::Video { .. })
            | (Self::Graph(_) | Self::Tcn(_), InputConfig::Series { .. }) => None,
            (Self::Resnet { .. }, _) => Some("`resnet` reads pictures"),
            (Self::R2plus1d(_), _) => Some("`r2plus1d` reads video"),
            (Self::Graph(_), _) => Some("`graph` reads a series"),
            (Self::Tcn(_), _) => Some("`tcn` reads a series"),
            (_, InputConfig::Series { .. } | InputConfig::Tokens { .. }) => None,
            _ => Some("it reads series or tokens"),
        }
    }

    /// Refuses what cannot be built for steps of `size` features and views of `width`; `key` is
    /// where in the recipe the encoder stands.
    pub(super) fn check(&self, key: &str, input: &InputConfig, width: usize) -> Result<()> {
        let bad = |field: &str, reason: String| {
            Err(Error::Key { key: format!("{key}.body{field}"), reason })
        };
        let least = |pairs: &[(&str, usize)]| match pairs.iter().find(|(_, value)| *value == 0) {
            Some((field, _)) => bad(&format!(".{field}"), "is 0; write at least 1".to_owned()),
            None => Ok(()),
        };
        let size = if matches!(self, Self::Resnet { .. }) { input.size() } else { input.fed() };
        if let Some(reason) = self.refuses(input) {
            return bad(".kind", format!("{reason}; change it or `input.kind`"));
        }
        if !(0.0..1.0).contains(&self.dropout()) {
            return bad(".dropout", "must lie in [0, 1)".to_owned());
        }
        match self {
            Self::Mlp { .. } => Ok(()),
            Self::Conv { kernels, channels, .. } => {
                if kernels.is_empty() || kernels.contains(&0) || *channels == 0 {
                    return bad("", "needs at least one kernel and one channel".to_owned());
                }
                Ok(())
            }
            Self::Resnet { widths, blocks, .. } => {
                least(&[("blocks", *blocks)])?;
                if widths.is_empty() || widths.contains(&0) || size >> widths.len() == 0 {
                    let stages = widths.len();
                    return bad(
                        ".widths",
                        format!("{stages} stages cannot halve {size} pixels that often"),
                    );
                }
                Ok(())
            }
            Self::Tcn(c) => {
                if c.kernel.is_multiple_of(2) {
                    return bad(".kernel", format!("{} is even; write an odd number", c.kernel));
                }
                let (repeats, dilations) = (c.repeats, c.dilations);
                if dilations > 16 {
                    return bad(".dilations", format!("{dilations} is too many; write at most 16"));
                }
                least(&[
                    ("channels", c.channels),
                    ("hidden", c.hidden),
                    ("repeats", repeats),
                    ("dilations", dilations),
                ])
            }
            Self::Graph(c) => {
                least(&[
                    ("nodes", c.nodes),
                    ("blocks", c.blocks),
                    ("channels", c.channels),
                    ("spatial", c.spatial),
                ])?;
                if c.edges.iter().flatten().any(|node| *node >= c.nodes) {
                    return bad(".edges", format!("name a node beyond the {} there are", c.nodes));
                }
                let least = c.blocks * 4 + 3;
                if c.steps < least {
                    let reason = format!("{} are too few for {} blocks", c.steps, c.blocks);
                    return bad(".steps", format!("{reason}; write at least {least}"));
                }
                if !size.is_multiple_of(c.nodes) {
                    let reason = format!("{} do not share {size} features evenly", c.nodes);
                    return bad(".nodes", format!("{reason}; change it or `input.size`"));
                }
                Ok(())
            }
            Self::R2plus1d(c) => {
                if c.widths.is_empty() || c.widths.contains(&0) || c.stem.contains(&0) {
                    return bad(".widths", "and `stem` must all be at least 1".to_owned());
                }
                least(&[("blocks", c.blocks)])
            }
            Self::Transformer(c) => {
                least(&[("layers", c.layers), ("heads", c.heads), ("hidden", c.hidden)])?;
                if !size.is_multiple_of(c.heads) {
                    let reason = format!("{} do not share {size} features evenly", c.heads);
                    return bad(".heads", format!("{reason}; change it or `input.size`"));
                }
                Ok(())
            }
            Self::Conformer(c) => {
                c.check(&format!("{key}.body"), width)?;
                least(&[("layers", c.layers)])
            }
            Self::Recurrent(c) => least(&[("layers", c.layers)]),
        }
    }
}
