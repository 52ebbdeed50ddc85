//! What a training keeps so that it can go on after it was ended: written whole or not at all.

use std::collections::BTreeMap;
use std::path::Path;

use burn::optim::ModuleOptimizer;
use limbic_model::Recipe;
use serde::{Deserialize, Serialize};

use super::watch::Watch;
use crate::{Error, Result};

/// Weights by path.
pub(super) type Weights = BTreeMap<String, Vec<f32>>;

/// Where a training stands.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq)]
pub(super) struct Progress {
    pub(super) recipe: Recipe,
    pub(super) clips: usize,
    pub(super) stage: usize,
    pub(super) epoch: usize,
    /// The next batch of the epoch.
    pub(super) batch: usize,
    /// Steps done in the whole run.
    pub(super) done: usize,
    /// Sum of the epoch's losses so far, and how many they are.
    pub(super) loss: (f64, usize),
    pub(super) watch: Watch,
    /// Whether no clip has moved the head for all modalities together yet.
    pub(super) fusion_untrained: bool,
}

/// Everything that is kept.
pub(super) struct State {
    pub(super) progress: Progress,
    pub(super) weights: Weights,
    pub(super) average: Option<Weights>,
    pub(super) best: Option<Weights>,
}

impl State {
    /// # Errors
    /// [`Error::Io`] or [`Error::Resume`], naming the file.
    pub(super) fn save(&self, path: &Path, optimizer: &ModuleOptimizer) -> Result<()> {
        // The state is written beside the old one and swapped in; a kill leaves one of the two.
        let fresh = beside(path, "part");
        std::fs::remove_dir_all(&fresh).or_else(ignore_missing).map_err(Error::io(&fresh))?;
        std::fs::create_dir_all(&fresh).map_err(Error::io(&fresh))?;
        let write = |name: &str, bytes: Vec<u8>| {
            let file = fresh.join(name);
            std::fs::write(&file, bytes).map_err(Error::io(&file))
        };
        write("weights.bin", encode(&self.weights))?;
        for (name, weights) in [("average.bin", &self.average), ("best.bin", &self.best)] {
            if let Some(weights) = weights {
                write(name, encode(weights))?;
            }
        }
        let file = fresh.join("optimizer.bpk");
        optimizer.save(&file).map_err(|error| Error::Resume {
            path: file.clone(),
            reason: format!("the optimiser's state cannot be written ({error})"),
        })?;
        let progress = serde_json::to_vec(&self.progress)
            .map_err(|error| Error::Resume { path: fresh.clone(), reason: error.to_string() })?;
        write("progress.json", progress)?;
        let old = beside(path, "old");
        std::fs::remove_dir_all(&old).or_else(ignore_missing).map_err(Error::io(&old))?;
        std::fs::rename(path, &old).or_else(ignore_missing).map_err(Error::io(path))?;
        std::fs::rename(&fresh, path).map_err(Error::io(path))?;
        std::fs::remove_dir_all(&old).or_else(ignore_missing).map_err(Error::io(&old))
    }

    /// The state that a run of `recipe` on `clips` clips left at `path`, if one did.
    ///
    /// # Errors
    /// [`Error::Io`], or [`Error::Resume`] where it is another run's or cannot be read.
    pub(super) fn load(path: &Path, recipe: &Recipe, clips: usize) -> Result<Option<Self>> {
        if !path.exists() {
            // Ended between the two renames: the old state is whole.
            let old = beside(path, "old");
            if !old.exists() {
                return Ok(None);
            }
            std::fs::rename(&old, path).map_err(Error::io(path))?;
        }
        let bad = |reason: &str| Error::Resume { path: path.to_owned(), reason: reason.to_owned() };
        let read = |name: &str| {
            let file = path.join(name);
            std::fs::read(&file).map_err(Error::io(&file))
        };
        let progress: Progress = serde_json::from_slice(&read("progress.json")?)
            .map_err(|error| bad(&format!("the progress file cannot be read ({error})")))?;
        if progress.recipe != *recipe || progress.clips != clips {
            return Err(bad("the state belongs to another recipe or other data"));
        }
        let weights =
            |name: &str| decode(&read(name)?).ok_or_else(|| bad(&format!("{name} is cut short")));
        let there = |name: &str| path.join(name).exists().then(|| weights(name)).transpose();
        let (average, best) = (there("average.bin")?, there("best.bin")?);
        Ok(Some(Self { progress, weights: weights("weights.bin")?, average, best }))
    }

    /// Brings an optimiser to where it was.
    ///
    /// # Errors
    /// [`Error::Resume`] where its state cannot be read.
    pub(super) fn optimizer(path: &Path, fresh: ModuleOptimizer) -> Result<ModuleOptimizer> {
        let file = path.join("optimizer.bpk");
        fresh.load(&file).map_err(|error| Error::Resume {
            path: file.clone(),
            reason: format!("the optimiser's state cannot be read ({error})"),
        })
    }
}

fn beside(path: &Path, what: &str) -> std::path::PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(what);
    name.into()
}

fn ignore_missing(error: std::io::Error) -> std::io::Result<()> {
    if error.kind() == std::io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}

/// Name length, name, count, values; little-endian.
fn encode(weights: &Weights) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, values) in weights {
        bytes.extend((name.len() as u64).to_le_bytes());
        bytes.extend(name.as_bytes());
        bytes.extend((values.len() as u64).to_le_bytes());
        bytes.extend(values.iter().flat_map(|v| v.to_le_bytes()));
    }
    bytes
}

fn decode(mut bytes: &[u8]) -> Option<Weights> {
    let mut take = |count: usize| {
        let (head, tail) = bytes.split_at_checked(count)?;
        bytes = tail;
        Some(head)
    };
    let mut weights = Weights::new();
    while let Some(length) = take(8) {
        let length = u64::from_le_bytes(length.try_into().ok()?) as usize;
        let name = String::from_utf8(take(length)?.to_vec()).ok()?;
        let count = u64::from_le_bytes(take(8)?.try_into().ok()?) as usize;
        let values = take(count.checked_mul(4)?)?;
        weights.insert(name, values.as_chunks().0.iter().map(|v| f32::from_le_bytes(*v)).collect());
    }
    Some(weights)
}
