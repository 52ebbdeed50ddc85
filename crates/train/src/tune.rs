//! Held-out classes learned from a few clips (Dai et al. 2020, section 5).

use std::collections::BTreeMap;

use burn::tensor::Device;
use limbic_model::{LabelKind, Model, Objectives, Schedule, Stage, Tune};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use crate::batches::{Dealing, collate, deal};
use crate::dataset::weights;
use crate::fit::{Before, Fit, Trainer, positives};
use crate::score::{argmax, winner};
use crate::{Dataset, Error, Outcome, Result, metric, revealed};
use limbic_evaluate::intervals;

/// Keeps these draws apart from those of the training.
const STREAM: u64 = 0x7475_6e65;

impl Fit<'_> {
    /// Tunes `model`, which this run trained without the held-out classes, to the clips `few` of
    /// `whole`, the data set that has them. Its loss is that of the labels in the last stage that
    /// has any.
    ///
    /// # Errors
    /// [`Error::Recipe`] where no stage compares answers with labels, there is no clip, or a class
    /// has no word; [`Error::Diverged`] where a loss leaves the numbers.
    pub fn tuned(
        &self,
        model: Model,
        tune: &Tune,
        whole: &Dataset,
        few: &[usize],
    ) -> Result<Model> {
        let bad = |reason: &str| Error::Recipe {
            key: format!("tune.{}", tune.name),
            reason: reason.to_owned(),
        };
        let steps =
            self.recipe.stage.iter().rev().flat_map(|stage| stage.order().into_iter().rev());
        let labels = steps.into_iter().find_map(|step| step.objective.labels);
        let labels =
            labels.ok_or_else(|| bad("needs a stage that compares answers with labels"))?;
        let hold_out = &self.recipe.data.hold_out;
        let stage = Stage {
            name: tune.name.clone(),
            epochs: tune.epochs,
            batch: tune.batch,
            batches: None,
            repeat: BTreeMap::new(),
            optimizer: tune.optimizer,
            schedule: Schedule::default(),
            average: None,
            clip: tune.clip,
            freeze: Vec::new(),
            until: None,
            objective: Objectives { labels: Some(labels), ..Objectives::default() },
            steps: Vec::new(),
        };
        let model = revealed(model, whole, hold_out, self.word_vectors.as_deref())?;
        let (new_positives, old_positives) =
            (positives(whole, few), positives(self.dataset, self.train));
        let mut trainer = Trainer::new(model, &stage, &new_positives);
        let device = Device::flex().autodiff();
        let seed = self.recipe.seed ^ STREAM;
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        for epoch in 0..tune.epochs {
            let dealt = deal(whole, few, &Dealing::once(tune.batch), &mut random);
            for (number, indices) in dealt.into_iter().enumerate() {
                device.seed(seed ^ ((((epoch << 20) + number) as u64 + 1) << 8));
                let corpus = whole.items[indices[0]].corpus;
                let (set, classes) = known(whole, corpus, hold_out)
                    .ok_or_else(|| bad("the classes of `data.hold-out` are in no label set"))?;
                let old = self.earlier(corpus, tune.old, &mut random);
                let new = collate(whole, &indices, &[], Some(&mut random), &device);
                let old = collate(self.dataset, &old, &[], Some(&mut random), &device);
                let positives = &old_positives;
                let before = Before { batch: &old, set, classes: &classes, positives };
                trainer
                    .tune(tune.tuning, before, &new, tune.optimizer.lr())
                    .map_err(|error| error.at(epoch, number))?;
            }
        }
        Ok(trainer.model)
    }

    /// Training clips of a corpus, drawn anew; those of its first clip's modalities.
    fn earlier(&self, corpus: usize, count: usize, random: &mut ChaCha8Rng) -> Vec<usize> {
        let own = self.train.iter().copied().filter(|i| self.dataset.items[*i].corpus == corpus);
        let mut own: Vec<usize> = own.collect();
        own.shuffle(random);
        own.truncate(count);
        deal(self.dataset, &own, &Dealing::once(count), random)
            .into_iter()
            .max_by_key(Vec::len)
            .unwrap_or_default()
    }
}

/// The label set of a corpus that has held-out classes, and the indices of those that it keeps.
fn known<'a>(
    dataset: &'a Dataset,
    corpus: usize,
    hold_out: &[String],
) -> Option<(&'a str, Vec<usize>)> {
    let held = |(class, _): &(String, String)| hold_out.contains(class);
    let map = dataset.cards[corpus].labels.iter().find(|map| map.classes.iter().any(held))?;
    let kept = map.classes.iter().enumerate().filter(|(_, class)| !held(class));
    Some((&map.name, kept.map(|(index, _)| index).collect()))
}

/// How a model stands with the classes that it saw in training and those that it did not.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Standing {
    /// The label set.
    pub labels: String,
    /// How many clips were scored.
    pub clips: usize,
    /// `auc` and `weighted_accuracy` (the mean of the two recalls), each the mean over the classes
    /// that were there before (`_old`) and over those that were held out (`_new`).
    pub metrics: BTreeMap<String, f64>,
    /// Between which values 95 % of the resamples lie: of speakers, or of clips where no speaker
    /// is known.
    pub intervals: BTreeMap<String, [f64; 2]>,
}

