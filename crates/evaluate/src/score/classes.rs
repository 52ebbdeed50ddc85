//! Answers of one class a clip.

use limbic_corpus::Label;

use super::kind::{Named, argmax, weights};
use super::{Answer, ClassScore, Task};
use crate::exact;
use crate::metric::{
    Confusion, Metric, Ranking, Reliability, Risk, clip_brier, clip_cross_entropy, clip_entropy,
    clip_jensen_shannon, clip_nll, macro_mean, risk_coverage, weighted_mean,
};

/// Places of a risk-coverage curve that are kept.
const PLACES: usize = 100;

pub(super) struct Classes {
    count: usize,
    /// A clip's label, none where votes tie, and its answer.
    pairs: Vec<(Option<usize>, usize)>,
    /// Its probabilities.
    said: Vec<Vec<f64>>,
    /// The clips that have a label.
    decided: Vec<usize>,
    /// Of those, in the same order.
    brier: Vec<f64>,
    nll: Vec<f64>,
    risk: Risk,
    /// For two classes, the order of the decided clips by the second.
    ranking: Option<Ranking>,
    /// The clips that have votes, and their cross entropy, KL and JS.
    voted: Vec<usize>,
    soft: [Vec<f64>; 3],
}

impl Classes {
    pub(super) fn new(task: &Task<'_>, answers: &[&Answer]) -> Self {
        let classes = task.map.classes.len();
        let mut own = Self {
            count: classes,
            pairs: Vec::new(),
            said: Vec::new(),
            decided: Vec::new(),
            brier: Vec::new(),
            nll: Vec::new(),
            risk: Risk::new(&[]),
            ranking: None,
            voted: Vec::new(),
            soft: Default::default(),
        };
        for (clip, answer) in answers.iter().enumerate() {
            let votes = weights(&answer.truth, classes).unwrap_or_default();
            let said: Vec<f64> = answer.said.iter().map(|p| exact(p.clamp(0.0, 1.0))).collect();
            let truth = winner(&votes);
            own.pairs.push((truth, argmax(&said)));
            if let Some(truth) = truth {
                own.decided.push(clip);
                own.brier.push(clip_brier(truth, &said));
                own.nll.push(clip_nll(truth, &said));
            }
            if matches!(answer.truth, Label::Votes(_)) {
                let total: f64 = votes.iter().sum();
                let votes: Vec<f64> = votes.iter().map(|vote| vote / total).collect();
                let cross = clip_cross_entropy(&votes, &said);
                own.voted.push(clip);
                own.soft[0].push(cross);
                own.soft[1].push(cross - clip_entropy(&votes));
                own.soft[2].push(clip_jensen_shannon(&votes, &said));
            }
            own.said.push(said);
        }
        own.risk = Risk::new(&own.sure());
        own.ranking = (classes == 2).then(|| own.ranking_of(1));
        own
    }

    /// The decided clips ordered by their probability of a class.
    fn ranking_of(&self, class: usize) -> Ranking {
        let of = |clip: &usize| (self.pairs[*clip].0 == Some(class), self.said[*clip][class]);
        Ranking::new(&self.decided.iter().map(of).collect::<Vec<_>>())
    }

    /// For each decided clip, its top probability and whether it is right.
    fn sure(&self) -> Vec<(f64, bool)> {
        let sure = |clip: &usize| {
            let (truth, said) = self.pairs[*clip];
            (self.said[*clip][said], truth == Some(said))
        };
        self.decided.iter().map(sure).collect()
    }

    pub(super) fn clips(&self) -> usize {
        self.decided.len()
    }

    pub(super) fn ties(&self) -> usize {
        self.pairs.len() - self.decided.len()
    }

    /// For each clip whether it is answered right; none where its votes tie.
    pub(super) fn right(&self) -> Vec<Option<bool>> {
        self.pairs.iter().map(|(truth, said)| truth.map(|truth| truth == *said)).collect()
    }

