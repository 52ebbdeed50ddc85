//! Recordings made worse on purpose, to see what a model makes of them.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::video::GrayImage;

/// A way in which a recording gets worse. What chance decides follows from the number of the
/// sample or picture, so that the same clip gets worse in the same way again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Degradation {
    /// White Gaussian noise in the sound, so many decibels below its mean power.
    Noise {
        /// Signal-to-noise ratio in dB.
        ratio: f32,
    },
    /// Gaussian blur of the pictures.
    Blur {
        /// Standard deviation as a share of the shorter side.
        spread: f32,
    },
    /// Pictures that are missing, as on a bad line.
    Dropped {
        /// Share of the pictures.
        share: f32,
    },
}

/// White noise of a constant level.
pub(crate) struct Noise {
    level: f32,
    random: ChaCha8Rng,
}

impl Noise {
    /// Noise `ratio` dB below samples whose squares have the mean `power`.
    pub(crate) fn below(power: f64, ratio: f32) -> Self {
        let level = (power * 10_f64.powf(f64::from(-ratio) / 10.0)).sqrt() as f32;
        Self { level, random: ChaCha8Rng::seed_from_u64(0) }
    }

    pub(crate) fn add(&mut self, samples: &mut [f32]) {
        for sample in samples {
            // Box and Muller 1958.
            let (u, v) = (1.0 - self.random.random::<f32>(), self.random.random::<f32>());
            *sample += self.level * (-2.0 * u.ln()).sqrt() * (std::f32::consts::TAU * v).cos();
        }
    }
}

/// Whether the picture of this number is missing.
pub(crate) fn is_dropped(number: u64, share: f32) -> bool {
    ChaCha8Rng::seed_from_u64(number).random::<f32>() < share
}

/// A picture with each pixel the Gaussian mean of those around it; the border is repeated.
/// `spread` is a share of the shorter side.
pub(crate) fn blurred(picture: &GrayImage, spread: f32) -> GrayImage {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let deviation = spread * width.min(height) as f32;
    if deviation <= 0.0 {
        return picture.clone();
    }
    let reach = (3.0 * deviation).ceil() as usize;
    let bell: Vec<f32> = (0..=2 * reach)
        .map(|i| (-0.5 * ((i as f32 - reach as f32) / deviation).powi(2)).exp())
        .collect();
    let total: f32 = bell.iter().sum();
    let place = |at: usize, i: usize, length: usize| (at + i).saturating_sub(reach).min(length - 1);
    let mut rows = Vec::with_capacity(width * height);
    for row in picture.pixels().chunks_exact(width) {
        rows.extend((0..width).map(|x| {
            let near = bell.iter().enumerate();
            near.map(|(i, w)| w * f32::from(row[place(x, i, width)])).sum::<f32>() / total
        }));
    }
    let mut pixels = Vec::with_capacity(rows.len());
    for y in 0..height {
        pixels.extend((0..width).map(|x| {
            let near = bell.iter().enumerate();
            let sum: f32 = near.map(|(i, w)| w * rows[place(y, i, height) * width + x]).sum();
            (sum / total).round() as u8
        }));
    }
    GrayImage::new(picture.width(), picture.height(), pixels).unwrap_or_else(|| picture.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_lies_as_far_below_the_sound_as_asked_for() {
        let mut silence = vec![0.0; 64_000];
        Noise::below(0.04, 10.0).add(&mut silence);
        let power: f32 = silence.iter().map(|x| x * x).sum::<f32>() / silence.len() as f32;
        assert!((power - 0.004).abs() < 1e-4, "{power}");
    }

    #[test]
    fn a_blur_spreads_a_point_and_keeps_a_plain() {
        let mut pixels = vec![0; 48 * 48];
        pixels[24 * 48 + 24] = 255;
        let point = blurred(&GrayImage::new(48, 48, pixels).unwrap(), 1.0 / 48.0);
        // A Gaussian of one pixel has its top at 1 / (2 pi).
        assert_eq!(point.nearest(24, 24), [(255.0_f32 / std::f32::consts::TAU).round() as u8]);
        assert_eq!(point.nearest(23, 24), point.nearest(24, 25));
        let plain = GrayImage::new(5, 9, vec![77; 45]).unwrap();
        assert_eq!(blurred(&plain, 0.2), plain);
    }

    #[test]
    fn about_the_share_asked_for_is_dropped_and_always_the_same() {
        let dropped = || (0..1000).filter(|i| is_dropped(*i, 0.5)).count();
        assert!((450..550).contains(&dropped()));
        assert_eq!(dropped(), dropped());
    }
}
