//! A parametric rectifier (He et al. 2015) and global layer normalisation (Luo and Mesgarani 2019): each
//! clip by the mean and deviation of all its real numbers, one pass over memory each way and one for
//! the moments.

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

/// Numbers that are summed in single precision before they join the whole sum.
const BLOCK: usize = 1 << 10;

/// `gain (y - mean) / sqrt(variance + epsilon) + bias` with `y = x` where `x > 0` and `slope x` elsewhere;
/// mean and biased variance are those of the first `lengths[b]` steps of each clip, over steps and
/// channels together. Padding becomes zeros.
///
/// # Shapes
/// `x` `[b, t, c]`, `slope` `[1]`, `gain` and `bias` `[c]` -> `[b, t, c]`.
///
/// # Panics
/// Where the shapes are others, or a clip is longer than its steps.
pub fn global_norm(
    x: Tensor<3>,
    slope: Tensor<1>,
    gain: Tensor<1>,
    bias: Tensor<1>,
    epsilon: f64,
    lengths: Arc<[usize]>,
) -> Tensor<3> {
    let [b, t, c] = x.dims();
    assert_eq!(
        [slope.dims(), gain.dims(), bias.dims()],
        [[1], [c], [c]],
        "gain and bias a channel"
    );
    assert!(lengths.len() == b && lengths.iter().all(|l| *l <= t), "a length for each clip");
    let (slope, gain, bias) = (slope.into_dispatch(), gain.into_dispatch(), bias.into_dispatch());
    let x = x.into_dispatch();
    let how = How { epsilon: epsilon as f32, lengths };
    Tensor::from_dispatch(<Dispatch as GlobalNorm>::global_norm(x, slope, gain, bias, how))
}

/// What is no tensor.
#[derive(Debug, Clone)]
pub(crate) struct How {
    epsilon: f32,
    lengths: Arc<[usize]>,
}

/// The operation, for burn's dispatch.
#[backend_extension(Autodiff, Flex)]
pub(crate) trait GlobalNorm: Backend {
    fn global_norm(
        x: FloatTensor<Self>,
        slope: FloatTensor<Self>,
        gain: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        how: How,
    ) -> FloatTensor<Self>;
}

/// What the rectifier lets through.
#[inline(always)]
#[allow(clippy::inline_always, reason = "it has to be compiled for the vectors of its caller")]
fn bent(x: f32, slope: f32) -> f32 {
    if x > 0.0 { x } else { slope * x }
}

wide! {
    /// The sum of some numbers behind the rectifier, less `mean` each, and of the squares of that.
    fn sums(x: &[f32], slope: f32, mean: f32, out: &mut [f32; 2]) {
        let (mut sum, mut square) = ([0f32; LANES], [0f32; LANES]);
        let (whole, rest) = x.as_chunks::<LANES>();
        for part in whole {
            for i in 0..LANES {
                let d = bent(part[i], slope) - mean;
                sum[i] += d;
                square[i] += d * d;
            }
        }
        *out = [together(sum), together(square)];
        for x in rest {
            let d = bent(*x, slope) - mean;
            out[0] += d;
            out[1] += d * d;
        }
    }
}

wide! {
    fn forward(
        x: &[f32],
        slope: f32,
        known: (f32, f32),
        gain: &[f32],
        bias: &[f32],
        out: &mut [f32],
    ) {
        let (c, (mean, scale)) = (gain.len(), known);
        let bias = &bias[..c];
        for (row, out) in x.chunks_exact(c).zip(out.chunks_exact_mut(c)) {
            for i in 0..c {
                out[i] = (bent(row[i], slope) - mean) * scale * gain[i] + bias[i];
            }
        }
    }
}

wide! {
    /// Adds what some rows say of gain and bias.
    fn of_gain(
        back: &[f32],
        x: &[f32],
        slope: f32,
        known: (f32, f32),
        along_gain: &mut [f32],
        along_bias: &mut [f32],
    ) {
        let (c, (mean, scale)) = (along_gain.len(), known);
        let along_bias = &mut along_bias[..c];
        for (back, row) in back.chunks_exact(c).zip(x.chunks_exact(c)) {
            for i in 0..c {
                along_gain[i] += back[i] * ((bent(row[i], slope) - mean) * scale);
                along_bias[i] += back[i];
            }
        }
    }
}

