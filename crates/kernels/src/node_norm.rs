//! Batch normalisation (Ioffe and Szegedy 2015) whose channels stand in the middle: the nodes of a
//! graph, each with all its steps and features. Padding counts in no statistic.

use std::sync::Arc;

use burn::backend::TensorMetadata;
use burn::backend::autodiff::{
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients,
    ops::{Backward, Ops, OpsKind},
};
use burn::backend::{
    Autodiff, AutodiffBackend, Backend, Dispatch, Flex, backend_extension, flex::FlexTensor,
    tensor::FloatTensor,
};
use burn::tensor::{Tensor, TensorData};
use rayon::prelude::*;

use crate::flat::{contiguous, hand_on, values};
use crate::sums::{LANES, together};
use crate::wide::wide;

/// Nodes normalised by the mean and the variance of their own batch.
#[derive(Debug)]
pub struct NodesNormalised {
    /// `[b, n, m]`.
    pub x: Tensor<3>,
    /// `[2, n]`: means and biased variances of the batch; no gradient flows through them here.
    pub moments: Tensor<2>,
}

/// `gamma (x - mean) / sqrt(variance + epsilon) + beta` with the mean and the variance of each node over
/// the first `lengths[b]` numbers that it has in each clip; the others become zeros.
///
/// # Shapes
/// `x` `[b, n, m]`, `gamma` and `beta` `[n]`.
///
/// # Panics
/// Where the shapes are others, or a clip is longer than its numbers.
pub fn normalise_nodes(
    x: Tensor<3>,
    gamma: Tensor<1>,
    beta: Tensor<1>,
    epsilon: f64,
    lengths: Arc<[usize]>,
) -> NodesNormalised {
    let [b, n, m] = x.dims();
    assert_eq!([gamma.dims(), beta.dims()], [[n]; 2], "gain and shift for each node");
    assert!(lengths.len() == b && lengths.iter().all(|l| *l <= m), "a length for each clip");
    let moments =
        <Dispatch as NodeNorm>::node_moments(x.clone().detach().into_dispatch(), lengths.clone());
    let moments = Tensor::<2>::from_dispatch(moments);
    let how = How { epsilon: epsilon as f32, lengths };
    let (gamma, beta) = (gamma.into_dispatch(), beta.into_dispatch());
    let known = moments.clone().into_dispatch();
    let x = <Dispatch as NodeNorm>::node_norm(x.into_dispatch(), gamma, beta, known, how);
    NodesNormalised { x: Tensor::from_dispatch(x), moments }
}

/// What is no tensor.
#[derive(Debug, Clone)]
pub(crate) struct How {
    epsilon: f32,
    lengths: Arc<[usize]>,
}

/// The operations, for burn's dispatch.
#[backend_extension(Autodiff, Flex)]
pub(crate) trait NodeNorm: Backend {
    fn node_moments(x: FloatTensor<Self>, lengths: Arc<[usize]>) -> FloatTensor<Self>;
    fn node_norm(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        moments: FloatTensor<Self>,
        how: How,
    ) -> FloatTensor<Self>;
}

wide! {
    /// Sums of `weight_i (x_i - from)` and of the weights, where a weight is the other side's number.
    fn sums(x: &[f32], other: &[f32], from: f32, out: &mut [f32; 2]) {
        let (mut products, mut alone) = ([0f32; LANES], [0f32; LANES]);
        let ((whole, rest), (others, of_rest)) =
            (x.as_chunks::<LANES>(), other.as_chunks::<LANES>());
        for (x, w) in whole.iter().zip(others) {
            for i in 0..LANES {
                products[i] += w[i] * (x[i] - from);
                alone[i] += w[i];
            }
        }
        *out = [together(products), together(alone)];
        for (x, w) in rest.iter().zip(of_rest) {
            out[0] += w * (x - from);
            out[1] += w;
        }
    }
}

wide! {
    /// Sums of `x_i - from` and of the squares of that.
    fn spread(x: &[f32], from: f32, out: &mut [f32; 2]) {
        let (mut sum, mut square) = ([0f32; LANES], [0f32; LANES]);
        let (whole, rest) = x.as_chunks::<LANES>();
        for x in whole {
            for i in 0..LANES {
                let d = x[i] - from;
                sum[i] += d;
                square[i] += d * d;
            }
        }
        *out = [together(sum), together(square)];
        for x in rest {
            let d = x - from;
            out[0] += d;
            out[1] += d * d;
        }
    }
}

