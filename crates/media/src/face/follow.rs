//! Following a face from frame to frame by normalised cross-correlation (Lewis 1995).

use super::Square;
use crate::video::GrayImage;

/// A face is compared at this many pixels a side.
const SIDE: usize = 24;

/// The neighbourhood searched, in sides of the face: half a side each way.
const REACH: usize = 2;

/// Changes of size tried from one frame to the next.
const SCALES: [f32; 3] = [1.0, 0.94, 1.06];

/// How a face looks: [`SIDE`]² values of mean zero and norm one.
#[derive(Debug, Clone)]
pub(super) struct Template(Vec<f32>);

impl Template {
    /// The look of `region` of a picture.
    pub(super) fn cut(picture: &GrayImage, region: Square) -> Self {
        let (x, y) = region.centre();
        let cut = picture.square(x.into(), y.into(), region.side.into(), SIDE as u32);
        Self::normalised(cut.pixels().iter().map(|&pixel| f32::from(pixel)).collect())
    }

    fn normalised(mut values: Vec<f32>) -> Self {
        let mean = values.iter().sum::<f32>() / values.len() as f32;
        for value in &mut values {
            *value -= mean;
        }
        let norm = values.iter().map(|value| value * value).sum::<f32>().sqrt().max(1e-3);
        for value in &mut values {
            *value /= norm;
        }
        Self(values)
    }

    /// Correlation with another look, -1 to 1.
    pub(super) fn likeness(&self, other: &Self) -> f32 {
        self.0.iter().zip(&other.0).map(|(a, b)| a * b).sum()
    }

    /// Moves a little towards a newer look.
    pub(super) fn adapt(&mut self, newer: &Self, share: f32) {
        let mixed = self.0.iter().zip(&newer.0).map(|(old, new)| old + share * (new - old));
        *self = Self::normalised(mixed.collect());
    }

    /// Where near `region` the picture looks most like this, and how much, -1 to 1.
    pub(super) fn find(&self, picture: &GrayImage, region: Square) -> (Square, f32) {
        let window = Window::cut(picture, region);
        let coarse = (0..=SIDE).step_by(2).flat_map(|y| (0..=SIDE).step_by(2).map(move |x| (x, y)));
        let (place, _) = self.best(&window, coarse);
        let mut best = (region, f32::NEG_INFINITY);
        for scale in SCALES {
            let region = Square::around(region.centre(), region.side * scale);
            let window = Window::cut(picture, region);
            let near = |at: usize| at.saturating_sub(1)..=(at + 1).min(SIDE);
            let places = near(place.1).flat_map(|y| near(place.0).map(move |x| (x, y)));
            let ((x, y), likeness) = self.best(&window, places);
            if likeness > best.1 {
                let step = region.side / SIDE as f32;
                let shift = |at: usize| (at as f32 - SIDE as f32 / 2.0) * step;
                let (left, top) = (region.left + shift(x), region.top + shift(y));
                best = (Square { left, top, side: region.side }, likeness);
            }
        }
        best
    }

    fn best(
        &self,
        window: &Window,
        places: impl Iterator<Item = (usize, usize)>,
    ) -> ((usize, usize), f32) {
        places
            .map(|place| (place, window.correlation(self, place)))
            .max_by(|a, b| a.1.total_cmp(&b.1))
            .unwrap_or(((SIDE / 2, SIDE / 2), f32::NEG_INFINITY))
    }
}

/// The neighbourhood of a face, so scaled that the face fills [`SIDE`] pixels.
struct Window(Vec<f32>);

impl Window {
    fn cut(picture: &GrayImage, region: Square) -> Self {
        let (x, y) = region.centre();
        let side = f64::from(region.side) * REACH as f64;
        let cut = picture.square(x.into(), y.into(), side, (REACH * SIDE) as u32);
        Self(cut.pixels().iter().map(|&pixel| f32::from(pixel)).collect())
    }

    /// Normalised cross-correlation with the template laid at `place`.
    fn correlation(&self, template: &Template, (x, y): (usize, usize)) -> f32 {
        let (mut product, mut sum, mut squares) = (0.0, 0.0, 0.0);
        for (row, expected) in template.0.chunks_exact(SIDE).enumerate() {
            let start = (y + row) * REACH * SIDE + x;
            for (value, expected) in self.0[start..start + SIDE].iter().zip(expected) {
                product += value * expected;
                sum += value;
                squares += value * value;
            }
        }
        let variance = squares - sum * sum / (SIDE * SIDE) as f32;
        product / variance.max(1.0).sqrt()
    }
}
