//! A model before its first step: input statistics and word vectors in place.

use std::collections::BTreeSet;

use burn::tensor::Device;
use limbic_media::Modality;
use limbic_model::objective::{PositiveWeights, class_weights, positive_weights};
use limbic_model::{InputConfig, LabelKind, Model};

use super::Fit;
use crate::dataset::weights;
use crate::text::{self, Words};
use crate::{Dataset, Result};

/// Fresh weights, numbered, with all that is known before training.
pub(super) fn model(run: &Fit<'_>, device: &Device) -> Result<Model> {
    let (recipe, dataset) = (run.recipe, run.dataset);
    let mut model = recipe.model.init(&dataset.sets(), device);
    for modality in &dataset.modalities {
        model = model.with_blank(*modality, &blank(dataset, *modality, run.train));
        if let Some((mean, deviation)) = dataset.statistics(*modality, run.train) {
            model = model.standardised(*modality, &mean, &deviation);
        }
    }
    if let (Some(folder), Some(tokenizer)) = (&run.word_vectors, &dataset.tokenizer)
        && let Some(InputConfig::Tokens { size, .. }) =
            recipe.model.encoder.get(&Modality::Text).map(|e| &e.input)
    {
        model = model.with_word_vectors(&text::word_rows(tokenizer, folder, *size, 0.1)?);
    }
    let classes = model.worded();
    if !classes.is_empty() {
        let words = Words::open(run.word_vectors.as_deref())?;
        let rows: Vec<Vec<f32>> =
            classes.iter().map(|class| words.row(dataset, class)).collect::<Result<_>>()?;
        model = model.with_class_vectors(&rows)?;
    }
    Ok(model.with_fusion_untrained(true).numbered())
}

/// The label sets that no clip of `train` with a modality has a label of.
fn blank(dataset: &Dataset, modality: Modality, train: &[usize]) -> Vec<String> {
    let mut had: BTreeSet<&str> = BTreeSet::new();
    for item in train.iter().map(|index| &dataset.items[*index]) {
        if item.values.get(modality).is_some() {
            let labelled = dataset.cards[item.corpus].labels.iter().zip(&item.labels);
            had.extend(labelled.filter(|(_, l)| l.is_some()).map(|(map, _)| map.name.as_str()));
        }
    }
    let sets = dataset.sets().into_iter().map(|set| set.name);
    sets.filter(|name| !had.contains(name.as_str())).collect()
}

/// How often a yes counts, for each class of each yes/no label set of the clips of `train`, and how
/// often a clip of each class counts for the others.
pub(crate) fn positives(dataset: &Dataset, train: &[usize]) -> PositiveWeights {
    let mut all = PositiveWeights::new();
    for (corpus, card) in dataset.cards.iter().enumerate() {
        let sets = card.labels.iter().enumerate();
        let own = || train.iter().map(|i| &dataset.items[*i]).filter(|i| i.corpus == corpus);
        for (index, map) in sets.clone().filter(|(_, map)| map.kind == LabelKind::Class) {
            let mut counts = vec![0.0; map.classes.len()];
            for label in own().filter_map(|item| item.labels.get(index)?.as_ref()) {
                let shares = weights(label, map.classes.len());
                let total: f32 = shares.iter().sum();
                for (count, share) in counts.iter_mut().zip(shares) {
                    *count += share / total.max(1e-6);
                }
            }
            all.insert(map.name.clone(), class_weights(&counts));
        }
        for (index, map) in sets.filter(|(_, map)| map.kind == LabelKind::Multi) {
            let mut counts = vec![0; map.classes.len()];
            let mut clips = 0;
            let own = train.iter().map(|i| &dataset.items[*i]);
            for item in own.filter(|item| item.corpus == corpus) {
                let Some(Some(label)) = item.labels.get(index) else { continue };
                clips += 1;
                for (count, weight) in counts.iter_mut().zip(weights(label, map.classes.len())) {
                    *count += usize::from(weight > 0.0);
                }
            }
            all.insert(map.name.clone(), positive_weights(&counts, clips));
        }
    }
    all
}
