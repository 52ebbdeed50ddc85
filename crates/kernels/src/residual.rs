//! What a layer adds to what came in, dropout on the way.

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

use crate::dropout::Mask;
use crate::flat::{contiguous, values};
use crate::wide::wide;

/// So many numbers are added by one thread at a time.
const CHUNK: usize = 1 << 16;

/// `x + share dropout(y)`; `dropout` is key and probability, as of [`dropout`](crate::dropout).
///
/// # Panics
/// Where the shapes differ.
pub fn residual<const D: usize>(
    x: Tensor<D>,
    y: Tensor<D>,
    share: f64,
    dropout: Option<([u32; 2], f64)>,
) -> Tensor<D> {
    assert_eq!(x.dims(), y.dims(), "what is added has the shape of what it is added to");
    let share = Share { share: share as f32, dropout };
    let sum = <Dispatch as Residual>::residual(x.into_dispatch(), y.into_dispatch(), share);
    Tensor::from_dispatch(sum)
}

/// How much of `y` is added.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Share {
    share: f32,
    dropout: Option<([u32; 2], f64)>,
}

impl Share {
    fn mask(self) -> Mask {
        self.dropout.map_or(Mask::OPEN, |(key, probability)| Mask::new(key, probability as f32))
    }
}

/// The operation, for burn's dispatch.
#[backend_extension(Autodiff, Flex)]
pub(crate) trait Residual: Backend {
    fn residual(x: FloatTensor<Self>, y: FloatTensor<Self>, share: Share) -> FloatTensor<Self>;
}

wide! {
    fn add(x: &[f32], y: &[f32], share: f32, mask: Mask, first: u32, out: &mut [f32]) {
        for i in 0..out.len().min(x.len()).min(y.len()) {
            out[i] = x[i] + share * (y[i] * mask.at(first.wrapping_add(i as u32)));
        }
    }
}

wide! {
    fn times(slope: &[f32], share: f32, mask: Mask, first: u32, out: &mut [f32]) {
        for i in 0..out.len().min(slope.len()) {
            out[i] = share * (slope[i] * mask.at(first.wrapping_add(i as u32)));
        }
    }
}

impl Residual for Flex {
    fn residual(x: FlexTensor, y: FlexTensor, share: Share) -> FlexTensor {
        let [x, y] = [x, y].map(contiguous);
        let (Some(a), Some(b)) = (values(&x), values(&y)) else { return x };
        let (mask, mut out) = (share.mask(), vec![0f32; a.len()]);
        let chunks = out.par_chunks_mut(CHUNK).zip(a.par_chunks(CHUNK)).zip(b.par_chunks(CHUNK));
        chunks.enumerate().for_each(|(index, ((out, a), b))| {
            add(a, b, share.share, mask, (index * CHUNK) as u32, out);
        });
        FlexTensor::from_data(TensorData::new(out, x.shape().to_vec()))
    }
}

impl<C: CheckpointStrategy> Residual for Autodiff<Flex, C> {
    fn residual(x: FloatTensor<Self>, y: FloatTensor<Self>, share: Share) -> FloatTensor<Self> {
        let nodes = [x.node(), y.node()];
        let out = <Flex as Residual>::residual(x.into_primitive(), y.into_primitive(), share);
        match ResidualBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish(share, out),
            OpsKind::UnTracked(prepared) => prepared.finish(out),
        }
    }
}

#[derive(Debug)]
struct ResidualBackward;

impl Backward<Flex, 2> for ResidualBackward {
    type State = Share;

    fn backward(self, ops: Ops<Share, 2>, grads: &mut Gradients, _: &mut Checkpointer) {
        let slope = contiguous(grads.consume::<Flex>(&ops.node));
        let (share, [to_x, to_y]) = (ops.state, ops.parents);
        if let (Some(node), Some(slopes)) = (to_y, values(&slope)) {
            let (mask, mut along) = (share.mask(), vec![0f32; slopes.len()]);
            let chunks = along.par_chunks_mut(CHUNK).zip(slopes.par_chunks(CHUNK));
            chunks.enumerate().for_each(|(index, (along, slope))| {
                times(slope, share.share, mask, (index * CHUNK) as u32, along);
            });
            let data = TensorData::new(along, slope.shape().to_vec());
            grads.register::<Flex>(node.id, FlexTensor::from_data(data));
        }
        if let Some(node) = to_x {
            grads.register::<Flex>(node.id, slope);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{along, leaf, same};
    use crate::dropout::dropout;

    #[test]
    fn it_is_the_sum_and_so_are_its_gradients() {
        for shape in [[1, 3], [7, 11], [300, 401]] {
            let (x, y) = (leaf(shape, 1), leaf(shape, 2));
            let expected = x.clone() + y.clone() * 0.5;
            same(residual(x.clone(), y.clone(), 0.5, None), expected, along![x, y]);
            let expected = x.clone() + dropout(y.clone(), [8, 9], 0.4) * 0.5;
            let got = residual(x.clone(), y.clone(), 0.5, Some(([8, 9], 0.4)));
            same(got, expected, along![x, y]);
        }
    }
}
