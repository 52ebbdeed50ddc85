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
