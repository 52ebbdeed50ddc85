//! Scores against those of the three reference systems.

use super::{Golden, open};
use crate::metric::*;

const TOLERANCE: f64 = 1e-6;

/// Truth and logits of `input.NAME`, clip by clip.
fn clips(golden: &Golden, name: &str) -> (Vec<Vec<bool>>, Vec<Vec<f64>>) {
    let rows = |part: &str| golden.rows(&format!("input.{name}.{part}"));
    let truth = rows("truth").into_iter().map(|row| row.iter().map(|v| *v > 0.0).collect());
    (truth.collect(), rows("logits").into_iter().map(<[f64]>::to_vec).collect())
}

/// A probability above one half is a logit above zero.
fn guesses(logits: &[Vec<f64>]) -> Vec<Vec<bool>> {
    logits.iter().map(|row| row.iter().map(|z| *z > 0.0).collect()).collect()
}

/// One class's pairs.
fn column<A: Copy, B: Copy>(a: &[Vec<A>], b: &[Vec<B>], class: usize) -> Vec<(A, B)> {
    a.iter().zip(b).map(|(a, b)| (a[class], b[class])).collect()
}

/// A score a class, and their mean.
fn averaged(classes: usize, score: impl Fn(usize) -> f64) -> Vec<f64> {
    let each: Vec<f64> = (0..classes).map(score).collect();
    let all = mean_defined(&each);
    each.into_iter().chain([all]).collect()
}

#[test]
fn golden_mtee_m12_mosei_scores() {
    let Some(golden) = open("metrics") else { return };
    let (truth, logits) = clips(&golden, "mosei");
    let (guess, classes) = (guesses(&logits), truth[0].len());
    let check = |name: &str, score: &dyn Fn(usize) -> f64| {
        let name = golden.names(&format!("out.mosei.{name}_"))[0];
        golden.close(name, &averaged(classes, score), TOLERANCE);
    };
    check("wacc", &|class| weighted_accuracy(&column(&truth, &guess, class)));
    check("f1_weighted", &|class| binary_weighted_f1(&column(&truth, &guess, class)));
    check("auc", &|class| roc_auc(&column(&truth, &logits, class)));
    let matches = [
        exact_match(&truth, &guess),
        subset_match(&truth, &guess),
        intersect_match(&truth, &guess),
    ];
    golden.close("out.mosei.strict_subset_intersect", &matches, TOLERANCE);
    let positive: Vec<f64> = (0..classes)
        .map(|class| f1(column(&truth, &guess, class).into_iter()).unwrap_or(0.0))
        .collect();
    golden.close("extra.mosei.f1_binary_positive_class", &positive, TOLERANCE);
    let joint = [
        macro_f1(&truth, &guess, classes),
        micro_f1(&truth, &guess),
        support_f1(&truth, &guess, classes),
        samples_f1(&truth, &guess),
    ];
    golden.close("extra.mosei.f1_macro_micro_weighted_samples_multilabel", &joint, TOLERANCE);
}

#[test]
fn golden_mtee_m12_iemocap_scores() {
    let Some(golden) = open("metrics") else { return };
    let (truth, logits) = clips(&golden, "iemocap");
    let (guess, classes) = (guesses(&logits), truth[0].len());
    let check = |name: &str, score: &dyn Fn(usize) -> f64| {
        let name = golden.names(&format!("out.iemocap.{name}_"))[0];
        golden.close(name, &averaged(classes, score), TOLERANCE);
    };
    check("acc", &|class| binary_accuracy(&column(&truth, &guess, class)));
    check("f1_weighted", &|class| binary_weighted_f1(&column(&truth, &guess, class)));
    check("auc", &|class| roc_auc(&column(&truth, &logits, class)));
}

#[test]
fn golden_single_label_scores() {
    let Some(golden) = open("metrics") else { return };
    let logits = golden.rows("input.single.logits");
    let top = |row: &[f64]| (0..row.len()).rev().max_by(|a, b| row[*a].total_cmp(&row[*b]));
    let pairs: Vec<(usize, usize)> = golden
        .values("input.single.truth")
        .iter()
        .zip(&logits)
        .map(|(truth, row)| (*truth as usize, top(row).unwrap()))
        .collect();
    let classes = logits[0].len();
    // Of single labels, every micro average is the accuracy.
    let accuracy = accuracy(&pairs);
    golden.close("out.single.acc", &[accuracy], TOLERANCE);
    let f1 = macro_mean(&f1_per_class(&pairs, classes));
    let weighted = weighted_f1(&pairs, classes);
    golden.close("out.single.f1_macro_micro_weighted", &[f1, accuracy, weighted], TOLERANCE);
    let precision = macro_mean(&precision_per_class(&pairs, classes));
    golden.close("out.single.precision_macro_micro", &[precision, accuracy], TOLERANCE);
    let recall = macro_mean(&recall_per_class(&pairs, classes));
    golden.close("out.single.recall_macro_micro", &[recall, accuracy], TOLERANCE);
}

#[test]
fn golden_concordance() {
    let Some(golden) = open("metrics") else { return };
    let rows = |name: &str| -> Vec<Vec<f64>> {
        golden.rows(name).into_iter().map(<[f64]>::to_vec).collect()
    };
    let (guess, truth) = (rows("input.ccc.pred"), rows("input.ccc.truth"));
    let each: Vec<f64> = (0..truth[0].len())
        .map(|d| {
            let (x, y): (Vec<f64>, Vec<f64>) = column(&guess, &truth, d).into_iter().unzip();
            ccc(&x, &y)
        })
        .collect();
    golden.close("out.ccc.per_dim", &each, TOLERANCE);
}
