//! The first walk over a manifest: what its columns hold. Nothing of a row is kept but what is
//! needed to say what each column is, so a manifest that is too large is refused for little.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use super::columns::Meaning;
use super::rows::{Limits, Record, each, shown};
use crate::Result;

/// A column with more values than this is no group and no list of classes.
pub(super) const VALUES: usize = 1000;
/// A longer value is a text and neither a class nor a group.
const SHORT: usize = 256;

/// What one column holds.
#[derive(Default)]
pub(super) struct Profile {
    /// Its values, or for labels and votes the classes in them, as long as they are few.
    pub(super) values: BTreeSet<String>,
    /// More values than [`VALUES`], or one that is a text.
    pub(super) many: bool,
    /// Some value is no number.
    pub(super) words: bool,
    /// Bytes of all its cells, and how many cells are not empty.
    pub(super) bytes: u64,
    pub(super) filled: u64,
}

/// What a manifest holds.
pub(super) struct Survey {
    pub(super) columns: Vec<String>,
    pub(super) profiles: Vec<Profile>,
    pub(super) rows: u64,
}

impl Survey {
    pub(super) fn of(file: &Path, limits: Limits) -> Result<Self> {
        let mut survey = Self { columns: Vec::new(), profiles: Vec::new(), rows: 0 };
        each(file, limits, &mut |record| survey.add(record))?;
        Ok(survey)
    }

    fn add(&mut self, record: &Record<'_>) -> Result<()> {
        self.rows += 1;
        for column in self.columns.len()..record.columns.len() {
            self.columns.push(record.columns[column].clone());
            self.profiles.push(Profile::default());
        }
        for (column, profile) in self.profiles.iter_mut().enumerate() {
            let Some(cell) = record.get(column) else { continue };
            profile.bytes += cell.len() as u64;
            profile.filled += 1;
            match Meaning::of(&self.columns[column]) {
                Some(Meaning::Labels) => {
                    let classes = classes(cell).map_err(|reason| record.bad(reason))?;
                    for class in &classes {
                        profile.add(class);
                    }
                }
                Some(Meaning::Votes) => {
                    let votes = votes(cell).map_err(|reason| record.bad(reason))?;
                    for (class, _) in &votes {
                        profile.add(class);
                    }
                }
                Some(Meaning::Emotion) => profile.add(&cell.to_lowercase()),
                _ => profile.add(cell),
            }
        }
        Ok(())
    }
}

impl Profile {
    fn add(&mut self, value: &str) {
        self.words = self.words || value.parse::<f64>().is_err();
        if self.many || self.values.contains(value) {
            return;
        }
        self.many = self.values.len() == VALUES || value.len() > SHORT;
        if self.many {
            self.values.clear();
        } else {
            self.values.insert(value.to_owned());
        }
    }
}

/// The classes of a cell: a JSON list, or words between `,`, `|` or `;`. In lower case.
pub(super) fn classes(cell: &str) -> std::result::Result<BTreeSet<String>, String> {
    let word = |text: &str| Some(text.trim().to_lowercase()).filter(|word| !word.is_empty());
    if cell.starts_with('{') {
        return Err("`labels` is an object; call a column of weights `votes`".to_owned());
    }
    if !cell.starts_with('[') {
        return Ok(cell.split([',', '|', ';']).filter_map(word).collect());
    }
    let list: Vec<Value> = serde_json::from_str(cell).map_err(|_| {
        format!("`{}` is no JSON list; write it as [\"joy\", \"fear\"]", shown(cell))
    })?;
    let text = |value: &Value| match value {
        Value::String(text) => Ok(word(text)),
        Value::Number(number) => Ok(Some(number.to_string())),
        Value::Null => Ok(None),
        _ => Err(format!("`{}` holds more than names of classes", shown(cell))),
    };
    list.iter().filter_map(|value| text(value).transpose()).collect()
}

/// The weights of a cell: a JSON object from class to weight. Classes in lower case.
pub(super) fn votes(cell: &str) -> std::result::Result<Vec<(String, f32)>, String> {
    let object: serde_json::Map<String, Value> = serde_json::from_str(cell).map_err(|_| {
        format!("`{}` is no JSON object; write votes as {{\"joy\": 3, \"fear\": 1}}", shown(cell))
    })?;
    let weight = |(class, value): (String, Value)| {
        let number = match &value {
            Value::Null => return None,
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        let sound = number.filter(|n| n.is_finite() && *n >= 0.0 && *n <= f64::from(f32::MAX));
        Some(match sound {
            Some(number) => Ok((class.trim().to_lowercase(), number as f32)),
            None => Err(format!(
                "the vote `{}` for `{}` is no number from 0 up",
                shown(&value.to_string()),
                shown(&class)
            )),
        })
    };
    object.into_iter().filter_map(weight).collect()
}
