//! What a user must know before using a corpus, as a file a corpus (`corpora/*.toml`).

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::{Error, LabelMap, Objectivity, Result, labels};

/// What a user must know about a corpus.
#[derive(Debug, Clone, PartialEq)]
pub struct Card {
    /// Its name in recipes.
    pub name: String,
    /// Its name in full.
    pub title: String,
    /// Its licence.
    pub licence: String,
    /// Who made it.
    pub citation: String,
    /// How many people it shows and who they are; empty where nobody is named.
    pub speakers: String,
    /// What has misled others.
    pub traps: Vec<String>,
    /// How many clips the whole corpus has of each class of its own label set, where published.
    pub counts: BTreeMap<String, usize>,
    /// Whether vectors that come with it were learned from the labels of its official training
    /// part, so that these clips cannot be scored on.
    pub learned_vectors: bool,
    /// Its label sets, the first one its own.
    pub labels: Vec<LabelMap>,
}

/// The file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    title: String,
    licence: String,
    citation: String,
    #[serde(default)]
    speakers: String,
    #[serde(default)]
    traps: Vec<String>,
    labels: Vec<String>,
    #[serde(default)]
    counts: BTreeMap<String, usize>,
    #[serde(default)]
    learned_vectors: bool,
}

impl Card {
    /// A card without anything but labels.
    pub fn new(name: impl Into<String>, labels: Vec<LabelMap>) -> Self {
        let name = name.into();
        Self {
            title: name.clone(),
            name,
            licence: "not stated".into(),
            citation: "not stated".into(),
            speakers: String::new(),
            traps: Vec::new(),
            counts: BTreeMap::new(),
            learned_vectors: false,
            labels,
        }
    }

    /// Reads a card and the label files that it names.
    ///
    /// # Errors
    /// [`Error::Labels`] where it does not parse, names no label file that there is, or counts a
    /// class that its own label set does not have.
    pub fn parse(name: &str, text: &str) -> Result<Self> {
        let bad = |reason: String| Error::Labels { name: name.to_owned(), reason };
        let file: File = toml::from_str(text).map_err(|error| bad(error.to_string()))?;
        let maps = file.labels.iter().map(|name| labels(name)).collect::<Result<Vec<_>>>()?;
        let Some(own) = maps.first() else {
            return Err(bad("names no label file; name at least one".to_owned()));
        };
        if let Some(class) = file.counts.keys().find(|class| own.index(class).is_none()) {
            return Err(bad(format!("counts `{class}`, which labels/{}.toml lacks", own.name)));
        }
        Ok(Self {
            name: file.name,
            title: file.title,
            licence: file.licence,
            citation: file.citation,
            speakers: file.speakers,
            traps: file.traps,
            counts: file.counts,
            learned_vectors: file.learned_vectors,
            labels: maps,
        })
    }

    /// Whose judgement its own labels are.
    pub fn target(&self) -> Option<Objectivity> {
        self.labels.first().map(|map| map.target)
    }
}
