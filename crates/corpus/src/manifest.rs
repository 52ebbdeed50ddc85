//! Manifests: anyone's clips as one table (`.csv`, `.tsv`, `.jsonl`, `.ndjson`, `.parquet`) or as
//! a plain folder of media.
//!
//! | columns, in any case | what they say |
//! |---|---|
//! | `id`, `key`, `name` | the clip's own name; without one, its file or its row |
//! | `audio`, `wav`; `video`, `film`; `vision`, `image`, `face` | a file, relative to the root |
//! | `path`, `file` | a file whose ending tells what it is |
//! | `text`, `transcript`, `sentence` | words |
//! | `start`, `end` | the stretch of the file in seconds |
//! | `speaker`, `spk`, `subject`; `dialogue`; `source` | who, in which conversation, cut from what |
//! | `split`, `part`; `fold` | train, dev/valid/val or test; a number |
//! | `emotion`, `label` | one class |
//! | `labels` | several: a JSON list, or words between `,`, `\|` or `;` |
//! | `votes` | a JSON object from class to weight |
//! | `valence`, `arousal`, `dominance` | ratings within the declared scale |
//!
//! Any other column of words tells clips apart as a group. A manifest is walked over twice: first
//! to see what it holds, so that one that is too large costs next to no memory, then for clips.

mod aliases;
mod columns;
mod folder;
mod lines;
mod parquet;
mod place;
mod plan;
mod row;
pub(crate) mod rows;
pub(crate) mod separated;
mod sets;
mod survey;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use self::place::Root;
use self::plan::Plan;
use self::rows::{ENDINGS, Limits, each, shown};
use self::survey::Survey;
use crate::{Card, Corpus, Error, Example, Objectivity, Result};

/// What a manifest does not say itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ManifestOptions {
    /// The folder that all files lie in and that their paths are relative to; the folder of the
    /// manifest without.
    pub root: Option<PathBuf>,
    /// Whose judgement the labels are; the label file's word, or [`Objectivity::Unstated`],
    /// without.
    pub target: Option<Objectivity>,
    /// The range of all ratings.
    pub scale: Scale,
    /// A label file, or the name of one of limbic's, whose classes the labels are; without, the
    /// classes are collected from the manifest.
    pub labels: Option<PathBuf>,
    /// The column that holds one class a clip, where it is neither `emotion` nor `label`.
    pub column: Option<String>,
}

/// The range of ratings before they are rescaled to -1 to 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Scale {
    /// -1 to 1, as ratings are kept.
    #[default]
    Signed,
    /// 0 to 1.
    Unit,
    /// -3 to 3, as sentiments are rated.
    Three,
    /// 1 to 5.
    Five,
    /// 1 to 7.
    Seven,
    /// 1 to 9.
    Nine,
}

impl Scale {
    /// Every range.
    pub const ALL: [Self; 6] =
        [Self::Signed, Self::Unit, Self::Three, Self::Five, Self::Seven, Self::Nine];

    /// The lowest and the highest rating.
    pub const fn range(self) -> (f64, f64) {
        match self {
            Self::Signed => (-1.0, 1.0),
            Self::Unit => (0.0, 1.0),
            Self::Three => (-3.0, 3.0),
            Self::Five => (1.0, 5.0),
            Self::Seven => (1.0, 7.0),
            Self::Nine => (1.0, 9.0),
        }
    }

    /// A rating within -1 to 1; `None` where it is out of range.
    pub fn to_signed(self, rating: f64) -> Option<f64> {
        let (low, high) = self.range();
        (low..=high).contains(&rating).then(|| (rating - low) / (high - low) * 2.0 - 1.0)
    }
}

impl std::fmt::Display for Scale {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (low, high) = self.range();
        write!(f, "{low}..{high}")
    }
}

impl std::str::FromStr for Scale {
    type Err = String;

    /// Reads a range as it is written: `1..5`.
    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let known = Self::ALL.map(|scale| scale.to_string());
        let found = known.iter().position(|scale| scale == text);
        found.map(|index| Self::ALL[index]).ok_or_else(|| {
            format!("`{}` is no scale; use one of {}", shown(text), known.join(", "))
        })
    }
}

/// Opens a manifest, or a folder of media. A folder that holds one file `manifest.*` is that
/// manifest; in any other the first subfolder below the parts (train, valid, test) is the class.
///
/// # Errors
/// [`Error::Io`], [`Error::Labels`] for a label file, or [`Error::Corpus`] with the line and the
/// way out: what is empty, binary, ragged, too large (2,000,000 rows, 1 MiB a cell), or no label.
pub fn manifest(path: &Path, options: &ManifestOptions) -> Result<Box<dyn Corpus>> {
    manifest_within(path, options, Limits::USUAL)
}

fn manifest_within(
    path: &Path,
    options: &ManifestOptions,
    limits: Limits,
) -> Result<Box<dyn Corpus>> {
    if !std::fs::metadata(path).map_err(Error::io(path))?.is_dir() {
        return Ok(Box::new(Manifest::open(path.to_owned(), options, limits)?));
    }
    let inside = ENDINGS.map(|ending| path.join(format!("manifest.{ending}")));
    let inside: Vec<&PathBuf> = inside.iter().filter(|file| file.is_file()).collect();
    match inside.as_slice() {
        [] => Ok(Box::new(folder::Folder::open(path, options, limits)?)),
        [file] => Ok(Box::new(Manifest::open((*file).clone(), options, limits)?)),
        _ => Err(Error::corpus(path, "holds several manifests; name one of them")),
    }
}

/// A table of clips.
struct Manifest {
    file: PathBuf,
    root: PathBuf,
    plan: Plan,
    card: Card,
    limits: Limits,
}

impl Manifest {
    fn open(file: PathBuf, options: &ManifestOptions, limits: Limits) -> Result<Self> {
        let beside = || match file.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
            _ => PathBuf::from("."),
        };
        let root = options.root.clone().unwrap_or_else(beside);
        let survey = Survey::of(&file, limits)?;
        let (plan, card) = Plan::of(&file, survey, options, limits)?;
        Ok(Self { file, root, plan, card, limits })
    }
}

impl Corpus for Manifest {
    fn examples(&self) -> Result<Vec<Example>> {
        let mut root = Root::new(self.root.clone())?;
        let (mut examples, mut rows) =
            (Vec::with_capacity(self.plan.rows), Vec::with_capacity(self.plan.rows));
        let mut unit = "line";
        each(&self.file, self.limits, &mut |record| {
            examples.push(self.plan.example(record, &mut root)?);
            rows.push(record.number);
            unit = record.unit;
            Ok(())
        })?;
        let mut order: Vec<usize> = (0..examples.len()).collect();
        order.sort_by(|a, b| examples[*a].id.cmp(&examples[*b].id));
        match order.windows(2).find(|pair| examples[pair[0]].id == examples[pair[1]].id) {
            Some(pair) => {
                let (first, again) = (rows[pair[0]], rows[pair[1]]);
                let reason = format!(
                    "{unit} {again}: `{}` is already in {unit} {first}; give each clip its own `id`",
                    shown(&examples[pair[0]].id)
                );
                Err(Error::corpus(&self.file, reason))
            }
            None => Ok(examples),
        }
    }

    fn card(&self) -> &Card {
        &self.card
    }
}
