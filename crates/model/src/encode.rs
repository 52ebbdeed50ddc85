//! From one modality's input to one vector a clip.

pub(crate) mod conformer;
pub(crate) mod entry;
pub(crate) mod graph;
mod mlp;
mod ngrams;
pub(crate) mod norm;
pub(crate) mod r2plus1d;
pub(crate) mod recurrent;
mod resnet;
pub(crate) mod tcn;
pub(crate) mod transformer;

use burn::module::Module;
use burn::nn::{Dropout, DropoutConfig, Linear, LinearConfig};
use burn::tensor::{Device, Tensor, activation::relu};
use limbic_media::Modality;

use self::conformer::Conformer;
use self::entry::Entry;
use self::graph::{Graph, GraphConfig, face};
use self::mlp::Mlp;
use self::ngrams::Ngrams;
use self::r2plus1d::{R2plus1d, R2plus1dConfig};
use self::recurrent::{Recurrent, RecurrentConfig};
use self::resnet::Resnet;
use self::tcn::{Tcn, TcnConfig};
use self::transformer::{Transformer, TransformerConfig};
use crate::dropout::dropped;
use crate::pool::Pooling;
use crate::trunk::Trunk;
use crate::{Body, EncoderConfig, Error, Input, Result, Scale};

/// Entry (standardisation or token table), body, and for bodies that do not end in a view a pool
/// and a projection to it.
#[derive(Module, Debug)]
pub struct Encoder {
    pub(crate) entry: Entry,
    body: Layers,
    pooling: Pooling,
    view: Option<Linear>,
    drop: Dropout,
}

/// The layers of the body.
#[derive(Module, Debug)]
enum Layers {
    Mlp(Mlp),
    Conv(Ngrams),
    Resnet(Resnet),
    Tcn(Tcn),
    Graph(Graph),
    R2plus1d(R2plus1d),
    Transformer(Transformer),
    Conformer(Conformer),
    Recurrent(Recurrent),
}

/// What a body makes of its input.
#[expect(clippy::large_enum_variant, reason = "it lives for a moment")]
enum Encoded {
    /// `[b, t, out]` and the mask `[b, t]` of the steps that count.
    Steps(Tensor<3>, Tensor<2>),
    /// `[b, out]`.
    Vector(Tensor<2>),
}

impl EncoderConfig {
    /// Builds the encoder with fresh weights for views of `width`.
    pub fn init(&self, width: usize, device: &Device) -> Encoder {
        let entry = Entry::new(&self.input, device);
        let (body, out) = self.layers(self.input.fed(), width, device);
        let view = LinearConfig::new(self.pool.width(out), width);
        Encoder {
            entry,
            body,
            pooling: self.pool.init(out, device),
            view: self.body.projects().then(|| view.init(device)),
            drop: DropoutConfig::new(self.drop.unwrap_or(0.0)).init(),
        }
    }

    /// The layers for inputs of `size` features, and how long what comes out of them is.
    fn layers(&self, size: usize, width: usize, device: &Device) -> (Layers, usize) {
        match &self.body {
            Body::Mlp { layers, dropout } => {
                let out = if *layers == 0 { size } else { width };
                (Layers::Mlp(Mlp::new(size, width, *layers, *dropout, device)), out)
            }
            Body::Conv { kernels, channels, dropout } => (
                Layers::Conv(Ngrams::new(size, kernels, *channels, *dropout, device)),
                kernels.len() * channels,
            ),
            Body::Resnet { widths, blocks, dropout, mirror } => {
                let out = widths.last().copied().unwrap_or(size);
                (Layers::Resnet(Resnet::new(widths, *blocks, *dropout, *mirror, device)), out)
            }
            Body::Tcn(config) => {
                let config = TcnConfig { size, out: width, ..config.clone() };
                (Layers::Tcn(config.init(device)), width)
            }
            Body::Graph(config) => {
                let size = size / config.nodes;
                let config = GraphConfig { size, out: width, ..config.clone() };
                (Layers::Graph(config.init(device)), width)
            }
            Body::R2plus1d(config) => {
                let config = R2plus1dConfig { size, out: width, ..config.clone() };
                (Layers::R2plus1d(config.init(device)), width)
            }
            Body::Transformer(config) => {
                let config = TransformerConfig { size, out: width, ..config.clone() };
                (Layers::Transformer(config.init(device)), width)
            }
            Body::Conformer(config) => (Layers::Conformer(config.init(size, width, device)), width),
            Body::Recurrent(config) => {
                let config = RecurrentConfig { hidden: width, ..*config };
                (Layers::Recurrent(config.init(size, device)), width)
            }
        }
    }
}

