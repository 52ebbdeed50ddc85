//! A gated convolution along time, for graph networks (Yu et al. 2018): windows of steps that lie one
//! after the other are rows of a matrix as they stand, so that nothing is laid out for the product.

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

use crate::columns::column_sums;
use crate::flat::{contiguous, hand_on, values};
use crate::product::{Matrix, multiply};
use crate::squash::logistic;
use crate::wide::wide;

/// Numbers that are in work at a time: what stays in the second cache.
const AT_ONCE: usize = 1 << 16;

/// Parts of the series whose gradients of the weights are summed apart: always as many, so that the sum
/// does not depend on how many threads there are.
const PARTS: usize = 8;

/// `relu(a + sigmoid(g))`, where `a` and `g` are the halves of each window of `x` times `weight`, plus
/// `bias`.
///
/// # Shapes
/// `x` `[r, t, c]`, `weight` `[taps * c, 2 * out]` with row `tap * c + channel`, `bias` `[2 * out]` ->
/// `[r, t - taps + 1, out]`.
///
/// # Panics
/// Where the shapes are others, or a series is shorter than a window.
pub fn temporal(x: Tensor<3>, weight: Tensor<2>, bias: Tensor<1>) -> Tensor<3> {
    let ([_, t, c], [rows, both]) = (x.dims(), weight.dims());
    assert!(c > 0 && rows.is_multiple_of(c) && both.is_multiple_of(2), "a weight of whole windows");
    assert!((1..=t).contains(&(rows / c)), "a series is as long as a window at least");
    assert_eq!(bias.dims(), [both], "a bias for each half");
    let (x, weight, bias) = (x.into_dispatch(), weight.into_dispatch(), bias.into_dispatch());
    Tensor::from_dispatch(<Dispatch as Temporal>::temporal(x, weight, bias))
}

/// The operation, for burn's dispatch.
#[backend_extension(Autodiff, Flex)]
pub(crate) trait Temporal: Backend {
    fn temporal(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
    ) -> FloatTensor<Self>;
}

/// What is convolved.
#[derive(Debug, Clone)]
struct Given {
    x: FlexTensor,
    weight: FlexTensor,
    bias: FlexTensor,
}

/// How many there are.
#[derive(Debug, Clone, Copy)]
struct Sizes {
    /// Series, steps, channels in.
    x: [usize; 3],
    taps: usize,
    /// Channels out.
    out: usize,
}

impl Sizes {
    /// Windows of a series.
    const fn windows(&self) -> usize {
        self.x[1] + 1 - self.taps
    }

    /// Series in work at a time.
    fn group(&self) -> usize {
        (AT_ONCE / (self.x[1] * (2 * self.out).max(self.x[2])).max(1)).max(1)
    }

    /// The windows of some series, those too that reach from one into the next.
    fn rows<'a>(&self, x: &'a [f32]) -> Matrix<'a> {
        let rows = x.len() / self.x[2] + 1 - self.taps;
        Matrix::spaced(x, rows, self.taps * self.x[2], self.x[2])
    }
}

wide! {
    /// What comes out of the products `[t, 2 * out]` of one series.
    fn open(products: &[f32], bias: &[f32], out: &mut [f32]) {
        let width = bias.len() / 2;
        let (bias, of_gates) = bias.split_at(width);
        for (row, out) in products.chunks_exact(2 * width).zip(out.chunks_exact_mut(width)) {
            let (plain, gate) = row.split_at(width);
            for i in 0..width {
                let sum = plain[i] + bias[i] + logistic(gate[i] + of_gates[i]);
                // What is no number stays none.
                out[i] = if sum < 0.0 { 0.0 } else { sum };
            }
        }
    }
}

wide! {
    /// Turns the products of one series into their slopes.
    fn shut(slope: &[f32], said: &[f32], bias: &[f32], products: &mut [f32]) {
        let width = bias.len() / 2;
        let of_gates = &bias[width..];
        let rows = slope.chunks_exact(width).zip(said.chunks_exact(width));
        for ((slope, said), row) in rows.zip(products.chunks_exact_mut(2 * width)) {
            let (plain, gate) = row.split_at_mut(width);
            for i in 0..width {
                let passed = if said[i] > 0.0 { slope[i] } else { 0.0 };
                let open = logistic(gate[i] + of_gates[i]);
                plain[i] = passed;
                gate[i] = passed * open * (1.0 - open);
            }
        }
    }
}

