//! The conformer (Gulati et al. 2020) as VAVL has it (Goncalves et al. 2024): no subsampling,
//! absolute sinusoids that are shifted into relative places, scores over the square root of the
//! whole width.

mod attention;
mod convolution;
mod feed_forward;
#[cfg(test)]
pub(crate) mod golden;
mod places;
#[cfg(test)]
mod tests;

use burn::module::Module;
use burn::nn::{Dropout, DropoutConfig, Initializer, LayerNorm, Linear, LinearConfig};
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use self::attention::RelativeAttention;
use self::convolution::Convolution;
use self::feed_forward::FeedForward;
use self::places::Places;
use crate::dropout::dropped;
use crate::layers::{mapped, norm, normed};
use crate::{Error, Origin, Result};

/// Which axis the layers take for time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Axes {
    /// The steps of a clip; padding is masked.
    #[default]
    Time,
    /// As the authors' code has it: the clips of the batch, step by step, so that what is read in
    /// one clip depends on the others; padding counts as steps. For parity alone.
    Reference,
}

/// How a conformer is built.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConformerConfig {
    /// Blocks.
    pub layers: usize,
    /// Heads of attention; they divide the width.
    pub heads: usize,
    /// Steps that the depthwise convolution sees; odd.
    pub kernel: usize,
    /// Width inside a feed-forward layer, as a multiple of the width outside.
    pub expansion: usize,
    /// Dropout throughout.
    pub dropout: f64,
    /// Width of a linear map of each frame, without bias, in front; none without it.
    pub frame: Option<usize>,
    /// Which axis the layers take for time.
    pub axes: Axes,
}

/// Frame projection, input projection, blocks.
#[derive(Module, Debug)]
pub(crate) struct Conformer {
    frame: Option<Linear>,
    project: Linear,
    dropout: Dropout,
    blocks: Vec<Block>,
    #[module(skip)]
    axes: Axes,
}

/// Half a feed-forward layer, attention, convolution, the other half, each added to what came in;
/// then a layer norm.
#[derive(Module, Debug)]
struct Block {
    first: FeedForward,
    attention: RelativeAttention,
    convolution: Convolution,
    second: FeedForward,
    norm: LayerNorm,
}

impl Axes {
    /// The steps that count: those of the mask, or all of them, as the authors have it.
    ///
    /// # Shapes
    /// `[b, t]` -> `[b, t]`.
    pub(crate) fn counted(self, mask: &Tensor<2>) -> Tensor<2> {
        match self {
            Self::Time => mask.clone(),
            Self::Reference => mask.ones_like(),
        }
    }

    /// `[b, t, d]` with the axis that the layers take for time in the middle, and back.
    pub(crate) fn turned(self, x: Tensor<3>) -> Tensor<3> {
        match self {
            Self::Time => x,
            Self::Reference => x.swap_dims(0, 1),
        }
    }
}

impl Default for ConformerConfig {
    /// The published encoder; 3 blocks.
    fn default() -> Self {
        Self {
            layers: 3,
            heads: 8,
            kernel: 31,
            expansion: 4,
            dropout: 0.1,
            frame: None,
            axes: Axes::Time,
        }
    }
}

impl ConformerConfig {
    /// Refuses sizes that cannot be built; `key` is where in the recipe this stands.
    ///
    /// # Errors
    /// [`Error::Key`] with the key and what to write.
    pub(crate) fn check(&self, key: &str, width: usize) -> Result<()> {
        let wrong =
            |field: &str, reason: String| Err(Error::Key { key: format!("{key}.{field}"), reason });
        if self.heads == 0 || !width.is_multiple_of(self.heads) {
            return wrong("heads", format!("{} do not divide the width, {width}", self.heads));
        }
        if self.kernel.is_multiple_of(2) {
            return wrong("kernel", format!("{} is even; write an odd number", self.kernel));
        }
        if self.expansion == 0 || self.frame == Some(0) {
            let field = if self.expansion == 0 { "expansion" } else { "frame" };
            return wrong(field, "is 0; write at least 1".to_owned());
        }
        if !(0.0..1.0).contains(&self.dropout) {
            return wrong("dropout", format!("{} is not in [0, 1)", self.dropout));
        }
        Ok(())
    }

