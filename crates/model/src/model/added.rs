//! Label sets that a trained model was given afterwards, beside those of its recipe.
//!
//! Rows of their own stand on the views of a branch, so that nothing else of it changes: what it
//! answered before, it answers to the last bit.

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Tensor, TensorData};
use limbic_corpus::LabelSet;
use limbic_media::Modality;
use serde::{Deserialize, Serialize};

use super::{Branch, Model};
use crate::words::{listed, unit};
use crate::{Error, Metric, Result};

/// `logit_c = <u, e_c> + b_c`, where `u` is the view, or the view at length one.
#[derive(Module, Debug)]
pub struct AddedRows {
    rows: Linear,
    #[module(skip)]
    unit: bool,
}

/// A label set that was added to a branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddedSet {
    /// Its name and classes.
    pub set: LabelSet,
    /// Whether its rows are compared with the view at length one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unit: bool,
}

/// The rows of an added label set, a class after the other.
#[derive(Debug, Clone, PartialEq)]
pub struct Rows {
    /// A vector a class, each as long as the view.
    pub weights: Vec<Vec<f32>>,
    /// A number a class.
    pub bias: Vec<f32>,
    /// Whether they are compared with the view at length one.
    pub unit: bool,
}

impl AddedRows {
    fn new(width: usize, classes: usize, unit: bool, device: &Device) -> Self {
        Self { rows: LinearConfig::new(width, classes).init(device), unit }
    }

    /// # Shapes
    /// `[b, width]` -> `[b, classes]`.
    pub(super) fn forward(&self, view: Tensor<2>) -> Tensor<2> {
        self.rows.forward(if self.unit { unit(view) } else { view })
    }
}

impl Branch {
    /// The label sets that were added to it, in order.
    pub fn added(&self) -> Vec<AddedSet> {
        let sets = self.sets[self.trained()..].iter().cloned();
        sets.zip(&self.added).map(|(set, rows)| AddedSet { set, unit: rows.unit }).collect()
    }

    /// How many of its label sets are those of its recipe.
    pub(super) fn trained(&self) -> usize {
        self.sets.len() - self.added.len()
    }

    /// The label sets of its recipe, the shared one first.
    pub fn trained_sets(&self) -> &[LabelSet] {
        &self.sets[..self.trained()]
    }

    /// Adds a label set with fresh rows.
    fn add(&mut self, added: &AddedSet, width: usize, device: &Device) {
        let classes = added.set.classes.len();
        self.added.push(AddedRows::new(width, classes, added.unit, device));
        self.sets.push(added.set.clone());
    }
}

impl Model {
    /// Gives a branch one more label set, with fresh rows on views of `width`.
    ///
    /// # Errors
    /// [`Error::NoEncoder`] where there is no such branch, [`Error::Key`] where it has a set of
    /// that name.
    pub fn with_set(
        mut self,
        modality: Modality,
        added: &AddedSet,
        width: usize,
        device: &Device,
    ) -> Result<Self> {
        let branch = self.branch_mut(modality).ok_or(Error::NoEncoder(modality))?;
        if branch.sets.iter().any(|set| set.name == added.set.name) {
            return Err(Error::Key {
                key: "set".to_owned(),
                reason: format!(
                    "the {modality} branch has a label set `{}`; give the new one another name",
                    added.set.name
                ),
            });
        }
        branch.add(added, width, device);
        Ok(self)
    }

    /// Gives a branch one more label set with these rows.
    ///
    /// # Errors
    /// Those of [`with_set`](Self::with_set), and [`Error::Key`] where there is not a row and a
    /// bias for each class.
    pub fn with_added(
        self,
        modality: Modality,
        set: &LabelSet,
        rows: &Rows,
        device: &Device,
    ) -> Result<Self> {
        let (classes, width) = (set.classes.len(), rows.weights.first().map_or(0, Vec::len));
        let even = rows.weights.iter().all(|row| row.len() == width);
        if rows.weights.len() != classes || rows.bias.len() != classes || !even || width == 0 {
            return Err(Error::Key {
                key: "rows".to_owned(),
                reason: format!("are {} for {classes} classes", rows.weights.len()),
            });
        }
        let added = AddedSet { set: set.clone(), unit: rows.unit };
        let mut model = self.with_set(modality, &added, width, device)?;
        if let Some(last) = model.branch_mut(modality).and_then(|branch| branch.added.last_mut()) {
            // A linear layer keeps its weight the other way round.
            let turned: Vec<f32> =
                (0..width).flat_map(|i| rows.weights.iter().map(move |row| row[i])).collect();
            let weight = Tensor::from_data(TensorData::new(turned, [width, classes]), device);
            let bias = Tensor::from_data(TensorData::new(rows.bias.clone(), [classes]), device);
            last.rows.weight = burn::module::Param::from_tensor(weight);
            last.rows.bias = Some(burn::module::Param::from_tensor(bias));
        }
        Ok(model)
    }

    /// The same model without an added label set, in any branch.
    #[must_use]
    pub fn without_added(mut self, set: &str) -> Self {
        for branch in self.branches_mut() {
            let trained = branch.trained();
            let place = branch.sets[trained..].iter().position(|own| own.name == set);
            if let Some(place) = place {
                branch.sets.remove(trained + place);
                branch.added.remove(place);
            }
        }
        self
    }

    /// The word vectors of the classes of a label set that was trained; `None` where its rows are
    /// not words.
    pub(crate) fn class_vectors(&self, modality: Modality, set: &str) -> Option<Vec<Vec<f32>>> {
        let (words, branch) = (self.words.as_ref()?, self.branch(modality)?);
        let place = branch.trained_sets().iter().position(|own| own.name == set)?;
        let before = branch.sets[..place].iter().map(|own| own.classes.len()).sum();
        Some(words.vectors(before, branch.sets[place].classes.len()))
    }

    /// Word vectors as a modality sees them, and whether views are compared with them at length
    /// one: the rows of a label set that needs no training (Dai et al. 2020, section 4). `None`
    /// where the rows of the model are not words.
    ///
    /// # Errors
    /// [`Error::Key`] where a vector is not of the recipe's size, [`Error::NoEncoder`] where the
    /// model has no such modality.
    pub fn named_rows(&self, modality: Modality, vectors: &[Vec<f32>]) -> Result<Option<Rows>> {
        let Some(words) = &self.words else { return Ok(None) };
        let words = words.clone().with_rows(vectors)?;
        let metric = words.metric();
        let rows = match metric {
            Metric::Dot => words.rows(modality)?,
            Metric::Cosine => unit(words.rows(modality)?),
        };
        Ok(Some(Rows {
            weights: listed(rows),
            bias: vec![0.0; vectors.len()],
            unit: metric == Metric::Cosine,
        }))
    }
}
