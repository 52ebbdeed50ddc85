//! R(2+1)D: a residual network over video whose convolutions go over the picture first and over
//! time after (Tran et al. 2018).
//!
//! Channels stay last, so that a convolution is one product over windows or shifted steps and a
//! norm sees plain rows.

use burn::module::Module;
use burn::nn::conv::{Conv3d, Conv3dConfig};
use burn::nn::{BatchNorm, BatchNormConfig, Dropout, DropoutConfig, Linear, LinearConfig};
use burn::tensor::{Device, Tensor, activation::relu, s};
use limbic_kernels::{Window, convolve};
use serde::{Deserialize, Serialize};

use super::norm::normalise_rows;
use crate::Origin;
use crate::dropout::dropped;

#[cfg(test)]
mod golden;

/// Sizes; the defaults are the published 18 layers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct R2plus1dConfig {
    /// Channels of a picture: those of the input.
    #[serde(skip)]
    pub size: usize,
    /// Channels of the stem, between its two convolutions and after them.
    pub stem: [usize; 2],
    /// Channels of each stage; every stage but the first halves time and sides.
    pub widths: Vec<usize>,
    /// Blocks a stage.
    pub blocks: usize,
    /// Dropout before the last layer and on the feature.
    pub dropout: f64,
    /// Length of the feature: the width of the view.
    #[serde(skip)]
    pub out: usize,
}

impl Default for R2plus1dConfig {
    fn default() -> Self {
        Self {
            size: 3,
            stem: [45, 64],
            widths: vec![64, 128, 256, 512],
            blocks: 2,
            dropout: 0.1,
            out: 512,
        }
    }
}

/// Stem, stages, mean over time and places, one layer.
#[derive(Module, Debug)]
pub struct R2plus1d {
    stem: Factored,
    stages: Vec<Vec<Block>>,
    output: Linear,
    dropout: Dropout,
}

/// A convolution over the picture, ReLU, a convolution over time; each with its norm.
#[derive(Module, Debug)]
struct Factored {
    spatial: Unit,
    temporal: Unit,
}

/// A convolution without bias and its norm.
#[derive(Module, Debug)]
struct Unit {
    conv: Conv3d,
    norm: BatchNorm,
}

/// Two factored convolutions beside a shortcut.
#[derive(Module, Debug)]
struct Block {
    first: Factored,
    second: Factored,
    shortcut: Option<Shortcut>,
}

/// Every `stride`th place and step, through one layer.
#[derive(Module, Debug)]
struct Shortcut {
    linear: Linear,
    norm: BatchNorm,
    stride: usize,
}

impl R2plus1dConfig {
    /// Builds it with fresh weights.
    pub fn init(&self, device: &Device) -> R2plus1d {
        let [between, mut size] = self.stem;
        let stem = Factored {
            spatial: Unit::spatial([self.size, between], 7, 2, device),
            temporal: Unit::temporal([between, size], 1, device),
        };
        let stages = self.widths.iter().enumerate().map(|(stage, &out)| {
            let blocks = (0..self.blocks).map(|block| {
                let stride = if stage > 0 && block == 0 { 2 } else { 1 };
                Block::new(std::mem::replace(&mut size, out), out, stride, device)
            });
            blocks.collect()
        });
        R2plus1d {
            stem,
            stages: stages.collect(),
            output: LinearConfig::new(size, self.out).init(device),
            dropout: DropoutConfig::new(self.dropout).init(),
        }
    }
}

impl Unit {
    fn spatial(channels: [usize; 2], kernel: usize, stride: usize, device: &Device) -> Self {
        Self::new(channels, [1, kernel, kernel], [1, stride, stride], device)
    }

    fn temporal(channels: [usize; 2], stride: usize, device: &Device) -> Self {
        Self::new(channels, [3, 1, 1], [stride, 1, 1], device)
    }

    fn new(channels: [usize; 2], kernel: [usize; 3], stride: [usize; 3], device: &Device) -> Self {
        let conv = Conv3dConfig::new(channels, kernel).with_stride(stride).with_bias(false);
        Self { conv: conv.init(device), norm: BatchNormConfig::new(channels[1]).init(device) }
    }

    /// # Shapes
    /// `[b, t, h, w, in]` -> `[b, t, h', w', out]`.
    fn over_places(&self, x: Tensor<5>) -> Tensor<5> {
        let [b, t, h, w, c] = x.dims();
        let weight = self.conv.weight.val();
        let [out, _, _, kernel, _] = weight.dims();
        let window = Window { kernel, stride: self.conv.stride[1], pad: kernel / 2 };
        let weight = weight.permute([2, 3, 4, 1, 0]).reshape([kernel * kernel * c, out]);
        let places = convolve(x.reshape([b * t, h, w, c]), weight, window);
        let rows = places.reshape([b * t * window.count(h) * window.count(w), out]);
        let rows = normalise_rows(&self.norm, rows, false);
        rows.reshape([b, t, window.count(h), window.count(w), out])
    }

