//! What one expert says about one stretch of one modality.

use limbic_model::LabelKind;

/// Log-probabilities are not let below this (p = 1e-6): no single expert may rule an emotion
/// out for all the others.
pub const LOG_FLOOR: f32 = -13.815_51;

/// A calibrated expert's answer to a list of labels. An emotion which the expert was never shown
/// has to carry the share of its nearest neighbour (calm that of neutral): "cannot tell them
/// apart" and not "ruled out".
#[derive(Debug, Clone, PartialEq)]
pub struct Scores {
    kind: LabelKind,
    values: Vec<f32>,
    valence: Option<f32>,
    arousal: Option<f32>,
}

impl Scores {
    /// From natural log-probabilities in the order of the labels, which are classes (they are
    /// normalised here), and valence and arousal in [-1, 1] where the expert knows them.
    ///
    /// `None` where a number is not a number: an expert that failed has said nothing.
    pub fn new(
        log_probs: impl Into<Vec<f32>>,
        valence: Option<f32>,
        arousal: Option<f32>,
    ) -> Option<Self> {
        Self::of(LabelKind::Class, log_probs.into(), valence, arousal)
    }

    /// The same for labels of any kind: log-probabilities of classes, logits of yes/no answers,
    /// or ratings.
    pub fn of(
        kind: LabelKind,
        mut values: Vec<f32>,
        valence: Option<f32>,
        arousal: Option<f32>,
    ) -> Option<Self> {
        let broken = |x: Option<f32>| x.is_some_and(f32::is_nan);
        if values.iter().any(|x| x.is_nan()) || broken(valence) || broken(arousal) {
            return None;
        }
        match kind {
            LabelKind::Class => {
                let greatest = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                if !greatest.is_finite() {
                    return None;
                }
                let total: f32 = values.iter().map(|x| (x - greatest).exp()).sum();
                let normaliser = greatest + total.ln();
                for x in &mut values {
                    *x = (*x - normaliser).max(LOG_FLOOR);
                }
            }
            LabelKind::Multi => {
                for x in &mut values {
                    *x = x.clamp(LOG_FLOOR, -LOG_FLOOR);
                }
            }
            LabelKind::Rating if values.iter().any(|x| x.is_infinite()) => return None,
            LabelKind::Rating => {}
        }
        Some(Self {
            kind,
            values,
            valence: valence.map(|v| v.clamp(-1.0, 1.0)),
            arousal: arousal.map(|a| a.clamp(-1.0, 1.0)),
        })
    }

    /// What kind of answer this is.
    pub const fn kind(&self) -> LabelKind {
        self.kind
    }

    /// In the order of the labels: natural log-probabilities of classes, each at least
    /// [`LOG_FLOOR`]; logits of yes/no answers, as far from zero at most; or ratings.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// Unpleasant (-1) to pleasant (1).
    pub const fn valence(&self) -> Option<f32> {
        self.valence
    }

    /// Sleepy (-1) to excited (1).
    pub const fn arousal(&self) -> Option<f32> {
        self.arousal
    }

    /// How decided the answer is: one minus the entropy over its greatest, floored at 0.05 so
    /// that even an undecided expert keeps a small voice in valence and arousal.
    ///
    /// Of yes/no answers the mean over the labels; ratings are always sure.
    pub fn confidence(&self) -> f32 {
        let count = self.values.len() as f32;
        let decided = match self.kind {
            LabelKind::Class if self.values.len() > 1 => {
                let entropy: f32 = self.values.iter().map(|x| -x * x.exp()).sum();
                1.0 - entropy / count.ln()
            }
            LabelKind::Multi if !self.values.is_empty() => {
                let entropy = |x: f32| {
                    let p = probability(x);
                    -(p * p.ln() + (1.0 - p) * (1.0 - p).max(f32::MIN_POSITIVE).ln())
                };
                let total: f32 = self.values.iter().map(|x| entropy(*x)).sum();
                1.0 - total / (count * std::f32::consts::LN_2)
            }
            _ => 1.0,
        };
        decided.clamp(0.05, 1.0)
    }
}

/// The probability of a logit (the logistic function).
pub(crate) fn probability(logit: f32) -> f32 {
    1.0 / (1.0 + (-logit).exp())
}

/// A running mean of scores: log-probabilities are averaged (the geometric mean of the
/// probabilities, normalised again), so that a minute of agreement is no surer than a second.
/// Logits of yes/no answers and ratings are averaged as they are.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MeanScores {
    weight: f64,
    kind: Option<LabelKind>,
    /// Empty until something is added, then one a label.
    values: Vec<f64>,
    valence: (f64, f64),
    arousal: (f64, f64),
}

