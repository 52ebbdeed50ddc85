//! The step of Adam (Kingma and Ba 2015) and `AdamW` (Loshchilov and Hutter 2019) in one pass over
//! weights and moments.

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::{
    Autodiff, AutodiffBackend, Backend, Dispatch, ExtensionType, Flex, TensorMetadata,
    backend_extension, flex::FlexTensor, tensor::FloatTensor,
};
use burn::tensor::{Tensor, TensorData};
use rayon::prelude::*;

use crate::flat::{contiguous, values};
use crate::wide::wide;

/// So many weights are moved by one thread at a time.
const CHUNK: usize = 1 << 16;

/// The numbers of a step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdamStep {
    /// How far the first and the second moment remember.
    pub betas: [f32; 2],
    /// Added to the root of the second moment.
    pub epsilon: f32,
    /// Learning rate, corrected for moments that began at zero.
    pub rate: f32,
    /// How much of each weight is added to its gradient.
    pub penalty: f32,
    /// What each weight is multiplied by before it is moved; 1 for nothing.
    pub keep: f32,
}

/// Weights and moments.
#[derive(Debug)]
pub struct Moved<const D: usize> {
    /// The weights.
    pub weights: Tensor<D>,
    /// First moments.
    pub first: Tensor<D>,
    /// Second moments.
    pub second: Tensor<D>,
}

/// Moves weights along a gradient `g`:
///
/// ```text
/// g = g + penalty * w
/// m = betas[0] * m + (1 - betas[0]) * g
/// v = betas[1] * v + (1 - betas[1]) * g * g
/// w = keep * w - rate * m / (sqrt(v) + epsilon)
/// ```
///
/// Nothing of it is differentiated. All four have the same shape.
pub fn adam<const D: usize>(before: Moved<D>, gradient: Tensor<D>, step: AdamStep) -> Moved<D> {
    let AdamStep { betas: [one, two], epsilon, rate, penalty, keep } = step;
    let out = <Dispatch as Adam>::adam(
        before.weights.into_dispatch(),
        before.first.into_dispatch(),
        before.second.into_dispatch(),
        gradient.into_dispatch(),
        [one, two, epsilon, rate, penalty, keep],
    );
    Moved {
        weights: Tensor::from_dispatch(out.weights),
        first: Tensor::from_dispatch(out.first),
        second: Tensor::from_dispatch(out.second),
    }
}

/// What comes out of the operation.
#[derive(ExtensionType)]
pub(crate) struct Out<B: Backend> {
    weights: FloatTensor<B>,
    first: FloatTensor<B>,
    second: FloatTensor<B>,
}

/// The operation, for burn's dispatch.
#[backend_extension(Autodiff, Flex)]
pub(crate) trait Adam: Backend {
    fn adam(
        weights: FloatTensor<Self>,
        first: FloatTensor<Self>,
        second: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        step: [f32; 6],
    ) -> Out<Self>;
}

wide! {
    /// Some of the weights.
    fn moved(w: &mut [f32], m: &mut [f32], v: &mut [f32], g: &[f32], step: AdamStep) {
        let n = w.len();
        let (m, v, g) = (&mut m[..n], &mut v[..n], &g[..n]);
        let [one, two] = step.betas;
        for i in 0..n {
            let slope = g[i] + step.penalty * w[i];
            let first = one * m[i] + (1.0 - one) * slope;
            let second = two * v[i] + (1.0 - two) * (slope * slope);
            (m[i], v[i]) = (first, second);
            w[i] = step.keep * w[i] - step.rate * first / (second.sqrt() + step.epsilon);
        }
    }
}

/// The numbers of a tensor for change, row by row; copied where they are shared with another.
fn own(x: FlexTensor) -> FlexTensor {
    let x = contiguous(x);
    let count = x.shape().num_elements();
    let mut x = x;
    if x.storage_mut::<f32>().len() == count {
        return x;
    }
    // A part of something larger.
    let shape = x.shape().to_vec();
    let numbers = values(&x).unwrap_or_default().to_vec();
    FlexTensor::from_data(TensorData::new(numbers, shape))
}

