//! Layers that every modality goes through, one after the other (VAVL, Goncalves et al. 2024:
//! the shared conformer), over steps or over views.

mod dense;

#[cfg(test)]
mod golden;
#[cfg(test)]
mod tests;

use burn::module::Module;
use burn::nn::LayerNorm;
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use self::dense::Dense;
pub use self::dense::DenseConfig;
use crate::encode::conformer::{self, Axes, Conformer, ConformerConfig};
use crate::{Origin, Result, layers, pool};

/// How a trunk is built.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrunkConfig {
    /// Conformer blocks; 0 builds no trunk, and what comes in goes out.
    pub layers: usize,
    /// Heads of attention; they divide the width.
    pub heads: usize,
    /// Steps that the depthwise convolutions see; odd.
    pub kernel: usize,
    /// Width inside a feed-forward layer, as a multiple of the width outside.
    pub expansion: usize,
    /// Dropout throughout.
    pub dropout: f64,
    /// Whether what comes in is added to what the conformer makes of it.
    pub residual: bool,
    /// Which axis the layers take for time.
    pub axes: Axes,
}

/// `LayerNorm(C(h) + h)`, with a conformer `C` that all modalities share.
#[derive(Module, Debug)]
pub(crate) struct Trunk {
    conformer: Option<Conformer>,
    norm: Option<LayerNorm>,
    /// In place of the conformer, for views.
    dense: Option<Dense>,
    residual: bool,
    #[module(skip)]
    axes: Axes,
}

impl Default for TrunkConfig {
    /// The published trunk.
    fn default() -> Self {
        let ConformerConfig { heads, kernel, expansion, dropout, axes, .. } =
            ConformerConfig::default();
        Self { layers: 2, heads, kernel, expansion, dropout, residual: true, axes }
    }
}

impl TrunkConfig {
    /// Refuses sizes that cannot be built; `key` is where in the recipe this stands.
    ///
    /// # Errors
    /// [`Error::Key`](crate::Error::Key) with the key and what to write.
    pub(crate) fn check(&self, key: &str, width: usize) -> Result<()> {
        self.conformer().check(key, width)
    }

    fn conformer(&self) -> ConformerConfig {
        let Self { layers, heads, kernel, expansion, dropout, axes, .. } = *self;
        ConformerConfig { layers, heads, kernel, expansion, dropout, frame: None, axes }
    }

    /// Builds it with fresh weights for steps of `width` features.
    pub(crate) fn init(&self, width: usize, device: &Device) -> Trunk {
        let there = self.layers > 0;
        Trunk {
            conformer: there.then(|| self.conformer().init(width, width, device)),
            norm: there.then(|| layers::norm(width, device)),
            dense: None,
            residual: self.residual,
            axes: self.axes,
        }
    }
}

impl Trunk {
    /// One over views.
    pub(crate) fn of_views(dense: Dense) -> Self {
        Self {
            conformer: None,
            norm: None,
            dense: Some(dense),
            residual: true,
            axes: Axes::default(),
        }
    }

    /// Whether it wants steps, and not the views made of them.
    pub(crate) const fn reads_steps(&self) -> bool {
        self.dense.is_none()
    }

    /// A view through a trunk over views; through any other as it is.
    ///
    /// # Shapes
    /// `[b, d]` -> `[b, d]`.
    pub(crate) fn refine(&self, view: Tensor<2>) -> Tensor<2> {
        match &self.dense {
            Some(dense) => dense.forward(view),
            None => view,
        }
    }

    /// # Shapes
    /// `h` `[b, t, d]`, `mask` `[b, t]` -> `[b, t, d]`.
    pub(crate) fn forward(&self, h: Tensor<3>, mask: &Tensor<2>) -> Tensor<3> {
        let (Some(conformer), Some(norm)) = (&self.conformer, &self.norm) else { return h };
        let shared = conformer.forward(h.clone(), mask);
        layers::normed(norm, if self.residual { shared + h } else { shared })
    }

    /// The view of a clip: the mean over its steps, padding included with the authors' axes.
    ///
    /// # Shapes
    /// `[b, t, d]`, `mask` `[b, t]` -> `[b, d]`.
    pub(crate) fn view(&self, h: Tensor<3>, mask: &Tensor<2>) -> Tensor<2> {
        pool::mean(self.forward(h, mask), &self.axes.counted(mask))
    }
}

/// Where the authors keep the weight at `path`, in their `shared_model`.
pub(crate) fn origin(path: &str) -> Option<Origin> {
    match path.split_once('.')? {
        ("conformer", rest) => Some(conformer::origin(rest)?.within("x_shared.encoder")),
        ("norm", field) => Origin::norm("layer_norm", field),
        _ => None,
    }
}
