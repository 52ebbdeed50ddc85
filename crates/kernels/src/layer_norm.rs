//! Layer normalisation (Ba et al. 2016): each row by its own mean and deviation, one pass each way.

use std::sync::Arc;

use burn::backend::TensorMetadata;
use burn::backend::autodiff::{
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients,
    ops::{Backward, Ops, OpsKind},
};
use burn::backend::{
    Autodiff, Backend, Dispatch, Flex, backend_extension, flex::FlexTensor, tensor::FloatTensor,
};
use burn::tensor::{Tensor, TensorData};
use rayon::prelude::*;

use crate::flat::{contiguous, hand_on, values};
use crate::sums::{LANES, together};
use crate::wide::wide;

/// Rows that one thread works on at a time; the gradients of gain and shift are summed in such parts.
const ROWS: usize = 64;

/// `gamma (x - mean) / sqrt(variance + epsilon) + beta`, with the mean and the biased variance of each
/// row.
///
/// # Shapes
/// `x` `[.., c]`, `gamma` and `beta` `[c]` -> `[.., c]`.
///
/// # Panics
/// Where the shapes are others.
pub fn layer_norm<const D: usize>(
    x: Tensor<D>,
    gamma: Tensor<1>,
    beta: Tensor<1>,
    epsilon: f64,
) -> Tensor<D> {
    let width = x.dims()[D - 1];
    assert_eq!(
        [gamma.dims(), beta.dims()],
        [[width]; 2],
        "gain and shift for each number of a row"
    );
    let (gamma, beta) = (gamma.into_dispatch(), beta.into_dispatch());
    let out = <Dispatch as LayerNorm>::layer_norm(x.into_dispatch(), gamma, beta, epsilon as f32);
    Tensor::from_dispatch(out)
}

/// The operation, for burn's dispatch.
#[backend_extension(Autodiff, Flex)]
pub(crate) trait LayerNorm: Backend {
    fn layer_norm(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f32,
    ) -> FloatTensor<Self>;
}

/// Mean of a row, and one over its deviation.
type Moments = (f32, f32);

/// Mean and one over the deviation of a row.
#[inline(always)]
#[allow(clippy::inline_always, reason = "it has to be compiled for the vectors of its caller")]
fn moments(row: &[f32], epsilon: f32) -> Moments {
    let count = row.len() as f32;
    let (whole, rest) = row.as_chunks::<LANES>();
    let mut sums = [0f32; LANES];
    for part in whole {
        for i in 0..LANES {
            sums[i] += part[i];
        }
    }
    let mean = (together(sums) + rest.iter().sum::<f32>()) / count;
    let mut squares = [0f32; LANES];
    for part in whole {
        for i in 0..LANES {
            let d = part[i] - mean;
            squares[i] += d * d;
        }
    }
    let rest = rest.iter().map(|x| (x - mean) * (x - mean)).sum::<f32>();
    (mean, 1.0 / ((together(squares) + rest) / count + epsilon).sqrt())
}

wide! {
    fn forward(
        x: &[f32],
        gamma: &[f32],
        beta: &[f32],
        epsilon: f32,
        kept: &mut [Moments],
        out: &mut [f32],
    ) {
        let c = gamma.len();
        let beta = &beta[..c];
        let rows = x.chunks_exact(c).zip(out.chunks_exact_mut(c)).zip(kept);
        for ((row, out), kept) in rows {
            let (mean, scale) = moments(row, epsilon);
            *kept = (mean, scale);
            for i in 0..c {
                out[i] = (row[i] - mean) * scale * gamma[i] + beta[i];
            }
        }
    }
}

wide! {
    /// With `z = (x - mean) scale` and `g = gamma slope`: `d x = scale (g - mean(g) - z mean(g z))`,
    /// `d gamma += slope z`, `d beta += slope`.
    fn backward(
        slope: &[f32],
        x: &[f32],
        kept: &[Moments],
        gamma: &[f32],
        along_x: &mut [f32],
        along_gamma: &mut [f32],
        along_beta: &mut [f32],
    ) {
        let c = gamma.len();
        let (along_gamma, along_beta) = (&mut along_gamma[..c], &mut along_beta[..c]);
        let rows = slope.chunks_exact(c).zip(x.chunks_exact(c)).zip(kept);
        for (((slope, row), (mean, scale)), out) in rows.zip(along_x.chunks_exact_mut(c)) {
            let (mean, scale) = (*mean, *scale);
            for i in 0..c {
                along_gamma[i] += slope[i] * ((row[i] - mean) * scale);
                along_beta[i] += slope[i];
                out[i] = gamma[i] * slope[i];
            }
            let (whole, rest) = out.as_chunks::<LANES>();
            let (rows, rest_row) = row.as_chunks::<LANES>();
            let (mut sums, mut products) = ([0f32; LANES], [0f32; LANES]);
            for (g, row) in whole.iter().zip(rows) {
                for i in 0..LANES {
                    sums[i] += g[i];
                    products[i] += g[i] * (row[i] - mean);
                }
            }
            let of_rest = rest.iter().zip(rest_row).map(|(g, x)| g * (x - mean)).sum::<f32>();
            let mean_g = (together(sums) + rest.iter().sum::<f32>()) / c as f32;
            let mean_gz = (together(products) + of_rest) * scale / c as f32;
            for i in 0..c {
                out[i] = scale * (out[i] - mean_g - (row[i] - mean) * scale * mean_gz);
            }
        }
    }
}

