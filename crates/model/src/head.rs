//! What stands on views: label rows, or a stack of linear layers.

use burn::module::Module;
use burn::nn::{Dropout, DropoutConfig, Linear, LinearConfig};
use burn::tensor::{Device, Tensor, activation::relu};
use serde::{Deserialize, Serialize};

use crate::dropout::dropped;
use crate::project::{Projector, ProjectorConfig};
use crate::{HeadConfig, Origin};

/// What stands on a view.
#[expect(clippy::large_enum_variant, reason = "there are few a model")]
#[derive(Module, Debug)]
pub enum Head {
    /// Learned label rows with a bias: `logit_c = <view, e_c> + b_c`.
    Rows(Linear),
    /// A layer and a ReLU before the rows.
    Mlp(Projector),
    /// Three layers.
    Stack(Stack),
}

impl Head {
    /// A head of the kind that `config` asks for, from views of `size` to `classes` scores; `width`
    /// is the length of one modality's view.
    pub(crate) fn new(
        config: &HeadConfig,
        size: usize,
        width: usize,
        classes: usize,
        device: &Device,
    ) -> Self {
        if let Some(stack) = &config.stack {
            return Self::Stack(stack.init(size, classes, device));
        }
        if config.mlp.is_some() {
            let classifier = ProjectorConfig { size, hidden: width, out: classes };
            return Self::Mlp(classifier.init(device));
        }
        Self::Rows(LinearConfig::new(size, classes).init(device))
    }

    /// # Shapes
    /// `view` `[b, size]` -> logits `[b, classes]`.
    pub fn forward(&self, view: Tensor<2>) -> Tensor<2> {
        match self {
            Self::Rows(rows) => rows.forward(view),
            Self::Mlp(classifier) => classifier.forward(view),
            Self::Stack(stack) => stack.forward(view),
        }
    }
}

/// How a [`Stack`] is built.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StackConfig {
    /// Width after the first layer.
    pub wide: usize,
    /// Width after the second layer.
    pub narrow: usize,
    /// Dropout after the first layer.
    pub dropout: f64,
}

/// Linear, ReLU, dropout, linear, linear: VAVL's head for labels, for reconstruction and for both
/// modalities together.
#[derive(Module, Debug)]
pub struct Stack {
    first: Linear,
    second: Linear,
    last: Linear,
    dropout: Dropout,
}

impl Default for StackConfig {
    /// The published head.
    fn default() -> Self {
        Self { wide: 512, narrow: 256, dropout: 0.2 }
    }
}

impl StackConfig {
    /// Builds it with fresh weights, from views of `size` to `out` numbers.
    pub(crate) fn init(&self, size: usize, out: usize, device: &Device) -> Stack {
        Stack {
            first: LinearConfig::new(size, self.wide).init(device),
            second: LinearConfig::new(self.wide, self.narrow).init(device),
            last: LinearConfig::new(self.narrow, out).init(device),
            dropout: DropoutConfig::new(self.dropout).init(),
        }
    }
}

impl Stack {
    /// # Shapes
    /// `[b, size]` -> `[b, out]`.
    pub(crate) fn forward(&self, view: Tensor<2>) -> Tensor<2> {
        let wide = dropped(&self.dropout, relu(self.first.forward(view)));
        self.last.forward(self.second.forward(wide))
    }

    /// Where VAVL's authors keep the weight at `path`, in any of their heads.
    pub(crate) fn origin(path: &str) -> Option<Origin> {
        match path.split_once('.')? {
            ("first", field) => Origin::linear("projav1", field),
            ("second", field) => Origin::linear("projav2", field),
            ("last", field) => Origin::linear("out_layer", field),
            _ => None,
        }
    }
}
