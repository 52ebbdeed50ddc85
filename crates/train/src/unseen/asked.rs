//! A class that training never saw, asked for as a user asks for it: by its word among the words of
//! the classes that are known, with all that a checkpoint knows of names.

use limbic_media::{Modality, PerModality};
use limbic_model::{Checkpoint, Rows, Views};

use crate::Result;
use crate::score::rows;

/// Rows of the known classes' words, with each of several vectors as the last.
pub(super) struct Asked(PerModality<Vec<Rows>>);

impl Asked {
    /// # Errors
    /// Those of [`limbic_model::ZeroShotScale::rows`].
    pub(super) fn new(
        checkpoint: &Checkpoint,
        modalities: &[Modality],
        known: &[Vec<f32>],
        vectors: &[Vec<f32>],
    ) -> Result<Self> {
        let (model, scale) = (&checkpoint.model, &checkpoint.zero_shot);
        let of = |modality: &Modality| {
            let mut all = Vec::new();
            for vector in vectors {
                let names = [known, std::slice::from_ref(vector)].concat();
                all.extend(scale.rows(model, *modality, &names)?);
            }
            Ok((*modality, all))
        };
        Ok(Self(modalities.iter().map(of).collect::<Result<_>>()?))
    }

    /// For each clip, how probable each vector makes its name among those of the known classes:
    /// `[clips][vectors]`, logarithms. Modalities are added.
    pub(super) fn answers(&self, views: &Views) -> Vec<Vec<f64>> {
        let mut sums: Vec<Vec<Vec<f64>>> = Vec::new();
        for (modality, view) in views.each.iter() {
            let Some(each) = self.0.get(modality) else { continue };
            let clips = rows(view.clone());
            sums.resize(clips.len(), vec![Vec::new(); each.len()]);
            for (clip, sums) in clips.iter().zip(&mut sums) {
                for (rows, sum) in each.iter().zip(sums) {
                    let said = said(rows, clip);
                    sum.resize(said.len(), 0.0);
                    sum.iter_mut().zip(said).for_each(|(sum, x)| *sum += x);
                }
            }
        }
        let last =
            |scores: Vec<Vec<f64>>| scores.iter().map(|names| log_probability(names)).collect();
        sums.into_iter().map(last).collect()
    }
}

/// What rows say of a view.
fn said(rows: &Rows, view: &[f32]) -> Vec<f64> {
    let length = view.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
    let scale = if rows.unit && length > 0.0 { 1.0 / length } else { 1.0 };
    let along = |row: &Vec<f32>| -> f64 {
        row.iter().zip(view).map(|(w, x)| f64::from(*w) * f64::from(*x)).sum()
    };
    rows.weights.iter().zip(&rows.bias).map(|(row, b)| along(row) * scale + f64::from(*b)).collect()
}

/// Of the last of several names.
fn log_probability(scores: &[f64]) -> f64 {
    let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = scores.iter().map(|score| (score - most).exp()).sum();
    scores.last().map_or(f64::NAN, |own| own - most - sum.ln())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_name_is_as_probable_as_the_softmax_says() {
        let found = log_probability(&[1.0, 3.0, 2.0]).exp();
        let sum = 1f64.exp() + 3f64.exp() + 2f64.exp();
        assert!((found - 2f64.exp() / sum).abs() < 1e-12, "{found}");
        assert!(log_probability(&[1e4, 0.0]).is_finite());
    }

    #[test]
    fn rows_that_compare_directions_do_not_see_a_length() {
        let rows = |unit| Rows { weights: vec![vec![1.0, 0.0]], bias: vec![0.5], unit };
        assert_eq!(said(&rows(true), &[3.0, 4.0]), [0.6 + 0.5]);
        assert_eq!(said(&rows(false), &[3.0, 4.0]), [3.5]);
    }
}
