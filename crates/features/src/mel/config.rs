//! The settings in which log-mels differ, and the presets that name three common sets of them.

use std::f64::consts::TAU;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// Version of the numbers: it goes up when a change here alters any of them.
const VERSION: u32 = 1;

/// The longest window, transform and fixed length that are taken as meant.
const MOST_SAMPLES: usize = 1 << 28;

/// What happens to a window that reaches over the beginning or end of the sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Edges {
    /// Windows are centred on their time; outside there is silence (librosa).
    Zeros,
    /// Windows are centred on their time; outside the sound is mirrored (Whisper).
    Mirror,
    /// Windows begin at their time and stay inside (Kaldi, AST).
    Inside,
}

/// The Hann window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Taper {
    /// `n` points of a period of `n`: the last is not zero (librosa, Whisper).
    Periodic,
    /// `n` points of a period of `n - 1`: both ends are zero (Kaldi, AST).
    Symmetric,
}

/// The frequency scale and the triangles that go with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MelScale {
    /// Linear below 1 kHz, logarithmic above; triangles over Hz, of equal area.
    Slaney,
    /// `1127 ln(1 + f / 700)`; triangles over mel, of equal height.
    Kaldi,
}

/// How the power in a filter becomes a level.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Level {
    /// `10 log10(max(power, floor))` (librosa `power_to_db`).
    Decibel {
        /// Least power.
        floor: f64,
        /// Whether the loudest value of the clip is 0 dB. Silence is then 0 dB throughout.
        relative_to_peak: bool,
        /// Everything is at most this many dB below the loudest value of the clip.
        range: Option<f64>,
    },
    /// `(max(log10 max(power, 1e-10), loudest - 8) + 4) / 4`.
    Whisper {},
    /// `ln(max(power, floor))`.
    Natural {
        /// Least power.
        floor: f64,
    },
}

/// What a log-mel spectrogram is made of. Start from a preset and change what differs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MelConfig {
    /// Samples a second of the sound given.
    pub sample_rate: u32,
    /// Samples in a window.
    pub window_length: usize,
    /// Points of the transform; a window is filled up with zeros to this length.
    pub fft_length: usize,
    /// Samples between rows; a fraction of a sample is rounded row by row and does not add up.
    pub hop_length: f64,
    /// Number of filters, and of columns.
    pub n_mels: usize,
    /// Lower end of the first filter, in Hz.
    pub f_min: f64,
    /// Upper end of the last filter, in Hz.
    pub f_max: f64,
    /// Frequency scale and shape of the filters.
    pub scale: MelScale,
    /// Shape of the window.
    pub taper: Taper,
    /// Where windows lie and what is outside of the sound.
    pub edges: Edges,
    /// Leave out the last centred row.
    #[serde(default)]
    pub drop_last: bool,
    /// Subtract the mean of each window.
    #[serde(default)]
    pub remove_mean: bool,
    /// `x[i] - preemphasis * x[i - 1]` in each window; 0 is off.
    #[serde(default)]
    pub preemphasis: f64,
    /// From power to level.
    pub level: Level,
    /// Cut or fill with silence to this many seconds first.
    #[serde(default)]
    pub fixed_seconds: Option<f64>,
}

impl MelConfig {
    /// `power_to_db(melspectrogram(y, sr=16000))` of librosa 0.11 with its defaults:
    /// window 2048, hop 512, 128 filters, 80 dB range. Set `range` to `None` to stream it.
    pub fn librosa() -> Self {
        Self {
            sample_rate: 16_000,
            window_length: 2048,
            fft_length: 2048,
            hop_length: 512.0,
            n_mels: 128,
            f_min: 0.0,
            f_max: 8000.0,
            scale: MelScale::Slaney,
            taper: Taper::Periodic,
            edges: Edges::Zeros,
            drop_last: false,
            remove_mean: false,
            preemphasis: 0.0,
            level: Level::Decibel { floor: 1e-10, relative_to_peak: false, range: Some(80.0) },
            fixed_seconds: None,
        }
    }

    /// The input of Whisper (Radford et al. 2022) as Hugging Face `WhisperFeatureExtractor`
    /// makes it: 30 s, 80 filters, 3000 rows.
    pub fn whisper() -> Self {
        Self {
            window_length: 400,
            fft_length: 400,
            hop_length: 160.0,
            n_mels: 80,
            edges: Edges::Mirror,
            drop_last: true,
            level: Level::Whisper {},
            fixed_seconds: Some(30.0),
            ..Self::librosa()
        }
    }

