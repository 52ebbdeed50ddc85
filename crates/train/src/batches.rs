//! Items become batches of tensors.

use burn::tensor::{Device, Int, Tensor, TensorData};
use limbic_media::PerModality;
use limbic_model::{Augment, Batch, Input, LabelKind, Sequence, Target};
use rand::Rng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::augment::{self, PictureLimits};
use crate::corpus::Label;
use crate::dataset::weights;
use crate::{Dataset, Item, Value};

/// Deals `indices` into batches of one corpus each, in random order.
pub(crate) fn deal(
    dataset: &Dataset,
    indices: &[usize],
    size: usize,
    random: &mut ChaCha8Rng,
) -> Vec<Vec<usize>> {
    let mut batches = Vec::new();
    for corpus in 0..dataset.cards.len() {
        let mut own: Vec<usize> =
            indices.iter().copied().filter(|i| dataset.items[*i].corpus == corpus).collect();
        own.shuffle(random);
        batches.extend(own.chunks(size).map(<[usize]>::to_vec));
    }
    batches.shuffle(random);
    batches
}

/// Deals `indices` into batches for scoring, in order; each batch is of one corpus.
pub(crate) fn in_order(dataset: &Dataset, indices: &[usize], size: usize) -> Vec<Vec<usize>> {
    let same = |a: &usize, b: &usize| dataset.items[*a].corpus == dataset.items[*b].corpus;
    indices.chunk_by(same).flat_map(|run| run.chunks(size).map(<[usize]>::to_vec)).collect()
}

/// Builds the tensors of one batch; `changes` are made to the inputs where there is randomness.
pub(crate) fn collate(
    dataset: &Dataset,
    batch: &[usize],
    changes: &[Augment],
    random: Option<&mut ChaCha8Rng>,
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
    let input = match (random, items.first().map(|i| &i.value)) {
        (Some(random), _) => {
            let mix = changes.iter().find_map(|change| match change {
                Augment::Mixup { alpha } => Some(augment::beta(*alpha, random)),
                _ => None,
            });
            let partner: Vec<usize> = match mix {
                Some(_) => (0..items.len()).map(|_| random.random_range(0..items.len())).collect(),
                None => Vec::new(),
            };
            let tokens = matches!(items.first().map(|i| &i.value), Some(Value::Tokens(_)));
            if let Some(share) = mix.filter(|_| !tokens) {
                for (_, rows) in &mut targets {
                    blend(rows, &partner, share);
                }
                blend(&mut shared, &partner, share);
            }
            let mut rows: Vec<Vec<f32>> = Vec::new();
            for item in &items {
                rows.push(changed(&item.value, changes, random));
            }
            if let Some(share) = mix.filter(|_| !tokens) {
                blend(&mut rows, &partner, share);
            }
            assemble(&rows, items.first().map(|i| &i.value), device)
        }
        (None, first) => {
            assemble(&items.iter().map(|i| plain(&i.value)).collect::<Vec<_>>(), first, device)
        }
    };
    let mut inputs = PerModality::none();
    if let Some(input) = input {
        inputs.insert(dataset.modality, input);
    }
    let targets = targets
        .into_iter()
        .zip(maps)
        .map(|((name, rows), map)| {
            let x = matrix(&rows, device);
            let target = match map.kind {
                LabelKind::Class => Target::Class(x),
                LabelKind::Multi => Target::Multi(x),
                LabelKind::Rating => Target::Rating(x),
            };
            (name, target)
        })
        .collect();
    let any = shared.iter().flatten().any(|w| *w > 0.0);
    Batch { inputs, second: None, targets, shared: any.then(|| matrix(&shared, device)) }
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

fn blend(rows: &mut [Vec<f32>], partner: &[usize], share: f32) {
    let others: Vec<Vec<f32>> = partner.iter().map(|p| rows[*p].clone()).collect();
    for (row, other) in rows.iter_mut().zip(others) {
        row.iter_mut().zip(other).for_each(|(x, o)| *x = share * *x + (1.0 - share) * o);
    }
}

fn plain(value: &Value) -> Vec<f32> {
    match value {
        Value::Vectors(all) => all.first().cloned().unwrap_or_default(),
        Value::Tokens(ids) => ids.iter().map(|id| *id as f32).collect(),
        Value::Picture(pixels) => pixels.iter().map(|p| f32::from(*p) / 255.0).collect(),
    }
}

fn changed(value: &Value, changes: &[Augment], random: &mut ChaCha8Rng) -> Vec<f32> {
    match value {
        // Half of the time the whole clip, else one of its stretches.
        Value::Vectors(all) if all.len() > 1 && random.random::<bool>() => {
            all[random.random_range(1..all.len())].clone()
        }
        Value::Vectors(_) => plain(value),
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
            if kept.is_empty() { plain(value) } else { kept }
        }
        Value::Picture(pixels) => {
            let limits = changes.iter().find_map(|c| match *c {
                Augment::Picture { shift, rotate, scale, gain, erase } => {
                    Some(PictureLimits { shift, rotate, scale, gain, erase })
                }
                _ => None,
            });
            limits.map_or_else(|| plain(value), |limits| augment::picture(pixels, limits, random))
        }
    }
}

fn matrix(rows: &[Vec<f32>], device: &Device) -> Tensor<2> {
    let shape = [rows.len(), rows.first().map_or(0, Vec::len)];
    Tensor::from_data(TensorData::new(rows.concat(), shape), device)
}

fn assemble(rows: &[Vec<f32>], kind: Option<&Value>, device: &Device) -> Option<Input> {
    let (b, longest) = (rows.len(), rows.iter().map(Vec::len).max()?);
    match kind? {
        Value::Vectors(_) => {
            let x = matrix(rows, device).unsqueeze_dim::<3>(1);
            Some(Input::Series(Sequence { x, mask: Tensor::ones([b, 1], device) }))
        }
        Value::Picture(_) => {
            let side = (longest as f64).sqrt() as usize;
            Some(Input::Pictures(matrix(rows, device).reshape([b, 1, side, side])))
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
            Some(Input::Tokens(ids, Tensor::from_data(TensorData::new(mask, shape), device)))
        }
    }
}
