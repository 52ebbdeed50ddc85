//! Batch normalisation with the running statistics that published weights were trained with.
//!
//! burn lets the biased variance of a batch into the running one, the authors' framework the
//! unbiased one; with few values a channel the two differ by several percent.

use std::sync::Arc;

use burn::module::RunningState;
use burn::nn::BatchNorm;
use burn::tensor::{Tensor, activation::relu, module::batch_norm_train};
use limbic_kernels::{NodesNormalised, Normalised};

/// Batch statistics in training, running statistics else.
///
/// # Shapes
/// `x` `[b, channels, ..]`; `real` of the same rank, 1 in every axis that it does not tell apart:
/// 1 for what counts, 0 for padding. What comes out at padding is not to be read.
pub(crate) fn normalise<const D: usize>(
    norm: &BatchNorm,
    x: Tensor<D>,
    real: Option<&Tensor<D>>,
) -> Tensor<D> {
    if !(x.device().is_autodiff() && norm.training.is_enabled()) {
        return norm.forward(x);
    }
    let channels = x.dims()[1];
    let all = (x.shape().num_elements() / channels) as f32;
    let share = real.map_or(1.0, |real| real.clone().mean().into_scalar::<f32>());
    let count = (all * share).max(1.0);
    let (output, mean, variance) = match real {
        Some(real) if share < 1.0 => {
            let axes: Vec<usize> = (0..D).filter(|axis| *axis != 1).collect();
            let mean = (x.clone() * real.clone()).sum_dims(&axes) / count;
            let centred = (x - mean.clone()) * real.clone();
            let variance = centred.clone().square().sum_dims(&axes) / count;
            let mut shape = [1; D];
            shape[1] = channels;
            let (gain, bias) = (norm.gamma.val().reshape(shape), norm.beta.val().reshape(shape));
            let output = centred / (variance.clone() + norm.epsilon).sqrt() * gain + bias;
            (output, mean.reshape([channels]), variance.reshape([channels]))
        }
        _ => {
            let batch = batch_norm_train(x, norm.gamma.val(), norm.beta.val(), norm.epsilon);
            (batch.output, batch.mean, batch.variance)
        }
    };
    blend(&norm.running_mean, mean, norm.momentum);
    blend(&norm.running_var, variance * (count / (count - 1.0).max(1.0)), norm.momentum);
    output
}

/// [`normalise`] for rows that all count, through a ReLU where `through` is set.
///
/// # Shapes
/// `[n, channels]`.
pub(crate) fn normalise_rows(norm: &BatchNorm, rows: Tensor<2>, through: bool) -> Tensor<2> {
    let (gain, bias) = (norm.gamma.val(), norm.beta.val());
    if !(rows.device().is_autodiff() && norm.training.is_enabled()) {
        let device = rows.device();
        let variance = norm.running_var.value().to_device(&device);
        let gain = gain / (variance + norm.epsilon).sqrt();
        let bias = bias - norm.running_mean.value().to_device(&device) * gain.clone();
        let rows = rows * gain.unsqueeze() + bias.unsqueeze();
        return if through { relu(rows) } else { rows };
    }
    let count = rows.dims()[0] as f32;
    let Normalised { rows, moments } =
        limbic_kernels::normalise(rows, gain, bias, norm.epsilon, through);
    let moment = |at| moments.clone().narrow(0, at, 1).squeeze_dim::<1>(0);
    blend(&norm.running_mean, moment(0), norm.momentum);
    blend(&norm.running_var, moment(1) * (count / (count - 1.0).max(1.0)), norm.momentum);
    rows
}

/// [`normalise`] where the channels are the nodes of a graph. What comes out at padding is not to be
/// read.
///
/// # Shapes
/// `x` `[b, nodes, m]`, of which the first `lengths[b]` numbers of each node are real.
pub(crate) fn normalise_nodes(norm: &BatchNorm, x: Tensor<3>, lengths: &Arc<[usize]>) -> Tensor<3> {
    if !(x.device().is_autodiff() && norm.training.is_enabled()) {
        return norm.forward(x);
    }
    let count = lengths.iter().sum::<usize>() as f32;
    let (gain, bias) = (norm.gamma.val(), norm.beta.val());
    let NodesNormalised { x, moments } =
        limbic_kernels::normalise_nodes(x, gain, bias, norm.epsilon, lengths.clone());
    let moment = |at| moments.clone().narrow(0, at, 1).squeeze_dim::<1>(0);
    blend(&norm.running_mean, moment(0), norm.momentum);
    blend(&norm.running_var, moment(1) * (count / (count - 1.0).max(1.0)), norm.momentum);
    x
}

fn blend(running: &RunningState<Tensor<1>>, batch: Tensor<1>, momentum: f64) {
    let old = running.value_sync().to_device(&batch.device());
    running.update((old * (1.0 - momentum) + batch.detach() * momentum).detach());
}

/// What the authors' framework calls a field of a batch norm.
pub(crate) fn origin(field: &str) -> Option<&'static str> {
    match field {
        "gamma" => Some("weight"),
        "beta" => Some("bias"),
        "running_mean" => Some("running_mean"),
        "running_var" => Some("running_var"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use burn::nn::BatchNormConfig;
    use burn::tensor::{Device, Distribution, Tolerance};

    use super::*;

    #[test]
    fn padding_counts_in_no_statistic() {
        let device = Device::flex().autodiff();
        let x = Tensor::<3>::random([2, 3, 4], Distribution::Default, &device);
        let junk = Tensor::<3>::random([2, 3, 2], Distribution::Normal(9.0, 5.0), &device);
        let real = Tensor::<1>::from_data([1.0, 1.0, 1.0, 1.0, 0.0, 0.0], &device);
        let real = real.reshape([1, 1, 6]).repeat_dim(0, 2);
        let (plain, masked) =
            (BatchNormConfig::new(3).init(&device), BatchNormConfig::new(3).init(&device));
        let expected = normalise(&plain, x.clone(), None);
        let got = normalise(&masked, Tensor::cat(vec![x.clone(), junk], 2), Some(&real));
        let same = Tolerance::<f32>::rel_abs(1e-5, 1e-5);
        got.narrow(2, 0, 4).into_data().assert_approx_eq(&expected.into_data(), same);
        let expected = x.clone().swap_dims(0, 1).flatten::<2>(1, 2).var(1).squeeze_dim::<1>(1);
        for norm in [&plain, &masked] {
            let got = (norm.running_var.value_sync() - 0.9) * 10.0;
            got.into_data().assert_approx_eq(&expected.to_data(), same);
        }
    }
}