wide! {
    /// `scale (g - mean(g) - z mean(g z))` through the rectifier, with `g = gain back` and the
    /// normalised `z`; adds up what the rectifier's slope is told, channel by channel.
    fn backward(
        back: &[f32],
        x: &[f32],
        slope: f32,
        known: (f32, f32),
        means: (f32, f32),
        gain: &[f32],
        out: &mut [f32],
        told: &mut [f32],
    ) {
        let (c, (mean, scale), (mean_g, mean_gz)) = (gain.len(), known, means);
        let told = &mut told[..c];
        for ((back, row), out) in
            back.chunks_exact(c).zip(x.chunks_exact(c)).zip(out.chunks_exact_mut(c))
        {
            for i in 0..c {
                let z = (bent(row[i], slope) - mean) * scale;
                let y = scale * (gain[i] * back[i] - mean_g - z * mean_gz);
                let (through, own) = if row[i] > 0.0 { (1.0, 0.0) } else { (slope, row[i]) };
                out[i] = through * y;
                told[i] += own * y;
            }
        }
    }
}

/// Mean of the real numbers of a clip behind the rectifier, and one over their deviation.
fn moments(x: &[f32], slope: f32, epsilon: f32) -> (f32, f32) {
    let count = x.len().max(1) as f64;
    let total = |mean: f32, which: usize| {
        let parts = x.chunks(BLOCK).map(|block| {
            let mut found = [0f32; 2];
            sums(block, slope, mean, &mut found);
            f64::from(found[which])
        });
        parts.sum::<f64>() / count
    };
    let mean = total(0.0, 0) as f32;
    (mean, (1.0 / (total(mean, 1) + f64::from(epsilon)).sqrt()) as f32)
}

/// What is normalised, with the moments of each clip.
#[derive(Debug, Clone)]
struct Passed {
    x: FlexTensor,
    slope: FlexTensor,
    gain: FlexTensor,
    how: How,
    kept: Arc<Vec<(f32, f32)>>,
}

fn normalised(all: [FlexTensor; 4], how: How) -> (FlexTensor, Passed) {
    let [x, slope, gain, bias] = all.map(contiguous);
    let numbers = |tensor| values(tensor).unwrap_or_default();
    let (shape, rows) = (x.shape().to_vec(), numbers(&x));
    let (clip, c) = ((shape[1] * shape[2]).max(1), shape[2]);
    let (one, g, b) =
        (numbers(&slope).first().copied().unwrap_or(1.0), numbers(&gain), numbers(&bias));
    let mut out = vec![0f32; rows.len()];
    let mut kept = vec![(0.0, 0.0); how.lengths.len()];
    let clips = out.par_chunks_mut(clip).zip(rows.par_chunks(clip)).zip(how.lengths.par_iter());
    clips.zip(&mut kept).for_each(|(((out, x), length), kept)| {
        let (x, out) = (&x[..length * c], &mut out[..length * c]);
        *kept = moments(x, one, how.epsilon);
        forward(x, one, *kept, g, b, out);
    });
    let out = FlexTensor::from_data(TensorData::new(out, shape));
    (out, Passed { x, slope, gain, how, kept: Arc::new(kept) })
}

impl GlobalNorm for Flex {
    fn global_norm(
        x: FlexTensor,
        slope: FlexTensor,
        gain: FlexTensor,
        bias: FlexTensor,
        how: How,
    ) -> FlexTensor {
        normalised([x, slope, gain, bias], how).0
    }
}

impl<C: CheckpointStrategy> GlobalNorm for Autodiff<Flex, C> {
    fn global_norm(
        x: FloatTensor<Self>,
        slope: FloatTensor<Self>,
        gain: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        how: How,
    ) -> FloatTensor<Self> {
        let all = [x, slope, gain, bias];
        let nodes = all.each_ref().map(FloatTensor::<Self>::node);
        let (out, passed) = normalised(all.map(FloatTensor::<Self>::into_primitive), how);
        match GlobalNormBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish(passed, out),
            OpsKind::UnTracked(prepared) => prepared.finish(out),
        }
    }
}

