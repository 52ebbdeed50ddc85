//! What stands before the layers: standardisation with training statistics, or a token table.

use burn::module::{Module, Param};
use burn::nn::{Embedding, EmbeddingConfig, Initializer};
use burn::tensor::{Device, Tensor, TensorData};

use crate::{InputConfig, Scale};

/// The first step of an encoder.
#[derive(Module, Debug)]
pub(crate) enum Entry {
    Series(Standard),
    Tokens(Embedding),
    Picture(Standard),
    Video(Standard),
}

/// Standardised values are cut at this many deviations, unless a recipe says another number: what
/// lies further out is an accident.
const FAR: u8 = 5;

/// `(x - mean) / deviation`, with statistics of the training data that no optimiser moves. They
/// stay 0 and 1 where nothing is to be done.
#[derive(Module, Debug)]
pub(crate) struct Standard {
    mean: Param<Tensor<1>>,
    deviation: Param<Tensor<1>>,
    #[module(skip)]
    scale: Scale,
    #[module(skip)]
    far: f32,
}

impl Entry {
    pub(super) fn new(input: &InputConfig, device: &Device) -> Self {
        match *input {
            InputConfig::Series { size, scale, cut } => {
                let far = f32::from(cut.unwrap_or(FAR));
                Self::Series(Standard { far, ..Standard::identity(size, scale, device) })
            }
            InputConfig::Tokens { vocabulary, size, .. } => Self::Tokens(
                EmbeddingConfig::new(vocabulary, size)
                    .with_initializer(Initializer::Normal { mean: 0.0, std: 0.1 })
                    .init(device),
            ),
            InputConfig::Picture { .. } => {
                Self::Picture(Standard::identity(1, Scale::Standard, device))
            }
            InputConfig::Video { channels, .. } => {
                Self::Video(Standard::identity(channels, Scale::Raw, device))
            }
        }
    }

    /// What is done to a series.
    pub(super) const fn scale(&self) -> Option<Scale> {
        match self {
            Self::Series(standard) => Some(standard.scale),
            _ => None,
        }
    }

    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::Series(_) => "series",
            Self::Tokens(_) => "tokens",
            Self::Picture(_) => "pictures",
            Self::Video(_) => "video",
        }
    }
}

impl Standard {
    fn identity(size: usize, scale: Scale, device: &Device) -> Self {
        Self::new(&vec![0.0; size], &vec![1.0; size], scale, device)
    }

    /// The same with statistics of the training data, one pair a feature.
    pub(crate) fn with(&self, mean: &[f32], deviation: &[f32]) -> Self {
        match self.scale {
            Scale::Raw | Scale::Face => self.clone(),
            scale => {
                let fitted = Self::new(mean, deviation, scale, &self.mean.val().device());
                Self { far: self.far, ..fitted }
            }
        }
    }

    fn new(mean: &[f32], deviation: &[f32], scale: Scale, device: &Device) -> Self {
        let fixed = |values: &[f32]| {
            let data = TensorData::new(values.to_vec(), [values.len()]);
            Param::from_tensor(Tensor::from_data(data, device)).set_require_grad(false)
        };
        Self { mean: fixed(mean), deviation: fixed(deviation), scale, far: f32::from(FAR) }
    }

    pub(super) fn size(&self) -> usize {
        self.mean.val().dims()[0]
    }

    pub(super) fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let scaled =
            |x: Tensor<3>| (x - self.mean.val().unsqueeze()) / self.deviation.val().unsqueeze();
        match self.scale {
            Scale::Cut => scaled(x).clamp(-self.far, self.far),
            Scale::Standard => scaled(x),
            Scale::Raw | Scale::Face => x,
        }
    }

    pub(super) fn forward_picture(&self, x: Tensor<4>) -> Tensor<4> {
        (x - self.mean.val().unsqueeze()) / self.deviation.val().unsqueeze()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_cut_at_five_deviations_or_as_the_recipe_says() {
        let device = Device::flex();
        for (cut, most) in [(None, 5.0), (Some(3), 3.0)] {
            let input = InputConfig::Series { size: 2, scale: Scale::Cut, cut };
            let Entry::Series(entry) = Entry::new(&input, &device) else { panic!("a series") };
            let entry = entry.with(&[1.0, 0.0], &[2.0, 1.0]);
            let x = Tensor::from_data([[[21.0, -40.0], [3.0, 0.5]]], &device);
            let values: Vec<f32> = entry.forward(x).into_data().iter().collect();
            assert_eq!(values, [most, -most, 1.0, 0.5]);
        }
    }
}
