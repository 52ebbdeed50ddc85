//! Answers of real numbers.

use limbic_corpus::Label;

use super::kind::Named;
use super::{Answer, Sentiment, Task};
use crate::exact;
use crate::metric::{Confusion, Cut, Metric, Moments, mean_defined};

/// What the label files of MOSI and MOSEI divide a sentiment by.
const MOSI_SCALE: f64 = 3.0;

pub(super) struct Ratings {
    dimensions: Vec<Dimension>,
    clips: usize,
    sentiment: Option<Sentiment>,
    /// The sentiment's classes of each clip, cut by cut.
    cuts: Vec<(Cut, Vec<Sides>)>,
}

/// The classes of a label and an answer; none where the clip does not count.
type Sides = Option<(usize, usize)>;

struct Dimension {
    name: String,
    /// The clips that have both numbers.
    clips: Vec<usize>,
    truth: Vec<f64>,
    said: Vec<f64>,
}

impl Ratings {
    pub(super) fn new(task: &Task<'_>, answers: &[&Answer]) -> Self {
        let scale = if task.sentiment == Some(Sentiment::Mosi) { MOSI_SCALE } else { 1.0 };
        let of = |(index, (name, _)): (usize, &(String, String))| {
            let mut own = Dimension {
                name: name.clone(),
                clips: Vec::new(),
                truth: Vec::new(),
                said: Vec::new(),
            };
            for (clip, answer) in answers.iter().enumerate() {
                let Label::Rating(truth) = &answer.truth else { continue };
                let (truth, said) = (f64::from(truth[index]), answer.said[index]);
                if truth.is_finite() && said.is_finite() {
                    own.clips.push(clip);
                    own.truth.push(exact(truth) * scale);
                    own.said.push(exact(said) * scale);
                }
            }
            own
        };
        let dimensions: Vec<Dimension> = task.map.classes.iter().enumerate().map(of).collect();
        let cuts = match task.sentiment {
            None => &[][..],
            Some(Sentiment::Mosi) => &[Cut::Has0, Cut::Non0, Cut::Five, Cut::Seven],
            Some(Sentiment::Sims) => &[Cut::Sims2, Cut::Sims3, Cut::Sims5],
        };
        let cut = |cut: &Cut| {
            let first = dimensions.first();
            let clips = first.map(|own| own.truth.iter().zip(&own.said)).into_iter().flatten();
            (*cut, clips.map(|(truth, said)| cut.pair(published(*truth), *said)).collect())
        };
        let cuts = cuts.iter().map(cut).collect();
        Self { dimensions, clips: answers.len(), sentiment: task.sentiment, cuts }
    }

    pub(super) fn clips(&self) -> usize {
        self.clips
    }

    pub(super) fn metrics(&self) -> Vec<Named> {
        let mut all: Vec<Named> = vec![(Metric::CccMean, None)];
        let mae = if self.sentiment == Some(Sentiment::Mosi) {
            Metric::SentimentMae
        } else {
            Metric::Mae
        };
        for metric in [Metric::Ccc, Metric::Pearson, mae] {
            // The published scale is that of the one sentiment.
            let part = |own: &Dimension| (metric != Metric::SentimentMae).then(|| own.name.clone());
            all.extend(self.dimensions.iter().map(|own| (metric, part(own))));
        }
        let cuts: &[Metric] = match self.sentiment {
            None => &[],
            Some(Sentiment::Mosi) => &[
                Metric::Acc2Has0,
                Metric::F1Has0,
                Metric::Acc2Non0,
                Metric::F1Non0,
                Metric::Acc5,
                Metric::Acc7,
            ],
            Some(Sentiment::Sims) => {
                &[Metric::SimsAcc2, Metric::SimsF1, Metric::SimsAcc3, Metric::SimsAcc5]
            }
        };
        all.extend(cuts.iter().map(|metric| (*metric, None)));
        all
    }

    fn moments(&self, weights: &[f64]) -> Vec<Moments> {
        let of = |own: &Dimension| {
            let weights: Vec<f64> = own.clips.iter().map(|clip| weights[*clip]).collect();
            Moments::of(&own.truth, &own.said, &weights)
        };
        self.dimensions.iter().map(of).collect()
    }

    pub(super) fn ccc_mean(&self, weights: &[f64]) -> f64 {
        mean_ccc(&self.moments(weights))
    }

    pub(super) fn values(&self, weights: &[f64]) -> Vec<f64> {
        let moments = self.moments(weights);
        let mut all = vec![mean_ccc(&moments)];
        all.extend(moments.iter().map(Moments::ccc));
        all.extend(moments.iter().map(Moments::pearson));
        all.extend(moments.iter().map(Moments::mae));
        for (cut, pairs) in &self.cuts {
            let mut confusion = Confusion::new(cut.classes());
            let clips = self.dimensions.iter().take(1).flat_map(|own| &own.clips);
            for (pair, clip) in pairs.iter().zip(clips) {
                if let Some((truth, said)) = pair {
                    confusion.add(*truth, *said, weights[*clip]);
                }
            }
            all.push(confusion.accuracy());
            if cut.classes() == 2 {
                all.push(confusion.weighted_f1());
            }
        }
        all
    }
}

/// A sentiment as it was published. Labels are single-precision numbers, whose last digits would
/// move a half to the wrong side.
fn published(truth: f64) -> f64 {
    (truth * 1e6).round() / 1e6
}

fn mean_ccc(moments: &[Moments]) -> f64 {
    mean_defined(&moments.iter().map(Moments::ccc).collect::<Vec<_>>())
}
