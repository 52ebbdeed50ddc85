//! Acoustic frame descriptors of speech and their functionals: what the voice expert reads.
//!
//! Samples at 16 kHz become one [`Frame`] every 10 ms: level, loudness, pitch, voice quality,
//! shape of the spectrum and formants. [`functionals`] turns any stretch of frames into one
//! vector of fixed length. Such sets are in the tradition of the Geneva minimalistic parameters
//! (Eyben et al., 2016); the choice, the definitions and the code here are our own.
//!
//! ```
//! use limbic_features::{DescriptorStream, contours, functional_names, functionals};
//!
//! let hum = |i: usize| (0..9).map(|h| (i as f32 * h as f32 * 0.06).sin() / 20.0).sum::<f32>();
//! let sound: Vec<f32> = (0..16_000).map(hum).collect();
//!
//! let mut stream = DescriptorStream::new();
//! let mut frames = Vec::new();
//! for block in sound.chunks(1024) {
//!     frames.extend(stream.push(block));
//! }
//! frames.extend(stream.finish());
//! assert_eq!(frames.len(), 100);
//!
//! let pitch = contours(&frames).pitch_hz[50].unwrap();
//! assert!((pitch - 0.06 * 16_000.0 / 6.2832).abs() < 1.0);
//! assert_eq!(functionals(&frames).unwrap().len(), functional_names().len());
//! ```

mod descriptor;
mod formant;
mod functionals;
mod pitch;
mod spectrum;
mod speech;
mod statistics;
#[cfg(test)]
mod tests;
mod voice;

use std::collections::VecDeque;
use std::ops::Index;

pub use descriptor::Descriptor;
pub use functionals::{functional_names, functionals};
use pitch::{Autocorrelation, Choice, Path, Periodicity};
use spectrum::{Shape, Spectrum};

/// Name and version of this set, for caches and model files.
pub const DESCRIPTORS_ID: &str = "descriptors@1";
/// Values of one frame.
pub const DESCRIPTORS: usize = 28;
/// Samples a second that every function here expects.
const RATE: f32 = 16_000.0;
/// Samples between frames (10 ms).
const HOP: usize = 160;
/// Loudest sample that is believed, eight times full scale.
const LARGEST_SAMPLE: f32 = 8.0;
/// Periodicity of noise, at which voicing starts, and of clear voice, at which it is complete.
const NOISE_PERIODICITY: f32 = 0.4;
const VOICE_PERIODICITY: f32 = 0.85;

/// Descriptors of 10 ms of sound.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    /// Middle of the 10 ms in seconds from the first sample.
    pub time: f64,
    /// Values in the order of [`Descriptor::ALL`], each finite.
    pub values: [f32; DESCRIPTORS],
}

impl Frame {
    /// Pitch in Hz; `None` in an unvoiced frame.
    pub fn pitch(&self) -> Option<f32> {
        Some(self[Descriptor::Pitch]).filter(|hz| *hz > 0.0)
    }
}

impl Index<Descriptor> for Frame {
    type Output = f32;

    fn index(&self, descriptor: Descriptor) -> &f32 {
        &self.values[descriptor as usize]
    }
}

/// Energy, pitch and voicing over time, one value a frame.
#[derive(Debug, Clone, PartialEq)]
pub struct Contours {
    /// Middle of each frame in seconds.
    pub time: Vec<f64>,
    /// Power above 50 Hz, dB of full scale.
    pub energy_db: Vec<f32>,
    /// Pitch in Hz between 60 and 600; `None` where unvoiced.
    pub pitch_hz: Vec<Option<f32>>,
    /// How periodic the frame is: 0 for noise, 1 for a clear voice.
    pub voicing: Vec<f32>,
}

/// Energy, pitch and voicing contours of `frames`.
pub fn contours(frames: &[Frame]) -> Contours {
    let voicing = |frame: &Frame| {
        let height = frame[Descriptor::Periodicity] - NOISE_PERIODICITY;
        (height / (VOICE_PERIODICITY - NOISE_PERIODICITY)).clamp(0.0, 1.0)
    };
    Contours {
        time: frames.iter().map(|f| f.time).collect(),
        energy_db: frames.iter().map(|f| f[Descriptor::Energy]).collect(),
        pitch_hz: frames.iter().map(Frame::pitch).collect(),
        voicing: frames.iter().map(voicing).collect(),
    }
}

/// Names of the values of a [`Frame`], in order.
pub fn descriptor_names() -> [&'static str; DESCRIPTORS] {
    Descriptor::ALL.map(Descriptor::name)
}

/// Functionals of a whole clip of 16 kHz mono samples; `None` where it holds less than a quarter
/// of a second of speech.
pub fn describe(samples: &[f32]) -> Option<Vec<f32>> {
    let mut stream = DescriptorStream::new();
    let mut frames = stream.push(samples);
    frames.extend(stream.finish());
    functionals(&frames)
}