impl Given {
    fn new(x: FlexTensor, weight: FlexTensor, bias: FlexTensor) -> Self {
        Self { x: contiguous(x), weight: contiguous(weight), bias: contiguous(bias) }
    }

    fn sizes(&self) -> Sizes {
        let (x, weight) = (self.x.shape(), self.weight.shape());
        Sizes { x: [x[0], x[1], x[2]], taps: weight[0] / x[2], out: weight[1] / 2 }
    }

    /// Series, weights and biases.
    fn numbers(&self) -> [&[f32]; 3] {
        [&self.x, &self.weight, &self.bias].map(|one| values(one).unwrap_or_default())
    }

    /// What comes out. Of the gates nothing is kept: on the way back they are cheaper to open again than
    /// to hold.
    fn forward(&self) -> FlexTensor {
        let (sizes, [x, weight, bias]) = (self.sizes(), self.numbers());
        let ([r, t, c], windows, group) = (sizes.x, sizes.windows(), sizes.group());
        let one = windows * sizes.out;
        let mut out = vec![0f32; r * one];
        let weight = Matrix::new(weight, sizes.taps * c, 2 * sizes.out);
        if one > 0 {
            let work = out.par_chunks_mut(group * one).zip(x.par_chunks(group * t * c));
            work.for_each_init(Vec::new, |products: &mut Vec<f32>, (out, x)| {
                let rows = x.len() / c + 1 - sizes.taps;
                products.resize(rows * 2 * sizes.out, 0.0);
                multiply(products, sizes.rows(x), weight, false);
                let series = products.chunks(t * 2 * sizes.out);
                for (products, out) in series.zip(out.chunks_mut(one)) {
                    open(&products[..windows * 2 * sizes.out], bias, out);
                }
            });
        }
        FlexTensor::from_data(TensorData::new(out, [r, windows, sizes.out]))
    }

    /// The slopes of series, weights and biases.
    fn back(&self, slope: &[f32], said: &[f32]) -> [Vec<f32>; 3] {
        let (sizes, [x, weight, bias]) = (self.sizes(), self.numbers());
        let ([r, t, c], one) = (sizes.x, sizes.windows() * sizes.out);
        let mut along_x = vec![0f32; x.len()];
        let mut sums = [vec![0f32; weight.len()], vec![0f32; bias.len()]];
        if one == 0 || r == 0 {
            return [along_x, sums[0].clone(), sums[1].clone()];
        }
        let part = r.div_ceil(PARTS);
        let parts = along_x.par_chunks_mut(part * t * c).zip(x.par_chunks(part * t * c));
        let parts = parts.zip(slope.par_chunks(part * one)).zip(said.par_chunks(part * one));
        let found: Vec<[Vec<f32>; 2]> = parts
            .map(|(((along_x, x), slope), said)| self.part_back(sizes, (x, slope, said), along_x))
            .collect();
        for found in &found {
            for (sum, found) in sums.iter_mut().zip(found) {
                sum.iter_mut().zip(found).for_each(|(sum, found)| *sum += found);
            }
        }
        let [along_weight, along_bias] = sums;
        [along_x, along_weight, along_bias]
    }

