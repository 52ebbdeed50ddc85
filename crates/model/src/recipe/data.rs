//! The `[data]` table: what a recipe learns from.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// What a recipe learns from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Data {
    /// Names of corpora, as `limbic train --help` lists them.
    pub corpora: Vec<String>,
    /// How clips are held out.
    pub split: Split,
    /// What the clips of a training batch have in common, beside corpus and modalities.
    #[serde(default, skip_serializing_if = "is_any")]
    pub batches: Batches,
    /// Files written by `limbic data split`, at most one a corpus, whose parts or folds take the
    /// place of the published ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<PathBuf>,
    /// Changes made to training inputs only.
    #[serde(default)]
    pub augment: Vec<Augment>,
    /// How many looks a training batch holds of each clip: 1, or 2 for objectives that compare
    /// two stretches.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub views: usize,
    /// Steps of the stretch that is taken of every series over time: a random one in training,
    /// the first in scoring. Without it, series are whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<usize>,
    /// Share of the training clips that keep only one of their modalities.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unpaired: f64,
    /// A control: the modalities of a training clip come from different clips.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub shuffle_pairs: bool,
    /// Classes that training never sees: their clips leave the training part, and the label
    /// table loses them. Scoring keeps both.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hold_out: Vec<String>,
    /// Corpora whose split may have speakers or clips on both sides, each with the reason, which
    /// stands beside every score. Without it such a split is refused.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub allow_leak: BTreeMap<String, String>,
    /// Share of a corpus's training clips that is kept aside to choose temperatures and thresholds
    /// by: whole speakers where they are known. For corpora whose official split has no such part.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub dev: BTreeMap<String, f64>,
    /// Share of the clips with a held-out class that a few-shot stage may learn from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shots: Option<f64>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde calls")]
fn is_any(batches: &Batches) -> bool {
    *batches == Batches::Any
}

const fn one() -> usize {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde calls")]
const fn is_one(views: &usize) -> bool {
    *views == 1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde calls")]
fn is_zero(share: &f64) -> bool {
    *share == 0.0
}

impl Data {
    pub(super) fn check(&self) -> Result<()> {
        let bad = |key: &str, reason: &str| {
            Err(Error::Key { key: format!("data.{key}"), reason: reason.to_owned() })
        };
        if self.corpora.is_empty() {
            return bad("corpora", "is empty; name at least one corpus");
        }
        if !(1..=2).contains(&self.views) {
            return bad("views", "must be 1 or 2");
        }
        if self.views == 2 && self.window.is_none() {
            return bad("window", "is missing; two views need the steps of each, as in 90");
        }
        if self.window == Some(0) {
            return bad("window", "must be at least 1 step");
        }
        if !(0.0..=1.0).contains(&self.unpaired) {
            return bad("unpaired", "must lie in [0, 1]");
        }
        if let Some(corpus) = self.allow_leak.keys().find(|name| !self.corpora.contains(name)) {
            return bad("allow-leak", &format!("names `{corpus}`, which is none of the corpora"));
        }
        if let Some(corpus) = self.dev.keys().find(|name| !self.corpora.contains(name)) {
            return bad("dev", &format!("names `{corpus}`, which is none of the corpora"));
        }
        if self.dev.values().any(|share| !(*share > 0.0 && *share <= 0.5)) {
            return bad("dev", "keeps shares above 0 and up to 0.5");
        }
        if !self.dev.is_empty() && self.split != Split::Official {
            return bad("dev", "is for an official split; folds choose by the clips of each other");
        }
        if self.allow_leak.values().any(|reason| reason.trim().is_empty()) {
            return bad("allow-leak", "gives no reason; write why the overlap does no harm");
        }
        match self.shots {
            Some(share) if !(share > 0.0 && share <= 1.0) => bad("shots", "must lie in (0, 1]"),
            Some(_) if self.hold_out.is_empty() => {
                bad("shots", "needs `data.hold-out`, the classes to give a few clips of")
            }
            _ => Ok(()),
        }
    }
}

/// What the clips of a training batch have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Batches {
    /// Nothing.
    #[default]
    Any,
    /// Their speaker, so that a contrast between clips cannot be won by knowing whose they are.
    Speaker,
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Augment {
    /// Convex mixtures of two inputs and their labels, coefficient Beta(alpha, alpha)
    /// (Zhang et al. 2018, eq. 1). For inputs of one size: vectors, windows and images.
    Mixup {
        /// Both parameters of the Beta distribution.
        alpha: f32,
        /// Whether every clip of a batch draws a coefficient of its own.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        each: bool,
        /// The corpora whose clips are mixed; all where it is empty. The first change that names a
        /// corpus counts for it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        corpora: Vec<String>,
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
    /// A random stretch of a recording in place of the whole, for vectors of which there is one a
    /// stretch.
    Stretch {
        /// How often; half of the time where it is not written.
        share: f32,
    },
    /// Tokens dropped at random.
    TokenDrop {
        /// Probability that a token is dropped.
        rate: f32,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_data_are_refused_with_their_key() {
        for (line, key) in [
            ("", ""),
            ("views = 2", "data.window"),
            ("views = 2\nwindow = 90", ""),
            ("views = 3\nwindow = 90", "data.views"),
            ("window = 0", "data.window"),
            ("unpaired = 1.5", "data.unpaired"),
            ("shots = 0.01", "data.shots"),
            ("allow-leak = { a = ' ' }", "data.allow-leak"),
            ("allow-leak = { b = 'one cast' }", "data.allow-leak"),
            ("allow-leak = { a = 'one cast' }", ""),
            ("shots = 0.0\nhold-out = ['fear']", "data.shots"),
            ("shots = 0.01\nhold-out = ['fear']\nshuffle-pairs = true", ""),
        ] {
            let text = format!("corpora = ['a']\nsplit = 'official'\n{line}");
            let data: Data = toml::from_str(&text).unwrap();
            let error = data.check().map_err(|error| error.to_string());
            match key {
                "" => assert_eq!(error, Ok(()), "{line}"),
                key => assert!(error.unwrap_err().contains(key), "{line}"),
            }
        }
        assert!(toml::from_str::<Data>("corpora = []\nsplit = 'official'\nviws = 2").is_err());
    }
}
