//! Functionals: one vector of fixed length for a stretch of frames.
//!
//! Seven groups, each a pair of values and names in the same order: summaries of the descriptors
//! over all, voiced and unvoiced frames of speech; speed of change; rhythm; pitch movement; correlations between
//! descriptors; modulation of the pitch; course from beginning to end.

use std::f32::consts::PI;

use super::Descriptor as D;
use super::speech::Speech;
use super::statistics::{SUMMARY, correlation, deviation, mean, summary};
use super::{Frame, RATE};

/// Frames a second.
const FRAME_RATE: f32 = RATE / super::HOP as f32;
/// Pitch that stands in where nothing is voiced: 150 Hz in semitones above 55 Hz.
const NEUTRAL_PITCH: f32 = 17.369;

/// Descriptors summed up over every frame of speech, and over its unvoiced frames.
const EVERYWHERE: [D; 22] = [
    D::Energy,
    D::Loudness,
    D::Periodicity,
    D::HarmonicsToNoise,
    D::CepstralPeak,
    D::Flux,
    D::Centroid,
    D::Spread,
    D::RollOff25,
    D::RollOff50,
    D::RollOff85,
    D::Entropy,
    D::SlopeLow,
    D::SlopeMid,
    D::AlphaRatio,
    D::Hammarberg,
    D::ZeroCrossings,
    D::Formant1,
    D::Formant2,
    D::Formant3,
    D::FormantHeight1,
    D::FormantHeight2,
];
/// Descriptors summed up over voiced frames, besides the pitch.
const VOICED: [D; 25] = [
    D::Periodicity,
    D::HarmonicsToNoise,
    D::CepstralPeak,
    D::Jitter,
    D::Shimmer,
    D::H1H2,
    D::H1A1,
    D::H1A3,
    D::Flux,
    D::Centroid,
    D::Spread,
    D::RollOff25,
    D::RollOff50,
    D::RollOff85,
    D::Entropy,
    D::SlopeLow,
    D::SlopeMid,
    D::AlphaRatio,
    D::Hammarberg,
    D::ZeroCrossings,
    D::Formant1,
    D::Formant2,
    D::Formant3,
    D::FormantHeight1,
    D::FormantHeight2,
];
/// Descriptors correlated with each other and with the pitch over voiced frames.
const CORRELATED: [D; 12] = [
    D::Energy,
    D::Loudness,
    D::HarmonicsToNoise,
    D::CepstralPeak,
    D::Flux,
    D::Centroid,
    D::SlopeLow,
    D::SlopeMid,
    D::AlphaRatio,
    D::Hammarberg,
    D::Formant1,
    D::Formant2,
];
/// Descriptors whose course over the stretch is followed.
const COURSE: [D; 10] = [
    D::Energy,
    D::Loudness,
    D::Periodicity,
    D::CepstralPeak,
    D::Flux,
    D::Centroid,
    D::AlphaRatio,
    D::Hammarberg,
    D::SlopeLow,
    D::SlopeMid,
];
const RHYTHM: [&str; 12] = [
    "voiced_segments_per_second",
    "voiced_length_mean",
    "voiced_length_sd",
    "voiced_length_max",
    "unvoiced_length_mean",
    "unvoiced_length_sd",
    "voiced_share",
    "speech_share",
    "loudness_peaks_per_second",
    "pauses_per_second",
    "pause_length_mean",
    "pause_length_max",
];
const MOVEMENT: [&str; 8] =
    ["mean", "sd", "mean_absolute", "p10", "p90", "rising_share", "rise_mean", "fall_mean"];
/// Modulation frequencies in hertz: edges of the bands.
const MODULATION: [f32; 9] = [0.7, 1.5, 2.5, 4.0, 6.0, 9.0, 14.0, 22.0, 35.0];
const PARTS: usize = 3;

/// The functionals of a stretch of frames, named by [`functional_names`]; `None` where it holds
/// less than a quarter of a second of speech.
///
/// The recording gain has no part in them; the length of the stretch and the silence around the
/// speech only where they must (rhythm). A stretch without voiced frames has the summaries of all
/// its speech in their place, and a neutral, unmoving pitch.
pub fn functionals(frames: &[Frame]) -> Option<Vec<f32>> {
    let speech = Speech::find(frames)?;
    let mut values = summaries(&speech)?;
    values.extend(change(&speech));
    values.extend(rhythm(&speech));
    values.extend(movement(&speech));
    values.extend(correlations(&speech));
    values.extend(modulation(&speech));
    values.extend(course(&speech));
    Some(values)
}

