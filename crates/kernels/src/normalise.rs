//! Batch normalisation of rows (Ioffe and Szegedy 2015) with the ReLU that mostly follows, in two
//! passes each way where burn's generic operations take a dozen.

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

use crate::flat::{contiguous, hand_on, values};
use crate::wide::wide;

/// Rows normalised by the mean and the variance of their own batch.
#[derive(Debug)]
pub struct Normalised {
    /// `[n, c]`.
    pub rows: Tensor<2>,
    /// `[2, c]`: means and biased variances of the batch; no gradient flows through them here.
    pub moments: Tensor<2>,
}

/// `gamma (x - mean) / sqrt(variance + epsilon) + beta`, through a ReLU where `relu` is set. Mean
/// and variance are those of each column; the gradient knows that they depend on `x`.
///
/// # Shapes
/// `x` `[n, c]`, `gamma` and `beta` `[c]`.
pub fn normalise(
    x: Tensor<2>,
    gamma: Tensor<1>,
    beta: Tensor<1>,
    epsilon: f64,
    relu: bool,
) -> Normalised {
    let moments = <Dispatch as Normalise>::moments(x.clone().detach().into_dispatch());
    let rows = <Dispatch as Normalise>::normalise(
        x.into_dispatch(),
        gamma.into_dispatch(),
        beta.into_dispatch(),
        epsilon as f32,
        relu,
    );
    Normalised { rows: Tensor::from_dispatch(rows), moments: Tensor::from_dispatch(moments) }
}

/// The operations, for burn's dispatch.
#[backend_extension(Autodiff, Flex)]
pub(crate) trait Normalise: Backend {
    fn moments(x: FloatTensor<Self>) -> FloatTensor<Self>;
    fn normalise(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f32,
        relu: bool,
    ) -> FloatTensor<Self>;
}

/// Rows whose numbers are summed in single precision before they join the whole sum: so few that
/// nothing is lost.
const BLOCK: usize = 64;

wide! {
    /// Sums of the columns of rows less `from`, and of the squares of that.
    fn sums(x: &[f32], from: &[f32], sum: &mut [f32], square: &mut [f32]) {
        let c = sum.len();
        let (from, square) = (&from[..c], &mut square[..c]);
        for row in x.chunks_exact(c) {
            for i in 0..c {
                let d = row[i] - from[i];
                sum[i] += d;
                square[i] += d * d;
            }
        }
    }
}

wide! {
    /// `max(x * scale + shift, floor)` in each column.
    fn scaled(x: &[f32], scale: &[f32], shift: &[f32], floor: f32, out: &mut [f32]) {
        let c = scale.len();
        let shift = &shift[..c];
        for (row, out) in x.chunks_exact(c).zip(out.chunks_exact_mut(c)) {
            for i in 0..c {
                let y = row[i] * scale[i] + shift[i];
                // What is no number stays none.
                out[i] = if y < floor { floor } else { y };
            }
        }
    }
}

/// What the way back knows of each column.
struct Columns<'a> {
    mean: &'a [f32],
    scale: &'a [f32],
    shift: &'a [f32],
    /// Where the ReLU let nothing through, nothing comes back.
    floor: f32,
}

wide! {
    /// Sums of the slopes behind the ReLU, and of these times `x - mean`.
    fn slope_sums(
        slope: &[f32],
        x: &[f32],
        columns: &Columns<'_>,
        sum: &mut [f32],
        sum_x: &mut [f32],
    ) {
        let c = sum.len();
        let (mean, scale, shift) =
            (&columns.mean[..c], &columns.scale[..c], &columns.shift[..c]);
        let (floor, sum_x) = (columns.floor, &mut sum_x[..c]);
        for (slope, row) in slope.chunks_exact(c).zip(x.chunks_exact(c)) {
            for i in 0..c {
                let passed = row[i] * scale[i] + shift[i] > floor;
                let s = if passed { slope[i] } else { 0.0 };
                sum[i] += s;
                sum_x[i] += s * (row[i] - mean[i]);
            }
        }
    }
}