impl Adam for Flex {
    fn adam(
        weights: FlexTensor,
        first: FlexTensor,
        second: FlexTensor,
        gradient: FlexTensor,
        [one, two, epsilon, rate, penalty, keep]: [f32; 6],
    ) -> Out<Self> {
        let step = AdamStep { betas: [one, two], epsilon, rate, penalty, keep };
        let (mut weights, mut first, mut second) = (own(weights), own(first), own(second));
        let gradient = contiguous(gradient);
        if let Some(g) = values(&gradient) {
            let chunks = weights
                .storage_mut::<f32>()
                .par_chunks_mut(CHUNK)
                .zip(first.storage_mut::<f32>().par_chunks_mut(CHUNK))
                .zip(second.storage_mut::<f32>().par_chunks_mut(CHUNK))
                .zip(g.par_chunks(CHUNK));
            chunks.for_each(|(((w, m), v), g)| moved(w, m, v, g, step));
        }
        Out { weights, first, second }
    }
}

impl<C: CheckpointStrategy> Adam for Autodiff<Flex, C> {
    fn adam(
        weights: FloatTensor<Self>,
        first: FloatTensor<Self>,
        second: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        step: [f32; 6],
    ) -> Out<Self> {
        let out = <Flex as Adam>::adam(
            weights.into_primitive(),
            first.into_primitive(),
            second.into_primitive(),
            gradient.into_primitive(),
            step,
        );
        Out {
            weights: Self::from_inner(out.weights),
            first: Self::from_inner(out.first),
            second: Self::from_inner(out.second),
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Tolerance};

    use super::*;

    fn wave(count: usize, salt: f32) -> Vec<f32> {
        (0..count).map(|i| ((i * i) as f32 * 0.37 + i as f32 * 1.3 + salt).sin()).collect()
    }

    #[test]
    fn steps_are_those_of_the_definition() {
        let device = Device::flex();
        let count = CHUNK + 77;
        let tensor = |values: &[f32]| {
            Tensor::<1>::from_data(TensorData::new(values.to_vec(), [count]), &device)
        };
        let (mut w, mut m, mut v) = (wave(count, 0.1), vec![0.0; count], vec![0.0; count]);
        let mut own = Moved { weights: tensor(&w), first: tensor(&m), second: tensor(&v) };
        let before = own.weights.clone();
        for (index, penalty, keep) in [(0, 0.0, 1.0), (1, 0.3, 1.0), (2, 0.0, 0.9)] {
            let g = wave(count, index as f32);
            let (betas, epsilon, rate) = ([0.9, 0.99], 1e-3, 0.05);
            let step = AdamStep { betas, epsilon, rate, penalty, keep };
            own = adam(own, tensor(&g), step);
            for i in 0..count {
                let slope = g[i] + penalty * w[i];
                m[i] = 0.9 * m[i] + 0.1 * slope;
                v[i] = 0.99 * v[i] + 0.01 * slope * slope;
                w[i] = keep * w[i] - rate * m[i] / (v[i].sqrt() + epsilon);
            }
        }
        let same = Tolerance::<f32>::rel_abs(1e-4, 1e-5);
        own.weights.to_data().assert_approx_eq(&tensor(&w).to_data(), same);
        own.first.to_data().assert_approx_eq(&tensor(&m).to_data(), same);
        own.second.to_data().assert_approx_eq(&tensor(&v).to_data(), same);
        // Whoever else holds the weights of before still does.
        assert_eq!(before.to_data(), tensor(&wave(count, 0.1)).to_data());
    }

    #[test]
    fn parts_and_turned_tensors_move_alone() {
        let device = Device::flex();
        let whole = Tensor::<2>::from_data(TensorData::new(wave(24, 0.2), [4, 6]), &device);
        let part = whole.clone().narrow(0, 1, 2).swap_dims(0, 1);
        let zeros = Tensor::zeros([6, 2], &device);
        let before = Moved { weights: part.clone(), first: zeros.clone(), second: zeros };
        let ones = Tensor::ones([6, 2], &device);
        let step = AdamStep { betas: [0.0, 0.0], epsilon: 0.0, rate: 0.5, penalty: 0.0, keep: 1.0 };
        let moved = adam(before, ones, step).weights;
        let same = Tolerance::<f32>::absolute(1e-6);
        moved.to_data().assert_approx_eq(&(part - 0.5).to_data(), same);
        assert_eq!(whole.to_data(), TensorData::new(wave(24, 0.2), [4, 6]));
        let rows = whole.clone().narrow(0, 1, 2);
        let zeros = Tensor::zeros([2, 6], &device);
        let before = Moved { weights: rows.clone(), first: zeros.clone(), second: zeros };
        let moved = adam(before, Tensor::ones([2, 6], &device), step).weights;
        moved.to_data().assert_approx_eq(&(rows - 0.5).to_data(), same);
    }
}
