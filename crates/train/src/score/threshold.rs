//! From which probability a class of yes/no answers counts as "yes".

use std::collections::BTreeMap;

use limbic_model::LabelKind;

use super::{Outcome, sigmoid};
use crate::Dataset;
use crate::dataset::weights;

/// For each class of a yes/no label set, the probability from which "yes" has the highest F1 on
/// `outcomes`, which must not have been trained on.
pub fn thresholds(dataset: &Dataset, outcomes: &[Outcome]) -> BTreeMap<String, Vec<f32>> {
    let mut all = BTreeMap::new();
    for (corpus, card) in dataset.cards.iter().enumerate() {
        for (index, map) in
            card.labels.iter().enumerate().filter(|(_, m)| m.kind == LabelKind::Multi)
        {
            let own: Vec<&Outcome> =
                outcomes.iter().filter(|o| dataset.items[o.item].corpus == corpus).collect();
            if own.is_empty() {
                continue;
            }
            let best = (0..map.classes.len()).map(|class| {
                let answers: Vec<(bool, f32)> = own
                    .iter()
                    .filter_map(|o| {
                        let label = dataset.items[o.item].labels[index].as_ref()?;
                        let yes = weights(label, map.classes.len())[class] > 0.0;
                        Some((yes, sigmoid(o.logits[index][class])))
                    })
                    .collect();
                // A class that was never there, such as a held-out one, cannot be chosen for.
                if answers.iter().any(|(yes, _)| *yes) { threshold(&answers) } else { 0.5 }
            });
            all.insert(map.name.clone(), best.collect());
        }
    }
    all
}

/// Hits and misses are the mean of what the labels say and what the probabilities expect, since
/// a rare class has too few labels to choose by (Lipton et al. 2014 choose by the latter alone).
fn threshold(answers: &[(bool, f32)]) -> f32 {
    let f1 = |t: f32| {
        let (mut hits, mut errors) = (0.0, 0.0);
        for (yes, p) in answers {
            let share = f32::midpoint(f32::from(u8::from(*yes)), *p);
            if *p > t {
                hits += share;
                errors += 1.0 - share;
            } else {
                errors += share;
            }
        }
        2.0 * hits / (2.0 * hits + errors).max(1e-6)
    };
    let candidates = (1..100).map(|i| i as f32 / 100.0).map(|t| (f1(t), t));
    candidates.fold((-1.0, 0.5), |best, next| if next.0 > best.0 { next } else { best }).1
}
