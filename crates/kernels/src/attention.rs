//! Attention of several heads with relative places (Dai et al. 2019, section 3.3) as VAVL has it: the
//! table of places is as long as the clip, and its scores are shifted so that a place counts from the
//! end behind a step, and from its successor before it. Scores, softmax, dropout and the weighing of
//! values stay in the cache, clip by clip and head by head; padding is never looked at.

mod back;
mod forward;

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
use burn::tensor::Tensor;

use crate::dropout::Mask;
use crate::flat::{contiguous, hand_on, values};

/// What attention is about.
#[derive(Debug, Clone)]
pub struct Attention {
    /// Projected queries, `[b, t, d]`, the heads side by side.
    pub query: Tensor<3>,
    /// Projected keys, likewise.
    pub key: Tensor<3>,
    /// Projected values, likewise.
    pub value: Tensor<3>,
    /// Projected places, `[t, d]`, likewise.
    pub table: Tensor<2>,
    /// `[heads, d / heads]`, added to queries before they meet keys.
    pub content_bias: Tensor<2>,
    /// The same before they meet places.
    pub place_bias: Tensor<2>,
    /// Of each clip the first so many steps are real.
    pub lengths: Arc<[usize]>,
    /// What scores are multiplied by before the softmax.
    pub scale: f64,
    /// Key and probability with which weights are dropped, as of [`dropout`](crate::dropout) over
    /// `[b, heads, t, t]`.
    pub dropout: Option<([u32; 2], f64)>,
}

/// `softmax(scale ((q + u) k' + shifted((q + v) p')))`, dropped, times the values. Rows of padding are
/// zeros.
///
/// The shift `S` of scores `R` of `n` steps and places is `S_ij = R_{i, n - 1 - i + j}` for `j <= i`, 0
/// for `j = i + 1` and `R_{i + 1, j - i - 2}` beyond.
///
/// # Shapes
/// `[b, t, d]`.
///
/// # Panics
/// Where the shapes are others, or a clip is longer than its steps.
pub fn attention(of: Attention) -> Tensor<3> {
    let (shape @ [b, t, d], [heads, size]) = (of.query.dims(), of.content_bias.dims());
    assert_eq!(heads * size, d, "heads lie side by side");
    assert_eq!([of.key.dims(), of.value.dims()], [shape; 2], "keys and values are as queries");
    assert_eq!(of.table.dims(), [t, d], "a place for each step");
    assert_eq!(of.place_bias.dims(), [heads, size], "both biases have a row for each head");
    assert!(of.lengths.len() == b && of.lengths.iter().all(|l| *l <= t), "a length for each clip");
    let how = How {
        lengths: of.lengths,
        scale: of.scale as f32,
        mask: of.dropout.map(|(key, probability)| Mask::new(key, probability as f32)),
    };
    let [q, k, v] = [of.query, of.key, of.value].map(Tensor::into_dispatch);
    let [table, u, w] = [of.table, of.content_bias, of.place_bias].map(Tensor::into_dispatch);
    Tensor::from_dispatch(<Dispatch as Attend>::attend(q, k, v, table, u, w, how))
}

/// What is no tensor.
#[derive(Debug, Clone)]
pub(crate) struct How {
    lengths: Arc<[usize]>,
    scale: f32,
    mask: Option<Mask>,
}

/// The operation, for burn's dispatch.
#[backend_extension(Autodiff, Flex)]
pub(crate) trait Attend: Backend {
    fn attend(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        table: FloatTensor<Self>,
        content_bias: FloatTensor<Self>,
        place_bias: FloatTensor<Self>,
        how: How,
    ) -> FloatTensor<Self>;
}

/// What attention reads, row by row.
#[derive(Debug, Clone)]
struct Given {
    /// Queries, keys, values, places, and the biases of content and of places.
    all: [FlexTensor; 6],
    how: How,
}

