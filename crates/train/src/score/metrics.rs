//! The metrics of each kind of label set.

use std::collections::BTreeMap;

use limbic_corpus::Label;
use limbic_model::{LabelKind, LabelMap};

use super::{Answer, argmax, sigmoid};
use crate::dataset::weights;
use crate::metric;

/// The scores of answers by name. `thresholds` are those of the checkpoint.
pub(super) fn metrics(
    own: &[Answer<'_>],
    map: &LabelMap,
    thresholds: &BTreeMap<String, Vec<f32>>,
) -> Vec<(String, f64)> {
    let classes = map.classes.len();
    match map.kind {
        LabelKind::Class => classes_metrics(own, classes),
        LabelKind::Multi => {
            let even = vec![0.5; classes];
            multi_metrics(own, thresholds.get(&map.name).unwrap_or(&even), &map.classes)
        }
        LabelKind::Rating => rating_metrics(own, &map.classes),
    }
}

fn classes_metrics(own: &[Answer<'_>], classes: usize) -> Vec<(String, f64)> {
    let pair = |(label, logits): &Answer<'_>| Some((winner(label, classes)?, argmax(logits)));
    let pairs: Vec<(usize, usize)> = own.iter().filter_map(pair).collect();
    let f1 = metric::f1_per_class(&pairs, classes);
    let occurring: Vec<f64> = f1.into_iter().flatten().collect();
    vec![
        ("accuracy".into(), metric::accuracy(&pairs)),
        ("uar".into(), metric::uar(&pairs, classes)),
        ("weighted_f1".into(), metric::weighted_f1(&pairs, classes)),
        ("macro_f1".into(), occurring.iter().sum::<f64>() / occurring.len().max(1) as f64),
    ]
}

/// The class of a label. Votes count for the class with the most of them; ties go to nobody and
/// are left out.
pub(crate) fn winner(label: &Label, classes: usize) -> Option<usize> {
    let weights = weights(label, classes);
    let top = argmax(&weights);
    let ties = weights.iter().filter(|w| **w == weights[top]).count();
    (ties == 1).then_some(top)
}

fn multi_metrics(
    own: &[Answer<'_>],
    thresholds: &[f32],
    names: &[(String, String)],
) -> Vec<(String, f64)> {
    let classes = thresholds.len();
    let truth: Vec<Vec<bool>> =
        own.iter().map(|(l, _)| weights(l, classes).iter().map(|w| *w > 0.0).collect()).collect();
    let guess: Vec<Vec<bool>> = own
        .iter()
        .map(|(_, logits)| logits.iter().zip(thresholds).map(|(z, t)| sigmoid(*z) > *t).collect())
        .collect();
    // A class that the model does not know has no order of clips.
    let areas: Vec<f64> = (0..classes)
        .map(|class| {
            let answers = truth.iter().zip(own).map(|(t, (_, z))| (t[class], f64::from(z[class])));
            let answers: Vec<(bool, f64)> = answers.collect();
            let known = answers.iter().any(|(_, z)| z.is_finite());
            if known { metric::roc_auc(&answers) } else { f64::NAN }
        })
        .collect();
    let defined = names.iter().zip(&areas).filter(|(_, area)| !area.is_nan());
    let mut named: Vec<(String, f64)> =
        defined.map(|((name, _), area)| (format!("auc_{name}"), *area)).collect();
    if !named.is_empty() {
        named.push(("auc_mean".into(), metric::mean_defined(&areas)));
    }
    let balanced: Vec<f64> = (0..classes)
        .map(|class| {
            let own = truth.iter().zip(&guess).map(|(t, g)| (t[class], g[class]));
            let own: Vec<(bool, bool)> = own.collect();
            if areas[class].is_nan() { f64::NAN } else { metric::weighted_accuracy(&own) }
        })
        .collect();
    named.push(("weighted_accuracy".into(), metric::mean_defined(&balanced)));
    named.push(("macro_f1".into(), metric::macro_f1(&truth, &guess, classes)));
    named.push(("micro_f1".into(), metric::micro_f1(&truth, &guess)));
    named
}

fn rating_metrics(own: &[Answer<'_>], names: &[(String, String)]) -> Vec<(String, f64)> {
    let column = |index: usize| -> (Vec<f64>, Vec<f64>) {
        own.iter()
            .filter_map(|(label, guess)| match label {
                Label::Rating(values) => Some((f64::from(values[index]), f64::from(guess[index]))),
                _ => None,
            })
            .unzip()
    };
    let scores: Vec<f64> = (0..names.len())
        .map(|index| {
            let (truth, guess) = column(index);
            metric::ccc(&truth, &guess)
        })
        .collect();
    let mean = scores.iter().sum::<f64>() / scores.len().max(1) as f64;
    let mut named: Vec<(String, f64)> =
        names.iter().zip(&scores).map(|((name, _), s)| (format!("ccc_{name}"), *s)).collect();
    named.push(("ccc_mean".into(), mean));
    named
}

#[cfg(test)]
mod tests;
