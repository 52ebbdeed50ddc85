//! A model before its first step: input statistics and word vectors in place.

use burn::tensor::Device;
use limbic_features::WordVectors;
use limbic_media::Modality;
use limbic_model::objective::{PositiveWeights, positive_weights};
use limbic_model::{InputConfig, LabelKind, Model};

use super::Fit;
use crate::dataset::weights;
use crate::{Error, Result, text};

/// Fresh weights, numbered, with all that is known before training.
pub(super) fn model(run: &Fit<'_>, device: &Device) -> Result<Model> {
    let (recipe, dataset) = (run.recipe, run.dataset);
    let mut model = recipe.model.init(&dataset.sets(), device);
    for modality in &dataset.modalities {
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
        let key = |reason: String| Error::Recipe { key: "model.head.words".to_owned(), reason };
        let folder = run.word_vectors.as_ref().ok_or_else(|| {
            key("needs word vectors; put them into the folder wordvec under --data".to_owned())
        })?;
        let vectors = text::word_vectors(folder)?;
        let rows: Vec<Vec<f32>> = classes
            .iter()
            .map(|class| {
                vector(&vectors, class).ok_or_else(|| {
                    key(format!("there is no word vector for the class `{class}`; rename it"))
                })
            })
            .collect::<Result<_>>()?;
        model = model.with_class_vectors(&rows)?;
    }
    Ok(model.with_fusion_untrained(true).numbered())
}

/// The mean of the vectors of a class's words.
fn vector(vectors: &WordVectors, class: &str) -> Option<Vec<f32>> {
    let words: Vec<&[f32]> = class
        .split([' ', '_', '-'])
        .map(|word| vectors.get(word).or_else(|| vectors.get(&word.to_lowercase())))
        .collect::<Option<_>>()?;
    let size = words.first()?.len();
    let mean = |i: usize| words.iter().map(|word| word[i]).sum::<f32>() / words.len() as f32;
    Some((0..size).map(mean).collect())
}

/// How often a yes counts, for each class of each yes/no label set of the training clips.
pub(super) fn positives(run: &Fit<'_>) -> PositiveWeights {
    let mut all = PositiveWeights::new();
    for (corpus, card) in run.dataset.cards.iter().enumerate() {
        let sets = card.labels.iter().enumerate();
        for (index, map) in sets.filter(|(_, map)| map.kind == LabelKind::Multi) {
            let mut counts = vec![0; map.classes.len()];
            let mut clips = 0;
            let own = run.train.iter().map(|i| &run.dataset.items[*i]);
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
