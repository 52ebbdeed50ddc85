//! Log-mel spectrograms that equal those of librosa, Whisper and AST.
//!
//! One computation serves all of them: cut frames, taper, transform, take the power, weigh it
//! with triangles on the mel axis, take a logarithm. What differs is said in [`MelConfig`], and
//! the presets are checked against the reference implementations (`references/mel.py`). All
//! arithmetic is f64; only the result is f32.

mod config;
mod filters;
mod stream;

use std::sync::Arc;

use limbic_media::{Clip, Modality, SAMPLE_RATE};
use realfft::num_complex::Complex;
use realfft::{RealFftPlanner, RealToComplex};

pub use config::{Edges, Level, MelConfig, MelScale, Taper};
pub use stream::MelStream;

use crate::extract::absent;
use crate::{Error, Extract, Features, Result, Times};
use filters::FilterBank;

/// A log-mel extractor: settings, window, transform and filters, made once. Cheap to clone.
#[derive(Clone)]
pub struct MelSpectrogram(Arc<Parts>);

struct Parts {
    config: MelConfig,
    id: String,
    taper: Vec<f64>,
    transform: Arc<dyn RealToComplex<f64>>,
    filters: FilterBank,
}

/// Memory for one frame, used again for the next.
struct Scratch {
    frame: Vec<f64>,
    spectrum: Vec<Complex<f64>>,
    power: Vec<f64>,
    work: Vec<Complex<f64>>,
}

impl MelSpectrogram {
    /// Prepares window, transform and filters; refuses settings that cannot work.
    pub fn new(config: &MelConfig) -> Result<Self> {
        config.check()?;
        let transform = RealFftPlanner::new().plan_fft_forward(config.fft_length);
        Ok(Self(Arc::new(Parts {
            id: config.id(),
            taper: config.taper(),
            transform,
            filters: FilterBank::new(config),
            config: config.clone(),
        })))
    }

    /// The settings it was made with.
    pub fn config(&self) -> &MelConfig {
        &self.0.config
    }

    /// Name and version: `log-mel/whisper@1`; settings of one's own appear as a fingerprint.
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// The log-mel of `samples` (mono, at the rate of the settings, full scale 1).
    ///
    /// No sample gives no row; any other number gives at least one (before `drop_last`), the
    /// missing part of the window being silence. Samples that are not finite count as silence.
    ///
    /// # Shapes
    /// `[n] -> [t, n_mels]`
    pub fn frames(&self, samples: &[f32]) -> Features {
        let config = self.config();
        let samples = match config.fixed_samples() {
            Some(fixed) if !samples.is_empty() => &samples[..samples.len().min(fixed)],
            _ => samples,
        };
        let rows = match config.fixed_samples() {
            Some(fixed) if !samples.is_empty() => self.row_count(fixed),
            _ => self.row_count(samples.len()),
        };
        let mut scratch = self.scratch();
        let mut power = Vec::with_capacity(rows * config.n_mels);
        for row in 0..rows {
            self.power(samples, 0, row, &mut scratch, &mut power);
        }
        self.features(self.level(power))
    }

    /// Whole rows with their times.
    fn features(&self, data: Vec<f32>) -> Features {
        let config = self.config();
        let rate = f64::from(config.sample_rate);
        let centre = self.row_start(0) as f64 + config.window_length as f64 / 2.0;
        let times = Times::Steps { start: centre / rate, hop: config.hop_length / rate };
        let rows = data.len() / config.n_mels;
        Features::new(Modality::Audio, [rows, config.n_mels], data, times)
            .expect("every row has a value for each filter, and there is at least one filter")
    }

    fn scratch(&self) -> Scratch {
        let transform = &self.0.transform;
        Scratch {
            frame: transform.make_input_vec(),
            spectrum: transform.make_output_vec(),
            power: vec![0.0; transform.complex_len()],
            work: transform.make_scratch_vec(),
        }
    }

    /// How many rows `samples` samples have.
    fn row_count(&self, samples: usize) -> usize {
        let config = self.config();
        let steps = |n: usize| (n as f64 / config.hop_length) as usize;
        match config.edges {
            _ if samples == 0 => 0,
            Edges::Zeros | Edges::Mirror if config.drop_last => steps(samples),
            Edges::Zeros | Edges::Mirror => steps(samples) + 1,
            Edges::Inside => steps(samples.saturating_sub(config.window_length)) + 1,
        }
    }

    /// The sample on which the window of `row` begins; negative before the sound begins.
    fn row_start(&self, row: usize) -> i64 {
        let config = self.config();
        let step = (row as f64 * config.hop_length + 0.5).floor() as i64;
        match config.edges {
            Edges::Inside => step,
            Edges::Zeros | Edges::Mirror => {
                let margin = (config.fft_length - config.window_length) / 2;
                step - (config.fft_length / 2 - margin) as i64
            }
        }
    }

