//! Scores of one class a clip.

use super::{as_number, mean};

/// How often each class was the answer to each label: what every score of classes is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Confusion {
    classes: usize,
    /// Row by row: a row a label, a column an answer.
    counts: Vec<f64>,
}

impl Confusion {
    /// Nothing counted yet.
    pub fn new(classes: usize) -> Self {
        Self { classes, counts: vec![0.0; classes * classes] }
    }

    /// Counts pairs of label and answer, of `classes` classes or as many as occur.
    pub fn of(pairs: &[(usize, usize)], classes: usize) -> Self {
        let most = pairs.iter().map(|(truth, said)| *truth.max(said) + 1).max();
        let mut confusion = Self::new(classes.max(most.unwrap_or(0)));
        for (truth, said) in pairs {
            confusion.add(*truth, *said, 1.0);
        }
        confusion
    }

    /// Counts a clip `weight` times; one of a class that there is not is not counted.
    pub fn add(&mut self, truth: usize, said: usize, weight: f64) {
        if truth.max(said) < self.classes {
            self.counts[truth * self.classes + said] += weight;
        }
    }

    /// Rows of counts: a row a label, a column an answer.
    pub fn rows(&self) -> impl Iterator<Item = &[f64]> {
        self.counts.chunks(self.classes.max(1))
    }

    /// How many clips.
    pub fn total(&self) -> f64 {
        self.counts.iter().sum()
    }

    /// How many clips have the class as their label.
    pub fn support(&self, class: usize) -> f64 {
        self.counts[class * self.classes..][..self.classes].iter().sum()
    }

    /// How many clips were given the class.
    fn said(&self, class: usize) -> f64 {
        self.counts.iter().skip(class).step_by(self.classes).sum()
    }

    fn hits(&self, class: usize) -> f64 {
        self.counts[class * (self.classes + 1)]
    }

    /// [`accuracy`].
    pub fn accuracy(&self) -> f64 {
        (0..self.classes).map(|class| self.hits(class)).sum::<f64>() / self.total()
    }

    /// [`uar`].
    pub fn uar(&self) -> f64 {
        mean((0..self.classes).filter_map(|class| {
            let support = self.support(class);
            (support > 0.0).then(|| self.hits(class) / support)
        }))
    }

    /// [`recall_per_class`].
    pub fn recalls(&self) -> Vec<Option<f64>> {
        self.ratios(|class| self.support(class))
    }

    /// [`precision_per_class`].
    pub fn precisions(&self) -> Vec<Option<f64>> {
        self.ratios(|class| self.said(class))
    }

    fn ratios(&self, of: impl Fn(usize) -> f64) -> Vec<Option<f64>> {
        (0..self.classes)
            .map(|class| {
                let (all, hits) = (of(class), self.hits(class));
                (self.support(class) + self.said(class) > 0.0)
                    .then(|| if all > 0.0 { hits / all } else { 0.0 })
            })
            .collect()
    }

    /// [`f1_per_class`].
    pub fn f1(&self) -> Vec<Option<f64>> {
        (0..self.classes)
            .map(|class| {
                let all = self.support(class) + self.said(class);
                (all > 0.0).then(|| 2.0 * self.hits(class) / all)
            })
            .collect()
    }

    /// [`weighted_f1`].
    pub fn weighted_f1(&self) -> f64 {
        let total = self.total();
        let weighted =
            |(class, f1): (usize, Option<f64>)| self.support(class) / total * f1.unwrap_or(0.0);
        if total == 0.0 { f64::NAN } else { self.f1().into_iter().enumerate().map(weighted).sum() }
    }
}

/// Accuracy (WA, weighted accuracy): share of clips whose predicted class is the label.
pub fn accuracy(pairs: &[(usize, usize)]) -> f64 {
    mean(pairs.iter().map(|(truth, guess)| as_number(truth == guess)))
}

/// UAR (unweighted average recall, balanced accuracy): mean over the classes that occur of the
/// share of each that is found.
pub fn uar(pairs: &[(usize, usize)], classes: usize) -> f64 {
    Confusion::of(pairs, classes).uar()
}

/// F1 of each class, `2 tp / (2 tp + fp + fn)`; `None` where a class neither occurs nor is
/// predicted.
pub fn f1_per_class(pairs: &[(usize, usize)], classes: usize) -> Vec<Option<f64>> {
    Confusion::of(pairs, classes).f1()
}

/// Weighted F1: mean of the classes' F1, weighted by how often each occurs; not a number without
/// clips.
pub fn weighted_f1(pairs: &[(usize, usize)], classes: usize) -> f64 {
    Confusion::of(pairs, classes).weighted_f1()
}

/// Precision of each class, the share of its predictions that are right: 0 where it occurs and
/// is never predicted, `None` where it does neither.
pub fn precision_per_class(pairs: &[(usize, usize)], classes: usize) -> Vec<Option<f64>> {
    Confusion::of(pairs, classes).precisions()
}

/// Recall of each class, the share of its clips that are found: 0 where it is predicted and
/// never occurs, `None` where it does neither.
pub fn recall_per_class(pairs: &[(usize, usize)], classes: usize) -> Vec<Option<f64>> {
    Confusion::of(pairs, classes).recalls()
}

/// Mean of a score over the classes that occur or are predicted, as in scikit-learn's `macro`.
pub fn macro_mean(scores: &[Option<f64>]) -> f64 {
    mean(scores.iter().flatten().copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAIRS: [(usize, usize); 6] = [(0, 0), (0, 0), (0, 1), (1, 1), (1, 0), (2, 2)];

    #[test]
    fn class_metrics_equal_their_definitions_by_hand() {
        assert!((accuracy(&PAIRS) - 4.0 / 6.0).abs() < 1e-12);
        assert!((uar(&PAIRS, 3) - (2.0 / 3.0 + 0.5 + 1.0) / 3.0).abs() < 1e-12);
        let expected = 3.0 / 6.0 * (2.0 / 3.0) + 2.0 / 6.0 * 0.5 + 1.0 / 6.0;
        assert!((weighted_f1(&PAIRS, 3) - expected).abs() < 1e-12);
    }

    #[test]
    fn an_absent_class_does_not_lower_uar() {
        assert_eq!(uar(&PAIRS, 3), uar(&PAIRS, 9));
        assert_eq!(f1_per_class(&PAIRS, 4)[3], None);
    }

    #[test]
    fn nothing_has_no_score() {
        assert!(accuracy(&[]).is_nan() && uar(&[], 3).is_nan() && weighted_f1(&[], 3).is_nan());
        assert_eq!(recall_per_class(&[], 2), [None, None]);
    }

    #[test]
    fn a_clip_counts_as_often_as_its_weight() {
        let mut confusion = Confusion::new(2);
        confusion.add(0, 0, 3.0);
        confusion.add(1, 0, 1.0);
        confusion.add(7, 0, 1.0);
        assert_eq!(confusion.rows().collect::<Vec<_>>(), [[3.0, 0.0], [1.0, 0.0]]);
        assert_eq!((confusion.accuracy(), confusion.uar()), (0.75, 0.5));
    }
}
