//! Linear maps of rows, with what comes before them. However many axes the rows are laid out in, they
//! are one matrix: one product each way, where generic operations multiply clip by clip and sum the
//! gradients of the weights afterwards.

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

use crate::columns::column_sums;
use crate::entry::Entry;
use crate::flat::{contiguous, values};
use crate::product::{Matrix, add_product, product};

/// `entry(x) weight + bias`.
///
/// # Shapes
/// `x` `[.., in]`, `weight` `[in, out]`, `bias` `[out]` -> `[.., out]`.
///
/// # Panics
/// Where the shapes are others, as burn's own operations do.
pub fn linear<const D: usize>(
    x: Tensor<D>,
    weight: Tensor<2>,
    bias: Option<Tensor<1>>,
    entry: Entry,
) -> Tensor<D> {
    let [size, out] = weight.dims();
    assert_eq!(x.dims()[D - 1], size, "rows are as long as the weight has rows");
    let bias = bias.unwrap_or_else(|| Tensor::zeros([0], &x.device()));
    assert!(matches!(bias.dims(), [count] if count == 0 || count == out), "a bias for each output");
    let (x, weight) = (x.into_dispatch(), weight.into_dispatch());
    Tensor::from_dispatch(<Dispatch as Linear>::linear(x, weight, bias.into_dispatch(), entry))
}

/// The operation, for burn's dispatch.
#[backend_extension(Autodiff, Flex)]
pub(crate) trait Linear: Backend {
    fn linear(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        entry: Entry,
    ) -> FloatTensor<Self>;
}

/// What the map reads.
#[derive(Debug, Clone)]
struct Given {
    x: FlexTensor,
    weight: FlexTensor,
    bias: FlexTensor,
    entry: Entry,
}

impl Given {
    fn new(x: FlexTensor, weight: FlexTensor, bias: FlexTensor, entry: Entry) -> Self {
        let [x, weight, bias] = [x, weight, bias].map(contiguous);
        Self { x, weight, bias, entry }
    }

    /// `[in, out]`.
    fn sizes(&self) -> [usize; 2] {
        let shape = self.weight.shape();
        [shape[0], shape[1]]
    }

    fn forward(&self) -> FlexTensor {
        let [size, width] = self.sizes();
        let mut shape = self.x.shape().to_vec();
        let rows = shape[..shape.len() - 1].iter().product();
        let numbers = |tensor| values(tensor).unwrap_or_default();
        let (x, weight, bias) = (numbers(&self.x), numbers(&self.weight), numbers(&self.bias));
        let entered = (!self.entry.is_open()).then(|| self.entry.forward(x));
        let x = Matrix::new(entered.as_deref().unwrap_or(x), rows, size);
        let weight = Matrix::new(weight, size, width);
        let out = if bias.is_empty() {
            product(x, weight)
        } else {
            let mut out = Vec::with_capacity(rows * width);
            (0..rows).for_each(|_| out.extend_from_slice(bias));
            add_product(&mut out, x, weight);
            out
        };
        if let Some(last) = shape.last_mut() {
            *last = width;
        }
        FlexTensor::from_data(TensorData::new(out, shape))
    }
}

impl Linear for Flex {
    fn linear(x: FlexTensor, weight: FlexTensor, bias: FlexTensor, entry: Entry) -> FlexTensor {
        Given::new(x, weight, bias, entry).forward()
    }
}

impl<C: CheckpointStrategy> Linear for Autodiff<Flex, C> {
    fn linear(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        entry: Entry,
    ) -> FloatTensor<Self> {
        let nodes = [x.node(), weight.node(), bias.node()];
        let parts = (x.into_primitive(), weight.into_primitive(), bias.into_primitive());
        let given = Given::new(parts.0, parts.1, parts.2, entry);
        let out = given.forward();
        match LinearBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish(given, out),
            OpsKind::UnTracked(prepared) => prepared.finish(out),
        }
    }
}

