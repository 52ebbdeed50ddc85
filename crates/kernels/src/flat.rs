//! The numbers of a tensor, one after the other, and of slopes on their way to it.

use burn::backend::Flex;
use burn::backend::autodiff::{NodeId, grads::Gradients};
use burn::backend::flex::FlexTensor;
use burn::tensor::TensorData;

/// The same tensor, laid out row by row.
pub(crate) fn contiguous(x: FlexTensor) -> FlexTensor {
    if x.as_slice::<f32>().is_some() { x } else { x.to_contiguous() }
}

/// The numbers of a contiguous tensor of `f32`.
pub(crate) fn values(x: &FlexTensor) -> Option<&[f32]> {
    x.as_slice::<f32>()
}

/// Hands slopes to those of the parents that want them; each with the shape of its parent.
pub(crate) fn hand_on(
    parents: impl IntoIterator<Item = Option<NodeId>>,
    slopes: impl IntoIterator<Item = (Vec<f32>, Vec<usize>)>,
    grads: &mut Gradients,
) {
    for (parent, (slope, shape)) in parents.into_iter().zip(slopes) {
        if let Some(parent) = parent {
            let slope = FlexTensor::from_data(TensorData::new(slope, shape));
            grads.register::<Flex>(parent, slope);
        }
    }
}
