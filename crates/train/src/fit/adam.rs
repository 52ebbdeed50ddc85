//! Adam and `AdamW` as burn's optimisers, by our own kernel: the same steps in one pass.

use burn::optim::{AdamState, AdaptiveMomentumState, LearningRate, Optimizer};
use burn::tensor::{Device, Tensor};
use limbic_kernels::{AdamStep, Moved, adam};

/// How weights shrink beside being moved.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Decay {
    /// By a penalty in the gradient (Adam).
    Penalty(f32),
    /// On their own, by the learning rate times this (`AdamW`).
    Apart(f32),
}

/// The optimiser.
#[derive(Debug, Clone, Copy)]
pub(super) struct Adam {
    pub(super) betas: [f32; 2],
    pub(super) epsilon: f32,
    pub(super) decay: Decay,
}

impl Optimizer for Adam {
    type State<const D: usize> = AdamState<D>;

    fn step<const D: usize>(
        &self,
        rate: LearningRate,
        weights: Tensor<D>,
        gradient: Tensor<D>,
        state: Option<AdamState<D>>,
    ) -> (Tensor<D>, Option<AdamState<D>>) {
        let (time, first, second) = match state {
            Some(AdamState { momentum }) => (momentum.time, momentum.moment_1, momentum.moment_2),
            None => (0, weights.zeros_like(), weights.zeros_like()),
        };
        let time = time + 1;
        // Moments that began at zero are too small by these.
        let short = self.betas.map(|beta| 1.0 - f64::from(beta).powi(time as i32));
        let (penalty, keep) = match self.decay {
            Decay::Penalty(share) => (share, 1.0),
            Decay::Apart(share) => (0.0, 1.0 - rate * f64::from(share)),
        };
        let step = AdamStep {
            betas: self.betas,
            epsilon: (f64::from(self.epsilon) * short[1].sqrt()) as f32,
            rate: (rate * short[1].sqrt() / short[0]) as f32,
            penalty,
            keep: keep as f32,
        };
        let moved = adam(Moved { weights, first, second }, gradient, step);
        let momentum = AdaptiveMomentumState::new(time, moved.first, moved.second);
        (moved.weights, Some(AdamState::new(momentum)))
    }

    fn to_device<const D: usize>(state: AdamState<D>, device: &Device) -> AdamState<D> {
        AdamState::new(state.momentum.to_device(device))
    }
}

#[cfg(test)]
mod tests {
    use burn::optim::decay::WeightDecayConfig;
    use burn::optim::{AdamConfig, AdamWConfig};
    use burn::tensor::{Device, Tolerance};

    use super::*;

    /// Weights after some steps along gradients that change.
    fn walked(optimizer: &impl Optimizer) -> Tensor<1> {
        let device = Device::flex();
        let mut weights = Tensor::<1>::from_data([0.3, -1.2, 0.0, 4.0], &device);
        let mut state = None;
        for step in 0..5 {
            let turn = f32::from(i8::try_from(step).unwrap() - 2);
            let gradient = Tensor::from_data([turn, 0.5, -1e-3 * turn, 0.0], &device);
            (weights, state) = optimizer.step(0.1, weights, gradient, state);
        }
        weights
    }

    #[test]
    fn steps_are_those_of_burn() {
        let (betas, epsilon) = ([0.8, 0.95], 1e-3);
        let same = Tolerance::<f32>::rel_abs(1e-5, 1e-6);
        for share in [0.0, 0.2] {
            let burns = AdamConfig::new()
                .with_beta_1(betas[0])
                .with_beta_2(betas[1])
                .with_epsilon(epsilon)
                .with_weight_decay(Some(WeightDecayConfig::new(share)))
                .build();
            let own = Adam { betas, epsilon, decay: Decay::Penalty(share) };
            walked(&own).to_data().assert_approx_eq(&walked(&burns).to_data(), same);
            let burns = AdamWConfig::new()
                .with_beta_1(betas[0])
                .with_beta_2(betas[1])
                .with_epsilon(epsilon)
                .with_weight_decay(share)
                .build();
            let own = Adam { betas, epsilon, decay: Decay::Apart(share) };
            walked(&own).to_data().assert_approx_eq(&walked(&burns).to_data(), same);
        }
    }
}
