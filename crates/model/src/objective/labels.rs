//! Logits against labels: cross-entropy, binary cross-entropy, or one minus concordance.

use std::collections::BTreeMap;

use burn::tensor::{Tensor, TensorData, activation::log_softmax};

use limbic_media::{Modality, PerModality};

use crate::SHARED;
use crate::{Batch, LabelLoss, Model, On, Reduce, Result, Target, Views};

/// How often a yes counts, for each class of each yes/no label set by its name; and how often a
/// clip of each class of the other sets counts where their classes are to count alike.
pub type PositiveWeights = BTreeMap<String, Vec<f32>>;

impl LabelLoss {
    /// One term for the corpus's own labels and one for the shared space, over every modality
    /// that is present, and over all of them together. Both looks at a clip are answered.
    pub(super) fn terms(
        &self,
        model: &Model,
        views: &Views,
        batch: &Batch,
        positives: &PositiveWeights,
    ) -> Result<Vec<Tensor<1>>> {
        let mut terms = self.compared(model, views, &batch.targets, positives)?;
        let (views, looks) = self.stacked(views);
        if let Some(target) = &batch.shared
            && self.shared > 0.0
            && let Some((modality, _)) = views.iter().next()
        {
            let covered = covered(model, modality, batch);
            for logits in self.answers(model, &views, SHARED)? {
                let target = target.clone().repeat(&[looks, 1]);
                terms.push(cross_entropy(restrict(logits, &covered), target) * self.shared);
            }
        }
        Ok(terms)
    }

    /// One term a label set of `targets`, over every modality that is present, and over all of them
    /// together.
    pub(super) fn compared(
        &self,
        model: &Model,
        views: &Views,
        targets: &[(String, Target)],
        positives: &PositiveWeights,
    ) -> Result<Vec<Tensor<1>>> {
        let (views, looks) = self.stacked(views);
        let mut terms = Vec::new();
        for (set, target) in targets {
            for logits in self.answers(model, &views, set)? {
                let weights = positives.get(set).filter(|_| match target {
                    Target::Class(_) => self.even.contains(set),
                    _ => self.balanced,
                });
                let loss = self.loss(logits, target, looks, weights);
                terms.extend(loss.map(|loss| loss * self.weight));
            }
        }
        Ok(terms)
    }

    /// Both looks, end to end, and how many there are.
    fn stacked(&self, views: &Views) -> (PerModality<Tensor<2>>, usize) {
        let cut = |view: &Tensor<2>| {
            if self.detach { view.clone().detach() } else { view.clone() }
        };
        let Some(second) = &views.second else {
            return (views.each.iter().map(|(m, view)| (m, cut(view))).collect(), 1);
        };
        let both = views.each.iter().filter_map(|(modality, view)| {
            let second = second.get(modality)?;
            Some((modality, Tensor::cat(vec![cut(view), cut(second)], 0)))
        });
        (both.collect(), 2)
    }

    /// The answers that are compared, each `[b, classes]`.
    fn answers(
        &self,
        model: &Model,
        views: &PerModality<Tensor<2>>,
        set: &str,
    ) -> Result<Vec<Tensor<2>>> {
        let mut answers = Vec::new();
        if self.on != On::Joint {
            for (modality, view) in views.iter() {
                answers.push(model.logits(modality, view, set)?);
            }
        }
        if self.on != On::Each {
            answers.extend(model.fused(views, set)?);
        }
        Ok(answers)
    }

    fn loss(
        &self,
        logits: Tensor<2>,
        target: &Target,
        looks: usize,
        positive: Option<&Vec<f32>>,
    ) -> Option<Tensor<1>> {
        let again = |target: &Tensor<2>| target.clone().repeat(&[looks, 1]);
        match target {
            Target::None => None,
            Target::Class(target) => {
                let target = if self.hard { hardest(again(target)) } else { again(target) };
                let target = self.smooth(target);
                let target = match positive {
                    Some(weights) => {
                        let shape = [1, weights.len()];
                        let data = TensorData::new(weights.clone(), shape);
                        target * Tensor::<2>::from_data(data, &logits.device())
                    }
                    None => target,
                };
                Some(cross_entropy(logits, target))
            }
            Target::Multi(target) => {
                let (classes, device) = (target.dims()[1], logits.device());
                let positive = positive.map(|weights| {
                    Tensor::from_data(TensorData::new(weights.clone(), [classes]), &device)
                });
                let mean = weighted_binary_cross_entropy(logits, again(target), positive);
                Some(self.binary.of(mean, classes))
            }
            Target::Rating(target) => {
                let classes = target.dims()[1];
                Some(self.ratings.of(concordance(logits, again(target)), classes))
            }
        }
    }