/// Names of the [`functionals`], in order.
pub fn functional_names() -> Vec<String> {
    let mut names = Vec::new();
    let mut summed = |part: &str, columns: &mut dyn Iterator<Item = &'static str>| {
        for column in columns {
            names.extend(SUMMARY.iter().map(|s| format!("{part}.{column}.{s}")));
        }
    };
    summed("speech", &mut EVERYWHERE.iter().map(|d| d.name()));
    summed("unvoiced", &mut EVERYWHERE.iter().map(|d| d.name()));
    summed("voiced", &mut VOICED.iter().map(|d| d.name()));
    summed("voiced", &mut std::iter::once("pitch_semitones"));
    names.extend(EVERYWHERE.iter().map(|d| format!("change.{}.sd", d.name())));
    names.extend(RHYTHM.iter().map(|n| format!("rhythm.{n}")));
    names.extend(MOVEMENT.iter().map(|n| format!("pitch_movement.{n}")));
    let correlated: Vec<&str> =
        std::iter::once("pitch").chain(CORRELATED.iter().map(|d| d.name())).collect();
    for (i, a) in correlated.iter().enumerate() {
        names.extend(correlated[i + 1..].iter().map(|b| format!("correlation.{a}.{b}")));
    }
    names.extend(MODULATION.windows(2).map(|w| format!("pitch_modulation.{}-{}hz", w[0], w[1])));
    for part in 1..=PARTS {
        names.extend(COURSE.iter().map(|d| format!("course.{part}.{}", d.name())));
    }
    names
}

fn summaries(speech: &Speech) -> Option<Vec<f32>> {
    let mut values = Vec::new();
    let active = |i: usize| speech.active[i];
    let unvoiced = |i: usize| speech.active[i] && !speech.is_voiced(i);
    let voiced = |i: usize| speech.is_voiced(i);
    for descriptor in EVERYWHERE {
        values.extend(summary(&speech.column(descriptor, active))?);
    }
    for descriptor in EVERYWHERE {
        let whole = || summary(&speech.column(descriptor, active));
        values.extend(summary(&speech.column(descriptor, unvoiced)).or_else(whole)?);
    }
    for descriptor in VOICED {
        let whole = || summary(&speech.column(descriptor, active));
        values.extend(summary(&speech.column(descriptor, voiced)).or_else(whole)?);
    }
    let pitch: Vec<f32> = speech.semitones.iter().copied().flatten().collect();
    values.extend(summary(&pitch).unwrap_or([
        NEUTRAL_PITCH,
        0.0,
        NEUTRAL_PITCH,
        NEUTRAL_PITCH,
        NEUTRAL_PITCH,
        0.0,
        0.0,
    ]));
    Some(values)
}

/// Standard deviation of the change of each descriptor (regression over two frames each side).
fn change(speech: &Speech) -> [f32; EVERYWHERE.len()] {
    let last = speech.len() - 1;
    EVERYWHERE.map(|descriptor| {
        let at = |i: usize| speech.rows[i.min(last)][descriptor as usize];
        let slope = |i: usize| {
            let near = at(i + 1) - at(i.saturating_sub(1));
            (2.0 * (at(i + 2) - at(i.saturating_sub(2))) + near) / 10.0
        };
        let active = (0..speech.len()).filter(|i| speech.active[*i]);
        deviation(&active.map(slope).collect::<Vec<f32>>())
    })
}

fn rhythm(speech: &Speech) -> [f32; RHYTHM.len()] {
    let seconds = speech.len() as f32 / FRAME_RATE;
    let share = |count: usize| count as f32 / speech.len() as f32;
    let lengths = |holds: &dyn Fn(usize) -> bool| -> Vec<f32> {
        speech.runs(holds).iter().map(|(a, b)| (b - a) as f32 / FRAME_RATE).collect()
    };
    let longest = |lengths: &[f32]| lengths.iter().copied().fold(0.0, f32::max);
    let voiced = lengths(&|i| speech.is_voiced(i));
    let unvoiced = lengths(&|i| !speech.is_voiced(i));
    let pauses = lengths(&|i| !speech.active[i]);
    [
        voiced.len() as f32 / seconds,
        mean(&voiced),
        deviation(&voiced),
        longest(&voiced),
        mean(&unvoiced),
        deviation(&unvoiced),
        share(speech.semitones.iter().flatten().count()),
        share(speech.active.iter().filter(|a| **a).count()),
        peaks(&speech.column(D::Loudness, |_| true)) as f32 / seconds,
        pauses.len() as f32 / seconds,
        mean(&pauses),
        longest(&pauses),
    ]
}