wide! {
    /// `scale s - a - b (x - mean)` with the slope `s` behind the ReLU.
    fn slopes_of_rows(
        slope: &[f32],
        x: &[f32],
        columns: &Columns<'_>,
        a: &[f32],
        b: &[f32],
        out: &mut [f32],
    ) {
        let c = a.len();
        let (mean, scale, shift) =
            (&columns.mean[..c], &columns.scale[..c], &columns.shift[..c]);
        let (floor, b) = (columns.floor, &b[..c]);
        let rows = slope.chunks_exact(c).zip(x.chunks_exact(c)).zip(out.chunks_exact_mut(c));
        for ((slope, row), out) in rows {
            for i in 0..c {
                let passed = row[i] * scale[i] + shift[i] > floor;
                let s = if passed { slope[i] } else { 0.0 };
                out[i] = scale[i] * s - a[i] - b[i] * (row[i] - mean[i]);
            }
        }
    }
}

/// Mean and biased variance of each of `c` columns. Everything is measured from the first row, so
/// that a spread that is small beside the values themselves is not lost in their squares.
fn moments(x: &[f32], c: usize) -> (Vec<f32>, Vec<f32>) {
    let rows = (x.len() / c.max(1)).max(1) as f64;
    let from = x.get(..c).map_or_else(|| vec![0.0; c], <[f32]>::to_vec);
    let (mut sum, mut square) = (vec![0f64; c], vec![0f64; c]);
    let (mut some, mut some_square) = (vec![0f32; c], vec![0f32; c]);
    for block in x.chunks(BLOCK * c.max(1)) {
        some.fill(0.0);
        some_square.fill(0.0);
        sums(block, &from, &mut some, &mut some_square);
        sum.iter_mut().zip(&some).for_each(|(sum, s)| *sum += f64::from(*s));
        square.iter_mut().zip(&some_square).for_each(|(sum, s)| *sum += f64::from(*s));
    }
    let apart: Vec<f64> = sum.iter().map(|s| s / rows).collect();
    let variance = square.iter().zip(&apart).map(|(q, d)| (q / rows - d * d).max(0.0) as f32);
    let mean = from.iter().zip(&apart).map(|(from, d)| (f64::from(*from) + d) as f32);
    (mean.collect(), variance.collect())
}

/// What normalising adds up to: `x * scale + shift` in each column.
fn affine(
    (mean, variance): &(Vec<f32>, Vec<f32>),
    gamma: &[f32],
    beta: &[f32],
    epsilon: f32,
) -> (Vec<f32>, Vec<f32>) {
    let scale: Vec<f32> =
        gamma.iter().zip(variance).map(|(g, v)| g / (v + epsilon).sqrt()).collect();
    let shift = beta.iter().zip(&scale).zip(mean).map(|((b, s), m)| b - s * m).collect();
    (scale, shift)
}

impl Normalise for Flex {
    fn moments(x: FlexTensor) -> FlexTensor {
        let x = contiguous(x);
        let c = x.shape().to_vec().last().copied().unwrap_or(0);
        let Some(numbers) = values(&x) else { return x };
        let (mut mean, variance) = moments(numbers, c);
        mean.extend(variance);
        FlexTensor::from_data(TensorData::new(mean, [2, c]))
    }

    fn normalise(
        x: FlexTensor,
        gamma: FlexTensor,
        beta: FlexTensor,
        epsilon: f32,
        relu: bool,
    ) -> FlexTensor {
        let (x, gamma, beta) = (contiguous(x), contiguous(gamma), contiguous(beta));
        let (Some(numbers), Some(g), Some(b)) = (values(&x), values(&gamma), values(&beta)) else {
            return x;
        };
        let c = g.len();
        let (scale, shift) = affine(&moments(numbers, c), g, b, epsilon);
        let floor = if relu { 0.0 } else { f32::NEG_INFINITY };
        let mut out = vec![0f32; numbers.len()];
        scaled(numbers, &scale, &shift, floor, &mut out);
        FlexTensor::from_data(TensorData::new(out, x.shape().to_vec()))
    }
}