    /// Builds it with fresh weights for steps of `size` features.
    pub(crate) fn init(&self, size: usize, width: usize, device: &Device) -> Conformer {
        let frame =
            self.frame.map(|frame| LinearConfig::new(size, frame).with_bias(false).init(device));
        let block = |_| Block {
            first: FeedForward::new(width, self, device),
            attention: RelativeAttention::new(width, self, device),
            convolution: Convolution::new(width, self, device),
            second: FeedForward::new(width, self, device),
            norm: norm(width, device),
        };
        Conformer {
            project: linear(self.frame.unwrap_or(size), width, device),
            frame,
            dropout: DropoutConfig::new(self.dropout).init(),
            blocks: (0..self.layers).map(block).collect(),
            axes: self.axes,
        }
    }
}

impl Conformer {
    /// The real steps of a clip come first, its padding after them. Rows of padding hold nothing
    /// of use.
    ///
    /// # Shapes
    /// `x` `[b, t, size]`, `mask` `[b, t]` -> `[b, t, width]`.
    pub(crate) fn forward(&self, x: Tensor<3>, mask: &Tensor<2>) -> Tensor<3> {
        let x = self.enter(x);
        let places = self.places(&x, mask);
        let x = self.blocks.iter().fold(x, |x, block| block.forward(x, &places));
        self.axes.turned(x)
    }

    /// The steps that count: see [`Axes::counted`].
    pub(crate) fn counted(&self, mask: &Tensor<2>) -> Tensor<2> {
        self.axes.counted(mask)
    }

    fn enter(&self, x: Tensor<3>) -> Tensor<3> {
        let x = self.axes.turned(x);
        let x = match &self.frame {
            Some(frame) => mapped(frame, x),
            None => x,
        };
        dropped(&self.dropout, mapped(&self.project, x))
    }

    /// What the layers have to know of the steps of `x`, which has been turned.
    fn places(&self, x: &Tensor<3>, mask: &Tensor<2>) -> Places {
        let [b, t, width] = x.dims();
        match self.axes {
            Axes::Time => Places::masked(mask, width),
            Axes::Reference => Places::all(b, t, width, &x.device()),
        }
    }
}

impl Block {
    /// # Shapes
    /// `[b, t, d]` -> `[b, t, d]`.
    fn forward(&self, x: Tensor<3>, places: &Places) -> Tensor<3> {
        let x = self.attention.forward(self.first.forward(x), places);
        let x = self.second.forward(self.convolution.forward(x, places));
        normed(&self.norm, x)
    }
}

/// A linear layer that starts with Xavier's uniform weights and no bias.
fn linear(from: usize, to: usize, device: &Device) -> Linear {
    let config = LinearConfig::new(from, to).with_bias(false);
    let mut layer = config.with_initializer(Initializer::XavierUniform { gain: 1.0 }).init(device);
    layer.bias = Some(Initializer::Zeros.init([to], device));
    layer
}

/// Where the authors keep the weight at `path`, under the `encoder` of their conformer. `frame`
/// is not there: it lies beside it, as `conv_1d_a` or `conv_1d_v`.
pub(crate) fn origin(path: &str) -> Option<Origin> {
    if let Some(field) = path.strip_prefix("project.") {
        return Origin::linear("input_projection.0.linear", field);
    }
    let (block, path) = path.strip_prefix("blocks.")?.split_once('.')?;
    let (part, path) = path.split_once('.')?;
    let found = match part {
        "first" => feed_forward::origin(path)?.within("0.module.sequential"),
        "attention" => attention::origin(path)?.within("1.module"),
        "convolution" => convolution::origin(path)?.within("2.module.sequential"),
        "second" => feed_forward::origin(path)?.within("3.module.sequential"),
        "norm" => Origin::norm("4", path)?,
        _ => return None,
    };
    Some(found.within(&format!("layers.{block}.sequential")))
}
