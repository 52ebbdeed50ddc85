//! Scores of several modalities become one score.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData};
use limbic_media::{Modality, PerModality};

use crate::{Error, Origin, Result};

/// A weighted sum of the modalities' scores. The weights are free numbers: no softmax holds them,
/// and they begin at one over the number of modalities (Dai et al. 2020).
#[derive(Module, Debug)]
pub(crate) struct LateFusion {
    weights: Param<Tensor<1>>,
    #[module(skip)]
    modalities: Vec<Modality>,
}

impl LateFusion {
    /// Even weights for `modalities`, in storage order.
    pub(crate) fn new(modalities: &[Modality], device: &Device) -> Self {
        let modalities: Vec<Modality> =
            Modality::ALL.into_iter().filter(|m| modalities.contains(m)).collect();
        let count = modalities.len();
        let even = TensorData::new(vec![1.0 / count as f32; count], [count]);
        Self { weights: Param::from_tensor(Tensor::from_data(even, device)), modalities }
    }

    /// The weighted sum over the modalities that are present. Where some are absent, the weights
    /// of the others are divided by the sum of their absolute values; a modality that is alone
    /// keeps its scores as they are.
    ///
    /// # Shapes
    /// `[b, classes]` each -> `[b, classes]`.
    ///
    /// # Errors
    /// [`Error::NoEncoder`] for a modality without weight, or where there is none at all.
    pub(crate) fn forward(&self, scores: &PerModality<Tensor<2>>) -> Result<Tensor<2>> {
        if let Some((stranger, _)) = scores.iter().find(|(m, _)| !self.modalities.contains(m)) {
            return Err(Error::NoEncoder(stranger));
        }
        let weights = self.weights.val();
        let present: Vec<(Tensor<2>, Tensor<1>)> = self
            .modalities
            .iter()
            .enumerate()
            .filter_map(|(i, m)| Some((scores.get(*m)?.clone(), weights.clone().narrow(0, i, 1))))
            .collect();
        if let [(alone, _)] = &present[..] {
            return Ok(alone.clone());
        }
        let whole = (present.len() < self.modalities.len())
            .then(|| present.iter().map(|(_, w)| w.clone().abs()).reduce(|sum, w| sum + w));
        let sum = present.into_iter().map(|(score, w)| score * w.unsqueeze()).reduce(|a, b| a + b);
        let sum = sum.ok_or_else(|| {
            Error::NoEncoder(self.modalities.first().copied().unwrap_or(Modality::Text))
        })?;
        Ok(match whole.flatten() {
            // The floor keeps weights that cancelled out from blowing the scores up.
            Some(whole) => sum / whole.clamp_min(1e-6).unsqueeze(),
            None => sum,
        })
    }
}

/// Where a weight lies in the model of Dai et al. 2020.
pub(crate) fn origin(path: &str) -> Option<Origin> {
    (path == "weights").then(|| Origin::same("modality_weights.weight"))
}
