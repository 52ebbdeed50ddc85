//! What a checkpoint remembers of being bent to somebody's own labels, and the way back.

use std::collections::{BTreeMap, BTreeSet};

use limbic_corpus::Fingerprint;
use safetensors::{Dtype, SafeTensors};
use serde::{Deserialize, Serialize};

use super::weights::decode;
use super::{Checkpoint, Precision};

/// A weight as it was before.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    /// Its shape.
    pub shape: Vec<usize>,
    /// Its values.
    pub values: Vec<f32>,
}

/// One adaptation: where it came from, what it learned from, and what undoes it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Adapted {
    /// The label set that was added; none where encoders alone moved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set: Option<String>,
    /// The BLAKE3 hash of the checkpoint that it was made from.
    pub from: String,
    /// Program version that made it.
    pub version: String,
    /// The command line, or what stands for it.
    pub command: String,
    /// Seed of everything random.
    pub seed: u64,
    /// How many clips of each class it learned from.
    pub clips: BTreeMap<String, usize>,
    /// How many clips without a label.
    pub unlabelled: usize,
    /// The words that stand for a class, where they are not its name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub definitions: BTreeMap<String, String>,
    /// The BLAKE3 hashes of the tables of clips, by name.
    pub data: BTreeMap<String, String>,
    /// Fingerprints of the speakers it learned from, by corpus: nobody is named.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub people: BTreeMap<String, BTreeSet<String>>,
    /// What the summed logits of each choice of modalities are divided by, as `text+audio`: the
    /// softmax of that is calibrated. One modality alone has 1, for its rows hold it.
    pub temperature: BTreeMap<String, f32>,
    /// Cross-validated scores, as printed when it was made.
    pub scores: BTreeMap<String, f64>,
    /// The label set that was shown before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shown: Option<String>,
    /// Fingerprints of its clips that nothing before it had met.
    #[serde(skip)]
    pub met: BTreeSet<Fingerprint>,
    /// The weights that it moved, as they were.
    #[serde(skip)]
    pub kept: BTreeMap<String, Kept>,
}

/// The beginning of the names of an adaptation's tensors.
fn prefix(index: usize) -> String {
    format!("adapted.{index}.")
}

impl Adapted {
    /// Whether it made the label set `set` of names alone, without a clip.
    pub fn is_by_name(&self, set: &str) -> bool {
        self.set.as_deref() == Some(set) && self.clips.is_empty()
    }

    /// Its tensors, for the file: name, type, shape, bytes.
    pub(super) fn tensors(
        &self,
        index: usize,
        precision: Precision,
    ) -> Vec<(String, Dtype, Vec<usize>, Vec<u8>)> {
        let prefix = prefix(index);
        let mut raw: Vec<_> = self
            .kept
            .iter()
            .map(|(name, kept)| {
                let (dtype, bytes) = precision.encode(&kept.values);
                (format!("{prefix}kept.{name}"), dtype, kept.shape.clone(), bytes)
            })
            .collect();
        if !self.met.is_empty() {
            let bytes = self.met.iter().flatten().copied().collect();
            raw.push((format!("{prefix}met"), Dtype::U8, vec![self.met.len(), 6], bytes));
        }
        raw
    }

    /// Takes its tensors from a file.
    pub(super) fn fill(
        &mut self,
        index: usize,
        tensors: &SafeTensors<'_>,
    ) -> std::result::Result<(), String> {
        let prefix = prefix(index);
        self.met = super::prints(tensors, &format!("{prefix}met"));
        let kept = format!("{prefix}kept.");
        for (name, view) in tensors.iter() {
            if let Some(name) = name.strip_prefix(&kept) {
                let kept = Kept { shape: view.shape().to_vec(), values: decode(&view)? };
                self.kept.insert(name.to_owned(), kept);
            }
        }
        Ok(())
    }
}

impl Checkpoint {
    /// Takes the last adaptation back: its label set goes, and the weights that it moved are what
    /// they were, to the last bit. `None` where there was none.
    #[must_use]
    pub fn undone(mut self) -> Option<(Self, Adapted)> {
        let last = self.adapted.pop()?;
        if let Some(set) = &last.set {
            self.model = self.model.without_added(set);
            self.thresholds.remove(set);
        }
        let values = last.kept.iter().map(|(name, kept)| (name.clone(), kept.values.clone()));
        self.model = self.model.with_weights(&values.collect());
        self.met.retain(|print| !last.met.contains(print));
        self.shown.clone_from(&last.shown);
        Some((self, last))
    }

    /// Keeps what undoes an adaptation that moved the weights of `moved` from those of this
    /// checkpoint.
    pub fn keep(&self, moved: &BTreeSet<String>) -> BTreeMap<String, Kept> {
        let mut gathered = super::weights::Gather::default();
        burn::module::Module::visit(&self.model, &mut gathered);
        let own = gathered.found.into_iter().filter(|(name, _)| moved.contains(name));
        own.map(|(name, (shape, values))| (name, Kept { shape, values })).collect()
    }
}
