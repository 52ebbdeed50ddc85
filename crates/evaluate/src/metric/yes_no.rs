//! Scores of yes/no answers, one class or several a clip.

use super::{as_number, mean, weighted_f1};

/// How often "yes" was true and said, only true, only said, or neither.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Hits {
    /// True and said.
    pub found: f64,
    /// True and not said.
    pub missed: f64,
    /// Said and not true.
    pub stray: f64,
    /// Neither.
    pub neither: f64,
}

impl Hits {
    /// Counts answers `(truth, guess)`.
    pub fn of(answers: impl Iterator<Item = (bool, bool)>) -> Self {
        let mut hits = Self::default();
        answers.for_each(|(truth, guess)| hits.add(truth, guess, 1.0));
        hits
    }

    /// Counts an answer `weight` times.
    pub fn add(&mut self, truth: bool, guess: bool, weight: f64) {
        match (truth, guess) {
            (true, true) => self.found += weight,
            (true, false) => self.missed += weight,
            (false, true) => self.stray += weight,
            (false, false) => self.neither += weight,
        }
    }

    /// These and those.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            found: self.found + other.found,
            missed: self.missed + other.missed,
            stray: self.stray + other.stray,
            neither: self.neither + other.neither,
        }
    }

    /// How often "yes" is true.
    pub fn support(self) -> f64 {
        self.found + self.missed
    }

    /// [`f1`].
    pub fn f1(self) -> Option<f64> {
        let miss = self.missed + self.stray;
        (self.found + miss > 0.0).then(|| 2.0 * self.found / (2.0 * self.found + miss))
    }

    /// Share of what was said that is true; 0 where it is true and never said, `None` where it is
    /// neither.
    pub fn precision(self) -> Option<f64> {
        let said = self.found + self.stray;
        self.f1().map(|_| if said > 0.0 { self.found / said } else { 0.0 })
    }

    /// Share of what is true that was said; 0 where it is said and never true, `None` where it is
    /// neither.
    pub fn recall(self) -> Option<f64> {
        let support = self.support();
        self.f1().map(|_| if support > 0.0 { self.found / support } else { 0.0 })
    }

    /// [`weighted_accuracy`].
    pub fn balanced(self) -> f64 {
        let yes = self.found / self.support();
        f64::midpoint(yes, self.neither / (self.neither + self.stray))
    }
}

/// Macro F1 of yes/no answers: mean over classes of the F1 of "yes"; a class that neither occurs
/// nor is predicted counts as 0, as in scikit-learn.
pub fn macro_f1(truth: &[Vec<bool>], guess: &[Vec<bool>], classes: usize) -> f64 {
    mean(
        (0..classes).map(|class| {
            f1(truth.iter().zip(guess).map(|(t, g)| (t[class], g[class]))).unwrap_or(0.0)
        }),
    )
}

/// Micro F1 of yes/no answers: one F1 over all of them.
pub fn micro_f1(truth: &[Vec<bool>], guess: &[Vec<bool>]) -> f64 {
    let answers = truth.iter().flatten().copied().zip(guess.iter().flatten().copied());
    f1(answers).unwrap_or(0.0)
}

/// F1 of yes/no answers `(truth, guess)`; `None` where nothing is true and nothing is guessed.
pub fn f1(answers: impl Iterator<Item = (bool, bool)>) -> Option<f64> {
    Hits::of(answers).f1()
}

/// Balanced accuracy of yes/no answers `(truth, guess)` as CMU-MOSEI is scored (Zadeh et al.
/// 2018): `(tp n / p + tn) / (2 n)` of p positives and n negatives, the mean of the two recalls.
/// Not a number where one of them is missing.
pub fn weighted_accuracy(answers: &[(bool, bool)]) -> f64 {
    Hits::of(answers.iter().copied()).balanced()
}

/// Share of yes/no answers `(truth, guess)` that are right.
pub fn binary_accuracy(answers: &[(bool, bool)]) -> f64 {
    mean(answers.iter().map(|(t, g)| as_number(t == g)))
}

/// Weighted F1 of yes/no answers `(truth, guess)`: the F1 of "yes" and that of "no", weighted by
/// how often each is true.
pub fn binary_weighted_f1(answers: &[(bool, bool)]) -> f64 {
    let pairs: Vec<(usize, usize)> =
        answers.iter().map(|(t, g)| (usize::from(*t), usize::from(*g))).collect();
    weighted_f1(&pairs, 2)
}

/// Share of clips whose yes/no answers are all right.
pub fn exact_match(truth: &[Vec<bool>], guess: &[Vec<bool>]) -> f64 {
    mean(truth.iter().zip(guess).map(|(t, g)| clip_match(t, g)))
}

