//! The `[[stage]]` tables: how a model is trained, in order. One file, since a stage, its steps and
//! what makes them impossible are read together.

mod part;

use limbic_media::Modality;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::objective::contrast::{Contrast, Form};
use crate::objective::{Distill, PredictLoss};
use crate::{Batches, Error, Fusion, InputConfig, ModelConfig, Result};

pub use part::Part;

/// One stage of training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// What it is called in logs.
    pub name: String,
    /// Passes over the training data, at most.
    pub epochs: usize,
    /// Clips a step.
    pub batch: usize,
    /// What the clips of a batch have in common, where it is not what `data.batches` says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batches: Option<Batches>,
    /// How often an epoch goes through the clips of a corpus; once where it is not named, and 0
    /// leaves it out.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub repeat: BTreeMap<String, usize>,
    /// The rule that moves the weights.
    pub optimizer: Optimizer,
    /// How its learning rate goes over the stage.
    #[serde(default)]
    pub schedule: Schedule,
    /// Decay per step of the running average of the weights that is kept in their place.
    pub average: Option<f32>,
    /// The greatest length of the whole gradient; longer ones are scaled down to it.
    pub clip: Option<f64>,
    /// Parts that stay as they are, and still: nothing is dropped in them, and their norms read
    /// running statistics.
    #[serde(default)]
    pub freeze: Vec<Part>,
    /// When to stop early; the best weights are kept.
    pub until: Option<Patience>,
    /// What is minimised, where every batch is one step.
    #[serde(default)]
    pub objective: Objectives,
    /// What is done with every batch, in order, where it is several.
    #[serde(default)]
    pub steps: Vec<Step>,
}

/// One of the things done with every batch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What it is called in logs.
    pub name: String,
    /// The parts that it moves; all others stay as they are to the last bit, and still.
    pub learns: Vec<Part>,
    /// The modalities that it looks at; all of them where it is empty.
    #[serde(default)]
    pub sees: Vec<Modality>,
    /// Where its views come from.
    #[serde(default)]
    pub views: Looks,
    /// What is minimised.
    pub objective: Objectives,
}

/// Where the views of a step come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Looks {
    /// The batch is looked at anew, with the weights that the step before left.
    #[default]
    Fresh,
    /// Those of the step before.
    Shared,
    /// Anew, by encoders and trunk as they are in use: nothing is dropped, and norms read running
    /// statistics. Gradients flow all the same.
    Still,
}

/// When a stage stops before its last epoch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Patience {
    /// The score of the validation clips: `loss`, or a metric that training prints, such as `uar`.
    pub score: String,
    /// How many epochs in a row may go by without a better one.
    pub patience: usize,
}

/// The rule that moves the weights.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Optimizer {
    /// Adam (Kingma and Ba 2015).
    Adam {
        /// Learning rate.
        lr: f64,
        /// Decay of the averages of the gradient and of its square.
        #[serde(default = "betas")]
        betas: [f32; 2],
        /// Keeps the division finite.
        #[serde(default = "epsilon")]
        epsilon: f32,
        /// Weight decay, added to the gradient.
        #[serde(default)]
        weight_decay: f32,
    },
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

const fn betas() -> [f32; 2] {
    [0.9, 0.999]
}

const fn epsilon() -> f32 {
    1e-8
}

