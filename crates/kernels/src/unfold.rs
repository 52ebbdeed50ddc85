//! Windows of pictures, side by side, so that a convolution is one matrix product.
//!
//! burn's own convolution multiplies many small matrices (11 GF/s on pictures of 24x24 and 64
//! channels); with the places as rows there is one large product.

use burn::backend::autodiff::{
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients,
    ops::{Backward, Ops, OpsKind},
};
use burn::backend::{
    Autodiff, Backend, Dispatch, Flex, TensorMetadata, backend_extension, flex::FlexTensor,
    tensor::FloatTensor,
};
use burn::tensor::{Tensor, TensorData};
use rayon::prelude::*;

/// A square window that slides over a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Side, in places.
    pub kernel: usize,
    /// Places from one window to the next.
    pub stride: usize,
    /// Places of silence around the picture.
    pub pad: usize,
}

impl Window {
    /// How many windows fit along a side of `length`.
    pub const fn count(&self, length: usize) -> usize {
        (length + 2 * self.pad).saturating_sub(self.kernel) / self.stride + 1
    }

    /// Of the window at `index`: the first place of the picture inside it, the first of its own
    /// places that holds one, and how many do.
    fn inside(&self, index: usize, length: usize) -> (usize, usize, usize) {
        let start = index * self.stride;
        let skip = self.pad.saturating_sub(start);
        let from = (start + skip) - self.pad;
        let held = self.kernel.saturating_sub(skip).min(length.saturating_sub(from));
        (from, skip, held)
    }
}

/// Lays out the window at every place: column `(ky * kernel + kx) * c + channel`, zero where the
/// window hangs over the edge.
///
/// # Shapes
/// `[b, h, w, c]` -> `[b * h' * w', kernel * kernel * c]`, with `h' = window.count(h)`.
pub fn unfold(x: Tensor<4>, window: Window) -> Tensor<2> {
    let Window { kernel, stride, pad } = window;
    Tensor::from_dispatch(<Dispatch as Unfold>::unfold(x.into_dispatch(), [kernel, stride, pad]))
}

/// The operation, for burn's dispatch.
#[backend_extension(Autodiff, Flex)]
pub(crate) trait Unfold: Backend {
    fn unfold(x: FloatTensor<Self>, window: [usize; 3]) -> FloatTensor<Self>;
}

impl Unfold for Flex {
    fn unfold(x: FlexTensor, [kernel, stride, pad]: [usize; 3]) -> FlexTensor {
        let x = contiguous(x);
        let Some((values, shape)) = values(&x) else { return x };
        let window = Window { kernel, stride, pad };
        let (rows, columns) = (
            shape[0] * window.count(shape[1]) * window.count(shape[2]),
            kernel * kernel * shape[3],
        );
        let mut out = vec![0f32; rows * columns];
        spread(values, shape, window, &mut out);
        FlexTensor::from_data(TensorData::new(out, [rows, columns]))
    }
}

impl<C: CheckpointStrategy> Unfold for Autodiff<Flex, C> {
    fn unfold(x: FloatTensor<Self>, window: [usize; 3]) -> FloatTensor<Self> {
        let node = x.node();
        let x = x.into_primitive();
        let shape: Vec<usize> = x.shape().to_vec();
        let out = <Flex as Unfold>::unfold(x, window);
        match UnfoldBackward.prepare::<C>([node]).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish((shape, window), out),
            OpsKind::UnTracked(prepared) => prepared.finish(out),
        }
    }
}

#[derive(Debug)]
struct UnfoldBackward;

impl Backward<Flex, 1> for UnfoldBackward {
    type State = (Vec<usize>, [usize; 3]);

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let gradient = contiguous(grads.consume::<Flex>(&ops.node));
        let (shape, [kernel, stride, pad]) = ops.state;
        let [parent] = ops.parents;
        let (Some(parent), Some(columns), &[b, h, w, c]) =
            (parent, gradient.as_slice::<f32>(), &shape[..])
        else {
            return;
        };
        let mut out = vec![0f32; b * h * w * c];
        gather(columns, [b, h, w, c], Window { kernel, stride, pad }, &mut out);
        grads.register::<Flex>(parent.id, FlexTensor::from_data(TensorData::new(out, shape)));
    }
}

fn contiguous(x: FlexTensor) -> FlexTensor {
    if x.as_slice::<f32>().is_some() { x } else { x.to_contiguous() }
}

