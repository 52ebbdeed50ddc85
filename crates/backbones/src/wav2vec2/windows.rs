//! A recording of any length as windows that a network can hold.

use limbic_features::Result;

/// Cuts samples into windows whose frames lie on one grid and whose memory is bounded. What is no
/// longer than a window is one. The last window of a longer recording reaches back over frames
/// that are known already, so that it hears as much as the others.
#[derive(Debug)]
pub(super) struct Windows {
    /// Samples of a window.
    size: usize,
    /// Samples from one frame to the next.
    hop: usize,
    /// Frames of a window.
    frames: usize,
    held: Vec<f32>,
    /// Samples at the front of `held` whose frames are known.
    done: usize,
}

impl Windows {
    pub(super) const fn new(size: usize, hop: usize, frames: usize) -> Self {
        Self { size, hop, frames, held: Vec::new(), done: 0 }
    }

    /// Takes samples and gives out every window that cannot be the last, with the number of its
    /// first frames that are known.
    pub(super) fn push(
        &mut self,
        block: &[f32],
        mut visit: impl FnMut(&[f32], usize) -> Result<()>,
    ) -> Result<()> {
        self.held.extend_from_slice(block);
        while self.held.len() - self.done > self.size {
            self.held.drain(..self.done);
            self.done = self.frames * self.hop;
            visit(&self.held[..self.size], 0)?;
        }
        Ok(())
    }

    /// Gives out the last window.
    pub(super) fn finish(self, visit: impl FnOnce(&[f32], usize) -> Result<()>) -> Result<()> {
        let start = self.held.len().saturating_sub(self.size).next_multiple_of(self.hop);
        let start = start.min(self.done);
        visit(&self.held[start..], (self.done - start) / self.hop)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Frames of 5 samples every 3; a frame is its first sample.
    fn frames(samples: &[f32]) -> Vec<f32> {
        samples.windows(5).step_by(3).map(|window| window[0]).collect()
    }

    proptest! {
        #[test]
        fn every_frame_is_given_once_and_in_order(
            length in 0usize..200,
            size in 5usize..40,
            block in 1usize..50,
        ) {
            let samples: Vec<f32> = (0..length).map(|i| i as f32).collect();
            let mut windows = Windows::new(size, 3, (size - 5) / 3 + 1);
            let (mut found, mut shortest) = (Vec::new(), usize::MAX);
            let mut visit = |window: &[f32], known: usize| {
                assert!(window.len() <= size);
                shortest = shortest.min(window.len());
                found.extend(frames(window).into_iter().skip(known));
                Ok(())
            };
            for block in samples.chunks(block) {
                windows.push(block, &mut visit).unwrap();
            }
            windows.finish(&mut visit).unwrap();
            prop_assert_eq!(found, frames(&samples));
            prop_assert!(shortest + 3 > size.min(length));
        }
    }
}