impl MeanScores {
    /// Adds one answer with a weight such as its seconds. A weight of zero adds nothing.
    pub fn add(&mut self, scores: &Scores, weight: f64) {
        if weight <= 0.0 || !weight.is_finite() {
            return;
        }
        self.weight += weight;
        self.kind = Some(scores.kind);
        self.values.resize(scores.values.len(), 0.0);
        for (sum, x) in self.values.iter_mut().zip(&scores.values) {
            *sum += weight * f64::from(*x);
        }
        for (sum, x) in [(&mut self.valence, scores.valence), (&mut self.arousal, scores.arousal)] {
            if let Some(x) = x {
                sum.0 += weight;
                sum.1 += weight * f64::from(x);
            }
        }
    }

    /// Adds everything another mean has seen.
    pub fn merge(&mut self, other: &Self) {
        if other.weight <= 0.0 {
            return;
        }
        self.weight += other.weight;
        self.kind = other.kind;
        self.values.resize(other.values.len(), 0.0);
        for (sum, x) in self.values.iter_mut().zip(&other.values) {
            *sum += x;
        }
        for (sum, x) in [(&mut self.valence, other.valence), (&mut self.arousal, other.arousal)] {
            sum.0 += x.0;
            sum.1 += x.1;
        }
    }

    /// The weight of all answers so far.
    pub const fn weight(&self) -> f64 {
        self.weight
    }

    /// The mean, or `None` where nothing was added.
    pub fn mean(&self) -> Option<Scores> {
        if self.weight <= 0.0 {
            return None;
        }
        let mean = |(weight, sum): (f64, f64)| (weight > 0.0).then(|| (sum / weight) as f32);
        let values = self.values.iter().map(|sum| (sum / self.weight) as f32).collect();
        Scores::of(self.kind?, values, mean(self.valence), mean(self.arousal))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_normalised_floored_and_clamped() {
        let scores = Scores::new([0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, -900.0], Some(3.0), None);
        let scores = scores.unwrap();
        assert!((scores.values()[0].exp() - 1.0 / 7.0).abs() < 1e-6);
        assert_eq!(scores.values()[7], LOG_FLOOR);
        assert_eq!(scores.valence(), Some(1.0));
        assert_eq!(scores.arousal(), None);
    }

    #[test]
    fn an_expert_that_failed_has_said_nothing() {
        let mut log_probs = [-2.0; 8];
        assert!(Scores::new(log_probs, Some(f32::NAN), None).is_none());
        log_probs[3] = f32::NAN;
        assert!(Scores::new(log_probs, None, None).is_none());
        assert!(Scores::new([f32::NEG_INFINITY; 8], None, None).is_none());
        assert!(Scores::new([f32::INFINITY; 8], None, None).is_none());
    }

    #[test]
    fn the_mean_of_equal_answers_is_that_answer_however_many_there_are() {
        let one = Scores::new([3.0, 1.0, 0.0, 0.0, 0.0, -1.0, 0.0, 0.0], Some(0.4), None).unwrap();
        let mut mean = MeanScores::default();
        for weight in [0.25, 1.0, 7.5] {
            mean.add(&one, weight);
        }
        mean.add(&one, f64::NAN);
        let mean = mean.mean().unwrap();
        for (a, b) in mean.values().iter().zip(one.values()) {
            assert!((a - b).abs() < 1e-5);
        }
        assert!((mean.valence().unwrap() - 0.4).abs() < 1e-6);
        assert_eq!(mean.arousal(), None);
        assert_eq!(MeanScores::default().mean(), None);
    }

    #[test]
    fn a_merged_mean_equals_one_made_in_one_go() {
        let a = Scores::new([3.0, 1.0, 0.0, 0.0, 0.0, -1.0, 0.0, 0.0], Some(0.4), None).unwrap();
        let b = Scores::new([0.0, 1.0, 0.0, 5.0, 0.0, -1.0, 0.0, 0.0], Some(-1.0), Some(0.5));
        let b = b.unwrap();
        let (mut left, mut right) = (MeanScores::default(), MeanScores::default());
        left.add(&a, 1.0);
        right.add(&b, 3.0);
        left.merge(&right);
        let mut whole = MeanScores::default();
        whole.add(&a, 1.0);
        whole.add(&b, 3.0);
        assert_eq!(left, whole);
    }

    #[test]
    fn confidence_runs_from_undecided_to_sure() {
        let undecided = Scores::new([0.0; 8], None, None).unwrap();
        let sure = Scores::new([50.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], None, None).unwrap();
        assert!((undecided.confidence() - 0.05).abs() < 1e-6);
        assert!(sure.confidence() > 0.99);
    }
}
