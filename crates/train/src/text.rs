//! What a text encoder starts from: a sub-word vocabulary and word vectors.

use std::path::Path;

use limbic_features::{TextTokenizer, WordVectors};
use limbic_model::{InputConfig, LabelKind, LabelMap};

use crate::{Dataset, Error, Result};
use limbic_corpus::{Example, Media, Part};

/// Trains a sub-word vocabulary of the recipe's size on the training texts.
pub(crate) fn vocabulary(input: &InputConfig, examples: &[(usize, Example)]) -> Result<String> {
    let InputConfig::Tokens { vocabulary, length, .. } = *input else {
        return Err(Error::Recipe {
            key: "model.encoder.text.input".into(),
            reason: "texts are read as tokens; use `kind = \"tokens\"`".into(),
        });
    };
    let training = examples.iter().filter(|(_, example)| example.part != Part::Valid);
    let texts =
        training.flat_map(|(_, example)| &example.media).filter_map(|medium| match medium {
            Media::Text(words) => Some(words.as_str()),
            _ => None,
        });
    Ok(TextTokenizer::train(texts, vocabulary, length)?.to_json()?)
}

/// The word vectors in a folder.
pub(crate) fn word_vectors(folder: &Path) -> Result<WordVectors> {
    Ok(WordVectors::open(
        folder.join("word2vec_gnews300_words.txt"),
        folder.join("word2vec_gnews300_f16.npy"),
    )?)
}

/// The words that classes are called by, as vectors.
pub(crate) struct Words(WordVectors);

impl Words {
    /// # Errors
    /// [`Error::Recipe`] without a folder of word vectors, [`Error::Features`] where they cannot
    /// be read.
    pub(crate) fn open(folder: Option<&Path>) -> Result<Self> {
        match folder {
            Some(folder) => Ok(Self(word_vectors(folder)?)),
            None => Err(unworded(
                "needs word vectors; put them into the folder wordvec under --data".to_owned(),
            )),
        }
    }

    /// The row of a class of the corpora of `dataset`: the mean of the vectors of its words, or
    /// zeros for a rating, which no word stands for.
    ///
    /// # Errors
    /// [`Error::Recipe`] naming the class where one of its words has no vector.
    pub(crate) fn row(&self, dataset: &Dataset, class: &str) -> Result<Vec<f32>> {
        let maps = || dataset.cards.iter().flat_map(|card| &card.labels);
        let has = |map: &&LabelMap| map.index(class).is_some();
        if maps().filter(has).all(|map| map.kind == LabelKind::Rating)
            && maps().any(|map| has(&map))
        {
            return Ok(vec![0.0; self.0.width()]);
        }
        let map = maps().find(|map| map.words.contains_key(class));
        let name = map.map_or(class, |map| map.word(class));
        let vector = |word: &str| self.0.get(word).or_else(|| self.0.get(&word.to_lowercase()));
        let words: Option<Vec<&[f32]>> = name.split([' ', '_', '-']).map(vector).collect();
        let words = words.ok_or_else(|| {
            unworded(format!(
                "there is no word vector for the class `{class}`; rename it, or give it another \
                 word under `words` in its file of labels"
            ))
        })?;
        let mean = |i: usize| words.iter().map(|word| word[i]).sum::<f32>() / words.len() as f32;
        Ok((0..words.first().map_or(0, |word| word.len())).map(mean).collect())
    }
}

fn unworded(reason: String) -> Error {
    Error::Recipe { key: "model.head.words".to_owned(), reason }
}

/// Rows of the token table for which a word vector is known: each vector is projected to `size`
/// dimensions along the directions in which the vectors of the vocabulary vary most, and scaled
/// to unit variance a dimension on average.
pub(crate) fn word_rows(
    tokenizer: &str,
    vectors: &Path,
    size: usize,
    scale: f32,
) -> Result<Vec<(usize, Vec<f32>)>> {
    let tokens = TextTokenizer::from_bytes("tokenizer.json", tokenizer.as_bytes(), 1)?;
    let vectors = word_vectors(vectors)?;
    let known: Vec<(usize, Vec<f32>)> = (0..tokens.vocabulary_size())
        .filter_map(|id| Some((id, vectors.get(&tokens.token(id as u32)?)?.to_vec())))
        .collect();
    let Some(directions) = principal(&known, size) else { return Ok(Vec::new()) };
    let mut rows: Vec<(usize, Vec<f32>)> =
        known.iter().map(|(id, v)| (*id, directions.iter().map(|d| dot(d, v)).collect())).collect();
    let power: f32 = rows.iter().flat_map(|(_, r)| r).map(|x| x * x).sum();
    let deviation = (power / (rows.len() * size) as f32).sqrt().max(1e-6);
    rows.iter_mut().flat_map(|(_, r)| r).for_each(|x| *x *= scale / deviation);
    Ok(rows)
}

/// The first `size` principal directions of the rows, by orthogonal iteration; `None` where there
/// are fewer rows or columns than that.
fn principal(rows: &[(usize, Vec<f32>)], size: usize) -> Option<Vec<Vec<f32>>> {
    let columns = rows.first()?.1.len();
    if rows.len() < size || columns < size {
        return None;
    }
    let mut gram = vec![vec![0.0f32; columns]; columns];
    for (_, row) in rows {
        for (line, x) in gram.iter_mut().zip(row) {
            for (cell, y) in line.iter_mut().zip(row) {
                *cell += x * y;
            }
        }
    }
    // Start from unit vectors turned by a fixed pattern, so that no direction is missed by chance.
    let mut directions: Vec<Vec<f32>> = (0..size)
        .map(|i| {
            (0..columns)
                .map(|j| if i == j { 1.0 } else { ((i * 31 + j * 17) % 13) as f32 * 1e-3 })
                .collect()
        })
        .collect();
    for _ in 0..30 {
        for direction in &mut directions {
            *direction = gram.iter().map(|line| dot(line, direction)).collect();
        }
        for i in 0..size {
            let (before, rest) = directions.split_at_mut(i);
            for other in before.iter() {
                let along = dot(other, &rest[0]);
                rest[0].iter_mut().zip(other).for_each(|(x, o)| *x -= along * o);
            }
            let norm = dot(&rest[0], &rest[0]).sqrt().max(1e-12);
            rest[0].iter_mut().for_each(|x| *x /= norm);
        }
    }
    Some(directions)
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_principal_direction_of_a_line_is_the_line() {
        let rows: Vec<_> = (1..9).map(|i| (0, vec![3.0 * i as f32, 4.0 * i as f32])).collect();
        let directions = principal(&rows, 1).unwrap();
        assert!((directions[0][0].abs() - 0.6).abs() < 1e-5);
        assert!((directions[0][1].abs() - 0.8).abs() < 1e-5);
    }
}
