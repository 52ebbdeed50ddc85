//! The fold files of EmoBox (Ma et al. 2024): one JSON object a line with `key`, `dataset`, `wav`
//! and `emo`. They carry no speakers, so these come from the names of the recordings; the classes
//! become those of the corpus's own label file, whose target they keep.

use std::collections::HashSet;
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;

use super::found;
use super::lines::{bad, each_line};
use super::naming::{self, Naming};
use super::spelling;
use crate::{Card, Corpus, Error, Example, Label, LabelMap, Media, Part, Result, known, labels};

/// One line; other keys tell of the recording and are not needed.
#[derive(Deserialize)]
struct Line {
    key: String,
    dataset: String,
    wav: String,
    emo: String,
}

/// A data set of EmoBox whose recordings are named so that the speaker is known.
struct Dataset {
    name: &'static str,
    /// The label file that its classes are of.
    labels: &'static str,
    naming: Naming,
}

const DATASETS: &[Dataset] = &[
    Dataset { name: "cremad", labels: "cremad", naming: naming::cremad },
    Dataset { name: "emodb", labels: "emodb", naming: naming::emodb },
    Dataset { name: "iemocap", labels: "iemocap4", naming: naming::iemocap },
    Dataset { name: "ravdess", labels: "ravdess", naming: naming::ravdess },
    Dataset { name: "savee", labels: "savee", naming: naming::savee },
    Dataset { name: "tess", labels: "tess", naming: naming::tess },
];

pub(crate) struct Emobox {
    files: Vec<PathBuf>,
    card: Card,
    dataset: &'static Dataset,
}

/// Whether a file is one of EmoBox's lists, by its name and its first line.
pub(crate) fn is(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "jsonl") && matches!(first(path), Ok(Some(_)))
}

/// The first line, where the file has one of this shape.
fn first(path: &Path) -> Result<Option<Line>> {
    let mut line = None;
    // The error ends the walk after the first line.
    let stop = each_line(path, |number, text| {
        line = serde_json::from_str(text).ok();
        Err(bad(path, number, "seen"))
    });
    match (line, stop) {
        (None, Err(error @ Error::Io { .. })) => Err(error),
        (line, _) => Ok(line),
    }
}

impl Emobox {
    /// Opens the lists of one data set, such as the two parts of a fold.
    ///
    /// # Errors
    /// [`Error::Corpus`] where a list is of a data set whose speakers nobody can tell.
    pub(crate) fn open(files: Vec<PathBuf>) -> Result<Self> {
        let empty = || Error::corpus(&files.first().cloned().unwrap_or_default(), "is empty");
        let line =
            files.first().map(|file| first(file)).transpose()?.flatten().ok_or_else(empty)?;
        let dataset =
            DATASETS.iter().find(|known| known.name == line.dataset).ok_or_else(|| {
                let known: Vec<_> = DATASETS.iter().map(|dataset| dataset.name).collect();
                let reason = format!(
                    "line 1: speakers and label target of `{}` are not known (known are {}); \
                 write them into a manifest with the columns speaker and emotion",
                    line.dataset,
                    known.join(", ")
                );
                Error::corpus(&files[0], reason)
            })?;
        let mut card = known::card(dataset.name)?;
        card.title = format!("{}, as EmoBox lists it", card.title);
        card.citation = format!("{}; Ma et al. 2024", card.citation);
        card.traps.push("EmoBox lists carry no speakers: these come from the file names".into());
        if card.name == "iemocap" {
            card.counts.clear();
        }
        card.labels = vec![labels(dataset.labels)?];
        Ok(Self { files, card, dataset })
    }

    fn example(&self, line: Line, root: &Path, part: Part) -> std::result::Result<Example, String> {
        let map: &LabelMap = &self.card.labels[0];
        if line.dataset != self.dataset.name {
            return Err(format!("`{}` among {}", line.dataset, self.dataset.name));
        }
        let path = found::below(root, &line.wav)?;
        let name = (self.dataset.naming)(&path).ok_or_else(|| {
            format!("`{}` is not named like a recording of {}", line.wav, self.card.name)
        })?;
        let class = spelling::class(map, &line.emo)
            .ok_or_else(|| format!("`{}` is not in labels/{}.toml", line.emo, map.name))?;
        Ok(Example {
            speaker: Some(name.speaker),
            dialogue: name.dialogue,
            source: name.source,
            groups: name.groups,
            media: vec![Media::Audio(path)],
            labels: vec![Some(Label::Class(class))],
            part,
            ..Example::new(line.key)
        })
    }
}

impl Corpus for Emobox {
    fn examples(&self) -> Result<Vec<Example>> {
        let mut examples = Vec::new();
        for file in &self.files {
            let mut keys = HashSet::new();
            let part = part(file);
            let root = root(file)?;
            each_line(file, |number, text| {
                let line: Line = serde_json::from_str(text)
                    .map_err(|error| bad(file, number, &format!("{error}")))?;
                if !keys.insert(line.key.clone()) {
                    return Err(bad(file, number, &format!("`{}` for the second time", line.key)));
                }
                let example = self.example(line, &root, part);
                examples.push(example.map_err(|reason| bad(file, number, &reason))?);
                Ok(())
            })?;
        }
        Ok(examples)
    }

    fn card(&self) -> &Card {
        &self.card
    }
}

/// The part that a list's name speaks of.
fn part(file: &Path) -> Part {
    let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    match stem {
        _ if stem.contains("_train") => Part::Train,
        _ if stem.contains("_valid") => Part::Dev,
        _ if stem.contains("_test") => Part::Valid,
        _ => Part::Whole,
    }
}

/// The folder that the paths of a list start from: the nearest one above it that has the first
/// folder they name, else the list's own.
fn root(file: &Path) -> Result<PathBuf> {
    let own = file.parent().unwrap_or(Path::new("")).to_owned();
    let Some(line) = first(file)? else { return Ok(own) };
    let Some(Component::Normal(top)) = Path::new(&line.wav).components().next() else {
        return Ok(own);
    };
    let above = file.ancestors().skip(1).find(|folder| folder.join(top).is_dir());
    Ok(above.map_or(own, Path::to_owned))
}

/// The lists of the parts of one fold in a folder, in the order of their names.
pub(crate) fn fold(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(Error::io(folder))? {
        let path = entry.map_err(Error::io(folder))?.path();
        if part(&path) != Part::Whole && is(&path) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
