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

#[cfg(test)]
mod tests {
    use super::*;

    fn fusion(weights: &[f32]) -> LateFusion {
        let modalities = [Modality::Text, Modality::Audio, Modality::Vision];
        let device = Device::flex();
        LateFusion {
            weights: Param::from_tensor(Tensor::from_data(weights, &device)),
            ..LateFusion::new(&modalities[..weights.len()], &device)
        }
    }

    fn fused(weights: &[f32], scores: &[(Modality, f32)]) -> f32 {
        let one = |score: f32| Tensor::<2>::from_data([[score]], &Device::flex());
        let scores = scores.iter().map(|(m, score)| (*m, one(*score))).collect();
        fusion(weights).forward(&scores).unwrap().into_scalar::<f32>()
    }

    #[test]
    fn an_absent_modality_leaves_a_weighted_mean_of_the_others() {
        let (text, audio, vision) =
            ((Modality::Text, 1.0), (Modality::Audio, 3.0), (Modality::Vision, 5.0));
        let weights = [0.6, 0.2, 0.1];
        assert!((fused(&weights, &[text, audio, vision]) - 1.7).abs() < 1e-6);
        assert!((fused(&weights, &[text, audio]) - 1.5).abs() < 1e-6);
        assert_eq!(fused(&weights, &[vision]), 5.0);
        // Weights that cancel out do not blow the scores up.
        assert!((fused(&[0.5, -0.5, 0.1], &[text, audio]) + 1.0).abs() < 1e-6);
    }

    #[test]
    fn a_modality_without_weight_is_refused() {
        let scores = std::iter::once((Modality::Body, Tensor::zeros([1, 1], &Device::flex())));
        assert!(fusion(&[0.5, 0.5]).forward(&scores.collect()).is_err());
        assert!(fusion(&[0.5, 0.5]).forward(&PerModality::none()).is_err());
    }
}
