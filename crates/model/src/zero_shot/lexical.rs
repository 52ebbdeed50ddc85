//! What the words of a text say of a name all by themselves: a text whose words mean what the name
//! means speaks for it, whatever the model has learned.
//!
//! ```text
//! s     = direction of the text's words, frequent ones counting little (Arora et al. 2017)
//! r_c   = direction of name c from the mean of the names asked for
//! lex_c = r_c . (s - mean s) / sd(r_c . s)
//! ```
//!
//! where mean and deviation are those of the training texts.

use serde::{Deserialize, Serialize};

use super::spread::{Spread, covariance, direction, mean, unit};

/// How the directions of texts vary over the training texts.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lexical {
    /// The mean direction of a text, `[size]`.
    pub mean: Vec<f32>,
    /// The covariance of directions, `[size, size]` row by row. A tensor of the checkpoint.
    #[serde(skip)]
    pub spread: Vec<f32>,
}

impl Lexical {
    /// From the directions of texts; `None` where there is none.
    pub fn of(sentences: &[Vec<f32>]) -> Option<Self> {
        let (mean, spread) = covariance(sentences)?;
        Some(Self { mean, spread })
    }

    /// For each of `names` what each text scores, in deviations; zeros for a text of which no word
    /// is known, and for all where the vectors are of another size.
    ///
    /// # Shapes
    /// `sentences` `[b][size]`, `names` `[k][size]` -> `[b][k]`.
    pub fn scores(&self, sentences: &[Option<Vec<f32>>], names: &[Vec<f32>]) -> Vec<Vec<f32>> {
        let size = self.mean.len();
        let silent = vec![0.0; names.len()];
        if self.spread.len() != size * size || names.iter().any(|name| name.len() != size) {
            return vec![silent; sentences.len()];
        }
        let spread = Spread { covariance: &self.spread, width: size };
        let names: Vec<Vec<f32>> = names.iter().map(|name| unit(name)).collect();
        let centre = mean(&names);
        let rows: Vec<Option<Vec<f64>>> =
            names.iter().map(|name| spread.even(direction(name, &centre))).collect();
        let score = |sentence: &Vec<f32>| -> Vec<f32> {
            let from: Vec<f64> =
                sentence.iter().zip(&self.mean).map(|(x, m)| f64::from(x - m)).collect();
            let along = |row: &Vec<f64>| row.iter().zip(&from).map(|(r, x)| r * x).sum::<f64>();
            rows.iter().map(|row| row.as_ref().map_or(0.0, along) as f32).collect()
        };
        let known = |sentence: &&Vec<f32>| sentence.len() == size;
        sentences
            .iter()
            .map(|sentence| sentence.as_ref().filter(known).map_or_else(|| silent.clone(), score))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lexical() -> Lexical {
        let texts = [[0.8, 0.6], [0.6, 0.8], [1.0, 0.0], [0.0, 1.0]].map(Vec::from);
        Lexical::of(&texts).unwrap()
    }

    #[test]
    fn a_text_speaks_for_the_name_that_means_the_same() {
        let names = [vec![1.0, 0.1], vec![0.1, 1.0]];
        let said = lexical().scores(&[Some(vec![0.9, 0.1]), None, Some(vec![0.1, 0.9])], &names);
        assert!(said[0][0] > 0.5 && said[0][1] < -0.5, "{said:?}");
        assert!(said[2][1] > 0.5 && said[2][0] < -0.5, "{said:?}");
        assert_eq!(said[1], [0.0, 0.0]);
    }

    #[test]
    fn scores_of_the_training_texts_have_mean_zero_and_deviation_one() {
        let texts = [[0.8, 0.6], [0.6, 0.8], [1.0, 0.0], [0.0, 1.0]].map(|x| Some(x.to_vec()));
        let said = lexical().scores(&texts, &[vec![1.0, 0.1], vec![0.1, 1.0]]);
        for name in 0..2 {
            let of: Vec<f32> = said.iter().map(|row| row[name]).collect();
            let square: f32 = of.iter().map(|x| x * x).sum::<f32>() / 4.0;
            assert!(of.iter().sum::<f32>().abs() < 1e-5 && (square - 1.0).abs() < 1e-4, "{of:?}");
        }
    }

    #[test]
    fn vectors_of_another_size_say_nothing() {
        let said = lexical().scores(&[Some(vec![0.9, 0.1])], &[vec![1.0; 3], vec![2.0; 3]]);
        assert_eq!(said, [[0.0, 0.0]]);
        assert_eq!(Lexical::of(&[]), None);
    }
}
