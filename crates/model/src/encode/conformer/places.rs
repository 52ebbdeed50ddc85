//! Where the steps of a batch are, and which of them are padding.

use burn::tensor::{Device, Int, Tensor, TensorData};

/// What is added to the score of a step that is not there.
const NEVER: f64 = -1e9;

/// Places of the steps of one batch.
#[derive(Debug)]
pub(super) struct Places {
    /// `[t, d]` sinusoids of the places 0 to t - 1.
    pub(super) sinusoids: Tensor<2>,
    /// What is padding; `None` where nothing is.
    pub(super) padding: Option<Padding>,
}

/// The padding of a batch.
#[derive(Debug)]
pub(super) struct Padding {
    /// `[b, t, 1]`: 1 for a step, 0 for padding.
    pub(super) mask: Tensor<3>,
    /// `[b, 1, 1, t]` to be added to scores: 0 for a step, a large negative number for padding.
    pub(super) keys: Tensor<4>,
    /// `[b * t]` places, moved so that a clip's last step stands at the end of the batch's.
    pub(super) moved: Tensor<1, Int>,
    /// Indices of real steps among all `b * t`.
    pub(super) real: Tensor<1, Int>,
}

impl Places {
    /// `t` steps in every clip.
    pub(super) fn all(t: usize, width: usize, device: &Device) -> Self {
        Self { sinusoids: sinusoids(t, width, device), padding: None }
    }

    /// # Shapes
    /// `mask` `[b, t]`.
    pub(super) fn masked(mask: &Tensor<2>, width: usize) -> Self {
        let ([b, t], device) = (mask.dims(), mask.device());
        let counts: Vec<f32> = mask.clone().into_data().iter().collect();
        let mut places = Self::all(t, width, &device);
        if counts.iter().all(|&count| count > 0.0) {
            return places;
        }
        let missing = |clip: &[f32]| clip.iter().filter(|&&count| count == 0.0).count();
        let moved = counts.chunks(t).flat_map(|clip| {
            let back = missing(clip);
            (0..t).map(move |place| place.saturating_sub(back) as i64)
        });
        let real = (0..b * t).filter(|&index| counts[index] > 0.0).map(|index| index as i64);
        let indices = |values: Vec<i64>| {
            let length = [values.len()];
            Tensor::from_data(TensorData::new(values, length), &device)
        };
        places.padding = Some(Padding {
            mask: mask.clone().unsqueeze_dim(2),
            keys: ((mask.clone() - 1.0) * -NEVER).reshape([b, 1, 1, t]),
            moved: indices(moved.collect()),
            real: indices(real.collect()),
        });
        places
    }
}

/// Sine at even and cosine at odd channels `c` of `place / 10000^(2 floor(c / 2) / width)`
/// (Vaswani et al. 2017, section 3.5).
///
/// # Shapes
/// `[t, width]`.
pub(super) fn sinusoids(t: usize, width: usize, device: &Device) -> Tensor<2> {
    let rates: Vec<f64> = (0..width)
        .map(|channel| 10_000f64.powf(-((channel / 2 * 2) as f64) / width as f64))
        .collect();
    let wave = |place: usize, channel: usize| {
        let angle = place as f64 * rates[channel];
        (if channel.is_multiple_of(2) { angle.sin() } else { angle.cos() }) as f32
    };
    let values = (0..t * width).map(|i| wave(i / width, i % width)).collect::<Vec<f32>>();
    Tensor::from_data(TensorData::new(values, [t, width]), device)
}
