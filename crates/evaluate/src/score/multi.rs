//! Answers of several classes a clip: yes or no for each.

use super::kind::{Named, weights};
use super::{Answer, ClassScore, Task};
use crate::exact;
use crate::metric::{
    Hits, Metric, Ranking, Reliability, clip_f1, clip_match, mean_defined, weighted_mean,
    yes_no_brier, yes_no_nll,
};

pub(super) struct Multi {
    thresholds: Vec<f64>,
    /// Clip by clip: whether each class is true and whether it is said.
    truth: Vec<Vec<bool>>,
    said: Vec<Vec<bool>>,
    probabilities: Vec<Vec<f64>>,
    /// The order of the clips by each class; none where the model does not know it, which has
    /// probability 0 throughout.
    rankings: Vec<Option<Ranking>>,
    /// Scores of each clip by itself.
    samples_f1: Vec<f64>,
    matches: Vec<f64>,
    brier: Vec<f64>,
    nll: Vec<f64>,
}

impl Multi {
    pub(super) fn new(task: &Task<'_>, answers: &[&Answer]) -> Self {
        let classes = task.map.classes.len();
        let threshold = |class| {
            task.thresholds.and_then(|all: &[f64]| all.get(class)).map_or(0.5, |t| exact(*t))
        };
        let thresholds: Vec<f64> = (0..classes).map(threshold).collect();
        let truth: Vec<Vec<bool>> = answers
            .iter()
            .map(|answer| weights(&answer.truth, classes).unwrap_or_default())
            .map(|weights| weights.iter().map(|weight| *weight > 0.0).collect())
            .collect();
        let probability = |p: &f64| if p.is_nan() { 0.0 } else { exact(p.clamp(0.0, 1.0)) };
        let probabilities: Vec<Vec<f64>> =
            answers.iter().map(|answer| answer.said.iter().map(probability).collect()).collect();
        let said: Vec<Vec<bool>> = probabilities
            .iter()
            .map(|row| row.iter().zip(&thresholds).map(|(p, t)| p > t).collect())
            .collect();
        let both = || truth.iter().zip(&said);
        let answers = truth.iter().zip(&probabilities);
        let pairs: Vec<Vec<(bool, f64)>> =
            answers.map(|(t, p)| t.iter().copied().zip(p.iter().copied()).collect()).collect();
        let ranking = |class: usize| {
            let own: Vec<(bool, f64)> = pairs.iter().map(|row| row[class]).collect();
            own.iter().any(|(_, p)| *p > 0.0).then(|| Ranking::new(&own))
        };
        Self {
            rankings: (0..classes).map(ranking).collect(),
            samples_f1: both().map(|(t, s)| clip_f1(t, s)).collect(),
            matches: both().map(|(t, s)| clip_match(t, s)).collect(),
            brier: pairs.iter().map(|row| yes_no_brier(row)).collect(),
            nll: pairs.iter().map(|row| yes_no_nll(row)).collect(),
            thresholds,
            truth,
            said,
            probabilities,
        }
    }

    pub(super) fn clips(&self) -> usize {
        self.truth.len()
    }

    pub(super) fn metrics() -> Vec<Named> {
        [
            Metric::YesMacroF1,
            Metric::YesMicroF1,
            Metric::YesWeightedF1,
            Metric::SamplesF1,
            Metric::WeightedAccuracy,
            Metric::ExactMatch,
            Metric::YesAuc,
            Metric::AveragePrecision,
            Metric::YesEce10,
            Metric::YesEce15,
            Metric::YesBrier,
            Metric::YesNll,
        ]
        .map(|metric| (metric, None))
        .to_vec()
    }

    /// How often each class was found, missed and strayed into.
    fn hits(&self, weights: &[f64]) -> Vec<Hits> {
        let mut hits = vec![Hits::default(); self.thresholds.len()];
        for ((truth, said), weight) in self.truth.iter().zip(&self.said).zip(weights) {
            if *weight > 0.0 {
                let each = hits.iter_mut().zip(truth.iter().zip(said));
                each.for_each(|(hits, (truth, said))| hits.add(*truth, *said, *weight));
            }
        }
        hits
    }

    pub(super) fn macro_f1(&self, weights: &[f64]) -> f64 {
        macro_of(&self.hits(weights))
    }

    pub(super) fn values(&self, weights: &[f64]) -> Vec<f64> {
        let hits = self.hits(weights);
        let all = hits.iter().fold(Hits::default(), |all, own| all.plus(*own));
        let support: f64 = hits.iter().map(|hits| hits.support()).sum();
        let supported: f64 =
            hits.iter().map(|hits| hits.support() * hits.f1().unwrap_or(0.0)).sum();
        // As for the area, what a model does not know of has no side to be right about.
        let known = |class: usize| self.rankings[class].is_some();
        let balanced: Vec<f64> = (0..hits.len())
            .map(|class| if known(class) { hits[class].balanced() } else { f64::NAN })
            .collect();
        let (areas, precisions): (Vec<f64>, Vec<f64>) =
            self.rankings.iter().flatten().map(|ranking| ranking.areas(weights)).unzip();
        let (mut ten, mut fifteen) = (Reliability::new(10), Reliability::new(15));
        for ((row, truth), weight) in self.probabilities.iter().zip(&self.truth).zip(weights) {
            if *weight > 0.0 {
                for (probability, truth) in row.iter().zip(truth) {
                    ten.add(*probability, *truth, *weight);
                    fifteen.add(*probability, *truth, *weight);
                }
            }
        }
        vec![
            macro_of(&hits),
            all.f1().unwrap_or(0.0),
            if support == 0.0 { 0.0 } else { supported / support },
            weighted_mean(&self.samples_f1, weights),
            mean_defined(&balanced),
            weighted_mean(&self.matches, weights),
            mean_defined(&areas),
            mean_defined(&precisions),
            ten.ece(),
            fifteen.ece(),
            weighted_mean(&self.brier, weights),
            weighted_mean(&self.nll, weights),
        ]
    }

    pub(super) fn reliability(&self, bins: usize) -> Reliability {
        let mut reliability = Reliability::new(bins);
        for (row, truth) in self.probabilities.iter().zip(&self.truth) {
            row.iter().zip(truth).for_each(|(p, truth)| reliability.add(*p, *truth, 1.0));
        }
        reliability
    }

    pub(super) fn per_class(&self, names: &[(String, String)]) -> Vec<ClassScore> {
        let weights = vec![1.0; self.clips()];
        let hits = self.hits(&weights);
        let one = |(class, (name, _)): (usize, &(String, String))| {
            let hits = hits[class];
            let auc = self.rankings[class].as_ref().map(|ranking| ranking.area(&weights));
            ClassScore {
                class: name.clone(),
                clips: hits.support() as usize,
                said: (hits.found + hits.stray) as usize,
                precision: hits.precision().map(exact),
                recall: hits.recall().map(exact),
                f1: hits.f1().map(exact),
                auc: auc.filter(|auc| !auc.is_nan()).map(exact),
                threshold: Some(self.thresholds[class]),
            }
        };
        names.iter().enumerate().map(one).collect()
    }
}

/// Mean F1 of all classes.
fn macro_of(hits: &[Hits]) -> f64 {
    let f1: Vec<f64> = hits.iter().map(|hits| hits.f1().unwrap_or(0.0)).collect();
    mean_defined(&f1)
}
