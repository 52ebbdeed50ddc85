//! Late fusion: a product of calibrated experts, with its working shown.
//!
//! ```text
//! evidence_m,c = weight_m * (log p_m(c) - mean_c log p_m(c))
//! logit_c      = sum over the modalities present of evidence_m,c
//! p            = softmax(logit)
//! ```
//!
//! Of labels that each hold or do not (yes/no answers) the evidence is `weight_m * logit_m,c`, and
//! the probability the logistic function of the sum; a rating is the mean of the modalities'.
//!
//! This is Hinton's product of experts (2002, "Training products of experts by minimizing
//! contrastive divergence", eq. 1) in the log domain. Because the logit is a plain sum, each
//! modality's share of the answer is exact and not an afterthought, and a modality that is
//! absent leaves no trace.

use limbic_media::PerModality;
use limbic_model::LabelKind;

use crate::scores::{Scores, probability};

/// How much each modality's evidence counts; fitted on held-out data with the experts.
#[derive(Debug, Clone, PartialEq)]
pub struct Fusion {
    weights: PerModality<f32>,
}

/// A fused answer about one stretch.
#[derive(Debug, Clone, PartialEq)]
pub struct Fused {
    /// What kind of answer this is.
    pub kind: LabelKind,
    /// In the order of the labels: the softmax of [`Fused::logits`], or the probability of each
    /// yes/no answer; empty for ratings.
    pub probabilities: Vec<f32>,
    /// The sum of [`Fused::evidence`] over the modalities, in storage order; ratings themselves.
    pub logits: Vec<f32>,
    /// What each present modality adds to each logit.
    pub evidence: PerModality<Vec<f32>>,
    /// Unpleasant (-1) to pleasant (1), where some expert knows.
    pub valence: Option<f32>,
    /// Sleepy (-1) to excited (1), where some expert knows.
    pub arousal: Option<f32>,
}

impl Fusion {
    /// From a weight for each modality. One without a weight counts 1; a weight that is not a
    /// positive finite number counts 0.
    pub fn new(weights: PerModality<f32>) -> Self {
        Self { weights: weights.map(|_, w| if w.is_finite() { w.max(0.0) } else { 0.0 }) }
    }

    /// Joins what the experts said; `None` where none said anything.
    pub fn fuse(&self, experts: &PerModality<Scores>) -> Option<Fused> {
        let kind = experts.iter().next().map(|(_, scores)| scores.kind())?;
        let weight_of = |modality| self.weights.get(modality).copied().unwrap_or(1.0);
        let whole: f32 = experts.iter().map(|(modality, _)| weight_of(modality)).sum();
        let count = experts.iter().map(|(_, scores)| scores.values().len()).max().unwrap_or(0);
        let mut logits = vec![0.0; count];
        let mut evidence = PerModality::none();
        let mut valence = WeightedMean::default();
        let mut arousal = WeightedMean::default();
        for (modality, scores) in experts.iter() {
            let weight = weight_of(modality);
            let own = scores.values();
            let share: Vec<f32> = match kind {
                LabelKind::Class => {
                    let mean = own.iter().sum::<f32>() / own.len().max(1) as f32;
                    own.iter().map(|x| weight * (x - mean)).collect()
                }
                LabelKind::Multi => own.iter().map(|x| weight * x).collect(),
                LabelKind::Rating => own.iter().map(|x| weight / whole.max(1e-6) * x).collect(),
            };
            for (logit, x) in logits.iter_mut().zip(&share) {
                *logit += x;
            }
            evidence.insert(modality, share);
            valence.add(scores.valence(), weight * scores.confidence());
            arousal.add(scores.arousal(), weight * scores.confidence());
        }
        Some(Fused {
            kind,
            probabilities: match kind {
                LabelKind::Class => softmax(&logits),
                LabelKind::Multi => logits.iter().map(|x| probability(*x)).collect(),
                LabelKind::Rating => Vec::new(),
            },
            logits,
            evidence,
            valence: valence.get(),
            arousal: arousal.get(),
        })
    }
}

/// Probabilities from finite logits.
fn softmax(logits: &[f32]) -> Vec<f32> {
    let greatest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let raised: Vec<f32> = logits.iter().map(|x| (x - greatest).exp()).collect();
    let total: f32 = raised.iter().sum();
    raised.into_iter().map(|x| x / total).collect()
}

/// A mean over the values that are there.
#[derive(Default)]
struct WeightedMean {
    weight: f32,
    sum: f32,
}

impl WeightedMean {
    fn add(&mut self, value: Option<f32>, weight: f32) {
        if let Some(value) = value {
            self.weight += weight;
            self.sum += weight * value;
        }
    }

