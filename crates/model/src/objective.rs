//! What a stage minimises. An objective that finds nothing to use in a batch returns `None`.

pub mod contrast;
mod distill;
mod labels;
mod predict;

pub use distill::Distill;
pub use labels::{
    PositiveWeights, binary_cross_entropy, class_weights, concordance, concordances, cross_entropy,
    hardest, positive_weights, restrict, weighted_binary_cross_entropy,
};
pub use predict::PredictLoss;

use burn::tensor::Tensor;

use self::contrast::{Contrast, Projections};
use crate::{Batch, Model, Objectives, Result, Target, Views};

impl Objectives {
    /// The weighted sum over objectives and modalities; `None` where the batch offers nothing.
    /// `positives` are the weights of a yes that balanced label losses use.
    ///
    /// # Errors
    /// Those of [`Model::logits`] and [`Model::view`].
    pub fn loss(
        &self,
        model: &Model,
        views: &Views,
        batch: &Batch,
        positives: &PositiveWeights,
    ) -> Result<Option<Tensor<1>>> {
        let mut terms = Vec::new();
        if let Some(labels) = &self.labels {
            terms.extend(labels.terms(model, views, batch, positives)?);
        }
        if let Some(contrast) = &self.contrast {
            terms.extend(contrast.term(model, views, batch));
        }
        if let Some(predict) = &self.predict {
            terms.extend(predict.terms(model, views, batch)?);
        }
        if let Some(distill) = &self.distill {
            terms.extend(distill.terms(model, views, batch)?);
        }
        Ok(terms.into_iter().reduce(|sum, term| sum + term))
    }
}

impl Contrast {
    /// The contrast over the projections of all modalities that are present, weighted.
    fn term(&self, model: &Model, views: &Views, batch: &Batch) -> Option<Tensor<1>> {
        let modalities: Vec<Projections> = views
            .each
            .iter()
            .filter_map(|(modality, view)| {
                let second = views.second.as_ref().and_then(|views| views.get(modality));
                Some(Projections {
                    first: model.projection(modality, view)?,
                    second: match second {
                        Some(view) => Some(model.projection(modality, view)?),
                        None => None,
                    },
                })
            })
            .collect();
        let target = batch.targets.first().map_or(&Target::None, |(_, target)| target);
        Some(self.loss(&modalities, target)? * self.weight)
    }
}

impl PredictLoss {
    /// One term a modality that is present, over both looks.
    fn terms(self, model: &Model, views: &Views, batch: &Batch) -> Result<Vec<Tensor<1>>> {
        let looks = [
            (Some(&views.each), Some(&batch.inputs)),
            (views.second.as_ref(), batch.second.as_ref()),
        ];
        let mut terms = Vec::new();
        for (modality, _) in views.each.iter() {
            let mut pairs = Vec::new();
            for (views, inputs) in looks {
                let (Some(views), Some(inputs)) = (views, inputs) else { continue };
                let (Some(view), Some(input)) = (views.get(modality), inputs.get(modality)) else {
                    continue;
                };
                pairs.extend(model.guess(modality, view, input)?);
            }
            let (guesses, targets): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
            if !guesses.is_empty() {
                terms.extend(self.term(Tensor::cat(guesses, 0), Tensor::cat(targets, 0)));
            }
        }
        Ok(terms)
    }
}
