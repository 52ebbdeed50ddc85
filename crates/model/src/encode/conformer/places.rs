//! Where the steps of a batch are, and which of them are padding.

use std::sync::Arc;

use burn::tensor::{Device, Int, Tensor, TensorData};

use crate::layers::lengths;

/// Places of the steps of one batch.
#[derive(Debug)]
pub(super) struct Places {
    /// `[t, d]` sinusoids of the places 0 to t - 1.
    pub(super) sinusoids: Tensor<2>,
    /// Of each clip the first so many steps are real.
    pub(super) lengths: Arc<[usize]>,
    /// Indices of real steps among all `b * t`; `None` where all are.
    pub(super) real: Option<Tensor<1, Int>>,
}

impl Places {
    /// `t` steps in each of `b` clips.
    pub(super) fn all(b: usize, t: usize, width: usize, device: &Device) -> Self {
        let sinusoids = sinusoids(t, width, device);
        Self { sinusoids, lengths: vec![t; b].into(), real: None }
    }

    /// # Shapes
    /// `mask` `[b, t]`.
    pub(super) fn masked(mask: &Tensor<2>, width: usize) -> Self {
        let ([b, t], device) = (mask.dims(), mask.device());
        let lengths = lengths(mask);
        let places = Self::all(b, t, width, &device);
        if lengths.iter().all(|&length| length == t) {
            return places;
        }
        let clips = lengths.iter().enumerate();
        let real =
            clips.flat_map(|(clip, &length)| (clip * t..clip * t + length).map(|i| i as i64));
        let real: Vec<i64> = real.collect();
        let count = [real.len()];
        Self {
            lengths,
            real: Some(Tensor::from_data(TensorData::new(real, count), &device)),
            ..places
        }
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
