//! Scores of a trained model on clips that it has not seen.

use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor};
use limbic_model::{LabelKind, Model};
use serde::Serialize;

use crate::batches::{collate, in_order};
use crate::corpus::Label;
use crate::dataset::weights;
use crate::{Dataset, Result, metric};

/// Clips a forward pass.
const BATCH: usize = 64;

/// What a model said of one clip.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Index of the clip in the data set.
    pub item: usize,
    /// Logits for each label set of the clip's corpus.
    pub logits: Vec<Vec<f32>>,
    /// Logits in the label space shown to users.
    pub shared: [f32; 8],
    /// Which of these the corpus speaks of.
    pub covered: [bool; 8],
    /// The label in that space.
    pub shared_truth: Option<[f32; 8]>,
}

/// Scores by name, for one corpus and label set.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Scores {
    /// The label set.
    pub labels: String,
    /// How many clips.
    pub clips: usize,
    /// Each metric by its name.
    pub metrics: BTreeMap<String, f64>,
}

/// Runs the model, inference mode, over `indices`.
///
/// # Errors
/// Those of the model.
pub fn outcomes(model: &Model, dataset: &Dataset, indices: &[usize]) -> Result<Vec<Outcome>> {
    let device = Device::flex();
    let mut all = Vec::with_capacity(indices.len());
    for batch in in_order(dataset, indices, BATCH) {
        let tensors = collate(dataset, &batch, &[], None, &device);
        let views = model.view(&tensors.inputs)?;
        let Some(view) = views.each.get(dataset.modality) else { continue };
        let maps = &dataset.cards[dataset.items[batch[0]].corpus].labels;
        let shared = rows(model.emotions(dataset.modality, view)?);
        let mut per_set = Vec::new();
        for map in maps {
            per_set.push(rows(model.logits(dataset.modality, view, &map.name)?));
        }
        for (row, index) in batch.iter().enumerate() {
            let covered = maps.iter().fold([false; 8], |all, map| {
                let one = model.covered(dataset.modality, &map.name);
                std::array::from_fn(|i| all[i] || one[i])
            });
            all.push(Outcome {
                item: *index,
                logits: per_set.iter().map(|set| set[row].clone()).collect(),
                shared: std::array::from_fn(|i| shared[row][i]),
                covered,
                shared_truth: dataset.items[*index].shared,
            });
        }
    }
    Ok(all)
}

/// A matrix as its rows.
pub(crate) fn rows(x: Tensor<2>) -> Vec<Vec<f32>> {
    let columns = x.dims()[1];
    let values: Vec<f32> = x.into_data().iter::<f32>().collect();
    values.chunks(columns).map(<[f32]>::to_vec).collect()
}

/// Scores outcomes, one entry a label set. `thresholds` are those of the checkpoint.
pub fn score(
    dataset: &Dataset,
    outcomes: &[Outcome],
    thresholds: &BTreeMap<String, Vec<f32>>,
) -> Vec<Scores> {
    let mut all = Vec::new();
    for (corpus, card) in dataset.cards.iter().enumerate() {
        for (index, map) in card.labels.iter().enumerate() {
            let own: Vec<(&Label, &[f32])> = outcomes
                .iter()
                .filter(|o| dataset.items[o.item].corpus == corpus)
                .filter_map(|o| {
                    Some((dataset.items[o.item].labels[index].as_ref()?, &*o.logits[index]))
                })
                .collect();
            if own.is_empty() {
                continue;
            }
            let classes = map.classes.len();
            let metrics = match map.kind {
                LabelKind::Class => classes_metrics(&own, classes),
                LabelKind::Multi => {
                    let even = vec![0.5; classes];
                    multi_metrics(&own, thresholds.get(&map.name).unwrap_or(&even))
                }
                LabelKind::Rating => rating_metrics(&own, &map.classes),
            };
            let metrics = metrics.into_iter().collect();
            all.push(Scores { labels: map.name.clone(), clips: own.len(), metrics });
        }
    }
    all
}

fn classes_metrics(own: &[(&Label, &[f32])], classes: usize) -> Vec<(String, f64)> {
    // Votes count for the class with the most of them; ties go to nobody and are left out.
    let truth = |label: &Label| {
        let weights = weights(label, classes);
        let top = argmax(&weights);
        let ties = weights.iter().filter(|w| **w == weights[top]).count();
        (ties == 1).then_some(top)
    };
    let pairs: Vec<(usize, usize)> =
        own.iter().filter_map(|(label, logits)| Some((truth(label)?, argmax(logits)))).collect();
    let f1 = metric::f1_per_class(&pairs, classes);
    let occurring: Vec<f64> = f1.into_iter().flatten().collect();
    vec![
        ("accuracy".into(), metric::accuracy(&pairs)),
        ("uar".into(), metric::uar(&pairs, classes)),
        ("weighted_f1".into(), metric::weighted_f1(&pairs, classes)),
        ("macro_f1".into(), occurring.iter().sum::<f64>() / occurring.len().max(1) as f64),
    ]
}

