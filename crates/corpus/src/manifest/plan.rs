//! What a manifest's columns become: label sets, groups and the rest of a clip.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use super::columns::Meaning;
use super::rows::{Limits, shown};
use super::sets::{Answer, Set};
use super::survey::{Profile, Survey, VALUES};
use super::{ManifestOptions, Scale};
use crate::{Card, Error, Result};

/// Groups of one manifest.
const GROUPS: usize = 32;
/// What a clip, one of its cells and eleven of its groups take in memory beside their text,
/// roughly.
const CLIP_BYTES: u64 = 500;
const CELL_BYTES: u64 = 48;
const GROUP_BYTES: u64 = 560;

/// How rows become clips.
pub(super) struct Plan {
    pub(super) columns: Vec<String>,
    pub(super) at: HashMap<Meaning, usize>,
    pub(super) groups: Vec<(usize, String)>,
    pub(super) sets: Vec<Set>,
    pub(super) scale: Scale,
    /// Whether a row is of a part `test`; then `valid` is for choosing thresholds.
    pub(super) has_test: bool,
    /// The name of the manifest.
    pub(super) name: String,
    pub(super) rows: usize,
}

const MEANINGS: [Meaning; 13] = [
    Meaning::Id,
    Meaning::Audio,
    Meaning::Film,
    Meaning::Picture,
    Meaning::File,
    Meaning::Text,
    Meaning::Start,
    Meaning::End,
    Meaning::Speaker,
    Meaning::Dialogue,
    Meaning::Source,
    Meaning::Part,
    Meaning::Fold,
];

impl Plan {
    /// How the rows of `file` become clips, and its card.
    pub(super) fn of(
        file: &Path,
        survey: Survey,
        options: &ManifestOptions,
        limits: Limits,
    ) -> Result<(Self, Card)> {
        let name = file.file_stem().map_or_else(String::new, |s| s.to_string_lossy().into_owned());
        let Survey { columns, profiles, rows } = survey;
        let at: HashMap<Meaning, usize> =
            MEANINGS.iter().filter_map(|m| Some((*m, m.place(&columns)?))).collect();
        let mut plan = Self {
            has_test: at.get(&Meaning::Part).is_some_and(|column| {
                profiles[*column].values.iter().any(|part| is_test(&part.to_lowercase()))
            }),
            columns,
            at,
            groups: Vec::new(),
            sets: Vec::new(),
            scale: options.scale,
            name,
            rows: rows as usize,
        };
        let mut traps = Vec::new();
        plan.label_sets(file, &profiles, options, &mut traps)?;
        plan.group(&profiles, &mut traps);
        plan.weigh(file, &profiles, rows, limits)?;
        let maps = plan.sets.iter().map(|set| set.map.clone()).collect();
        let speakers = plan.at.get(&Meaning::Speaker).map(|column| &profiles[*column]);
        let mut card = Card::new(plan.name.clone(), maps);
        card.speakers = match speakers {
            Some(found) if !found.many => format!("{} by name", found.values.len()),
            Some(_) => format!("more than {VALUES} by name"),
            None => String::new(),
        };
        card.traps = traps;
        Ok((plan, card))
    }

    /// Every other column of words that has few values tells clips apart.
    fn group(&mut self, profiles: &[Profile], traps: &mut Vec<String>) {
        let labels = self.sets.iter().flat_map(|set| match &set.answer {
            Answer::Class(column) | Answer::Votes(column) | Answer::Multi(column) => vec![*column],
            Answer::Rating(columns) => columns.clone(),
        });
        let used: BTreeSet<usize> = self.at.values().copied().chain(labels).collect();
        let mut left_out = Vec::new();
        for (column, profile) in profiles.iter().enumerate() {
            if used.contains(&column) || !profile.words || self.columns[column].is_empty() {
                continue;
            }
            if profile.many || self.groups.len() == GROUPS {
                left_out.push(format!("`{}`", shown(&self.columns[column])));
            } else {
                self.groups.push((column, self.columns[column].clone()));
            }
        }
        if !left_out.is_empty() {
            left_out.truncate(8);
            traps.push(format!(
                "Left out: {} (more than {VALUES} values, long texts, or more than {GROUPS} groups)",
                left_out.join(", ")
            ));
        }
    }

    /// Refuses a manifest whose clips would take more memory than they may.
    fn weigh(&self, file: &Path, profiles: &[Profile], rows: u64, limits: Limits) -> Result<()> {
        let kept = self.at.values().chain(self.groups.iter().map(|(column, _)| column));
        let text: u64 = kept
            .map(|column| profiles[*column].bytes + CELL_BYTES * profiles[*column].filled)
            .sum();
        let clip = CLIP_BYTES + GROUP_BYTES * self.groups.len().div_ceil(11) as u64;
        if rows * clip + text > limits.held {
            let reason = format!(
                "would take more than {} MiB of memory; split it, or drop columns",
                limits.held >> 20
            );
            return Err(Error::corpus(file, reason));
        }
        Ok(())
    }
}

pub(super) fn is_test(part: &str) -> bool {
    ["test", "eval", "evaluation"].contains(&part)
}
