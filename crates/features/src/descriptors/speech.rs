//! The speech inside a stretch: trimmed, levelled, and sorted into voiced and unvoiced frames.

use super::statistics::percentile;
use super::{DESCRIPTORS, Descriptor, Frame};

/// Share of the frames near the loudest one that the level of the loud frames lies above.
const LOUD_SHARE: f32 = 0.9;
/// How far below the stretch's loud frames a frame still counts as speech, dB.
const REACH_DB: f32 = 30.0;
/// Levels below this are digital silence: nothing to describe, dB of full scale.
const SILENCE_DB: f32 = -85.0;
/// Fewest speech frames that are described.
const FEWEST: usize = 25;
/// Semitones are counted from here (A1).
const REFERENCE_HZ: f32 = 55.0;

/// Frames from the first to the last that carries speech; levels relative to the loud frames, so
/// that the recording gain has no part in them.
pub(super) struct Speech {
    pub(super) rows: Vec<[f32; DESCRIPTORS]>,
    /// Pitch in semitones above 55 Hz where a frame is speech and voiced.
    pub(super) semitones: Vec<Option<f32>>,
    pub(super) active: Vec<bool>,
}

impl Speech {
    /// `None` where there is less than a quarter of a second of speech.
    pub(super) fn find(frames: &[Frame]) -> Option<Self> {
        let energy: Vec<f32> = frames.iter().map(|f| f[Descriptor::Energy]).collect();
        let top = energy.iter().copied().fold(SILENCE_DB, f32::max);
        let near: Vec<&Frame> =
            frames.iter().filter(|f| f[Descriptor::Energy] > top - REACH_DB).collect();
        let level = |d: Descriptor| {
            percentile(&near.iter().map(|f| f[d]).collect::<Vec<f32>>(), LOUD_SHARE)
        };
        let (peak, loud) = (level(Descriptor::Energy)?, level(Descriptor::Loudness)?);
        let speaks = |e: &f32| *e > (peak - REACH_DB).max(SILENCE_DB);
        let first = energy.iter().position(speaks)?;
        let last = energy.iter().rposition(speaks)?;
        let active: Vec<bool> = energy[first..=last].iter().map(speaks).collect();
        if active.iter().filter(|a| **a).count() < FEWEST {
            return None;
        }
        let inside = &frames[first..=last];
        let rows = inside
            .iter()
            .map(|frame| {
                let mut row = frame.values;
                row[Descriptor::Energy as usize] -= peak;
                row[Descriptor::Loudness as usize] -= loud;
                row
            })
            .collect();
        let semitones = inside
            .iter()
            .zip(&active)
            .map(|(f, a)| f.pitch().filter(|_| *a).map(|hz| 12.0 * (hz / REFERENCE_HZ).log2()))
            .collect();
        Some(Self { rows, semitones, active })
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// One descriptor over the frames that `keep` chooses by their number.
    pub(super) fn column(&self, which: Descriptor, keep: impl Fn(usize) -> bool) -> Vec<f32> {
        let chosen = self.rows.iter().enumerate().filter(|(i, _)| keep(*i));
        chosen.map(|(_, row)| row[which as usize]).collect()
    }

    pub(super) fn is_voiced(&self, frame: usize) -> bool {
        self.semitones[frame].is_some()
    }

    /// Runs of frames for which `holds` is true, as (first, one past the last).
    pub(super) fn runs(&self, holds: impl Fn(usize) -> bool) -> Vec<(usize, usize)> {
        let mut runs = Vec::new();
        let mut start = None;
        for i in 0..=self.len() {
            match (start, i < self.len() && holds(i)) {
                (None, true) => start = Some(i),
                (Some(first), false) => {
                    runs.push((first, i));
                    start = None;
                }
                _ => {}
            }
        }
        runs
    }

    /// The pitch contour with its gaps bridged by straight lines; `None` without voiced frames.
    pub(super) fn bridged(&self) -> Option<Vec<f32>> {
        let known: Vec<(usize, f32)> =
            self.semitones.iter().enumerate().filter_map(|(i, s)| s.map(|s| (i, s))).collect();
        let (first, last) = (known.first()?, known.last()?);
        let mut contour = vec![first.1; self.len()];
        for pair in known.windows(2) {
            let ((a, x), (b, y)) = (pair[0], pair[1]);
            for (step, value) in contour[a..b].iter_mut().enumerate() {
                *value = x + (y - x) * step as f32 / (b - a) as f32;
            }
        }
        contour[last.0..].fill(last.1);
        Some(contour)
    }
}
