//! What is wrong with the clips of a corpus, and what it consists of.
//!
//! Every file is opened once. Nothing is kept of it but measurements and fingerprints.

mod clip;
mod copies;
mod tables;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;
use serde::Serialize;

pub use tables::{ClassRow, SpeakerRow};

use crate::inspect::{Cut, Inspector, Look};
use crate::leak::{Files, Overlap, Prints, Side, files, overlaps};
use crate::{Corpus, Objectivity, Part, Result};

/// Kinds of what can be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// The file is not there, or the clip consists of nothing.
    Missing,
    /// The file has no bytes, or the text no words.
    Empty,
    /// The file cannot be decoded, wholly or in part, or a vector holds what is no number.
    Corrupt,
    /// Below -60 dB against full scale, or nobody speaks.
    Silent,
    /// More than one sample in a thousand is at full scale.
    Clipped,
    /// More than 60 seconds or 512 words.
    OverLong,
    /// Less than 0.1 seconds.
    OverShort,
    /// All one grey.
    Blank,
    /// The same bytes, pixels or words as an earlier clip.
    Duplicate,
    /// Sounds or looks like an earlier clip.
    NearDuplicate,
    /// The same content as a clip with another label.
    LabelConflict,
    /// No label of the corpus's own label set.
    Unlabelled,
    /// A class has another number of clips than was published.
    ClassCount,
}

impl Fault {
    /// Whether clips cannot be used as they are, so that the program ends with code 1.
    pub const fn is_broken(self) -> bool {
        matches!(self, Self::Missing | Self::Empty | Self::Corrupt)
    }
}

/// A clip, or a class, with something wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Item {
    /// The clip or the class.
    pub name: String,
    /// What it is, in a few words.
    pub note: String,
}

/// Everything of one kind that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The kind.
    pub fault: Fault,
    /// How many items.
    pub count: usize,
    /// All of them, in the order of the corpus.
    pub items: Vec<Item>,
}

/// What was found out about a corpus.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Audit {
    /// Its name.
    pub corpus: String,
    /// Its name in full.
    pub title: String,
    /// Where it was found.
    pub folder: PathBuf,
    /// Its licence.
    pub licence: String,
    /// Who made it.
    pub citation: String,
    /// Whose judgement its labels are.
    pub target: Option<Objectivity>,
    /// What has misled others.
    pub traps: Vec<String>,
    /// How many clips it has.
    pub clips: usize,
    /// How many files were opened for them.
    pub files: usize,
    /// Seconds of sound.
    pub seconds: f64,
    /// What is wrong, the worst first.
    pub findings: Vec<Finding>,
    /// What the training and the scoring part of its official split share.
    pub overlaps: Vec<Overlap>,
    /// A row a class of its own label set.
    pub classes: Vec<ClassRow>,
    /// A row a speaker, those with the most clips first.
    pub speakers: Vec<SpeakerRow>,
}

impl Audit {
    /// Whether clips are missing, empty or corrupt.
    pub fn is_broken(&self) -> bool {
        self.findings.iter().any(|finding| finding.fault.is_broken())
    }

    /// How many items of one kind are wrong.
    pub fn count(&self, fault: Fault) -> usize {
        self.findings.iter().find(|finding| finding.fault == fault).map_or(0, |found| found.count)
    }
}

/// What is being collected.
#[derive(Default)]
struct Findings(BTreeMap<Fault, Vec<Item>>);

impl Findings {
    fn add(&mut self, fault: Fault, name: &str, note: impl Into<String>) {
        let item = Item { name: name.to_owned(), note: note.into() };
        self.0.entry(fault).or_default().push(item);
    }
}

/// What came of opening a file: the cuts that were asked for, and what they are or why not.
type Opened = (Vec<Cut>, std::result::Result<Look, (Fault, String)>);

/// Looks at every clip of a corpus that lies in `folder`, on all cores. `done` is told how many
/// files of how many are read.
///
/// # Errors
/// Where the corpus's own tables cannot be read; what is wrong with single clips is a finding.
pub fn audit(
    corpus: &dyn Corpus,
    folder: &Path,
    done: &(dyn Fn(usize, usize) + Sync),
) -> Result<Audit> {
    let examples = corpus.examples()?;
    let card = corpus.card();
    let opened = open_all(files(&examples), done)?;
    let mut prints = Prints::default();
    for (path, (cuts, look)) in &opened {
        if let Ok(look) = look {
            prints.insert(path, cuts, look);
        }
    }
    let mut findings = Findings::default();
    let seconds: Vec<Option<f64>> =
        examples.iter().map(|example| clip::faults(example, &opened, &mut findings)).collect();
    for example in &examples {
        if example.labels.first().is_none_or(Option::is_none) {
            findings.add(Fault::Unlabelled, &example.id, "");
        }
    }
    copies::find(&examples, card, &prints, &mut findings);
    let classes = tables::classes(&examples, &seconds, card);
    for row in classes.iter().filter(|row| row.published.is_some_and(|n| n != row.clips)) {
        let note = format!("{} clips, published {}", row.clips, row.published.unwrap_or(0));
        findings.add(Fault::ClassCount, &row.class, note);
    }
    let (test, train): (Vec<_>, Vec<_>) =
        examples.iter().partition(|example| example.part == Part::Valid);
    let shared = match (train.is_empty(), test.is_empty()) {
        (false, false) => overlaps(&Side::new(card, train), &Side::new(card, test), Some(&prints)),
        _ => Vec::new(),
    };
    let count = |(fault, items): (Fault, Vec<Item>)| Finding { fault, count: items.len(), items };
    Ok(Audit {
        corpus: card.name.clone(),
        title: card.title.clone(),
        folder: folder.to_owned(),
        licence: card.licence.clone(),
        citation: card.citation.clone(),
        target: card.target(),
        traps: card.traps.clone(),
        clips: examples.len(),
        files: opened.len(),
        seconds: seconds.iter().flatten().sum(),
        findings: findings.0.into_iter().map(count).collect(),
        overlaps: shared,
        classes,
        speakers: tables::speakers(&examples, &seconds),
    })
}

/// Opens every file.
fn open_all(
    files: Files,
    done: &(dyn Fn(usize, usize) + Sync),
) -> Result<BTreeMap<PathBuf, Opened>> {
    let inspector = Inspector::new(true)?;
    let (total, count) = (files.len(), AtomicUsize::new(0));
    let opened: Vec<(PathBuf, Opened)> = files
        .into_par_iter()
        .map(|(path, cuts)| {
            let cuts: Vec<Cut> = cuts.into_iter().collect();
            let look = match std::fs::metadata(&path) {
                Err(_) => Err((Fault::Missing, "there is no such file".to_owned())),
                Ok(found) if found.len() == 0 => {
                    Err((Fault::Empty, "the file has no bytes".to_owned()))
                }
                Ok(_) => inspector.look(&path, &cuts).map_err(|error| {
                    let (said, own) = (error.to_string(), format!("{}: ", path.display()));
                    let reason = said.strip_prefix(&own).unwrap_or(&said);
                    (Fault::Corrupt, reason.to_owned())
                }),
            };
            done(count.fetch_add(1, Ordering::Relaxed) + 1, total);
            (path, (cuts, look))
        })
        .collect();
    Ok(opened.into_iter().collect())
}