#[derive(Debug)]
struct LinearBackward;

impl Backward<Flex, 3> for LinearBackward {
    type State = Given;

    fn backward(self, ops: Ops<Given, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let slope = contiguous(grads.consume::<Flex>(&ops.node));
        let given = ops.state;
        let [size, width] = given.sizes();
        let (Some(slopes), Some(x), Some(weight)) =
            (values(&slope), values(&given.x), values(&given.weight))
        else {
            return;
        };
        let rows = slopes.len() / width.max(1);
        let slopes = Matrix::new(slopes, rows, width);
        let [to_x, to_weight, to_bias] = ops.parents;
        if let Some(node) = to_weight {
            let entered = (!given.entry.is_open()).then(|| given.entry.forward(x));
            let x = Matrix::new(entered.as_deref().unwrap_or(x), rows, size);
            let data = TensorData::new(product(x.transposed(), slopes), [size, width]);
            grads.register::<Flex>(node.id, FlexTensor::from_data(data));
        }
        if let Some(node) = to_x {
            let weight = Matrix::new(weight, size, width).transposed();
            let mut along = product(slopes, weight);
            if !given.entry.is_open() {
                given.entry.back(x, &mut along);
            }
            let data = TensorData::new(along, given.x.shape().to_vec());
            grads.register::<Flex>(node.id, FlexTensor::from_data(data));
        }
        if let (Some(node), Some(slopes)) = (to_bias, values(&slope)) {
            let data = TensorData::new(column_sums(slopes, width), [width]);
            grads.register::<Flex>(node.id, FlexTensor::from_data(data));
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::activation::{relu, silu};
    use burn::tensor::{Device, module::linear as plain};

    use super::*;
    use crate::check::{along, leaf, same};
    use crate::dropout::dropout;
    use crate::entry::Activation;

    #[test]
    fn it_is_a_linear_map_of_what_entered_and_so_are_its_gradients() {
        let shapes = [([2, 3, 5], 4), ([1, 1, 7], 3), ([3, 40, 31], 70), ([2, 90, 128], 130)];
        let dropouts = [None, Some(([5, 6], 0.3))];
        for (([b, t, size], width), dropout_) in
            shapes.into_iter().flat_map(|shape| dropouts.map(|dropout| (shape, dropout)))
        {
            for activation in [Activation::Same, Activation::Relu, Activation::Swish] {
                let (x, weight) = (leaf([b, t, size], 1), leaf([size, width], 2));
                let bias = leaf([width], 3);
                let entry = Entry { activation, dropout: dropout_ };
                let entered = match activation {
                    Activation::Same => x.clone(),
                    Activation::Relu => relu(x.clone()),
                    Activation::Swish => silu(x.clone()),
                };
                let entered = match dropout_ {
                    Some((key, probability)) => dropout(entered, key, probability),
                    None => entered,
                };
                let expected = plain(entered, weight.clone(), Some(bias.clone()));
                let got = linear(x.clone(), weight.clone(), Some(bias.clone()), entry);
                same(got, expected, along![x, weight, bias]);
            }
        }
    }

    #[test]
    fn a_turned_input_without_bias_is_mapped_as_it_stands() {
        let (x, weight) = (leaf([6, 4, 3], 1), leaf([6, 5], 2));
        let turned = || x.clone().permute([2, 1, 0]);
        let got = linear(turned(), weight.clone(), None, Entry::default());
        same(got, plain(turned(), weight.clone(), None), along![x, weight]);
    }

    #[test]
    fn no_rows_stay_no_rows() {
        let device = Device::flex();
        let out = linear(
            Tensor::<2>::zeros([0, 3], &device),
            Tensor::ones([3, 2], &device),
            Some(Tensor::ones([2], &device)),
            Entry::default(),
        );
        assert_eq!(out.dims(), [0, 2]);
    }
}