impl Encoder {
    /// The view of a clip, through the `trunk` where there is one.
    ///
    /// # Shapes
    /// One modality of a batch of `b` clips -> view `[b, width]`.
    ///
    /// # Errors
    /// [`Error::Input`] where the kind or the size is not what the recipe declares.
    pub(crate) fn forward(
        &self,
        modality: Modality,
        input: &Input,
        trunk: Option<&Trunk>,
    ) -> Result<Tensor<2>> {
        let view = match (self.encode(modality, input)?, trunk) {
            (Encoded::Steps(steps, mask), Some(trunk)) if trunk.reads_steps() => {
                return Ok(trunk.view(steps, &mask));
            }
            (Encoded::Steps(steps, mask), _) => self.pooling.forward(steps, &mask),
            (Encoded::Vector(view), _) => view,
        };
        let view = match &self.view {
            Some(project) => dropped(&self.drop, relu(project.forward(view))),
            None => view,
        };
        Ok(trunk.map_or(view.clone(), |trunk| trunk.refine(view)))
    }

    fn encode(&self, modality: Modality, input: &Input) -> Result<Encoded> {
        let (x, mask) = match (&self.entry, &self.body, input) {
            (Entry::Picture(standard), Layers::Resnet(resnet), Input::Pictures(x)) => {
                let view = resnet.forward(standard.forward_picture(x.clone()));
                return Ok(Encoded::Vector(view));
            }
            (Entry::Video(_), Layers::R2plus1d(network), Input::Video(x)) => {
                let (found, expected) = (x.dims()[1], network.channels());
                if found != expected {
                    return Err(Error::Input {
                        modality,
                        expected: format!("{expected} channels"),
                        found: format!("{found}"),
                    });
                }
                return Ok(Encoded::Vector(network.forward(x.clone())));
            }
            (Entry::Tokens(table), _, Input::Tokens(ids, mask)) => {
                (table.forward(ids.clone()), mask)
            }
            (Entry::Series(_), _, Input::Series(sequence)) => {
                (self.fed(modality, input)?, &sequence.mask)
            }
            (entry, _, input) => {
                return Err(Error::Input {
                    modality,
                    expected: entry.kind().to_owned(),
                    found: input.kind().to_owned(),
                });
            }
        };
        Ok(match &self.body {
            Layers::Mlp(mlp) => Encoded::Steps(mlp.forward(x), mask.clone()),
            Layers::Conv(ngrams) => Encoded::Steps(ngrams.forward(x, mask), mask.clone()),
            Layers::Conformer(network) => {
                Encoded::Steps(network.forward(x, mask), network.counted(mask))
            }
            Layers::Tcn(network) => Encoded::Vector(network.forward(x, mask)),
            Layers::Graph(network) => {
                let [b, t, size] = x.dims();
                let x = if self.entry.scale() == Some(Scale::Face) {
                    face::place(x.reshape([b, t, face::LANDMARKS, 2]), mask)
                } else {
                    let nodes = network.nodes();
                    x.reshape([b, t, nodes, size / nodes])
                };
                Encoded::Vector(network.forward(x, mask))
            }
            Layers::Transformer(network) => Encoded::Vector(network.forward(x, mask)),
            Layers::Recurrent(network) => Encoded::Vector(network.forward(x, mask)),
            Layers::Resnet(_) | Layers::R2plus1d(_) => Encoded::Steps(x, mask.clone()),
        })
    }

    /// The features of a series as the first layer reads them.
    ///
    /// # Shapes
    /// `[b, t, size]`.
    ///
    /// # Errors
    /// [`Error::Input`] where it is no series, or of another size.
    fn fed(&self, modality: Modality, input: &Input) -> Result<Tensor<3>> {
        let mismatch = |expected: String, found: String| Error::Input { modality, expected, found };
        let (Entry::Series(standard), Input::Series(sequence)) = (&self.entry, input) else {
            return Err(mismatch("series".to_owned(), input.kind().to_owned()));
        };
        let ([_, _, found], expected) = (sequence.x.dims(), standard.size());
        if found != expected {
            return Err(mismatch(format!("{expected} features"), format!("{found}")));
        }
        Ok(standard.forward(sequence.x.clone()))
    }

    /// The features as they are fed and which of their steps count, for what is to guess them.
    ///
    /// # Shapes
    /// `[b, t, size]`, `[b, t]`.
    ///
    /// # Errors
    /// [`Error::Input`] where the input is no series, or of another size.
    pub(crate) fn guessed(
        &self,
        modality: Modality,
        input: &Input,
    ) -> Result<(Tensor<3>, Tensor<2>)> {
        let x = self.fed(modality, input)?;
        let mask = match (&self.body, input) {
            (Layers::Conformer(network), Input::Series(sequence)) => {
                network.counted(&sequence.mask)
            }
            (_, Input::Series(sequence)) => sequence.mask.clone(),
            _ => Tensor::ones([x.dims()[0], x.dims()[1]], &x.device()),
        };
        Ok((x, mask))
    }
}
