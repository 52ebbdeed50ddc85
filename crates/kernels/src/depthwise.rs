//! Convolution along the steps of a clip, each channel by its own kernel, with channels last: sums run
//! down the channels, where generic operations go channel by channel through steps that lie far apart.

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

use crate::columns::column_sums;
use crate::flat::{contiguous, values};
use crate::wide::wide;

/// Channels in work at a time: so few that the steps of a kernel stay in the first cache.
const CHANNELS: usize = 64;

/// Parts of a batch whose gradients of the kernels are summed apart: always as many, so that the sum
/// does not depend on how many threads there are.
const PARTS: usize = 8;

/// `y[t] = bias + sum over k of weight[k] x[t + dilation (k - size / 2)]` (integer division), with zeros
/// beyond the steps of the clip. Of each clip the first `lengths[b]` steps are real; the others are not
/// read, and become zeros.
///
/// # Shapes
/// `x` `[b, t, c]`, `weight` `[c, 1, size]` with an odd size, `bias` `[c]` -> `[b, t, c]`.
///
/// # Panics
/// Where the shapes are others, or a clip is longer than its steps.
pub fn depthwise(
    x: Tensor<3>,
    weight: Tensor<3>,
    bias: Option<Tensor<1>>,
    dilation: usize,
    lengths: Arc<[usize]>,
) -> Tensor<3> {
    let ([b, t, c], [channels, one, size]) = (x.dims(), weight.dims());
    assert_eq!((channels, one), (c, 1), "a kernel for each channel");
    assert!(!size.is_multiple_of(2), "a kernel has a middle");
    assert!(lengths.len() == b && lengths.iter().all(|l| *l <= t), "a length for each clip");
    let bias = bias.unwrap_or_else(|| Tensor::zeros([0], &x.device()));
    assert!(matches!(bias.dims(), [count] if count == 0 || count == c), "a bias for each channel");
    let (x, weight, bias) = (x.into_dispatch(), weight.into_dispatch(), bias.into_dispatch());
    let out = <Dispatch as Depthwise>::depthwise(x, weight, bias, dilation, lengths);
    Tensor::from_dispatch(out)
}

/// The operation, for burn's dispatch.
#[backend_extension(Autodiff, Flex)]
pub(crate) trait Depthwise: Backend {
    fn depthwise(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        dilation: usize,
        lengths: Arc<[usize]>,
    ) -> FloatTensor<Self>;
}

/// What is convolved.
#[derive(Debug, Clone)]
struct Given {
    x: FlexTensor,
    weight: FlexTensor,
    bias: FlexTensor,
    dilation: usize,
    lengths: Arc<[usize]>,
}

/// The places of a kernel that fall on one of `length` steps when its middle is on step `t`.
#[inline(always)]
#[allow(clippy::inline_always, reason = "it has to be compiled for the vectors of its caller")]
fn within(t: usize, (size, dilation): (usize, usize), length: usize) -> std::ops::Range<usize> {
    let half = size / 2;
    half.saturating_sub(t / dilation)..(half + (length - 1 - t) / dilation + 1).min(size)
}

wide! {
    /// Adds to `out` one clip of `c` channels, its real steps alone; `turned` `[size, c]`.
    fn convolved(x: &[f32], turned: &[f32], c: usize, dilation: usize, out: &mut [f32]) {
        let (size, length) = (turned.len() / c, x.len() / c);
        for from in (0..c).step_by(CHANNELS) {
            let count = CHANNELS.min(c - from);
            for t in 0..length {
                let out = &mut out[t * c + from..][..count];
                for k in within(t, (size, dilation), length) {
                    let x = &x[(t + k * dilation - size / 2 * dilation) * c + from..][..count];
                    let w = &turned[k * c + from..][..count];
                    for i in 0..count {
                        out[i] += w[i] * x[i];
                    }
                }
            }
        }
    }
}

wide! {
    /// Adds to `along` `[size, c]` what a clip says of the kernels.
    fn kernels_back(slope: &[f32], x: &[f32], c: usize, dilation: usize, along: &mut [f32]) {
        let (size, length) = (along.len() / c, x.len() / c);
        for from in (0..c).step_by(CHANNELS) {
            let count = CHANNELS.min(c - from);
            for t in 0..length {
                let slope = &slope[t * c + from..][..count];
                for k in within(t, (size, dilation), length) {
                    let x = &x[(t + k * dilation - size / 2 * dilation) * c + from..][..count];
                    let along = &mut along[k * c + from..][..count];
                    for i in 0..count {
                        along[i] += slope[i] * x[i];
                    }
                }
            }
        }
    }
}

