//! How well predictions fit, each with the definition it is printed with.

/// Accuracy (WA, weighted accuracy): share of clips whose predicted class is the label.
pub fn accuracy(pairs: &[(usize, usize)]) -> f64 {
    mean(pairs.iter().map(|(truth, guess)| f64::from(u8::from(truth == guess))))
}

/// UAR (unweighted average recall, balanced accuracy): mean over the classes that occur of the
/// share of each that is found.
pub fn uar(pairs: &[(usize, usize)], classes: usize) -> f64 {
    let recalls = (0..classes).filter_map(|class| {
        let of_class: Vec<_> = pairs.iter().filter(|(truth, _)| *truth == class).collect();
        (!of_class.is_empty())
            .then(|| mean(of_class.iter().map(|(t, g)| f64::from(u8::from(t == g)))))
    });
    mean(recalls)
}

/// F1 of each class, `2 tp / (2 tp + fp + fn)`; `None` where a class neither occurs nor is
/// predicted.
pub fn f1_per_class(pairs: &[(usize, usize)], classes: usize) -> Vec<Option<f64>> {
    (0..classes)
        .map(|class| f1(pairs.iter().map(|(truth, guess)| (*truth == class, *guess == class))))
        .collect()
}

/// Weighted F1: mean of the classes' F1, weighted by how often each occurs.
pub fn weighted_f1(pairs: &[(usize, usize)], classes: usize) -> f64 {
    let scores = f1_per_class(pairs, classes);
    let total = pairs.len() as f64;
    (0..classes)
        .map(|class| {
            let support = pairs.iter().filter(|(truth, _)| *truth == class).count() as f64;
            support / total * scores[class].unwrap_or(0.0)
        })
        .sum()
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
    let (mut hit, mut miss) = (0.0, 0.0);
    for (truth, guess) in answers {
        match (truth, guess) {
            (true, true) => hit += 1.0,
            (false, false) => {}
            _ => miss += 1.0,
        }
    }
    (hit + miss > 0.0).then(|| 2.0 * hit / (2.0 * hit + miss))
}

/// Balanced accuracy of yes/no answers `(truth, guess)` as CMU-MOSEI is scored (Zadeh et al.
/// 2018): `(tp n / p + tn) / (2 n)` of p positives and n negatives, the mean of the two recalls.
/// Not a number where one of them is missing.
pub fn weighted_accuracy(answers: &[(bool, bool)]) -> f64 {
    let recall = |side: bool| {
        mean(answers.iter().filter(|(t, _)| *t == side).map(|(t, g)| f64::from(u8::from(t == g))))
    };
    f64::midpoint(recall(true), recall(false))
}

/// Share of yes/no answers `(truth, guess)` that are right.
pub fn binary_accuracy(answers: &[(bool, bool)]) -> f64 {
    mean(answers.iter().map(|(t, g)| f64::from(u8::from(t == g))))
}

/// Weighted F1 of yes/no answers `(truth, guess)`: the F1 of "yes" and that of "no", weighted by
/// how often each is true.
pub fn binary_weighted_f1(answers: &[(bool, bool)]) -> f64 {
    let pairs: Vec<(usize, usize)> =
        answers.iter().map(|(t, g)| (usize::from(*t), usize::from(*g))).collect();
    weighted_f1(&pairs, 2)
}

/// ROC AUC of `(truth, score)`: the probability that a clip with "yes" scores above one with
/// "no"; a tie counts one half. Not a number where one of them is missing.
pub fn roc_auc(scores: &[(bool, f64)]) -> f64 {
    let mut sorted = scores.to_vec();
    sorted.sort_by(|a, b| a.1.total_cmp(&b.1));
    let (mut won, mut below) = (0.0, 0.0);
    for tied in sorted.chunk_by(|a, b| a.1 == b.1) {
        let positives = tied.iter().filter(|(truth, _)| *truth).count() as f64;
        let negatives = tied.len() as f64 - positives;
        won += positives * (below + negatives / 2.0);
        below += negatives;
    }
    let positives = scores.len() as f64 - below;
    if positives * below == 0.0 { f64::NAN } else { won / (positives * below) }
}

/// Mean of the scores that are numbers: a class that cannot be scored is left out.
pub fn mean_defined(scores: &[f64]) -> f64 {
    mean(scores.iter().copied().filter(|score| !score.is_nan()))
}

/// Share of clips whose yes/no answers are all right.
pub fn exact_match(truth: &[Vec<bool>], guess: &[Vec<bool>]) -> f64 {
    mean(truth.iter().zip(guess).map(|(t, g)| f64::from(u8::from(t == g))))
}

/// Share of clips that are answered exactly, or with some of the true classes and no other.
pub fn subset_match(truth: &[Vec<bool>], guess: &[Vec<bool>]) -> f64 {
    let part = |t: &[bool], g: &[bool]| {
        let stray = t.iter().zip(g).any(|(t, g)| !t && *g);
        !stray && t.iter().zip(g).any(|(t, g)| *t && *g)
    };
    mean(truth.iter().zip(guess).map(|(t, g)| f64::from(u8::from(t == g || part(t, g)))))
}

/// Share of clips that are answered exactly, or whose first "yes" is right. The order of the
/// classes matters, as in the code of Dai et al. 2020.
pub fn intersect_match(truth: &[Vec<bool>], guess: &[Vec<bool>]) -> f64 {
    let first = |t: &[bool], g: &[bool]| g.iter().position(|g| *g).is_some_and(|i| t[i]);
    mean(truth.iter().zip(guess).map(|(t, g)| f64::from(u8::from(t == g || first(t, g)))))
}

