//! Where a checkpoint comes from.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::Objectivity;

/// Where a checkpoint comes from.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// Program version that wrote it.
    pub version: String,
    /// The corpora it learned from, with the number of clips of each.
    pub corpora: BTreeMap<String, usize>,
    /// Which fold was held out, if one was.
    pub fold: Option<usize>,
    /// Seed of everything random.
    pub seed: u64,
    /// Scores on held-out clips, as printed when it was trained.
    pub scores: BTreeMap<String, f64>,
    /// Fingerprints of the speakers it learned from, by corpus: nobody is named.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub people: BTreeMap<String, BTreeSet<String>>,
    /// The hashes of the split files of its corpora, where there were any.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub splits: BTreeMap<String, String>,
    /// Whose judgement the labels were that it learned from, by label set.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub targets: BTreeMap<String, Objectivity>,
    /// The files of published weights that it was converted from, with their BLAKE3 hashes; none
    /// where it was trained.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub converted: BTreeMap<String, String>,
}