/// `[c, size]` as `[size, c]`, the kernels backwards where `flipped`.
fn turned(weight: &[f32], c: usize, flipped: bool) -> Vec<f32> {
    let size = weight.len() / c.max(1);
    let mut turned = vec![0f32; weight.len()];
    for (channel, kernel) in weight.chunks_exact(size.max(1)).enumerate() {
        for (k, value) in kernel.iter().enumerate() {
            let k = if flipped { size - 1 - k } else { k };
            turned[k * c + channel] = *value;
        }
    }
    turned
}

impl Given {
    /// Steps and channels.
    fn sizes(&self) -> (usize, usize) {
        let shape = self.x.shape();
        (shape[1], shape[2])
    }

    /// Every clip of `x` through the kernels, or through the same backwards and without bias.
    fn through(&self, x: &[f32], flipped: bool) -> FlexTensor {
        let bias = values(&self.bias).filter(|_| !flipped).unwrap_or_default();
        let ((t, c), mut out) = (self.sizes(), vec![0f32; x.len()]);
        let turned = turned(values(&self.weight).unwrap_or_default(), c, flipped);
        let clip = (t * c).max(1);
        let clips = out.par_chunks_mut(clip).zip(x.par_chunks(clip)).zip(self.lengths.par_iter());
        clips.for_each(|((out, x), length)| {
            let (x, out) = (&x[..length * c], &mut out[..length * c]);
            if !bias.is_empty() {
                out.chunks_exact_mut(c).for_each(|row| row.copy_from_slice(bias));
            }
            convolved(x, &turned, c, self.dilation, out);
        });
        FlexTensor::from_data(TensorData::new(out, self.x.shape().to_vec()))
    }

    /// The gradient of the kernels.
    fn kernels(&self, slope: &[f32], x: &[f32]) -> FlexTensor {
        let (t, c) = self.sizes();
        let shape = self.weight.shape().to_vec();
        let count: usize = shape.iter().product();
        let part = self.lengths.len().div_ceil(PARTS).max(1);
        let size = (part * t * c).max(1);
        let parts =
            slope.par_chunks(size).zip(x.par_chunks(size)).zip(self.lengths.par_chunks(part));
        let parts: Vec<Vec<f32>> = parts
            .map(|((slope, x), lengths)| {
                let mut along = vec![0f32; count];
                for (index, length) in lengths.iter().enumerate() {
                    let (from, real) = (index * t * c, length * c);
                    let (slope, x) = (&slope[from..][..real], &x[from..][..real]);
                    kernels_back(slope, x, c, self.dilation, &mut along);
                }
                along
            })
            .collect();
        let mut sum = vec![0f32; count];
        for part in parts {
            sum.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
        }
        let kernel = count / c.max(1);
        let back = (0..count).map(|place| sum[place % kernel * c + place / kernel]).collect();
        FlexTensor::from_data(TensorData::new::<f32, _>(back, shape))
    }

    /// The gradient of the bias.
    fn biases(&self, slope: &[f32]) -> FlexTensor {
        let ((t, c), mut sum) = (self.sizes(), vec![0f32; self.sizes().1]);
        for (slope, length) in slope.chunks_exact((t * c).max(1)).zip(&*self.lengths) {
            let own = column_sums(&slope[..length * c], c);
            sum.iter_mut().zip(own).for_each(|(sum, own)| *sum += own);
        }
        FlexTensor::from_data(TensorData::new(sum, [c]))
    }
}

impl Depthwise for Flex {
    fn depthwise(
        x: FlexTensor,
        weight: FlexTensor,
        bias: FlexTensor,
        dilation: usize,
        lengths: Arc<[usize]>,
    ) -> FlexTensor {
        let [x, weight, bias] = [x, weight, bias].map(contiguous);
        let given = Given { x, weight, bias, dilation, lengths };
        given.through(values(&given.x).unwrap_or_default(), false)
    }
}