    /// # Shapes
    /// `[b, t, h, w, in]` -> `[b, t', h, w, out]`.
    fn over_time(&self, x: Tensor<5>) -> Tensor<5> {
        let ([b, t, h, w, c], device) = (x.dims(), x.device());
        let weight = self.conv.weight.val();
        let [out, _, taps, ..] = weight.dims();
        let (stride, pad) = (self.conv.stride[0], taps / 2);
        let length = (t + 2 * pad - taps) / stride + 1;
        let edge = Tensor::zeros([b, pad, h, w, c], &device);
        let x = Tensor::cat(vec![edge.clone(), x, edge], 1);
        let weight = weight.permute([2, 1, 0, 3, 4]).reshape([taps, c, out]);
        let rows = (0..taps).fold(None, |sum: Option<Tensor<2>>, tap| {
            let last = tap + (length - 1) * stride;
            let steps = x.clone().slice_dim(1, s![tap..=last;stride as isize]);
            let weight = weight.clone().narrow(0, tap, 1).squeeze_dim::<2>(0);
            let product = steps.reshape([b * length * h * w, c]).matmul(weight);
            Some(sum.map_or_else(|| product.clone(), |sum| sum + product.clone()))
        });
        let rows = rows.unwrap_or_else(|| Tensor::zeros([b * length * h * w, out], &device));
        normalise_rows(&self.norm, rows, false).reshape([b, length, h, w, out])
    }
}

impl Factored {
    fn new(channels: [usize; 2], between: usize, stride: usize, device: &Device) -> Self {
        Self {
            spatial: Unit::spatial([channels[0], between], 3, stride, device),
            temporal: Unit::temporal([between, channels[1]], stride, device),
        }
    }

    fn forward(&self, x: Tensor<5>) -> Tensor<5> {
        self.temporal.over_time(relu(self.spatial.over_places(x)))
    }
}

impl Block {
    fn new(size: usize, out: usize, stride: usize, device: &Device) -> Self {
        // As many weights as a full 3x3x3 convolution from `size` to `out`; the second
        // convolution keeps the number although its own would differ.
        let between = 27 * size * out / (9 * size + 3 * out);
        let shortcut = (stride != 1 || size != out).then(|| Shortcut {
            linear: LinearConfig::new(size, out).with_bias(false).init(device),
            norm: BatchNormConfig::new(out).init(device),
            stride,
        });
        Self {
            first: Factored::new([size, out], between, stride, device),
            second: Factored::new([out, out], between, 1, device),
            shortcut,
        }
    }

    /// # Shapes
    /// `[b, t, h, w, in]` -> `[b, t', h', w', out]`.
    fn forward(&self, x: Tensor<5>) -> Tensor<5> {
        let inner = self.second.forward(relu(self.first.forward(x.clone())));
        let beside = match &self.shortcut {
            Some(shortcut) => shortcut.forward(x),
            None => x,
        };
        relu(inner + beside)
    }
}

impl Shortcut {
    fn forward(&self, x: Tensor<5>) -> Tensor<5> {
        let stride = self.stride as isize;
        let x = self.linear.forward(x.slice(s![.., ..;stride, ..;stride, ..;stride]));
        let [b, t, h, w, c] = x.dims();
        let rows = normalise_rows(&self.norm, x.reshape([b * t * h * w, c]), false);
        rows.reshape([b, t, h, w, c])
    }
}

impl R2plus1d {
    /// # Shapes
    /// `[b, size, t, h, w]` -> `[b, out]`.
    pub fn forward(&self, x: Tensor<5>) -> Tensor<2> {
        let mean = self.pooled(x);
        dropped(&self.dropout, self.output.forward(dropped(&self.dropout, mean)))
    }

    /// What the last layer sees: the mean over time and places.
    ///
    /// # Shapes
    /// `[b, size, t, h, w]` -> `[b, width of the last stage]`.
    pub fn pooled(&self, x: Tensor<5>) -> Tensor<2> {
        let x = self.enter(x);
        let x = self.stages.iter().flatten().fold(x, |x, block| block.forward(x));
        x.flatten::<3>(1, 3).mean_dim(1).squeeze_dim::<2>(1)
    }

    /// Channels of a picture.
    pub(crate) fn channels(&self) -> usize {
        self.stem.spatial.conv.weight.dims()[1]
    }

    fn enter(&self, x: Tensor<5>) -> Tensor<5> {
        relu(self.stem.forward(x.permute([0, 2, 3, 4, 1])))
    }
}

/// Where a weight comes from in the authors' `video_encoder.model`, and so in torchvision's files,
/// but for the last layer.
pub fn origin(path: &str) -> Option<Origin> {
    let unit = |conv: &str, norm: &str, layer: &str, field: &str| match (layer, field) {
        ("conv", "weight") => Some(Origin::same(format!("{conv}.weight"))),
        ("norm", _) => Some(Origin::same(format!("{norm}.{}", super::norm::origin(field)?))),
        _ => None,
    };
    let parts: Vec<&str> = path.split('.').collect();
    match *parts.as_slice() {
        ["stem", "spatial", layer, field] => unit("stem.0", "stem.1", layer, field),
        ["stem", "temporal", layer, field] => unit("stem.3", "stem.4", layer, field),
        ["output", "weight"] => Some(Origin::transposed("fc.1.weight")),
        ["output", "bias"] => Some(Origin::same("fc.1.bias")),
        ["stages", stage, block, ref rest @ ..] => {
            let at = format!("layer{}.{block}", stage.parse::<usize>().ok()? + 1);
            match *rest {
                ["shortcut", "linear", "weight"] => {
                    Some(Origin::transposed(format!("{at}.downsample.0.weight")))
                }
                ["shortcut", "norm", field] => {
                    let field = super::norm::origin(field)?;
                    Some(Origin::same(format!("{at}.downsample.1.{field}")))
                }
                [half @ ("first" | "second"), part, layer, field] => {
                    let conv = if half == "first" { "conv1" } else { "conv2" };
                    let at = |place: &str| format!("{at}.{conv}.{place}");
                    match part {
                        "spatial" => unit(&at("0.0"), &at("0.1"), layer, field),
                        "temporal" => unit(&at("0.3"), &at("1"), layer, field),
                        _ => None,
                    }
                }
                _ => None,
            }
        }
        _ => None,
    }
}