impl Optimizer {
    /// The base learning rate.
    pub const fn lr(self) -> f64 {
        match self {
            Self::Adam { lr, .. } | Self::Adamw { lr, .. } | Self::Sgd { lr, .. } => lr,
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
    /// Multiplied by `factor` after every so many epochs.
    Decay {
        /// How many epochs.
        every: usize,
        /// What it is multiplied by.
        factor: f64,
    },
    /// Multiplied by `factor` when the validation loss has not fallen for more than so many epochs.
    Plateau {
        /// How many epochs.
        patience: usize,
        /// What it is multiplied by.
        factor: f64,
    },
}

impl Default for Schedule {
    fn default() -> Self {
        Self::Constant {}
    }
}

impl Schedule {
    /// The factor on the base rate at `progress` in `[0, 1]` of the stage, in its `epoch`th epoch
    /// from 0. What a plateau takes off depends on more and is not in it.
    pub fn factor(self, progress: f64, epoch: usize) -> f64 {
        match self {
            Self::Constant {} | Self::Plateau { .. } => 1.0,
            Self::Cosine { warmup } if progress < warmup => progress / warmup,
            Self::Cosine { warmup } => {
                let down = (progress - warmup) / (1.0 - warmup);
                0.5 * (1.0 + (std::f64::consts::PI * down).cos())
            }
            Self::Decay { every, factor } => factor.powi((epoch / every.max(1)) as i32),
        }
    }

    fn sensible(self) -> bool {
        match self {
            Self::Constant {} => true,
            Self::Cosine { warmup } => (0.0..1.0).contains(&warmup),
            Self::Decay { every, factor } => every > 0 && factor > 0.0 && factor <= 1.0,
            Self::Plateau { factor, .. } => factor > 0.0 && factor < 1.0,
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
    /// Find a clip again in another modality.
    pub contrast: Option<Contrast>,
    /// Guess each modality's features from its view.
    pub predict: Option<PredictLoss>,
    /// Answer as other models do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distill: Option<Distill>,
}

/// Cross-entropy, binary cross-entropy or 1 - CCC, chosen by the target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LabelLoss {
    /// Whose answers are compared.
    pub on: On,
    /// Whether no gradient goes beyond the heads.
    pub detach: bool,
    /// Factor on the loss of the corpus's own label set.
    pub weight: f32,
    /// Factor on the loss of the label space shown to users, through the corpus's mapping.
    pub shared: f32,
    /// Share of the target spread evenly over all classes (Szegedy et al. 2016).
    pub smoothing: f32,
    /// Whether of votes only their winner counts.
    pub hard: bool,
    /// How the binary losses of the classes of a yes/no set become one.
    pub binary: Reduce,
    /// Whether a yes counts as often as a no of its class: it is weighted with the negatives over
    /// the positives of the training clips.
    pub balanced: bool,
    /// Label sets of one class a clip whose classes count alike: each clip is weighted with how
    /// rare its class is among the training clips.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub even: Vec<String>,
    /// How the losses of several ratings become one.
    pub ratings: Reduce,
}

/// Whose answers are compared with labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum On {
    /// Each modality's own.
    #[default]
    Each,
    /// That of all modalities together.
    Joint,
    /// Both.
    Both,
}

/// How several losses become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reduce {
    /// Their mean, as most papers print it. Beside a cross-entropy that of yes/no answers counts
    /// for little.
    #[default]
    Mean,
    /// Their sum: of yes/no answers minus the log-likelihood, as a cross-entropy is.
    Sum,
}

impl Default for LabelLoss {
    fn default() -> Self {
        Self {
            on: On::Each,
            detach: false,
            weight: 1.0,
            shared: 1.0,
            smoothing: 0.0,
            hard: false,
            binary: Reduce::Mean,
            balanced: false,
            even: Vec::new(),
            ratings: Reduce::Mean,
        }
    }
}

impl Stage {
    /// What is done with every batch: its steps, or one that moves whatever is not frozen.
    pub fn order(&self) -> Vec<Step> {
        if !self.steps.is_empty() {
            return self.steps.clone();
        }
        vec![Step {
            name: self.name.clone(),
            learns: Part::all(),
            sees: Vec::new(),
            views: Looks::Fresh,
            objective: self.objective.clone(),
        }]
    }

    /// Whether `step` moves the weight at `path`.
    pub fn moves(&self, step: &Step, path: &str) -> bool {
        let covers = |parts: &[Part]| parts.iter().any(|part| part.covers(path));
        covers(&step.learns) && !covers(&self.freeze)
    }

    /// Whether validation clips decide anything.
    pub const fn watches(&self) -> bool {
        self.until.is_some() || matches!(self.schedule, Schedule::Plateau { .. })
    }

