//! Voices as wav2vec 2.0 hears them (Baevski et al. 2020): about 50 frames a second.

mod network;
mod published;
mod windows;

use std::path::Path;

use burn::tensor::{Device, Tensor, TensorData};
use limbic_features::{Error, Extract, Features, Result, Times};
use limbic_media::{Clip, Modality, SAMPLE_RATE};
use serde::{Deserialize, Serialize};

use self::network::Network;
use self::published::{FilterNorm, Preprocessor, Published};
use self::windows::Windows;
use crate::folder::{identity, impossible, json, needed};
use crate::weights::Weights;

/// Version of the way samples become frames.
const VERSION: u32 = 1;

/// How a wav2vec 2.0 is used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Wav2vec2Config {
    /// Keeps the first so many transformer layers; all of them where it is `None`.
    pub layers: Option<usize>,
    /// What happens to samples first.
    pub normalise: Normalise,
    /// Seconds heard at once, 1 to 120. Memory and time grow with its square; a longer recording
    /// is heard in windows of this length, and a shorter one whole.
    pub window: f64,
}

/// What happens to samples before the network hears them.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Normalise {
    /// What the model's `preprocessor_config.json` says: nothing, or as `Window`.
    #[default]
    Published,
    /// Nothing.
    Nothing,
    /// The mean of what is heard at once becomes 0 and its variance 1.
    Window,
    /// The mean and deviation of a training set are taken out, as in VAVL (Goncalves et al. 2024).
    Fixed {
        /// Taken off every sample.
        mean: f32,
        /// Divides every sample; above zero.
        deviation: f32,
    },
}

impl Default for Wav2vec2Config {
    fn default() -> Self {
        Self { layers: None, normalise: Normalise::Published, window: 20.0 }
    }
}

/// The last hidden states of a wav2vec 2.0, as the original gives them for a model of so many
/// layers: `[t, hidden_size]`, a row for 25 ms of sound every 20 ms.
#[derive(Debug)]
pub struct Wav2vec2 {
    network: Network,
    published: Published,
    normalise: Normalise,
    window: usize,
    device: Device,
    id: String,
}

impl Wav2vec2 {
    /// Reads `config.json`, `model.safetensors` and, where it is there, `preprocessor_config.json`
    /// of `folder`, as they are published, by themselves or below a `wav2vec2.` prefix.
    ///
    /// # Errors
    /// One sentence that names the file and the weight or key: [`Error::Io`], [`Error::Damaged`]
    /// for a file that is no such model, [`Error::Setting`] for settings that cannot work.
    pub fn open(
        folder: impl AsRef<Path>,
        config: &Wav2vec2Config,
        device: &Device,
    ) -> Result<Self> {
        let folder = folder.as_ref();
        let setting =
            |setting, found: String, expected| Error::Setting { setting, found, expected };
        if !(1.0..=120.0).contains(&config.window) {
            return Err(setting("window", config.window.to_string(), "1 to 120 seconds"));
        }
        if let Normalise::Fixed { mean, deviation } = config.normalise
            && !(mean.is_finite() && deviation.is_finite() && deviation > 0.0)
        {
            let found = format!("mean {mean}, deviation {deviation}");
            return Err(setting("normalise", found, "a mean and a deviation above zero"));
        }
        let files = ["config.json", "preprocessor_config.json", "model.safetensors"];
        let published: Published = needed(folder, files[0])?;
        published.check(&folder.join(files[0]))?;
        let preprocessor: Preprocessor = json(folder, files[1])?.unwrap_or_default();
        if preprocessor.sampling_rate != SAMPLE_RATE {
            let path = folder.join(files[1]);
            return Err(impossible(&path, "sampling_rate", preprocessor.sampling_rate));
        }
        let there = published.num_hidden_layers;
        let layers = config.layers.unwrap_or(there);
        if layers > there {
            return Err(setting("layers", layers.to_string(), "at most as many as the model has"));
        }
        let weights = Weights::open(folder.join(files[2]), device)?.below("wav2vec2.");
        let normalise = match config.normalise {
            Normalise::Published if preprocessor.do_normalize => Normalise::Window,
            Normalise::Published => Normalise::Nothing,
            other => other,
        };
        Ok(Self {
            network: Network::read(&weights, &published, layers)?,
            normalise,
            window: (config.window * f64::from(SAMPLE_RATE)) as usize,
            device: device.clone(),
            id: identity("wav2vec2", VERSION, folder, &files, config)?,
            published,
        })
    }

