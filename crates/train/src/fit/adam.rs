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