    /// Appends the power of `row` in each filter to `out`. `samples[0]` is sample `first` of the
    /// sound, and whatever lies outside of `samples` is silence or its mirror image.
    fn power(
        &self,
        samples: &[f32],
        first: usize,
        row: usize,
        scratch: &mut Scratch,
        out: &mut Vec<f64>,
    ) {
        let config = self.config();
        let start = self.row_start(row) - first as i64;
        let (window, rest) = scratch.frame.split_at_mut(config.window_length);
        let inside =
            usize::try_from(start).ok().and_then(|start| samples.get(start..)?.get(..window.len()));
        if let Some(inside) = inside {
            for (value, sample) in window.iter_mut().zip(inside) {
                *value = if sample.is_finite() { f64::from(*sample) } else { 0.0 };
            }
        } else {
            for (i, value) in window.iter_mut().enumerate() {
                *value = self.sample(samples, start + i as i64);
            }
        }
        if config.remove_mean {
            let mean = window.iter().sum::<f64>() / window.len() as f64;
            for value in &mut *window {
                *value -= mean;
            }
        }
        if config.preemphasis != 0.0 {
            for i in (1..window.len()).rev() {
                window[i] -= config.preemphasis * window[i - 1];
            }
            window[0] -= config.preemphasis * window[0];
        }
        window.iter_mut().zip(&self.0.taper).for_each(|(value, taper)| *value *= taper);
        rest.fill(0.0);
        self.0
            .transform
            .process_with_scratch(&mut scratch.frame, &mut scratch.spectrum, &mut scratch.work)
            .expect("the buffers were made by this very transform");
        for (power, bin) in scratch.power.iter_mut().zip(&scratch.spectrum) {
            *power = bin.norm_sqr();
        }
        self.0.filters.apply(&scratch.power, out);
    }

    fn sample(&self, samples: &[f32], index: i64) -> f64 {
        let inside = usize::try_from(index).ok().and_then(|index| samples.get(index));
        let sample = match (inside, self.config().edges) {
            (Some(&sample), _) => sample,
            (None, Edges::Mirror) => {
                // NumPy's `reflect`: the edge sample is not repeated, and the mirror image of a
                // short sound goes back and forth.
                let fixed = self.config().fixed_samples();
                let last = fixed.unwrap_or(samples.len()).max(1) as i64 - 1;
                let folded = if last == 0 { 0 } else { index.rem_euclid(2 * last) };
                let index = folded.min(2 * last - folded) as usize;
                samples.get(index).copied().unwrap_or(0.0)
            }
            (None, Edges::Zeros | Edges::Inside) => 0.0,
        };
        if sample.is_finite() { f64::from(sample) } else { 0.0 }
    }

    /// Power becomes level.
    fn level(&self, mut power: Vec<f64>) -> Vec<f32> {
        let peak = |values: &[f64]| values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let logarithm = |values: &mut [f64], floor: f64, factor: f64| {
            for value in values {
                *value = factor * value.max(floor).log10();
            }
        };
        match self.config().level {
            Level::Decibel { floor, relative_to_peak, range } => {
                logarithm(&mut power, floor, 10.0);
                let loudest = peak(&power);
                let zero = if relative_to_peak { loudest } else { 0.0 };
                let lowest = range.map_or(f64::NEG_INFINITY, |range| loudest - range);
                for value in &mut power {
                    *value = value.max(lowest) - zero;
                }
            }
            Level::Whisper {} => {
                logarithm(&mut power, 1e-10, 1.0);
                let lowest = peak(&power) - 8.0;
                for value in &mut power {
                    *value = (value.max(lowest) + 4.0) / 4.0;
                }
            }
            Level::Natural { floor } => logarithm(&mut power, floor, std::f64::consts::LN_10),
        }
        power.into_iter().map(|value| value as f32).collect()
    }
}

impl Extract for MelSpectrogram {
    /// The log-mel of the sound of `clip`. Where no row depends on the whole clip, the sound is
    /// not held in memory.
    fn extract(&self, clip: &Clip) -> Result<Features> {
        let config = self.config();
        if config.sample_rate != SAMPLE_RATE {
            let expected = "16000, the rate of the sound of a clip";
            return Err(Error::setting("sample_rate", config.sample_rate, expected));
        }
        let mut sound =
            clip.audio()?.ok_or_else(|| absent(clip, Modality::Audio, Self::id(self)))?;
        if let Ok(mut stream) = self.stream() {
            let mut rows = Vec::new();
            while let Some(block) = sound.next_block()? {
                rows.extend(stream.push(&block));
            }
            rows.extend(stream.finish());
            return Ok(self.features(rows));
        }
        let enough = config.fixed_samples().unwrap_or(usize::MAX);
        let mut samples = Vec::new();
        while samples.len() < enough
            && let Some(block) = sound.next_block()?
        {
            samples.extend(block);
        }
        Ok(self.frames(&samples))
    }

    fn id(&self) -> &str {
        Self::id(self)
    }
}

#[cfg(test)]
mod tests;
