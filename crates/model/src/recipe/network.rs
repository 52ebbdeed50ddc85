//! The `[model]` table: what is built.

use std::collections::BTreeMap;

use limbic_media::Modality;
use serde::{Deserialize, Serialize};

use crate::encode::graph::face;
use crate::head::StackConfig;
use crate::project::ProjectorConfig;
use crate::trunk::{DenseConfig, TrunkConfig};
use crate::words::WordsConfig;
use crate::{Body, Error, Pool, Result};

/// What is built.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelConfig {
    /// Length of a view, unless its encoder says otherwise.
    pub width: usize,
    /// One encoder a modality; a modality without one is not seen.
    pub encoder: BTreeMap<Modality, EncoderConfig>,
    /// How views are compared with labels.
    #[serde(default)]
    pub head: HeadConfig,
    /// What all modalities go through after their encoders.
    #[serde(default)]
    pub trunk: TrunkKind,
    /// How the modalities of a clip become one answer.
    #[serde(default)]
    pub fusion: Fusion,
    /// Projections of the views, which a contrast compares; for training alone.
    pub projector: Option<ProjectorConfig>,
    /// Layers that guess each modality's features from its view; for training alone.
    pub reconstruction: Option<StackConfig>,
}

/// One modality's way from input to view.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EncoderConfig {
    /// The extractor whose output it reads, with its version; or the path of a pretrained
    /// network.
    pub features: String,
    /// The id of the network at that path, which says its weights and settings; a training writes
    /// it into its checkpoint. Where it is given, no other network will do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extractor: Option<String>,
    /// The shape of that output.
    pub input: InputConfig,
    /// The layers.
    pub body: Body,
    /// How steps become one vector.
    #[serde(default)]
    pub pool: Pool,
    /// Length of this modality's view, where it is not the model's.
    pub width: Option<usize>,
    /// Dropout of the view before any trunk; for bodies that end in steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drop: Option<f64>,
}

/// The shape of what an encoder reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum InputConfig {
    /// `[b, t, size]` real features.
    Series {
        /// Features a step.
        size: usize,
        /// What is done to them first.
        #[serde(default)]
        scale: Scale,
        /// At how many deviations they are cut; at five where it is not written.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cut: Option<u8>,
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
    /// `[b, 1, size, size]` grey pictures, standardised with training statistics.
    Picture {
        /// Side in pixels.
        size: usize,
    },
    /// `[b, channels, frames, size, size]` pictures over time, as the extractor scales them.
    Video {
        /// Side in pixels.
        size: usize,
        /// Pictures a clip.
        frames: usize,
        /// Channels of a picture.
        channels: usize,
    },
}

/// What is done to the features of a series before the first layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scale {
    /// Standardised with training statistics and cut at a number of deviations.
    #[default]
    Cut,
    /// Standardised with training statistics.
    Standard,
    /// Nothing.
    Raw,
    /// Of 68 facial landmarks, x and y in turn: each axis to 0..1 over the clip, and the jaw line
    /// left out; 51 are left.
    Face,
}

/// Labels are vectors; a head scores a view against them. At most one kind is written; without
/// any, the rows are learned.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HeadConfig {
    /// A layer as wide as the view and a ReLU before the rows (Franceschini et al. 2022).
    pub mlp: Option<MlpHead>,
    /// Three layers before the scores (VAVL, Goncalves et al. 2024).
    pub stack: Option<StackConfig>,
    /// Rows are the word vectors of the classes (Dai et al. 2020).
    pub words: Option<WordsConfig>,
}

/// A classifier of two layers; its width is that of the view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MlpHead {}

/// What all modalities go through after their encoders.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum TrunkKind {
    /// Nothing.
    None {},
    /// The same conformer, one modality after the other (VAVL, Goncalves et al. 2024).
    Shared(TrunkConfig),
    /// The same two linear layers with a residual, on the view of each modality.
    Dense(DenseConfig),
}

impl Default for TrunkKind {
    fn default() -> Self {
        Self::None {}
    }
}