/// How `outcomes`, of one choice of modalities, stand with the classes of `hold_out` and with all
/// others; one entry a label set that has any of them.
pub fn standing(dataset: &Dataset, outcomes: &[Outcome], hold_out: &[String]) -> Vec<Standing> {
    let mut all = Vec::new();
    for (corpus, card) in dataset.cards.iter().enumerate() {
        for (set, map) in card.labels.iter().enumerate() {
            let held: Vec<bool> = map.classes.iter().map(|(c, _)| hold_out.contains(c)).collect();
            let classes = held.len();
            if map.kind == LabelKind::Rating || !held.contains(&true) {
                continue;
            }
            let mut columns: Vec<Column> = vec![Column::default(); classes];
            let mut speakers = Vec::new();
            for outcome in outcomes {
                let item = &dataset.items[outcome.item];
                let label = item.labels.get(set).and_then(Option::as_ref);
                let Some(label) = label.filter(|_| item.corpus == corpus) else { continue };
                let logits = &outcome.logits[set];
                let (truth, top) = (weights(label, classes), argmax(logits));
                let won = winner(label, classes);
                for (class, column) in columns.iter_mut().enumerate() {
                    let (yes, said) = if map.kind == LabelKind::Multi {
                        (truth[class] > 0.0, logits[class] > 0.0)
                    } else {
                        (won == Some(class), top == class)
                    };
                    column.answers.push((yes, said, logits[class]));
                }
                speakers.push(Some(item.speaker.as_deref().unwrap_or(&item.id)));
            }
            columns.iter_mut().for_each(Column::sort);
            let clips = speakers.len();
            let metrics = |chosen: &[usize]| -> Vec<(String, f64)> {
                let mut times = vec![0.0; clips];
                for clip in chosen {
                    times[*clip] += 1.0;
                }
                let side = |name: &str, side: bool| {
                    let own = columns.iter().zip(&held).filter(|(_, held)| **held == side);
                    let (areas, balanced): (Vec<f64>, Vec<f64>) = own
                        .map(|(column, _)| (column.area(&times), column.balanced(&times)))
                        .unzip();
                    [
                        (format!("auc_{name}"), metric::mean_defined(&areas)),
                        (format!("weighted_accuracy_{name}"), metric::mean_defined(&balanced)),
                    ]
                };
                [side("old", false), side("new", true)].concat()
            };
            if clips == 0 {
                continue;
            }
            let whole: Vec<usize> = (0..clips).collect();
            all.push(Standing {
                labels: map.name.clone(),
                clips,
                metrics: metrics(&whole).into_iter().collect(),
                intervals: intervals(&speakers, metrics),
            });
        }
    }
    all
}

/// What a model said of one class: for each clip whether it is so, whether the model says so, and
/// how much. Sorted once, so that a resample costs no more than reading it.
#[derive(Debug, Clone, Default)]
struct Column {
    answers: Vec<(bool, bool, f32)>,
    /// Clips from the lowest score to the highest.
    order: Vec<usize>,
}

impl Column {
    fn sort(&mut self) {
        self.order = (0..self.answers.len()).collect();
        self.order.sort_by(|a, b| self.answers[*a].2.total_cmp(&self.answers[*b].2));
    }

    /// ROC AUC of clips that count `times` times each, as [`metric::roc_auc`] has it.
    fn area(&self, times: &[f64]) -> f64 {
        let (mut won, mut below, mut above) = (0.0, 0.0, 0.0);
        for tied in self.order.chunk_by(|a, b| self.answers[*a].2 == self.answers[*b].2) {
            let count = |side: bool| -> f64 {
                let own = tied.iter().filter(|clip| self.answers[**clip].0 == side);
                own.map(|clip| times[*clip]).sum()
            };
            let (yes, no) = (count(true), count(false));
            won += yes * (below + no / 2.0);
            (below, above) = (below + no, above + yes);
        }
        if above * below == 0.0 { f64::NAN } else { won / (above * below) }
    }

    /// [`metric::weighted_accuracy`] of the same.
    fn balanced(&self, times: &[f64]) -> f64 {
        let recall = |side: bool| {
            let own = self.answers.iter().zip(times).filter(|((yes, ..), _)| *yes == side);
            let (hits, all) = own.fold((0.0, 0.0), |(hits, all), ((yes, said, _), times)| {
                (hits + if yes == said { *times } else { 0.0 }, all + times)
            });
            hits / all
        };
        f64::midpoint(recall(true), recall(false))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counted_columns_score_as_their_clips_one_by_one() {
        let answers: Vec<(bool, bool, f32)> =
            (0..30).map(|i| (i % 3 == 0, i % 2 == 0, (i * 7 % 11) as f32)).collect();
        let mut column = Column { answers: answers.clone(), order: Vec::new() };
        column.sort();
        let times: Vec<f64> = (0..30).map(|i| f64::from(i % 4)).collect();
        let drawn: Vec<usize> = (0..30).flat_map(|i| std::iter::repeat_n(i, i % 4)).collect();
        let ranked: Vec<_> =
            drawn.iter().map(|i| (answers[*i].0, f64::from(answers[*i].2))).collect();
        let said: Vec<_> = drawn.iter().map(|i| (answers[*i].0, answers[*i].1)).collect();
        assert!((column.area(&times) - metric::roc_auc(&ranked)).abs() < 1e-12);
        assert!((column.balanced(&times) - metric::weighted_accuracy(&said)).abs() < 1e-12);
        assert!(column.area(&[0.0; 30]).is_nan());
    }
}
