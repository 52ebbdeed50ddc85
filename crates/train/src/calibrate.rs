//! Temperatures: how sure a model may be.

use crate::Outcome;

/// The temperature that gives held-out labels the highest likelihood under
/// `softmax(logits / T)` (Guo et al. 2017), over the classes that each corpus covers. Found by
/// golden-section search of `log T` between 0.1 and 10.
pub fn temperature(outcomes: &[Outcome]) -> f32 {
    let rows: Vec<&Outcome> = outcomes.iter().filter(|o| o.shared_truth.is_some()).collect();
    let (mut low, mut high) = (0.1f64.ln(), 10f64.ln());
    let ratio = (5f64.sqrt() - 1.0) / 2.0;
    for _ in 0..60 {
        let (a, b) = (high - ratio * (high - low), low + ratio * (high - low));
        if nll(&rows, a.exp()) < nll(&rows, b.exp()) { high = b } else { low = a }
    }
    f64::midpoint(low, high).exp() as f32
}

/// Mean negative log-likelihood of the shared labels at a temperature.
pub(crate) fn nll(rows: &[&Outcome], temperature: f64) -> f64 {
    let total: f64 = rows
        .iter()
        .filter_map(|outcome| {
            let truth = outcome.shared_truth?;
            let scaled: Vec<f64> = outcome
                .shared
                .iter()
                .zip(outcome.covered)
                .map(|(z, c)| if c { f64::from(*z) / temperature } else { f64::NEG_INFINITY })
                .collect();
            let top = scaled.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let log_sum = top + scaled.iter().map(|z| (z - top).exp()).sum::<f64>().ln();
            let known = truth.iter().zip(&scaled).filter(|(t, _)| **t > 0.0);
            Some(known.map(|(t, z)| f64::from(*t) * (log_sum - z)).sum::<f64>())
        })
        .sum();
    total / rows.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_temperature_undoes_a_known_overconfidence() {
        // Three of four clips go to the class with logit 4 ln 3: at T = 4 its probability is 3/4.
        let outcome = |truth: usize| Outcome {
            item: 0,
            modalities: vec![limbic_media::Modality::Audio],
            logits: Vec::new(),
            shared: [4.0 * 3f32.ln(), 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
            covered: std::array::from_fn(|i| i < 2),
            shared_truth: Some(std::array::from_fn(|i| f32::from(u8::from(i == truth)))),
        };
        let outcomes = [outcome(0), outcome(0), outcome(0), outcome(1)];
        assert!((temperature(&outcomes) - 4.0).abs() < 1e-2);
    }
}