/// What is normalised, with what the way back needs of each row.
#[derive(Debug, Clone)]
struct Passed {
    x: FlexTensor,
    gamma: FlexTensor,
    kept: Arc<Vec<Moments>>,
}

fn normalised(
    x: FlexTensor,
    gamma: FlexTensor,
    beta: FlexTensor,
    epsilon: f32,
) -> (FlexTensor, Passed) {
    let [x, gamma, beta] = [x, gamma, beta].map(contiguous);
    let numbers = |tensor| values(tensor).unwrap_or_default();
    let (rows, g, b) = (numbers(&x), numbers(&gamma), numbers(&beta));
    let c = g.len();
    let mut kept = vec![(0.0, 0.0); rows.len() / c.max(1)];
    let mut out = vec![0f32; rows.len()];
    let chunks = out.par_chunks_mut(ROWS * c.max(1)).zip(rows.par_chunks(ROWS * c.max(1)));
    chunks
        .zip(kept.par_chunks_mut(ROWS))
        .for_each(|((out, x), kept)| forward(x, g, b, epsilon, kept, out));
    let out = FlexTensor::from_data(TensorData::new(out, x.shape().to_vec()));
    (out, Passed { x, gamma, kept: Arc::new(kept) })
}

impl LayerNorm for Flex {
    fn layer_norm(x: FlexTensor, gamma: FlexTensor, beta: FlexTensor, epsilon: f32) -> FlexTensor {
        normalised(x, gamma, beta, epsilon).0
    }
}

impl<C: CheckpointStrategy> LayerNorm for Autodiff<Flex, C> {
    fn layer_norm(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f32,
    ) -> FloatTensor<Self> {
        let nodes = [x.node(), gamma.node(), beta.node()];
        let (gamma, beta) = (gamma.into_primitive(), beta.into_primitive());
        let (out, passed) = normalised(x.into_primitive(), gamma, beta, epsilon);
        match LayerNormBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish(passed, out),
            OpsKind::UnTracked(prepared) => prepared.finish(out),
        }
    }
}

#[derive(Debug)]
struct LayerNormBackward;

impl Backward<Flex, 3> for LayerNormBackward {
    type State = Passed;

    fn backward(self, ops: Ops<Passed, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let slope = contiguous(grads.consume::<Flex>(&ops.node));
        let Passed { x, gamma, kept } = ops.state;
        let (Some(slopes), Some(rows), Some(g)) = (values(&slope), values(&x), values(&gamma))
        else {
            return;
        };
        let (c, mut along_x) = (g.len(), vec![0f32; rows.len()]);
        let size = ROWS * c.max(1);
        let chunks = along_x.par_chunks_mut(size).zip(slopes.par_chunks(size));
        let parts: Vec<(Vec<f32>, Vec<f32>)> = chunks
            .zip(rows.par_chunks(size))
            .zip(kept.par_chunks(ROWS))
            .map(|(((along_x, slope), x), kept)| {
                let (mut along_gamma, mut along_beta) = (vec![0f32; c], vec![0f32; c]);
                backward(slope, x, kept, g, along_x, &mut along_gamma, &mut along_beta);
                (along_gamma, along_beta)
            })
            .collect();
        let mut sums = [vec![0f32; c], vec![0f32; c]];
        for (of_gamma, of_beta) in &parts {
            sums[0].iter_mut().zip(of_gamma).for_each(|(sum, part)| *sum += part);
            sums[1].iter_mut().zip(of_beta).for_each(|(sum, part)| *sum += part);
        }
        let [along_gamma, along_beta] = sums;
        let found = [(along_x, x.shape().to_vec()), (along_gamma, vec![c]), (along_beta, vec![c])];
        hand_on(ops.parents.map(|parent| parent.map(|parent| parent.id)), found, grads);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{along, leaf, same};

    #[test]
    fn it_is_the_definition_and_so_are_its_gradients() {
        for shape @ [_, _, c] in [[2, 3, 4], [1, 1, 16], [5, 31, 37], [3, 70, 64]] {
            let (x, gamma, beta) = (leaf(shape, 1), leaf([c], 2), leaf([c], 3));
            let mean = x.clone().mean_dim(2);
            let apart = x.clone() - mean;
            let variance = (apart.clone() * apart.clone()).mean_dim(2);
            let expected = apart / (variance + 1e-5).sqrt() * gamma.clone().reshape([1, 1, c])
                + beta.clone().reshape([1, 1, c]);
            let got = layer_norm(x.clone(), gamma.clone(), beta.clone(), 1e-5);
            same(got, expected, along![x, gamma, beta]);
        }
    }

    #[test]
    fn a_row_of_equal_numbers_becomes_the_shift() {
        let x = leaf([1, 20], 1).zeros_like() + 1e4;
        let out = layer_norm(x, leaf([20], 2), leaf([20], 3), 1e-5);
        assert_eq!(out.into_data(), leaf([1, 20], 3).into_data());
    }
}
