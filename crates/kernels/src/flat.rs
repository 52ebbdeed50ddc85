//! The numbers of a tensor, one after the other.

use burn::backend::flex::FlexTensor;

/// The same tensor, laid out row by row.
pub(crate) fn contiguous(x: FlexTensor) -> FlexTensor {
    if x.as_slice::<f32>().is_some() { x } else { x.to_contiguous() }
}

/// The numbers of a contiguous tensor of `f32`.
pub(crate) fn values(x: &FlexTensor) -> Option<&[f32]> {
    x.as_slice::<f32>()
}
