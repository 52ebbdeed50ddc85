//! What a stage minimises. An objective that finds nothing to use in a batch returns `None`.

#[cfg_attr(not(test), expect(dead_code, reason = "wired by the recipe next"))]
pub(crate) mod contrast;
mod labels;
mod predict;

pub use labels::{
    binary_cross_entropy, concordance, concordances, cross_entropy, hardest, positive_weights,
    restrict, weighted_binary_cross_entropy,
};
pub use predict::PredictLoss;

use burn::tensor::Tensor;

use crate::{Batch, Model, Objectives, Result, Views};

impl Objectives {
    /// The weighted sum over objectives and modalities; `None` where the batch offers nothing.
    ///
    /// # Errors
    /// Those of [`Model::logits`].
    pub fn loss(&self, model: &Model, views: &Views, batch: &Batch) -> Result<Option<Tensor<1>>> {
        let mut total: Option<Tensor<1>> = None;
        if let Some(labels) = &self.labels {
            for term in labels.terms(model, views, batch)? {
                total = Some(total.map_or_else(|| term.clone(), |sum| sum + term.clone()));
            }
        }
        Ok(total)
    }
}
