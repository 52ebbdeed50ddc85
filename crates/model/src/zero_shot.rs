//! Scores of names that a model may never have met, made comparable.
//!
//! A name whose vector lies in a common direction scores high for every clip. So what counts is
//! how much more a clip scores than the mean clip does:
//!
//! ```text
//! z_c = (score(view, row_c) - score(reference, row_c)) / temperature
//! ```
//!
//! and the probabilities over the names are the softmax of `z`.

use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor, TensorData};
use limbic_media::Modality;
use serde::{Deserialize, Serialize};

use crate::{Error, Model, Result, Rows};

/// What makes scores of names comparable; fitted with a model and kept in its checkpoint.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ZeroShotScale {
    /// Softmax temperature of each modality's scores; 1 where there is none.
    pub temperature: BTreeMap<Modality, f32>,
    /// The mean view over training clips, `[width]`; without one nothing is subtracted.
    pub reference: BTreeMap<Modality, Vec<f32>>,
}

impl ZeroShotScale {
    /// Logits over names by their word vectors.
    ///
    /// # Shapes
    /// `view` `[b, width]`, `rows` `[k, size]` -> `[b, k]`.
    ///
    /// # Errors
    /// Those of [`Model::unseen`]; [`Error::Checkpoint`] where the reference is not as wide as
    /// the view.
    pub fn logits(
        &self,
        model: &Model,
        modality: Modality,
        view: &Tensor<2>,
        rows: &Tensor<2>,
    ) -> Result<Tensor<2>> {
        let mut scores = model.unseen(modality, view, rows)?;
        if let Some(reference) = self.reference.get(&modality) {
            let width = view.dims()[1];
            if reference.len() != width {
                return Err(Error::Checkpoint {
                    name: "zero_shot.reference".to_owned(),
                    reason: format!(
                        "the {modality} view has {width} numbers, its mean {}",
                        reference.len()
                    ),
                });
            }
            let mean = TensorData::new(reference.clone(), [1, width]);
            scores =
                scores - model.unseen(modality, &Tensor::from_data(mean, &view.device()), rows)?;
        }
        Ok(scores / self.usable(modality))
    }

    /// The same as rows of a label set: what they score is what [`ZeroShotScale::logits`] says.
    /// `None` where the rows of the model are not words.
    ///
    /// # Errors
    /// Those of [`Model::named_rows`] and [`ZeroShotScale::logits`].
    pub fn rows(
        &self,
        model: &Model,
        modality: Modality,
        vectors: &[Vec<f32>],
    ) -> Result<Option<Rows>> {
        let Some(mut rows) = model.named_rows(modality, vectors)? else { return Ok(None) };
        let Some(width) = rows.weights.first().map(Vec::len) else { return Ok(Some(rows)) };
        let device = Device::flex();
        let origin = TensorData::new(vec![0.0f32; width], [1, width]);
        let size = vectors.first().map_or(0, Vec::len);
        let words = TensorData::new(vectors.concat(), [vectors.len(), size]);
        let (origin, words) =
            (Tensor::from_data(origin, &device), Tensor::from_data(words, &device));
        // At a view of zeros nothing is left but the reference.
        let bias = self.logits(model, modality, &origin, &words)?;
        rows.bias = bias.into_data().iter().collect();
        let scale = self.usable(modality);
        rows.weights.iter_mut().flatten().for_each(|weight| *weight /= scale);
        Ok(Some(rows))
    }

