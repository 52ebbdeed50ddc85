//! Voice quality of one voiced frame: harmonic levels, jitter and shimmer.

use super::RATE;
use super::pitch::FFT;
use super::spectrum::decibel;

const BIN_HZ: f32 = RATE / FFT as f32;
/// More than this is the beginning or end of a sound, not an uneven voice.
const MOST_SHIMMER_DB: f32 = 4.0;

/// Voice quality of one frame; all zero in an unvoiced one.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Quality {
    /// First over second harmonic, dB.
    pub(super) h1_h2: f32,
    /// First harmonic over the strongest near the first and third formant, dB.
    pub(super) h1_a1: f32,
    pub(super) h1_a3: f32,
    /// Mean change of the period from cycle to cycle, over the period.
    pub(super) jitter: f32,
    /// Mean change of the cycle's level, dB.
    pub(super) shimmer: f32,
}

/// Measures a voiced frame: its samples, its power spectrum (7.8 Hz a bin) and its pitch.
pub(super) fn quality(samples: &[f32], power: &[f32], hertz: f32) -> Quality {
    let around = |f: f32| top(power, f - 0.3 * hertz, f + 0.3 * hertz);
    let first = around(hertz);
    let (jitter, shimmer) = cycles(samples, RATE / hertz);
    Quality {
        h1_h2: first - around(2.0 * hertz),
        h1_a1: first - top(power, 300.0_f32.max(0.7 * hertz), 1000.0),
        h1_a3: first - top(power, 2000.0, 3800.0),
        jitter,
        shimmer,
    }
}

fn top(power: &[f32], low: f32, high: f32) -> f32 {
    let first = (low / BIN_HZ).max(0.0).floor() as usize;
    let last = ((high / BIN_HZ).ceil() as usize).clamp(first + 1, power.len());
    decibel(power[first..last].iter().fold(0.0, |a, b| a.max(*b)))
}

/// Follows the cycles from the strongest sample near the middle to both ends by waveform matching.
fn cycles(samples: &[f32], period: f32) -> (f32, f32) {
    let whole = period.round() as usize;
    let middle = samples.len() / 2;
    let start = (middle - whole / 2..middle + whole / 2)
        .max_by(|a, b| samples[*a].abs().total_cmp(&samples[*b].abs()))
        .unwrap_or(middle);
    let mut marks = vec![start as f32];
    let mut at = start;
    while let Some((next, exact)) = matching(samples, at, whole, true) {
        marks.push(marks[marks.len() - 1] + exact);
        at = next;
    }
    at = start;
    while let Some((next, exact)) = matching(samples, at, whole, false) {
        marks.insert(0, marks[0] - exact);
        at = next;
    }
    let periods: Vec<f32> = marks.windows(2).map(|w| w[1] - w[0]).collect();
    if periods.len() < 2 {
        return (0.0, 0.0);
    }
    let levels: Vec<f32> = marks
        .windows(2)
        .map(|w| {
            let (a, b) = (w[0].max(0.0) as usize, (w[1] as usize).min(samples.len()));
            decibel(samples[a..b].iter().map(|s| s * s).sum::<f32>() / (b - a).max(1) as f32)
        })
        .collect();
    let changes = (periods.len() - 1) as f32;
    let mean = periods.iter().sum::<f32>() / periods.len() as f32;
    let jitter = periods.windows(2).map(|w| (w[1] - w[0]).abs()).sum::<f32>() / changes / mean;
    let shimmer = levels.windows(2).map(|w| (w[1] - w[0]).abs()).sum::<f32>() / changes;
    (jitter, shimmer.min(MOST_SHIMMER_DB))
}

/// Where the cycle centred at `at` recurs after (or before) it, and how long it took.
fn matching(samples: &[f32], at: usize, period: usize, after: bool) -> Option<(usize, f32)> {
    let half = period / 2;
    let reach = period / 8 + 1;
    let (low, high) = (period - reach, period + reach);
    let similarity = |lag: usize| -> Option<f32> {
        let other = if after { at.checked_add(lag)? } else { at.checked_sub(lag)? };
        let here = samples.get(at.checked_sub(half)?..at + half)?;
        let there = samples.get(other.checked_sub(half)?..other + half)?;
        let (mut cross, mut a, mut b) = (0.0f32, 1e-9f32, 1e-9f32);
        for (x, y) in here.iter().zip(there) {
            cross += x * y;
            a += x * x;
            b += y * y;
        }
        Some(cross / (a * b).sqrt())
    };
    let mut values = Vec::with_capacity(high - low + 1);
    for lag in low..=high {
        values.push(similarity(lag)?);
    }
    let best = (0..values.len()).max_by(|a, b| values[*a].total_cmp(&values[*b]))?;
    let mut exact = (low + best) as f32;
    if best > 0 && best + 1 < values.len() {
        let (l, c, r) = (values[best - 1], values[best], values[best + 1]);
        exact += (0.5 * (l - r) / (l - 2.0 * c + r).min(-1e-9)).clamp(-0.5, 0.5);
    }
    let next = if after { at + low + best } else { at - (low + best) };
    Some((next, exact))
}