    /// The same for some of the series; returns what they say of weights and biases.
    fn part_back(
        &self,
        sizes: Sizes,
        (x, slope, said): (&[f32], &[f32], &[f32]),
        along_x: &mut [f32],
    ) -> [Vec<f32>; 2] {
        let [_, weight, bias] = self.numbers();
        let ([_, t, c], one, both) = (sizes.x, sizes.windows() * sizes.out, 2 * sizes.out);
        let (mut along_weight, mut along_bias) = (vec![0f32; weight.len()], vec![0f32; bias.len()]);
        let (group, mut products) = (sizes.group(), Vec::new());
        let groups = along_x.chunks_mut(group * t * c).zip(x.chunks(group * t * c)).enumerate();
        for (index, (along_x, x)) in groups {
            let (series, from) = (x.len() / (t * c), index * group * one);
            let rows = series * t + 1 - sizes.taps;
            products.resize(series * t * both, 0.0);
            let matrix = Matrix::new(weight, sizes.taps * c, both);
            multiply(&mut products[..rows * both], sizes.rows(x), matrix, false);
            for (own, products) in products.chunks_mut(t * both).enumerate() {
                let at = from + own * one..from + (own + 1) * one;
                let (products, across) = products.split_at_mut(sizes.windows() * both);
                shut(&slope[at.clone()], &said[at], bias, products);
                // Windows that reach from one series into the next have no slope.
                across.fill(0.0);
            }
            let slopes = Matrix::new(&products[..rows * both], rows, both);
            multiply(&mut along_weight, sizes.rows(x).transposed(), slopes, true);
            let sums = column_sums(&products[..rows * both], both);
            along_bias.iter_mut().zip(sums).for_each(|(sum, own)| *sum += own);
            for (tap, weight) in weight.chunks_exact(c * both).enumerate() {
                let weight = Matrix::new(weight, c, both).transposed();
                multiply(&mut along_x[tap * c..][..rows * c], slopes, weight, true);
            }
        }
        [along_weight, along_bias]
    }
}

impl Temporal for Flex {
    fn temporal(x: FlexTensor, weight: FlexTensor, bias: FlexTensor) -> FlexTensor {
        Given::new(x, weight, bias).forward()
    }
}

impl<C: CheckpointStrategy> Temporal for Autodiff<Flex, C> {
    fn temporal(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let nodes = [x.node(), weight.node(), bias.node()];
        let (x, weight) = (x.into_primitive(), weight.into_primitive());
        let given = Given::new(x, weight, bias.into_primitive());
        let out = given.forward();
        match TemporalBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish((given, out.clone()), out),
            OpsKind::UnTracked(prepared) => prepared.finish(out),
        }
    }
}

#[derive(Debug)]
struct TemporalBackward;

impl Backward<Flex, 3> for TemporalBackward {
    /// What was convolved, and what came of it.
    type State = (Given, FlexTensor);

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let slope = contiguous(grads.consume::<Flex>(&ops.node));
        let (given, said) = ops.state;
        let (Some(slopes), Some(said)) = (values(&slope), values(&said)) else { return };
        let shapes = [&given.x, &given.weight, &given.bias].map(|of| of.shape().to_vec());
        let found = given.back(slopes, said).into_iter().zip(shapes);
        hand_on(ops.parents.map(|parent| parent.map(|parent| parent.id)), found, grads);
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::activation::{relu, sigmoid};

    use super::*;
    use crate::check::{along, leaf, same};

    #[test]
    fn it_is_the_definition_and_so_are_its_gradients() {
        for ([r, t, c], taps, out) in
            [([1, 1, 1], 1, 1), ([3, 5, 2], 3, 4), ([1, 3, 4], 3, 2), ([40, 90, 16], 3, 33)]
        {
            let (x, weight) = (leaf([r, t, c], 1), leaf([taps * c, 2 * out], 2));
            let bias = leaf([2 * out], 3);
            let length = t + 1 - taps;
            let windows = (0..taps).map(|tap| x.clone().narrow(1, tap, length)).collect();
            let rows = Tensor::cat(windows, 2).reshape([r * length, taps * c]);
            let both = rows.matmul(weight.clone()) + bias.clone().unsqueeze();
            let [plain, gate] = [0, out].map(|from| both.clone().narrow(1, from, out));
            let expected = relu(plain + sigmoid(gate)).reshape([r, length, out]);
            let got = temporal(x.clone(), weight.clone(), bias.clone());
            same(got, expected, along![x, weight, bias]);
        }
    }

    #[test]
    fn any_number_of_threads_gives_the_same_bits() {
        let run = || {
            let (x, weight, bias) = (leaf([50, 60, 8], 1), leaf([24, 64], 2), leaf([64], 3));
            let out = temporal(x.clone(), weight.clone(), bias);
            let slopes = (out.clone() * out).sum().backward();
            [x.grad(&slopes).unwrap().into_data(), weight.grad(&slopes).unwrap().into_data()]
        };
        let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        assert_eq!(pool(1).install(run), pool(3).install(run));
    }
}
