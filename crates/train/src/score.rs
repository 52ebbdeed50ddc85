//! Scores of a trained model on clips that it has not seen, for every choice of its modalities.

mod metrics;
mod threshold;

use std::collections::{BTreeMap, HashMap};

use burn::tensor::{Device, Tensor};
use limbic_corpus::Label;
use limbic_media::Modality;
use limbic_model::{LabelMap, Model, SHARED, Views};
use serde::Serialize;

use self::metrics::metrics;
pub(crate) use self::metrics::winner;
pub use self::threshold::thresholds;
use crate::batches::{collate, in_order};
use crate::{Dataset, Error, Result};

/// Clips a forward pass.
const BATCH: usize = 64;

/// What a model said of one clip.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Index of the clip in the data set.
    pub item: usize,
    /// The modalities that it was shown.
    pub modalities: Vec<Modality>,
    /// Logits for each label set of the clip's corpus; empty where nothing answers to the set. A
    /// class that the model has no row for is at minus infinity: it is never the answer.
    pub logits: Vec<Vec<f32>>,
    /// Logits in the label space shown to users.
    pub shared: [f32; 8],
    /// Which of these the corpus speaks of.
    pub covered: [bool; 8],
    /// The label in that space.
    pub shared_truth: Option<[f32; 8]>,
}

/// Scores by name, for one corpus, label set and choice of modalities.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Scores {
    /// The modalities that the model was shown, joined by `+`.
    pub inputs: String,
    /// The label set.
    pub labels: String,
    /// Why training may know some of the speakers or clips, where it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_leak: Option<String>,
    /// How many clips.
    pub clips: usize,
    /// Each metric by its name.
    pub metrics: BTreeMap<String, f64>,
    /// Between which values 95 % of each metric's resamples by speaker lie; empty where there
    /// are no two speakers.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub intervals: BTreeMap<String, [f64; 2]>,
}

/// The label of a clip and the logits that answer to it.
type Answer<'a> = (&'a Label, &'a [f32]);

/// Runs the model, inference mode, over those of `indices` that have all modalities of a subset,
/// and shows it only these; one subset after the other.
///
/// # Errors
/// Those of the model.
pub fn outcomes(
    model: &Model,
    dataset: &Dataset,
    indices: &[usize],
    subsets: &[Vec<Modality>],
) -> Result<Vec<Outcome>> {
    let mut all = Vec::with_capacity(indices.len());
    for subset in subsets {
        each_batch(model, dataset, indices, subset, |batch, views| {
            let maps = &dataset.cards[dataset.items[batch[0]].corpus].labels;
            let shared = rows(logits(model, views, None)?);
            let mut per_set = Vec::new();
            for map in maps {
                per_set.push(if knows(model, subset, &map.name) {
                    let found = rows(logits(model, views, Some(&map.name))?);
                    aligned(&found, model, subset, map)
                } else {
                    vec![Vec::new(); batch.len()]
                });
            }
            let mut covered = [false; 8];
            for (map, modality) in maps.iter().flat_map(|map| subset.iter().map(move |m| (map, m)))
            {
                let one = model.covered(*modality, &map.name);
                covered = std::array::from_fn(|i| covered[i] || one[i]);
            }
            for (row, index) in batch.iter().enumerate() {
                all.push(Outcome {
                    item: *index,
                    modalities: subset.clone(),
                    logits: per_set.iter().map(|set| set[row].clone()).collect(),
                    shared: std::array::from_fn(|i| shared[row][i]),
                    covered,
                    shared_truth: dataset.items[*index].shared,
                });
            }
            Ok(())
        })?;
    }
    Ok(all)
}

/// Whether every one of these branches answers to a label set.
fn knows(model: &Model, subset: &[Modality], set: &str) -> bool {
    subset.iter().all(|modality| model.answers(*modality, set))
}

/// The views of those of `indices` that have all modalities of `subset`, side by side: what a
/// probe reads. Each with the index of its clip.
///
/// # Errors
/// Those of the model.
pub fn vectors(
    model: &Model,
    dataset: &Dataset,
    indices: &[usize],
    subset: &[Modality],
) -> Result<Vec<(usize, Vec<f32>)>> {
    let mut all = Vec::with_capacity(indices.len());
    each_batch(model, dataset, indices, subset, |batch, views| {
        let each: Vec<_> = views.each.iter().map(|(_, view)| rows(view.clone())).collect();
        for (row, index) in batch.iter().enumerate() {
            all.push((*index, each.iter().flat_map(|rows| rows[row].clone()).collect()));
        }
        Ok(())
    })?;
    Ok(all)
}

