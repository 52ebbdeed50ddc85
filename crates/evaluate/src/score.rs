//! Answers and labels become scores with intervals.

mod classes;
mod compare;
mod kind;
mod multi;
mod ratings;
mod table;

use std::collections::BTreeMap;

use limbic_corpus::{Label, LabelKind, LabelMap};
use serde::{Deserialize, Serialize};

use crate::metric::{Better, Bin};

pub use compare::{Comparison, Difference, McNemar, compare, mcnemar};
pub(crate) use kind::{argmax, usable, weights};
pub use table::score;

/// What a model said of one clip.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The clip's id, unique in its data.
    pub clip: String,
    /// Who speaks, writes or is seen, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speaker: Option<String>,
    /// What else is known of the clip, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub groups: BTreeMap<String, String>,
    /// The label.
    pub truth: Label,
    /// In the order of the label set's classes: for one class a clip probabilities that sum to 1,
    /// for several each its own probability, for ratings the values. A class that the model does
    /// not know has probability 0, and a dimension no number.
    #[serde(with = "crate::number::each")]
    pub said: Vec<f64>,
}

/// How a rating that is a sentiment is scored in the literature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sentiment {
    /// Published from -3 to 3, a third of that here: CMU-MOSI and CMU-MOSEI.
    Mosi,
    /// From -1 to 1: CH-SIMS.
    Sims,
}

/// What the answers are answers to.
#[derive(Debug, Clone, Copy)]
pub struct Task<'a> {
    /// The label set.
    pub map: &'a LabelMap,
    /// The probability above which each class of a yes/no set is "yes"; one half where `None`.
    pub thresholds: Option<&'a [f64]>,
    /// Set where the only rating is a sentiment.
    pub sentiment: Option<Sentiment>,
}

impl<'a> Task<'a> {
    /// The task of a label set: a single rating named `sentiment` is scored as one, as CH-SIMS is
    /// where the set's name holds `sims`.
    pub fn new(map: &'a LabelMap) -> Self {
        let alone = map.kind == LabelKind::Rating
            && matches!(map.classes.as_slice(), [(class, _)] if class == "sentiment");
        let kind = if map.name.contains("sims") { Sentiment::Sims } else { Sentiment::Mosi };
        Self { map, thresholds: None, sentiment: alone.then_some(kind) }
    }
}

/// What was drawn again and again for the intervals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// Speakers, each with all of their clips.
    Speakers,
    /// Single clips, since a speaker is unknown or alone: too narrow where clips share speakers.
    Clips,
}

/// A score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Value {
    /// The metric's name, with that of the class or dimension where it is one's own.
    pub metric: String,
    /// The same for people.
    pub label: String,
    /// The score; none where its definition leaves it open.
    pub value: Option<f64>,
    /// Between which values 95 % of its resamples lie.
    pub interval: Option<[f64; 2]>,
    /// Which way it gets better.
    pub better: Better,
    /// What it is, in a sentence.
    pub definition: String,
}

/// The scores of one class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassScore {
    /// The class.
    pub class: String,
    /// How many clips are of it.
    pub clips: usize,
    /// How many clips were said to be of it.
    pub said: usize,
    /// Share of what was said to be of it that is; none where it neither occurs nor is said.
    pub precision: Option<f64>,
    /// Share of it that was found; none where it neither occurs nor is said.
    pub recall: Option<f64>,
    /// `2 tp / (2 tp + fp + fn)`; none where it neither occurs nor is said.
    pub f1: Option<f64>,
    /// ROC AUC of its probability against all other clips; none without both.
    pub auc: Option<f64>,
    /// Above which probability it was said, in a yes/no set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
}

/// The headline score of clips that share something.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GroupScore {
    /// What they share.
    pub group: String,
    /// Which kind of it.
    pub value: String,
    /// How many clips.
    pub clips: usize,
    /// The headline score.
    pub score: Option<f64>,
    /// Its interval.
    pub interval: Option<[f64; 2]>,
}

/// The headline score of one speaker's clips.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SpeakerScore {
    /// The speaker.
    pub speaker: String,
    /// How many clips.
    pub clips: usize,
    /// The headline score.
    pub score: Option<f64>,
}

/// How many clips count for nothing, and why.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// No class has more votes than every other. They still count for the scores against votes.
    pub ties: usize,
    /// The label is of another kind than the label set, or names a class that it does not have.
    pub unlabelled: usize,
    /// The answer has not one number a class, or one that is none.
    pub unanswered: usize,
}

/// Every score of some answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scored {
    /// How many clips count.
    pub clips: usize,
    /// How many speakers they are known to have.
    pub speakers: usize,
    /// The name of the metric that stands for all where there is room for one.
    pub headline: String,
    /// The scores.
    pub metrics: Vec<Value>,
    /// What the intervals were drawn from; none where nothing was drawn.
    pub interval_unit: Option<Unit>,
    /// How often it was drawn.
    pub resamples: usize,
    /// Each class by itself; empty for ratings.
    pub per_class: Vec<ClassScore>,
    /// The headline by what clips share; a group of more than a hundred kinds is not told apart.
    pub per_group: Vec<GroupScore>,
    /// The headline by speaker.
    pub per_speaker: Vec<SpeakerScore>,
    /// For one class a clip: a row a label, a column an answer.
    pub confusion: Option<Vec<Vec<usize>>>,
    /// Ten bins: of the top probability, or of all probabilities of a yes/no set; empty for
    /// ratings.
    pub reliability: Vec<Bin>,
    /// For one class a clip, at up to a hundred places: the share of clips that are answered,
    /// surest first, and the share of these that are wrong.
    pub risk_coverage: Vec<[f64; 2]>,
    /// Clips that count for nothing.
    pub left_out: LeftOut,
}

impl Scored {
    /// A score by its name.
    pub fn metric(&self, name: &str) -> Option<&Value> {
        self.metrics.iter().find(|value| value.metric == name)
    }

    /// The score that stands for all.
    pub fn headline(&self) -> Option<&Value> {
        self.metric(&self.headline)
    }
}