/// Peaks of the smoothed loudness that stand less than 20 dB below the loud frames.
fn peaks(loudness: &[f32]) -> usize {
    let taper: Vec<f32> = (1..8).map(|i| 0.5 - 0.5 * (PI * i as f32 / 4.0).cos()).collect();
    let smooth: Vec<f32> =
        loudness.windows(7).map(|w| w.iter().zip(&taper).map(|(x, t)| x * t / 4.0).sum()).collect();
    smooth.windows(3).filter(|w| w[1] > w[0] && w[1] >= w[2] && w[1] > -20.0).count()
}

/// Changes of the pitch from frame to frame inside voiced segments, semitones.
fn movement(speech: &Speech) -> [f32; MOVEMENT.len()] {
    let mut steps: Vec<f32> =
        speech.semitones.windows(2).filter_map(|w| Some(w[1]? - w[0]?)).collect();
    steps.sort_by(f32::total_cmp);
    let Some([average, sd, p10, _, p90, ..]) = summary(&steps) else {
        return [0.0; MOVEMENT.len()];
    };
    let size: Vec<f32> = steps.iter().map(|s| s.abs()).collect();
    let fall = &steps[..steps.partition_point(|s| *s < 0.0)];
    let rise = &steps[steps.partition_point(|s| *s <= 0.0)..];
    let rising = rise.len() as f32 / steps.len() as f32;
    [average, sd, mean(&size), p10, p90, rising, mean(rise), mean(fall)]
}

fn correlations(speech: &Speech) -> Vec<f32> {
    let mut columns = vec![speech.semitones.iter().copied().flatten().collect::<Vec<f32>>()];
    columns.extend(CORRELATED.map(|d| speech.column(d, |i| speech.is_voiced(i))));
    let mut values = Vec::new();
    for (i, a) in columns.iter().enumerate() {
        values.extend(columns[i + 1..].iter().map(|b| correlation(a, b)));
    }
    values
}

/// Log power of the bridged pitch contour around each modulation frequency.
fn modulation(speech: &Speech) -> Vec<f32> {
    let contour = speech.bridged().unwrap_or_else(|| vec![NEUTRAL_PITCH; speech.len()]);
    let centre = mean(&contour);
    let n = contour.len() as f32 + 1.0;
    let taper = |i: usize| 0.5 - 0.5 * (2.0 * PI * (i as f32 + 1.0) / n).cos();
    let scale: f32 = (0..contour.len()).map(|i| taper(i).powi(2)).sum();
    let power = |hertz: f32| {
        let (mut re, mut im) = (0.0, 0.0);
        for (i, x) in contour.iter().enumerate() {
            let (sin, cos) = (2.0 * PI * hertz * i as f32 / FRAME_RATE).sin_cos();
            re += taper(i) * (x - centre) * cos;
            im += taper(i) * (x - centre) * sin;
        }
        (re * re + im * im) / scale
    };
    MODULATION
        .windows(2)
        .map(|w| (power(w[0]) + power((w[0] * w[1]).sqrt()) + power(w[1])) / 3.0)
        .map(|p| (p + 1e-3).ln())
        .collect()
}

/// Mean of each descriptor in the first, second and last third, less its mean over all.
fn course(speech: &Speech) -> Vec<f32> {
    let part = |i: usize| i * PARTS / speech.len();
    let mut values = Vec::new();
    for third in 0..PARTS {
        for descriptor in COURSE {
            let whole = speech.column(descriptor, |i| speech.active[i]);
            let here = speech.column(descriptor, |i| speech.active[i] && part(i) == third);
            values.push(if here.is_empty() { 0.0 } else { mean(&here) - mean(&whole) });
        }
    }
    values
}
