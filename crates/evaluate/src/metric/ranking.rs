//! Scores of how clips are ordered: whether "yes" stands above "no", whatever the threshold.

/// Clips in the order of their scores. Sorted once, so that scoring a resample costs no more than
/// reading it.
#[derive(Debug, Clone, Default)]
pub struct Ranking {
    /// From the lowest score to the highest: the clip, and whether it is "yes".
    clips: Vec<(usize, bool)>,
    /// Where each run of equal scores ends.
    ends: Vec<usize>,
}

impl Ranking {
    /// Ranks clips by `(truth, score)`.
    pub fn new(scores: &[(bool, f64)]) -> Self {
        let mut order: Vec<usize> = (0..scores.len()).collect();
        order.sort_by(|a, b| scores[*a].1.total_cmp(&scores[*b].1));
        let ends = order
            .chunk_by(|a, b| scores[*a].1 == scores[*b].1)
            .scan(0, |end, run| {
                *end += run.len();
                Some(*end)
            })
            .collect();
        Self { clips: order.into_iter().map(|clip| (clip, scores[clip].0)).collect(), ends }
    }

    /// How often "yes" and "no" are in each run of equal scores, from the lowest, where clips count
    /// `weights` times each.
    fn runs(&self, weights: &[f64]) -> impl Iterator<Item = (f64, f64)> {
        let start = |run: usize| if run == 0 { 0 } else { self.ends[run - 1] };
        (0..self.ends.len()).map(move |run| {
            let own = &self.clips[start(run)..self.ends[run]];
            own.iter().fold((0.0, 0.0), |(yes, no), (clip, truth)| match truth {
                true => (yes + weights[*clip], no),
                false => (yes, no + weights[*clip]),
            })
        })
    }

    /// [`roc_auc`] of clips that count `weights` times each.
    pub fn area(&self, weights: &[f64]) -> f64 {
        self.areas(weights).0
    }

    /// [`roc_auc`] and [`average_precision`] of clips that count `weights` times each.
    pub fn areas(&self, weights: &[f64]) -> (f64, f64) {
        let runs: Vec<(f64, f64)> = self.runs(weights).collect();
        let (mut won, mut positives, mut negatives) = (0.0, 0.0, 0.0);
        for (yes, no) in &runs {
            won += yes * (negatives + no / 2.0);
            negatives += no;
            positives += yes;
        }
        let (mut sum, mut found, mut above) = (0.0, 0.0, 0.0);
        for (yes, no) in runs.iter().rev() {
            found += yes;
            above += yes + no;
            if *yes > 0.0 {
                sum += yes * found / above;
            }
        }
        let pairs = positives * negatives;
        (if pairs == 0.0 { f64::NAN } else { won / pairs }, sum / found)
    }
}

/// ROC AUC of `(truth, score)`: the probability that a clip with "yes" scores above one with
/// "no"; a tie counts one half. Not a number where one of them is missing.
pub fn roc_auc(scores: &[(bool, f64)]) -> f64 {
    Ranking::new(scores).area(&vec![1.0; scores.len()])
}

/// Average precision of `(truth, score)`: the mean over the clips with "yes" of the precision at
/// their score, without interpolation. Not a number where there are none, for which scikit-learn
/// warns and returns 0.
pub fn average_precision(scores: &[(bool, f64)]) -> f64 {
    Ranking::new(scores).areas(&vec![1.0; scores.len()]).1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tied_scores_win_half_a_pair() {
        let scores = [(true, 1.0), (false, 1.0), (true, 3.0), (false, 0.0)];
        assert!((roc_auc(&scores) - 3.5 / 4.0).abs() < 1e-12);
        assert!((average_precision(&scores) - 5.0 / 6.0).abs() < 1e-12);
    }

    #[test]
    fn one_side_alone_has_no_order() {
        assert!(roc_auc(&[(false, 0.2)]).is_nan() && average_precision(&[(false, 0.2)]).is_nan());
        assert!(roc_auc(&[]).is_nan() && average_precision(&[]).is_nan());
        assert!(Ranking::new(&[(true, 0.1), (false, 0.2)]).area(&[0.0, 1.0]).is_nan());
    }
}
