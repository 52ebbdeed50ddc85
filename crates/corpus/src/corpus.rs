//! A labelled clip, and the trait of everything that lists some.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use limbic_media::Span;
use serde::{Deserialize, Serialize};

use crate::{Card, Result};

/// Lists the labelled clips of a data set, with speaker, split and licence.
pub trait Corpus {
    /// Every clip.
    ///
    /// # Errors
    /// Where a table or an archive cannot be read; the message names file and line.
    fn examples(&self) -> Result<Vec<Example>>;

    /// What a user must know before using it.
    fn card(&self) -> &Card;
}

/// One labelled clip.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    /// Unique in its corpus.
    pub id: String,
    /// Who speaks, writes or is seen, where that is known.
    pub speaker: Option<String>,
    /// The conversation that it is a turn of.
    pub dialogue: Option<String>,
    /// The recording that it was cut from, where others may have been cut from it too.
    pub source: Option<String>,
    /// The stretch of its sound and film that it is, in seconds; all of it without.
    pub span: Option<Span>,
    /// What else is known of it, by name; scores can be told apart by it.
    pub groups: BTreeMap<String, String>,
    /// What it consists of.
    pub media: Vec<Media>,
    /// One label a label set of the card; `None` where this clip has none of that set.
    pub labels: Vec<Option<Label>>,
    /// The official part it belongs to.
    pub part: Part,
    /// The published fold it belongs to.
    pub fold: Option<usize>,
}

impl Example {
    /// A clip of which nothing is known but its name.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            speaker: None,
            dialogue: None,
            source: None,
            span: None,
            groups: BTreeMap::new(),
            media: Vec::new(),
            labels: Vec::new(),
            part: Part::Whole,
            fold: None,
        }
    }
}

/// What a clip consists of.
#[derive(Debug, Clone, PartialEq)]
pub enum Media {
    /// A recording.
    Audio(PathBuf),
    /// A film.
    Film(PathBuf),
    /// A picture.
    Image(PathBuf),
    /// Words.
    Text(String),
    /// A grey picture of a face, row by row, and its side in pixels.
    Face(Arc<[u8]>, usize),
    /// One vector that was published with the corpus, and the name of its features.
    Vector(Cow<'static, str>, Arc<[f32]>),
    /// Vectors over time that were published with the corpus: the name of the features, the
    /// steps one after the other, and the features a step.
    Series(Cow<'static, str>, Arc<[f32]>, usize),
}

/// A label in terms of one label set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Label {
    /// A class.
    Class(usize),
    /// Weights over classes, such as votes.
    Votes(Vec<f32>),
    /// Any number of classes.
    Multi(Vec<usize>),
    /// Real ratings.
    Rating(Vec<f32>),
}

/// The official part of a corpus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// To learn from.
    Train,
    /// A slice of the training part kept for choosing thresholds.
    Dev,
    /// To score on.
    Valid,
    /// A corpus without official parts.
    Whole,
}
