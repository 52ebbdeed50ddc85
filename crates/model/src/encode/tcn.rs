//! A temporal convolutional network with global layer norm (Luo and Mesgarani 2019; the audio
//! encoder of Franceschini et al. 2022).

use std::sync::Arc;

use burn::module::{Module, Param};
use burn::nn::conv::{Conv1d, Conv1dConfig};
use burn::nn::{Dropout, DropoutConfig, Initializer, Linear, LinearConfig, PRelu, PReluConfig};
use burn::tensor::{Device, Tensor};
use limbic_kernels::{depthwise, global_norm};
use serde::{Deserialize, Serialize};

use crate::Origin;
use crate::dropout::{added, dropped};
use crate::layers::{lengths, mapped};

#[cfg(test)]
mod golden;

/// Sizes; the defaults are the published ones.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TcnConfig {
    /// Features a step: those of the input.
    #[serde(skip)]
    pub size: usize,
    /// Channels between blocks.
    pub channels: usize,
    /// Channels inside a block.
    pub hidden: usize,
    /// How often the dilations 1, 2, 4, .. are gone through.
    pub repeats: usize,
    /// How many dilations there are.
    pub dilations: usize,
    /// Taps of the depthwise convolutions, an odd number.
    pub kernel: usize,
    /// Dropout after the bottleneck, after each block and on the feature.
    pub dropout: f64,
    /// Length of the feature: the width of the view.
    #[serde(skip)]
    pub out: usize,
}

impl Default for TcnConfig {
    fn default() -> Self {
        Self {
            size: 128,
            channels: 64,
            hidden: 128,
            repeats: 2,
            dilations: 5,
            kernel: 3,
            dropout: 0.1,
            out: 512,
        }
    }
}

/// Norm and bottleneck, residual blocks, mean over steps, one more layer.
#[derive(Module, Debug)]
pub(crate) struct Tcn {
    norm: GlobalNorm,
    bottleneck: Linear,
    blocks: Vec<Block>,
    activation: PRelu,
    output: Linear,
    dropout: Dropout,
}

/// Each sample normalised over its steps and channels together.
#[derive(Module, Debug)]
struct GlobalNorm {
    gain: Param<Tensor<1>>,
    bias: Param<Tensor<1>>,
}

/// One step wide, one dilated depthwise, one step narrow.
#[derive(Module, Debug)]
struct Block {
    rise: Linear,
    first: PRelu,
    first_norm: GlobalNorm,
    depthwise: Conv1d,
    second: PRelu,
    second_norm: GlobalNorm,
    fall: Linear,
}

impl TcnConfig {
    /// Builds it with fresh weights.
    pub(crate) fn init(&self, device: &Device) -> Tcn {
        let blocks = (0..self.repeats).flat_map(|_| 0..self.dilations);
        Tcn {
            norm: GlobalNorm::new(self.size, device),
            bottleneck: LinearConfig::new(self.size, self.channels).init(device),
            blocks: blocks.map(|power| Block::new(self, 1 << power, device)).collect(),
            activation: PReluConfig::new().init(device),
            output: LinearConfig::new(self.channels, self.out).init(device),
            dropout: DropoutConfig::new(self.dropout).init(),
        }
    }
}

impl GlobalNorm {
    /// Inside the root, so that silence divides by something.
    const EPSILON: f64 = 1e-8;

    fn new(size: usize, device: &Device) -> Self {
        Self {
            gain: Initializer::Ones.init([size], device),
            bias: Initializer::Zeros.init([size], device),
        }
    }

    /// Of the first `lengths[b]` steps of each clip, through the rectifier where there is one; padding
    /// becomes zeros.
    ///
    /// # Shapes
    /// `[b, t, c]` -> `[b, t, c]`.
    fn forward(
        &self,
        x: Tensor<3>,
        rectifier: Option<&PRelu>,
        lengths: &Arc<[usize]>,
    ) -> Tensor<3> {
        let open = || Tensor::ones([1], &x.device());
        let slope = rectifier.map_or_else(open, |rectifier| rectifier.alpha.val());
        let (gain, bias) = (self.gain.val(), self.bias.val());
        global_norm(x, slope, gain, bias, Self::EPSILON, lengths.clone())
    }
}