/// Encodes the modalities of `subset`, batch by batch.
pub(crate) fn each_batch(
    model: &Model,
    dataset: &Dataset,
    indices: &[usize],
    subset: &[Modality],
    mut read: impl FnMut(&[usize], &Views) -> Result<()>,
) -> Result<()> {
    let device = Device::flex();
    let whole = |index: &usize| {
        subset.iter().all(|modality| dataset.items[*index].values.get(*modality).is_some())
    };
    let indices: Vec<usize> = indices.iter().copied().filter(whole).collect();
    for batch in in_order(dataset, &indices, BATCH) {
        let mut inputs = collate(dataset, &batch, &[], None, &device).inputs;
        for modality in Modality::ALL.into_iter().filter(|m| !subset.contains(m)) {
            inputs.remove(modality);
        }
        read(&batch, &model.view(&inputs)?)?;
    }
    Ok(())
}

/// Logits for a label set, or for the one shown to users: those of the modality in view; of
/// several, what the model's fusion makes of them, or their mean where it has none for them.
///
/// # Shapes
/// views `[b, width]` -> `[b, classes]`.
pub(crate) fn logits(model: &Model, views: &Views, set: Option<&str>) -> Result<Tensor<2>> {
    let several = views.each.iter().count() > 1;
    if several && let Some(joint) = model.joint(&views.each, set.unwrap_or(SHARED))? {
        return Ok(joint);
    }
    let mut each = Vec::new();
    for (modality, view) in views.each.iter() {
        each.push(match set {
            Some(set) => model.logits(modality, view, set)?,
            None => model.emotions(modality, view)?,
        });
    }
    let count = each.len() as f32;
    let sum = each.into_iter().reduce(|sum, one| sum + one);
    let mean = sum.map(|sum| if count > 1.0 { sum / count } else { sum });
    mean.ok_or_else(|| Error::Recipe {
        key: "model.encoder".into(),
        reason: "reads none of the modalities of these clips".into(),
    })
}

/// Columns in the order of `map`, where the model may know fewer classes.
fn aligned(rows: &[Vec<f32>], model: &Model, subset: &[Modality], map: &LabelMap) -> Vec<Vec<f32>> {
    let sets = subset.first().and_then(|m| model.branch(*m)).map_or(&[][..], |b| b.sets());
    let known = sets.iter().find(|set| set.name == map.name).map_or(&[][..], |set| &set.classes);
    let places: Vec<Option<usize>> =
        map.classes.iter().map(|(class, _)| known.iter().position(|k| k == class)).collect();
    let place = |row: &Vec<f32>, place: &Option<usize>| {
        place.and_then(|place| row.get(place)).copied().unwrap_or(f32::NEG_INFINITY)
    };
    rows.iter().map(|row| places.iter().map(|p| place(row, p)).collect()).collect()
}

/// A matrix as its rows.
pub(crate) fn rows(x: Tensor<2>) -> Vec<Vec<f32>> {
    let columns = x.dims()[1];
    let values: Vec<f32> = x.into_data().iter::<f32>().collect();
    values.chunks(columns).map(<[f32]>::to_vec).collect()
}

/// Scores outcomes, one entry a choice of modalities and label set. `thresholds` are those of the
/// checkpoint.
pub fn score(
    dataset: &Dataset,
    outcomes: &[Outcome],
    thresholds: &BTreeMap<String, Vec<f32>>,
) -> Vec<Scores> {
    compared(dataset, outcomes, None, thresholds)
}

/// By how much `outcomes` score higher than those of another model on the same clips. Resamples
/// draw the same speakers for both (the paired bootstrap), so that an interval without 0 tells the
/// two apart even where their own intervals meet.
pub fn gain(
    dataset: &Dataset,
    outcomes: &[Outcome],
    over: &[Outcome],
    thresholds: &BTreeMap<String, Vec<f32>>,
) -> Vec<Scores> {
    compared(dataset, outcomes, Some(over), thresholds)
}

