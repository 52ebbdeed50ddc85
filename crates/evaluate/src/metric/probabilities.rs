//! Scores of how far probabilities can be believed.

use serde::{Deserialize, Serialize};

use super::{as_number, mean};

/// One bin of a reliability curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bin {
    /// Its lowest probability.
    pub low: f64,
    /// The probability that it ends below; the last one includes it.
    pub high: f64,
    /// How many answers fall into it.
    pub answers: usize,
    /// Their mean probability; none where it is empty.
    pub confidence: Option<f64>,
    /// The share of them that are right; none where it is empty.
    pub right: Option<f64>,
}

/// Answers sorted into even bins by their probability.
#[derive(Debug, Clone)]
pub struct Reliability {
    /// A bin: how many, the sum of their probabilities, how many are right.
    bins: Vec<[f64; 3]>,
}

impl Reliability {
    /// Nothing counted yet.
    pub fn new(bins: usize) -> Self {
        Self { bins: vec![[0.0; 3]; bins.max(1)] }
    }

    /// Counts an answer `weight` times.
    pub fn add(&mut self, probability: f64, right: bool, weight: f64) {
        let last = self.bins.len() - 1;
        let bin = &mut self.bins[((probability * (last + 1) as f64) as usize).min(last)];
        bin[0] += weight;
        bin[1] += weight * probability;
        bin[2] += weight * as_number(right);
    }

    /// [`ece_of`]; not a number where nothing was counted.
    pub fn ece(&self) -> f64 {
        let total: f64 = self.bins.iter().map(|bin| bin[0]).sum();
        let gap = |[count, sum, right]: &[f64; 3]| {
            if *count == 0.0 { 0.0 } else { count / total * (sum / count - right / count).abs() }
        };
        if total == 0.0 { f64::NAN } else { self.bins.iter().map(gap).sum() }
    }

    /// The reliability curve.
    pub fn bins(&self) -> Vec<Bin> {
        let even = self.bins.len() as f64;
        let bin = |(index, [count, sum, right]): (usize, &[f64; 3])| Bin {
            low: index as f64 / even,
            high: (index + 1) as f64 / even,
            answers: *count as usize,
            confidence: (*count > 0.0).then(|| sum / count),
            right: (*count > 0.0).then(|| right / count),
        };
        self.bins.iter().enumerate().map(bin).collect()
    }
}

/// ECE (expected calibration error, Guo et al. 2017): over ten even bins of the top probability,
/// the mean gap between confidence and accuracy, weighted by how many clips fall in each.
pub fn ece(answers: &[(f64, bool)]) -> f64 {
    ece_of(answers, 10)
}

/// [`ece`] over another number of bins. A bin starts with its lowest probability.
pub fn ece_of(answers: &[(f64, bool)], bins: usize) -> f64 {
    let mut reliability = Reliability::new(bins);
    for (probability, right) in answers {
        reliability.add(*probability, *right, 1.0);
    }
    reliability.ece()
}

/// Brier score of several classes (Brier 1950): mean over clips of the squared gaps between the
/// probabilities and the label, summed over the classes; 0 to 2.
pub fn brier(answers: &[(usize, &[f64])]) -> f64 {
    mean(answers.iter().map(|(truth, probabilities)| clip_brier(*truth, probabilities)))
}

/// NLL (negative log-likelihood, log loss): mean over clips of minus the natural logarithm of the
/// label's probability, which is clipped to `[e, 1 - e]` with `e` = 2.2e-16 as in scikit-learn.
pub fn nll(answers: &[(usize, &[f64])]) -> f64 {
    mean(answers.iter().map(|(truth, probabilities)| clip_nll(*truth, probabilities)))
}

/// Brier score of yes/no answers `(truth, probability)`: mean squared gap, 0 to 1.
pub fn yes_no_brier(answers: &[(bool, f64)]) -> f64 {
    mean(answers.iter().map(|(truth, p)| (p - as_number(*truth)).powi(2)))
}

/// [`nll`] of yes/no answers `(truth, probability)`.
pub fn yes_no_nll(answers: &[(bool, f64)]) -> f64 {
    mean(answers.iter().map(|(truth, p)| -clipped(if *truth { *p } else { 1.0 - p }).ln()))
}

/// Brier score of one clip.
pub(crate) fn clip_brier(truth: usize, probabilities: &[f64]) -> f64 {
    let gap = |(class, p): (usize, &f64)| (p - as_number(class == truth)).powi(2);
    probabilities.iter().enumerate().map(gap).sum()
}

/// NLL of one clip.
pub(crate) fn clip_nll(truth: usize, probabilities: &[f64]) -> f64 {
    -clipped(probabilities.get(truth).copied().unwrap_or(0.0)).ln()
}

/// A probability whose logarithm is finite.
pub(super) fn clipped(probability: f64) -> f64 {
    probability.clamp(f64::EPSILON, 1.0 - f64::EPSILON)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_calibrated_answer_has_no_calibration_error() {
        let answers: Vec<_> = (0..100).map(|i| (0.75, i % 4 != 0)).collect();
        assert!(ece(&answers) < 1e-12);
        assert!((ece(&[(0.9, false)]) - 0.9).abs() < 1e-12);
    }

    #[test]
    fn a_bin_holds_its_lowest_probability_and_the_last_one_also_its_highest() {
        let mut reliability = Reliability::new(2);
        for (probability, right) in [(0.5, true), (1.0, false), (0.25, true)] {
            reliability.add(probability, right, 1.0);
        }
        let bins = reliability.bins();
        assert_eq!((bins[0].answers, bins[1].answers), (1, 2));
        assert_eq!((bins[1].confidence, bins[1].right), (Some(0.75), Some(0.5)));
        assert_eq!(Reliability::new(2).bins()[0].confidence, None);
    }

    #[test]
    fn certain_errors_cost_a_finite_amount() {
        assert!((brier(&[(0, &[0.0, 1.0])]) - 2.0).abs() < 1e-12);
        assert!((nll(&[(0, &[0.0, 1.0])]) - 36.043_653_389).abs() < 1e-9);
        assert!(nll(&[]).is_nan() && brier(&[]).is_nan() && ece(&[]).is_nan());
    }
}
