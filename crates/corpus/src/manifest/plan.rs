//! What a manifest's columns become: label sets, groups and the rest of a clip.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use super::aliases::aliases;
use super::columns::{Meaning, named};
use super::rows::{Limits, shown};
use super::survey::{Profile, Survey, VALUES};
use super::{ManifestOptions, Scale};
use crate::{Card, Error, LabelKind, LabelMap, Objectivity, Result, labels};

/// Groups of one manifest.
const GROUPS: usize = 32;
/// What a clip and one of its cells take in memory beside their text, roughly.
const CLIP_BYTES: u64 = 400;
const CELL_BYTES: u64 = 64;

/// The columns that one label set is read from.
pub(super) enum Answer {
    Class(usize),
    Votes(usize),
    Multi(usize),
    Rating(Vec<usize>),
}

/// A label set of a manifest.
pub(super) struct Set {
    pub(super) map: LabelMap,
    pub(super) answer: Answer,
    /// Its classes in lower case.
    pub(super) classes: HashMap<String, usize>,
}

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

    fn label_sets(
        &mut self,
        file: &Path,
        profiles: &[Profile],
        options: &ManifestOptions,
        traps: &mut Vec<String>,
    ) -> Result<()> {
        let given = options.labels.as_deref().map(|file| label_file(file, options.target));
        let given = given.transpose()?;
        let target = options.target.unwrap_or(Objectivity::Unstated);
        let place = |meaning: Meaning| meaning.place(&self.columns);
        let (one, several, votes) =
            (place(Meaning::Emotion), place(Meaning::Labels), place(Meaning::Votes));
        let mut sets = Vec::new();
        match &given {
            Some(map) if map.kind == LabelKind::Rating => {
                let columns = map.classes.iter().map(|(class, _)| {
                    let reason = || format!("has no column `{class}`, which `{}` needs", map.name);
                    named(class, &self.columns).ok_or_else(|| Error::corpus(file, reason()))
                });
                sets.push((map.clone(), Answer::Rating(columns.collect::<Result<_>>()?)));
            }
            Some(map) => {
                let answer = |column| match map.kind {
                    LabelKind::Multi => Answer::Multi(column),
                    _ => Answer::Class(column),
                };
                let column =
                    if map.kind == LabelKind::Multi { several.or(one) } else { one.or(several) };
                sets.extend(column.map(|column| (map.clone(), answer(column))));
                sets.extend(votes.map(|column| (map.clone(), Answer::Votes(column))));
                if sets.is_empty() {
                    let reason = "has no labels; name their column `emotion`, `labels` or `votes`";
                    return Err(Error::corpus(file, reason));
                }
            }
            None => {
                let answers = [
                    one.map(|c| (c, LabelKind::Class, Answer::Class(c))),
                    votes.map(|c| (c, LabelKind::Class, Answer::Votes(c))),
                    several.map(|c| (c, LabelKind::Multi, Answer::Multi(c))),
                ];
                for (column, kind, answer) in answers.into_iter().flatten() {
                    let map =
                        self.collected(file, column, &profiles[column], kind, target, traps)?;
                    sets.extend(map.map(|map| (map, answer)));
                }
            }
        }
        let rated: Vec<usize> = [Meaning::Valence, Meaning::Arousal, Meaning::Dominance]
            .into_iter()
            .filter_map(place)
            .filter(|column| profiles[*column].filled > 0)
            .collect();
        let rates = |(map, _): &(LabelMap, Answer)| map.kind == LabelKind::Rating;
        if !rated.is_empty() && !sets.iter().any(rates) {
            let name = |column: &usize| (self.columns[*column].to_lowercase(), String::new());
            let map = LabelMap {
                name: self.name.clone(),
                kind: LabelKind::Rating,
                target,
                source: format!("{}, {} rescaled to [-1, 1]", shown(&self.name), options.scale),
                classes: rated.iter().map(name).collect(),
                words: std::collections::BTreeMap::new(),
                merge: std::collections::BTreeMap::new(),
            };
            sets.push((map, Answer::Rating(rated)));
        }
        let unstated = |(map, _): &(LabelMap, Answer)| map.target == Objectivity::Unstated;
        if sets.iter().any(unstated) && !traps.iter().any(|trap| trap == UNSTATED) {
            traps.push(UNSTATED.to_owned());
        }
        self.sets = named_apart(sets);
        Ok(())
    }

    /// A label set of the classes that a column holds; `None` where it is empty.
    fn collected(
        &self,
        file: &Path,
        column: usize,
        profile: &Profile,
        kind: LabelKind,
        target: Objectivity,
        traps: &mut Vec<String>,
    ) -> Result<Option<LabelMap>> {
        if profile.filled == 0 {
            return Ok(None);
        }
        if profile.many {
            let reason = format!(
                "`{}` has more than {VALUES} classes or one that is a text; is it the labels?",
                self.columns[column]
            );
            return Err(Error::corpus(file, reason));
        }
        let aliases = aliases()?;
        let counts = |class: &String| aliases.get(class).cloned().unwrap_or_default();
        let classes: Vec<_> = profile.values.iter().map(|c| (c.clone(), counts(c))).collect();
        let under = format!("`{}`", shown(&self.columns[column]));
        for trap in told(&classes, &under, target) {
            if !traps.contains(&trap) {
                traps.push(trap);
            }
        }
        Ok(Some(LabelMap {
            name: self.name.clone(),
            kind,
            target,
            source: format!("{}, mapped by labels/aliases.toml", shown(&self.name)),
            classes,
            words: std::collections::BTreeMap::new(),
            merge: std::collections::BTreeMap::new(),
        }))
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
        if rows * CLIP_BYTES + text > limits.held {
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

const UNSTATED: &str = "It does not say whose judgement its labels are";

/// What users are told of classes that were collected under a name.
pub(super) fn told(classes: &[(String, String)], under: &str, target: Objectivity) -> Vec<String> {
    let mut told = Vec::new();
    if target == Objectivity::Unstated {
        told.push(UNSTATED.to_owned());
    }
    let odd = classes.iter().filter(|(_, emotion)| emotion.is_empty());
    let odd: Vec<String> = odd.map(|(class, _)| format!("`{}`", shown(class))).collect();
    if !odd.is_empty() {
        let more = odd.len().saturating_sub(8);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        told.push(format!(
            "{}{more} under {under} count as none of the emotions; a label file can say otherwise",
            odd[..odd.len().min(8)].join(", "),
        ));
    }
    told
}

/// The label file at a path, or the one of that name that comes with limbic.
///
/// # Errors
/// Where it has another target than the one given.
pub(super) fn label_file(path: &Path, target: Option<Objectivity>) -> Result<LabelMap> {
    let file = path.display().to_string();
    let map = if !path.exists() && labels(&file).is_ok() {
        labels(&file)?
    } else {
        let text = std::fs::read_to_string(path).map_err(Error::io(path))?;
        LabelMap::parse(&file, &text)?
    };
    if target.is_some_and(|target| map.target != target) {
        let reason = format!("its target is {}, not the one given; drop one", word(map.target));
        return Err(Error::Labels { name: file, reason });
    }
    Ok(map)
}

/// The first set bears the manifest's name; further ones of the same name get their kind added.
fn named_apart(sets: Vec<(LabelMap, Answer)>) -> Vec<Set> {
    let mut taken = BTreeSet::new();
    let apart = |(mut map, answer): (LabelMap, Answer)| {
        if !taken.insert(map.name.clone()) {
            let kind = match &answer {
                Answer::Class(_) => "class",
                Answer::Votes(_) => "votes",
                Answer::Multi(_) => "labels",
                Answer::Rating(_) => "ratings",
            };
            map.name = format!("{}_{kind}", map.name);
        }
        let classes = map.classes.iter().enumerate();
        let classes = classes.map(|(index, (class, _))| (class.to_lowercase(), index)).collect();
        Set { map, answer, classes }
    };
    sets.into_iter().map(apart).collect()
}

const fn word(target: Objectivity) -> &'static str {
    match target {
        Objectivity::Intended => "intended",
        Objectivity::Perceived => "perceived",
        Objectivity::SelfReported => "self-reported",
        Objectivity::Unstated => "unstated",
    }
}
