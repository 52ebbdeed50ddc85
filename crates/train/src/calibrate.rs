//! Temperatures: how sure a model may be.

use std::collections::BTreeMap;

use limbic_model::{Calibration, LabelKind};

use crate::dataset::weights;
use crate::{Dataset, Outcome};

/// Fewer clips than this fit no temperature.
const FEWEST: usize = 40;

/// The temperature that gives held-out labels the highest likelihood under
/// `softmax(logits / T)` (Guo et al. 2017), over the classes that each corpus covers. Found by
/// golden-section search of `log T` between 0.1 and 10.
pub fn temperature(outcomes: &[Outcome]) -> f32 {
    let rows: Vec<Row> = outcomes
        .iter()
        .filter_map(|outcome| {
            let covered = |(z, c): (&f32, bool)| if c { *z } else { f32::NEG_INFINITY };
            let logits = outcome.shared.iter().zip(outcome.covered).map(covered).collect();
            Some((logits, outcome.shared_truth?.to_vec()))
        })
        .collect();
    likeliest(&rows)
}

/// The temperature of each label set of one class a clip, for each choice of modalities: the one
/// that gives these clips, which were not trained on, the highest likelihood.
pub fn calibration(dataset: &Dataset, outcomes: &[Outcome]) -> Calibration {
    let mut all = Calibration::new();
    for (corpus, card) in dataset.cards.iter().enumerate() {
        for (index, map) in
            card.labels.iter().enumerate().filter(|(_, map)| map.kind == LabelKind::Class)
        {
            let mut rows: BTreeMap<String, Vec<Row>> = BTreeMap::new();
            for outcome in outcomes.iter().filter(|o| dataset.items[o.item].corpus == corpus) {
                let label = dataset.items[outcome.item].labels.get(index).and_then(Option::as_ref);
                let logits = outcome.logits.get(index).filter(|logits| !logits.is_empty());
                let Some((label, logits)) = label.zip(logits) else { continue };
                let truth = winners(&weights(label, map.classes.len()));
                let inputs = limbic_model::inputs(&outcome.modalities);
                rows.entry(inputs).or_default().push((logits.clone(), truth));
            }
            rows.retain(|_, rows| rows.len() >= FEWEST);
            if !rows.is_empty() {
                let fitted = rows.into_iter().map(|(inputs, rows)| (inputs, likeliest(&rows)));
                all.insert(map.name.clone(), fitted.collect());
            }
        }
    }
    all
}

/// The class with most votes, or an even share of each that ties for it: a probability is to say
/// how often an answer is the label.
fn winners(votes: &[f32]) -> Vec<f32> {
    let most = votes.iter().copied().fold(0.0, f32::max);
    let wins = |vote: &f32| f32::from(u8::from(most > 0.0 && *vote >= most));
    let total: f32 = votes.iter().map(wins).sum();
    votes.iter().map(|vote| wins(vote) / total.max(1.0)).collect()
}

/// Logits, minus infinity for what cannot be said, and the share of each class.
type Row = (Vec<f32>, Vec<f32>);

fn likeliest(rows: &[Row]) -> f32 {
    let (mut low, mut high) = (0.1f64.ln(), 10f64.ln());
    let ratio = (5f64.sqrt() - 1.0) / 2.0;
    for _ in 0..60 {
        let (a, b) = (high - ratio * (high - low), low + ratio * (high - low));
        if nll(rows, a.exp()) < nll(rows, b.exp()) { high = b } else { low = a }
    }
    f64::midpoint(low, high).exp() as f32
}

/// Mean negative log-likelihood at a temperature. A class that the model has no row for counts
/// nothing.
fn nll(rows: &[Row], temperature: f64) -> f64 {
    let total: f64 = rows
        .iter()
        .map(|(logits, truth)| {
            let scaled: Vec<f64> = logits.iter().map(|z| f64::from(*z) / temperature).collect();
            let top = scaled.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let log_sum = top + scaled.iter().map(|z| (z - top).exp()).sum::<f64>().ln();
            let known = truth.iter().zip(&scaled).filter(|(t, z)| **t > 0.0 && z.is_finite());
            known.map(|(t, z)| f64::from(*t) * (log_sum - z)).sum::<f64>()
        })
        .sum();
    total / rows.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use limbic_media::Modality::{Audio, Text};

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

    #[test]
    fn of_votes_their_winner_counts() {
        assert_eq!(winners(&[1.0, 6.0, 3.0]), [0.0, 1.0, 0.0]);
        assert_eq!(winners(&[4.0, 2.0, 4.0]), [0.5, 0.0, 0.5]);
        assert_eq!(winners(&[0.0, 0.0]), [0.0, 0.0]);
    }

    #[test]
    fn each_choice_of_modalities_has_a_temperature_of_its_own() {
        // Clip i has class i % 3. Alone, the voice is right three times of four at 4 ln 3 against
        // both others at 0, which a temperature of 4 makes honest within two; with both all is
        // right, and no temperature is low enough.
        let dataset = crate::dataset::made_up(60);
        let outcome = |item: usize, modalities: &[limbic_media::Modality], wrong: bool| {
            let mut logits = vec![0.0; 3];
            logits[(item + usize::from(wrong)) % 3] = 4.0 * 3f32.ln();
            Outcome {
                item,
                modalities: modalities.to_vec(),
                logits: vec![logits],
                shared: [0.0; 8],
                covered: [false; 8],
                shared_truth: None,
            }
        };
        let outcomes: Vec<Outcome> = (0..60)
            .flat_map(|i| [outcome(i, &[Audio], i % 4 == 0), outcome(i, &[Text, Audio], false)])
            .collect();
        let fitted = calibration(&dataset, &outcomes);
        let fitted = &fitted["made-up"];
        // exp(4 ln 3 / T) / (exp(4 ln 3 / T) + 2) = 3/4 where exp(4 ln 3 / T) = 6.
        let expected = 4.0 * 3f32.ln() / 6f32.ln();
        assert!((fitted["audio"] - expected).abs() < 0.02, "{fitted:?}");
        assert!(fitted["text+audio"] < 0.2, "{fitted:?}");
        assert_eq!(calibration(&dataset, &outcomes[..20]), Calibration::new(), "too few");
    }
}