fn multi_metrics(own: &[(&Label, &[f32])], thresholds: &[f32]) -> Vec<(String, f64)> {
    let classes = thresholds.len();
    let truth: Vec<Vec<bool>> =
        own.iter().map(|(l, _)| weights(l, classes).iter().map(|w| *w > 0.0).collect()).collect();
    let guess: Vec<Vec<bool>> = own
        .iter()
        .map(|(_, logits)| logits.iter().zip(thresholds).map(|(z, t)| sigmoid(*z) > *t).collect())
        .collect();
    vec![
        ("macro_f1".into(), metric::macro_f1(&truth, &guess, classes)),
        ("micro_f1".into(), metric::micro_f1(&truth, &guess)),
    ]
}

fn rating_metrics(own: &[(&Label, &[f32])], names: &[(String, String)]) -> Vec<(String, f64)> {
    let column = |index: usize| -> (Vec<f64>, Vec<f64>) {
        own.iter()
            .filter_map(|(label, guess)| match label {
                Label::Rating(values) => Some((f64::from(values[index]), f64::from(guess[index]))),
                _ => None,
            })
            .unzip()
    };
    let scores: Vec<f64> = (0..names.len())
        .map(|index| {
            let (truth, guess) = column(index);
            metric::ccc(&truth, &guess)
        })
        .collect();
    let mean = scores.iter().sum::<f64>() / scores.len().max(1) as f64;
    let mut named: Vec<(String, f64)> =
        names.iter().zip(&scores).map(|((name, _), s)| (format!("ccc_{name}"), *s)).collect();
    named.push(("ccc_mean".into(), mean));
    named
}

/// For each class of a yes/no label set, the probability from which "yes" has the highest F1 on
/// `outcomes`, which must not have been trained on.
pub fn thresholds(dataset: &Dataset, outcomes: &[Outcome]) -> BTreeMap<String, Vec<f32>> {
    let mut all = BTreeMap::new();
    for (corpus, card) in dataset.cards.iter().enumerate() {
        for (index, map) in
            card.labels.iter().enumerate().filter(|(_, m)| m.kind == LabelKind::Multi)
        {
            let own: Vec<&Outcome> =
                outcomes.iter().filter(|o| dataset.items[o.item].corpus == corpus).collect();
            if own.is_empty() {
                continue;
            }
            let best = (0..map.classes.len()).map(|class| {
                let answers: Vec<(bool, f32)> = own
                    .iter()
                    .filter_map(|o| {
                        let label = dataset.items[o.item].labels[index].as_ref()?;
                        let yes = weights(label, map.classes.len())[class] > 0.0;
                        Some((yes, sigmoid(o.logits[index][class])))
                    })
                    .collect();
                threshold(&answers)
            });
            all.insert(map.name.clone(), best.collect());
        }
    }
    all
}

/// Hits and misses are the mean of what the labels say and what the probabilities expect, since
/// a rare class has too few labels to choose by (Lipton et al. 2014 choose by the latter alone).
fn threshold(answers: &[(bool, f32)]) -> f32 {
    let f1 = |t: f32| {
        let (mut hits, mut errors) = (0.0, 0.0);
        for (yes, p) in answers {
            let share = f32::midpoint(f32::from(u8::from(*yes)), *p);
            if *p > t {
                hits += share;
                errors += 1.0 - share;
            } else {
                errors += share;
            }
        }
        2.0 * hits / (2.0 * hits + errors).max(1e-6)
    };
    let candidates = (1..100).map(|i| i as f32 / 100.0).map(|t| (f1(t), t));
    candidates.fold((-1.0, 0.5), |best, next| if next.0 > best.0 { next } else { best }).1
}

fn sigmoid(z: f32) -> f32 {
    1.0 / (1.0 + (-z).exp())
}

fn argmax(values: &[f32]) -> usize {
    let first = (0, f32::NEG_INFINITY);
    values.iter().enumerate().fold(first, |b, (i, v)| if *v > b.1 { (i, *v) } else { b }).0
}
