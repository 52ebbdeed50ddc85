//! A recipe is everything that distinguishes one system from another.
//!
//! Every part is a closed enum: the compiler lists what exists, `serde` rejects what does not.
//! Parts without options are written `Mean {}`, because serde lets a unit variant of a tagged
//! enum swallow unknown keys.

use std::collections::BTreeMap;

use limbic_media::Modality;
use serde::{Deserialize, Serialize};

use crate::{Error, Pool, Result};

/// One system: its data, its model and how it is trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// One line for people: what this is, and what it leaves out.
    pub about: String,
    /// The seed of everything random.
    #[serde(default)]
    pub seed: u64,
    /// What it learns from.
    pub data: Data,
    /// What is built.
    pub model: ModelConfig,
    /// How it is trained, in order.
    pub stage: Vec<Stage>,
}

/// What a recipe learns from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Data {
    /// Names of corpora, as `limbic train --help` lists them.
    pub corpora: Vec<String>,
    /// How clips are held out.
    pub split: Split,
    /// Changes made to training inputs only.
    #[serde(default)]
    pub augment: Vec<Augment>,
}

/// How clips are held out for scoring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Split {
    /// The corpus's own split.
    Official,
    /// Five folds; no speaker is in two of them.
    LeaveSpeakersOut,
}

/// A change made to a training input.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Augment {
    /// Convex mixtures of two inputs and their labels, coefficient Beta(alpha, alpha)
    /// (Zhang et al. 2018, eq. 1). For series and images.
    Mixup {
        /// Both parameters of the Beta distribution.
        alpha: f32,
    },
    /// Random mirror image, shift, rotation, scale, gain and erased square, for images.
    Picture {
        /// Largest shift, as a share of the side.
        shift: f32,
        /// Largest rotation in degrees, either way.
        rotate: f32,
        /// Largest change of scale, either way.
        scale: f32,
        /// Largest change of contrast, either way.
        gain: f32,
        /// Probability of one erased square.
        erase: f32,
    },
    /// Tokens dropped at random.
    TokenDrop {
        /// Probability that a token is dropped.
        rate: f32,
    },
}

/// What is built.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelConfig {
    /// Length of every view vector.
    pub width: usize,
    /// One encoder a modality; a modality without one is not seen.
    pub encoder: BTreeMap<Modality, EncoderConfig>,
    /// How views are compared with labels.
    #[serde(default)]
    pub head: HeadConfig,
}

/// One modality's way from input to view.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EncoderConfig {
    /// The extractor whose output it reads, with its version.
    pub features: String,
    /// The shape of that output.
    pub input: InputConfig,
    /// The layers.
    pub body: Body,
    /// How steps become one vector.
    #[serde(default)]
    pub pool: Pool,
}

/// The shape of what an encoder reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum InputConfig {
    /// `[b, t, size]` real features, standardised with training statistics.
    Series {
        /// Features a step.
        size: usize,
    },
    /// `[b, t]` token ids, looked up in a learned table.
    Tokens {
        /// Rows of the table.
        vocabulary: usize,
        /// Columns of the table.
        size: usize,
        /// Most tokens of a text; the rest is cut.
        length: usize,
    },
    /// `[b, 1, size, size]` grey pictures.
    Picture {
        /// Side in pixels.
        size: usize,
    },
}

/// The layers of an encoder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Body {
    /// Linear, ReLU and dropout, on every step alone.
    Mlp {
        /// How many hidden layers.
        layers: usize,
        /// Dropout after each, and on the input.
        dropout: f64,
    },
    /// Convolutions along time, one a kernel size, side by side (Kim 2014): n-grams.
    Conv {
        /// Kernel sizes in steps.
        kernels: Vec<usize>,
        /// Channels of each.
        channels: usize,
        /// Dropout on the input and on the output.
        dropout: f64,
    },
    /// A residual network over pictures (He et al. 2016): a stem and one block a stage.
    Resnet {
        /// Channels of the stem and of each stage; every one of them halves the side.
        widths: Vec<usize>,
        /// Dropout before the view.
        dropout: f64,
    },
}

/// Labels are vectors; a head scores a view against them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HeadConfig {}

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

impl Recipe {
    /// Reads a recipe from TOML and checks it.
    ///
    /// # Errors
    /// [`Error::Recipe`] with line and key where the text does not parse, [`Error::Key`] where a
    /// value makes no sense.
    pub fn parse(name: &str, text: &str) -> Result<Self> {
        let recipe: Self = toml::from_str(text).map_err(|error| Error::Recipe {
            name: name.to_owned(),
            reason: error.to_string().trim_end().to_owned(),
        })?;
        recipe.check()?;
        Ok(recipe)
    }

