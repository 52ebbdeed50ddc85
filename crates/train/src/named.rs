//! What a checkpoint needs to be asked for emotions by their words.

use std::path::Path;

use limbic_features::{TextTokenizer, WordVectors};
use limbic_media::Modality;
use limbic_model::{Checkpoint, Lexical, covariance};

use crate::score::each_batch;
use crate::text::word_vectors;
use crate::{Dataset, Result, Value};

/// Mean views are taken over at most so many clips.
const MOST: usize = 2000;

/// How words vary is taken over at most so many texts.
const MOST_TEXTS: usize = 8000;

/// Puts the word vectors in the folder `words` into a checkpoint whose label rows are words, and
/// the mean view of each modality over the clips of `train`, how views
/// vary there and how the words of texts do; another checkpoint stays as it is.
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
    let words = word_vectors(words)?;
    checkpoint.word_vectors = Some(words.to_bytes());
    checkpoint.zero_shot.lexical = lexical(dataset, train, &words)?;
    for modality in &dataset.modalities {
        if let Some((mean, spread)) = spread(&checkpoint, dataset, train, *modality)? {
            checkpoint.zero_shot.reference.insert(*modality, mean);
            checkpoint.zero_shot.spread.insert(*modality, spread);
        }
    }
    Ok(checkpoint)
}

/// How the words of training texts vary.
fn lexical(dataset: &Dataset, train: &[usize], words: &WordVectors) -> Result<Option<Lexical>> {
    let Some(json) = &dataset.tokenizer else { return Ok(None) };
    let tokenizer = TextTokenizer::from_bytes("tokenizer.json", json.as_bytes(), 1)?;
    let texts: Vec<&[u32]> = train
        .iter()
        .filter_map(|index| match dataset.items[*index].values.get(Modality::Text) {
            Some(Value::Tokens(tokens)) => Some(tokens.as_slice()),
            _ => None,
        })
        .collect();
    let step = texts.len().div_ceil(MOST_TEXTS).max(1);
    let mut sentences = Vec::new();
    for tokens in texts.into_iter().step_by(step) {
        sentences.extend(words.sentence(&tokenizer.decode(tokens)?));
    }
    Ok(Lexical::of(&sentences))
}

/// The mean view over clips that have the modality and the covariance of views, row by row; `None`
/// where no clip has it.
fn spread(
    checkpoint: &Checkpoint,
    dataset: &Dataset,
    train: &[usize],
    modality: Modality,
) -> Result<Option<(Vec<f32>, Vec<f32>)>> {
    let has = |index: &usize| dataset.items[*index].values.get(modality).is_some();
    let own: Vec<usize> = train.iter().copied().filter(has).collect();
    // Evenly from the whole list, which is sorted by corpus and speaker.
    let step = own.len().div_ceil(MOST).max(1);
    let own: Vec<usize> = own.into_iter().step_by(step).collect();
    let mut seen: Vec<Vec<f32>> = Vec::new();
    each_batch(&checkpoint.model, dataset, &own, &[modality], |_, views| {
        let Some(view) = views.each.get(modality) else { return Ok(()) };
        let width = view.dims()[1];
        let values: Vec<f32> = view.clone().into_data().iter().collect();
        let rows = values.chunks_exact(width).filter(|row| row.iter().all(|x| x.is_finite()));
        seen.extend(rows.map(<[f32]>::to_vec));
        Ok(())
    })?;
    Ok(covariance(&seen))
}