    /// The frames of 16 kHz mono samples; none where they are fewer than a frame needs.
    ///
    /// # Errors
    /// [`Error::Shape`] never happens for a network that could be opened.
    pub fn frames(&self, samples: &[f32]) -> Result<Features> {
        let mut data = Vec::new();
        let mut windows = self.windows();
        windows.push(samples, |window, known| {
            self.hear(window, known, &mut data);
            Ok(())
        })?;
        windows.finish(|window, known| {
            self.hear(window, known, &mut data);
            Ok(())
        })?;
        self.features(data)
    }

    /// The frames of several clips, each as [`Self::frames`] gives them. Clips are heard together,
    /// padded and masked, where the model was trained so (it normalises every step by itself) and
    /// none is longer than a window; else one after the other.
    ///
    /// # Errors
    /// Those of [`Self::frames`].
    pub fn batch(&self, clips: &[&[f32]]) -> Result<Vec<Features>> {
        let reach = self.published.reach();
        let lengths: Vec<usize> =
            clips.iter().map(|clip| self.published.frames(clip.len())).collect();
        let longest = clips.iter().map(|clip| clip.len()).max().unwrap_or(0);
        let together = self.published.feat_extract_norm == FilterNorm::Layer
            && (reach..=self.window).contains(&longest);
        if !together {
            return clips.iter().map(|clip| self.frames(clip)).collect();
        }
        let mut padded = Vec::with_capacity(clips.len() * longest);
        for clip in clips {
            let wave = self.normalised(clip);
            padded.extend_from_slice(&wave);
            padded.resize(padded.len() + longest - wave.len(), 0.0);
        }
        let waves = TensorData::new(padded, [clips.len(), longest]);
        let waves = Tensor::from_data(waves, &self.device);
        let states = self.network.forward(waves, Some(&lengths));
        let each = states.iter_dim(0).zip(&lengths);
        let size = self.published.hidden_size;
        each.map(|(states, length)| {
            self.features(states.into_data().iter::<f32>().take(length * size).collect())
        })
        .collect()
    }

    fn windows(&self) -> Windows {
        Windows::new(self.window, self.published.hop(), self.published.frames(self.window))
    }

    /// Appends the frames of a window but for the first `known`.
    fn hear(&self, window: &[f32], known: usize, data: &mut Vec<f32>) {
        if self.published.frames(window.len()) > known {
            let wave = TensorData::new(self.normalised(window), [1, window.len()]);
            let states = self.network.forward(Tensor::from_data(wave, &self.device), None);
            let skip = known * self.published.hidden_size;
            data.extend(states.into_data().iter::<f32>().skip(skip));
        }
    }

    fn normalised(&self, wave: &[f32]) -> Vec<f32> {
        match self.normalise {
            Normalise::Published | Normalise::Nothing => wave.to_vec(),
            Normalise::Fixed { mean, deviation } => {
                wave.iter().map(|x| (x - mean) / deviation).collect()
            }
            Normalise::Window => {
                let count = wave.len().max(1) as f64;
                let mean = wave.iter().map(|x| f64::from(*x)).sum::<f64>() / count;
                let power = wave.iter().map(|x| (f64::from(*x) - mean).powi(2)).sum::<f64>();
                let scale = (power / count + 1e-7).sqrt();
                wave.iter().map(|x| ((f64::from(*x) - mean) / scale) as f32).collect()
            }
        }
    }

    fn features(&self, data: Vec<f32>) -> Result<Features> {
        let rate = f64::from(SAMPLE_RATE);
        let times = Times::Steps {
            start: self.published.reach() as f64 / 2.0 / rate,
            hop: self.published.hop() as f64 / rate,
        };
        let size = self.published.hidden_size;
        Features::new(Modality::Audio, [data.len() / size, size], data, times)
    }
}

impl Extract for Wav2vec2 {
    fn extract(&self, clip: &Clip) -> Result<Features> {
        let mut sound = clip.audio()?.ok_or_else(|| Error::Absent {
            path: clip.path().unwrap_or_else(|| "the text given".as_ref()).to_owned(),
            modality: Modality::Audio,
            extractor: self.id.clone(),
        })?;
        let mut data = Vec::new();
        let mut windows = self.windows();
        while let Some(block) = sound.next_block()? {
            windows.push(&block, |window, known| {
                self.hear(window, known, &mut data);
                Ok(())
            })?;
        }
        windows.finish(|window, known| {
            self.hear(window, known, &mut data);
            Ok(())
        })?;
        self.features(data)
    }

    fn id(&self) -> &str {
        &self.id
    }
}
