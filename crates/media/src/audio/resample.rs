//! Any rate to 16 kHz, in a stream and without delay.

use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Indexing, Resampler as _, WindowFunction};

use super::SAMPLE_RATE;

/// Rates outside of this range are no sound recordings.
pub(super) const RATES: std::ops::RangeInclusive<u32> = 1_000..=384_000;

/// Output frames per transform, at least. Longer blocks give a steeper filter: with these, tones
/// up to 7.6 kHz pass unchanged and none above 8 kHz folds back.
const BLOCK: usize = 2_048;

/// Mono sound of any rate as sound of 16 kHz, as it comes (overlap-add in the frequency domain).
pub struct Resampler {
    rate: u32,
    /// `None` where the rate is 16 kHz already.
    fft: Option<Box<Fft<f32>>>,
    input: Vec<f32>,
    output: Vec<f32>,
    /// Output frames still to drop: the delay of the filter.
    delay: usize,
    taken: u64,
    given: u64,
}

impl Resampler {
    /// From `rate` samples a second.
    ///
    /// # Errors
    /// A sentence where the rate is outside of 1 to 384 kHz.
    pub fn new(rate: u32) -> Result<Self, String> {
        if !RATES.contains(&rate) {
            return Err(format!("{rate} samples a second are no sound; give 1000 to 384000"));
        }
        let fft = if rate == SAMPLE_RATE {
            None
        } else {
            let (input, output) = (rate as usize, SAMPLE_RATE as usize);
            // An even number of input frames: the filter's middle then falls on a sample, and its
            // delay is the half block that the library tells.
            let unit = 2 * input / gcd(input, output);
            let block = (BLOCK * input / output).max(1).next_multiple_of(unit);
            let window = WindowFunction::BlackmanHarris2;
            let fft = Fft::new_custom(input, output, block, 1, 1, window, FixedSync::Input);
            Some(Box::new(fft.map_err(|error| error.to_string())?))
        };
        let delay = fft.as_ref().map_or(0, |fft| fft.output_delay());
        let output = vec![0.0; fft.as_ref().map_or(0, |fft| fft.output_frames_max())];
        Ok(Self { rate, fft, input: Vec::new(), output, delay, taken: 0, given: 0 })
    }

    /// Frames a second that go in.
    pub(super) const fn rate(&self) -> u32 {
        self.rate
    }

    /// Takes samples and appends what is ready to `ready`.
    ///
    /// # Errors
    /// What the filter says.
    pub fn push(&mut self, samples: &[f32], ready: &mut Vec<f32>) -> Result<(), String> {
        self.taken += samples.len() as u64;
        if self.fft.is_none() {
            self.given += samples.len() as u64;
            ready.extend_from_slice(samples);
            return Ok(());
        }
        self.input.extend_from_slice(samples);
        let mut used = 0;
        while let Some(needed) = self.fft.as_ref().map(|fft| fft.input_frames_next())
            && self.input.len() - used >= needed
        {
            let block = self.input[used..used + needed].to_vec();
            self.process(&block, needed, ready)?;
            used += needed;
        }
        self.input.drain(..used);
        Ok(())
    }

    /// Appends what the filter still holds: the output is then as long as the input, to a sample.
    ///
    /// # Errors
    /// What the filter says.
    pub fn finish(&mut self, ready: &mut Vec<f32>) -> Result<(), String> {
        let expected = (self.taken * u64::from(SAMPLE_RATE)).div_ceil(u64::from(self.rate));
        let before = ready.len();
        let owed = expected.saturating_sub(self.given) as usize;
        while let Some(needed) = self.fft.as_ref().map(|fft| fft.input_frames_next())
            && ready.len() - before < owed
        {
            let mut block = std::mem::take(&mut self.input);
            let filled = block.len();
            block.resize(needed, 0.0);
            self.process(&block, filled, ready)?;
        }
        ready.truncate(before + owed);
        Ok(())
    }

    fn process(
        &mut self,
        block: &[f32],
        filled: usize,
        ready: &mut Vec<f32>,
    ) -> Result<(), String> {
        let Some(fft) = &mut self.fft else { return Ok(()) };
        let room = self.output.len();
        let input =
            InterleavedSlice::new(block, 1, block.len()).map_err(|error| error.to_string())?;
        let mut output = InterleavedSlice::new_mut(&mut self.output, 1, room)
            .map_err(|error| error.to_string())?;
        let indexing = Indexing::new().partial_len(filled);
        let (_, frames) = fft
            .process_into_buffer(&input, &mut output, Some(&indexing))
            .map_err(|error| error.to_string())?;
        let drop = self.delay.min(frames);
        self.delay -= drop;
        self.given += (frames - drop) as u64;
        ready.extend_from_slice(&self.output[drop..frames]);
        Ok(())
    }
}

const fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}
