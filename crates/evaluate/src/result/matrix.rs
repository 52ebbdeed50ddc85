//! What each modality is worth alone and together.

use serde::{Deserialize, Serialize};

use super::Condition;
use crate::exact;

/// A modality alone, or several together, and its headline score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// The modalities, joined by `+`.
    pub inputs: String,
    /// The headline score.
    pub score: f64,
}

/// What each modality is worth, by the headline score of unchanged clips. Every score is of the
/// clips that have these modalities.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Matrix {
    /// The headline's name.
    pub metric: String,
    /// The best single modality.
    pub best_single: Baseline,
    /// The worst single modality.
    pub worst_single: Baseline,
    /// All modalities together; none where they were not scored.
    pub fused: Option<Baseline>,
    /// Disparity: how far the worst single modality is below the best.
    pub spread: f64,
    /// How far all together are above the best single one.
    pub gain: Option<f64>,
    /// The gain as a share of the best single one's score; none where that is not above 0.
    pub gain_share: Option<f64>,
}

impl Matrix {
    /// What is said beside the disparity number.
    pub const DEFINITION: &str = "Disparity is the best single modality's score less the worst \
         one's; gain is the score of all modalities together less the best single one's, and its \
         share is of the latter.";

    /// `None` without two single modalities that have a score.
    pub fn new(conditions: &[Condition]) -> Option<Self> {
        let scored = || conditions.iter().filter(|own| own.change.is_none()).filter_map(alone);
        let mut single: Vec<Baseline> = scored().filter(|own| !own.inputs.contains('+')).collect();
        single.sort_by(|a, b| b.score.total_cmp(&a.score));
        let [best_single, .., worst_single] = single.as_slice() else { return None };
        let count = |own: &Baseline| own.inputs.split('+').count();
        let fused = scored().filter(|own| count(own) > 1).max_by_key(count);
        let gain = fused.as_ref().map(|fused| fused.score - best_single.score);
        Some(Self {
            metric: conditions.first().map(|own| own.scored.headline.clone()).unwrap_or_default(),
            spread: exact(best_single.score - worst_single.score),
            gain: gain.map(exact),
            gain_share: gain
                .filter(|_| best_single.score > 0.0)
                .map(|gain| exact(gain / best_single.score)),
            best_single: best_single.clone(),
            worst_single: worst_single.clone(),
            fused,
        })
    }
}

fn alone(condition: &Condition) -> Option<Baseline> {
    Some(Baseline { inputs: condition.inputs.clone(), score: condition.score()? })
}

/// The conditions, each of several modalities with the best of its own ones alone under the same
/// change, or unchanged where the change is none of theirs.
pub(super) fn with_baselines(mut conditions: Vec<Condition>) -> Vec<Condition> {
    let baselines: Vec<Option<Baseline>> = conditions
        .iter()
        .map(|own| {
            let parts: Vec<&str> = own.inputs.split('+').collect();
            // A change of one modality leaves the others what they were.
            let changed = |inputs: &str| {
                conditions.iter().any(|c| c.change == own.change && c.inputs == inputs)
            };
            let among = |other: &&Condition| {
                parts.contains(&other.inputs.as_str())
                    && (other.change == own.change
                        || other.change.is_none() && !changed(&other.inputs))
            };
            conditions
                .iter()
                .filter(|_| parts.len() > 1)
                .filter(among)
                .filter_map(alone)
                .max_by(|a, b| a.score.total_cmp(&b.score))
        })
        .collect();
    for (condition, baseline) in conditions.iter_mut().zip(baselines) {
        condition.baseline = baseline;
    }
    conditions
}
