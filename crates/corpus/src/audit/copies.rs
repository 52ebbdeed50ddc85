//! Clips that are one and the same, and what they are labelled.

use std::collections::{BTreeMap, HashMap};

use limbic_features::ContentHash;
use rayon::prelude::*;

use super::tables::classes_of;
use super::{Fault, Findings};
use crate::leak::{Content, Pictures, Prints, Sounds};
use crate::{Card, Example, Label};

/// Ratings of one content that differ by more than this, of a range of 2, contradict each other.
const APART: f32 = 0.5;

/// Adds duplicates, near-duplicates and conflicting labels.
pub(super) fn find(examples: &[Example], card: &Card, prints: &Prints, findings: &mut Findings) {
    let mut contents: Vec<Content> =
        examples.par_iter().map(|example| prints.content(example)).collect();
    let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut first: HashMap<ContentHash, usize> = HashMap::new();
    for (index, content) in contents.iter_mut().enumerate() {
        let earlier = content.exact.iter().find_map(|hash| first.get(hash)).copied();
        first.extend(content.exact.iter().map(|hash| (*hash, earlier.unwrap_or(index))));
        if let Some(earlier) = earlier {
            groups.entry(earlier).or_insert_with(|| vec![earlier]).push(index);
            // One of them is enough to find others that are like them.
            *content = Content::default();
        }
    }
    let mut conflicts: BTreeMap<usize, String> = BTreeMap::new();
    for (earlier, group) in &groups {
        for index in &group[1..] {
            let note = format!("the same as {}", examples[*earlier].id);
            findings.add(Fault::Duplicate, &examples[*index].id, note);
        }
        for index in group {
            let other = group.iter().find(|other| differ(&examples[*index], &examples[**other]));
            if let Some(other) = other {
                conflicts.insert(*index, labels(&examples[*index], &examples[*other], card));
            }
        }
    }
    for (index, note) in conflicts {
        findings.add(Fault::LabelConflict, &examples[index].id, note);
    }
    for (index, earlier) in alike(&contents) {
        let (clip, other) = (&examples[index], &examples[earlier]);
        let labels = if differ(clip, other) {
            format!(", {}", labels(clip, other, card))
        } else {
            String::new()
        };
        let note = format!("like {}{labels}", other.id);
        findings.add(Fault::NearDuplicate, &clip.id, note);
    }
}

/// Each clip that sounds or looks like an earlier one, with the first of these.
fn alike(contents: &[Content]) -> BTreeMap<usize, usize> {
    let mut pairs = Sounds::new(contents).pairs();
    pairs.extend(Pictures::new(contents).pairs());
    let mut found = BTreeMap::new();
    for (a, b) in pairs {
        let (earlier, later) = (a.min(b), a.max(b));
        found
            .entry(later)
            .and_modify(|own: &mut usize| *own = earlier.min(*own))
            .or_insert(earlier);
    }
    found
}

/// Whether two clips of one content have labels that contradict each other.
fn differ(one: &Example, other: &Example) -> bool {
    match (one.labels.first(), other.labels.first()) {
        (Some(Some(Label::Rating(a))), Some(Some(Label::Rating(b)))) => {
            a.iter().zip(b).any(|(a, b)| (a - b).abs() > APART)
        }
        (Some(Some(a)), Some(Some(b))) => classes_of(a) != classes_of(b),
        _ => false,
    }
}

/// What two clips are labelled.
fn labels(one: &Example, other: &Example, card: &Card) -> String {
    let names = |example: &Example| {
        let label = example.labels.first().and_then(Option::as_ref);
        if let Some(Label::Rating(numbers)) = label {
            let numbers = numbers.iter().map(|number| format!("{number:.2}"));
            return numbers.collect::<Vec<_>>().join(" ");
        }
        let map = card.labels.first();
        let name = |class: usize| map.and_then(|map| map.classes.get(class)).map(|(name, _)| name);
        let classes = label.map(classes_of).unwrap_or_default();
        let names: Vec<&str> = classes.into_iter().filter_map(name).map(String::as_str).collect();
        names.join(" and ")
    };
    format!("{} here, {} in {}", names(one), names(other), other.id)
}
