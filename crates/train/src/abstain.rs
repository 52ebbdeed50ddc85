//! How sure an answer has to be.

use std::collections::BTreeMap;

use limbic_media::Modality;
use limbic_model::{Abstain, SHARED, inputs};

use crate::Outcome;

/// Shares of wrong answers that a least probability is looked for, in hundredths.
const RISKS: [u16; 10] = [5, 10, 15, 20, 25, 30, 35, 40, 45, 50];
/// The share that holds where nobody asks for another.
const RISK: f32 = 0.3;
/// Fewer clips say nothing of how often an answer is wrong.
const FEWEST: usize = 40;
/// Fewer answers above a probability say nothing of it.
const ANSWERED: usize = 20;

/// The least probabilities of the eight emotions that keep shares of wrong answers, for each choice
/// of modalities with clips enough; `None` where there is none. `outcomes` are of clips that were
/// not trained on, and each modality's logits are divided by its `temperature`, as a reading does;
/// of several modalities they are added.
pub fn abstain(outcomes: &[Outcome], temperature: &BTreeMap<Modality, f32>) -> Option<Abstain> {
    let mut alone: BTreeMap<(usize, Modality), [f32; 8]> = BTreeMap::new();
    for outcome in outcomes {
        if let [modality] = outcome.modalities[..] {
            let fitted = temperature.get(&modality).copied().unwrap_or(1.0);
            alone.insert((outcome.item, modality), outcome.shared.map(|z| z / fitted));
        }
    }
    let mut answers: BTreeMap<String, Vec<(f32, bool)>> = BTreeMap::new();
    for outcome in outcomes {
        let Some(truth) = outcome.shared_truth else { continue };
        let own = outcome.modalities.iter().map(|m| alone.get(&(outcome.item, *m)));
        let Some(own) = own.collect::<Option<Vec<_>>>() else { continue };
        let logits: [f32; 8] = std::array::from_fn(|c| own.iter().map(|z| z[c]).sum());
        let (top, probability) = surest(&logits);
        let most = truth.iter().copied().fold(0.0, f32::max);
        let answer = (probability, truth[top] < most);
        answers.entry(inputs(&outcome.modalities)).or_default().push(answer);
    }
    let enough = answers.into_iter().filter(|(_, answers)| answers.len() >= FEWEST);
    let least: BTreeMap<_, _> =
        enough.map(|(inputs, answers)| (inputs, thresholds(answers))).collect();
    (!least.is_empty()).then(|| Abstain { labels: SHARED.to_owned(), risk: RISK, least })
}

/// The greatest logit's place and softmax.
fn surest(logits: &[f32; 8]) -> (usize, f32) {
    let top = (0..8).max_by(|a, b| logits[*a].total_cmp(&logits[*b])).unwrap_or(0);
    let total: f32 = logits.iter().map(|z| (z - logits[top]).exp()).sum();
    (top, 1.0 / total)
}

/// For each share of wrong answers that can be kept, the least probability that keeps it with most
/// answers.
fn thresholds(mut answers: Vec<(f32, bool)>) -> Vec<(f32, f32)> {
    answers.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut wrong = 0usize;
    // After each answer: how many there are, the share of wrong ones, and the least probability.
    let mut kept: Vec<(usize, f32, f32)> = Vec::new();
    for (index, (probability, is_wrong)) in answers.iter().enumerate() {
        wrong += usize::from(*is_wrong);
        // Equal probabilities are answered together.
        let last = answers.get(index + 1).is_none_or(|next| next.0 < *probability);
        if last && index + 1 >= ANSWERED {
            let count = index + 1;
            let least = if count == answers.len() { 0.0 } else { *probability };
            kept.push((count, wrong as f32 / count as f32, least));
        }
    }
    let step = |risk: u16| {
        let risk = f32::from(risk) / 100.0;
        let (_, _, least) = kept.iter().rfind(|(_, share, _)| *share <= risk)?;
        Some((risk, *least))
    };
    RISKS.into_iter().filter_map(step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A clip that is told as class 0 with this probability against class 1.
    fn outcome(item: usize, modality: Modality, probability: f32, truth: usize) -> Outcome {
        let mut shared = [-1e4; 8];
        shared[0] = (probability / (1.0 - probability)).ln();
        shared[1] = 0.0;
        Outcome {
            item,
            modalities: vec![modality],
            logits: Vec::new(),
            shared,
            covered: [true; 8],
            shared_truth: Some(std::array::from_fn(|i| f32::from(u8::from(i == truth)))),
        }
    }

    #[test]
    fn the_least_probability_keeps_the_share_of_wrong_answers() {
        // Of 100 answers at probabilities from 0.99 down to 0.5, every second of the less sure
        // half is wrong: 0 of 50, then one more in two.
        let clips: Vec<Outcome> = (0..100)
            .map(|i| {
                let wrong = i >= 50 && i % 2 == 1;
                outcome(i, Modality::Text, 0.99 - 0.0049 * i as f32, usize::from(wrong))
            })
            .collect();
        let found = abstain(&clips, &BTreeMap::new()).unwrap();
        let steps = &found.least["text"];
        assert_eq!((found.labels.as_str(), found.risk), (SHARED, RISK));
        let at = |risk: f32| steps.iter().find(|(own, _)| *own == risk).unwrap().1;
        assert!((at(0.05) - (0.99 - 0.0049 * 54.0)).abs() < 1e-4, "2 of 55: {steps:?}");
        assert!((at(0.2) - (0.99 - 0.0049 * 84.0)).abs() < 1e-4, "17 of 85: {steps:?}");
        assert_eq!(at(0.25), 0.0, "a quarter is wrong of all");
        // Twice as hot a temperature brings every probability down, and the least with it.
        let hot = abstain(&clips, &[(Modality::Text, 2.0)].into()).unwrap();
        assert!(hot.least["text"][0].1 < steps[0].1);
    }

    #[test]
    fn what_cannot_be_kept_has_no_probability() {
        let clips: Vec<Outcome> = (0..60)
            .map(|i| outcome(i, Modality::Audio, 0.6 + 0.001 * i as f32, usize::from(i % 5 < 2)))
            .collect();
        let found = abstain(&clips, &BTreeMap::new()).unwrap();
        assert!(found.least["audio"][0].0 >= 0.35, "{:?}", found.least);
        assert!(found.withholds(&[Modality::Audio], 0.99, 0.2));
        assert_eq!(abstain(&clips[..39], &BTreeMap::new()), None);
    }

    #[test]
    fn several_modalities_are_added_up_as_a_reading_does() {
        let (text, voice) = (Modality::Text, Modality::Audio);
        let clips = (0..40).flat_map(|i| {
            let [one, other] = [(text, 0.7), (voice, 0.8)].map(|(m, p)| outcome(i, m, p, 0));
            let both = Outcome { modalities: vec![text, voice], shared: [0.0; 8], ..one.clone() };
            [one, other, both]
        });
        let clips: Vec<Outcome> = clips.collect();
        let found = abstain(&clips, &BTreeMap::new()).unwrap();
        assert_eq!(found.least.len(), 3);
        let (top, sure) = surest(&std::array::from_fn(|c| clips[0].shared[c] + clips[1].shared[c]));
        assert!(top == 0 && sure > 0.9);
        assert_eq!(found.least["text+audio"][0], (0.05, 0.0));
    }
}
