//! Items become batches of tensors.

use std::collections::BTreeMap;

use burn::tensor::{Device, Int, Tensor, TensorData};
use limbic_media::{Modality, PerModality};
use limbic_model::{Augment, Batch, Batches, Data, Input, LabelKind, Sequence, Stage, Target};
use rand::Rng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::augment::{self, PictureLimits};
use crate::dataset::weights;
use crate::{Dataset, Item, Value};
use limbic_corpus::Label;

/// What the clips of a batch have in common: corpus and modalities.
fn kind(dataset: &Dataset, index: usize) -> (usize, Vec<Modality>) {
    let item = &dataset.items[index];
    (item.corpus, item.values.iter().map(|(modality, _)| modality).collect())
}

/// `indices` by corpus and by the modalities that are present, and by speaker where that is asked
/// for; each group is dealt apart.
fn groups(dataset: &Dataset, indices: &[usize], by_speaker: bool) -> Vec<Vec<usize>> {
    let mut groups: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for index in indices {
        let speaker = dataset.items[*index].speaker.as_ref().filter(|_| by_speaker);
        groups.entry((kind(dataset, *index), speaker)).or_default().push(*index);
    }
    groups.into_values().collect()
}

/// Batches whose clips are put side by side by their length.
const POOL: usize = 32;

/// Steps of a clip's longest modality; equal for all where every clip has as many.
fn steps(dataset: &Dataset, index: usize) -> usize {
    let values = dataset.items[index].values.iter();
    let one = |value: &Value| match value {
        Value::Series { steps, size } if dataset.window.is_none() => steps.len() / size,
        Value::Tokens(ids) => ids.len(),
        _ => 1,
    };
    values.map(|(_, value)| one(value)).max().unwrap_or(0)
}

/// Deals `indices` into batches in random order, each of one group and of clips about as long as
/// each other, so that little of a batch is padding.
pub(crate) fn deal(
    dataset: &Dataset,
    indices: &[usize],
    dealing: &Dealing,
    random: &mut ChaCha8Rng,
) -> Vec<Vec<usize>> {
    let (size, mut batches) = (dealing.size, Vec::new());
    for mut own in groups(dataset, indices, dealing.by_speaker) {
        for _ in 0..dealing.times(dataset, &own) {
            own.shuffle(random);
            for pool in own.chunks_mut(POOL * size) {
                pool.sort_by_key(|index| steps(dataset, *index));
                batches.extend(pool.chunks(size).map(<[usize]>::to_vec));
            }
        }
    }
    batches.shuffle(random);
    batches
}

/// How many batches [`deal`] makes.
pub(crate) fn count(dataset: &Dataset, indices: &[usize], dealing: &Dealing) -> usize {
    let groups = groups(dataset, indices, dealing.by_speaker);
    groups.iter().map(|own| dealing.times(dataset, own) * own.len().div_ceil(dealing.size)).sum()
}

/// How clips become batches.
#[derive(Debug, Clone)]
pub(crate) struct Dealing {
    /// Clips a batch.
    pub(crate) size: usize,
    /// How often the clips of a corpus come; once where it is not named.
    pub(crate) repeat: BTreeMap<String, usize>,
    /// Whether a batch is of one speaker.
    pub(crate) by_speaker: bool,
}

impl Dealing {
    /// Each clip once, of any speaker.
    pub(crate) const fn once(size: usize) -> Self {
        Self { size, repeat: BTreeMap::new(), by_speaker: false }
    }

    /// As a stage asks for it.
    pub(crate) fn of(stage: &Stage, data: &Data) -> Self {
        Self {
            size: stage.batch,
            repeat: stage.repeat.clone(),
            by_speaker: stage.batches.unwrap_or(data.batches) == Batches::Speaker,
        }
    }

    fn times(&self, dataset: &Dataset, own: &[usize]) -> usize {
        let corpus = own.first().map(|index| &dataset.cards[dataset.items[*index].corpus].name);
        corpus.and_then(|name| self.repeat.get(name)).copied().unwrap_or(1)
    }
}

/// Deals `indices` into batches for scoring, in order; each batch is of one corpus and the same
/// modalities.
pub(crate) fn in_order(dataset: &Dataset, indices: &[usize], size: usize) -> Vec<Vec<usize>> {
    let same = |a: &usize, b: &usize| kind(dataset, *a) == kind(dataset, *b);
    indices.chunk_by(same).flat_map(|run| run.chunks(size).map(<[usize]>::to_vec)).collect()
}

/// A blend of every row with another one of its batch.
struct Mixture {
    /// What each row keeps of itself.
    share: Vec<f32>,
    partner: Vec<usize>,
}