impl<C: CheckpointStrategy> Normalise for Autodiff<Flex, C> {
    fn moments(x: FloatTensor<Self>) -> FloatTensor<Self> {
        Self::from_inner(<Flex as Normalise>::moments(x.into_primitive()))
    }

    fn normalise(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f32,
        relu: bool,
    ) -> FloatTensor<Self> {
        let nodes = [x.node(), gamma.node(), beta.node()];
        let x = contiguous(x.into_primitive());
        let (gamma, beta) = (gamma.into_primitive(), beta.into_primitive());
        let out =
            <Flex as Normalise>::normalise(x.clone(), gamma.clone(), beta.clone(), epsilon, relu);
        match NormaliseBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish((x, gamma, beta, epsilon, relu), out),
            OpsKind::UnTracked(prepared) => prepared.finish(out),
        }
    }
}

#[derive(Debug)]
struct NormaliseBackward;

impl Backward<Flex, 3> for NormaliseBackward {
    type State = (FlexTensor, FlexTensor, FlexTensor, f32, bool);

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let gradient = contiguous(grads.consume::<Flex>(&ops.node));
        let (x, gamma, beta, epsilon, relu) = ops.state;
        let (gamma, beta) = (contiguous(gamma), contiguous(beta));
        let (Some(slope), Some(numbers), Some(g), Some(b)) =
            (values(&gradient), values(&x), values(&gamma), values(&beta))
        else {
            return;
        };
        let slopes = backward(slope, numbers, (g, b), epsilon, relu);
        let c = g.len();
        let found =
            [(slopes.x, x.shape().to_vec()), (slopes.gamma, vec![c]), (slopes.beta, vec![c])];
        hand_on(ops.parents.map(|parent| parent.map(|parent| parent.id)), found, grads);
    }
}

struct Slopes {
    x: Vec<f32>,
    gamma: Vec<f32>,
    beta: Vec<f32>,
}

/// With `z = (x - mean) / deviation` and `s` the slope behind the ReLU: `d beta = sum s`,
/// `d gamma = sum s z`, `d x = gamma / deviation (s - mean(s) - z mean(s z))`.
fn backward(
    slope: &[f32],
    x: &[f32],
    (gamma, beta): (&[f32], &[f32]),
    epsilon: f32,
    relu: bool,
) -> Slopes {
    let c = gamma.len();
    let rows = (x.len() / c.max(1)).max(1) as f32;
    let moments = moments(x, c);
    let (scale, shift) = affine(&moments, gamma, beta, epsilon);
    let mean = &moments.0;
    let inverse: Vec<f32> = moments.1.iter().map(|v| 1.0 / (v + epsilon).sqrt()).collect();
    let floor = if relu { 0.0 } else { f32::NEG_INFINITY };
    let columns = Columns { mean, scale: &scale, shift: &shift, floor };
    let (mut sum, mut sum_x) = (vec![0f64; c], vec![0f64; c]);
    let (mut some, mut some_x) = (vec![0f32; c], vec![0f32; c]);
    for (slopes, block) in slope.chunks(BLOCK * c.max(1)).zip(x.chunks(BLOCK * c.max(1))) {
        some.fill(0.0);
        some_x.fill(0.0);
        slope_sums(slopes, block, &columns, &mut some, &mut some_x);
        sum.iter_mut().zip(&some).for_each(|(sum, s)| *sum += f64::from(*s));
        sum_x.iter_mut().zip(&some_x).for_each(|(sum, s)| *sum += f64::from(*s));
    }
    let beta: Vec<f32> = sum.iter().map(|s| *s as f32).collect();
    let gamma: Vec<f32> =
        sum_x.iter().zip(&inverse).map(|(s, inverse)| *s as f32 * inverse).collect();
    let a: Vec<f32> = scale.iter().zip(&beta).map(|(scale, s)| scale * s / rows).collect();
    let b: Vec<f32> = (0..c).map(|i| scale[i] * inverse[i] * gamma[i] / rows).collect();
    let mut along_x = vec![0f32; x.len()];
    slopes_of_rows(slope, x, &columns, &a, &b, &mut along_x);
    Slopes { x: along_x, gamma, beta }
}

