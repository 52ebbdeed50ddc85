//! Convolution of pictures whose channels come last, as products over windows that stay in the
//! cache: a few pictures at a time are laid out by window, multiplied and forgotten. Nothing of
//! the layout is kept for the way back, where it is cheaper to lay out again than to read again.

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
use crate::product::{Matrix, multiply};
use crate::window::{Window, gather, spread};

/// Numbers of the layout that are in work at a time: a quarter of a megabyte, which stays in the
/// second cache beside the weights.
const AT_ONCE: usize = 1 << 16;

/// Parts of a batch whose gradients of the weights are summed apart: always as many, so that the
/// sum does not depend on how many threads there are.
const PARTS: usize = 4;

/// # Shapes
/// `x` `[b, h, w, in]`, `weight` `[kernel * kernel * in, out]` with row `(ky * kernel + kx) * in +
/// channel` -> `[b, h', w', out]`, with `h' = window.count(h)`; zeros beyond the edge.
///
/// # Panics
/// Where the weight has another size.
pub fn convolve(x: Tensor<4>, weight: Tensor<2>, window: Window) -> Tensor<4> {
    let (channels, rows) = (x.dims()[3], weight.dims()[0]);
    assert_eq!(rows, window.kernel * window.kernel * channels, "rows of a convolution's weight");
    let Window { kernel, stride, pad } = window;
    let out = <Dispatch as Convolve>::convolve(
        x.into_dispatch(),
        weight.into_dispatch(),
        [kernel, stride, pad],
    );
    Tensor::from_dispatch(out)
}

/// The operation, for burn's dispatch.
#[backend_extension(Autodiff, Flex)]
pub(crate) trait Convolve: Backend {
    fn convolve(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        window: [usize; 3],
    ) -> FloatTensor<Self>;
}

/// What the sizes of a convolution are.
#[derive(Debug, Clone, Copy)]
struct Sizes {
    /// `[b, h, w, in]`.
    x: [usize; 4],
    out: usize,
    window: Window,
}

impl Sizes {
    fn of(x: &FlexTensor, weight: &FlexTensor, [kernel, stride, pad]: [usize; 3]) -> Option<Self> {
        use burn::backend::TensorMetadata;
        let x = x.shape().to_vec().try_into().ok()?;
        let out = *weight.shape().to_vec().get(1)?;
        Some(Self { x, out, window: Window { kernel, stride, pad } })
    }

    /// Numbers of a picture.
    const fn picture(&self) -> usize {
        self.x[1] * self.x[2] * self.x[3]
    }

    /// Windows of a picture.
    const fn places(&self) -> usize {
        self.window.count(self.x[1]) * self.window.count(self.x[2])
    }

    /// Numbers of a window.
    const fn columns(&self) -> usize {
        self.window.kernel * self.window.kernel * self.x[3]
    }

    /// Pictures in work at a time.
    fn group(&self) -> usize {
        (AT_ONCE / (self.places() * self.columns()).max(1)).clamp(1, self.x[0].max(1))
    }
}

impl Convolve for Flex {
    fn convolve(x: FlexTensor, weight: FlexTensor, window: [usize; 3]) -> FlexTensor {
        let (x, weight) = (contiguous(x), contiguous(weight));
        let Some(sizes) = Sizes::of(&x, &weight, window) else { return x };
        let (Some(pictures), Some(rows)) = (values(&x), values(&weight)) else { return x };
        let [b, h, w, _] = sizes.x;
        let shape = [b, sizes.window.count(h), sizes.window.count(w), sizes.out];
        let mut out = vec![0f32; shape.iter().product()];
        forward(pictures, rows, sizes, &mut out);
        FlexTensor::from_data(TensorData::new(out, shape))
    }
}