/// How the modalities of a clip become one answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Fusion {
    /// Each answers alone.
    None {},
    /// A head over their views, end to end; it answers where all of them are there.
    Concat {
        /// Their order; text, audio, vision, body where it is empty.
        #[serde(default)]
        order: Vec<Modality>,
    },
    /// A weighted sum of their scores; it answers where any of them is there.
    Late {},
}

impl Default for Fusion {
    fn default() -> Self {
        Self::None {}
    }
}

impl InputConfig {
    /// Features a step of what the first layer reads, or channels of its pictures.
    pub(crate) const fn fed(&self) -> usize {
        match self {
            Self::Series { scale: Scale::Face, .. } => 2 * face::NODES,
            Self::Series { size, .. } | Self::Tokens { size, .. } => *size,
            Self::Picture { .. } => 1,
            Self::Video { channels, .. } => *channels,
        }
    }

    /// Features a step, or pixels a side.
    pub(crate) const fn size(&self) -> usize {
        match self {
            Self::Series { size, .. }
            | Self::Tokens { size, .. }
            | Self::Picture { size }
            | Self::Video { size, .. } => *size,
        }
    }
}

impl EncoderConfig {
    fn check(&self, modality: Modality, width: usize) -> Result<()> {
        let encoder = format!("model.encoder.{modality}");
        let bad = |key: &str, reason: &str| {
            Err(Error::Key { key: format!("{encoder}.{key}"), reason: reason.to_owned() })
        };
        let width = self.width.unwrap_or(width);
        if width == 0 || width > WIDEST {
            return bad("width", "must lie between 1 and 65536");
        }
        if self.input.size() == 0 {
            return bad("input.size", "must be at least 1");
        }
        match self.input {
            InputConfig::Tokens { vocabulary, length, .. } if vocabulary < 256 || length == 0 => {
                let reason = "needs a vocabulary of at least 256 and a length of at least 1";
                return bad("input", reason);
            }
            InputConfig::Series { size, scale: Scale::Face, .. } if size != 2 * face::LANDMARKS => {
                return bad("input.size", "has to be 136 for the x and y of 68 facial landmarks");
            }
            InputConfig::Series { scale: Scale::Face, .. }
                if !matches!(self.body, Body::Graph(_)) =>
            {
                return bad("input.scale", "`face` is for a `graph` body; write another");
            }
            InputConfig::Series { cut: Some(0), .. } => {
                return bad("input.cut", "must be at least 1 deviation");
            }
            InputConfig::Series { cut: Some(_), scale, .. } if scale != Scale::Cut => {
                return bad("input.cut", "is for `scale = \"cut\"`; take one of them out");
            }
            InputConfig::Video { frames, channels, .. } if frames == 0 || channels == 0 => {
                return bad("input", "needs at least one frame and one channel");
            }
            _ => {}
        }
        match self.drop {
            Some(drop) if !(0.0..1.0).contains(&drop) => return bad("drop", "must lie in [0, 1)"),
            Some(_) if !self.body.projects() => {
                return bad("drop", "this body ends in the view by itself; remove it");
            }
            _ => {}
        }
        if !self.body.steps() && self.pool != Pool::Mean {
            return bad("pool", "there are no steps left to pool; remove it");
        }
        if matches!(self.body, Body::Conformer(_)) && self.pool == Pool::AttentionMax {
            return bad("pool", "would double the width of a conformer's view; write mean or max");
        }
        self.body.check(&encoder, &self.input, width)
    }
}

/// The widest view.
const WIDEST: usize = 1 << 16;

impl ModelConfig {
    /// Length of a modality's view.
    pub(crate) fn width(&self, modality: Modality) -> usize {
        self.encoder.get(&modality).and_then(|encoder| encoder.width).unwrap_or(self.width)
    }

    /// The modalities in the order in which their views stand end to end.
    pub(crate) fn order(&self) -> Vec<Modality> {
        match &self.fusion {
            Fusion::Concat { order } if !order.is_empty() => order.clone(),
            _ => Modality::ALL.into_iter().filter(|m| self.encoder.contains_key(m)).collect(),
        }
    }