/// Builds the tensors of one batch; `changes` are made to the inputs where there is randomness.
/// Without it, both looks are the same.
pub(crate) fn collate(
    dataset: &Dataset,
    batch: &[usize],
    changes: &[Augment],
    mut random: Option<&mut ChaCha8Rng>,
    device: &Device,
) -> Batch {
    let items: Vec<&Item> = batch.iter().map(|i| &dataset.items[*i]).collect();
    let mut targets: Vec<(String, Vec<Vec<f32>>)> = Vec::new();
    let maps = items.first().map_or(&[][..], |item| &dataset.cards[item.corpus].labels);
    for (index, map) in maps.iter().enumerate() {
        let labels = items.iter().map(|i| i.labels.get(index).and_then(Option::as_ref));
        let rows = labels.map(|label| row(label, map.kind, map.classes.len())).collect();
        targets.push((map.name.clone(), rows));
    }
    let mut shared: Vec<Vec<f32>> =
        items.iter().map(|i| i.shared.map_or_else(|| vec![0.0; 8], |s| s.to_vec())).collect();
    let mut taught = dataset.taught.rows(batch);
    let corpus = items.first().map_or("", |item| dataset.cards[item.corpus].name.as_str());
    let mixture =
        random.as_deref_mut().and_then(|random| mixture(changes, corpus, items.len(), random));
    let mixture = mixture.filter(|_| items.iter().all(|item| blends(item, dataset.window)));
    if let Some(mixture) = &mixture {
        for (_, rows) in &mut targets {
            blend(rows, mixture);
        }
        blend(&mut shared, mixture);
        for (_, _, rows) in &mut taught {
            blend(rows, mixture);
        }
    }
    let look = |random: Option<&mut ChaCha8Rng>| {
        inputs(dataset, &items, changes, mixture.as_ref(), random, device)
    };
    let first = look(random.as_deref_mut());
    let second = dataset.second.then(|| match random {
        Some(random) => look(Some(random)),
        None => first.clone(),
    });
    let target = |kind: LabelKind, rows: &[Vec<f32>]| {
        let x = matrix(rows, device);
        match kind {
            LabelKind::Class => Target::Class(x),
            LabelKind::Multi => Target::Multi(x),
            LabelKind::Rating => Target::Rating(x),
        }
    };
    let targets = targets.into_iter().zip(maps);
    let any = shared.iter().flatten().any(|w| *w > 0.0);
    Batch {
        inputs: first,
        second,
        targets: targets.map(|((name, rows), map)| (name, target(map.kind, &rows))).collect(),
        shared: any.then(|| matrix(&shared, device)),
        taught: taught.into_iter().map(|(name, kind, rows)| (name, target(kind, &rows))).collect(),
    }
}

/// One look at each clip. The stretches of a clip's modalities begin at the same share of it.
fn inputs(
    dataset: &Dataset,
    items: &[&Item],
    changes: &[Augment],
    mixture: Option<&Mixture>,
    mut random: Option<&mut ChaCha8Rng>,
    device: &Device,
) -> PerModality<Input> {
    let Some(first) = items.first() else { return PerModality::none() };
    let cuts: Vec<Option<Cut>> = items
        .iter()
        .map(|_| {
            let at = random.as_deref_mut().filter(|_| dataset.window.is_some());
            let at = at.map_or(0.0, Rng::random);
            dataset.window.map(|steps| Cut { steps, at })
        })
        .collect();
    let mut inputs = PerModality::none();
    for (modality, kind) in first.values.iter() {
        let values = items.iter().filter_map(|item| item.values.get(modality));
        let mut rows: Vec<Vec<f32>> = values
            .zip(&cuts)
            .map(|(value, cut)| match random.as_deref_mut() {
                Some(random) => changed(value, *cut, changes, random),
                None => plain(value, *cut),
            })
            .collect();
        if let Some(mixture) = mixture {
            blend(&mut rows, mixture);
        }
        inputs.insert(modality, assemble(&rows, kind, device));
    }
    inputs
}

fn mixture(
    changes: &[Augment],
    corpus: &str,
    clips: usize,
    random: &mut ChaCha8Rng,
) -> Option<Mixture> {
    let (alpha, each) = changes.iter().find_map(|change| match change {
        Augment::Mixup { alpha, each, corpora }
            if corpora.is_empty() || corpora.iter().any(|name| name == corpus) =>
        {
            Some((*alpha, *each))
        }
        _ => None,
    })?;
    let first = augment::beta(alpha, random);
    let mut share = vec![first; clips];
    if each {
        share.iter_mut().skip(1).for_each(|share| *share = augment::beta(alpha, random));
    }
    Some(Mixture { share, partner: (0..clips).map(|_| random.random_range(0..clips)).collect() })
}

/// Whether a clip's inputs have the size of every other's.
fn blends(item: &Item, window: Option<usize>) -> bool {
    item.values.iter().all(|(_, value)| match value {
        Value::Vectors(_) | Value::Picture(_) => true,
        Value::Series { .. } => window.is_some(),
        Value::Tokens(_) => false,
    })
}

fn row(label: Option<&Label>, kind: LabelKind, classes: usize) -> Vec<f32> {
    match (label, kind) {
        (Some(Label::Rating(values)), _) => values.clone(),
        (Some(label), LabelKind::Class) => {
            let weights = weights(label, classes);
            let total: f32 = weights.iter().sum();
            weights.into_iter().map(|w| w / total.max(1e-6)).collect()
        }
        (Some(label), _) => weights(label, classes),
        (None, _) => vec![0.0; classes],
    }
}

