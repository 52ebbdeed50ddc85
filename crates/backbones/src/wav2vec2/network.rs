//! The network of wav2vec 2.0 (Baevski et al. 2020): filters over samples, positions by a wide
//! convolution, transformer layers.

use burn::nn::{LayerNorm, Linear};
use burn::tensor::{Tensor, TensorData};
use limbic_features::Result;

use super::published::{FilterNorm, Published};
use crate::convolution::Convolution;
use crate::transformer::{Activation, Layer, Names, Order};
use crate::weights::Weights;

const NAMES: Names = Names {
    query: "attention.q_proj",
    key: "attention.k_proj",
    value: "attention.v_proj",
    gather: "attention.out_proj",
    attention_norm: "layer_norm",
    rise: "feed_forward.intermediate_dense",
    fall: "feed_forward.output_dense",
    forward_norm: "final_layer_norm",
};

/// Samples to frames.
#[derive(Debug)]
pub(super) struct Network {
    filters: Vec<Filter>,
    /// Of filters and positions.
    activation: Activation,
    project_norm: LayerNorm,
    project: Linear,
    positions: Convolution,
    layers: Vec<Layer>,
    /// Before the first layer where layers normalise after, behind the last where before.
    norm: LayerNorm,
    order: Order,
}

/// A convolution, its norm, a bend.
#[derive(Debug)]
struct Filter {
    convolution: Convolution,
    norm: Option<Norm>,
}

#[expect(clippy::large_enum_variant, reason = "there is one a filter")]
#[derive(Debug)]
enum Norm {
    /// Every channel over time.
    Time { gain: Tensor<1>, bias: Tensor<1> },
    /// Every step over channels.
    Channels(LayerNorm),
}

impl Network {
    /// Reads the filters and the first `layers` layers.
    pub(super) fn read(weights: &Weights, published: &Published, layers: usize) -> Result<Self> {
        let (shape, epsilon) = (published.shape(), published.layer_norm_eps);
        let size = published.hidden_size;
        let channels = *published.conv_dim.last().unwrap_or(&1);
        let filters = (0..published.conv_dim.len()).map(|i| Filter::read(weights, published, i));
        let layers = (0..layers)
            .map(|i| Layer::read(weights, &format!("encoder.layers.{i}"), &NAMES, shape));
        Ok(Self {
            filters: filters.collect::<Result<_>>()?,
            activation: published.feat_extract_activation,
            project_norm: weights.norm("feature_projection.layer_norm", channels, epsilon)?,
            project: weights.linear("feature_projection.projection", channels, size)?,
            positions: positions(weights, published)?,
            layers: layers.collect::<Result<_>>()?,
            norm: weights.norm("encoder.layer_norm", size, epsilon)?,
            order: shape.order,
        })
    }

    /// The last hidden states. Without `lengths` every sample counts; with them only so many
    /// frames of each wave do, and what comes out behind them is not to be read.
    ///
    /// # Shapes
    /// `samples` `[b, n]`, enough for a frame, `lengths` `[b]` -> `[b, t, size]`
    pub(super) fn forward(&self, samples: Tensor<2>, lengths: Option<&[usize]>) -> Tensor<3> {
        let x = self
            .filters
            .iter()
            .fold(samples.unsqueeze_dim(2), |x, filter| self.activation.apply(filter.forward(x)));
        let x = self.project.forward(self.project_norm.forward(x));
        let ([b, t, _], device) = (x.dims(), x.device());
        let (x, hidden) = match lengths {
            None => (x, None),
            Some(lengths) => {
                let real = |i: usize| if i % t < lengths[i / t] { 1.0f32 } else { 0.0 };
                let mask = TensorData::new((0..b * t).map(real).collect(), [b, t]);
                let mask = Tensor::<2>::from_data(mask, &device);
                let hidden = ((mask.clone() - 1.0) * 1e9).unsqueeze_dims(&[1, 2]);
                (x * mask.unsqueeze_dim::<3>(2), Some(hidden))
            }
        };
        // A kernel of even length reaches one step too far to the right.
        let positions = self.positions.forward(x.clone()).narrow(1, 0, t);
        let x = x + self.activation.apply(positions);
        let layers = |x| self.layers.iter().fold(x, |x, layer| layer.forward(x, hidden.as_ref()));
        match self.order {
            Order::After => layers(self.norm.forward(x)),
            Order::Before => self.norm.forward(layers(x)),
        }
    }
}

impl Filter {
    fn read(weights: &Weights, published: &Published, index: usize) -> Result<Self> {
        let at = format!("feature_extractor.conv_layers.{index}");
        let size = if index == 0 { 1 } else { published.conv_dim[index - 1] };
        let out = published.conv_dim[index];
        let kernel = published.conv_kernel[index];
        let weight = weights.tensor(&format!("{at}.conv.weight"), [out, size, kernel])?;
        let bias = published
            .conv_bias
            .then(|| weights.tensor(&format!("{at}.conv.bias"), [out]))
            .transpose()?;
        let norm = match published.feat_extract_norm {
            FilterNorm::Group if index > 0 => None,
            FilterNorm::Group => Some(Norm::Time {
                gain: weights.tensor(&format!("{at}.layer_norm.weight"), [out])?,
                bias: weights.tensor(&format!("{at}.layer_norm.bias"), [out])?,
            }),
            FilterNorm::Layer => {
                Some(Norm::Channels(weights.norm(&format!("{at}.layer_norm"), out, EPSILON)?))
            }
        };
        let convolution = Convolution::new(weight, bias, 1, published.conv_stride[index], 0);
        Ok(Self { convolution, norm })
    }

    fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let x = self.convolution.forward(x);
        match &self.norm {
            None => x,
            Some(Norm::Channels(norm)) => norm.forward(x),
            Some(Norm::Time { gain, bias }) => {
                let centred = x.clone() - x.mean_dim(1);
                let variance = centred.clone().square().mean_dim(1);
                let scale = gain.clone().unsqueeze() / (variance + EPSILON).sqrt();
                centred * scale + bias.clone().unsqueeze()
            }
        }
    }
}

/// Added to a variance before its root, in the filters, whatever `layer_norm_eps` is.
const EPSILON: f64 = 1e-5;

/// The convolution that tells where a frame is. Its weight is kept as directions and lengths, a
/// length for every step under the kernel (Salimans and Kingma 2016).
fn positions(weights: &Weights, published: &Published) -> Result<Convolution> {
    let (size, kernel) = (published.hidden_size, published.num_conv_pos_embeddings);
    let groups = published.num_conv_pos_embedding_groups;
    let at = |name: &str| format!("encoder.pos_conv_embed.conv.{name}");
    let new = "parametrizations.weight.original";
    let [length, direction] = if weights.shape(&at(&format!("{new}0"))).is_some() {
        [at(&format!("{new}0")), at(&format!("{new}1"))]
    } else {
        [at("weight_g"), at("weight_v")]
    };
    let length = weights.tensor(&length, [1, 1, kernel])?;
    let direction = weights.tensor(&direction, [size, size / groups, kernel])?;
    let norm = direction.clone().square().sum_dim(0).sum_dim(1).sqrt();
    let bias = weights.tensor(&at("bias"), [size])?;
    Ok(Convolution::new(direction * (length / norm), Some(bias), groups, 1, kernel / 2))
}
