//! A residual network over pictures (He et al. 2016): a strided 5x5 stem, then basic blocks; the stem
//! and the first block of each stage halve the side.

use crate::dropout::dropped;
use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{BatchNorm, BatchNormConfig, Dropout, DropoutConfig};
use burn::tensor::{Device, Tensor, activation::relu};
use limbic_kernels::{Window, convolve};

use super::norm::normalise_rows;

/// Stem, stages, mean over places, dropout.
#[derive(Module, Debug)]
pub(crate) struct Resnet {
    stem: Unit,
    stages: Vec<Block>,
    dropout: Dropout,
    /// Whether a picture and its mirror image are seen as one, outside of training.
    #[module(skip)]
    mirror: bool,
}

/// A convolution without bias and its batch normalisation.
#[derive(Module, Debug)]
struct Unit {
    conv: Conv2d,
    norm: BatchNorm,
}

/// Two 3x3 units beside what they are added to: the input as it is, or through a strided 1x1.
#[derive(Module, Debug)]
struct Block {
    first: Unit,
    second: Unit,
    shortcut: Option<Unit>,
}

impl Unit {
    /// `kernel` is odd; the sides are padded so that a stride of 1 keeps them.
    fn new(channels: [usize; 2], kernel: usize, stride: usize, device: &Device) -> Self {
        Self {
            conv: Conv2dConfig::new(channels, [kernel, kernel])
                .with_stride([stride, stride])
                .with_bias(false)
                .init(device),
            norm: BatchNormConfig::new(channels[1]).init(device),
        }
    }

    /// Through a ReLU where `through` is set.
    ///
    /// # Shapes
    /// `[b, h, w, in]` -> `[b, h', w', out]`: channels stay last, so that the norm sees plain rows.
    fn forward(&self, x: Tensor<4>, through: bool) -> Tensor<4> {
        let weight = self.conv.weight.val();
        let [out, channels, kernel, _] = weight.dims();
        let window = Window { kernel, stride: self.conv.stride[0], pad: kernel / 2 };
        let weight = weight.permute([2, 3, 1, 0]).reshape([kernel * kernel * channels, out]);
        let x = convolve(x, weight, window);
        let [b, h, w, _] = x.dims();
        normalise_rows(&self.norm, x.reshape([b * h * w, out]), through).reshape([b, h, w, out])
    }
}

impl Block {
    fn new(channels: [usize; 2], stride: usize, device: &Device) -> Self {
        let same = channels[0] == channels[1] && stride == 1;
        Self {
            first: Unit::new(channels, 3, stride, device),
            second: Unit::new([channels[1], channels[1]], 3, 1, device),
            shortcut: (!same).then(|| Unit::new(channels, 1, stride, device)),
        }
    }

    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let inner = self.second.forward(self.first.forward(x.clone(), true), false);
        relu(inner + self.shortcut.as_ref().map_or(x.clone(), |unit| unit.forward(x, false)))
    }
}

impl Resnet {
    /// A stem of `widths[0]` channels; then a stage of `blocks` blocks for each width after it.
    pub(super) fn new(
        widths: &[usize],
        blocks: usize,
        dropout: f64,
        mirror: bool,
        device: &Device,
    ) -> Self {
        let stem = widths.first().copied().unwrap_or(1);
        let stages = widths.windows(2).flat_map(|pair| {
            (0..blocks).map(|block| match block {
                0 => Block::new([pair[0], pair[1]], 2, device),
                _ => Block::new([pair[1], pair[1]], 1, device),
            })
        });
        Self {
            stem: Unit::new([1, stem], 5, 2, device),
            stages: stages.collect(),
            dropout: DropoutConfig::new(dropout).init(),
            mirror,
        }
    }

    /// # Shapes
    /// `[b, 1, h, w]` -> `[b, last width]`.
    pub(super) fn forward(&self, x: Tensor<4>) -> Tensor<2> {
        let x = x.permute([0, 2, 3, 1]);
        if self.mirror && !x.device().is_autodiff() {
            return (self.seen(x.clone()) + self.seen(x.flip([2]))) / 2.0;
        }
        dropped(&self.dropout, self.seen(x))
    }

    /// # Shapes
    /// `[b, h, w, 1]` -> `[b, last width]`.
    fn seen(&self, x: Tensor<4>) -> Tensor<2> {
        let x = self.stem.forward(x, true);
        let x = self.stages.iter().fold(x, |x, block| block.forward(x));
        let places: Tensor<3> = x.flatten(1, 2);
        places.mean_dim(1).squeeze_dim(1)
    }
}