fn compared(
    dataset: &Dataset,
    outcomes: &[Outcome],
    over: Option<&[Outcome]>,
    thresholds: &BTreeMap<String, Vec<f32>>,
) -> Vec<Scores> {
    let mut all = Vec::new();
    let key = |outcome: &Outcome| (outcome.item, outcome.modalities.clone());
    let over: Option<HashMap<_, &Outcome>> =
        over.map(|over| over.iter().map(|outcome| (key(outcome), outcome)).collect());
    for subset in dataset.subsets() {
        let shown: Vec<&Outcome> = outcomes.iter().filter(|o| o.modalities == subset).collect();
        let names: Vec<&str> = subset.iter().map(|modality| modality.name()).collect();
        for (corpus, card) in dataset.cards.iter().enumerate() {
            let leak = dataset.leaks.iter().find(|leak| leak.corpus == card.name);
            let allowed = leak.and_then(|leak| leak.allowed.clone());
            for (index, map) in card.labels.iter().enumerate() {
                let (mut speakers, mut rows, mut other) = (Vec::new(), Vec::new(), Vec::new());
                for outcome in &shown {
                    let item = &dataset.items[outcome.item];
                    // Another corpus may have fewer label sets.
                    let own = Some(item).filter(|item| item.corpus == corpus);
                    let label = own.and_then(|item| item.labels.get(index)?.as_ref());
                    let Some((label, logits)) = label.zip(answer(outcome, index)) else { continue };
                    if let Some(over) = &over {
                        let there = over.get(&key(outcome)).and_then(|there| answer(there, index));
                        let Some(logits) = there else { continue };
                        other.push((label, logits));
                    }
                    speakers.push(item.speaker.as_deref());
                    rows.push((label, logits));
                }
                if rows.is_empty() {
                    continue;
                }
                let metrics = |chosen: &[usize]| {
                    let of = |all: &[Answer<'_>]| {
                        let chosen: Vec<_> = chosen.iter().map(|row| all[*row]).collect();
                        metrics(&chosen, map, thresholds)
                    };
                    let mut found = of(&rows);
                    if over.is_some() {
                        found.iter_mut().zip(of(&other)).for_each(|(a, b)| a.1 -= b.1);
                    }
                    found
                };
                all.push(Scores {
                    inputs: names.join("+"),
                    labels: map.name.clone(),
                    allowed_leak: allowed.clone(),
                    clips: rows.len(),
                    metrics: metrics(&(0..rows.len()).collect::<Vec<_>>()).into_iter().collect(),
                    intervals: limbic_evaluate::intervals(&speakers, metrics),
                });
            }
        }
    }
    all
}

/// The logits for a label set; none where nothing answers to it.
fn answer(outcome: &Outcome, set: usize) -> Option<&[f32]> {
    outcome.logits.get(set).map(Vec::as_slice).filter(|logits| !logits.is_empty())
}

pub(crate) fn sigmoid(z: f32) -> f32 {
    1.0 / (1.0 + (-z).exp())
}

pub(crate) fn argmax(values: &[f32]) -> usize {
    let first = (0, f32::NEG_INFINITY);
    values.iter().enumerate().fold(first, |b, (i, v)| if *v > b.1 { (i, *v) } else { b }).0
}

#[cfg(test)]
mod tests {
    use limbic_media::Modality::Audio;
    use limbic_model::LabelMap;

    use super::*;

    #[test]
    fn corpora_need_not_have_as_many_label_sets() {
        let mut dataset = crate::dataset::made_up(6);
        let labels = "name = 'second'\nkind = 'class'\ntarget = 'intended'\nsource = 'a rule'\n\
                      classes = [['yes', ''], ['no', '']]";
        let mut card = dataset.cards[0].clone();
        card.name = "both".to_owned();
        card.labels.push(LabelMap::parse("second", labels).unwrap());
        dataset.cards.push(card);
        for item in &mut dataset.items[3..] {
            item.corpus = 1;
            item.labels.push(Some(Label::Class(0)));
        }
        let outcome = |item: usize| Outcome {
            item,
            modalities: vec![Audio],
            logits: vec![vec![0.0; 3], vec![1.0, 0.0]][..=usize::from(item >= 3)].to_vec(),
            shared: [0.0; 8],
            covered: [false; 8],
            shared_truth: None,
        };
        let outcomes: Vec<Outcome> = (0..6).map(outcome).collect();
        let found = score(&dataset, &outcomes, &BTreeMap::new());
        let clips: Vec<(&str, usize)> = found.iter().map(|s| (&*s.labels, s.clips)).collect();
        assert_eq!(clips, [("made-up", 3), ("made-up", 3), ("second", 3)]);
        assert_eq!(found[2].metrics["accuracy"], 1.0);
    }
}