    /// Refuses what cannot be built, naming the key and the way out.
    pub(super) fn check(&self) -> Result<()> {
        let bad = |key: &str, reason: &str| {
            Err(Error::Key { key: format!("model.{key}"), reason: reason.to_owned() })
        };
        if self.width == 0 || self.width > WIDEST {
            return bad("width", "must lie between 1 and 65536");
        }
        if self.encoder.is_empty() {
            return bad("encoder", "is empty; declare an encoder for at least one modality");
        }
        for (modality, encoder) in &self.encoder {
            encoder.check(*modality, self.width)?;
        }
        if let TrunkKind::Shared(trunk) = &self.trunk {
            trunk.check("model.trunk", self.width)?;
            let steps = |encoder: &EncoderConfig| matches!(encoder.body, Body::Conformer(_));
            if !self.encoder.values().all(|e| steps(e) && e.width.is_none()) {
                return bad(
                    "trunk",
                    "reads the steps of conformers as wide as the model; give every encoder a \
                     `conformer` body and no `width` of its own, or remove the trunk",
                );
            }
        }
        if let TrunkKind::Dense(trunk) = self.trunk {
            if trunk.hidden == 0 || !(0.0..1.0).contains(&trunk.dropout) {
                return bad("trunk", "needs a hidden width of at least 1 and a dropout in [0, 1)");
            }
            if self.encoder.values().any(|encoder| encoder.width.is_some()) {
                return bad("trunk", "is shared by views of one width; remove those of encoders");
            }
        }
        self.check_head()?;
        match &self.fusion {
            Fusion::None {} => Ok(()),
            _ if self.encoder.len() < 2 => {
                bad("fusion", "needs two modalities; add an encoder or remove the fusion")
            }
            Fusion::Concat { order } if !order.is_empty() => {
                let same = order.len() == self.encoder.len()
                    && self.encoder.keys().all(|modality| order.contains(modality));
                if same { Ok(()) } else { bad("fusion.order", "must name every encoder once") }
            }
            Fusion::Concat { .. } if self.head.words.is_some() => {
                bad("fusion.kind", "words are compared with each modality; write `late`")
            }
            Fusion::Concat { .. } | Fusion::Late {} => Ok(()),
        }
    }

    fn check_head(&self) -> Result<()> {
        let HeadConfig { mlp, stack, words } = &self.head;
        let bad =
            |key: &str, reason: String| Err(Error::Key { key: format!("model.{key}"), reason });
        let kinds = [mlp.is_some(), stack.is_some(), words.is_some()];
        if kinds.into_iter().filter(|kind| *kind).count() > 1 {
            return bad("head", "is of several kinds; keep one of mlp, stack and words".to_owned());
        }
        for (key, stack) in [("head.stack", stack), ("reconstruction", &self.reconstruction)] {
            let Some(stack) = stack else { continue };
            if stack.wide == 0 || stack.narrow == 0 || !(0.0..1.0).contains(&stack.dropout) {
                let reason = "needs widths of at least 1 and a dropout in [0, 1)";
                return bad(key, reason.to_owned());
            }
        }
        if let Some(projector) = &self.projector
            && (projector.hidden == 0 || projector.out == 0)
        {
            return bad("projector", "needs widths of at least 1".to_owned());
        }
        if let Some(words) = words {
            if words.size == 0 {
                return bad(
                    "head.words.size",
                    "is 0; write the length of a word vector".to_owned(),
                );
            }
            if words.offset.is_some_and(|offset| !(0.0..1.0).contains(&offset.drop)) {
                return bad("head.words.offset.drop", "must lie in [0, 1)".to_owned());
            }
            let text = self.width(Modality::Text);
            if words.offset.is_none()
                && self.encoder.contains_key(&Modality::Text)
                && text != words.size
            {
                return bad(
                    "encoder.text.width",
                    format!(
                        "is {text}; text is compared with the word vectors themselves, so write \
                         their length, {}",
                        words.size
                    ),
                );
            }
        }
        Ok(())
    }
}
