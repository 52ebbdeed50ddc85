//! What validation clips decide: when the rate falls, and when a stage ends.

use burn::tensor::Device;
use limbic_model::objective::PositiveWeights;
use limbic_model::{Model, Schedule, Stage};
use serde::{Deserialize, Serialize};

use crate::batches::{collate, in_order};
use crate::{Dataset, Error, Result, outcomes, score};

/// A loss has to fall by this share to count as fallen on a plateau.
const FALL: f64 = 1e-4;

/// How a stage has done so far on validation clips.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Watch {
    /// The best score and how many epochs ago it was; higher is better.
    best: Option<f64>,
    without: usize,
    /// The lowest loss and how many epochs ago it was.
    lowest: Option<f64>,
    flat: usize,
    /// How often the rate was cut.
    cuts: i32,
}

/// What the validation clips say after an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Better than ever: these weights are to be kept.
    Better,
    /// Not better.
    Same,
    /// Not better for too long.
    Enough,
}

impl Watch {
    /// The factor on the rate that plateaus have left.
    pub(super) fn factor(&self, stage: &Stage) -> f64 {
        match stage.schedule {
            Schedule::Plateau { factor, .. } => factor.powi(self.cuts),
            _ => 1.0,
        }
    }

    /// Takes in an epoch's loss and, where the stage watches a score, that score.
    pub(super) fn note(&mut self, stage: &Stage, loss: f64, score: Option<f64>) -> Verdict {
        if let Schedule::Plateau { patience, .. } = stage.schedule {
            if self.lowest.is_none_or(|lowest| loss < lowest * (1.0 - FALL)) {
                (self.lowest, self.flat) = (Some(loss), 0);
            } else {
                self.flat += 1;
            }
            if self.flat > patience {
                (self.cuts, self.flat) = (self.cuts + 1, 0);
            }
        }
        let (Some(until), Some(score)) = (&stage.until, score) else { return Verdict::Same };
        if self.best.is_none_or(|best| score > best) {
            (self.best, self.without) = (Some(score), 0);
            return Verdict::Better;
        }
        self.without += 1;
        if self.without >= until.patience.max(1) { Verdict::Enough } else { Verdict::Same }
    }
}

/// The loss of the stage's last step over `clips`, as the model is in use, and the score that the
/// stage watches, higher being better.
pub(super) fn validate(
    model: &Model,
    dataset: &Dataset,
    clips: &[usize],
    stage: &Stage,
    positives: &PositiveWeights,
) -> Result<(f64, Option<f64>)> {
    let steps = stage.order();
    let device = Device::flex();
    let (mut sum, mut count) = (0.0, 0);
    for indices in in_order(dataset, clips, stage.batch) {
        let Some(step) = steps.last() else { break };
        let batch = collate(dataset, &indices, &[], None, &device);
        let views = model.look(&batch, &step.sees)?;
        if let Some(loss) = step.objective.loss(model, &views, &batch, positives)? {
            sum += f64::from(loss.into_scalar::<f32>()) * indices.len() as f64;
            count += indices.len();
        }
    }
    let loss = sum / f64::from(count.max(1) as u32);
    let Some(until) = &stage.until else { return Ok((loss, None)) };
    if until.score == "loss" {
        return Ok((loss, Some(-loss)));
    }
    let scores = score(
        dataset,
        &outcomes(model, dataset, clips, std::slice::from_ref(&dataset.modalities))?,
        &std::collections::BTreeMap::new(),
    );
    let found: Vec<f64> =
        scores.iter().filter_map(|set| set.metrics.get(&until.score).copied()).collect();
    if found.is_empty() {
        let mut known: Vec<&str> =
            scores.iter().flat_map(|set| set.metrics.keys().map(String::as_str)).collect();
        known.sort_unstable();
        known.dedup();
        return Err(Error::Recipe {
            key: format!("stage.{}.until.score", stage.name),
            reason: format!(
                "`{}` is not scored on these labels; write loss or one of {}",
                until.score,
                known.join(", ")
            ),
        });
    }
    Ok((loss, Some(found.iter().sum::<f64>() / found.len() as f64)))
}

#[cfg(test)]
mod tests {
    use limbic_model::{Optimizer, Patience};

    use super::*;

    fn stage(until: Option<Patience>, schedule: Schedule) -> Stage {
        Stage {
            batches: None,
            repeat: std::collections::BTreeMap::new(),
            name: "train".to_owned(),
            epochs: 9,
            batch: 1,
            optimizer: Optimizer::Adamw { lr: 0.1, weight_decay: 0.0 },
            schedule,
            average: None,
            clip: None,
            freeze: Vec::new(),
            until,
            objective: limbic_model::Objectives::default(),
            steps: Vec::new(),
        }
    }

    #[test]
    fn a_stage_ends_after_as_many_epochs_without_a_better_score() {
        use Verdict::{Better, Enough, Same};
        let until = Patience { score: "uar".to_owned(), patience: 2 };
        let stage = stage(Some(until), Schedule::default());
        let mut watch = Watch::default();
        // As good is not better, and a better one begins the count again.
        for (score, verdict) in
            [(0.2, Better), (0.2, Same), (0.3, Better), (0.1, Same), (0.3, Enough)]
        {
            assert_eq!(watch.note(&stage, 1.0, Some(score)), verdict, "{score}");
        }
        assert_eq!(watch.factor(&stage), 1.0);
    }

    #[test]
    fn a_rate_falls_after_more_flat_epochs_than_its_patience() {
        let stage = stage(None, Schedule::Plateau { patience: 1, factor: 0.1 });
        let mut watch = Watch::default();
        // A fall of less than a ten-thousandth counts as flat; after a cut the count is new.
        for (loss, factor) in [
            (2.0, 1.0),
            (1.0, 1.0),
            (0.999_95, 1.0),
            (1.0, 0.1),
            (1.5, 0.1),
            (0.9, 0.1),
            (0.9, 0.1),
            (0.9, 0.01),
        ] {
            assert_eq!(watch.note(&stage, loss, None), Verdict::Same);
            assert!((watch.factor(&stage) - factor).abs() < 1e-12, "{loss}");
        }
    }
}
