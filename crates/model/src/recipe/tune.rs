//! The `[[tune]]` tables: how a class that was held out is learned from a few clips.

use serde::{Deserialize, Serialize};

use super::{Optimizer, Recipe};
use crate::{Error, Result};

/// One way to tune the trained model to a few clips of the held-out classes. Each begins at the
/// model that the stages left, so that ways can be compared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tune {
    /// What it is called in logs.
    pub name: String,
    /// What a step follows.
    pub tuning: Tuning,
    /// Passes over the few clips.
    pub epochs: usize,
    /// New clips a step.
    pub batch: usize,
    /// Old clips a step, where they are looked at.
    #[serde(default = "old")]
    pub old: usize,
    /// The rule that moves the weights.
    pub optimizer: Optimizer,
    /// The greatest length of the whole gradient; longer ones are scaled down to it.
    pub clip: Option<f64>,
}

const fn old() -> usize {
    64
}

/// How a model is tuned to a few clips of a new class (Dai et al. 2020, section 5).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Tuning {
    /// On the new clips alone.
    Naive {},
    /// A step on old clips, then one on the new.
    Joint {},
    /// On the new clips, with the gradient turned where it would raise the loss on old clips
    /// (gradient episodic memory, Lopez-Paz and Ranzato 2017).
    Gem {
        /// Least share of the old gradient that is added in a conflict.
        #[serde(default = "margin")]
        margin: f64,
    },
}

const fn margin() -> f64 {
    0.01
}

impl Tune {
    pub(super) fn check(&self, recipe: &Recipe) -> Result<()> {
        let bad = |field: &str, reason: &str| {
            let key = format!("tune.{}{field}", self.name);
            Err(Error::Key { key, reason: reason.to_owned() })
        };
        if recipe.data.shots.is_none() {
            return bad("", "needs `data.shots`, the share of the clips of held-out classes");
        }
        if recipe.model.head.words.is_none() {
            return bad("", "adds classes to a head of words; write `head.words` in [model]");
        }
        if recipe.stage.is_empty() {
            return bad("", "has no stage before it; add a [[stage]]");
        }
        if self.epochs == 0 || self.batch == 0 || self.old == 0 {
            return bad(".epochs/batch/old", "must be at least 1");
        }
        if !(self.optimizer.lr() > 0.0 && self.optimizer.lr().is_finite()) {
            return bad(".optimizer.lr", "must be a positive number");
        }
        if self.clip.is_some_and(|clip| clip.is_nan() || clip <= 0.0) {
            return bad(".clip", "must be a positive number; remove it to clip nothing");
        }
        Ok(())
    }
}
