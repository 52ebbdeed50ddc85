//! Short-time spectrum of one frame: level, loudness and the shape of the spectrum.

use std::f32::consts::PI;
use std::sync::Arc;

use realfft::num_complex::Complex;
use realfft::{RealFftPlanner, RealToComplex};

use super::RATE;

/// Samples under the analysis window (25 ms).
pub(super) const WINDOW: usize = 400;
const FFT: usize = 512;
/// Mel bands of the loudness and the flux.
const MEL_BANDS: usize = 32;
const BINS: usize = FFT / 2 + 1;
const BIN_HZ: f32 = RATE / FFT as f32;
const MEL_LOW_HZ: f32 = 60.0;
const MEL_HIGH_HZ: f32 = 7800.0;
/// Power of one bin below which it counts as silent: -100 dB of full scale.
pub(super) const POWER_FLOOR: f32 = 1e-10;

/// What one window of samples says about the spectrum; levels in decibels of full scale.
#[derive(Debug, Clone)]
pub(super) struct Shape {
    pub(super) energy_db: f32,
    pub(super) loudness_db: f32,
    pub(super) flux: f32,
    pub(super) centroid: f32,
    pub(super) spread: f32,
    pub(super) roll_off: [f32; 3],
    pub(super) entropy: f32,
    pub(super) slope_low: f32,
    pub(super) slope_mid: f32,
    pub(super) alpha: f32,
    pub(super) hammarberg: f32,
    pub(super) crossings: f32,
    pub(super) formants: [f32; 3],
    pub(super) heights: [f32; 2],
}

/// Plans and tables of the short-time analysis, and the last frame's bands for the flux.
pub(super) struct Spectrum {
    fft: Arc<dyn RealToComplex<f32>>,
    input: Vec<f32>,
    output: Vec<Complex<f32>>,
    scratch: Vec<Complex<f32>>,
    window: Vec<f32>,
    gain: f32,
    filters: Vec<(usize, Vec<f32>)>,
    equal_loudness: [f32; MEL_BANDS],
    before: Option<[f32; MEL_BANDS]>,
    formants: super::formant::Formants,
}

impl Spectrum {
    pub(super) fn new() -> Self {
        let fft = RealFftPlanner::new().plan_fft_forward(FFT);
        let window = hann(WINDOW);
        // Scales |X|^2 so that a full-scale square wave has a mean power of 1.
        let gain = 2.0 / (FFT as f32 * window.iter().map(|w| w * w).sum::<f32>());
        let (filters, centres) = mel_filters();
        Self {
            input: fft.make_input_vec(),
            output: fft.make_output_vec(),
            scratch: fft.make_scratch_vec(),
            fft,
            window,
            gain,
            filters,
            equal_loudness: centres.map(equal_loudness),
            before: None,
            formants: super::formant::Formants::new(),
        }
    }

    /// Analyses one window of [`WINDOW`] samples.
    pub(super) fn analyse(&mut self, samples: &[f32]) -> Shape {
        let mean = mean(samples);
        self.input.fill(0.0);
        for ((x, s), w) in self.input.iter_mut().zip(samples).zip(&self.window) {
            *x = (s - mean) * w;
        }
        self.fft
            .process_with_scratch(&mut self.input, &mut self.output, &mut self.scratch)
            .expect("buffers come from the plan itself");
        let mut power = [0.0; BINS];
        for (p, x) in power.iter_mut().zip(&self.output) {
            *p = x.norm_sqr() * self.gain;
        }
        let mut mel = [0.0; MEL_BANDS];
        for (band, (first, weights)) in mel.iter_mut().zip(&self.filters) {
            *band = power[*first..].iter().zip(weights).map(|(p, w)| p * w).sum();
        }
        let loud: f32 =
            mel.iter().zip(&self.equal_loudness).map(|(m, e)| ((m + POWER_FLOOR) * e).cbrt()).sum();
        let low = bin(50.0);
        let total: f32 = power[low..].iter().sum();
        let flux = self.before.map_or(0.0, |before| relative_change(&before, &mel));
        self.before = Some(mel);
        let (centroid, spread, roll_off, entropy) = moments(&power, low, total);
        let (formants, heights) = self.formants.find(&power);
        Shape {
            energy_db: decibel(total),
            loudness_db: 30.0 * (loud / MEL_BANDS as f32).log10(),
            flux,
            centroid,
            spread,
            roll_off,
            entropy,
            slope_low: slope(&power, 50.0, 500.0),
            slope_mid: slope(&power, 500.0, 1500.0),
            alpha: decibel(band(&power, 1000.0, 5000.0)) - decibel(band(&power, 50.0, 1000.0)),
            hammarberg: decibel(peak(&power, 50.0, 2000.0)) - decibel(peak(&power, 2000.0, 5000.0)),
            crossings: crossings(samples, mean),
            formants,
            heights,
        }
    }
}

/// Mean of the samples, exact enough that a constant leaves nothing behind.
pub(super) fn mean(samples: &[f32]) -> f32 {
    let sum: f64 = samples.iter().map(|s| f64::from(*s)).sum();
    (sum / samples.len() as f64) as f32
}

