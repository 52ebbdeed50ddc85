//! Features and ratings brought to a common scale before anything is learned from them.

#[cfg(test)]
mod golden;

use serde::{Deserialize, Serialize};

/// Keeps the division by the deviation of a constant feature finite.
const FLOOR: f32 = 1e-6;

/// Mean and standard deviation (biased) of each feature over all rows of the training data. A
/// waveform is a series of one feature.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Moments {
    /// Mean of each feature.
    pub mean: Vec<f32>,
    /// Standard deviation of each feature.
    pub deviation: Vec<f32>,
}

impl Moments {
    /// Over `rows` of equal length; `None` where there is no row.
    pub fn of<'a>(rows: impl IntoIterator<Item = &'a [f32]>) -> Option<Self> {
        // Welford's update: sums of squares would cancel where the mean is large.
        let (mut count, mut mean, mut square) = (0.0f64, Vec::new(), Vec::new());
        for row in rows {
            count += 1.0;
            mean.resize(row.len(), 0.0f64);
            square.resize(row.len(), 0.0f64);
            for ((x, mean), square) in row.iter().zip(&mut mean).zip(&mut square) {
                let before = f64::from(*x) - *mean;
                *mean += before / count;
                *square += before * (f64::from(*x) - *mean);
            }
        }
        (count > 0.0).then(|| Self {
            mean: mean.iter().map(|m| *m as f32).collect(),
            deviation: square.iter().map(|s| (s / count).sqrt() as f32).collect(),
        })
    }

    /// What features are divided by: the deviation and a millionth.
    pub fn divisors(&self) -> Vec<f32> {
        self.deviation.iter().map(|deviation| deviation + FLOOR).collect()
    }

    /// `(x - mean) / (deviation + 1e-6)` of one row.
    pub fn normalised(&self, row: &[f32]) -> Vec<f32> {
        let divisors = self.divisors();
        row.iter().zip(&self.mean).zip(divisors).map(|((x, mean), by)| (x - mean) / by).collect()
    }
}

/// The scale on which raters answered.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RatingScale {
    /// The lowest answer.
    pub low: f32,
    /// The highest answer.
    pub high: f32,
    /// Whether a low answer means much of it, as arousal on the manikins of MSP-IMPROV.
    #[serde(default)]
    pub reversed: bool,
}

impl RatingScale {
    /// A raw answer in `[0, 1]`, more meaning more. It is made once, where labels are read: made
    /// in place at every look, as in VAVL's code, a reversed scale turns over every second epoch.
    pub fn unit(self, answer: f32) -> f32 {
        let answer = if self.reversed { self.low + self.high - answer } else { answer };
        (answer - self.low) / (self.high - self.low)
    }
}
