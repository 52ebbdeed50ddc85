//! Which of the ways is taken, and what it will cost.

use std::time::Instant;

use anyhow::{Result, anyhow, bail};
use limbic_features::{Meanings, Name, WordVectors};
use limbic_media::{Modality, PerModality};
use limbic_model::{Checkpoint, Rows};

use super::material::{Given, Material};
use crate::args::Adapt;

/// Clips that are read to see how long one takes.
const SAMPLE: usize = 4;

/// Clips below which last layers are not tried.
const LAYERS_FROM: usize = 40;

/// How the model is bent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Clips without labels.
    Unlabelled,
    /// Labelled clips.
    Labels,
    /// Names alone.
    Names,
}

/// What will be done.
pub(super) struct Plan {
    way: Way,
    /// The new label set's name.
    pub(super) set: String,
    /// The classes.
    pub(super) names: Vec<Name>,
    /// The rows of their words, for modalities whose rows are words.
    pub(super) words: PerModality<Rows>,
    /// What will be done, in a sentence.
    pub(super) sentence: String,
    /// What may not be as it was meant.
    pub(super) warnings: Vec<String>,
}

impl Plan {
    pub(super) fn of(typed: &Adapt, given: &Given, material: Option<&Material>) -> Result<Self> {
        let labelled = material.and_then(|own| own.set.map(|_| own));
        let (way, names) = match (&typed.labels, labelled) {
            (Some(list), Some(_)) => (Way::Labels, parsed(list)?),
            (Some(list), None) => (Way::Names, parsed(list)?),
            (None, Some(own)) => {
                (Way::Labels, own.classes().iter().map(|class| Name::new(class)).collect())
            }
            (None, None) => (Way::Unlabelled, Vec::new()),
        };
        if let Some(column) = &typed.column
            && way != Way::Labels
        {
            bail!("--column {column}: holds no labels; name the column that does");
        }
        if let (Way::Labels, Some(own)) = (way, labelled) {
            strangers(&names, own, &given.checkpoint)?;
        }
        let mut plan = Self {
            way,
            set: named(typed, material, given)?,
            names,
            words: PerModality::none(),
            sentence: String::new(),
            warnings: Vec::new(),
        };
        if way != Way::Unlabelled {
            plan.look_up(given)?;
        }
        plan.sentence = plan.told(given, material);
        Ok(plan)
    }

    pub(super) fn by_name(&self) -> bool {
        self.way == Way::Names
    }

    pub(super) fn unlabelled(&self) -> bool {
        self.way == Way::Unlabelled
    }

    /// Finds the rows of the words, where the rows of the model are words.
    fn look_up(&mut self, given: &Given) -> Result<()> {
        let model = &given.checkpoint.model;
        let by_name = self.by_name();
        if model.worded().is_empty() {
            if self.names.iter().any(|name| name.definition.is_some()) && !by_name {
                self.warnings.push(
                    "the rows of this model are not words, so definitions are not used".to_owned(),
                );
            }
            return Ok(());
        }
        let mut without =
            |reason: String| self.warnings.push(format!("{reason}; rows do not start at words"));
        let Some(bytes) = &given.checkpoint.word_vectors else {
            let reason = format!("{} carries no word vectors", given.name);
            if by_name {
                bail!("{reason}; train it again with `limbic train`, which puts them in");
            }
            without(reason);
            return Ok(());
        };
        let words = WordVectors::from_bytes(&given.name, bytes)?;
        let Meanings { rows, warnings } = match words.meanings(&self.names) {
            Ok(found) => found,
            Err(error) if by_name => bail!("--labels: {error}"),
            Err(error) => {
                without(error.to_string());
                return Ok(());
            }
        };
        self.warnings.extend(warnings);
        let scale = &given.checkpoint.zero_shot;
        for modality in Modality::ALL {
            if model.branch(modality).is_some()
                && let Some(rows) = scale.rows(model, modality, &rows)?
            {
                self.words.insert(modality, rows);
            }
        }
        Ok(())
    }

