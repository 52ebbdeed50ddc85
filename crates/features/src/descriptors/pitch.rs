//! Pitch: normalised autocorrelation and a path through its peaks.
//!
//! Boersma, "Accurate short-term analysis of the fundamental frequency and the
//! harmonics-to-noise ratio of a sampled sound", 1993. The path is found with a fixed look-ahead
//! of [`LAG`] frames, so that it can be followed while sound arrives.

use std::collections::VecDeque;
use std::sync::Arc;

use realfft::num_complex::Complex;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};

use super::RATE;
use super::spectrum::{hann, mean};

/// Samples under the pitch window (50 ms).
pub(super) const WINDOW: usize = 800;
/// Points of the transform; twice the window, so that the autocorrelation does not wrap.
pub(super) const FFT: usize = 2048;
const BINS: usize = FFT / 2 + 1;
/// Frames that the path looks ahead before it settles.
pub(super) const LAG: usize = 12;
pub(super) const LOWEST_HZ: f32 = 60.0;
pub(super) const HIGHEST_HZ: f32 = 600.0;
/// Power that counts as silence: the rounding noise of 16 bits, about.
const SILENCE: f32 = 1e-12;
const CANDIDATES: usize = 6;
const UNVOICED_STRENGTH: f32 = 0.45;
const OCTAVE_COST: f32 = 0.02;
const OCTAVE_JUMP_COST: f32 = 0.35;
const VOICING_CHANGE_COST: f32 = 0.14;

/// A peak of the autocorrelation: pitch in hertz, height 0..1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Candidate {
    pub(super) hertz: f32,
    pub(super) height: f32,
}

/// What the path says about one frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Choice {
    Unvoiced,
    Voiced(Candidate),
}

/// What one pitch window holds, besides the candidates for the path.
#[derive(Debug, Clone)]
pub(super) struct Periodicity {
    /// Height of the highest peak of the autocorrelation, 0..1.
    pub(super) highest: f32,
    /// Power spectrum, 7.8 Hz a bin.
    pub(super) power: Vec<f32>,
    /// Prominence of the cepstral peak in decibels, whatever the path says.
    pub(super) prominence: f32,
}

/// Plans and tables of the autocorrelation.
pub(super) struct Autocorrelation {
    forward: Arc<dyn RealToComplex<f32>>,
    inverse: Arc<dyn ComplexToReal<f32>>,
    window: Vec<f32>,
    window_lags: Vec<f32>,
    real: Vec<f32>,
    complex: Vec<Complex<f32>>,
    scratch: Vec<Complex<f32>>,
    lags: Vec<f32>,
}

impl Autocorrelation {
    pub(super) fn new() -> Self {
        let mut planner = RealFftPlanner::new();
        let forward = planner.plan_fft_forward(FFT);
        let inverse = planner.plan_fft_inverse(FFT);
        let scratch = forward.get_scratch_len().max(inverse.get_scratch_len());
        let mut made = Self {
            real: vec![0.0; FFT],
            complex: vec![Complex::default(); BINS],
            scratch: vec![Complex::default(); scratch],
            lags: vec![0.0; FFT],
            window: hann(WINDOW),
            window_lags: Vec::new(),
            forward,
            inverse,
        };
        made.real[..WINDOW].copy_from_slice(&made.window);
        let _ = made.transform();
        made.window_lags = made.lags.iter().map(|r| r / made.lags[0]).collect();
        made
    }

    /// Power spectrum of `self.real`, whose autocorrelation is left in `self.lags`.
    fn transform(&mut self) -> Vec<f32> {
        self.forward
            .process_with_scratch(&mut self.real, &mut self.complex, &mut self.scratch)
            .expect("buffers have the plan's length");
        let power: Vec<f32> = self.complex.iter().map(Complex::norm_sqr).collect();
        self.back(power.iter().copied());
        power
    }

    fn back(&mut self, spectrum: impl Iterator<Item = f32>) {
        for (c, p) in self.complex.iter_mut().zip(spectrum) {
            *c = Complex::new(p, 0.0);
        }
        self.inverse
            .process_with_scratch(&mut self.complex, &mut self.lags, &mut self.scratch)
            .expect("a real spectrum has no imaginary part at its ends");
    }

    /// Analyses one window of [`WINDOW`] samples; the candidates come strongest first.
    pub(super) fn analyse(&mut self, samples: &[f32]) -> (Periodicity, Vec<Candidate>) {
        let mean = mean(samples);
        self.real.fill(0.0);
        for ((x, s), w) in self.real.iter_mut().zip(samples).zip(&self.window) {
            *x = (s - mean) * w;
        }
        let power = self.transform();
        let candidates = self.candidates();
        let highest = candidates.iter().map(|c| c.height).fold(0.0, f32::max);
        self.back(power.iter().map(|p| (p + SILENCE).log10() * 10.0));
        let prominence = self.prominence();
        (Periodicity { highest, power, prominence }, candidates)
    }

