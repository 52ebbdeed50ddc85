//! Dropout (Srivastava et al. 2014) whose mask is a function of a key and of each number's place: it is
//! drawn at the speed of memory, and drawn again on the way back instead of being kept.

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

/// So many numbers are drawn by one thread at a time.
const CHUNK: usize = 1 << 16;

/// Sets each number to zero with this probability and divides the others by one less it; the gradient
/// likewise. The same key drops the same places, whatever the number of threads.
///
/// # Panics
/// Where the probability is not at least 0 and below 1.
pub fn dropout<const D: usize>(x: Tensor<D>, key: [u32; 2], probability: f64) -> Tensor<D> {
    assert!((0.0..1.0).contains(&probability), "something has to be left");
    let [first, second] = key;
    let out = <Dispatch as Drop>::dropped(x.into_dispatch(), first, second, probability as f32);
    Tensor::from_dispatch(out)
}

/// The operation, for burn's dispatch.
#[backend_extension(Autodiff, Flex)]
pub(crate) trait Drop: Backend {
    fn dropped(
        x: FloatTensor<Self>,
        first: u32,
        second: u32,
        probability: f32,
    ) -> FloatTensor<Self>;
}

/// What a mask is drawn from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mask {
    key: [u32; 2],
    /// Draws below it drop their number.
    below: u32,
    /// What the others are multiplied by.
    scale: f32,
}

impl Mask {
    /// One that drops nothing.
    pub(crate) const OPEN: Self = Self { key: [0; 2], below: 0, scale: 1.0 };

    pub(crate) fn new(key: [u32; 2], probability: f32) -> Self {
        let below = (f64::from(probability) * f64::from(u32::MAX)) as u32;
        Self { key, below, scale: 1.0 / (1.0 - probability) }
    }

    fn through(self, x: FlexTensor) -> FlexTensor {
        let x = contiguous(x);
        let Some(numbers) = values(&x) else { return x };
        let mut out = numbers.to_vec();
        let chunks = out.par_chunks_mut(CHUNK).enumerate();
        chunks.for_each(|(index, out)| masked_here(out, self, (index * CHUNK) as u32));
        FlexTensor::from_data(TensorData::new(out, x.shape().to_vec()))
    }
}

/// Mixes the bits of a number until none tells of another; two rounds of multiply and shift, with the
/// constants that Wellons found by search for few biased bits ("lowbias32").
#[inline(always)]
#[allow(clippy::inline_always, reason = "it has to be compiled for the vectors of its caller")]
const fn mixed(x: u32) -> u32 {
    let x = (x ^ (x >> 16)).wrapping_mul(0x7feb_352d);
    let x = (x ^ (x >> 15)).wrapping_mul(0x846c_a68b);
    x ^ (x >> 16)
}

impl Mask {
    /// What the number at this place is multiplied by.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "it has to be compiled for the vectors of its caller")]
    pub(crate) fn at(self, place: u32) -> f32 {
        let draw = mixed(mixed(place ^ self.key[0]) ^ self.key[1]);
        if draw < self.below { 0.0 } else { self.scale }
    }
}

wide! {
    /// Drops numbers where they lie, from place `first` of a tensor on.
    pub(crate) fn masked_here(x: &mut [f32], mask: Mask, first: u32) {
        for (i, x) in x.iter_mut().enumerate() {
            *x *= mask.at(first.wrapping_add(i as u32));
        }
    }
}

impl Drop for Flex {
    fn dropped(x: FlexTensor, first: u32, second: u32, probability: f32) -> FlexTensor {
        Mask::new([first, second], probability).through(x)
    }
}

impl<C: CheckpointStrategy> Drop for Autodiff<Flex, C> {
    fn dropped(
        x: FloatTensor<Self>,
        first: u32,
        second: u32,
        probability: f32,
    ) -> FloatTensor<Self> {
        let mask = Mask::new([first, second], probability);
        let nodes = [x.node()];
        let out = mask.through(x.into_primitive());
        match DropBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish(mask, out),
            OpsKind::UnTracked(prepared) => prepared.finish(out),
        }
    }
}

#[derive(Debug)]
struct DropBackward;

impl Backward<Flex, 1> for DropBackward {
    type State = Mask;

    fn backward(self, ops: Ops<Mask, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let slope = grads.consume::<Flex>(&ops.node);
        let [parent] = ops.parents;
        if let Some(node) = parent {
            grads.register::<Flex>(node.id, ops.state.through(slope));
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;

    fn dropped(count: usize, key: [u32; 2], probability: f64) -> Vec<f32> {
        let x = Tensor::<1>::ones([count], &Device::flex());
        dropout(x, key, probability).into_data().iter::<f32>().collect()
    }

    #[test]
    fn as_many_are_dropped_as_asked_and_the_mean_stays() {
        for probability in [0.0, 0.1, 0.5, 0.9] {
            let out = dropped(200_000, [1, 2], probability);
            let gone = out.iter().filter(|x| **x == 0.0).count() as f64 / 2e5;
            assert!((gone - probability).abs() < 0.005, "{gone} for {probability}");
            let mean = out.iter().map(|x| f64::from(*x)).sum::<f64>() / 2e5;
            assert!((mean - 1.0).abs() < 0.03, "{mean}");
        }
    }

    #[test]
    fn keys_places_and_neighbours_are_strangers() {
        let alike = |a: &[f32], b: &[f32]| {
            a.iter().zip(b).filter(|(a, b)| a == b).count() as f64 / a.len() as f64
        };
        let one = dropped(100_000, [7, 9], 0.5);
        assert_eq!(one, dropped(100_000, [7, 9], 0.5));
        for other in [[7, 10], [8, 9], [9, 7]] {
            let same = alike(&one, &dropped(100_000, other, 0.5));
            assert!((same - 0.5).abs() < 0.01, "{other:?}: {same}");
        }
        for lag in [1, 2, 8, 300, CHUNK] {
            let same = alike(&one[lag..], &one[..one.len() - lag]);
            assert!((same - 0.5).abs() < 0.02, "{lag}: {same}");
        }
    }

    #[test]
    fn the_gradient_passes_where_the_number_did() {
        let device = Device::flex().autodiff();
        let x = Tensor::<2>::ones([30, 40], &device).require_grad();
        let out = dropout(x.clone().swap_dims(0, 1), [3, 4], 0.3);
        let slopes = out.clone().sum().backward();
        let slope = x.grad(&slopes).unwrap().swap_dims(0, 1).into_data();
        assert_eq!(slope, out.inner().into_data());
    }

    #[test]
    #[should_panic(expected = "something has to be left")]
    fn everything_is_not_dropped() {
        dropped(1, [0, 0], 1.0);
    }
}
