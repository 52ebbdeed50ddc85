//! What a model said of the clips that its training left out, told as JSON lines.

use std::collections::BTreeMap;

use anyhow::Result;
use limbic_train::{Dataset, Outcome, Unseen, gain, score, zero_shot};
use serde_json::{Value, json};

use super::line;

/// Answers of one training, or of one a fold.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    /// Those of the heads; none where no stage learned labels.
    pub(crate) outcomes: Vec<Outcome>,
    /// Those of the recipe's probe.
    pub(crate) probed: Vec<Outcome>,
    /// Those of the same probe on the encoders as they began.
    pub(crate) untrained: Vec<Outcome>,
    /// Those to classes that were held out.
    pub(crate) unseen: Vec<Unseen>,
}

impl Answers {
    /// Takes in those of another fold.
    pub(crate) fn extend(&mut self, other: Self) {
        self.outcomes.extend(other.outcomes);
        self.probed.extend(other.probed);
        self.untrained.extend(other.untrained);
        self.unseen.extend(other.unseen);
    }

    /// Scores them; `fold` says what was left out.
    pub(crate) fn tell(
        &self,
        dataset: &Dataset,
        thresholds: &BTreeMap<String, Vec<f32>>,
        fold: &Value,
    ) -> Result<()> {
        for scores in score(dataset, &self.outcomes, thresholds) {
            line(&json!({ "event": "score", "fold": fold, "scores": scores }))?;
        }
        for scores in score(dataset, &self.probed, &BTreeMap::new()) {
            line(&json!({ "event": "probe", "fold": fold, "scores": scores }))?;
        }
        if !self.untrained.is_empty() {
            for scores in gain(dataset, &self.probed, &self.untrained, &BTreeMap::new()) {
                line(&json!({
                    "event": "gain", "over": "untrained", "fold": fold, "scores": scores
                }))?;
            }
        }
        for scores in zero_shot(&self.unseen) {
            line(&json!({ "event": "zero-shot", "fold": fold, "scores": scores }))?;
        }
        Ok(())
    }
}
