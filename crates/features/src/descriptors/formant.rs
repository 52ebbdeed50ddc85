//! Formants by selective linear prediction: an all-pole envelope of the band below 5.2 kHz.
//!
//! Makhoul, "Spectral linear prediction: properties and applications", 1975.

use std::f32::consts::PI;

const ORDER: usize = 11;
/// Bins of the 512-point spectrum that the envelope is fitted to (0 to 5.2 kHz).
const BAND: usize = 166;
const BIN_HZ: f32 = super::RATE / 512.0;
/// Points of the envelope between 0 and the band's end.
const GRID: usize = 128;
/// Where each formant is looked for, and what stands in when there is no peak.
const RANGES: [(f32, f32, f32); 3] =
    [(200.0, 1100.0, 500.0), (800.0, 2800.0, 1500.0), (1800.0, 4000.0, 2600.0)];

/// Cosine tables of the envelope fit.
pub(super) struct Formants {
    lag: Vec<[f32; ORDER + 1]>,
    grid: Vec<[(f32, f32); ORDER]>,
}

impl Formants {
    pub(super) fn new() -> Self {
        let lag = (0..BAND)
            .map(|i| std::array::from_fn(|k| (PI * (i * k) as f32 / (BAND - 1) as f32).cos()))
            .collect();
        let grid = (0..GRID)
            .map(|i| {
                std::array::from_fn(|k| {
                    let (sin, cos) = (PI * (i * (k + 1)) as f32 / GRID as f32).sin_cos();
                    (cos, -sin)
                })
            })
            .collect();
        Self { lag, grid }
    }

    /// First three formants in kHz, and how far the first two peaks stand above the mean
    /// envelope in decibels.
    pub(super) fn find(&self, power: &[f32]) -> ([f32; 3], [f32; 2]) {
        let mut autocorrelation = [0.0f32; ORDER + 1];
        for (i, (p, lag)) in power.iter().zip(&self.lag).enumerate() {
            // Pre-emphasis of 6 dB an octave, applied to the power spectrum.
            let emphasised = p * (i as f32 * BIN_HZ / 1000.0).powi(2);
            for (a, c) in autocorrelation.iter_mut().zip(lag) {
                *a += emphasised * c;
            }
        }
        let polynomial = levinson(&autocorrelation);
        let mut envelope = [0.0f32; GRID];
        for (e, table) in envelope.iter_mut().zip(&self.grid) {
            let (mut re, mut im) = (1.0f32, 0.0f32);
            for (a, (c, s)) in polynomial.iter().zip(table) {
                re += a * c;
                im += a * s;
            }
            *e = -10.0 * (re * re + im * im + 1e-9).log10();
        }
        pick(&envelope)
    }
}

/// Predictor polynomial without its leading one; zeros where the signal has no power.
fn levinson(r: &[f32; ORDER + 1]) -> [f32; ORDER] {
    let mut a = [0.0f32; ORDER];
    let mut error = r[0] * 1.0001 + 1e-12;
    for i in 0..ORDER {
        let mut k = r[i + 1];
        for j in 0..i {
            k += a[j] * r[i - j];
        }
        let k = (-k / error).clamp(-0.9999, 0.9999);
        let before = a;
        for j in 0..i {
            a[j] = before[j] + k * before[i - 1 - j];
        }
        a[i] = k;
        error *= 1.0 - k * k;
    }
    a
}

fn pick(envelope: &[f32; GRID]) -> ([f32; 3], [f32; 2]) {
    let step = BIN_HZ * (BAND - 1) as f32 / GRID as f32;
    let mean = envelope.iter().sum::<f32>() / GRID as f32;
    let mut formants = RANGES.map(|(_, _, neutral)| neutral / 1000.0);
    let mut height = [0.0; 3];
    let mut above = 0.0;
    for (n, (low, high, _)) in RANGES.into_iter().enumerate() {
        for i in 1..GRID - 1 {
            let (l, c, r) = (envelope[i - 1], envelope[i], envelope[i + 1]);
            if c < l || c <= r {
                continue;
            }
            let hertz = (i as f32 + 0.5 * (l - r) / (l - 2.0 * c + r).min(-1e-6)) * step;
            if hertz > above && hertz >= low && hertz <= high {
                formants[n] = hertz / 1000.0;
                height[n] = c - mean;
                above = hertz + 1.0;
                break;
            }
        }
    }
    (formants, [height[0], height[1]])
}