    /// Refuses what makes no sense for `model`, naming the key and the way out.
    pub(super) fn check(&self, model: &ModelConfig) -> Result<()> {
        let name = format!("stage.{}", self.name);
        let bad = |field: &str, reason: &str| {
            Err(Error::Key { key: format!("{name}.{field}"), reason: reason.to_owned() })
        };
        if self.epochs == 0 || self.batch == 0 {
            return bad("epochs/batch", "must be at least 1");
        }
        let lr = self.optimizer.lr();
        if !(lr > 0.0 && lr.is_finite()) {
            return bad("optimizer.lr", "must be a positive number");
        }
        if let Optimizer::Adam { betas, .. } = self.optimizer
            && !betas.iter().all(|beta| (0.0..1.0).contains(beta))
        {
            return bad("optimizer.betas", "must lie in [0, 1)");
        }
        if !self.schedule.sensible() {
            return bad(
                "schedule",
                "needs a warmup in [0, 1), a factor in (0, 1] and whole epochs",
            );
        }
        if self.average.is_some_and(|a| !(0.0..1.0).contains(&a)) {
            return bad("average", "must lie in [0, 1)");
        }
        if self.clip.is_some_and(|clip| clip.is_nan() || clip <= 0.0) {
            return bad("clip", "must be a positive number; remove it to clip nothing");
        }
        for part in &self.freeze {
            part.check(&format!("{name}.freeze"), model)?;
        }
        if self.steps.is_empty() {
            return self.objective.check(&format!("{name}.objective"), model);
        }
        if self.objective != Objectives::default() {
            return bad("objective", "has no place beside `steps`; give it to one of them");
        }
        // Going back through views uses up what they were made with.
        let mut used = false;
        for (index, step) in self.steps.iter().enumerate() {
            let key = format!("steps.{}", step.name);
            step.check(&format!("{name}.{key}"), model)?;
            if step.views != Looks::Shared {
                used = false;
            } else if index == 0 {
                return bad(&format!("{key}.views"), "is shared with no step before; write fresh");
            }
            if used && step.objective.reaches() {
                return bad(
                    &format!("{key}.views"),
                    "are shared with a step whose gradients went through them already; write \
                     fresh, or detach one of the two",
                );
            }
            used |= step.objective.reaches();
        }
        Ok(())
    }
}

impl Step {
    fn check(&self, key: &str, model: &ModelConfig) -> Result<()> {
        let bad =
            |field: &str, reason: String| Err(Error::Key { key: format!("{key}.{field}"), reason });
        if self.learns.is_empty() {
            return bad("learns", "is empty; name a part that the step moves".to_owned());
        }
        for part in &self.learns {
            part.check(&format!("{key}.learns"), model)?;
        }
        if let Some(modality) = self.sees.iter().find(|m| !model.encoder.contains_key(m)) {
            return bad("sees", format!("the model has no {modality} encoder; add it to [model]"));
        }
        self.objective.check(&format!("{key}.objective"), model)
    }
}

impl Objectives {
    /// Whether gradients go back through the views.
    fn reaches(&self) -> bool {
        self.contrast.is_some()
            || self.predict.is_some()
            || self.distill.is_some()
            || self.labels.as_ref().is_some_and(|labels| !labels.detach)
    }

    fn check(&self, key: &str, model: &ModelConfig) -> Result<()> {
        let bad = |field: &str, reason: &str| {
            Err(Error::Key { key: format!("{key}{field}"), reason: reason.to_owned() })
        };
        if *self == Self::default() {
            return bad("", "is empty; nothing would be learned");
        }
        if let Some(labels) = &self.labels {
            if labels.on != On::Each && model.fusion == (Fusion::None {}) {
                return bad(".labels.on", "needs an answer of all; add `fusion` to [model]");
            }
            if !(0.0..1.0).contains(&labels.smoothing) {
                return bad(".labels.smoothing", "must lie in [0, 1)");
            }
        }
        if let Some(distill) = &self.distill {
            if distill.teachers.is_empty() {
                return bad(".distill.teachers", "is empty; name at least one checkpoint");
            }
            if distill.on != On::Each && model.fusion == (Fusion::None {}) {
                return bad(".distill.on", "needs an answer of all; add `fusion` to [model]");
            }
        }
        if let Some(contrast) = &self.contrast {
            if model.encoder.len() < 2 && contrast.form != Form::Looks {
                return bad(".contrast", "compares two modalities; add an encoder to [model]");
            }
            if model.projector.is_none() {
                return bad(".contrast", "compares projections; add `projector` to [model]");
            }
            if contrast.temperature.is_nan() || contrast.temperature <= 0.0 {
                return bad(".contrast.temperature", "must be a positive number");
            }
        }
        if self.predict.is_some() {
            if model.reconstruction.is_none() {
                return bad(
                    ".predict",
                    "needs layers to guess with; add `reconstruction` to [model]",
                );
            }
            let series = |input: &InputConfig| matches!(input, InputConfig::Series { .. });
            if !model.encoder.values().all(|encoder| series(&encoder.input)) {
                return bad(".predict", "guesses features; every encoder has to read a series");
            }
        }
        Ok(())
    }
}
