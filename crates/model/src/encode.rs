//! From one modality's input to one vector a clip.

pub(crate) mod conformer;
pub(crate) mod entry;
#[cfg_attr(not(test), expect(dead_code, reason = "wired by the recipe next"))]
pub(crate) mod graph;
mod mlp;
mod ngrams;
pub(crate) mod norm;
pub(crate) mod r2plus1d;
#[cfg_attr(not(test), expect(dead_code, reason = "wired by the recipe next"))]
pub(crate) mod recurrent;
mod resnet;
#[cfg_attr(not(test), expect(dead_code, reason = "wired by the recipe next"))]
pub(crate) mod tcn;
#[cfg_attr(not(test), expect(dead_code, reason = "wired by the recipe next"))]
pub(crate) mod transformer;

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Tensor, activation::relu};
use limbic_media::Modality;

use self::entry::Entry;
use self::mlp::Mlp;
use self::ngrams::Ngrams;
use self::resnet::Resnet;
use crate::pool::Pooling;
use crate::{Body, EncoderConfig, Error, Input, InputConfig, Result};

/// Entry (standardisation or token table), body, pool and a projection to the view.
#[derive(Module, Debug)]
pub struct Encoder {
    pub(crate) entry: Entry,
    body: Layers,
    pooling: Pooling,
    view: Linear,
}

/// The layers of the body.
#[expect(clippy::large_enum_variant, reason = "there is one a model")]
#[derive(Module, Debug)]
enum Layers {
    Mlp(Mlp),
    Conv(Ngrams),
    Resnet(Resnet),
}

impl EncoderConfig {
    /// Builds the encoder with fresh weights for views of `width`.
    pub fn init(&self, width: usize, device: &Device) -> Encoder {
        let entry = Entry::new(&self.input, device);
        let size = match self.input {
            InputConfig::Series { size } | InputConfig::Tokens { size, .. } => size,
            InputConfig::Picture { .. } => 1,
        };
        let (body, out) = match &self.body {
            Body::Mlp { layers, dropout } => {
                (Layers::Mlp(Mlp::new(size, width, *layers, *dropout, device)), width)
            }
            Body::Conv { kernels, channels, dropout } => (
                Layers::Conv(Ngrams::new(size, kernels, *channels, *dropout, device)),
                kernels.len() * channels,
            ),
            Body::Resnet { widths, dropout } => {
                let out = widths.last().copied().unwrap_or(size);
                (Layers::Resnet(Resnet::new(widths, *dropout, device)), out)
            }
        };
        Encoder {
            entry,
            body,
            pooling: self.pool.init(out, device),
            view: LinearConfig::new(self.pool.width(out), width).init(device),
        }
    }
}

impl Encoder {
    /// # Shapes
    /// One modality of a batch of `b` clips -> view `[b, width]`.
    ///
    /// # Errors
    /// [`Error::Input`] where the kind or the size is not what the recipe declares.
    pub fn forward(&self, modality: Modality, input: &Input) -> Result<Tensor<2>> {
        let mismatch = |expected: String, found: String| Error::Input { modality, expected, found };
        let pooled = match (&self.entry, &self.body, input) {
            (Entry::Series(standard), body, Input::Series(sequence)) => {
                let ([_, _, found], expected) = (sequence.x.dims(), standard.size());
                if found != expected {
                    return Err(mismatch(format!("{expected} features"), format!("{found}")));
                }
                let x = standard.forward(sequence.x.clone());
                self.pooling.forward(body.steps(x, &sequence.mask), &sequence.mask)
            }
            (Entry::Tokens(table), body, Input::Tokens(ids, mask)) => {
                self.pooling.forward(body.steps(table.forward(ids.clone()), mask), mask)
            }
            (Entry::Picture(standard), Layers::Resnet(resnet), Input::Pictures(x)) => {
                resnet.forward(standard.forward_picture(x.clone()))
            }
            (entry, _, input) => {
                return Err(mismatch(entry.kind().to_owned(), input.kind().to_owned()));
            }
        };
        Ok(relu(self.view.forward(pooled)))
    }
}

impl Layers {
    /// # Shapes
    /// `x` `[b, t, d]`, `mask` `[b, t]` -> `[b, t, out]`.
    fn steps(&self, x: Tensor<3>, mask: &Tensor<2>) -> Tensor<3> {
        match self {
            Self::Mlp(mlp) => mlp.forward(x),
            Self::Conv(ngrams) => ngrams.forward(x, mask),
            Self::Resnet(_) => x,
        }
    }
}
