//! The `[[stage]]` tables: how a model is trained, in order.

use serde::{Deserialize, Serialize};

/// One stage of training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// What it is called in logs.
    pub name: String,
    /// Passes over the training data.
    pub epochs: usize,
    /// Clips a step.
    pub batch: usize,
    /// The rule that moves the weights.
    pub optimizer: Optimizer,
    /// How its learning rate goes over the stage.
    #[serde(default)]
    pub schedule: Schedule,
    /// Decay per step of the running average of the weights that is kept in their place.
    pub average: Option<f32>,
    /// What is minimised.
    pub objective: Objectives,
}

/// The rule that moves the weights.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Optimizer {
    /// Adam with decoupled weight decay (Loshchilov and Hutter 2019).
    Adamw {
        /// Learning rate.
        lr: f64,
        /// Weight decay.
        #[serde(default)]
        weight_decay: f32,
    },
    /// Stochastic gradient descent with momentum.
    Sgd {
        /// Learning rate.
        lr: f64,
        /// Momentum.
        #[serde(default)]
        momentum: f64,
        /// Weight decay, added to the gradient.
        #[serde(default)]
        weight_decay: f32,
    },
}

impl Optimizer {
    /// The base learning rate.
    pub const fn lr(self) -> f64 {
        match self {
            Self::Adamw { lr, .. } | Self::Sgd { lr, .. } => lr,
        }
    }
}

/// How the learning rate goes over a stage.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Schedule {
    /// The same throughout.
    Constant {},
    /// Up in a straight line, then down along half a cosine to zero.
    Cosine {
        /// Share of the stage that goes up.
        warmup: f64,
    },
}

impl Default for Schedule {
    fn default() -> Self {
        Self::Constant {}
    }
}

impl Schedule {
    /// The factor on the base rate at `progress` in `[0, 1]` of the stage.
    pub fn factor(self, progress: f64) -> f64 {
        match self {
            Self::Constant {} => 1.0,
            Self::Cosine { warmup } if progress < warmup => progress / warmup,
            Self::Cosine { warmup } => {
                let down = (progress - warmup) / (1.0 - warmup);
                0.5 * (1.0 + (std::f64::consts::PI * down).cos())
            }
        }
    }
}

/// The weighted sum a stage minimises. An objective that finds nothing to use in a batch is
/// skipped.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
pub struct Objectives {
    /// Compare logits with labels.
    pub labels: Option<LabelLoss>,
}

/// Cross-entropy, binary cross-entropy or 1 - CCC, chosen by the target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LabelLoss {
    /// Factor on the loss of the corpus's own label set.
    pub weight: f32,
    /// Factor on the loss of the label space shown to users, through the corpus's mapping.
    pub shared: f32,
    /// Share of the target spread evenly over all classes (Szegedy et al. 2016).
    pub smoothing: f32,
    /// How the binary losses of the classes of a yes/no set become one.
    pub binary: Reduce,
}

/// How the binary losses of several classes become one loss a clip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reduce {
    /// Their mean, as most papers print it. Beside a cross-entropy it counts for little.
    #[default]
    Mean,
    /// Their sum: minus the log-likelihood of the clip's answers, as a cross-entropy is.
    Sum,
}

impl Default for LabelLoss {
    fn default() -> Self {
        Self { weight: 1.0, shared: 1.0, smoothing: 0.0, binary: Reduce::Mean }
    }
}