#[cfg(test)]
mod tests {
    use burn::tensor::activation::relu;
    use burn::tensor::{Device, Tolerance};

    use super::*;

    /// Numbers that look random and do not come from burn's generator, which tests that run at once
    /// share.
    fn numbers<const D: usize>(shape: [usize; D], salt: f32, device: &Device) -> Tensor<D> {
        let count = shape.iter().product::<usize>();
        let place = |i: usize| ((i * i) as f32 * 0.37 + i as f32 * 1.3 + salt).sin() * 2.0 + 0.5;
        let values: Vec<f32> = (0..count).map(place).collect();
        Tensor::from_data(TensorData::new(values, shape), device)
    }

    /// The definition, in burn's operations.
    fn plain(x: Tensor<2>, gamma: Tensor<1>, beta: Tensor<1>) -> Tensor<2> {
        let mean = x.clone().mean_dim(0);
        let centred = x - mean;
        let variance = centred.clone().square().mean_dim(0);
        centred / (variance + 1e-5).sqrt() * gamma.unsqueeze() + beta.unsqueeze()
    }

    #[test]
    fn rows_and_gradients_are_those_of_the_definition() {
        let device = Device::flex().autodiff();
        for (rows, columns, through) in
            [(7, 3, false), (130, 5, true), (64, 1, true), (2, 4, false)]
        {
            let x = numbers([rows, columns], 0.1, &device).require_grad();
            let gamma = numbers([columns], 0.2, &device).require_grad();
            let beta = numbers([columns], 0.3, &device).require_grad();
            let expected = plain(x.clone(), gamma.clone(), beta.clone());
            let expected = if through { relu(expected) } else { expected };
            let got = normalise(x.clone(), gamma.clone(), beta.clone(), 1e-5, through);
            let same = Tolerance::<f32>::rel_abs(1e-3, 1e-4);
            got.rows.to_data().assert_approx_eq(&expected.to_data(), same);
            let weigh = numbers([rows, columns], 0.4, &device);
            let a = (expected * weigh.clone()).sum().backward();
            let b = (got.rows * weigh).sum().backward();
            let pairs = [(x.grad(&a).unwrap(), x.grad(&b).unwrap())];
            for (a, b) in pairs {
                b.to_data().assert_approx_eq(&a.to_data(), same);
            }
            for leaf in [&gamma, &beta] {
                let (a, b) = (leaf.grad(&a).unwrap(), leaf.grad(&b).unwrap());
                b.to_data().assert_approx_eq(&a.to_data(), same);
            }
            let mean = x.clone().mean_dim(0).inner();
            let variance = (x - Tensor::from_inner(mean.clone())).square().mean_dim(0).inner();
            let expected = Tensor::cat(vec![mean, variance], 0).to_data();
            got.moments.to_data().assert_approx_eq(&expected, same);
        }
    }

    #[test]
    fn a_spread_that_is_small_beside_the_values_is_not_lost() {
        let x: Vec<f32> = (0..2000).map(|i| 1000.0 + (i % 7) as f32 * 0.01).collect();
        let (mean, variance) = moments(&x, 1);
        let exact = x.iter().map(|v| f64::from(*v)).collect::<Vec<_>>();
        let middle = exact.iter().sum::<f64>() / 2000.0;
        let spread = exact.iter().map(|v| (v - middle).powi(2)).sum::<f64>() / 2000.0;
        assert!((f64::from(mean[0]) - middle).abs() < 1e-4);
        assert!((f64::from(variance[0]) / spread - 1.0).abs() < 1e-3, "{} {spread}", variance[0]);
    }
}