/// Turns 16 kHz mono samples into frames as they arrive; blocks of any size give the same frames.
///
/// Frame `n` is centred on samples `160 n` to `160 n + 160` and comes out once 150 ms behind it
/// have been heard, so that the pitch can follow the best path. Samples that are not finite count
/// as silence.
pub struct DescriptorStream {
    /// What is needed for the next window, starting with half a window of silence.
    samples: Vec<f32>,
    spectrum: Spectrum,
    autocorrelation: Autocorrelation,
    path: Path,
    /// Frames whose pitch is not settled yet.
    open: VecDeque<Open>,
    received: usize,
    frames: usize,
}

struct Open {
    samples: Vec<f32>,
    shape: Shape,
    periodicity: Periodicity,
}

impl Default for DescriptorStream {
    fn default() -> Self {
        Self::new()
    }
}

impl DescriptorStream {
    /// A stream that has heard nothing.
    pub fn new() -> Self {
        Self {
            samples: vec![0.0; (pitch::WINDOW - HOP) / 2],
            spectrum: Spectrum::new(),
            autocorrelation: Autocorrelation::new(),
            path: Path::default(),
            open: VecDeque::new(),
            received: 0,
            frames: 0,
        }
    }

    /// Takes the next samples; returns the frames that they complete.
    pub fn push(&mut self, samples: &[f32]) -> Vec<Frame> {
        self.received += samples.len();
        self.samples.extend(
            samples.iter().map(|s| {
                if s.is_finite() { s.clamp(-LARGEST_SAMPLE, LARGEST_SAMPLE) } else { 0.0 }
            }),
        );
        self.advance(usize::MAX)
    }

    /// Ends the sound; returns the frames still open. Together with those before they are one for
    /// every whole 10 ms.
    pub fn finish(mut self) -> Vec<Frame> {
        self.samples.resize(self.samples.len() + pitch::WINDOW, 0.0);
        let mut frames = self.advance(self.received / HOP);
        while let Some(choice) = self.path.finish() {
            frames.extend(self.close(choice));
        }
        frames
    }

    /// Analyses every complete window, up to `limit` frames in all.
    fn advance(&mut self, limit: usize) -> Vec<Frame> {
        let mut frames = Vec::new();
        let mut start = 0;
        while start + pitch::WINDOW <= self.samples.len() && self.frames + self.open.len() < limit {
            let wide = &self.samples[start..start + pitch::WINDOW];
            let margin = (pitch::WINDOW - spectrum::WINDOW) / 2;
            let shape = self.spectrum.analyse(&wide[margin..margin + spectrum::WINDOW]);
            let (periodicity, candidates) = self.autocorrelation.analyse(wide);
            self.open.push_back(Open { samples: wide.to_vec(), shape, periodicity });
            if let Some(choice) = self.path.push(candidates) {
                frames.extend(self.close(choice));
            }
            start += HOP;
        }
        self.samples.drain(..start);
        frames
    }

    /// Completes the oldest open frame, whose pitch is settled now.
    fn close(&mut self, choice: Choice) -> Option<Frame> {
        let Open { samples, shape, periodicity } = self.open.pop_front()?;
        let time = (self.frames as f64 + 0.5) * HOP as f64 / f64::from(RATE);
        self.frames += 1;
        let candidate = match choice {
            Choice::Voiced(candidate) => Some(candidate),
            Choice::Unvoiced => None,
        };
        let quality = candidate
            .map(|c| voice::quality(&samples, &periodicity.power, c.hertz))
            .unwrap_or_default();
        let height = candidate.map_or(periodicity.highest, |c| c.height);
        let values = Descriptor::ALL.map(|descriptor| match descriptor {
            Descriptor::Energy => shape.energy_db,
            Descriptor::Loudness => shape.loudness_db,
            Descriptor::Pitch => candidate.map_or(0.0, |c| c.hertz),
            Descriptor::Periodicity => height,
            Descriptor::HarmonicsToNoise => 10.0 * (height.max(0.01) / (1.0 - height)).log10(),
            Descriptor::CepstralPeak => periodicity.prominence,
            Descriptor::Jitter => quality.jitter,
            Descriptor::Shimmer => quality.shimmer,
            Descriptor::H1H2 => quality.h1_h2,
            Descriptor::H1A1 => quality.h1_a1,
            Descriptor::H1A3 => quality.h1_a3,
            Descriptor::Flux => shape.flux,
            Descriptor::Centroid => shape.centroid,
            Descriptor::Spread => shape.spread,
            Descriptor::RollOff25 => shape.roll_off[0],
            Descriptor::RollOff50 => shape.roll_off[1],
            Descriptor::RollOff85 => shape.roll_off[2],
            Descriptor::Entropy => shape.entropy,
            Descriptor::SlopeLow => shape.slope_low,
            Descriptor::SlopeMid => shape.slope_mid,
            Descriptor::AlphaRatio => shape.alpha,
            Descriptor::Hammarberg => shape.hammarberg,
            Descriptor::ZeroCrossings => shape.crossings,
            Descriptor::Formant1 => shape.formants[0],
            Descriptor::Formant2 => shape.formants[1],
            Descriptor::Formant3 => shape.formants[2],
            Descriptor::FormantHeight1 => shape.heights[0],
            Descriptor::FormantHeight2 => shape.heights[1],
        });
        Some(Frame { time, values })
    }
}
