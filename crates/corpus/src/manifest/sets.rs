//! The label sets of a manifest: from its label file, or collected from its columns.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use super::ManifestOptions;
use super::aliases::aliases;
use super::columns::{Meaning, named};
use super::plan::Plan;
use super::rows::shown;
use super::survey::{Profile, VALUES};
use crate::{Error, LabelKind, LabelMap, Objectivity, Result, labels};

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

impl Plan {
    /// Finds the label sets, and tells what users must know of them.
    pub(super) fn label_sets(
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
        let (one, several, votes) = match &options.column {
            None => (one, several, votes),
            Some(column) => match (named(column, &self.columns), Meaning::of(column)) {
                (None, _) => {
                    let reason = format!(
                        "has no column `{column}`; its columns are {}",
                        self.columns.iter().map(|c| shown(c)).collect::<Vec<_>>().join(", ")
                    );
                    return Err(Error::corpus(file, reason));
                }
                (place, Some(Meaning::Labels)) => (None, place, None),
                (place, Some(Meaning::Votes)) => (None, None, place),
                (place, _) => (place, None, None),
            },
        };
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
                words: BTreeMap::new(),
                merge: BTreeMap::new(),
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
        let classes: BTreeSet<String> = profile.values.iter().map(|c| c.to_lowercase()).collect();
        let classes: Vec<_> = classes.into_iter().map(|c| (c.clone(), counts(&c))).collect();
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
            words: BTreeMap::new(),
            merge: BTreeMap::new(),
        }))
    }
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