/// Periodic Hann window.
pub(super) fn hann(length: usize) -> Vec<f32> {
    (0..length).map(|i| 0.5 - 0.5 * (2.0 * PI * i as f32 / length as f32).cos()).collect()
}

/// Decibels of a power, never below the floor.
pub(super) fn decibel(power: f32) -> f32 {
    10.0 * (power + POWER_FLOOR).log10()
}

fn bin(hertz: f32) -> usize {
    ((hertz / BIN_HZ).round() as usize).min(BINS - 1)
}

fn band(power: &[f32; BINS], low: f32, high: f32) -> f32 {
    power[bin(low)..bin(high)].iter().sum()
}

fn peak(power: &[f32; BINS], low: f32, high: f32) -> f32 {
    power[bin(low)..bin(high)].iter().fold(0.0, |a, b| a.max(*b))
}

/// Least-squares slope of the spectrum in decibels per kilohertz.
fn slope(power: &[f32; BINS], low: f32, high: f32) -> f32 {
    let (first, last) = (bin(low), bin(high));
    let n = (last - first) as f32;
    let middle = (n - 1.0) / 2.0;
    let (mut covariance, mut variance) = (0.0, 0.0);
    for (i, p) in power[first..last].iter().enumerate() {
        let d = i as f32 - middle;
        covariance += d * decibel(*p);
        variance += d * d;
    }
    covariance / variance / BIN_HZ * 1000.0
}

/// Centroid and spread in kHz, frequencies below which 25, 50 and 85 % of the power lie, entropy 0..1.
fn moments(power: &[f32; BINS], low: usize, total: f32) -> (f32, f32, [f32; 3], f32) {
    let total = total + POWER_FLOOR;
    let khz = |i: usize| i as f32 * BIN_HZ / 1000.0;
    let centroid: f32 = (low..BINS).map(|i| khz(i) * power[i]).sum::<f32>() / total;
    let spread: f32 =
        (low..BINS).map(|i| (khz(i) - centroid).powi(2) * power[i]).sum::<f32>() / total;
    let mut roll_off = [khz(low); 3];
    let mut entropy = 0.0;
    let mut sum = 0.0;
    for (i, p) in power.iter().enumerate().skip(low) {
        for (r, share) in roll_off.iter_mut().zip([0.25, 0.5, 0.85]) {
            if sum < share * total {
                *r = khz(i);
            }
        }
        sum += p;
        let q = p / total;
        if q > 0.0 {
            entropy -= q * q.ln();
        }
    }
    (centroid, spread.max(0.0).sqrt(), roll_off, entropy / (BINS as f32).ln())
}

/// Rise of the cube-root bands since the last frame over their sum: 0 for a steady sound.
fn relative_change(before: &[f32; MEL_BANDS], now: &[f32; MEL_BANDS]) -> f32 {
    let (mut rise, mut sum) = (0.0, 0.0);
    for (b, n) in before.iter().zip(now) {
        let (b, n) = ((b + POWER_FLOOR).cbrt(), (n + POWER_FLOOR).cbrt());
        rise += (n - b).abs();
        sum += n + b;
    }
    rise / sum
}

fn crossings(samples: &[f32], mean: f32) -> f32 {
    let count = samples.windows(2).filter(|w| (w[0] >= mean) != (w[1] >= mean)).count();
    count as f32 / WINDOW as f32
}

/// Weight of a band in the loudness: the 40-phon curve of Hermansky's PLP (1990, eq. 4).
fn equal_loudness(hertz: f32) -> f32 {
    let w = (2.0 * PI * hertz).powi(2);
    (w / (w + 6.3e6)).powi(2) * (w + 56.8e6) / (w + 0.38e9) * 5.0
}

fn mel_filters() -> (Vec<(usize, Vec<f32>)>, [f32; MEL_BANDS]) {
    let to_mel = |f: f32| 1127.0 * (f / 700.0).ln_1p();
    let to_hertz = |m: f32| 700.0 * (m / 1127.0).exp_m1();
    let step = (to_mel(MEL_HIGH_HZ) - to_mel(MEL_LOW_HZ)) / (MEL_BANDS + 1) as f32;
    let edge = |i: usize| to_hertz(to_mel(MEL_LOW_HZ) + i as f32 * step);
    let filters = (0..MEL_BANDS)
        .map(|m| {
            let (left, centre, right) = (edge(m), edge(m + 1), edge(m + 2));
            let first = (left / BIN_HZ).floor() as usize;
            let last = ((right / BIN_HZ).ceil() as usize).min(BINS - 1);
            let weights = (first..=last)
                .map(|i| {
                    let f = i as f32 * BIN_HZ;
                    ((f - left) / (centre - left)).min((right - f) / (right - centre)).max(0.0)
                })
                .collect();
            (first, weights)
        })
        .collect();
    (filters, std::array::from_fn(|m| edge(m + 1)))
}
