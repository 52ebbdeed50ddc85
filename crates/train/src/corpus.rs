//! Labelled clips, and where they come from.

mod fer;
mod mosi;
mod speech;
mod table;
mod texts;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use limbic_model::{LabelMap, LabelSet, Objectivity};

use crate::{Error, Result};

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

/// What a user must know about a corpus.
#[derive(Debug, Clone, PartialEq)]
pub struct Card {
    /// Its name in recipes.
    pub name: &'static str,
    /// Its licence.
    pub licence: &'static str,
    /// Who made it.
    pub citation: &'static str,
    /// Its label sets, the first one its own.
    pub labels: Vec<LabelMap>,
}

impl Card {
    /// Whose judgement its labels are.
    pub fn target(&self) -> Option<Objectivity> {
        self.labels.first().map(|map| map.target)
    }
}

/// One labelled clip.
#[derive(Debug, Clone)]
pub struct Example {
    /// Unique in its corpus.
    pub id: String,
    /// Who speaks, writes or is seen, where that is known.
    pub speaker: Option<String>,
    /// What it consists of.
    pub media: Vec<Media>,
    /// One label a label set of the card; `None` where this clip has none of that set.
    pub labels: Vec<Option<Label>>,
    /// The official part it belongs to.
    pub part: Part,
    /// The published fold it belongs to.
    pub fold: Option<usize>,
}

/// What a clip consists of.
#[derive(Debug, Clone)]
pub enum Media {
    /// A recording.
    Audio(PathBuf),
    /// A film.
    Film(PathBuf),
    /// Words.
    Text(String),
    /// A grey picture of a face, row by row, and its side in pixels.
    Face(Arc<[u8]>, usize),
    /// One vector that was published with the corpus, and the name of its features.
    Vector(&'static str, Arc<[f32]>),
}

/// A label in terms of one label set.
#[derive(Debug, Clone, PartialEq)]
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

/// Every corpus that has a reader.
const KNOWN: [&str; 10] = [
    "ravdess",
    "emodb",
    "nemo",
    "fer2013",
    "goemotions",
    "meld",
    "isear",
    "dair_emotion",
    "emobank",
    "mosi",
];

/// Opens a corpus by name under `root`, the folder that holds one folder a corpus.
///
/// # Errors
/// [`Error::UnknownCorpus`], or [`Error::Io`] where its folder is missing.
pub fn open(name: &str, root: &Path) -> Result<Box<dyn Corpus>> {
    let folder = match name {
        "goemotions" | "meld" | "isear" | "dair_emotion" | "emobank" => {
            root.join("text").join(name)
        }
        _ => root.join(name),
    };
    let corpus: Box<dyn Corpus> = match name {
        "ravdess" | "emodb" | "nemo" => Box::new(speech::Speech::new(name, folder.clone())?),
        "fer2013" => Box::new(fer::Fer::new(folder.clone())?),
        "mosi" => Box::new(mosi::Mosi::new(folder.clone())?),
        "goemotions" | "meld" | "isear" | "dair_emotion" | "emobank" => {
            Box::new(texts::Texts::new(name, folder.clone())?)
        }
        _ => {
            let name = name.to_owned();
            return Err(Error::UnknownCorpus { name, known: KNOWN.join(", ") });
        }
    };
    std::fs::metadata(&folder).map_err(Error::io(&folder))?;
    Ok(corpus)
}

/// The label files of a corpus, its own first.
pub(crate) fn maps(name: &str) -> Result<Vec<LabelMap>> {
    let others: &[&str] = match name {
        "fer2013" => &["ferplus"],
        "mosi" => &["mosi_sentiment"],
        _ => &[],
    };
    std::iter::once(&name).chain(others).map(|name| labels(name)).collect()
}

/// The label sets that the heads of a recipe over these corpora answer to, in their order. No
/// clip is read.
///
/// # Errors
/// [`Error::UnknownCorpus`].
pub fn label_sets(corpora: &[String]) -> Result<Vec<LabelSet>> {
    let maps = corpora.iter().map(|name| maps(name)).collect::<Result<Vec<_>>>()?;
    Ok(maps.iter().flatten().map(LabelMap::set).collect())
}

/// The label file of a corpus, compiled in.
pub(crate) fn labels(name: &str) -> Result<LabelMap> {
    let text = match name {
        "ravdess" => include_str!("../../../labels/ravdess.toml"),
        "emodb" => include_str!("../../../labels/emodb.toml"),
        "nemo" => include_str!("../../../labels/nemo.toml"),
        "fer2013" => include_str!("../../../labels/fer2013.toml"),
        "ferplus" => include_str!("../../../labels/ferplus.toml"),
        "goemotions" => include_str!("../../../labels/goemotions.toml"),
        "meld" => include_str!("../../../labels/meld.toml"),
        "isear" => include_str!("../../../labels/isear.toml"),
        "dair_emotion" => include_str!("../../../labels/dair_emotion.toml"),
        "emobank" => include_str!("../../../labels/emobank.toml"),
        "mosi" => include_str!("../../../labels/mosi.toml"),
        "mosi_sentiment" => include_str!("../../../labels/mosi_sentiment.toml"),
        _ => {
            let name = name.to_owned();
            return Err(Error::UnknownCorpus { name, known: KNOWN.join(", ") });
        }
    };
    Ok(LabelMap::parse(&format!("labels/{name}.toml"), text)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_label_file_parses_and_maps_to_known_emotions() {
        for name in KNOWN.iter().chain(&["ferplus", "mosi_sentiment"]) {
            assert_eq!(labels(name).unwrap().name, *name);
        }
    }

    #[test]
    fn an_unknown_corpus_is_refused_with_the_names_there_are() {
        let error = open("iemocap", Path::new("/")).err().map(|e| e.to_string());
        assert!(error.is_some_and(|e| e.contains("iemocap") && e.contains("ravdess")));
    }
}
