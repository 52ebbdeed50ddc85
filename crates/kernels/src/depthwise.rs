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

use crate::flat::{contiguous, values};
use crate::wide::wide;

/// Channels in work at a time: so few that the steps of a kernel stay in the first cache.
const CHANNELS: usize = 64;

/// Parts of a batch whose gradients of the kernels are summed apart: always as many, so that the sum
/// does not depend on how many threads there are.
const PARTS: usize = 8;

/// `y[t] = sum over k of weight[k] x[t + k - size / 2]`, with zeros beyond the steps of the clip. Of each
/// clip the first `lengths[b]` steps are real; the others are not read, and become zeros.
///
/// # Shapes
/// `x` `[b, t, c]`, `weight` `[c, 1, size]` with an odd size -> `[b, t, c]`.
///
/// # Panics
/// Where the shapes are others, or a clip is longer than its steps.
pub fn depthwise(x: Tensor<3>, weight: Tensor<3>, lengths: Arc<[usize]>) -> Tensor<3> {
    let ([b, t, c], [channels, one, size]) = (x.dims(), weight.dims());
    assert_eq!((channels, one), (c, 1), "a kernel for each channel");
    assert!(!size.is_multiple_of(2), "a kernel has a middle");
    assert!(lengths.len() == b && lengths.iter().all(|l| *l <= t), "a length for each clip");
    let (x, weight) = (x.into_dispatch(), weight.into_dispatch());
    Tensor::from_dispatch(<Dispatch as Depthwise>::depthwise(x, weight, lengths))
}

/// The operation, for burn's dispatch.
#[backend_extension(Autodiff, Flex)]
pub(crate) trait Depthwise: Backend {
    fn depthwise(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        lengths: Arc<[usize]>,
    ) -> FloatTensor<Self>;
}

/// What is convolved.
#[derive(Debug, Clone)]
struct Given {
    x: FlexTensor,
    weight: FlexTensor,
    lengths: Arc<[usize]>,
}

/// The steps of `of` around step `t`, kernel place by kernel place: which of `length` steps each place
/// falls on.
#[inline(always)]
#[allow(clippy::inline_always, reason = "it has to be compiled for the vectors of its caller")]
fn within(t: usize, size: usize, length: usize) -> std::ops::Range<usize> {
    let half = size / 2;
    half.saturating_sub(t)..size.min(length + half - t)
}

wide! {
    /// One clip of `c` channels, its real steps alone; `turned` `[size, c]`.
    fn convolved(x: &[f32], turned: &[f32], c: usize, out: &mut [f32]) {
        let (size, length) = (turned.len() / c, x.len() / c);
        for from in (0..c).step_by(CHANNELS) {
            let count = CHANNELS.min(c - from);
            for t in 0..length {
                let out = &mut out[t * c + from..][..count];
                for k in within(t, size, length) {
                    let x = &x[(t + k - size / 2) * c + from..][..count];
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
    fn kernels_back(slope: &[f32], x: &[f32], c: usize, along: &mut [f32]) {
        let (size, length) = (along.len() / c, x.len() / c);
        for from in (0..c).step_by(CHANNELS) {
            let count = CHANNELS.min(c - from);
            for t in 0..length {
                let slope = &slope[t * c + from..][..count];
                for k in within(t, size, length) {
                    let x = &x[(t + k - size / 2) * c + from..][..count];
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

    /// Every clip of `x` through the kernels, or through the same backwards.
    fn through(&self, x: &[f32], flipped: bool) -> FlexTensor {
        let ((t, c), mut out) = (self.sizes(), vec![0f32; x.len()]);
        let turned = turned(values(&self.weight).unwrap_or_default(), c, flipped);
        let clip = (t * c).max(1);
        let clips = out.par_chunks_mut(clip).zip(x.par_chunks(clip)).zip(self.lengths.par_iter());
        clips.for_each(|((out, x), length)| {
            let real = length * c;
            convolved(&x[..real], &turned, c, &mut out[..real]);
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
        let parts = slope.par_chunks(size).zip(x.par_chunks(size)).zip(self.lengths.par_chunks(part));
        let parts: Vec<Vec<f32>> = parts
            .map(|((slope, x), lengths)| {
                let mut along = vec![0f32; count];
                for (index, length) in lengths.iter().enumerate() {
                    let (from, real) = (index * t * c, length * c);
                    kernels_back(&slope[from..][..real], &x[from..][..real], c, &mut along);
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
}

impl Depthwise for Flex {
    fn depthwise(x: FlexTensor, weight: FlexTensor, lengths: Arc<[usize]>) -> FlexTensor {
        let given = Given { x: contiguous(x), weight: contiguous(weight), lengths };
        given.through(values(&given.x).unwrap_or_default(), false)
    }
}

impl<C: CheckpointStrategy> Depthwise for Autodiff<Flex, C> {
    fn depthwise(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        lengths: Arc<[usize]>,
    ) -> FloatTensor<Self> {
        let nodes = [x.node(), weight.node()];
        let (x, weight) = (contiguous(x.into_primitive()), contiguous(weight.into_primitive()));
        let given = Given { x, weight, lengths };
        let out = given.through(values(&given.x).unwrap_or_default(), false);
        match DepthwiseBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish(given, out),
            OpsKind::UnTracked(prepared) => prepared.finish(out),
        }
    }
}

#[derive(Debug)]
struct DepthwiseBackward;

impl Backward<Flex, 2> for DepthwiseBackward {
    type State = Given;

    fn backward(self, ops: Ops<Given, 2>, grads: &mut Gradients, _: &mut Checkpointer) {
        let slope = contiguous(grads.consume::<Flex>(&ops.node));
        let (given, [to_x, to_weight]) = (ops.state, ops.parents);
        let (Some(slopes), Some(x)) = (values(&slope), values(&given.x)) else { return };
        if let Some(node) = to_weight {
            grads.register::<Flex>(node.id, given.kernels(slopes, x));
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
        for (shape @ [b, t, c], size, lengths) in [
            ([1, 1, 1], 1, vec![1]),
            ([2, 4, 3], 7, vec![4, 4]),
            ([3, 9, 70], 5, vec![9, 0, 6]),
            ([11, 40, 130], 31, (30..41).collect()),
        ] {
            let (x, weight) = (leaf(shape, 1), leaf([c, 1, size], 2));
            let options = ConvOptions::new([1], [size / 2], [1], c);
            let clips = (0..b).map(|clip| {
                let length = lengths[clip];
                let padding = Tensor::zeros([1, t - length, c], &x.device());
                if length == 0 {
                    return padding;
                }
                let own = x.clone().slice([clip..=clip, 0..=length - 1]).swap_dims(1, 2);
                let own = conv1d(own, weight.clone(), None, options.clone()).swap_dims(1, 2);
                if length == t { own } else { Tensor::cat(vec![own, padding], 1) }
            });
            let expected = Tensor::cat(clips.collect(), 0);
            let got = depthwise(x.clone(), weight.clone(), lengths.clone().into());
            same(got, expected, along![x, weight]);
        }
    }

    #[test]
    fn any_number_of_threads_gives_the_same_bits() {
        let run = || {
            let (x, weight) = (leaf([13, 20, 24], 1), leaf([24, 1, 9], 2));
            let out = depthwise(x.clone(), weight.clone(), vec![20; 13].into());
            let slopes = (out.clone() * out).sum().backward();
            [x.grad(&slopes).unwrap().into_data(), weight.grad(&slopes).unwrap().into_data()]
        };
        let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        assert_eq!(pool(1).install(run), pool(3).install(run));
    }
}