    /// Refuses values that parse and make no sense, naming the key and the way out.
    pub fn check(&self) -> Result<()> {
        let bad = |key: &str, reason: &str| {
            Err(Error::Key { key: key.to_owned(), reason: reason.to_owned() })
        };
        if self.data.corpora.is_empty() {
            return bad("data.corpora", "is empty; name at least one corpus");
        }
        if self.model.width == 0 || self.model.width > 1 << 16 {
            return bad("model.width", "must lie between 1 and 65536");
        }
        if self.model.encoder.is_empty() {
            return bad("model.encoder", "is empty; declare an encoder for at least one modality");
        }
        if self.stage.is_empty() {
            return bad("stage", "is empty; add a [[stage]]");
        }
        for (modality, encoder) in &self.model.encoder {
            encoder.check(*modality)?;
        }
        for stage in &self.stage {
            let key = |field: &str| format!("stage.{}.{field}", stage.name);
            if stage.epochs == 0 || stage.batch == 0 {
                return bad(&key("epochs/batch"), "must be at least 1");
            }
            let lr = stage.optimizer.lr();
            if !(lr > 0.0 && lr.is_finite()) {
                return bad(&key("optimizer.lr"), "must be a positive number");
            }
            if let Schedule::Cosine { warmup } = stage.schedule
                && !(0.0..1.0).contains(&warmup)
            {
                return bad(&key("schedule.warmup"), "must lie in [0, 1)");
            }
            if stage.average.is_some_and(|a| !(0.0..1.0).contains(&a)) {
                return bad(&key("average"), "must lie in [0, 1)");
            }
            if stage.objective == Objectives::default() {
                return bad(&key("objective"), "is empty; nothing would be learned");
            }
        }
        Ok(())
    }
}

impl EncoderConfig {
    fn check(&self, modality: Modality) -> Result<()> {
        let bad = |key: &str, reason: String| {
            Err(Error::Key { key: format!("model.encoder.{modality}.{key}"), reason })
        };
        let size = match self.input {
            InputConfig::Series { size } | InputConfig::Picture { size } => size,
            InputConfig::Tokens { vocabulary, size, length } => {
                if vocabulary < 256 || length == 0 {
                    let reason = "needs a vocabulary of at least 256 and a length of at least 1";
                    return bad("input", reason.to_owned());
                }
                size
            }
        };
        if size == 0 {
            return bad("input.size", "must be at least 1".to_owned());
        }
        let (dropout, picture) = match &self.body {
            Body::Mlp { dropout, .. } => (*dropout, false),
            Body::Conv { kernels, channels, dropout } => {
                if kernels.is_empty() || kernels.contains(&0) || *channels == 0 {
                    return bad("body", "needs at least one kernel and one channel".to_owned());
                }
                (*dropout, false)
            }
            Body::Resnet { widths, dropout } => {
                if widths.is_empty() || widths.contains(&0) || size >> widths.len() == 0 {
                    return bad(
                        "body.widths",
                        format!("{} stages cannot halve {size} pixels that often", widths.len()),
                    );
                }
                (*dropout, true)
            }
        };
        if !(0.0..1.0).contains(&dropout) {
            return bad("body.dropout", "must lie in [0, 1)".to_owned());
        }
        if picture != matches!(self.input, InputConfig::Picture { .. }) {
            return bad("body.kind", "`resnet` reads pictures, the others series or tokens".into());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = r#"
        about = "small"
        [data]
        corpora = ["ravdess"]
        split = "leave-speakers-out"
        [model]
        width = 8
        encoder.audio = { features = "descriptors@1", input = { kind = "series", size = 4 }, body = { kind = "mlp", layers = 1, dropout = 0.0 } }
        [[stage]]
        name = "train"
        epochs = 1
        batch = 2
        optimizer = { kind = "adamw", lr = 0.001 }
        objective.labels = {}
    "#;

    #[test]
    fn a_recipe_survives_its_own_toml() {
        let recipe = Recipe::parse("small", SMALL).unwrap();
        let again = Recipe::parse("again", &toml::to_string(&recipe).unwrap()).unwrap();
        assert_eq!(recipe, again);
    }

    #[test]
    fn a_misspelt_key_is_named() {
        let error = Recipe::parse("small", &SMALL.replace("epochs", "epoch")).unwrap_err();
        assert!(error.to_string().contains("epoch"), "{error}");
    }

    #[test]
    fn impossible_values_are_refused_with_their_key() {
        for (from, to, key) in [
            ("width = 8", "width = 0", "model.width"),
            ("size = 4", "size = 0", "model.encoder.audio.input.size"),
            ("dropout = 0.0", "dropout = 1.5", "model.encoder.audio.body.dropout"),
            ("lr = 0.001", "lr = -1.0", "stage.train.optimizer.lr"),
            ("epochs = 1", "epochs = 0", "stage.train.epochs/batch"),
            ("labels = {}", "labels = { weight = 1.0, wieght = 2.0 }", "wieght"),
            ("[\"ravdess\"]", "[]", "data.corpora"),
        ] {
            let error = Recipe::parse("small", &SMALL.replace(from, to)).unwrap_err().to_string();
            assert!(error.contains(key), "{to}: {error}");
        }
    }

    #[test]
    fn the_cosine_goes_up_then_down_to_zero() {
        let schedule = Schedule::Cosine { warmup: 0.1 };
        for (progress, factor) in [(0.0, 0.0), (0.05, 0.5), (0.1, 1.0), (0.55, 0.5), (1.0, 0.0)] {
            assert!((schedule.factor(progress) - factor).abs() < 1e-12);
        }
    }
}
