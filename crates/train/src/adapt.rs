//! A trained model bent to somebody's own labels.
//!
//! [`Clips::read`] makes every view once. [`adapt`] fits rows to them, held near what the words of
//! the classes say where the model's rows are words, and moves last layers where held-out clips
//! are answered better for it; [`named`] needs no clips; [`contrast`] needs no labels. Each gives a
//! checkpoint that remembers how it came about and what undoes it. [`curve`] says what a number of
//! labels is worth beside training from nothing and beside classical features.

mod choose;
mod classical;
mod clips;
mod contrast;
mod curve;
mod folds;
mod head;
mod layers;
mod learn;
mod report;
mod trial;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use burn::tensor::Device;
use limbic_corpus::person;
use limbic_media::{Modality, PerModality};
use limbic_model::{Adapted, Checkpoint, LabelSet, Model, Precision, Rows};
use serde::Serialize;

pub use self::choose::{Chosen, Labelled, sureness};
pub use self::classical::{Classical, Known};
pub use self::clips::{Clip, Clips};
pub use self::contrast::{Unlabelled, contrast};
pub use self::curve::{Curve, Rung, Way, curve};
pub use self::folds::Folds;
pub use self::head::{Head, Layout, Task, best, temperature as fitted_temperature};
pub use self::report::{Compared, HeldOut, Numbers, PerClass, WHATEVER};

use self::learn::Side;
use self::trial::Trial;
use crate::{Error, Result};

/// Folds that an adaptation is scored by.
pub const FOLDS: usize = 5;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Request {
    /// The new label set.
    pub set: LabelSet,
    /// The rows of its words, for the modalities whose rows are words.
    pub words: PerModality<Rows>,
    /// Seed of everything random.
    pub seed: u64,
    /// How long last layers may take to try; nothing where they stay.
    pub layers: Option<Duration>,
    /// How the weights of the checkpoint are written.
    pub precision: Precision,
    /// What is known of the adaptation before it begins: command, data, the file it starts from.
    pub record: Adapted,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress<'a> {
    /// What is being done.
    pub doing: &'a str,
    /// The share of it that is done.
    pub share: f64,
}

/// What was chosen for one modality.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Choice {
    /// The modality.
    pub modality: Modality,
    /// How many labelled clips it was fitted to.
    pub clips: usize,
    /// How much rows are held near their start.
    pub penalty: f64,
    /// Whether they start at the words of the classes.
    pub words: bool,
    /// What their scores were divided by.
    pub temperature: f64,
    /// Whether the last layer was tried, and what came of it.
    pub layer: Layer,
}

/// What became of the last layer of an encoder.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "layer", rename_all = "kebab-case")]
pub enum Layer {
    /// It was not tried; why not.
    Left {
        /// The reason.
        reason: String,
    },
    /// It was tried and stays: held-out clips were not answered better.
    Stays {
        /// Mean negative log-likelihood of held-out clips with rows alone.
        rows: f64,
        /// The same with the layer moved.
        moved: f64,
    },
    /// It was moved.
    Moved {
        /// Mean negative log-likelihood of held-out clips with rows alone.
        rows: f64,
        /// The same with the layer moved.
        moved: f64,
        /// The share of held-out clips whose emotion, of those shown before, is the same.
        agreement: f64,
        /// UAR of the emotions shown before on clips whose labels are among them, before and
        /// after.
        old: Option<[f64; 2]>,
    },
}

/// What came of an adaptation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The label set.
    pub set: String,
    /// How clips were held out: `speakers` or `clips`; none where there were too few.
    pub held_out_by: Option<String>,
    /// The classes.
    pub classes: Vec<PerClass>,
    /// Labelled clips, and clips without a label that helped to lay out views.
    pub clips: [usize; 2],
    /// Speakers by name.
    pub speakers: usize,
    /// What `before` is: `words`, or `commonest class`.
    pub before: String,
    /// Before and after for every choice of modalities.
    pub scores: Vec<Compared>,
    /// What was chosen for each modality.
    pub chosen: Vec<Choice>,
    /// What summed logits are divided by, by choice of modalities.
    pub temperature: BTreeMap<String, f32>,
}

