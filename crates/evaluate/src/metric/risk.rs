//! How many errors are left when only the surest answers are given.

/// Clips from the surest answer to the least sure.
#[derive(Debug, Clone)]
pub struct Risk {
    clips: Vec<(usize, bool)>,
    ends: Vec<usize>,
}

impl Risk {
    /// Sorts answers by `(confidence, right)`.
    pub fn new(answers: &[(f64, bool)]) -> Self {
        let mut order: Vec<usize> = (0..answers.len()).collect();
        order.sort_by(|a, b| answers[*b].0.total_cmp(&answers[*a].0));
        let ends = order
            .chunk_by(|a, b| answers[*a].0 == answers[*b].0)
            .scan(0, |end, run| {
                *end += run.len();
                Some(*end)
            })
            .collect();
        Self { clips: order.into_iter().map(|clip| (clip, answers[clip].1)).collect(), ends }
    }

    /// The risk after each answer given, from the surest on. Of equally sure answers each is wrong
    /// to the same degree, so that their order does not matter.
    fn risks(&self, weights: &[f64]) -> impl Iterator<Item = f64> {
        let mut start = 0;
        let (mut given, mut wrong) = (0.0, 0.0);
        self.ends.iter().flat_map(move |end| {
            let own = &self.clips[start..*end];
            start = *end;
            let (count, errors) = own.iter().fold((0.0, 0.0), |(count, errors), (clip, right)| {
                let weight = weights[*clip];
                (count + weight, if *right { errors } else { errors + weight })
            });
            let (before, errors_before) = (given, wrong);
            given += count;
            wrong += errors;
            (1..=count as usize).map(move |more| {
                let more = more as f64;
                (errors_before + errors * more / count) / (before + more)
            })
        })
    }

    /// [`aurc`] of clips that count `weights` times each, a whole number.
    pub fn area(&self, weights: &[f64]) -> f64 {
        super::mean(self.risks(weights))
    }

    /// [`risk_coverage`].
    fn curve(&self) -> Vec<[f64; 2]> {
        let clips = self.clips.len();
        let weights = vec![1.0; clips];
        let coverage = |(index, risk)| [(index + 1) as f64 / clips as f64, risk];
        self.risks(&weights).enumerate().map(coverage).collect()
    }
}

/// The risk-coverage curve of answers `(confidence, right)` (El-Yaniv and Wiener 2010): for each
/// number of surest answers, which share of the clips they are and which share of them is wrong.
/// Equally sure answers count as wrong to the same degree.
pub fn risk_coverage(answers: &[(f64, bool)]) -> Vec<[f64; 2]> {
    Risk::new(answers).curve()
}

/// AURC (area under the risk-coverage curve, Geifman et al. 2019): mean of its risks. Not a
/// number without answers.
pub fn aurc(answers: &[(f64, bool)]) -> f64 {
    Risk::new(answers).area(&vec![1.0; answers.len()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_surest_answers_come_first() {
        let curve = risk_coverage(&[(0.2, false), (0.9, true), (0.5, false), (0.7, true)]);
        assert_eq!(curve, [[0.25, 0.0], [0.5, 0.0], [0.75, 1.0 / 3.0], [1.0, 0.5]]);
        assert!(aurc(&[]).is_nan() && risk_coverage(&[]).is_empty());
    }

    #[test]
    fn equally_sure_answers_have_no_order() {
        let one_way = aurc(&[(0.5, true), (0.5, false), (0.1, true)]);
        assert_eq!(one_way, aurc(&[(0.1, true), (0.5, false), (0.5, true)]));
        assert!((one_way - (0.5 + 0.5 + 1.0 / 3.0) / 3.0).abs() < 1e-12);
    }

    #[test]
    fn a_weight_is_a_clip_told_again() {
        let two = [(0.9, false), (0.5, true)];
        let told = [(0.9, false), (0.9, false), (0.5, true), (0.5, true), (0.5, true)];
        assert!((Risk::new(&two).area(&[2.0, 3.0]) - aurc(&told)).abs() < 1e-12);
    }
}