    fn smooth(&self, target: Tensor<2>) -> Tensor<2> {
        let (classes, labelled) = (target.dims()[1] as f32, target.clone().sum_dim(1));
        target * (1.0 - self.smoothing) + labelled * (self.smoothing / classes)
    }
}

impl Reduce {
    /// The loss of `count` classes or ratings, from their mean.
    fn of(self, mean: Tensor<1>, count: usize) -> Tensor<1> {
        match self {
            Self::Mean => mean,
            Self::Sum => mean * count as f32,
        }
    }
}

/// Which emotions the label sets of a batch speak of.
fn covered(model: &Model, modality: Modality, batch: &Batch) -> [bool; 8] {
    batch.targets.iter().fold([false; 8], |all, (set, _)| {
        let one = model.covered(modality, set);
        std::array::from_fn(|i| all[i] || one[i])
    })
}

/// Pushes the logits of classes that a corpus never labels out of the softmax, so that it says
/// nothing about them.
///
/// # Shapes
/// `[b, k]` with `covered` of length k -> `[b, k]`.
pub fn restrict(logits: Tensor<2>, covered: &[bool]) -> Tensor<2> {
    let shift: Vec<f32> = covered.iter().map(|&c| if c { 0.0 } else { -1e4 }).collect();
    let device = logits.device();
    logits + Tensor::<1>::from_data(TensorData::new(shift, [covered.len()]), &device).unsqueeze()
}

/// `-mean_b sum_k target_bk log softmax(logits)_bk`.
///
/// # Shapes
/// Both `[b, k]`; target rows are probabilities, or zeros for a clip without a label.
pub fn cross_entropy(logits: Tensor<2>, target: Tensor<2>) -> Tensor<1> {
    let rows = logits.dims()[0] as f32;
    -(log_softmax(logits, 1) * target).sum() / rows
}

/// The likeliest class of each row alone: what is left of votes when only their winner counts.
///
/// # Shapes
/// `[b, k]` -> `[b, k]`, a single 1 a row; rows of zeros stay so.
pub fn hardest(target: Tensor<2>) -> Tensor<2> {
    let classes = target.dims()[1];
    let winner: Tensor<2> = target.clone().argmax(1).squeeze_dim::<1>(1).one_hot(classes).float();
    let labelled = target.sum_dim(1).greater_elem(0.0).float();
    winner * labelled
}

/// `mean_bk [ softplus(logit) - target * logit ]`: each class on its own.
///
/// # Shapes
/// Both `[b, k]`; targets are 0 or 1.
pub fn binary_cross_entropy(logits: Tensor<2>, target: Tensor<2>) -> Tensor<1> {
    weighted_binary_cross_entropy(logits, target, None)
}

/// [`binary_cross_entropy`] in which the positive answers of class k count `positive_k` times.
///
/// # Shapes
/// `logits` and `target` `[b, k]`, `positive` `[k]`; targets are 0 or 1.
pub fn weighted_binary_cross_entropy(
    logits: Tensor<2>,
    target: Tensor<2>,
    positive: Option<Tensor<1>>,
) -> Tensor<1> {
    // softplus(z) = max(z, 0) + log(1 + exp(-|z|)) does not overflow.
    let softplus = logits.clone().clamp_min(0.0) + (-logits.clone().abs()).exp().log1p();
    match positive {
        None => (softplus - logits * target).mean(),
        Some(positive) => {
            // p y softplus(-z) + (1 - y) softplus(z), with softplus(-z) = softplus(z) - z.
            let positive = positive.unsqueeze::<2>();
            let factor = (positive.clone() - 1.0) * target.clone() + 1.0;
            (softplus * factor - logits * target * positive).mean()
        }
    }
}