    fn candidates(&self) -> Vec<Candidate> {
        // The floor makes digital silence and rounding noise aperiodic.
        let whole = self.lags[0] + SILENCE * (FFT * WINDOW) as f32;
        let (first, last) = ((RATE / HIGHEST_HZ) as usize, (RATE / LOWEST_HZ) as usize);
        let r = |lag: usize| self.lags[lag] / whole / self.window_lags[lag];
        let mut found = Vec::new();
        let (mut left, mut centre) = (r(first - 1), r(first));
        for lag in first..=last {
            let right = r(lag + 1);
            if centre > 0.2 && centre >= left && centre > right {
                let bend = (left - 2.0 * centre + right).min(-1e-9);
                let shift = (0.5 * (left - right) / bend).clamp(-0.5, 0.5);
                let height = (centre - 0.25 * (left - right) * shift).clamp(0.0, 0.999);
                found.push(Candidate { hertz: RATE / (lag as f32 + shift), height });
            }
            (left, centre) = (centre, right);
        }
        found.sort_by(|a, b| strength(*b).total_cmp(&strength(*a)));
        found.truncate(CANDIDATES);
        found
    }

    /// Height of the cepstral peak above the straight line through the cepstrum
    /// (Hillenbrand et al., 1994).
    fn prominence(&self) -> f32 {
        let (first, last) = ((RATE / HIGHEST_HZ) as usize, (RATE / LOWEST_HZ) as usize);
        let level = |i: usize| self.lags[i].abs() / FFT as f32;
        let n = (last - first + 1) as f32;
        let middle = (first + last) as f32 / 2.0;
        let (mut sum, mut covariance, mut variance) = (0.0, 0.0, 0.0);
        let (mut top, mut at) = (0.0, first);
        for i in first..=last {
            let (c, d) = (level(i), i as f32 - middle);
            sum += c;
            covariance += d * c;
            variance += d * d;
            if c > top {
                (top, at) = (c, i);
            }
        }
        top - sum / n - covariance / variance * (at as f32 - middle)
    }
}

fn strength(candidate: Candidate) -> f32 {
    candidate.height + OCTAVE_COST * (candidate.hertz / LOWEST_HZ).log2()
}

/// The best path through the candidates, settled [`LAG`] frames behind the newest.
#[derive(Default)]
pub(super) struct Path {
    steps: VecDeque<Step>,
}

struct Step {
    candidates: Vec<Candidate>,
    /// Score of ending in each state and the state before; state 0 is unvoiced.
    scores: Vec<f32>,
    from: Vec<usize>,
}

impl Path {
    /// Takes the next frame's candidates; returns the choice for the frame [`LAG`] before it.
    pub(super) fn push(&mut self, candidates: Vec<Candidate>) -> Option<Choice> {
        let states = candidates.len() + 1;
        let mut step = Step { scores: vec![0.0; states], from: vec![0; states], candidates };
        for state in 0..states {
            let own =
                if state == 0 { UNVOICED_STRENGTH } else { strength(step.candidates[state - 1]) };
            let mut best = (0, 0.0);
            if let Some(last) = self.steps.back() {
                let score = |s: usize| last.scores[s] - cost(last, s, &step, state);
                best = (0, score(0));
                for s in 1..last.scores.len() {
                    if score(s) > best.1 {
                        best = (s, score(s));
                    }
                }
            }
            step.scores[state] = own + best.1;
            step.from[state] = best.0;
        }
        let top = step.scores.iter().copied().fold(f32::MIN, f32::max);
        step.scores.iter_mut().for_each(|s| *s -= top);
        self.steps.push_back(step);
        if self.steps.len() > LAG { self.settle() } else { None }
    }

    /// Settles the oldest open frame with what is known now.
    pub(super) fn finish(&mut self) -> Option<Choice> {
        self.settle()
    }

    fn settle(&mut self) -> Option<Choice> {
        let mut state = 0;
        if let Some(last) = self.steps.back() {
            for s in 1..last.scores.len() {
                if last.scores[s] > last.scores[state] {
                    state = s;
                }
            }
        }
        for step in self.steps.iter().skip(1).rev() {
            state = step.from[state];
        }
        let oldest = self.steps.pop_front()?;
        let voiced = state.checked_sub(1).map(|i| Choice::Voiced(oldest.candidates[i]));
        Some(voiced.unwrap_or(Choice::Unvoiced))
    }
}

fn cost(last: &Step, from: usize, step: &Step, to: usize) -> f32 {
    match (from, to) {
        (0, 0) => 0.0,
        (0, _) | (_, 0) => VOICING_CHANGE_COST,
        _ => {
            let ratio = last.candidates[from - 1].hertz / step.candidates[to - 1].hertz;
            OCTAVE_JUMP_COST * ratio.log2().abs()
        }
    }
}
