//! Attention with places (Dai et al. 2019, section 3.3), as the authors of VAVL have it: the
//! table of places is as long as the clip and runs forwards, so that the shift brings a place
//! relative to the end behind a step, and relative to its successor before it.

use burn::module::{Module, Param};
use burn::nn::{Dropout, DropoutConfig, Initializer, LayerNorm, Linear, LinearConfig};
use burn::tensor::{Device, Tensor};
use limbic_kernels::{Attention, attention};

use super::places::Places;
use super::{ConformerConfig, linear};
use crate::Origin;
use crate::dropout::{added, drawn};
use crate::layers::{mapped, norm, normed};

/// Layer norm, attention, output projection, dropout; added to what came in.
#[derive(Module, Debug)]
pub(super) struct RelativeAttention {
    pub(super) norm: LayerNorm,
    query: Linear,
    key: Linear,
    value: Linear,
    place: Linear,
    out: Linear,
    /// `[heads, d / heads]`, added to queries before they meet keys: `u`.
    content_bias: Param<Tensor<2>>,
    /// The same before they meet places: `v`.
    place_bias: Param<Tensor<2>>,
    dropout: Dropout,
}

impl RelativeAttention {
    pub(super) fn new(width: usize, config: &ConformerConfig, device: &Device) -> Self {
        let xavier = Initializer::XavierUniform { gain: 1.0 };
        let shape @ [heads, size] = [config.heads, width / config.heads];
        let bias = || xavier.init_with(shape, Some(size), Some(heads), device);
        Self {
            norm: norm(width, device),
            query: linear(width, width, device),
            key: linear(width, width, device),
            value: linear(width, width, device),
            place: LinearConfig::new(width, width)
                .with_bias(false)
                .with_initializer(xavier.clone())
                .init(device),
            out: linear(width, width, device),
            content_bias: bias(),
            place_bias: bias(),
            dropout: DropoutConfig::new(config.dropout).init(),
        }
    }

    /// # Shapes
    /// `[b, t, d]` -> `[b, t, d]`.
    pub(super) fn forward(&self, x: Tensor<3>, places: &Places) -> Tensor<3> {
        let seen = self.seen(x.clone(), places);
        added(x, seen, 1.0, &self.dropout)
    }

    /// What is added.
    ///
    /// # Shapes
    /// `[b, t, d]` -> `[b, t, d]`.
    pub(super) fn seen(&self, x: Tensor<3>, places: &Places) -> Tensor<3> {
        let ([_, _, d], x) = (x.dims(), normed(&self.norm, x));
        let seen = attention(Attention {
            query: mapped(&self.query, x.clone()),
            key: mapped(&self.key, x.clone()),
            dropout: drawn(&self.dropout, &x.device()),
            value: mapped(&self.value, x),
            table: self.table(places),
            content_bias: self.content_bias.val(),
            place_bias: self.place_bias.val(),
            lengths: places.lengths.clone(),
            // The square root of the whole width, not of a head's: so it was trained.
            scale: 1.0 / (d as f64).sqrt(),
        });
        mapped(&self.out, seen)
    }

    /// Projected sinusoids `[t, d]`.
    pub(super) fn table(&self, places: &Places) -> Tensor<2> {
        mapped(&self.place, places.sinusoids.clone())
    }
}

#[cfg(test)]
impl RelativeAttention {
    /// Queries that are about to meet places, `[b, h, t, d / h]`.
    pub(super) fn asking(&self, x: Tensor<3>) -> Tensor<4> {
        let [heads, size] = self.place_bias.val().dims();
        let query = mapped(&self.query, normed(&self.norm, x));
        let [b, t, _] = query.dims();
        let query = query.reshape([b, t, heads, size]).swap_dims(1, 2);
        query + self.place_bias.val().reshape([1, heads, 1, size])
    }
}

/// Where the authors keep the weight at `path`, in their module of attention.
pub(super) fn origin(path: &str) -> Option<Origin> {
    let inside = match path.split_once('.') {
        Some(("norm", field)) => return Origin::norm("layer_norm", field),
        Some(("query", field)) => Origin::linear("query_proj.linear", field),
        Some(("key", field)) => Origin::linear("key_proj.linear", field),
        Some(("value", field)) => Origin::linear("value_proj.linear", field),
        Some(("place", field)) => Origin::linear("pos_proj.linear", field),
        Some(("out", field)) => Origin::linear("out_proj.linear", field),
        None if path == "content_bias" => Some(Origin::same("u_bias")),
        None if path == "place_bias" => Some(Origin::same("v_bias")),
        _ => None,
    };
    Some(inside?.within("attention"))
}
