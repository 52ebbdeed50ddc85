//! How well answers fit labels, each score with the definition it is printed with.
//!
//! Scores equal scikit-learn's where it defines them. What a definition leaves open (a ratio of
//! nothing, a correlation with a constant) is not a number here and absent from results, where
//! scikit-learn mostly warns and returns 0 (`zero_division`). The exceptions keep published
//! practice and say so: a class of yes/no labels that neither occurs nor is said counts as 0 in
//! a macro F1, and so does a class that occurs and is never said in precision and F1.

mod catalogue;
mod classes;
mod probabilities;
mod ranking;
mod ratings;
mod risk;
mod sentiment;
mod soft;
mod yes_no;

pub use catalogue::{Better, Metric};
pub use classes::{
    Confusion, accuracy, f1_per_class, macro_mean, precision_per_class, recall_per_class, uar,
    weighted_f1,
};
pub use probabilities::{Bin, Reliability, brier, ece, ece_of, nll, yes_no_brier, yes_no_nll};
pub(crate) use probabilities::{clip_brier, clip_nll};
pub use ranking::{Ranking, average_precision, roc_auc};
pub use ratings::{Moments, ccc, mae, pearson};
pub use risk::{Risk, aurc, risk_coverage};
pub use sentiment::Cut;
pub(crate) use soft::{clip_cross_entropy, clip_entropy, clip_jensen_shannon};
pub use soft::{cross_entropy, jensen_shannon, kullback_leibler};
pub use yes_no::{
    Hits, binary_accuracy, binary_weighted_f1, exact_match, f1, intersect_match, macro_f1,
    micro_f1, samples_f1, subset_match, support_f1, weighted_accuracy,
};
pub(crate) use yes_no::{clip_f1, clip_match};

/// Mean of the scores that are numbers: a class that cannot be scored is left out.
pub fn mean_defined(scores: &[f64]) -> f64 {
    mean(scores.iter().copied().filter(|score| !score.is_nan()))
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), v| (sum + v, count + 1.0));
    if count == 0.0 { f64::NAN } else { sum / count }
}

/// Mean of values that count `weights` times each; not a number where nothing counts.
pub(crate) fn weighted_mean(values: &[f64], weights: &[f64]) -> f64 {
    let (sum, total) = values
        .iter()
        .zip(weights)
        .fold((0.0, 0.0), |(sum, total), (value, weight)| (sum + weight * value, total + weight));
    if total == 0.0 { f64::NAN } else { sum / total }
}

fn as_number(right: bool) -> f64 {
    f64::from(u8::from(right))
}