/// Adds a label set that was learned from clips. The answers to every other label set stay what
/// they are, to the last bit, unless a last layer moved.
///
/// # Errors
/// [`Error::Adapt`] where fewer than two classes have clips, or one has neither clips nor words;
/// those of the model.
pub fn adapt(
    checkpoint: &Checkpoint,
    request: &Request,
    clips: &Clips,
    tell: &mut dyn FnMut(Progress<'_>),
) -> Result<(Checkpoint, Report)> {
    let count = request.set.classes.len();
    check(request, clips, count)?;
    let modalities = clips.modalities();
    let sides: PerModality<Side> = modalities
        .iter()
        .map(|m| (*m, Side::new(clips, *m, request.words.get(*m).cloned())))
        .collect();
    let mut trial = Trial::new(checkpoint, request, clips, sides)?;
    trial.hold_out(tell);
    trial.try_layers(tell)?;
    let (model, moved, chosen) = trial.whole(tell)?;
    let by_speaker = trial.folds.as_ref().is_some_and(|folds| folds.by_speaker);
    let (scores, temperature) = trial.held_out.compare(&clips.all, &modalities, count, by_speaker);
    let (counts, recalls) = (clips.counts(count), trial.held_out.recalls(&clips.all, count));
    let per_class = request.set.classes.iter().zip(counts).enumerate();
    let labelled = clips.labelled().len();
    let report = Report {
        set: request.set.name.clone(),
        held_out_by: trial
            .folds
            .as_ref()
            .map(|folds| if folds.by_speaker { "speakers" } else { "clips" }.to_owned()),
        classes: per_class
            .map(|(class, (name, clips))| PerClass {
                name: name.clone(),
                clips,
                recall: recalls.get(class).copied().flatten(),
            })
            .collect(),
        clips: [labelled, clips.all.len() - labelled],
        speakers: clips.speakers().len(),
        before: if request.words.is_empty() { "commonest class" } else { "words" }.to_owned(),
        scores,
        chosen,
        temperature,
    };
    let record = learned(checkpoint, request, clips, &report, &moved);
    Ok((finished(checkpoint, model, record), report))
}

/// Adds a label set by the words of its classes alone, to every modality whose rows are words.
///
/// # Errors
/// [`Error::Adapt`] where the model's rows are not words.
pub fn named(checkpoint: &Checkpoint, request: &Request) -> Result<Checkpoint> {
    let device = Device::flex();
    if request.words.is_empty() {
        return Err(Error::Adapt(
            "the rows of this model are not words, so it knows no emotion by its name alone; give \
             a few labelled clips of each with --data, or a model whose recipe has `head.words`"
                .to_owned(),
        ));
    }
    let mut model = checkpoint.model.clone();
    for (modality, rows) in request.words.iter() {
        model = model.with_added(modality, &request.set, rows, &device)?;
    }
    let record = Adapted {
        set: Some(request.set.name.clone()),
        seed: request.seed,
        shown: checkpoint.shown.clone(),
        ..request.record.clone()
    };
    Ok(finished(checkpoint, model, record))
}

/// Refuses what no rows can be fitted to.
fn check(request: &Request, clips: &Clips, count: usize) -> Result<()> {
    let counts = clips.counts(count);
    let named = |empty: bool| -> Vec<&str> {
        let own = request.set.classes.iter().zip(&counts);
        own.filter(|(_, clips)| (**clips == 0) == empty).map(|(name, _)| name.as_str()).collect()
    };
    let (there, missing) = (named(false), named(true));
    if let [only] = there[..] {
        return Err(Error::Adapt(format!(
            "every labelled clip is of the class `{only}`; give clips of two classes at least"
        )));
    }
    if there.is_empty() {
        return Err(Error::Adapt(format!(
            "no clip has one of the labels {}; check their spelling and the column of labels",
            missing.join(", ")
        )));
    }
    if !missing.is_empty() && request.words.is_empty() {
        return Err(Error::Adapt(format!(
            "no clip has the label {}; add clips of it, or leave it out of --labels",
            missing.join(", ")
        )));
    }
    Ok(())
}

/// The record of an adaptation to clips.
fn learned(
    checkpoint: &Checkpoint,
    request: &Request,
    clips: &Clips,
    report: &Report,
    moved: &BTreeSet<String>,
) -> Adapted {
    let mut scores = BTreeMap::new();
    for compared in &report.scores {
        for (when, numbers) in [("before", &compared.before), ("after", &compared.after)] {
            let inputs = &compared.inputs;
            scores.insert(format!("{inputs}/{when}/accuracy"), numbers.accuracy);
            scores.insert(format!("{inputs}/{when}/uar"), numbers.uar);
            scores.insert(format!("{inputs}/{when}/macro_f1"), numbers.macro_f1);
        }
    }
    let classes = report.classes.iter();
    Adapted {
        set: Some(request.set.name.clone()),
        seed: request.seed,
        clips: classes.map(|class| (class.name.clone(), class.clips)).collect(),
        unlabelled: report.clips[1],
        temperature: report.temperature.clone(),
        scores,
        shown: checkpoint.shown.clone(),
        kept: checkpoint.keep(moved),
        ..remembered(checkpoint, request.record.clone(), clips)
    }
}

/// A record with whom and what it learned from.
fn remembered(checkpoint: &Checkpoint, record: Adapted, clips: &Clips) -> Adapted {
    let corpus = clips.name.clone();
    let people: BTreeSet<String> =
        clips.speakers().into_iter().map(|speaker| person(&corpus, speaker)).collect();
    let prints = clips.all.iter().flat_map(|clip| clip.prints.iter().copied());
    Adapted {
        people: if people.is_empty() { BTreeMap::new() } else { [(corpus, people)].into() },
        met: prints.filter(|print| !checkpoint.met.contains(print)).collect(),
        ..record
    }
}

/// The checkpoint of an adapted model.
fn finished(checkpoint: &Checkpoint, model: Model, record: Adapted) -> Checkpoint {
    let mut adapted = Checkpoint { model, ..checkpoint.clone() };
    adapted.met.extend(&record.met);
    if record.set.is_some() {
        adapted.shown.clone_from(&record.set);
    }
    adapted.adapted.push(record);
    adapted
}
