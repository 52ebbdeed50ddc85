//! Two layers with a ReLU between: projectors, whose output only a contrast reads, and classifiers.

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Tensor, activation::relu};
use serde::{Deserialize, Serialize};

use crate::Origin;

/// Sizes; the defaults are the published projector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProjectorConfig {
    /// Length of the feature: the width of the view.
    #[serde(skip)]
    pub size: usize,
    /// Width between the layers.
    pub hidden: usize,
    /// Length of the projection, or how many classes.
    pub out: usize,
}

impl Default for ProjectorConfig {
    fn default() -> Self {
        Self { size: 512, hidden: 1024, out: 512 }
    }
}

/// Linear, ReLU, linear.
#[derive(Module, Debug)]
pub struct Projector {
    first: Linear,
    second: Linear,
}

impl ProjectorConfig {
    /// Builds it with fresh weights.
    pub(crate) fn init(&self, device: &Device) -> Projector {
        Projector {
            first: LinearConfig::new(self.size, self.hidden).init(device),
            second: LinearConfig::new(self.hidden, self.out).init(device),
        }
    }
}

impl Projector {
    /// # Shapes
    /// `[b, size]` -> `[b, out]`.
    pub(crate) fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.second.forward(relu(self.first.forward(x)))
    }
}

/// Where a weight comes from in the authors' `proj_*` and unimodal heads.
pub(crate) fn origin(path: &str) -> Option<Origin> {
    layer(path, ["0", "2"])
}

/// Where a weight comes from in the authors' fused head.
pub(crate) fn fused_origin(path: &str) -> Option<Origin> {
    layer(path, ["linear1", "linear2"])
}

fn layer(path: &str, names: [&str; 2]) -> Option<Origin> {
    let (layer, field) = path.split_once('.')?;
    let name = match layer {
        "first" => names[0],
        "second" => names[1],
        _ => return None,
    };
    match field {
        "weight" => Some(Origin::transposed(format!("{name}.weight"))),
        "bias" => Some(Origin::same(format!("{name}.bias"))),
        _ => None,
    }
}