/// How often a positive answer of each class has to count for both answers to weigh the same:
/// negatives over positives of the training clips. A class without a positive counts as one with
/// one, so that its weight stays a number.
pub fn positive_weights(positives: &[usize], clips: usize) -> Vec<f32> {
    positives.iter().map(|p| clips.saturating_sub(*p) as f32 / (*p).max(1) as f32).collect()
}

/// How often a clip of each class has to count for all classes that occur to weigh the same, and
/// for a clip to count once on average. `counts` are the clips of each class.
pub fn class_weights(counts: &[f32]) -> Vec<f32> {
    let (total, occur) = (counts.iter().sum::<f32>(), counts.iter().filter(|n| **n > 0.0).count());
    let even = total / occur.max(1) as f32;
    counts.iter().map(|n| if *n > 0.0 { even / n } else { 1.0 }).collect()
}

/// `mean_k (1 - CCC_k)` over the batch; see [`concordances`].
///
/// # Shapes
/// Both `[b, k]`.
pub fn concordance(prediction: Tensor<2>, target: Tensor<2>) -> Tensor<1> {
    (-concordances(prediction, target) + 1.0).mean()
}

/// `CCC_k = 2 cov / (var_x + var_y + (mean_x - mean_y)^2)` over the batch (Lin 1989), with biased
/// moments. It is 0 where either side is constant, and never NaN.
///
/// # Shapes
/// Both `[b, k]` -> `[k]`.
pub fn concordances(prediction: Tensor<2>, target: Tensor<2>) -> Tensor<1> {
    let mean = |x: &Tensor<2>| x.clone().mean_dim(0);
    let (mx, my) = (mean(&prediction), mean(&target));
    let (x, y) = (prediction - mx.clone(), target - my.clone());
    let covariance = mean(&(x.clone() * y.clone()));
    let spread = mean(&x.square()) + mean(&y.square()) + (mx - my).square();
    (covariance * 2.0 / (spread + 1e-8)).squeeze_dim(0)
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;

    #[test]
    fn weights_of_classes_give_each_the_same_sum_and_a_clip_one_on_average() {
        let counts = [10.0, 30.0, 0.0, 2.0];
        let weights = class_weights(&counts);
        for class in [0, 1, 3] {
            assert!((counts[class] * weights[class] - 14.0).abs() < 1e-4);
        }
        let sum: f32 = counts.iter().zip(&weights).map(|(n, w)| n * w).sum();
        assert!((sum - 42.0).abs() < 1e-3);
    }

    fn rows<const N: usize, const K: usize>(values: [[f32; K]; N]) -> Tensor<2> {
        Tensor::from_data(values, &Device::flex())
    }

    fn scalar(x: Tensor<1>) -> f32 {
        x.into_scalar::<f32>()
    }

    #[test]
    fn cross_entropy_of_even_logits_is_log_k() {
        let loss = cross_entropy(rows([[0.0; 4]]), rows([[0.0, 1.0, 0.0, 0.0]]));
        assert!((scalar(loss) - 4f32.ln()).abs() < 1e-6);
    }

    #[test]
    fn uncovered_classes_neither_win_nor_lose() {
        let logits = restrict(rows([[1.0, 50.0, 1.0]]), &[true, false, true]);
        let loss = cross_entropy(logits, rows([[1.0, 0.0, 0.0]]));
        assert!((scalar(loss) - 2f32.ln()).abs() < 1e-5);
    }

    #[test]
    fn binary_cross_entropy_survives_huge_logits() {
        let loss = binary_cross_entropy(rows([[80.0, -80.0, 0.0]]), rows([[1.0, 0.0, 1.0]]));
        assert!((scalar(loss) - 2f32.ln() / 3.0).abs() < 1e-6);
    }

    #[test]
    fn votes_become_their_winner() {
        let votes = rows([[0.2, 0.5, 0.3], [0.0, 0.0, 0.0], [1.0, 0.0, 0.0]]);
        let values: Vec<f32> = hardest(votes).into_data().iter().collect();
        assert_eq!(values, [0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0]);
    }

    #[test]
    fn vavl_v7_concordance_is_zero_for_equality_and_punishes_shift_and_scale() {
        let y = rows([[0.0], [1.0], [2.0], [3.0]]);
        assert!(scalar(concordance(y.clone(), y.clone())).abs() < 1e-6);
        // 2y + 1: covariance 2.5, variances 5 and 1.25, squared shift 6.25.
        assert!((scalar(concordance(y.clone() * 2.0 + 1.0, y.clone())) - 0.6).abs() < 1e-5);
        // Shift alone, then scale alone, about the same mean.
        assert!((scalar(concordance(y.clone() + 1.0, y.clone())) - 2.0 / 7.0).abs() < 1e-5);
        assert!((scalar(concordance(y.clone() * 2.0 - 1.5, y)) - 0.2).abs() < 1e-5);
    }

    #[test]
    fn vavl_v7_concordance_is_one_without_correlation_and_for_a_constant() {
        let device = Device::flex().autodiff();
        let y = rows([[0.0, 0.5], [1.0, 0.5], [0.0, 0.5], [1.0, 0.5]]);
        let x = rows([[0.0, 0.5], [0.0, 0.5], [1.0, 0.5], [1.0, 0.5]]);
        let each: Vec<f32> = concordances(x.clone(), y.clone()).into_data().iter().collect();
        assert_eq!(each, [0.0, 0.0]);
        let on = |x: Tensor<2>| Tensor::<2>::from_data(x.into_data(), &device);
        let x = on(x).require_grad();
        let gradients = concordance(x.clone(), on(y)).backward();
        let gradient: Vec<f32> = x.grad(&gradients).unwrap().into_data().iter().collect();
        assert!(gradient.iter().all(|value| value.is_finite()), "{gradient:?}");
    }

    #[test]
    fn vavl_v7_concordance_ignores_the_order_of_clips() {
        let (x, y) = (rows([[0.1], [0.7], [0.4]]), rows([[0.3], [0.8], [0.2]]));
        let (flipped_x, flipped_y) = (x.clone().flip([0]), y.clone().flip([0]));
        let gap = scalar(concordance(x, y)) - scalar(concordance(flipped_x, flipped_y));
        assert!(gap.abs() < 1e-6);
    }

    #[test]
    fn mtee_m9_positive_weights_are_negatives_over_positives_and_scale_positives_alone() {
        let weights = positive_weights(&[2, 8, 0, 10], 10);
        assert_eq!(weights, [4.0, 0.25, 10.0, 0.0]);
        let z = rows([[1.5, -0.5], [-2.0, 0.3]]);
        let y = rows([[1.0, 0.0], [0.0, 1.0]]);
        let weigh = |p: [f32; 2]| {
            let p = Tensor::<1>::from_data(p, &Device::flex());
            scalar(weighted_binary_cross_entropy(z.clone(), y.clone(), Some(p)))
        };
        let plain = scalar(binary_cross_entropy(z.clone(), y.clone()));
        assert_eq!(weigh([1.0, 1.0]), plain);
        // Tripling class 0 adds two more of its only positive term, log(1 + exp(-1.5)).
        let added = 2.0 * (1.0 + (-1.5f32).exp()).ln() / 4.0;
        assert!((weigh([3.0, 1.0]) - plain - added).abs() < 1e-6);
        let negative = rows([[0.0, 0.0], [0.0, 0.0]]);
        let p = Tensor::<1>::from_data([7.0, 9.0], &Device::flex());
        let loss = weighted_binary_cross_entropy(z.clone(), negative.clone(), Some(p));
        assert_eq!(scalar(loss), scalar(binary_cross_entropy(z, negative)));
    }

    #[test]
    fn a_weighted_loss_survives_huge_logits_and_absent_positives() {
        let p = Tensor::<1>::from_data(&positive_weights(&[0, 1], 2)[..], &Device::flex());
        let loss =
            weighted_binary_cross_entropy(rows([[-80.0, 80.0]]), rows([[0.0, 1.0]]), Some(p));
        assert!(scalar(loss).abs() < 1e-6);
    }
}
