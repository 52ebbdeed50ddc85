//! Attention with places (Dai et al. 2019, section 3.3), as the authors of VAVL have it: the
//! table of places is as long as the clip and runs forwards, so that the shift brings a place
//! relative to the end behind a step, and relative to its successor before it.

use burn::module::{Module, Param};
use burn::nn::{
    Dropout, DropoutConfig, Initializer, LayerNorm, LayerNormConfig, Linear, LinearConfig,
};
use burn::tensor::{Bool, Device, Tensor, activation::softmax};

use super::places::Places;
use super::{ConformerConfig, linear};
use crate::Origin;
use crate::dropout::dropped;

/// Layer norm, attention, output projection, dropout.
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
            norm: LayerNormConfig::new(width).init(device),
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
        let ([b, t, d], x) = (x.dims(), self.norm.forward(x));
        let query = self.query(x.clone());
        let key = self.heads(self.key.forward(x.clone())).swap_dims(2, 3);
        let value = self.heads(self.value.forward(x));
        let content = (query.clone() + per_head(&self.content_bias)).matmul(key);
        // The square root of the whole width, not of a head's: so it was trained.
        let scores = (content + self.place_scores(query, places)) / (d as f64).sqrt();
        let scores = match &places.padding {
            Some(padding) => scores + padding.keys.clone(),
            None => scores,
        };
        let seen = dropped(&self.dropout, softmax(scores, 3)).matmul(value);
        dropped(&self.dropout, self.out.forward(seen.swap_dims(1, 2).reshape([b, t, d])))
    }

    /// Queries of a normalised `x`: `[b, t, d]` -> `[b, h, t, d / h]`.
    pub(super) fn query(&self, x: Tensor<3>) -> Tensor<4> {
        self.heads(self.query.forward(x))
    }

    /// Scores of places, each clip's by its own length.
    ///
    /// # Shapes
    /// `[b, h, t, d / h]` -> `[b, h, t, t]`.
    pub(super) fn place_scores(&self, query: Tensor<4>, places: &Places) -> Tensor<4> {
        let ([b, h, t, size], table) = (query.dims(), self.table(places));
        let scores = shifted(self.against(query.clone(), table.clone().unsqueeze()));
        let Some(padding) = &places.padding else { return scores };
        // Behind a step, places count from the clip's end: there the table has to be moved back
        // by the padding, else the same clip would read differently in a longer batch.
        let moved = table.select(0, padding.moved.clone()).reshape([b, t, h * size]);
        let behind = shifted(self.against(query, moved));
        let ahead = Tensor::<2, Bool>::tril_mask([t, t], 0, &scores.device());
        behind.mask_where(ahead.unsqueeze::<4>().expand([b, h, t, t]), scores)
    }

    /// Projected sinusoids `[t, d]`.
    pub(super) fn table(&self, places: &Places) -> Tensor<2> {
        self.place.forward(places.sinusoids.clone())
    }

    /// Scores before the shift, `(q_i + v) . p_k`.
    ///
    /// # Shapes
    /// `query` `[b, h, t, d / h]`, `table` `[b or 1, t, d]` -> `[b, h, t, t]`.
    pub(super) fn against(&self, query: Tensor<4>, table: Tensor<3>) -> Tensor<4> {
        let query = query + per_head(&self.place_bias);
        query.matmul(self.heads(table).swap_dims(2, 3))
    }

    /// `[b, t, d]` -> `[b, h, t, d / h]`.
    fn heads(&self, x: Tensor<3>) -> Tensor<4> {
        let ([b, t, _], [heads, size]) = (x.dims(), self.content_bias.val().dims());
        x.reshape([b, t, heads, size]).swap_dims(1, 2)
    }
}

/// `[h, d / h]` -> `[1, h, 1, d / h]`.
fn per_head(bias: &Param<Tensor<2>>) -> Tensor<4> {
    let [heads, size] = bias.val().dims();
    bias.val().reshape([1, heads, 1, size])
}

/// `S_ij = R_{i, t - 1 - i + j}` for `j <= i`, 0 for `j = i + 1`, `R_{i + 1, j - i - 2}` beyond:
/// one column of zeros in front, read in rows that are one shorter, the first row dropped.
///
/// # Shapes
/// `[b, h, t, t]` -> `[b, h, t, t]`.
pub(super) fn shifted(raw: Tensor<4>) -> Tensor<4> {
    let [b, h, t, _] = raw.dims();
    let column = Tensor::zeros([b, h, t, 1], &raw.device());
    Tensor::cat(vec![column, raw], 3).reshape([b, h, t + 1, t]).narrow(2, 1, t)
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
