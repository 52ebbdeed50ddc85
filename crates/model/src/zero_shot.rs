//! Scores of names that a model may never have met, made comparable.
//!
//! Two things speak for a name: the row that its word is mapped to (Dai et al. 2020), and the rows of
//! the classes that the model learned, as far as they mean the same. Each is scaled so that its
//! scores vary as much over the training clips, and what counts is how much more a clip scores than
//! the mean clip does, for a name whose vector lies in a common direction scores high for every clip:
//!
//! ```text
//! row_c = word_c / sd(word_c . view) + kin_c / sd(kin_c . view)
//! z_c   = row_c . (view - mean view) / temperature
//! ```
//!
//! and the probabilities over the names are the softmax of `z`. A checkpoint that does not know how
//! its views vary goes by the words alone. Of a text, the words that it is made of speak beside them
//! ([`Lexical`]).

mod kin;
mod lexical;
mod spread;

use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor, TensorData};
use limbic_media::Modality;
use serde::{Deserialize, Serialize};

pub use self::lexical::Lexical;
use self::spread::Spread;
pub use self::spread::covariance;
use crate::words::{listed, products};
use crate::{Error, Model, Result, Rows};

/// What makes scores of names comparable; fitted with a model and kept in its checkpoint.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ZeroShotScale {
    /// Softmax temperature of each modality's scores; 1 where there is none.
    pub temperature: BTreeMap<Modality, f32>,
    /// The mean view over training clips, `[width]`; without one nothing is subtracted.
    pub reference: BTreeMap<Modality, Vec<f32>>,
    /// How views vary over training clips: their covariance, `[width, width]` row by row. A tensor of
    /// the checkpoint.
    #[serde(skip)]
    pub spread: BTreeMap<Modality, Vec<f32>>,
    /// How the words of texts vary, where the model reads texts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lexical: Option<Lexical>,
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
        if let Some(rows) = self.both(model, modality, &listed(rows.clone()))? {
            let weights = kin::matrix(&rows.weights);
            let bias = TensorData::new(rows.bias, [1, rows.weights.len()]);
            return Ok(products(view.clone(), weights) + Tensor::from_data(bias, &view.device()));
        }
        let mut scores = model.unseen(modality, view, rows)?;
        if let Some(reference) = self.reference(modality, view.dims()[1])? {
            let mean = TensorData::new(reference.to_vec(), [1, reference.len()]);
            scores =
                scores - model.unseen(modality, &Tensor::from_data(mean, &view.device()), rows)?;
        }
        Ok(scores / self.usable(modality))
    }

    /// What the words of texts say of names, to be added to [`ZeroShotScale::logits`] of the same
    /// texts; `None` where it is not known how words vary.
    ///
    /// # Shapes
    /// `sentences` `[b][size]`, `None` where no word is known; `names` `[k][size]` -> `[b][k]`.
    pub fn lexical(
        &self,
        modality: Modality,
        sentences: &[Option<Vec<f32>>],
        names: &[Vec<f32>],
    ) -> Option<Vec<Vec<f32>>> {
        let mut scores = self.lexical.as_ref()?.scores(sentences, names);
        let scale = self.usable(modality);
        scores.iter_mut().flatten().for_each(|score| *score /= scale);
        Some(scores)
    }

    /// [`ZeroShotScale::logits`] as rows of a label set: what they score is what it says.
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
        if let Some(rows) = self.both(model, modality, vectors)? {
            return Ok(Some(rows));
        }
        let Some(mut rows) = model.named_rows(modality, vectors)? else { return Ok(None) };
        let Some(width) = rows.weights.first().map(Vec::len) else { return Ok(Some(rows)) };
        // At a view of zeros nothing is left but the reference.
        let origin = Tensor::zeros([1, width], &Device::flex());
        let bias = self.logits(model, modality, &origin, &kin::matrix(vectors))?;
        rows.bias = bias.into_data().iter().collect();
        let scale = self.usable(modality);
        rows.weights.iter_mut().flatten().for_each(|weight| *weight /= scale);
        Ok(Some(rows))
    }

    /// Rows of words and of kin together; `None` where nothing is known of how views vary, or where
    /// views are compared at length one.
    fn both(
        &self,
        model: &Model,
        modality: Modality,
        vectors: &[Vec<f32>],
    ) -> Result<Option<Rows>> {
        let Some(covariance) = self.spread.get(&modality) else { return Ok(None) };
        let Some(rows) = model.named_rows(modality, vectors)?.filter(|rows| !rows.unit) else {
            return Ok(None);
        };
        let Some(width) = rows.weights.first().map(Vec::len) else { return Ok(Some(rows)) };
        if covariance.len() != width * width {
            return Err(Error::Checkpoint {
                name: "zero-shot.spread".to_owned(),
                reason: format!("the {modality} view has {width} numbers, which is not its side"),
            });
        }
        let spread = Spread { covariance, width };
        let kin = kin::rows(model, modality, vectors, &spread)?;
        let reference = self.reference(modality, width)?;
        let scale = f64::from(self.usable(modality));
        let (mut weights, mut bias) = (Vec::new(), Vec::new());
        for (word, kin) in rows.weights.iter().zip(kin) {
            let word = spread.even(word.iter().copied().map(f64::from).collect());
            let word = word.unwrap_or_else(|| vec![0.0; width]);
            let row: Vec<f64> = word.iter().zip(kin).map(|(w, k)| (w + k) / scale).collect();
            let mean = reference.iter().flat_map(|mean| mean.iter().zip(&row));
            bias.push(-mean.map(|(m, x)| f64::from(*m) * x).sum::<f64>() as f32);
            weights.push(row.into_iter().map(|x| x as f32).collect());
        }
        Ok(Some(Rows { weights, bias, unit: false }))
    }

    /// The mean view, which has to be of this `width`.
    fn reference(&self, modality: Modality, width: usize) -> Result<Option<&[f32]>> {
        match self.reference.get(&modality) {
            Some(mean) if mean.len() != width => Err(Error::Checkpoint {
                name: "zero_shot.reference".to_owned(),
                reason: format!("the {modality} view has {width} numbers, its mean {}", mean.len()),
            }),
            found => Ok(found.map(Vec::as_slice)),
        }
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
                ..ZeroShotScale::default()
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

    /// A model of two classes with opposite words, whose learned rows say what their words do not.
    fn kin() -> (Model, ZeroShotScale) {
        let words = "head.words = { size = 4, offset = { drop = 0.0 } }";
        let rows: Vec<Vec<f32>> = (0..8)
            .map(|_| vec![0.0; 4])
            .chain([vec![1.0, 0.0, 0.0, 0.0], vec![-1.0, 0.0, 0.0, 0.0]])
            .collect();
        let model = model(words).with_class_vectors(&rows).unwrap();
        let eye = (0..16).map(|i| if i % 5 == 0 { 1.0 } else { 0.0 }).collect();
        let scale = ZeroShotScale {
            reference: [(Modality::Text, vec![0.5; 4])].into(),
            spread: [(Modality::Text, eye)].into(),
            ..ZeroShotScale::default()
        };
        (model, scale)
    }

    #[test]
    fn a_name_leans_on_the_class_that_means_the_same() {
        let (model, scale) = kin();
        let vectors = [vec![0.9, 0.1, 0.0, 0.0], vec![-0.8, 0.0, 0.2, 0.0]];
        let asked = numbers([[0.9, 0.1, 0.0, 0.0], [-0.8, 0.0, 0.2, 0.0]]);
        let rows = scale.rows(&model, Modality::Text, &vectors).unwrap().unwrap();
        let said = values(scale.logits(&model, Modality::Text, &numbers(VIEWS), &asked).unwrap());
        let own = values(model.logits(Modality::Text, &numbers(VIEWS), "set").unwrap());
        let centre = values(model.logits(Modality::Text, &numbers([[0.5; 4]; 2]), "set").unwrap());
        // Words alone, at a deviation of one.
        let mapped = model.named_rows(Modality::Text, &vectors).unwrap().unwrap();
        for (view, name) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            let from: Vec<f32> = VIEWS[view].iter().map(|x| x - 0.5).collect();
            let along = |row: &[f32]| row.iter().zip(&from).map(|(w, x)| w * x).sum::<f32>();
            let length = |row: &[f32]| row.iter().map(|w| w * w).sum::<f32>().sqrt();
            assert!((along(&rows.weights[name]) - said[2 * view + name]).abs() < 1e-4);
            let word = along(&mapped.weights[name]) / length(&mapped.weights[name]);
            // Two classes are one direction: what speaks for one speaks against the other.
            let gap = |z: &[f32], view: usize| z[2 * view] - z[2 * view + 1];
            let kin = said[2 * view + name] - word;
            let expected = (gap(&own, view) - gap(&centre, view)) * [1.0, -1.0][name];
            assert!(kin * expected > 0.0, "{view} {name}: {kin} {expected}");
        }
    }

    #[test]
    fn the_length_of_a_word_vector_says_nothing_where_all_have_length_one() {
        let short = [vec![0.9, 0.1, 0.0, 0.2], vec![-0.8, 0.0, 0.2, 0.0]];
        let long: Vec<Vec<f32>> =
            short.iter().map(|row| row.iter().map(|x| 7.0 * x).collect()).collect();
        for (words, same) in
            [("head.words = { size = 4, unit = true }", true), ("head.words = { size = 4 }", false)]
        {
            let model = model(words);
            let rows = |vectors| model.named_rows(Modality::Text, vectors).unwrap().unwrap();
            let (one, other) = (rows(&short), rows(&long));
            let gap = one.weights.concat().into_iter().zip(other.weights.concat());
            assert_eq!(gap.clone().all(|(a, b)| (a - b).abs() < 1e-5), same, "{words}");
            let set = |vectors: &[Vec<f32>]| {
                let rows = [&vec![vec![0.0; 4]; 8][..], vectors].concat();
                let model = model.clone().with_class_vectors(&rows).unwrap();
                values(model.logits(Modality::Text, &numbers(VIEWS), "set").unwrap())
            };
            let gap = set(&short).into_iter().zip(set(&long));
            assert_eq!(gap.into_iter().all(|(a, b)| (a - b).abs() < 1e-5), same, "{words}");
        }
    }

    #[test]
    fn a_spread_of_another_width_is_refused() {
        let (model, mut scale) = kin();
        scale.spread.insert(Modality::Text, vec![1.0; 9]);
        let error = scale.rows(&model, Modality::Text, &[vec![1.0; 4]]).unwrap_err().to_string();
        assert!(error.contains("zero-shot.spread") && error.contains('4'), "{error}");
    }

    #[test]
    fn a_name_that_is_high_for_everything_gains_nothing() {
        let model = worded();
        let rows = numbers([[9.0, 9.0, 9.0, 9.0], [0.1, -0.2, 0.3, 0.1]]);
        let reference: Vec<f32> = vec![0.65, -0.5, -0.1, 1.05];
        let scale = ZeroShotScale {
            temperature: [(Modality::Text, 2.0)].into(),
            reference: [(Modality::Text, reference)].into(),
            ..ZeroShotScale::default()
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
