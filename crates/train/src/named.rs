//! What a checkpoint needs to be asked for emotions by their words.

use std::path::Path;

use limbic_media::Modality;
use limbic_model::Checkpoint;

use crate::score::each_batch;
use crate::text::word_vectors;
use crate::{Dataset, Result};

/// Mean views are taken over at most so many clips.
const MOST: usize = 2000;

/// Puts the word vectors in the folder `words` into a checkpoint whose label rows are words, and
/// the mean view of each modality over the clips of `train`; another checkpoint stays as it is.
///
/// # Errors
/// [`Error::Features`](crate::Error::Features) where the word vectors cannot be read, and those of
/// the model.
pub fn with_names(
    mut checkpoint: Checkpoint,
    dataset: &Dataset,
    train: &[usize],
    words: Option<&Path>,
) -> Result<Checkpoint> {
    let (Some(words), false) = (words, checkpoint.model.worded().is_empty()) else {
        return Ok(checkpoint);
    };
    checkpoint.word_vectors = Some(word_vectors(words)?.to_bytes());
    for modality in &dataset.modalities {
        if let Some(mean) = mean_view(&checkpoint, dataset, train, *modality)? {
            checkpoint.zero_shot.reference.insert(*modality, mean);
        }
    }
    Ok(checkpoint)
}

/// The mean view over clips that have the modality; `None` where none has.
fn mean_view(
    checkpoint: &Checkpoint,
    dataset: &Dataset,
    train: &[usize],
    modality: Modality,
) -> Result<Option<Vec<f32>>> {
    let has = |index: &usize| dataset.items[*index].values.get(modality).is_some();
    let own: Vec<usize> = train.iter().copied().filter(has).collect();
    // Evenly from the whole list, which is sorted by corpus and speaker.
    let step = own.len().div_ceil(MOST).max(1);
    let own: Vec<usize> = own.into_iter().step_by(step).collect();
    let (mut sum, mut count): (Vec<f64>, f64) = (Vec::new(), 0.0);
    each_batch(&checkpoint.model, dataset, &own, &[modality], |_, views| {
        let Some(view) = views.each.get(modality) else { return Ok(()) };
        let width = view.dims()[1];
        let values: Vec<f32> = view.clone().into_data().iter().collect();
        for row in values.chunks_exact(width).filter(|row| row.iter().all(|x| x.is_finite())) {
            sum.resize(width, 0.0);
            count += 1.0;
            sum.iter_mut().zip(row).for_each(|(sum, x)| *sum += f64::from(*x));
        }
        Ok(())
    })?;
    Ok((count > 0.0).then(|| sum.into_iter().map(|sum| (sum / count) as f32).collect()))
}