fn forward(pictures: &[f32], weight: &[f32], sizes: Sizes, out: &mut [f32]) {
    let (group, places, columns) = (sizes.group(), sizes.places(), sizes.columns());
    if out.is_empty() || columns == 0 {
        return;
    }
    let weight = Matrix::new(weight, columns, sizes.out);
    let work = out
        .par_chunks_mut(group * places * sizes.out)
        .zip(pictures.par_chunks(group * sizes.picture()));
    work.for_each_init(Vec::new, |layout, (out, pictures)| {
        let rows = out.len() / sizes.out;
        laid_out(pictures, sizes, rows, layout);
        multiply(out, Matrix::new(layout, rows, columns), weight, false);
    });
}

/// The windows of a few pictures, row by row.
fn laid_out(pictures: &[f32], sizes: Sizes, rows: usize, layout: &mut Vec<f32>) {
    layout.clear();
    layout.resize(rows * sizes.columns(), 0.0);
    spread(pictures, sizes.x, sizes.window, layout);
}

impl<C: CheckpointStrategy> Convolve for Autodiff<Flex, C> {
    fn convolve(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        window: [usize; 3],
    ) -> FloatTensor<Self> {
        let nodes = [x.node(), weight.node()];
        let (x, weight) = (contiguous(x.into_primitive()), contiguous(weight.into_primitive()));
        let out = <Flex as Convolve>::convolve(x.clone(), weight.clone(), window);
        match ConvolveBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish((x, weight, window), out),
            OpsKind::UnTracked(prepared) => prepared.finish(out),
        }
    }
}

#[derive(Debug)]
struct ConvolveBackward;

impl Backward<Flex, 2> for ConvolveBackward {
    type State = (FlexTensor, FlexTensor, [usize; 3]);

    fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, _: &mut Checkpointer) {
        let gradient = contiguous(grads.consume::<Flex>(&ops.node));
        let (x, weight, window) = ops.state;
        let [to_x, to_weight] = ops.parents;
        let Some(sizes) = Sizes::of(&x, &weight, window) else { return };
        let (Some(slope), Some(pictures), Some(rows)) =
            (values(&gradient), values(&x), values(&weight))
        else {
            return;
        };
        let mut along_x = vec![0f32; if to_x.is_some() { pictures.len() } else { 0 }];
        let along_weight = backward(slope, pictures, rows, sizes, &mut along_x);
        if let Some(node) = to_x {
            let data = TensorData::new(along_x, sizes.x);
            grads.register::<Flex>(node.id, FlexTensor::from_data(data));
        }
        if let Some(node) = to_weight {
            let data = TensorData::new(along_weight, [sizes.columns(), sizes.out]);
            grads.register::<Flex>(node.id, FlexTensor::from_data(data));
        }
    }
}

/// The gradient of the weight; that of the pictures goes to `along_x`, where it has room.
fn backward(
    slope: &[f32],
    pictures: &[f32],
    weight: &[f32],
    sizes: Sizes,
    along_x: &mut [f32],
) -> Vec<f32> {
    let (group, places, columns) = (sizes.group(), sizes.places(), sizes.columns());
    let mut sum = vec![0f32; weight.len()];
    if slope.is_empty() || columns == 0 {
        return sum;
    }
    let rows = Matrix::new(weight, columns, sizes.out).transposed();
    let (of_picture, of_slope) = (sizes.picture(), places * sizes.out);
    let wanted = !along_x.is_empty();
    let part = sizes.x[0].div_ceil(PARTS).max(1);
    let parts: Vec<Vec<f32>> = pictures
        .par_chunks(part * of_picture)
        .zip(slope.par_chunks(part * of_slope))
        .zip(split(along_x, part * of_picture, sizes.x[0].div_ceil(part)))
        .map(|((pictures, slope), along_x)| {
            let (mut along_weight, mut layout) = (vec![0f32; weight.len()], Vec::new());
            let groups =
                pictures.chunks(group * of_picture).zip(slope.chunks(group * of_slope)).enumerate();
            for (index, (pictures, slope)) in groups {
                let count = slope.len() / sizes.out;
                laid_out(pictures, sizes, count, &mut layout);
                let slope = Matrix::new(slope, count, sizes.out);
                let windows = Matrix::new(&layout, count, columns).transposed();
                multiply(&mut along_weight, windows, slope, true);
                if wanted {
                    multiply(&mut layout, slope, rows, false);
                    let along_x = &mut along_x[index * group * of_picture..][..pictures.len()];
                    gather(&layout, sizes.x, sizes.window, along_x);
                }
            }
            along_weight
        })
        .collect();
    for part in parts {
        sum.iter_mut().zip(part).for_each(|(sum, value)| *sum += value);
    }
    sum
}

