//! What an evaluation found, and all that is needed to find it again.

mod files;
mod matrix;
mod worst;

use limbic_corpus::{LabelKind, LabelMap, Objectivity};
use serde::{Deserialize, Serialize};

use crate::{Scored, Task};

pub use files::{Told, read_answers, write_answers};
pub use matrix::{Baseline, Matrix};
pub use worst::{Worst, worst};

/// The layout of [`Evaluation`] in `result.json`. Fields may be added to it; a change of those
/// there are makes it another.
pub const SCHEMA: &str = "limbic-result/1";

/// The content of `result.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// [`SCHEMA`].
    pub schema: String,
    /// The version of limbic.
    pub limbic: String,
    /// The command, word by word.
    pub command: Vec<String>,
    /// What was scored.
    pub checkpoint: Checkpoint,
    /// What it was scored on.
    pub data: Data,
    /// The seed of everything that is drawn.
    pub seed: u64,
    /// How many threads computed.
    pub threads: usize,
    /// Whose judgement counts.
    pub targets: Targets,
    /// What was checked against scoring clips that were learned from.
    pub leak: Leak,
    /// The label files used, whole.
    pub ledger: Vec<LabelMap>,
    /// The split that says which clips are scored; none where all are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<Split>,
    /// The scores, one section a label set.
    pub sections: Vec<Section>,
}

/// The model that was scored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Its file or name.
    pub name: String,
    /// Its content's BLAKE3 hash in hexadecimal.
    pub blake3: String,
    /// What matters of its recipe.
    pub recipe: serde_json::Value,
}

/// The clips that were scored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Data {
    /// The folder or manifest, as it was given.
    pub path: String,
    /// The corpus.
    pub name: String,
    /// Its licence.
    pub licence: String,
    /// The BLAKE3 hash of what was scored, in hexadecimal.
    pub hash: String,
    /// How many clips it lists.
    pub clips: usize,
    /// Clips that could not be read, each with the reason.
    #[serde(default)]
    pub skipped: Vec<String>,
}

/// Whose judgement the labels are, here and where the model learned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Targets {
    /// That of the labels scored against.
    pub labels: Objectivity,
    /// Those of the labels learned from.
    pub learned: Vec<Objectivity>,
    /// What to keep in mind where they differ.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// What was checked against scoring clips that were learned from.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Leak {
    /// What was compared: speakers, dialogues, files.
    pub checked: Vec<String>,
    /// The overlaps found, each in a sentence.
    pub found: Vec<String>,
    /// Why the score was wanted all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed: Option<String>,
    /// How many clips were left out since they were learned from.
    #[serde(default)]
    pub left_out: usize,
}

/// A split.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Split {
    /// Its name or file.
    pub name: String,
    /// Its hash in hexadecimal.
    pub hash: String,
}

/// The scores of one label set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Section {
    /// The label set.
    pub labels: String,
    /// Its kind.
    pub kind: LabelKind,
    /// For yes/no sets, the probability above which each class is "yes".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thresholds: Option<Vec<f64>>,
    /// What the model was shown, each with its scores.
    pub conditions: Vec<Condition>,
    /// What each modality is worth; none without two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matrix: Option<Matrix>,
    /// The worst errors with all modalities.
    #[serde(default)]
    pub worst: Vec<Worst>,
}

/// Scores of a model that was shown some modalities of the clips.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Condition {
    /// The modalities, joined by `+`.
    pub inputs: String,
    /// What was done to them, such as `noise 10 dB`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<String>,
    /// The scores.
    pub scored: Scored,
    /// For several modalities, the best of them alone under the same change, which leaves those that
    /// it is not of what they were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Baseline>,
}

impl Condition {
    /// Scores of some modalities, as they are or changed.
    pub fn new(inputs: impl Into<String>, change: Option<String>, scored: Scored) -> Self {
        Self { inputs: inputs.into(), change, scored, baseline: None }
    }

    /// How many modalities there are.
    pub fn modalities(&self) -> usize {
        self.inputs.split('+').count()
    }

    pub(crate) fn score(&self) -> Option<f64> {
        self.scored.headline().and_then(|value| value.value)
    }
}

impl Section {
    /// Puts the best single modality beside each fusion, and says what each is worth.
    pub fn new(labels: impl Into<String>, kind: LabelKind, conditions: Vec<Condition>) -> Self {
        let conditions = matrix::with_baselines(conditions);
        Self {
            labels: labels.into(),
            kind,
            thresholds: None,
            matrix: Matrix::new(&conditions),
            conditions,
            worst: Vec::new(),
        }
    }

    /// The condition that stands for the section: unchanged, with the most modalities.
    pub fn main(&self) -> Option<&Condition> {
        let unchanged = self.conditions.iter().filter(|condition| condition.change.is_none());
        // Of equally many, the first.
        unchanged.rev().max_by_key(|condition| condition.modalities())
    }
}

impl Evaluation {
    /// The label file of a section.
    pub fn map(&self, section: &Section) -> Option<&LabelMap> {
        self.ledger.iter().find(|map| map.name == section.labels)
    }

    /// What the answers of a section are answers to: with [`read_answers`], all that scores them
    /// again.
    pub fn task<'a>(&'a self, section: &'a Section) -> Option<Task<'a>> {
        let map = self.map(section)?;
        Some(Task { thresholds: section.thresholds.as_deref(), ..Task::new(map) })
    }
}