/// Precision of each class, the share of its predictions that are right: 0 where it occurs and
/// is never predicted, `None` where it does neither.
pub fn precision_per_class(pairs: &[(usize, usize)], classes: usize) -> Vec<Option<f64>> {
    let turned: Vec<(usize, usize)> = pairs.iter().map(|(truth, guess)| (*guess, *truth)).collect();
    recall_per_class(&turned, classes)
}

/// Recall of each class, the share of its clips that are found: 0 where it is predicted and
/// never occurs, `None` where it does neither.
pub fn recall_per_class(pairs: &[(usize, usize)], classes: usize) -> Vec<Option<f64>> {
    (0..classes)
        .map(|class| {
            pairs.iter().any(|(t, g)| *t == class || *g == class).then(|| {
                let own = pairs.iter().filter(|(truth, _)| *truth == class);
                let hits: Vec<f64> = own.map(|(t, g)| f64::from(u8::from(t == g))).collect();
                if hits.is_empty() { 0.0 } else { mean(hits.into_iter()) }
            })
        })
        .collect()
}

/// Mean of a score over the classes that occur or are predicted, as in scikit-learn's `macro`.
pub fn macro_mean(scores: &[Option<f64>]) -> f64 {
    mean(scores.iter().flatten().copied())
}

/// Weighted F1 of yes/no answers: mean over classes of the F1 of "yes", weighted by how often it
/// is true.
pub fn support_f1(truth: &[Vec<bool>], guess: &[Vec<bool>], classes: usize) -> f64 {
    let (sum, total) = (0..classes).fold((0.0, 0.0), |(sum, total), class| {
        let support = truth.iter().filter(|t| t[class]).count() as f64;
        let score = f1(truth.iter().zip(guess).map(|(t, g)| (t[class], g[class])));
        (sum + support * score.unwrap_or(0.0), total + support)
    });
    if total == 0.0 { 0.0 } else { sum / total }
}

/// F1 of each clip's yes/no answers, averaged over clips; one without any "yes" counts as 0, as
/// in scikit-learn.
pub fn samples_f1(truth: &[Vec<bool>], guess: &[Vec<bool>]) -> f64 {
    let one = |(t, g): (&Vec<bool>, &Vec<bool>)| {
        f1(t.iter().copied().zip(g.iter().copied())).unwrap_or(0.0)
    };
    mean(truth.iter().zip(guess).map(one))
}

/// CCC (concordance correlation, Lin 1989): `2 cov / (var_x + var_y + (mean_x - mean_y)^2)`, with
/// biased moments. Two equal constants agree perfectly.
pub fn ccc(x: &[f64], y: &[f64]) -> f64 {
    let (mx, my) = (mean(x.iter().copied()), mean(y.iter().copied()));
    let moment = |f: &dyn Fn(f64, f64) -> f64| mean(x.iter().zip(y).map(|(a, b)| f(*a, *b)));
    let covariance = moment(&|a, b| (a - mx) * (b - my));
    let spread = moment(&|a, _| (a - mx).powi(2)) + moment(&|_, b| (b - my).powi(2));
    let spread = spread + (mx - my).powi(2);
    if spread == 0.0 { 1.0 } else { 2.0 * covariance / spread }
}

/// ECE (expected calibration error, Guo et al. 2017): over ten even bins of the top probability,
/// the mean gap between confidence and accuracy, weighted by how many clips fall in each.
pub fn ece(answers: &[(f64, bool)]) -> f64 {
    let bin = |confidence: f64| ((confidence * 10.0) as usize).min(9);
    (0..10)
        .map(|b| {
            let inside: Vec<_> = answers.iter().filter(|(c, _)| bin(*c) == b).collect();
            if inside.is_empty() {
                return 0.0;
            }
            let confidence = mean(inside.iter().map(|(c, _)| *c));
            let right = mean(inside.iter().map(|(_, r)| f64::from(u8::from(*r))));
            inside.len() as f64 / answers.len() as f64 * (confidence - right).abs()
        })
        .sum()
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), v| (sum + v, count + 1.0));
    if count == 0.0 { f64::NAN } else { sum / count }
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
        assert!(roc_auc(&[(false, 0.2)]).is_nan());
    }

    #[test]
    fn a_clip_without_classes_has_no_f1_of_its_own() {
        let truth = vec![vec![true, false], vec![false, false]];
        assert_eq!(samples_f1(&truth, &truth), 0.5);
        assert_eq!(support_f1(&truth, &truth, 2), 1.0);
    }

    #[test]
    fn tied_scores_win_half_a_pair() {
        let scores = [(true, 1.0), (false, 1.0), (true, 3.0), (false, 0.0)];
        assert!((roc_auc(&scores) - 3.5 / 4.0).abs() < 1e-12);
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

    #[test]
    fn concordance_punishes_scale_and_shift() {
        let y = [0.0, 1.0, 2.0, 3.0];
        let x: Vec<f64> = y.iter().map(|v| 2.0 * v + 1.0).collect();
        assert!((ccc(&x, &y) - 0.4).abs() < 1e-12);
        assert_eq!(ccc(&[1.0, 1.0], &[1.0, 1.0]), 1.0);
    }

    #[test]
    fn a_calibrated_answer_has_no_calibration_error() {
        let answers: Vec<_> = (0..100).map(|i| (0.75, i % 4 != 0)).collect();
        assert!(ece(&answers) < 1e-12);
        assert!((ece(&[(0.9, false)]) - 0.9).abs() < 1e-12);
    }
}