    fn get(&self) -> Option<f32> {
        (self.weight > 0.0).then(|| (self.sum / self.weight).clamp(-1.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use limbic_media::Modality;
    use proptest::prelude::*;

    use super::*;

    fn scores() -> impl Strategy<Value = Scores> {
        let log_probs = prop::array::uniform8(-40.0f32..5.0);
        let number = || prop::option::of(-1.0f32..=1.0);
        (log_probs, number(), number()).prop_map(|(l, v, a)| Scores::new(l, v, a).unwrap())
    }

    fn experts() -> impl Strategy<Value = PerModality<Scores>> {
        prop::array::uniform4(prop::option::of(scores())).prop_map(|all| {
            Modality::ALL.into_iter().zip(all).filter_map(|(m, s)| Some((m, s?))).collect()
        })
    }

    fn fusion() -> impl Strategy<Value = Fusion> {
        prop::array::uniform4(0.0f32..3.0)
            .prop_map(|w| Fusion::new(Modality::ALL.into_iter().zip(w).collect()))
    }

    proptest! {
        #[test]
        fn evidence_sums_exactly_to_the_logit(fusion in fusion(), experts in experts()) {
            let Some(fused) = fusion.fuse(&experts) else {
                prop_assert!(experts.is_empty());
                return Ok(());
            };
            for label in 0..8 {
                let sum = fused.evidence.iter().fold(0.0, |sum, (_, e)| sum + e[label]);
                prop_assert_eq!(sum.to_bits(), fused.logits[label].to_bits());
            }
        }

        #[test]
        fn removing_a_modality_is_never_having_had_it(
            fusion in fusion(), experts in experts(), gone in 0usize..4,
        ) {
            let gone = Modality::ALL[gone];
            let mut removed = experts.clone();
            removed.remove(gone);
            let never: PerModality<Scores> =
                experts.iter().filter(|(m, _)| *m != gone).map(|(m, s)| (m, s.clone())).collect();
            let (removed, never) = (fusion.fuse(&removed), fusion.fuse(&never));
            prop_assert_eq!(bits(removed.as_ref()), bits(never.as_ref()));
        }

        #[test]
        fn a_fused_answer_is_finite_and_sums_to_one(fusion in fusion(), experts in experts()) {
            if let Some(fused) = fusion.fuse(&experts) {
                let total: f32 = fused.probabilities.iter().sum();
                prop_assert!((total - 1.0).abs() < 1e-5);
                prop_assert!(fused.probabilities.iter().all(|p| (0.0..=1.0).contains(p)));
                prop_assert!(fused.logits.iter().all(|x| x.is_finite()));
                for x in [fused.valence, fused.arousal].into_iter().flatten() {
                    prop_assert!((-1.0..=1.0).contains(&x));
                }
            }
        }

        #[test]
        fn one_expert_of_weight_one_keeps_its_own_probabilities(scores in scores()) {
            let fusion = Fusion::new(PerModality::none());
            let fused = fusion.fuse(&[(Modality::Audio, scores.clone())].into_iter().collect()).unwrap();
            for (p, log_p) in fused.probabilities.iter().zip(scores.values()) {
                prop_assert!((p - log_p.exp()).abs() < 1e-4);
            }
            prop_assert_eq!(fused.valence.is_some(), scores.valence().is_some());
            for (fused, own) in fused.valence.into_iter().zip(scores.valence()) {
                prop_assert!((fused - own).abs() < 1e-5);
            }
        }
    }

    /// Every number of an answer, down to the last bit.
    fn bits(fused: Option<&Fused>) -> Vec<u32> {
        let Some(fused) = fused else { return Vec::new() };
        let evidence = fused.evidence.iter().flat_map(|(_, e)| e.clone());
        fused
            .probabilities
            .iter()
            .copied()
            .chain(fused.logits.iter().copied())
            .chain(evidence)
            .chain(fused.valence)
            .chain(fused.arousal)
            .map(f32::to_bits)
            .collect()
    }

    #[test]
    fn yes_and_no_are_summed_and_ratings_averaged() {
        let two = |kind, a: [f32; 2], b: [f32; 2]| {
            let said = |x: [f32; 2]| Scores::of(kind, x.to_vec(), None, None).unwrap();
            let experts = [(Modality::Text, said(a)), (Modality::Audio, said(b))];
            Fusion::new(PerModality::none()).fuse(&experts.into_iter().collect()).unwrap()
        };
        let fused = two(LabelKind::Multi, [2.0, -1.0], [1.0, -3.0]);
        assert_eq!(fused.logits, [3.0, -4.0]);
        assert!((fused.probabilities[0] - 0.952_574).abs() < 1e-5, "{:?}", fused.probabilities);
        assert!(fused.probabilities.iter().sum::<f32>() < 0.98, "each stands alone");
        let fused = two(LabelKind::Rating, [2.0, -1.0], [1.0, -3.0]);
        assert_eq!((fused.logits, fused.probabilities), (vec![1.5, -2.0], Vec::new()));
    }

    #[test]
    fn a_weight_of_zero_leaves_valence_to_the_others() {
        let weights = [(Modality::Text, 0.0), (Modality::Audio, 1.0)].into_iter().collect();
        let said = |v| Scores::new([0.0; 8], Some(v), None).unwrap();
        let experts = [(Modality::Text, said(1.0)), (Modality::Audio, said(-0.5))];
        let fused = Fusion::new(weights).fuse(&experts.into_iter().collect()).unwrap();
        assert_eq!(fused.valence, Some(-0.5));
    }
}