wide! {
    fn scaled(x: &[f32], scale: f32, shift: f32, out: &mut [f32]) {
        for (out, x) in out.iter_mut().zip(x) {
            *out = x * scale + shift;
        }
    }
}

wide! {
    /// `scale s - a - b (x - mean)`.
    fn backward(slope: &[f32], x: &[f32], scale: f32, mean: f32, of: (f32, f32), out: &mut [f32]) {
        let (a, b) = of;
        for i in 0..out.len().min(x.len()).min(slope.len()) {
            out[i] = scale * slope[i] - a - b * (x[i] - mean);
        }
    }
}

/// For each node the sum over clips of a pair of sums; the clips in order.
fn over_clips(
    (n, m): (usize, usize),
    lengths: &[usize],
    of: impl Fn(usize, std::ops::Range<usize>) -> [f32; 2] + Sync,
) -> Vec<[f64; 2]> {
    let node = |node: usize| {
        let mut whole = [0f64; 2];
        for (clip, length) in lengths.iter().enumerate() {
            let from = (clip * n + node) * m;
            let [a, b] = of(node, from..from + length);
            whole = [whole[0] + f64::from(a), whole[1] + f64::from(b)];
        }
        whole
    };
    (0..n).into_par_iter().map(node).collect()
}

/// Nodes and numbers of each.
fn sizes(x: &FlexTensor) -> (usize, usize) {
    let shape = x.shape();
    (shape[1], shape[2])
}

/// Means, and biased variances.
fn moments(x: &[f32], sizes: (usize, usize), lengths: &[usize]) -> Vec<f32> {
    let count = lengths.iter().sum::<usize>().max(1) as f64;
    let from = |node: usize| {
        let clip = lengths.iter().position(|length| *length > 0).unwrap_or(0);
        x.get((clip * sizes.0 + node) * sizes.1).copied().unwrap_or(0.0)
    };
    let found = over_clips(sizes, lengths, |node, at| {
        let mut pair = [0f32; 2];
        spread(&x[at], from(node), &mut pair);
        pair
    });
    let apart: Vec<f64> = found.iter().map(|[sum, _]| sum / count).collect();
    let means = apart.iter().enumerate().map(|(node, d)| (f64::from(from(node)) + d) as f32);
    let variances = found.iter().zip(&apart).map(|([_, q], d)| (q / count - d * d).max(0.0) as f32);
    means.chain(variances).collect()
}

impl NodeNorm for Flex {
    fn node_moments(x: FlexTensor, lengths: Arc<[usize]>) -> FlexTensor {
        let x = contiguous(x);
        let sizes = sizes(&x);
        let found = moments(values(&x).unwrap_or_default(), sizes, &lengths);
        FlexTensor::from_data(TensorData::new(found, [2, sizes.0]))
    }

    fn node_norm(
        x: FlexTensor,
        gamma: FlexTensor,
        beta: FlexTensor,
        moments: FlexTensor,
        how: How,
    ) -> FlexTensor {
        let [x, gamma, beta, moments] = [x, gamma, beta, moments].map(contiguous);
        let numbers = |tensor| values(tensor).unwrap_or_default();
        let ((n, m), known, rows) = (sizes(&x), numbers(&moments), numbers(&x));
        let (gamma, beta, mut out) = (numbers(&gamma), numbers(&beta), vec![0f32; rows.len()]);
        let nodes = out.par_chunks_mut(m.max(1)).zip(rows.par_chunks(m.max(1))).enumerate();
        nodes.for_each(|(place, (out, x))| {
            let (node, real) = (place % n, how.lengths[place / n]);
            let scale = gamma[node] / (known[n + node] + how.epsilon).sqrt();
            scaled(&x[..real], scale, beta[node] - scale * known[node], &mut out[..real]);
        });
        FlexTensor::from_data(TensorData::new(out, x.shape().to_vec()))
    }
}

impl<C: CheckpointStrategy> NodeNorm for Autodiff<Flex, C> {
    fn node_moments(x: FloatTensor<Self>, lengths: Arc<[usize]>) -> FloatTensor<Self> {
        Self::from_inner(<Flex as NodeNorm>::node_moments(x.into_primitive(), lengths))
    }