/// The same as numbers.
#[derive(Debug, Clone, Copy)]
struct Numbers<'a> {
    q: &'a [f32],
    k: &'a [f32],
    v: &'a [f32],
    table: &'a [f32],
    content_bias: &'a [f32],
    place_bias: &'a [f32],
    /// Steps of the batch.
    t: usize,
    /// Numbers of a step.
    d: usize,
    heads: usize,
    how: &'a How,
}

impl Given {
    fn new(all: [FlexTensor; 6], how: How) -> Self {
        Self { all: all.map(contiguous), how }
    }

    fn numbers(&self) -> Numbers<'_> {
        let [q, k, v, table, content_bias, place_bias] =
            self.all.each_ref().map(|one| values(one).unwrap_or_default());
        let (shape, heads) = (self.all[0].shape(), self.all[4].shape()[0]);
        let (t, d) = (shape[1], shape[2]);
        Numbers { q, k, v, table, content_bias, place_bias, t, d, heads, how: &self.how }
    }
}

impl Numbers<'_> {
    /// Numbers of a head.
    const fn size(&self) -> usize {
        self.d / self.heads
    }

    /// Where the first step of a clip begins for a head.
    const fn first(&self, clip: usize, head: usize) -> usize {
        clip * self.t * self.d + head * self.size()
    }

    /// Where the weights of a head in a clip begin, `[t, t]`.
    const fn square(&self, clip: usize, head: usize) -> usize {
        (clip * self.heads + head) * self.t * self.t
    }

    /// The queries of a head with a bias added, `[length, size]`.
    fn queries(&self, clip: usize, head: usize, length: usize, bias: &[f32], out: &mut Vec<f32>) {
        let size = self.size();
        let bias = &bias[head * size..][..size];
        out.clear();
        for step in 0..length {
            let query = &self.q[self.first(clip, head) + step * self.d..][..size];
            out.extend(query.iter().zip(bias).map(|(q, b)| q + b));
        }
    }
}

impl Attend for Flex {
    fn attend(
        q: FlexTensor,
        k: FlexTensor,
        v: FlexTensor,
        table: FlexTensor,
        content_bias: FlexTensor,
        place_bias: FlexTensor,
        how: How,
    ) -> FlexTensor {
        let given = Given::new([q, k, v, table, content_bias, place_bias], how);
        forward::attended(&given.numbers(), false).0
    }
}

impl<C: CheckpointStrategy> Attend for Autodiff<Flex, C> {
    fn attend(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        table: FloatTensor<Self>,
        content_bias: FloatTensor<Self>,
        place_bias: FloatTensor<Self>,
        how: How,
    ) -> FloatTensor<Self> {
        let all = [q, k, v, table, content_bias, place_bias];
        let nodes = all.each_ref().map(FloatTensor::<Self>::node);
        let given = Given::new(all.map(FloatTensor::<Self>::into_primitive), how);
        match AttendBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                let (out, weights) = forward::attended(&given.numbers(), true);
                prepared.finish(Passed { given, weights: Arc::new(weights) }, out)
            }
            OpsKind::UnTracked(prepared) => {
                prepared.finish(forward::attended(&given.numbers(), false).0)
            }
        }
    }
}

#[derive(Debug)]
struct AttendBackward;

/// What the way back knows.
#[derive(Debug, Clone)]
struct Passed {
    given: Given,
    /// After the softmax, before dropout, `[b, heads, t, t]`.
    weights: Arc<Vec<f32>>,
}

impl Backward<Flex, 6> for AttendBackward {
    type State = Passed;

    fn backward(self, ops: Ops<Passed, 6>, grads: &mut Gradients, _: &mut Checkpointer) {
        let slope = contiguous(grads.consume::<Flex>(&ops.node));
        let Passed { given, weights } = &ops.state;
        let Some(slopes) = values(&slope) else { return };
        let found = back::slopes(&given.numbers(), weights, slopes);
        let shapes = given.all.iter().map(|of| of.shape().to_vec());
        hand_on(
            ops.parents.map(|parent| parent.map(|parent| parent.id)),
            found.into_iter().zip(shapes),
            grads,
        );
    }
}

#[cfg(test)]
mod tests;
