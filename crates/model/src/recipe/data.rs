//! The `[data]` table: what a recipe learns from.

use serde::{Deserialize, Serialize};

/// What a recipe learns from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Data {
    /// Names of corpora, as `limbic train --help` lists them.
    pub corpora: Vec<String>,
    /// How clips are held out.
    pub split: Split,
    /// Changes made to training inputs only.
    #[serde(default)]
    pub augment: Vec<Augment>,
}

/// How clips are held out for scoring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Split {
    /// The corpus's own split.
    Official,
    /// Five folds; no speaker is in two of them.
    LeaveSpeakersOut,
}

/// A change made to a training input.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Augment {
    /// Convex mixtures of two inputs and their labels, coefficient Beta(alpha, alpha)
    /// (Zhang et al. 2018, eq. 1). For series and images.
    Mixup {
        /// Both parameters of the Beta distribution.
        alpha: f32,
    },
    /// Random mirror image, shift, rotation, scale, gain and erased square, for images.
    Picture {
        /// Largest shift, as a share of the side.
        shift: f32,
        /// Largest rotation in degrees, either way.
        rotate: f32,
        /// Largest change of scale, either way.
        scale: f32,
        /// Largest change of contrast, either way.
        gain: f32,
        /// Probability of one erased square.
        erase: f32,
    },
    /// Tokens dropped at random.
    TokenDrop {
        /// Probability that a token is dropped.
        rate: f32,
    },
}