    fn node_norm(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        moments: FloatTensor<Self>,
        how: How,
    ) -> FloatTensor<Self> {
        let nodes = [x.node(), gamma.node(), beta.node()];
        let x = contiguous(x.into_primitive());
        let (gamma, beta) = (gamma.into_primitive(), beta.into_primitive());
        let moments = moments.into_primitive();
        let (g, known) = (gamma.clone(), moments.clone());
        let out = <Flex as NodeNorm>::node_norm(x.clone(), gamma, beta, moments, how.clone());
        match NodeNormBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish((x, g, known, how), out),
            OpsKind::UnTracked(prepared) => prepared.finish(out),
        }
    }
}

#[derive(Debug)]
struct NodeNormBackward;

impl Backward<Flex, 3> for NodeNormBackward {
    type State = (FlexTensor, FlexTensor, FlexTensor, How);

    /// With `z = (x - mean) / deviation` and the slope `s`: `d beta = sum s`, `d gamma = sum s z`,
    /// `d x = gamma / deviation (s - mean(s) - z mean(s z))`.
    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let slope = contiguous(grads.consume::<Flex>(&ops.node));
        let (x, gamma, known, how) = ops.state;
        let (gamma, known) = (contiguous(gamma), contiguous(known));
        let (Some(slopes), Some(rows), Some(gamma), Some(known)) =
            (values(&slope), values(&x), values(&gamma), values(&known))
        else {
            return;
        };
        let (n, m) = sizes(&x);
        let found = over_clips((n, m), &how.lengths, |node, at| {
            let mut pair = [0f32; 2];
            sums(&rows[at.clone()], &slopes[at], known[node], &mut pair);
            pair
        });
        let count = how.lengths.iter().sum::<usize>().max(1) as f32;
        let inverse = |node: usize| 1.0 / (known[n + node] + how.epsilon).sqrt();
        let mut along = vec![0f32; rows.len()];
        let nodes = along.par_chunks_mut(m.max(1)).zip(rows.par_chunks(m.max(1)));
        nodes.zip(slopes.par_chunks(m.max(1))).enumerate().for_each(
            |(place, ((out, x), slope))| {
                let (node, real) = (place % n, how.lengths[place / n]);
                let (scale, [of_x, alone]) = (gamma[node] * inverse(node), found[node]);
                let a = scale * (alone as f32) / count;
                let b = scale * inverse(node) * inverse(node) * (of_x as f32) / count;
                backward(&slope[..real], &x[..real], scale, known[node], (a, b), &mut out[..real]);
            },
        );
        let of_gamma =
            found.iter().enumerate().map(|(node, [of_x, _])| *of_x as f32 * inverse(node));
        let (of_gamma, of_beta): (Vec<f32>, Vec<f32>) =
            (of_gamma.collect(), found.iter().map(|[_, alone]| *alone as f32).collect());
        let found = [(along, x.shape().to_vec()), (of_gamma, vec![n]), (of_beta, vec![n])];
        hand_on(ops.parents.map(|parent| parent.map(|parent| parent.id)), found, grads);
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Tolerance;

    use super::*;
    use crate::check::{along, leaf, same};

    #[test]
    fn nodes_and_gradients_are_those_of_the_definition() {
        for (shape @ [b, n, m], lengths) in
            [([1, 1, 4], vec![4]), ([3, 5, 7], vec![7, 0, 3]), ([4, 3, 200], vec![200, 190, 16, 1])]
        {
            let (x, gamma, beta) = (leaf(shape, 1), leaf([n], 2), leaf([n], 3));
            let real: Vec<f32> = (0..b * n * m)
                .map(|place| f32::from(u8::from(place % m < lengths[place / (n * m)])))
                .collect();
            let real = Tensor::<3>::from_data(TensorData::new(real, shape), &x.device());
            let count = lengths.iter().sum::<usize>() as f32;
            let mean = (x.clone() * real.clone()).sum_dims(&[0, 2]) / count;
            let apart = (x.clone() - mean.clone()) * real.clone();
            let variance = apart.clone().square().sum_dims(&[0, 2]) / count;
            let expected = (apart / (variance.clone() + 1e-3).sqrt()
                * gamma.clone().reshape([1, n, 1])
                + beta.clone().reshape([1, n, 1]))
                * real;
            let lengths: Arc<[usize]> = lengths.clone().into();
            let got = normalise_nodes(x.clone(), gamma.clone(), beta.clone(), 1e-3, lengths);
            let moments = Tensor::cat(vec![mean.reshape([1, n]), variance.reshape([1, n])], 0);
            let near = Tolerance::<f32>::rel_abs(1e-4, 1e-5);
            got.moments.to_data().assert_approx_eq(&moments.to_data(), near);
            same(got.x, expected, along![x, gamma, beta]);
        }
    }
}
