//! A recipe is everything that distinguishes one system from another.
//!
//! Every part is a closed enum: the compiler lists what exists, `serde` rejects what does not.
//! Parts without options are written `Mean {}`, because serde lets a unit variant of a tagged
//! enum swallow unknown keys.

mod body;
mod data;
mod network;
mod probe;
mod stage;
mod tune;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

pub use body::Body;
pub use data::{Augment, Batches, Data, Split};
pub use network::{
    EncoderConfig, Fusion, HeadConfig, InputConfig, MlpHead, ModelConfig, Scale, TrunkKind,
};
pub use probe::{Probe, ProbeKind, ProbeOn};
pub use stage::{
    LabelLoss, Looks, Objectives, On, Optimizer, Part, Patience, Reduce, Schedule, Stage, Step,
};
pub use tune::{Tune, Tuning};

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
    /// How it is trained, in order; nothing where only a probe is asked for.
    #[serde(default)]
    pub stage: Vec<Stage>,
    /// What a linear model reads out of it afterwards.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probe: Option<Probe>,
    /// How held-out classes are learned from a few clips afterwards, each way on its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tune: Vec<Tune>,
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
        self.data.check()?;
        if self.stage.is_empty() && self.probe.is_none() {
            return bad("stage", "is empty; add a [[stage]], or a [probe] of untrained encoders");
        }
        self.model.check()?;
        for stage in &self.stage {
            stage.check(&self.model)?;
            if let Some(corpus) = stage.repeat.keys().find(|c| !self.data.corpora.contains(c)) {
                let key = format!("stage.{}.repeat", stage.name);
                return bad(&key, &format!("names `{corpus}`, which is none of the corpora"));
            }
        }
        if let Some(probe) = &self.probe {
            probe.check()?;
        }
        self.tune.iter().try_for_each(|tune| tune.check(self))
    }

    /// Whether a stage compares answers with labels, so that the heads have learned something.
    pub fn learns_labels(&self) -> bool {
        self.label_losses().next().is_some()
    }

    /// Whether the answers in the label space shown to users mean anything: the rows are words, or
    /// each modality was compared with labels in that space.
    pub fn learns_shared(&self) -> bool {
        let own = |labels: &LabelLoss| labels.shared > 0.0 && labels.on != On::Joint;
        self.label_losses().any(|labels| self.model.head.words.is_some() || own(&labels))
    }

    /// The checkpoints that stages learn from.
    pub fn teachers(&self) -> BTreeSet<&Path> {
        let steps = self.stage.iter().flat_map(|stage| {
            stage.steps.iter().map(|step| &step.objective).chain(std::iter::once(&stage.objective))
        });
        let distilled = steps.filter_map(|objective| objective.distill.as_ref());
        distilled.flat_map(|distill| &distill.teachers).map(PathBuf::as_path).collect()
    }

    fn label_losses(&self) -> impl Iterator<Item = LabelLoss> {
        let steps = self.stage.iter().flat_map(Stage::order);
        steps.filter_map(|step| step.objective.labels)
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
            assert!((schedule.factor(progress, 0) - factor).abs() < 1e-12);
        }
    }
}
