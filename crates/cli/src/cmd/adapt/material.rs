//! The model and the clips as they were given.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use limbic_corpus::{Card, Example, LabelKind, ManifestOptions, detect, manifest, open_file};
use limbic_model::{Checkpoint, Precision};
use limbic_train::adapt::Clips;

use super::plan::Plan;
use crate::args::Adapt;
use crate::cmd::named_model::NamedModel;

/// How many clips that were left out are named.
const NAMED: usize = 5;

/// The model.
pub(super) struct Given {
    pub(super) name: String,
    pub(super) hash: String,
    pub(super) checkpoint: Checkpoint,
    pub(super) precision: Precision,
}

/// The clips.
pub(super) struct Material {
    /// The file or folder, without the folders above it.
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) card: Card,
    pub(super) examples: Vec<Example>,
    /// The label set on the card that says one class a clip, where any clip has one.
    pub(super) set: Option<usize>,
}

impl Given {
    pub(super) fn open(typed: &Adapt) -> Result<Self> {
        let NamedModel { name, bytes, hash, checkpoint } = NamedModel::open(&typed.model)?;
        Ok(Self { name, hash, checkpoint, precision: Precision::of(&bytes) })
    }
}

impl Material {
    pub(super) fn open(typed: &Adapt) -> Result<Option<Self>> {
        let Some(path) = &typed.data else { return Ok(None) };
        let about = std::fs::metadata(path)
            .with_context(|| format!("{}: cannot be found; check the path", path.display()))?;
        // A column that is named is a manifest's.
        let known = match &typed.column {
            Some(_) => None,
            None if about.is_dir() => detect(path)?,
            None => open_file(path)?,
        };
        let corpus = if let Some(corpus) = known {
            corpus
        } else {
            let options = ManifestOptions {
                root: typed.root.clone(),
                column: typed.column.clone(),
                ..ManifestOptions::default()
            };
            manifest(path, &options)?
        };
        let (card, examples) = (corpus.card().clone(), corpus.examples()?);
        let has = |set: usize| examples.iter().any(|example| example.labels[set].is_some());
        let mut sets = card.labels.iter().enumerate();
        let set = sets.find(|(set, map)| map.kind != LabelKind::Rating && has(*set));
        let set = set.map(|(set, _)| set);
        let name = path
            .file_name()
            .map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
        Ok(Some(Self { name, path: path.clone(), card, examples, set }))
    }

    /// The classes of the data, in the order of its label set.
    pub(super) fn classes(&self) -> Vec<String> {
        let Some(map) = self.set.map(|set| &self.card.labels[set]) else { return Vec::new() };
        map.classes.iter().map(|(class, _)| class.clone()).collect()
    }

    /// The hash of a table of clips; a folder has none.
    pub(super) fn hashes(&self) -> BTreeMap<String, String> {
        let hash = std::fs::read(&self.path).ok().map(|bytes| blake3::hash(&bytes));
        let hash = hash.map(|hash| (self.name.clone(), hash.to_hex().to_string()));
        hash.into_iter().collect()
    }

    /// Reads every clip.
    pub(super) fn read(
        &mut self,
        given: &Given,
        plan: &Plan,
        typed: &Adapt,
        tick: &mut dyn FnMut(f64),
    ) -> Result<Clips> {
        self.some(given, plan, typed, self.examples.clone(), tick)
    }

    /// Reads some clips.
    pub(super) fn some(
        &self,
        given: &Given,
        plan: &Plan,
        typed: &Adapt,
        examples: Vec<Example>,
        tick: &mut dyn FnMut(f64),
    ) -> Result<Clips> {
        let classes: Vec<String> = plan.names.iter().map(|name| name.name.clone()).collect();
        let root = typed.wordvec.parent().unwrap_or_else(|| Path::new("."));
        Clips::read(&given.checkpoint, &self.card, examples, self.set, &classes, root, tick)
            .with_context(|| format!("{}: cannot be read as the model asks", self.path.display()))
    }
}

/// What must be said of clips that are not learned from.
pub(super) fn skipped(clips: &Clips, plan: &Plan) -> Vec<String> {
    let mut told: Vec<String> = clips.skipped.iter().take(NAMED).cloned().collect();
    let more = clips.skipped.len().saturating_sub(NAMED);
    if more > 0 {
        told.push(format!("and {more} clips more could not be read"));
    }
    if !plan.unlabelled() {
        for (label, count) in &clips.strangers {
            told.push(format!(
                "{count} clips are labelled `{label}`, which is not in --labels; they count as \
                 unlabelled"
            ));
        }
        let singles: Vec<&str> = clips
            .counts(plan.names.len())
            .into_iter()
            .zip(&plan.names)
            .filter(|(count, _)| *count == 1)
            .map(|(_, name)| name.name.as_str())
            .collect();
        if !singles.is_empty() {
            told.push(format!(
                "{} has one clip, so whether it is found cannot be told; give two at least",
                singles.join(", ")
            ));
        }
    }
    told
}
