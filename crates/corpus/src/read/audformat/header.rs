//! The header of an audformat database: which tables and columns tell what.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::EMOTION;
use crate::{Error, Result};

/// The schemes of ratings.
const DIMENSIONS: [&str; 3] = ["valence", "arousal", "dominance"];
/// A header is a few kilobytes; one with every speaker of a large database is a megabyte.
const LARGEST: u64 = 64 << 20;

/// The header; other keys are not needed.
#[derive(Deserialize)]
pub(super) struct Header {
    pub(super) name: String,
    #[serde(default)]
    pub(super) license: Option<String>,
    #[serde(default)]
    pub(super) author: Option<String>,
    #[serde(default)]
    pub(super) schemes: BTreeMap<String, Scheme>,
    #[serde(default)]
    pub(super) splits: BTreeMap<String, Split>,
    #[serde(default)]
    pub(super) tables: BTreeMap<String, TableHeader>,
}

#[derive(Deserialize)]
pub(super) struct Scheme {
    #[serde(default)]
    minimum: Option<Bound>,
    #[serde(default)]
    maximum: Option<Bound>,
}

/// The end of a scale; of times, it is no number.
#[derive(Deserialize, Clone)]
#[serde(untagged)]
enum Bound {
    Number(f32),
    Other(IgnoredAny),
}

#[derive(Deserialize)]
pub(super) struct Split {
    #[serde(default, rename = "type")]
    pub(super) kind: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct TableHeader {
    #[serde(default)]
    pub(super) split_id: Option<String>,
    #[serde(default)]
    columns: BTreeMap<String, Option<Column>>,
}

#[derive(Deserialize)]
pub(super) struct Column {
    #[serde(default)]
    scheme_id: Option<String>,
}

impl TableHeader {
    /// The columns of a scheme, one a rater.
    pub(super) fn of<'a>(&'a self, scheme: &'a str) -> impl Iterator<Item = &'a str> {
        let own = self.columns.iter().filter(move |(_, column)| {
            column.as_ref().and_then(|column| column.scheme_id.as_deref()) == Some(scheme)
        });
        own.map(|(name, _)| name.as_str())
    }
}

impl Header {
    /// Reads `db.yaml`.
    pub(super) fn read(file: &Path) -> Result<Self> {
        let size = std::fs::metadata(file).map_err(Error::io(file))?.len();
        if size > LARGEST {
            return Err(Error::corpus(file, "is too large for a header"));
        }
        let text = std::fs::read_to_string(file).map_err(Error::io(file))?;
        serde_saphyr::from_str(&text).map_err(|error| {
            let error = error.to_string();
            Error::corpus(
                file,
                error.lines().next().unwrap_or("is no YAML").trim_start_matches("error: "),
            )
        })
    }

    /// The tables that label clips, of one kind: gold standards before single raters, those of a split
    /// before others; and the tables that were passed over.
    pub(super) fn labelled(&self) -> (Vec<String>, Vec<String>) {
        let labels = |table: &TableHeader| {
            let mut schemes = std::iter::once(EMOTION).chain(DIMENSIONS);
            schemes.any(|scheme| table.of(scheme).next().is_some())
        };
        let all: Vec<&String> =
            self.tables.iter().filter(|(_, table)| labels(table)).map(|(id, _)| id).collect();
        let kind = |id: &str| {
            let table = &self.tables[id];
            let split = table.split_id.as_deref().unwrap_or_default();
            let base: Vec<&str> = id.split('.').filter(|part| *part != split).collect();
            let emotion = table.of(EMOTION).next().is_some();
            // False comes before true.
            (!emotion, !id.contains("gold_standard"), split.is_empty(), base.join("."))
        };
        let Some(best) = all.iter().map(|id| kind(id)).min() else {
            return (Vec::new(), Vec::new());
        };
        let (own, others): (Vec<&String>, Vec<&String>) =
            all.iter().partition(|id| kind(id) == best);
        (own.into_iter().cloned().collect(), others.into_iter().cloned().collect())
    }

    /// The dimensions that the tables rate on a scale whose ends are known.
    pub(super) fn dimensions(&self, tables: &[String]) -> Vec<(&'static str, f32, f32)> {
        let rated = |name: &str| tables.iter().any(|id| self.tables[id].of(name).next().is_some());
        let scale = |name: &'static str| {
            let scheme = self.schemes.get(name)?;
            match (scheme.minimum.clone()?, scheme.maximum.clone()?) {
                (Bound::Number(low), Bound::Number(high)) if low < high => Some((name, low, high)),
                _ => None,
            }
        };
        DIMENSIONS.into_iter().filter(|name| rated(name)).filter_map(scale).collect()
    }
}

/// The header that a file is or belongs to, and the table that it is.
pub(super) fn place(path: &Path) -> Option<(PathBuf, Option<String>)> {
    let name = path.file_name()?.to_str()?;
    let header = path.with_file_name("db.yaml");
    let table = name.strip_prefix("db.").and_then(|rest| rest.strip_suffix(".csv"));
    match (name, table) {
        ("db.yaml", _) => Some((header, None)),
        (_, Some(table)) if header.is_file() => Some((header, Some(table.to_owned()))),
        _ => None,
    }
}