    /// The input of the Audio Spectrogram Transformer (Gong et al. 2021): Kaldi's filter bank
    /// with 128 filters, as `ASTFeatureExtractor(do_normalize=False)`, without the rows of zeros
    /// that it adds up to 1024.
    pub fn ast() -> Self {
        Self {
            window_length: 400,
            fft_length: 512,
            hop_length: 160.0,
            f_min: 20.0,
            scale: MelScale::Kaldi,
            taper: Taper::Symmetric,
            edges: Edges::Inside,
            remove_mean: true,
            preemphasis: 0.97,
            level: Level::Natural { floor: f64::from(f32::EPSILON) },
            ..Self::librosa()
        }
    }

    /// The audio input of MPUC (Franceschini et al. 2022): one row for each video frame, dB
    /// below the loudest value of the clip. The window is librosa's: none was published.
    pub fn mpuc(frames_per_second: f64) -> Self {
        let config = Self::librosa();
        Self {
            hop_length: f64::from(config.sample_rate) / frames_per_second,
            level: Level::Decibel { floor: 1e-10, relative_to_peak: true, range: Some(80.0) },
            ..config
        }
    }

    /// Refuses what cannot work, naming the setting.
    pub(super) fn check(&self) -> Result<()> {
        let refuse = |setting, found: &dyn std::fmt::Display, expected| {
            Err(Error::setting(setting, found, expected))
        };
        let nyquist = f64::from(self.sample_rate) / 2.0;
        let window_at_most = self.fft_length;
        if self.sample_rate == 0 {
            return refuse("sample_rate", &self.sample_rate, "a rate above zero");
        }
        if !(2..=window_at_most).contains(&self.window_length) {
            return refuse("window_length", &self.window_length, "2 samples up to `fft_length`");
        }
        if self.fft_length > MOST_SAMPLES {
            return refuse("fft_length", &self.fft_length, "at most 2^28");
        }
        if !(1.0..=MOST_SAMPLES as f64).contains(&self.hop_length) {
            return refuse("hop_length", &self.hop_length, "one sample or more");
        }
        if !(1..=self.fft_length).contains(&self.n_mels) {
            return refuse("n_mels", &self.n_mels, "one filter up to `fft_length`");
        }
        if !(0.0..nyquist).contains(&self.f_min) {
            return refuse("f_min", &self.f_min, "0 Hz up to half the sample rate");
        }
        if !(self.f_max > self.f_min && self.f_max <= nyquist) {
            return refuse("f_max", &self.f_max, "more than `f_min`, up to half the sample rate");
        }
        if !self.preemphasis.is_finite() {
            return refuse("preemphasis", &self.preemphasis, "a number such as 0.97");
        }
        let (floor, range) = match self.level {
            Level::Decibel { floor, range, .. } => (floor, range),
            Level::Natural { floor } => (floor, None),
            Level::Whisper {} => (1e-10, None),
        };
        if !(floor > 0.0 && floor.is_finite()) {
            return refuse("level.floor", &floor, "a power above zero such as 1e-10");
        }
        match (range, self.fixed_seconds) {
            (Some(range), _) if !(range > 0.0 && range.is_finite()) => {
                refuse("level.range", &range, "dB above zero such as 80")
            }
            (_, Some(seconds))
                if !(1.0..=MOST_SAMPLES as f64)
                    .contains(&(seconds * f64::from(self.sample_rate))) =>
            {
                refuse("fixed_seconds", &seconds, "a length above zero, such as 30")
            }
            _ => Ok(()),
        }
    }

    /// Samples to cut or fill to.
    pub(super) fn fixed_samples(&self) -> Option<usize> {
        self.fixed_seconds.map(|seconds| (seconds * f64::from(self.sample_rate)).round() as usize)
    }

    /// The window, `window_length` weights.
    pub(super) fn taper(&self) -> Vec<f64> {
        let period = match self.taper {
            Taper::Periodic => self.window_length,
            Taper::Symmetric => self.window_length - 1,
        };
        let hann = |i| 0.5 - 0.5 * (TAU * i as f64 / period as f64).cos();
        (0..self.window_length).map(hann).collect()
    }

    /// The name of the preset, or a fingerprint of the settings.
    pub(super) fn id(&self) -> String {
        let fps = (f64::from(self.sample_rate) / self.hop_length * 1e4).round() / 1e4;
        let name = if *self == Self::librosa() {
            "librosa".to_owned()
        } else if *self == Self::whisper() {
            "whisper".to_owned()
        } else if *self == Self::ast() {
            "ast".to_owned()
        } else if *self == Self::mpuc(fps) {
            format!("mpuc-{fps}fps")
        } else {
            let settings = serde_json::to_vec(self).expect("numbers, names and flags are JSON");
            blake3::hash(&settings).to_hex()[..12].to_owned()
        };
        format!("log-mel/{name}@{VERSION}")
    }
}