fn values(x: &FlexTensor) -> Option<(&[f32], [usize; 4])> {
    let shape = x.shape();
    Some((x.as_slice::<f32>()?, shape.to_vec().try_into().ok()?))
}

/// Pictures to windows.
fn spread(x: &[f32], [_, h, w, c]: [usize; 4], window: Window, out: &mut [f32]) {
    let k = window.kernel;
    let (tall, wide) = (window.count(h), window.count(w));
    out.par_chunks_mut(wide * k * k * c).enumerate().for_each(|(line, out)| {
        let picture = &x[line / tall * h * w * c..][..h * w * c];
        let (y, skip_y, held_y) = window.inside(line % tall, h);
        for (column, out) in out.chunks_mut(k * k * c).enumerate() {
            let (x, skip_x, held_x) = window.inside(column, w);
            for row in 0..held_y {
                let from = ((y + row) * w + x) * c;
                let to = ((skip_y + row) * k + skip_x) * c;
                out[to..to + held_x * c].copy_from_slice(&picture[from..from + held_x * c]);
            }
        }
    });
}

/// The transpose of [`spread`]: every place collects what its windows hold, in one fixed order.
fn gather(columns: &[f32], [_, h, w, c]: [usize; 4], window: Window, out: &mut [f32]) {
    let k = window.kernel;
    let (tall, wide) = (window.count(h), window.count(w));
    out.par_chunks_mut(h * w * c).zip(columns.par_chunks(tall * wide * k * k * c)).for_each(
        |(picture, columns)| {
            for (place, column) in columns.chunks(k * k * c).enumerate() {
                let (y, skip_y, held_y) = window.inside(place / wide, h);
                let (x, skip_x, held_x) = window.inside(place % wide, w);
                for row in 0..held_y {
                    let to = ((y + row) * w + x) * c;
                    let from = ((skip_y + row) * k + skip_x) * c;
                    let into = &mut picture[to..to + held_x * c];
                    into.iter_mut().zip(&column[from..]).for_each(|(sum, value)| *sum += value);
                }
            }
        },
    );
}

#[cfg(test)]
mod tests {
    use burn::tensor::module::conv2d;
    use burn::tensor::ops::ConvOptions;
    use burn::tensor::{Device, Distribution, Tensor, Tolerance};

    use super::*;

    /// Windows times kernels, as pictures with their channels first.
    fn product(x: Tensor<4>, kernels: Tensor<4>, window: Window) -> Tensor<4> {
        let [b, _, h, w] = x.dims();
        let [out, c, k, _] = kernels.dims();
        let rows = unfold(x.permute([0, 2, 3, 1]), window);
        let weights = kernels.permute([2, 3, 1, 0]).reshape([k * k * c, out]);
        rows.matmul(weights)
            .reshape([b, window.count(h), window.count(w), out])
            .permute([0, 3, 1, 2])
    }

    #[test]
    fn a_product_over_windows_is_the_convolution_and_so_are_its_gradients() {
        let device = Device::flex().autodiff();
        for (kernel, stride, pad, [h, w]) in [
            (3, 1, 1, [5, 7]),
            (3, 2, 1, [6, 9]),
            (5, 2, 2, [11, 4]),
            (1, 2, 0, [5, 6]),
            (7, 2, 3, [2, 3]),
        ] {
            let window = Window { kernel, stride, pad };
            let normal = Distribution::Normal(0.0, 1.0);
            let x = Tensor::<4>::random([2, 3, h, w], normal, &device).require_grad();
            let kernels =
                Tensor::<4>::random([4, 3, kernel, kernel], normal, &device).require_grad();
            let options = ConvOptions::new([stride, stride], [pad, pad], [1, 1], 1);
            let expected = conv2d(x.clone(), kernels.clone(), None, options);
            let got = product(x.clone(), kernels.clone(), window);
            let same = Tolerance::<f32>::rel_abs(1e-4, 1e-4);
            got.to_data().assert_approx_eq(&expected.to_data(), same);
            let weigh = Tensor::<4>::random(expected.dims(), normal, &device);
            let a = (expected * weigh.clone()).sum().backward();
            let b = (got * weigh).sum().backward();
            for leaf in [&x, &kernels] {
                let (a, b) = (leaf.grad(&a).unwrap(), leaf.grad(&b).unwrap());
                b.to_data().assert_approx_eq(&a.to_data(), same);
            }
        }
    }
}