#[derive(Debug)]
struct GlobalNormBackward;

impl Backward<Flex, 4> for GlobalNormBackward {
    type State = Passed;

    fn backward(self, ops: Ops<Passed, 4>, grads: &mut Gradients, _: &mut Checkpointer) {
        let back = contiguous(grads.consume::<Flex>(&ops.node));
        let of = ops.state;
        let (Some(back), Some(rows), Some(gain)) = (values(&back), values(&of.x), values(&of.gain))
        else {
            return;
        };
        let one = values(&of.slope).and_then(|slope| slope.first().copied()).unwrap_or(1.0);
        let (shape, c) = (of.x.shape().to_vec(), gain.len());
        let clip = (shape[1] * c).max(1);
        let mut along_x = vec![0f32; rows.len()];
        let clips =
            along_x.par_chunks_mut(clip).zip(back.par_chunks(clip)).zip(rows.par_chunks(clip));
        let parts: Vec<[Vec<f32>; 3]> = clips
            .zip(of.how.lengths.par_iter())
            .zip(&*of.kept)
            .map(|((((out, back), x), length), kept)| {
                let real = length * c;
                let (out, back, x) = (&mut out[..real], &back[..real], &x[..real]);
                let mut sums = [(); 3].map(|()| vec![0f32; c]);
                let [along_gain, along_bias, told] = &mut sums;
                of_gain(back, x, one, *kept, along_gain, along_bias);
                let count = real.max(1) as f32;
                let mean = |sums: &[f32]| {
                    gain.iter().zip(sums).map(|(gain, sum)| gain * sum).sum::<f32>() / count
                };
                let means = (mean(along_bias), mean(along_gain));
                backward(back, x, one, *kept, means, gain, out, told);
                sums
            })
            .collect();
        let mut sums = [(); 3].map(|()| vec![0f32; c]);
        for part in &parts {
            for (sum, part) in sums.iter_mut().zip(part) {
                sum.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
            }
        }
        let [along_gain, along_bias, told] = sums;
        let told = vec![told.iter().sum::<f32>()];
        let found =
            [(along_x, shape), (told, vec![1]), (along_gain, vec![c]), (along_bias, vec![c])];
        hand_on(ops.parents.map(|parent| parent.map(|parent| parent.id)), found, grads);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{along, leaf, same};

    #[test]
    fn it_is_the_definition_of_each_clip_alone_and_so_are_its_gradients() {
        for (shape @ [b, t, c], lengths) in [
            ([1, 1, 3], vec![1]),
            ([3, 6, 5], vec![6, 2, 0]),
            ([5, 40, 33], vec![40, 1, 39, 20, 40]),
        ] {
            let (x, slope, gain, bias) = (leaf(shape, 1), leaf([1], 5), leaf([c], 2), leaf([c], 3));
            let clips = (0..b).map(|clip| {
                let n = lengths[clip];
                let padding = Tensor::zeros([1, t - n, c], &x.device());
                if n == 0 {
                    return padding;
                }
                let own = x.clone().slice([clip..=clip, 0..=n - 1]);
                let below = own.clone().clamp_max(0.0) * slope.clone().reshape([1, 1, 1]);
                let own = own.clamp_min(0.0) + below;
                let apart = own.clone() - own.mean().reshape([1, 1, 1]);
                let variance = apart.clone().square().mean().reshape([1, 1, 1]);
                let own = apart / (variance + 1e-3).sqrt() * gain.clone().reshape([1, 1, c])
                    + bias.clone().reshape([1, 1, c]);
                if n == t { own } else { Tensor::cat(vec![own, padding], 1) }
            });
            let expected = Tensor::cat(clips.collect(), 0);
            let lengths = lengths.clone().into();
            let got =
                global_norm(x.clone(), slope.clone(), gain.clone(), bias.clone(), 1e-3, lengths);
            same(got, expected, along![x, slope, gain, bias]);
        }
    }
}
