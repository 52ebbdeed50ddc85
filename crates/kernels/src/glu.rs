//! The gated linear unit (Dauphin et al. 2017): one half of each row, let through by the other.

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
use crate::squash::logistic;
use crate::wide::wide;

/// Rows that one thread works on at a time.
const ROWS: usize = 64;

/// `a / (1 + exp(-b))` with the halves `a` and `b` of each row.
///
/// # Shapes
/// `[.., 2c]` -> `[.., c]`.
///
/// # Panics
/// Where rows have no halves.
pub fn glu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    assert!(x.dims()[D - 1].is_multiple_of(2), "a row has two halves");
    Tensor::from_dispatch(<Dispatch as Glu>::glu(x.into_dispatch()))
}

/// The operation, for burn's dispatch.
#[backend_extension(Autodiff, Flex)]
pub(crate) trait Glu: Backend {
    fn glu(x: FloatTensor<Self>) -> FloatTensor<Self>;
}

wide! {
    fn forward(x: &[f32], width: usize, out: &mut [f32]) {
        for (row, out) in x.chunks_exact(2 * width).zip(out.chunks_exact_mut(width)) {
            let (a, b) = row.split_at(width);
            for i in 0..width {
                out[i] = a[i] * logistic(b[i]);
            }
        }
    }
}

wide! {
    /// Of one row.
    fn backward(slope: &[f32], x: &[f32], along: &mut [f32]) {
        let width = slope.len();
        let ((a, b), (to_a, to_b)) = (x.split_at(width), along.split_at_mut(width));
        let (b, to_b) = (&b[..width], &mut to_b[..width]);
        for i in 0..width {
            let open = logistic(b[i]);
            to_a[i] = slope[i] * open;
            to_b[i] = slope[i] * a[i] * open * (1.0 - open);
        }
    }
}

impl Glu for Flex {
    fn glu(x: FlexTensor) -> FlexTensor {
        let x = contiguous(x);
        let mut shape = x.shape().to_vec();
        let width = shape.last().map_or(0, |last| last / 2);
        if let Some(last) = shape.last_mut() {
            *last = width;
        }
        let Some(numbers) = values(&x) else { return x };
        let mut out = vec![0f32; numbers.len() / 2];
        let size = ROWS * width.max(1);
        let chunks = out.par_chunks_mut(size).zip(numbers.par_chunks(2 * size));
        chunks.for_each(|(out, x)| forward(x, width, out));
        FlexTensor::from_data(TensorData::new(out, shape))
    }
}

impl<C: CheckpointStrategy> Glu for Autodiff<Flex, C> {
    fn glu(x: FloatTensor<Self>) -> FloatTensor<Self> {
        let nodes = [x.node()];
        let x = contiguous(x.into_primitive());
        let out = <Flex as Glu>::glu(x.clone());
        match GluBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish(x, out),
            OpsKind::UnTracked(prepared) => prepared.finish(out),
        }
    }
}

#[derive(Debug)]
struct GluBackward;

impl Backward<Flex, 1> for GluBackward {
    type State = FlexTensor;

    fn backward(self, ops: Ops<FlexTensor, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let slope = contiguous(grads.consume::<Flex>(&ops.node));
        let (x, [parent]) = (ops.state, ops.parents);
        let (Some(node), Some(slopes), Some(numbers)) = (parent, values(&slope), values(&x)) else {
            return;
        };
        let width = slope.shape().to_vec().last().copied().unwrap_or(1).max(1);
        let mut along = vec![0f32; numbers.len()];
        let rows = along.par_chunks_mut(2 * width).zip(slopes.par_chunks(width));
        let rows = rows.zip(numbers.par_chunks(2 * width)).with_min_len(ROWS);
        rows.for_each(|((along, slope), x)| backward(slope, x, along));
        let data = TensorData::new(along, x.shape().to_vec());
        grads.register::<Flex>(node.id, FlexTensor::from_data(data));
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::activation;

    use super::*;
    use crate::check::{along, leaf, same};

    #[test]
    fn it_is_the_definition_and_so_is_its_gradient() {
        for shape in [[1, 1, 2], [2, 3, 10], [3, 65, 34]] {
            let x = leaf(shape, 4) * 3.0;
            let x = x.detach().require_grad();
            same(glu(x.clone()), activation::glu(x.clone(), 2), along![x]);
        }
    }
}