fn blend(rows: &mut [Vec<f32>], mixture: &Mixture) {
    let others: Vec<Vec<f32>> = mixture.partner.iter().map(|p| rows[*p].clone()).collect();
    for ((row, other), share) in rows.iter_mut().zip(others).zip(&mixture.share) {
        row.iter_mut().zip(other).for_each(|(x, o)| *x = share * *x + (1.0 - share) * o);
    }
}

/// A stretch of a series.
#[derive(Debug, Clone, Copy)]
struct Cut {
    /// Its steps.
    steps: usize,
    /// Where it begins, from 0 to 1 of all the places where it can.
    at: f32,
}

/// The steps of a stretch. A series that is shorter is repeated from its beginning until it fills
/// the stretch, as the code of Franceschini et al. 2022 does.
fn stretch(steps: &[f32], size: usize, cut: Option<Cut>) -> Vec<f32> {
    let Some(Cut { steps: wanted, at }) = cut else { return steps.to_vec() };
    let places = (steps.len() / size + 1).saturating_sub(wanted).max(1);
    let start = ((at * places as f32) as usize).min(places - 1);
    steps[start * size..].iter().cycle().take(wanted * size).copied().collect()
}

fn plain(value: &Value, cut: Option<Cut>) -> Vec<f32> {
    match value {
        Value::Vectors(all) => all.first().cloned().unwrap_or_default(),
        Value::Series { steps, size } => stretch(steps, *size, cut),
        Value::Tokens(ids) => ids.iter().map(|id| *id as f32).collect(),
        Value::Picture(pixels) => pixels.iter().map(|p| f32::from(*p) / 255.0).collect(),
    }
}

fn changed(
    value: &Value,
    cut: Option<Cut>,
    changes: &[Augment],
    random: &mut ChaCha8Rng,
) -> Vec<f32> {
    match value {
        Value::Vectors(all) if all.len() > 1 => {
            let share = changes.iter().find_map(|c| match c {
                Augment::Stretch { share } => Some(*share),
                _ => None,
            });
            match share {
                None if random.random::<bool>() => all[random.random_range(1..all.len())].clone(),
                Some(share) if random.random::<f32>() < share => {
                    all[random.random_range(1..all.len())].clone()
                }
                _ => plain(value, cut),
            }
        }
        Value::Vectors(_) | Value::Series { .. } => plain(value, cut),
        Value::Tokens(ids) => {
            let rate = changes.iter().find_map(|c| match c {
                Augment::TokenDrop { rate } => Some(*rate),
                _ => None,
            });
            let kept: Vec<f32> = ids
                .iter()
                .filter(|_| rate.is_none_or(|rate| random.random::<f32>() >= rate))
                .map(|id| *id as f32)
                .collect();
            if kept.is_empty() { plain(value, cut) } else { kept }
        }
        Value::Picture(pixels) => {
            let limits = changes.iter().find_map(|c| match *c {
                Augment::Picture { shift, rotate, scale, gain, erase } => {
                    Some(PictureLimits { shift, rotate, scale, gain, erase })
                }
                _ => None,
            });
            limits.map_or_else(
                || plain(value, cut),
                |limits| augment::picture(pixels, limits, random),
            )
        }
    }
}

fn matrix(rows: &[Vec<f32>], device: &Device) -> Tensor<2> {
    let shape = [rows.len(), rows.first().map_or(0, Vec::len)];
    Tensor::from_data(TensorData::new(rows.concat(), shape), device)
}

fn assemble(rows: &[Vec<f32>], kind: &Value, device: &Device) -> Input {
    let (b, longest) = (rows.len(), rows.iter().map(Vec::len).max().unwrap_or(0));
    match kind {
        Value::Vectors(_) => {
            let x = matrix(rows, device).unsqueeze_dim::<3>(1);
            Input::Series(Sequence { x, mask: Tensor::ones([b, 1], device) })
        }
        Value::Series { size, .. } => Input::Series(Sequence::padded(rows, *size, device)),
        Value::Picture(_) => {
            let side = (longest as f64).sqrt() as usize;
            Input::Pictures(matrix(rows, device).reshape([b, 1, side, side]))
        }
        Value::Tokens(_) => {
            let mut ids = vec![0i64; b * longest];
            let mut mask = vec![0f32; b * longest];
            for (index, row) in rows.iter().enumerate() {
                for (step, id) in row.iter().enumerate() {
                    ids[index * longest + step] = *id as i64;
                    mask[index * longest + step] = 1.0;
                }
            }
            let shape = [b, longest];
            let ids = Tensor::<2, Int>::from_data(TensorData::new(ids, shape), device);
            Input::Tokens(ids, Tensor::from_data(TensorData::new(mask, shape), device))
        }
    }
}

#[cfg(test)]
mod tests;