impl<C: CheckpointStrategy> Depthwise for Autodiff<Flex, C> {
    fn depthwise(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        dilation: usize,
        lengths: Arc<[usize]>,
    ) -> FloatTensor<Self> {
        let nodes = [x.node(), weight.node(), bias.node()];
        let all = [x.into_primitive(), weight.into_primitive(), bias.into_primitive()];
        let [x, weight, bias] = all.map(contiguous);
        let given = Given { x, weight, bias, dilation, lengths };
        let out = given.through(values(&given.x).unwrap_or_default(), false);
        match DepthwiseBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish(given, out),
            OpsKind::UnTracked(prepared) => prepared.finish(out),
        }
    }
}

#[derive(Debug)]
struct DepthwiseBackward;

impl Backward<Flex, 3> for DepthwiseBackward {
    type State = Given;

    fn backward(self, ops: Ops<Given, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let slope = contiguous(grads.consume::<Flex>(&ops.node));
        let (given, [to_x, to_weight, to_bias]) = (ops.state, ops.parents);
        let (Some(slopes), Some(x)) = (values(&slope), values(&given.x)) else { return };
        if let Some(node) = to_weight {
            grads.register::<Flex>(node.id, given.kernels(slopes, x));
        }
        if let Some(node) = to_bias {
            grads.register::<Flex>(node.id, given.biases(slopes));
        }
        if let Some(node) = to_x {
            grads.register::<Flex>(node.id, given.through(slopes, true));
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::module::conv1d;
    use burn::tensor::ops::ConvOptions;

    use super::*;
    use crate::check::{along, leaf, same};

    #[test]
    fn it_is_the_convolution_of_each_clip_alone_and_so_are_its_gradients() {
        for (shape @ [b, t, c], (size, dilation), lengths) in [
            ([1, 1, 1], (1, 1), vec![1]),
            ([2, 4, 3], (7, 1), vec![4, 4]),
            ([2, 9, 3], (3, 4), vec![9, 5]),
            ([2, 20, 5], (5, 3), vec![20, 2]),
            ([3, 9, 70], (5, 16), vec![9, 0, 6]),
            ([11, 40, 130], (31, 1), (30..41).collect()),
        ] {
            let (x, weight, bias) = (leaf(shape, 1), leaf([c, 1, size], 2), leaf([c], 3));
            let options = ConvOptions::new([1], [size / 2 * dilation], [dilation], c);
            let clips = (0..b).map(|clip| {
                let length = lengths[clip];
                let padding = Tensor::zeros([1, t - length, c], &x.device());
                if length == 0 {
                    return padding;
                }
                let own = x.clone().slice([clip..=clip, 0..=length - 1]).swap_dims(1, 2);
                let own = conv1d(own, weight.clone(), Some(bias.clone()), options.clone());
                let own = own.swap_dims(1, 2);
                if length == t { own } else { Tensor::cat(vec![own, padding], 1) }
            });
            let expected = Tensor::cat(clips.collect(), 0);
            let lengths: Arc<[usize]> = lengths.clone().into();
            let got =
                depthwise(x.clone(), weight.clone(), Some(bias.clone()), dilation, lengths.clone());
            let plain = depthwise(x.clone(), weight.clone(), None, dilation, lengths.clone());
            let moved = plain + bias.clone().reshape([1, 1, c]);
            for (clip, length) in lengths.iter().enumerate().filter(|(_, length)| **length > 0) {
                let real =
                    |x: &Tensor<3>| x.clone().slice([clip..=clip, 0..=length - 1]).into_data();
                let near = burn::tensor::Tolerance::<f32>::rel_abs(1e-4, 1e-5);
                real(&moved).assert_approx_eq(&real(&expected), near);
            }
            same(got, expected, along![x, weight, bias]);
        }
    }

    #[test]
    fn any_number_of_threads_gives_the_same_bits() {
        let run = || {
            let (x, weight) = (leaf([13, 20, 24], 1), leaf([24, 1, 9], 2));
            let out = depthwise(x.clone(), weight.clone(), None, 1, vec![20; 13].into());
            let slopes = (out.clone() * out).sum().backward();
            [x.grad(&slopes).unwrap().into_data(), weight.grad(&slopes).unwrap().into_data()]
        };
        let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        assert_eq!(pool(1).install(run), pool(3).install(run));
    }
}
