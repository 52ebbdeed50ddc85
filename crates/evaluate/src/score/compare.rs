//! Two sets of answers to the same clips.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::kind::{Kind, usable};
use super::table::{column, defined, speakers};
use super::{Answer, Task, Unit};
use crate::bootstrap::Resampler;
use crate::exact;
use crate::metric::Better;

/// One metric of both.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// The metric's name.
    pub metric: String,
    /// The same for people.
    pub label: String,
    /// The score of the first.
    pub a: Option<f64>,
    /// The score of the second.
    pub b: Option<f64>,
    /// By how much the second is higher than the first.
    pub difference: Option<f64>,
    /// Between which values 95 % of the differences in resamples lie.
    pub interval: Option<[f64; 2]>,
    /// How likely a difference as far from 0 on either side would be if there were none: twice
    /// the smaller share of the `n` resampled differences that are not above, or not below, 0,
    /// each counted as `(k + 1) / (n + 1)` (Davison and Hinkley 1997, chapter 4).
    pub p: Option<f64>,
    /// Which way the metric gets better.
    pub better: Better,
    /// What the metric is, in a sentence.
    pub definition: String,
}

/// McNemar's exact test of two accuracies.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct McNemar {
    /// How many clips only the first has right.
    pub only_a: usize,
    /// How many clips only the second has right.
    pub only_b: usize,
    /// [`mcnemar`] of both.
    pub p: f64,
}

/// How two sets of answers differ.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// How many clips both have, with the same label.
    pub clips: usize,
    /// Clips that only the first has, or has a usable answer to.
    pub only_a: usize,
    /// Clips that only the second has, or has a usable answer to.
    pub only_b: usize,
    /// Clips that both have, with different labels: they count for nothing.
    pub relabelled: usize,
    /// What was drawn for the intervals; none where nothing was.
    pub interval_unit: Option<Unit>,
    /// How often it was drawn.
    pub resamples: usize,
    /// Each metric.
    pub differences: Vec<Difference>,
    /// For one class a clip.
    pub mcnemar: Option<McNemar>,
}

/// Compares answers clip by clip: resamples draw the same speakers for both (the paired
/// bootstrap), so that two that share most of their errors can be told apart even where their own
/// intervals meet. Of several answers to one clip the first counts.
pub fn compare(task: &Task<'_>, a: &[Answer], b: &[Answer], resamples: usize) -> Comparison {
    let (first, second) = (by_clip(task, a), by_clip(task, b));
    let shared = || first.iter().filter_map(|(clip, a)| Some((*a, *second.get(clip)?)));
    let (a, b): (Vec<&Answer>, Vec<&Answer>) = shared().filter(|(a, b)| a.truth == b.truth).unzip();
    let kinds = (Kind::new(task, &a), Kind::new(task, &b));
    let resampler = Resampler::new(&speakers(&a)).filter(|_| resamples > 0);
    // A metric of votes is scored where there are any, and the labels of both are the same.
    let gaps = |weights: &[f64]| -> Vec<f64> {
        let (a, b) = (kinds.0.values(weights), kinds.1.values(weights));
        b.iter().zip(&a).map(|(b, a)| b - a).collect()
    };
    let mut drawn = Vec::new();
    if let Some(resampler) = &resampler {
        resampler.each(resamples, |weights| drawn.push(gaps(weights)));
    }
    let whole = vec![1.0; a.len()];
    let scores = kinds.0.values(&whole).into_iter().zip(kinds.1.values(&whole));
    let metrics = kinds.0.metrics().into_iter().zip(scores).enumerate();
    let differences = metrics
        .map(|(index, ((metric, part), (a, b)))| Difference {
            metric: metric.name_of(part.as_deref()),
            label: metric.label_of(part.as_deref()),
            a: defined(a),
            b: defined(b),
            difference: defined(b - a),
            interval: column(&drawn, index),
            p: two_sided(drawn.iter().map(|gaps| gaps[index])),
            better: metric.better(),
            definition: metric.definition().to_owned(),
        })
        .collect();
    let mcnemar = match &kinds {
        (Kind::Classes(a), Kind::Classes(b)) => Some(disagreement(&a.right(), &b.right())),
        _ => None,
    };
    let both = shared().count();
    Comparison {
        clips: a.len(),
        only_a: first.len() - both,
        only_b: second.len() - both,
        relabelled: both - a.len(),
        interval_unit: resampler.as_ref().map(|resampler| resampler.unit),
        resamples: drawn.len(),
        differences,
        mcnemar,
    }
}

/// The usable answers by clip.
fn by_clip<'a>(task: &Task<'_>, answers: &'a [Answer]) -> BTreeMap<&'a str, &'a Answer> {
    let mut all = BTreeMap::new();
    for answer in answers.iter().filter(|answer| usable(task, answer).is_ok()) {
        all.entry(answer.clip.as_str()).or_insert(answer);
    }
    all
}

fn two_sided(gaps: impl Iterator<Item = f64>) -> Option<f64> {
    let gaps: Vec<f64> = gaps.filter(|gap| !gap.is_nan()).collect();
    let share = |count: usize| (count + 1) as f64 / (gaps.len() + 1) as f64;
    let below = gaps.iter().filter(|gap| **gap <= 0.0).count();
    let above = gaps.iter().filter(|gap| **gap >= 0.0).count();
    (!gaps.is_empty()).then(|| exact((2.0 * share(below.min(above))).min(1.0)))
}

fn disagreement(a: &[Option<bool>], b: &[Option<bool>]) -> McNemar {
    let count =
        |wanted: (bool, bool)| a.iter().zip(b).filter(|(a, b)| a.zip(**b) == Some(wanted)).count();
    let (only_a, only_b) = (count((true, false)), count((false, true)));
    McNemar { only_a, only_b, p: exact(mcnemar(only_a, only_b)) }
}

/// McNemar's exact test (McNemar 1947): of clips that only one of two has right, how likely a
/// split at least as uneven is, two-sided, if each fell to either with equal chance. 1 where there
/// are none.
pub fn mcnemar(only_a: usize, only_b: usize) -> f64 {
    let clips = only_a + only_b;
    // In logarithms, since 0.5^n vanishes for n above a thousand.
    let mut log_term = clips as f64 * 0.5f64.ln();
    let mut sum = 0.0;
    for k in 0..=only_a.min(only_b) {
        sum += log_term.exp();
        log_term += ((clips - k) as f64).ln() - ((k + 1) as f64).ln();
    }
    (2.0 * sum).min(1.0)
}