impl Block {
    fn new(config: &TcnConfig, dilation: usize, device: &Device) -> Self {
        let depthwise = Conv1dConfig::new(config.hidden, config.hidden, config.kernel)
            .with_groups(config.hidden)
            .with_dilation(dilation);
        Self {
            rise: LinearConfig::new(config.channels, config.hidden).init(device),
            first: PReluConfig::new().init(device),
            first_norm: GlobalNorm::new(config.hidden, device),
            depthwise: depthwise.init(device),
            second: PReluConfig::new().init(device),
            second_norm: GlobalNorm::new(config.hidden, device),
            fall: LinearConfig::new(config.hidden, config.channels).init(device),
        }
    }

    /// The wide half: `[b, t, channels]` -> `[b, t, hidden]`.
    fn widen(&self, x: Tensor<3>, lengths: &Arc<[usize]>) -> Tensor<3> {
        self.first_norm.forward(mapped(&self.rise, x), Some(&self.first), lengths)
    }

    /// The dilated convolution. What is not a real step counts as silence.
    fn convolve(&self, x: Tensor<3>, lengths: &Arc<[usize]>) -> Tensor<3> {
        let bias = self.depthwise.bias.as_ref().map(Param::val);
        let (weight, dilation) = (self.depthwise.weight.val(), self.depthwise.dilation);
        depthwise(x, weight, bias, dilation, lengths.clone())
    }

    /// The way back: `[b, t, hidden]` -> `[b, t, channels]`.
    fn narrow(&self, x: Tensor<3>, lengths: &Arc<[usize]>) -> Tensor<3> {
        mapped(&self.fall, self.second_norm.forward(x, Some(&self.second), lengths))
    }

    fn forward(&self, x: Tensor<3>, lengths: &Arc<[usize]>) -> Tensor<3> {
        self.narrow(self.convolve(self.widen(x, lengths), lengths), lengths)
    }
}

impl Tcn {
    /// # Shapes
    /// `x` `[b, t, size]`, `mask` `[b, t]` -> `[b, out]`. Statistics, convolutions and the mean
    /// see real steps alone; a mask of ones is the published network.
    pub(crate) fn forward(&self, x: Tensor<3>, mask: &Tensor<2>) -> Tensor<2> {
        let lengths = lengths(mask);
        let x = dropped(&self.dropout, self.enter(x, &lengths));
        let x = self.blocks.iter().fold(x, |x, block| {
            let said = block.forward(x.clone(), &lengths);
            added(x, said, 1.0, &self.dropout)
        });
        dropped(&self.dropout, self.leave(x, mask.clone().unsqueeze_dim::<3>(2)))
    }

    fn enter(&self, x: Tensor<3>, lengths: &Arc<[usize]>) -> Tensor<3> {
        mapped(&self.bottleneck, self.norm.forward(x, None, lengths))
    }

    fn leave(&self, x: Tensor<3>, mask: Tensor<3>) -> Tensor<2> {
        let steps = mask.clone().sum_dim(1).clamp_min(1.0);
        let mean = ((x * mask).sum_dim(1) / steps).squeeze_dim::<2>(1);
        mapped(&self.output, self.activation.forward(mean))
    }
}

/// Where a weight comes from in the authors' `audio_encoder`.
pub(crate) fn origin(path: &str) -> Option<Origin> {
    let norm = |at: &str, field: &str| match field {
        "gain" => Some(Origin::same(format!("{at}.gamma"))),
        "bias" => Some(Origin::same(format!("{at}.beta"))),
        _ => None,
    };
    let linear = |at: &str, field: &str| match field {
        "weight" => Some(Origin::transposed(format!("{at}.weight"))),
        "bias" => Some(Origin::same(format!("{at}.bias"))),
        _ => None,
    };
    let parts: Vec<&str> = path.split('.').collect();
    match *parts.as_slice() {
        ["norm", field] => norm("bottleneck.0", field),
        ["bottleneck", field] => linear("bottleneck.1", field),
        ["activation", "alpha"] => Some(Origin::same("out.0.weight")),
        ["output", field] => linear("out.1", field),
        ["blocks", index, layer, field] => {
            let at = |layer: &str| format!("TCN.{index}.{layer}");
            match (layer, field) {
                ("rise", _) => linear(&at("shared_block.0"), field),
                ("first", "alpha") => Some(Origin::same(at("shared_block.1.weight"))),
                ("first_norm", _) => norm(&at("shared_block.2"), field),
                ("depthwise", "weight" | "bias") => {
                    Some(Origin::same(at(&format!("shared_block.3.{field}"))))
                }
                ("second", "alpha") => Some(Origin::same(at("shared_block.4.weight"))),
                ("second_norm", _) => norm(&at("shared_block.5"), field),
                ("fall", _) => linear(&at("res_conv"), field),
                _ => None,
            }
        }
        _ => None,
    }
}