    pub(super) fn metrics(&self) -> Vec<Named> {
        let mut all = vec![
            Metric::Uar,
            Metric::Accuracy,
            Metric::MacroF1,
            Metric::WeightedF1,
            Metric::MacroPrecision,
        ];
        if self.ranking.is_some() {
            all.extend([Metric::PositiveF1, Metric::Auc]);
        }
        all.extend([Metric::Ece10, Metric::Ece15, Metric::Brier, Metric::Nll, Metric::Aurc]);
        if !self.voted.is_empty() {
            all.extend([Metric::CrossEntropy, Metric::KullbackLeibler, Metric::JensenShannon]);
        }
        all.into_iter().map(|metric| (metric, None)).collect()
    }

    pub(super) fn values(&self, weights: &[f64]) -> Vec<f64> {
        let confusion = self.confusion(weights);
        let of =
            |clips: &[usize]| -> Vec<f64> { clips.iter().map(|clip| weights[*clip]).collect() };
        let decided = of(&self.decided);
        let f1 = confusion.f1();
        let mut all = vec![
            confusion.uar(),
            confusion.accuracy(),
            macro_mean(&f1),
            confusion.weighted_f1(),
            macro_mean(&confusion.precisions()),
        ];
        if let Some(ranking) = &self.ranking {
            all.extend([f1[1].unwrap_or(f64::NAN), ranking.area(&decided)]);
        }
        let (mut ten, mut fifteen) = (Reliability::new(10), Reliability::new(15));
        for ((top, right), weight) in self.sure().into_iter().zip(&decided) {
            ten.add(top, right, *weight);
            fifteen.add(top, right, *weight);
        }
        all.extend([
            ten.ece(),
            fifteen.ece(),
            weighted_mean(&self.brier, &decided),
            weighted_mean(&self.nll, &decided),
            self.risk.area(&decided),
        ]);
        if !self.voted.is_empty() {
            let voted = of(&self.voted);
            all.extend(self.soft.iter().map(|each| weighted_mean(each, &voted)));
        }
        all
    }

    pub(super) fn confusion(&self, weights: &[f64]) -> Confusion {
        let mut confusion = Confusion::new(self.count);
        for ((truth, said), weight) in self.pairs.iter().zip(weights) {
            if let Some(truth) = truth {
                confusion.add(*truth, *said, *weight);
            }
        }
        confusion
    }

    pub(super) fn reliability(&self, bins: usize) -> Reliability {
        let mut reliability = Reliability::new(bins);
        self.sure().into_iter().for_each(|(top, right)| reliability.add(top, right, 1.0));
        reliability
    }

    /// [`risk_coverage`] at up to [`PLACES`] places, the last one always among them.
    pub(super) fn curve(&self) -> Vec<[f64; 2]> {
        let curve = risk_coverage(&self.sure());
        let places = PLACES.min(curve.len());
        (1..=places).map(|place| curve[place * curve.len() / places - 1].map(exact)).collect()
    }

    pub(super) fn per_class(&self, names: &[(String, String)]) -> Vec<ClassScore> {
        let confusion = self.confusion(&vec![1.0; self.pairs.len()]);
        let (precisions, recalls) = (confusion.precisions(), confusion.recalls());
        let f1 = confusion.f1();
        let decided = vec![1.0; self.decided.len()];
        let one = |(class, (name, _)): (usize, &(String, String))| {
            let auc = self.ranking_of(class).area(&decided);
            let known = self.said.iter().any(|said| said[class] > 0.0);
            ClassScore {
                class: name.clone(),
                clips: confusion.support(class) as usize,
                said: confusion.rows().map(|row| row[class] as usize).sum(),
                precision: precisions[class].map(exact),
                recall: recalls[class].map(exact),
                f1: f1[class].map(exact),
                auc: (known && !auc.is_nan()).then(|| exact(auc)),
                threshold: None,
            }
        };
        names.iter().enumerate().map(one).collect()
    }
}

/// The class with the most votes; a tie goes to nobody.
fn winner(votes: &[f64]) -> Option<usize> {
    let top = argmax(votes);
    let most = votes.iter().filter(|vote| **vote == votes[top]).count();
    (most == 1).then_some(top)
}
