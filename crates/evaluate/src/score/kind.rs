//! The three kinds of label sets, and which clips count for them.

use limbic_corpus::{Label, LabelKind};

use super::classes::Classes;
use super::multi::Multi;
use super::ratings::Ratings;
use super::{Answer, ClassScore, Task};
use crate::metric::{Bin, Metric};

/// Answers in the form in which they are scored again and again.
pub(super) enum Kind {
    Classes(Classes),
    Multi(Multi),
    Ratings(Ratings),
}

/// A metric, and the class or dimension whose own it is.
pub(super) type Named = (Metric, Option<String>);

impl Kind {
    /// From answers that are all [`usable`].
    pub(super) fn new(task: &Task<'_>, answers: &[&Answer]) -> Self {
        match task.map.kind {
            LabelKind::Class => Self::Classes(Classes::new(task, answers)),
            LabelKind::Multi => Self::Multi(Multi::new(task, answers)),
            LabelKind::Rating => Self::Ratings(Ratings::new(task, answers)),
        }
    }

    /// What is scored, in the order of [`Kind::values`].
    pub(super) fn metrics(&self) -> Vec<Named> {
        match self {
            Self::Classes(own) => own.metrics(),
            Self::Multi(_) => Multi::metrics(),
            Self::Ratings(own) => own.metrics(),
        }
    }

    /// The scores of clips that count `weights` times each.
    pub(super) fn values(&self, weights: &[f64]) -> Vec<f64> {
        match self {
            Self::Classes(own) => own.values(weights),
            Self::Multi(own) => own.values(weights),
            Self::Ratings(own) => own.values(weights),
        }
    }

    /// The metric that stands for all.
    pub(super) fn headline(&self) -> Metric {
        match self {
            Self::Classes(_) => Metric::Uar,
            Self::Multi(_) => Metric::YesMacroF1,
            Self::Ratings(_) => Metric::CccMean,
        }
    }

    /// Its score of clips that count `weights` times each.
    pub(super) fn headline_value(&self, weights: &[f64]) -> f64 {
        match self {
            Self::Classes(own) => own.confusion(weights).uar(),
            Self::Multi(own) => own.macro_f1(weights),
            Self::Ratings(own) => own.ccc_mean(weights),
        }
    }

    /// How many clips count.
    pub(super) fn clips(&self) -> usize {
        match self {
            Self::Classes(own) => own.clips(),
            Self::Multi(own) => own.clips(),
            Self::Ratings(own) => own.clips(),
        }
    }

    /// Each class by itself.
    pub(super) fn per_class(&self, names: &[(String, String)]) -> Vec<ClassScore> {
        match self {
            Self::Classes(own) => own.per_class(names),
            Self::Multi(own) => own.per_class(names),
            Self::Ratings(_) => Vec::new(),
        }
    }

    /// The reliability curve.
    pub(super) fn reliability(&self) -> Vec<Bin> {
        match self {
            Self::Classes(own) => own.reliability(10).bins(),
            Self::Multi(own) => own.reliability(10).bins(),
            Self::Ratings(_) => Vec::new(),
        }
    }
}

/// Why a clip does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unusable {
    Unlabelled,
    Unanswered,
}

/// Whether label and answer fit the label set.
pub(crate) fn usable(task: &Task<'_>, answer: &Answer) -> Result<(), Unusable> {
    let classes = task.map.classes.len();
    let labelled = match (&answer.truth, task.map.kind) {
        (Label::Rating(values), LabelKind::Rating) => {
            values.len() == classes && values.iter().any(|value| value.is_finite())
        }
        (Label::Rating(_), _) | (_, LabelKind::Rating) => false,
        // In a yes/no set, a clip without any class is a label too.
        (label, kind) => weights(label, classes)
            .is_some_and(|all| kind == LabelKind::Multi || all.iter().any(|weight| *weight > 0.0)),
    };
    if !labelled {
        return Err(Unusable::Unlabelled);
    }
    let probability = |p: &f64| (-1e-6..=1.0 + 1e-6).contains(p);
    let answered = match task.map.kind {
        LabelKind::Class => answer.said.iter().all(probability),
        LabelKind::Multi => {
            answer.said.iter().all(|p| p.is_nan() || probability(p))
                && answer.said.iter().any(|p| !p.is_nan())
        }
        LabelKind::Rating => answer.said.iter().any(|value| value.is_finite()),
    };
    if answered && answer.said.len() == classes { Ok(()) } else { Err(Unusable::Unanswered) }
}

/// A label as weights over the classes; `None` where it names another class or a weight is none.
pub(crate) fn weights(label: &Label, classes: usize) -> Option<Vec<f64>> {
    let mut weights = vec![0.0; classes];
    match label {
        Label::Class(class) => *weights.get_mut(*class)? = 1.0,
        Label::Multi(several) => {
            for class in several {
                *weights.get_mut(*class)? = 1.0;
            }
        }
        Label::Votes(votes) if votes.len() == classes => {
            weights = votes.iter().map(|vote| f64::from(*vote)).collect();
        }
        Label::Votes(_) | Label::Rating(_) => return None,
    }
    weights.iter().all(|weight| weight.is_finite() && *weight >= 0.0).then_some(weights)
}

/// The first of the largest.
pub(crate) fn argmax(values: &[f64]) -> usize {
    let first = (0, f64::NEG_INFINITY);
    values.iter().enumerate().fold(first, |b, (i, v)| if *v > b.1 { (i, *v) } else { b }).0
}
