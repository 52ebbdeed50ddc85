//! A residual network over pictures (He et al. 2016): a strided 5x5 stem, then one basic block a
//! stage; stem and blocks each halve the side.

use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{BatchNorm, BatchNormConfig, Dropout, DropoutConfig};
use burn::tensor::{Device, Tensor, activation::relu};
use limbic_kernels::{Window, unfold};

/// Stem, stages, mean over places, dropout.
#[derive(Module, Debug)]
pub(crate) struct Resnet {
    stem: Unit,
    stages: Vec<Block>,
    dropout: Dropout,
}

/// A convolution without bias and its batch normalisation.
#[derive(Module, Debug)]
struct Unit {
    conv: Conv2d,
    norm: BatchNorm,
}

/// Two 3x3 units beside a strided 1x1 shortcut.
#[derive(Module, Debug)]
struct Block {
    first: Unit,
    second: Unit,
    shortcut: Unit,
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

    /// # Shapes
    /// `[b, h, w, in]` -> `[b, h', w', out]`: channels stay last, so that the convolution is one
    /// product and the norm sees plain rows.
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let weight = self.conv.weight.val();
        let [out, channels, kernel, _] = weight.dims();
        let window = Window { kernel, stride: self.conv.stride[0], pad: kernel / 2 };
        let [b, h, w, _] = x.dims();
        let weight = weight.permute([2, 3, 1, 0]).reshape([kernel * kernel * channels, out]);
        let rows = self.norm.forward(unfold(x, window).matmul(weight));
        rows.reshape([b, window.count(h), window.count(w), out])
    }
}

impl Block {
    fn new(channels: [usize; 2], device: &Device) -> Self {
        Self {
            first: Unit::new(channels, 3, 2, device),
            second: Unit::new([channels[1], channels[1]], 3, 1, device),
            shortcut: Unit::new(channels, 1, 2, device),
        }
    }

    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let inner = self.second.forward(relu(self.first.forward(x.clone())));
        relu(inner + self.shortcut.forward(x))
    }
}

impl Resnet {
    pub(super) fn new(widths: &[usize], dropout: f64, device: &Device) -> Self {
        let stem = widths.first().copied().unwrap_or(1);
        let stages = widths.windows(2).map(|pair| Block::new([pair[0], pair[1]], device));
        Self {
            stem: Unit::new([1, stem], 5, 2, device),
            stages: stages.collect(),
            dropout: DropoutConfig::new(dropout).init(),
        }
    }

    /// # Shapes
    /// `[b, 1, h, w]` -> `[b, last width]`.
    pub(super) fn forward(&self, x: Tensor<4>) -> Tensor<2> {
        let x = relu(self.stem.forward(x.permute([0, 2, 3, 1])));
        let x = self.stages.iter().fold(x, |x, block| block.forward(x));
        let places: Tensor<3> = x.flatten(1, 2);
        self.dropout.forward(places.mean_dim(1).squeeze_dim(1))
    }
}
