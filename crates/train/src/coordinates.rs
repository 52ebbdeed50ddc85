//! Where each emotion lies in valence and arousal, as one model sees it.

use std::collections::BTreeMap;

use burn::tensor::Device;
use limbic_media::Modality;
use limbic_model::{EMOTIONS, LabelKind, Model};

use crate::batches::{collate, in_order};
use crate::score::{logits, rows};
use crate::{Dataset, Result};

/// An emotion with fewer clips than this has no place.
const LEAST: f32 = 5.0;
/// Clips a forward pass.
const BATCH: usize = 64;

/// For each emotion, the mean valence and arousal that a rating head of `model` gives to those of
/// `indices` that carry its label, in [-1, 1]. Branches that never saw a rating read valence and
/// arousal off these places. Empty where the model rates nothing.
///
/// # Errors
/// Those of the model.
pub fn coordinates(
    model: &Model,
    dataset: &Dataset,
    indices: &[usize],
) -> Result<BTreeMap<String, [f32; 2]>> {
    let maps = dataset.cards.iter().flat_map(|card| &card.labels);
    let found = maps
        .filter(|map| map.kind == LabelKind::Rating)
        .find_map(|map| Some((&map.name, map.index("valence")?, map.index("arousal")?)));
    let Some((set, valence, arousal)) = found else { return Ok(BTreeMap::new()) };
    let device = Device::flex();
    let mut sums = [[0.0f32; 3]; EMOTIONS.len()];
    for batch in in_order(dataset, indices, BATCH) {
        let mut inputs = collate(dataset, &batch, &[], None, &device).inputs;
        for modality in Modality::ALL {
            if !model.answers(modality, set) {
                inputs.remove(modality);
            }
        }
        if inputs.is_empty() {
            continue;
        }
        let views = model.view(&inputs)?;
        let ratings = rows(logits(model, &views, Some(set))?);
        for (index, rating) in batch.iter().zip(ratings) {
            let Some(label) = dataset.items[*index].shared else { continue };
            for (sum, share) in sums.iter_mut().zip(label) {
                let (v, a) = (rating[valence].clamp(-1.0, 1.0), rating[arousal].clamp(-1.0, 1.0));
                *sum = [sum[0] + share * v, sum[1] + share * a, sum[2] + share];
            }
        }
    }
    Ok(EMOTIONS
        .iter()
        .zip(sums)
        .filter(|(_, sum)| sum[2] >= LEAST)
        .map(|(emotion, [v, a, n])| ((*emotion).to_owned(), [v / n, a / n]))
        .collect())
}
