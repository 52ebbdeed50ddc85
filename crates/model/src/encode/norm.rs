//! Batch normalisation (Ioffe and Szegedy 2015) of rows.

use burn::nn::BatchNorm;
use burn::tensor::{Tensor, module::batch_norm_train};

/// `norm` of `x`; while training, over its rows. The running variance takes in the unbiased
/// variance of a batch, as the reference implementations do; burn's own forward would take the
/// biased one, a factor of `n / (n - 1)`.
///
/// # Shapes
/// `[n, d]` -> `[n, d]`.
pub(crate) fn batch_norm(norm: &BatchNorm, x: Tensor<2>) -> Tensor<2> {
    if !(x.is_autodiff() && norm.training.is_enabled()) {
        return norm.forward(x);
    }
    let (rows, device) = (x.dims()[0] as f64, x.device());
    let seen = batch_norm_train(x, norm.gamma.val(), norm.beta.val(), norm.epsilon);
    let unbiased = seen.variance * (rows / (rows - 1.0).max(1.0));
    for (state, new) in [(&norm.running_mean, seen.mean), (&norm.running_var, unbiased)] {
        let old = state.value_sync().to_device(&device);
        state.update((old * (1.0 - norm.momentum) + new * norm.momentum).detach());
    }
    seen.output
}

#[cfg(test)]
mod tests {
    use burn::module::Module;
    use burn::nn::BatchNormConfig;
    use burn::tensor::Device;

    use super::*;

    #[test]
    fn running_statistics_take_in_mean_and_unbiased_variance() {
        let device = Device::flex().autodiff();
        let norm = BatchNormConfig::new(1).init(&device);
        let rows = Tensor::<2>::from_data([[1.0], [2.0], [6.0]], &device);
        let out = batch_norm(&norm, rows).into_data().iter::<f32>().collect::<Vec<_>>();
        assert!((out[2] - 3.0 / (14f32 / 3.0).sqrt()).abs() < 1e-4);
        let norm = norm.valid();
        let value = |t: Tensor<1>| t.into_scalar::<f32>();
        assert!((value(norm.running_mean.value()) - 0.3).abs() < 1e-6);
        // 0.9 * 1 + 0.1 * 14 / 2.
        assert!((value(norm.running_var.value()) - 1.6).abs() < 1e-5);
    }
}
