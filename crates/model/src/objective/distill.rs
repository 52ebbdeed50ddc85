//! Learn what other models say (Hinton et al. 2015): their answers to every label set of theirs,
//! whatever corpus a clip is of.

use std::path::PathBuf;

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::labels::PositiveWeights;
use crate::{Batch, LabelLoss, Model, On, Reduce, Result, Views};

/// Cross-entropy, binary cross-entropy or one minus concordance with the mean answer of the
/// teachers, chosen by the label set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Distill {
    /// Checkpoints, trained on the same corpora: what they answer to a training clip as it is,
    /// each modality alone, is averaged.
    pub teachers: Vec<PathBuf>,
    /// Factor on it.
    #[serde(default = "one")]
    pub weight: f32,
    /// Whose answers are compared.
    #[serde(default)]
    pub on: On,
}

const fn one() -> f32 {
    1.0
}

impl Distill {
    /// One term a label set that the teachers spoke of and a modality that is present.
    pub(super) fn terms(
        &self,
        model: &Model,
        views: &Views,
        batch: &Batch,
    ) -> Result<Vec<Tensor<1>>> {
        let labels = LabelLoss {
            on: self.on,
            weight: self.weight,
            binary: Reduce::Sum,
            ..LabelLoss::default()
        };
        labels.compared(model, views, &batch.taught, &PositiveWeights::new())
    }
}
