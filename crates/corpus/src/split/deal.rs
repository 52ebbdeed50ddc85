//! Dealing groups of clips to folds.

use std::collections::BTreeMap;

use limbic_features::hash_bytes;

use crate::{Example, Label};

/// Clips that stay together.
pub(super) struct Group {
    /// Their places in the list of examples.
    pub(super) clips: Vec<usize>,
    /// How many of each class.
    classes: Vec<f64>,
}

/// Speakers, with those who share a dialogue or a recording put together: the largest groups
/// first, in an order by the seed among those of one size.
pub(super) fn groups(examples: &[Example], seed: u64) -> Vec<Group> {
    let mut roots: Vec<usize> = (0..examples.len()).collect();
    let mut first: BTreeMap<(u8, &str), usize> = BTreeMap::new();
    for (index, example) in examples.iter().enumerate() {
        for (kind, name) in [(0, &example.speaker), (1, &example.dialogue), (2, &example.source)] {
            if let Some(name) = name {
                let other = *first.entry((kind, name)).or_insert(index);
                let (a, b) = (root(&mut roots, index), root(&mut roots, other));
                roots[a.max(b)] = a.min(b);
            }
        }
    }
    let mut clips: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for index in 0..examples.len() {
        clips.entry(root(&mut roots, index)).or_default().push(index);
    }
    let labels: Vec<Option<usize>> = examples.iter().map(class).collect();
    let count = labels.iter().flatten().max().map_or(0, |most| most + 1);
    let mut groups: Vec<Group> = clips
        .into_values()
        .map(|clips| {
            let mut classes = vec![0.0; count];
            clips.iter().filter_map(|clip| labels[*clip]).for_each(|class| classes[class] += 1.0);
            Group { clips, classes }
        })
        .collect();
    let chance = |group: &Group| {
        let name = format!("{seed} {}", examples[group.clips[0]].id);
        *hash_bytes(name.as_bytes()).as_bytes()
    };
    groups.sort_by_cached_key(|group| (usize::MAX - group.clips.len(), chance(group)));
    groups
}

/// The clip that stands for all that belong together with `index`.
fn root(roots: &mut [usize], mut index: usize) -> usize {
    while roots[index] != index {
        roots[index] = roots[roots[index]];
        index = roots[index];
    }
    index
}

/// The class of a clip in the first label set, the likeliest one of votes.
fn class(example: &Example) -> Option<usize> {
    match example.labels.first()?.as_ref()? {
        Label::Class(class) => Some(*class),
        Label::Multi(classes) => classes.first().copied(),
        Label::Votes(votes) => {
            let most =
                votes.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(&a.0)));
            most.map(|(class, _)| class)
        }
        Label::Rating(_) => None,
    }
}

/// The fold of each group: each to the fold that keeps the folds most alike; or in turn, where
/// that comes out more even.
pub(super) fn evenly(groups: &[Group], folds: usize) -> Vec<usize> {
    let totals = totals(groups);
    let mut sums = vec![vec![0.0; totals.len()]; folds];
    let mut dealt = Vec::with_capacity(groups.len());
    for group in groups {
        let shares = shares(group, &totals);
        let cost = |fold: usize| -> f64 {
            // Only the sums of this fold change, and with them the sum of squares.
            sums[fold].iter().zip(&shares).map(|(sum, share)| share * (2.0 * sum + share)).sum()
        };
        let fold = (0..folds).min_by(|a, b| cost(*a).total_cmp(&cost(*b))).unwrap_or(0);
        sums[fold].iter_mut().zip(&shares).for_each(|(sum, share)| *sum += share);
        dealt.push(fold);
    }
    let in_turn = in_turn(groups, folds);
    if unevenness(groups, &in_turn, folds) < unevenness(groups, &dealt, folds) {
        in_turn
    } else {
        dealt
    }
}

/// The fold of each group where they are dealt like cards.
pub(super) fn in_turn(groups: &[Group], folds: usize) -> Vec<usize> {
    (0..groups.len()).map(|index| index % folds).collect()
}

/// How far the folds are from having an equal share of each class and of all clips: the sum of
/// squared differences.
pub(super) fn unevenness(groups: &[Group], dealt: &[usize], folds: usize) -> f64 {
    let totals = totals(groups);
    let mut sums = vec![vec![0.0; totals.len()]; folds];
    for (group, fold) in groups.iter().zip(dealt) {
        let shares = shares(group, &totals);
        sums[*fold].iter_mut().zip(shares).for_each(|(sum, share)| *sum += share);
    }
    let even = 1.0 / folds as f64;
    let present = |column: &usize| totals[*column] > 0.0;
    let square = |column: usize| {
        sums.iter().map(|sum| (sum[column] - even) * (sum[column] - even)).sum::<f64>()
    };
    (0..totals.len()).filter(present).map(square).sum()
}

/// Clips of each class in all groups, and of any.
fn totals(groups: &[Group]) -> Vec<f64> {
    let classes = groups.first().map_or(0, |group| group.classes.len());
    let class = |class: usize| groups.iter().map(|group| group.classes[class]).sum();
    let all = groups.iter().map(|group| group.clips.len() as f64).sum();
    (0..classes).map(class).chain([all]).collect()
}

/// The share of a group in each of [`totals`].
fn shares(group: &Group, totals: &[f64]) -> Vec<f64> {
    let counts = group.classes.iter().copied().chain([group.clips.len() as f64]);
    counts
        .zip(totals)
        .map(|(count, total)| if *total > 0.0 { count / total } else { 0.0 })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn folds_are_at_least_as_even_as_dealing_in_turn(
            clips in prop::collection::vec((0u8..30, 0usize..6), 40..300),
            folds in 2usize..6,
            seed in 0u64..1000,
        ) {
            let examples: Vec<Example> = clips
                .iter()
                .enumerate()
                .map(|(index, (speaker, class))| Example {
                    speaker: Some(speaker.to_string()),
                    labels: vec![Some(Label::Class(*class))],
                    ..Example::new(index.to_string())
                })
                .collect();
            let groups = groups(&examples, seed);
            let (dealt, turns) = (evenly(&groups, folds), in_turn(&groups, folds));
            prop_assert!(
                unevenness(&groups, &dealt, folds) <= unevenness(&groups, &turns, folds)
            );
        }
    }

    /// Where dealing in turn goes wrong, the rule does not: speakers of two kinds by turns.
    #[test]
    fn classes_are_spread_where_dealing_in_turn_heaps_them() {
        let examples: Vec<Example> = (0..40)
            .map(|index| Example {
                speaker: Some(format!("{:02}", index / 5)),
                labels: vec![Some(Label::Class(index / 5 % 2))],
                ..Example::new(format!("{index:02}"))
            })
            .collect();
        let mut groups = groups(&examples, 0);
        groups.sort_by_key(|group| group.clips[0]);
        assert!(unevenness(&groups, &in_turn(&groups, 2), 2) > 0.9);
        assert!(unevenness(&groups, &evenly(&groups, 2), 2) < 1e-9);
    }
}