/// 1 where all yes/no answers of a clip are right, else 0.
pub(crate) fn clip_match(truth: &[bool], guess: &[bool]) -> f64 {
    as_number(truth == guess)
}

/// Share of clips that are answered exactly, or with some of the true classes and no other.
pub fn subset_match(truth: &[Vec<bool>], guess: &[Vec<bool>]) -> f64 {
    let part = |t: &[bool], g: &[bool]| {
        let stray = t.iter().zip(g).any(|(t, g)| !t && *g);
        !stray && t.iter().zip(g).any(|(t, g)| *t && *g)
    };
    mean(truth.iter().zip(guess).map(|(t, g)| as_number(t == g || part(t, g))))
}

/// Share of clips that are answered exactly, or whose first "yes" is right. The order of the
/// classes matters, as in the code of Dai et al. 2020.
pub fn intersect_match(truth: &[Vec<bool>], guess: &[Vec<bool>]) -> f64 {
    let first = |t: &[bool], g: &[bool]| g.iter().position(|g| *g).is_some_and(|i| t[i]);
    mean(truth.iter().zip(guess).map(|(t, g)| as_number(t == g || first(t, g))))
}

/// Weighted F1 of yes/no answers: mean over classes of the F1 of "yes", weighted by how often it
/// is true; 0 where nothing is, as in scikit-learn.
pub fn support_f1(truth: &[Vec<bool>], guess: &[Vec<bool>], classes: usize) -> f64 {
    let each = (0..classes)
        .map(|class| Hits::of(truth.iter().zip(guess).map(|(t, g)| (t[class], g[class]))));
    let (sum, total) = each.fold((0.0, 0.0), |(sum, total), hits| {
        (sum + hits.support() * hits.f1().unwrap_or(0.0), total + hits.support())
    });
    if total == 0.0 { 0.0 } else { sum / total }
}

/// F1 of each clip's yes/no answers, averaged over clips; one without any "yes" counts as 0, as
/// in scikit-learn.
pub fn samples_f1(truth: &[Vec<bool>], guess: &[Vec<bool>]) -> f64 {
    mean(truth.iter().zip(guess).map(|(t, g)| clip_f1(t, g)))
}

/// F1 of one clip's yes/no answers, 0 without any "yes".
pub(crate) fn clip_f1(truth: &[bool], guess: &[bool]) -> f64 {
    f1(truth.iter().copied().zip(guess.iter().copied())).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::mean_defined;

    #[test]
    fn multi_label_f1_by_hand() {
        let truth = vec![vec![true, false], vec![true, true], vec![false, false]];
        let guess = vec![vec![true, true], vec![false, true], vec![false, false]];
        assert!((macro_f1(&truth, &guess, 2) - 2.0 / 3.0).abs() < 1e-12);
        assert!((micro_f1(&truth, &guess) - 4.0 / 6.0).abs() < 1e-12);
    }

    #[test]
    fn a_class_without_positives_has_no_weighted_accuracy_and_is_left_out() {
        let absent = [(false, false), (false, true)];
        assert!(weighted_accuracy(&absent).is_nan());
        let found = weighted_accuracy(&[(true, true), (true, false), (false, false)]);
        assert!((found - 0.75).abs() < 1e-12);
        assert_eq!(mean_defined(&[weighted_accuracy(&absent), found]), found);
    }

    #[test]
    fn a_clip_without_classes_has_no_f1_of_its_own() {
        let truth = vec![vec![true, false], vec![false, false]];
        assert_eq!(samples_f1(&truth, &truth), 0.5);
        assert_eq!(support_f1(&truth, &truth, 2), 1.0);
    }

    #[test]
    fn subset_forbids_strays_and_intersect_only_before_the_first_hit() {
        let truth = vec![vec![true, false, true]];
        for (guess, exact, subset, intersect) in [
            ([true, false, true], 1.0, 1.0, 1.0),
            ([true, false, false], 0.0, 1.0, 1.0),
            ([true, true, false], 0.0, 0.0, 1.0),
            ([false, true, true], 0.0, 0.0, 0.0),
            ([false, false, false], 0.0, 0.0, 0.0),
        ] {
            let guess = vec![guess.to_vec()];
            assert_eq!(exact_match(&truth, &guess), exact);
            assert_eq!(subset_match(&truth, &guess), subset, "{guess:?}");
            assert_eq!(intersect_match(&truth, &guess), intersect, "{guess:?}");
        }
        let nothing = vec![vec![false; 3]];
        assert_eq!(subset_match(&nothing, &nothing), 1.0);
    }
}