/// Pieces of `size` numbers; `count` empty ones where there is nothing to cut.
fn split(values: &mut [f32], size: usize, count: usize) -> Vec<&mut [f32]> {
    if values.is_empty() {
        return (0..count).map(|_| Default::default()).collect();
    }
    values.chunks_mut(size).collect()
}

#[cfg(test)]
mod tests {
    use burn::tensor::module::conv2d;
    use burn::tensor::ops::ConvOptions;
    use burn::tensor::{Device, Distribution, Tensor, Tolerance};

    use super::*;

    /// The same with kernels as burn lays them out, and channels first.
    fn turned(x: Tensor<4>, kernels: Tensor<4>, window: Window) -> Tensor<4> {
        let [out, c, k, _] = kernels.dims();
        let weight = kernels.permute([2, 3, 1, 0]).reshape([k * k * c, out]);
        convolve(x.permute([0, 2, 3, 1]), weight, window).permute([0, 3, 1, 2])
    }

    #[test]
    fn it_is_the_convolution_and_so_are_its_gradients() {
        let device = Device::flex().autodiff();
        for (kernel, stride, pad, [b, c, h, w]) in [
            (3, 1, 1, [2, 3, 5, 7]),
            (3, 2, 1, [5, 3, 6, 9]),
            (5, 2, 2, [1, 1, 11, 4]),
            (1, 2, 0, [3, 4, 5, 6]),
            (7, 2, 3, [2, 2, 2, 3]),
            (3, 1, 1, [9, 16, 24, 24]),
        ] {
            let window = Window { kernel, stride, pad };
            let normal = Distribution::Normal(0.0, 1.0);
            let x = Tensor::<4>::random([b, c, h, w], normal, &device).require_grad();
            let kernels =
                Tensor::<4>::random([4, c, kernel, kernel], normal, &device).require_grad();
            let options = ConvOptions::new([stride, stride], [pad, pad], [1, 1], 1);
            let expected = conv2d(x.clone(), kernels.clone(), None, options);
            let got = turned(x.clone(), kernels.clone(), window);
            let same = Tolerance::<f32>::rel_abs(1e-3, 1e-3);
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

    #[test]
    fn any_number_of_threads_gives_the_same_bits() {
        let device = Device::flex().autodiff();
        // Not from the device's generator, which tests that run at once share.
        let numbers = |count: usize| -> Vec<f32> {
            (0..count).map(|i| ((i * i) as f32 * 0.37 + i as f32).sin()).collect()
        };
        let run = || {
            let x = TensorData::new(numbers(13 * 12 * 12 * 8), [13, 12, 12, 8]);
            let x = Tensor::<4>::from_data(x, &device).require_grad();
            let weight = TensorData::new(numbers(72 * 16), [72, 16]);
            let weight = Tensor::<2>::from_data(weight, &device).require_grad();
            let out = convolve(x.clone(), weight.clone(), Window { kernel: 3, stride: 1, pad: 1 });
            let slopes = (out.clone() * out).sum().backward();
            [x.grad(&slopes).unwrap().into_data(), weight.grad(&slopes).unwrap().into_data()]
        };
        let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        assert_eq!(pool(1).install(run), pool(3).install(run));
    }
}