    fn told(&self, given: &Given, material: Option<&Material>) -> String {
        let clips = material.map_or(0, |own| own.examples.len());
        let model = &given.name;
        match self.way {
            Way::Unlabelled => format!(
                "no labels: bringing the encoders of {model} nearer to {clips} clips by contrast"
            ),
            Way::Names => format!(
                "names alone: {} classes of {model} by their words, without a clip",
                self.names.len()
            ),
            Way::Labels => format!(
                "labels: rows for {} classes on the views that {model} has of {clips} clips{}",
                self.names.len(),
                if self.words.is_empty() { "" } else { ", starting at their words" }
            ),
        }
    }

    /// How long it will take, from a few of the clips.
    pub(super) fn estimate(
        &self,
        typed: &Adapt,
        given: &Given,
        material: &Material,
    ) -> Result<String> {
        let all = &material.examples;
        let step = (all.len() / SAMPLE).max(1);
        let sample: Vec<_> = all.iter().step_by(step).take(SAMPLE).cloned().collect();
        if sample.is_empty() {
            bail!("{}: holds no clips", material.path.display());
        }
        let (started, count) = (Instant::now(), sample.len());
        let clips = material.some(given, self, typed, sample, &mut |_| {})?;
        let reading = started.elapsed().as_secs_f64() / count as f64 * all.len() as f64;
        // Fits: folds within folds, penalties, and some forty steps of each.
        let numbers: usize =
            clips.all.first().map_or(0, |clip| clip.views.iter().map(|(_, v)| v.len()).sum());
        let fits = if self.unlabelled() { 0.0 } else { 6.0 * 5.0 * 8.0 * 40.0 * 4.0 };
        let fitting = fits * (all.len() * numbers * self.names.len()) as f64 / 2e9;
        let layers = typed.minutes * 60.0;
        let more = if layers > 0.0 && (self.unlabelled() || all.len() >= LAYERS_FROM) {
            format!(", and at most {} more for last layers", span(layers * 1.2))
        } else {
            String::new()
        };
        Ok(format!("about {}{more}", span(reading + fitting.min(120.0))))
    }
}

/// Seconds for people.
fn span(seconds: f64) -> String {
    if seconds < 90.0 {
        format!("{:.0} s", seconds.max(1.0).ceil())
    } else {
        format!("{:.0} min", (seconds / 60.0).ceil())
    }
}

/// The names of a list.
fn parsed(list: &str) -> Result<Vec<Name>> {
    Name::list(list).map_err(|error| anyhow!("--labels: {error}"))
}

/// Refuses labels that no clip has, where words cannot stand in for clips.
fn strangers(names: &[Name], own: &Material, checkpoint: &Checkpoint) -> Result<()> {
    let classes: Vec<String> = own.classes().iter().map(|class| class.to_lowercase()).collect();
    let missing: Vec<&str> = names
        .iter()
        .filter(|name| !classes.contains(&name.name.to_lowercase()))
        .map(|name| name.name.as_str())
        .collect();
    if missing.is_empty() || !checkpoint.model.worded().is_empty() {
        return Ok(());
    }
    bail!(
        "--labels: no clip of {} is labelled {}; its labels are {}",
        own.path.display(),
        missing.join(", "),
        own.classes().join(", ")
    )
}

/// What the new label set is called: as was typed, or as the data, with a number where the model
/// has one of that name.
fn named(typed: &Adapt, material: Option<&Material>, given: &Given) -> Result<String> {
    let model = &given.checkpoint.model;
    let branches = || Modality::ALL.into_iter().filter_map(|m| model.branch(m));
    let taken = |name: &str| branches().any(|b| b.sets().iter().any(|set| set.name == name));
    if let Some(name) = &typed.name {
        if name.trim().is_empty() {
            bail!("--name: is empty; give the label set a name");
        }
        if taken(name) {
            bail!("--name {name}: the model has a label set of that name; choose another");
        }
        return Ok(name.clone());
    }
    let own = material.map_or("mine", |own| own.card.name.as_str());
    let numbered = (2..).map(|number| format!("{own}-{number}"));
    let mut names = std::iter::once(own.to_owned()).chain(numbered);
    Ok(names.find(|name| !taken(name)).unwrap_or_else(|| own.to_owned()))
}