    fn usable(&self, modality: Modality) -> f32 {
        let fitted = self.temperature.get(&modality).copied();
        fitted.filter(|own| own.is_finite() && *own > 0.0).unwrap_or(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{LabelKind, LabelSet, Recipe};

    const RECIPE: &str = "
        about = 'small'
        [data]
        corpora = ['none']
        split = 'official'
        [model]
        width = 4
        head.words = { size = 4 }
        encoder.text = { features = 'any@1', input = { kind = 'series', size = 4 }, body = { kind = 'mlp', layers = 1, dropout = 0.0 } }
        encoder.audio = { features = 'any@1', input = { kind = 'series', size = 4 }, body = { kind = 'mlp', layers = 1, dropout = 0.0 } }
        [[stage]]
        name = 'train'
        epochs = 1
        batch = 1
        optimizer = { kind = 'adamw', lr = 0.001 }
        objective.labels = {}";

    fn model(words: &str) -> Model {
        let recipe = Recipe::parse("small", &RECIPE.replace("head.words = { size = 4 }", words));
        let device = Device::flex();
        device.seed(3);
        let set = LabelSet {
            name: "set".to_owned(),
            kind: LabelKind::Class,
            classes: vec!["yes".to_owned(), "no".to_owned()],
            covered: vec![false; 8],
        };
        recipe.unwrap().model.init(&[set], &device)
    }

    fn worded() -> Model {
        let rows: Vec<Vec<f32>> =
            (0..10).map(|c| (0..4).map(|i| ((c * 4 + i) as f32 * 0.61).sin()).collect()).collect();
        model("head.words = { size = 4 }").with_class_vectors(&rows).unwrap()
    }

    fn numbers<const N: usize>(rows: [[f32; N]; 2]) -> Tensor<2> {
        Tensor::from_data(TensorData::new(rows.concat(), [2, N]), &Device::flex())
    }

    fn values(x: Tensor<2>) -> Vec<f32> {
        x.into_data().iter().collect()
    }

    const VIEWS: [[f32; 4]; 2] = [[0.3, -1.0, 0.5, 2.0], [1.0, 0.0, -0.7, 0.1]];

    #[test]
    fn a_name_that_is_a_class_scores_as_the_class_does() {
        let model = worded();
        let row =
            |c: usize| -> [f32; 4] { std::array::from_fn(|i| ((c * 4 + i) as f32 * 0.61).sin()) };
        for modality in [Modality::Text, Modality::Audio] {
            let own = model.logits(modality, &numbers(VIEWS), "set").unwrap();
            let asked = model.unseen(modality, &numbers(VIEWS), &numbers([row(8), row(9)]));
            assert_eq!(values(own), values(asked.unwrap()), "{modality}");
        }
    }

    #[test]
    fn rows_of_names_score_what_the_names_score() {
        let vectors = [vec![9.0, 9.0, 9.0, 9.0], vec![0.1, -0.2, 0.3, 0.1]];
        let names = numbers([[9.0, 9.0, 9.0, 9.0], [0.1, -0.2, 0.3, 0.1]]);
        for (words, unit) in [
            ("head.words = { size = 4 }", false),
            ("head.words = { size = 4, metric = 'cosine' }", true),
        ] {
            let model = model(words);
            let scale = ZeroShotScale {
                temperature: [(Modality::Audio, 2.0)].into(),
                reference: [(Modality::Audio, vec![0.65, -0.5, -0.1, 1.05])].into(),
            };
            let rows = scale.rows(&model, Modality::Audio, &vectors).unwrap().unwrap();
            assert_eq!(rows.unit, unit);
            let asked = scale.logits(&model, Modality::Audio, &numbers(VIEWS), &names).unwrap();
            for (row, expected) in values(asked).into_iter().enumerate() {
                let (view, class) = (VIEWS[row / 2], row % 2);
                let length = view.iter().map(|x| x * x).sum::<f32>().sqrt();
                let length = if unit { length } else { 1.0 };
                let score: f32 =
                    view.iter().zip(&rows.weights[class]).map(|(x, w)| x * w / length).sum();
                assert!((score + rows.bias[class] - expected).abs() < 1e-4, "{words}");
            }
        }
    }

    #[test]
    fn a_name_that_is_high_for_everything_gains_nothing() {
        let model = worded();
        let rows = numbers([[9.0, 9.0, 9.0, 9.0], [0.1, -0.2, 0.3, 0.1]]);
        let reference: Vec<f32> = vec![0.65, -0.5, -0.1, 1.05];
        let scale = ZeroShotScale {
            temperature: [(Modality::Text, 2.0)].into(),
            reference: [(Modality::Text, reference)].into(),
        };
        let plain = values(model.unseen(Modality::Text, &numbers(VIEWS), &rows).unwrap());
        assert!(plain[0] > plain[1] && plain[2] > plain[3], "{plain:?}");
        let centred = values(scale.logits(&model, Modality::Text, &numbers(VIEWS), &rows).unwrap());
        for name in 0..2 {
            assert!((centred[name] + centred[2 + name]).abs() < 1e-5, "mean zero: {centred:?}");
        }
        assert!((centred[0] - (plain[0] - 9.0 * 1.1) / 2.0).abs() < 1e-4, "{centred:?}");
        let none = ZeroShotScale::default();
        assert_eq!(
            values(none.logits(&model, Modality::Text, &numbers(VIEWS), &rows).unwrap()),
            plain
        );
    }

    #[test]
    fn what_does_not_fit_is_refused_with_a_sentence() {
        let rows = numbers([[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]]);
        let error = model("").unseen(Modality::Text, &numbers(VIEWS), &rows).unwrap_err();
        assert!(error.to_string().contains("head.words"), "{error}");
        let short = numbers([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]);
        assert!(worded().unseen(Modality::Text, &numbers(VIEWS), &short).is_err());
        assert!(worded().unseen(Modality::Vision, &numbers(VIEWS), &rows).is_err());
        let scale = ZeroShotScale {
            reference: [(Modality::Text, vec![1.0])].into(),
            ..ZeroShotScale::default()
        };
        assert!(scale.logits(&worded(), Modality::Text, &numbers(VIEWS), &rows).is_err());
    }
}
