//! Logits against labels: cross-entropy, binary cross-entropy, or one minus concordance.

use burn::tensor::{Tensor, TensorData, activation::log_softmax};

use crate::{Batch, LabelLoss, Model, Reduce, Result, Target, Views};

impl LabelLoss {
    /// One term for the corpus's own labels and one for the shared space, over every modality
    /// that is present.
    pub(super) fn terms(
        &self,
        model: &Model,
        views: &Views,
        batch: &Batch,
    ) -> Result<Vec<Tensor<1>>> {
        let mut terms = Vec::new();
        for (modality, view) in views.each.iter() {
            for (set, target) in &batch.targets {
                let logits = model.logits(modality, view, set)?;
                let loss = match target {
                    Target::None => continue,
                    Target::Class(target) => cross_entropy(logits, self.smooth(target.clone())),
                    Target::Multi(target) => {
                        let classes = target.dims()[1] as f32;
                        let mean = binary_cross_entropy(logits, target.clone());
                        match self.binary {
                            Reduce::Mean => mean,
                            Reduce::Sum => mean * classes,
                        }
                    }
                    Target::Rating(target) => concordance(logits, target.clone()),
                };
                terms.push(loss * self.weight);
            }
            if let Some(target) = &batch.shared
                && self.shared > 0.0
            {
                let logits = model.emotions(modality, view)?;
                let covered = batch.targets.iter().fold([false; 8], |all, (set, _)| {
                    let one = model.covered(modality, set);
                    std::array::from_fn(|i| all[i] || one[i])
                });
                let logits = restrict(logits, &covered);
                terms.push(cross_entropy(logits, target.clone()) * self.shared);
            }
        }
        Ok(terms)
    }

    fn smooth(&self, target: Tensor<2>) -> Tensor<2> {
        let (classes, labelled) = (target.dims()[1] as f32, target.clone().sum_dim(1));
        target * (1.0 - self.smoothing) + labelled * (self.smoothing / classes)
    }
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
    // softplus(z) = max(z, 0) + log(1 + exp(-|z|)) does not overflow.
    let softplus = logits.clone().clamp_min(0.0) + (-logits.clone().abs()).exp().log1p();
    (softplus - logits * target).mean()
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
}
