//! The samples that windows of speech may yet ask for.

use std::collections::VecDeque;

use limbic_features::Frame;

/// Samples a second of the sound that media give.
const RATE: f64 = limbic_media::SAMPLE_RATE as f64;

/// Half the length of a frame, in seconds.
const HALF: f64 = 0.005;

/// The last stretch of a clip's sound.
#[derive(Debug, Default)]
pub(crate) struct Tape {
    /// Samples that were forgotten.
    start: usize,
    samples: VecDeque<f32>,
}

impl Tape {
    /// Takes the next samples.
    pub(crate) fn push(&mut self, block: &[f32]) {
        self.samples.extend(block);
    }

    /// Drops what lies before `seconds`.
    pub(crate) fn forget(&mut self, seconds: f64) {
        let more = ((seconds.max(0.0) * RATE) as usize).saturating_sub(self.start);
        let more = more.min(self.samples.len());
        self.samples.drain(..more);
        self.start += more;
    }

    /// The samples of a stretch of frames, as far as they are kept.
    pub(crate) fn under(&self, frames: &[Frame]) -> Vec<f32> {
        let place = |seconds: f64| {
            let sample = (seconds.max(0.0) * RATE).round() as usize;
            sample.saturating_sub(self.start).min(self.samples.len())
        };
        let (Some(first), Some(last)) = (frames.first(), frames.last()) else { return Vec::new() };
        let (from, to) = (place(first.time - HALF), place(last.time + HALF));
        self.samples.range(from..to.max(from)).copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use limbic_features::DESCRIPTORS;

    use super::*;

    #[test]
    fn frames_find_their_samples_as_long_as_these_are_kept() {
        let frame = |time| Frame { time, values: [0.0; DESCRIPTORS] };
        let frames = [frame(0.505), frame(0.515), frame(0.525)];
        let mut tape = Tape::default();
        assert!(tape.under(&frames).is_empty());
        let seconds: Vec<f32> = (0..32_000).map(|i| i as f32).collect();
        seconds.chunks(999).for_each(|block| tape.push(block));
        let whole: Vec<f32> = (8000..8480).map(|i| i as f32).collect();
        assert_eq!(tape.under(&frames), whole);
        tape.forget(0.25);
        assert_eq!((tape.under(&frames), tape.samples.len()), (whole.clone(), 28_000));
        tape.forget(0.1);
        tape.forget(0.51);
        assert_eq!(tape.under(&frames), whole[160..]);
        tape.forget(9.0);
        assert!(tape.under(&frames).is_empty() && tape.under(&[]).is_empty());
    }
}
