//! Predict one stream from a view.

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::pool;

/// Mean squared error between a prediction and the mean of a modality's features over time
/// (VAVL, Goncalves et al. 2024: the reconstruction).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PredictLoss {
    /// Factor on it; the authors have 2 beside classes and 1 beside ratings. With 0 it is left
    /// out.
    pub weight: f32,
}

impl Default for PredictLoss {
    fn default() -> Self {
        Self { weight: 1.0 }
    }
}

impl PredictLoss {
    /// `weight * mean_bd (prediction - target)^2`; `None` where the weight is 0.
    ///
    /// # Shapes
    /// Both `[b, d]`.
    pub fn term(&self, prediction: Tensor<2>, target: Tensor<2>) -> Option<Tensor<1>> {
        (self.weight > 0.0).then(|| (prediction - target).square().mean() * self.weight)
    }

    /// What is to be predicted: the mean over the steps that `mask` counts, of features as they
    /// are fed. No gradient reaches them.
    ///
    /// # Shapes
    /// `[b, t, d]`, `mask` `[b, t]` -> `[b, d]`.
    pub fn target(features: Tensor<3>, mask: &Tensor<2>) -> Tensor<2> {
        pool::mean(features.detach(), mask)
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;

    #[test]
    fn the_target_is_the_mean_of_what_is_there_and_has_no_gradient() {
        let device = Device::flex().autodiff();
        let x = Tensor::<3>::from_data([[[2.0], [4.0], [90.0]]], &device).require_grad();
        let mask = Tensor::<2>::from_data([[1.0, 1.0, 0.0]], &device);
        let target = PredictLoss::target(x.clone(), &mask);
        assert_eq!(target.clone().into_scalar::<f32>(), 3.0);
        let prediction = Tensor::<2>::from_data([[5.0]], &device).require_grad();
        let loss = PredictLoss { weight: 2.0 }.term(prediction.clone(), target).unwrap();
        assert_eq!(loss.clone().into_scalar::<f32>(), 8.0);
        let gradients = loss.backward();
        assert_eq!(prediction.grad(&gradients).unwrap().into_scalar::<f32>(), 8.0);
        assert!(x.grad(&gradients).is_none());
    }
}
