//! Pretrained networks as extractors: what others have learned from much data becomes features.
//!
//! Each reads the files in which its weights are published, from a path, and gives the numbers of
//! the original implementation:
//!
//! ```no_run
//! use burn::tensor::Device;
//! use limbic_backbones::{Wav2vec2, Wav2vec2Config};
//! use limbic_features::Extract;
//! use limbic_media::Clip;
//!
//! // config.json, preprocessor_config.json and model.safetensors as Hugging Face keeps them.
//! let config = Wav2vec2Config { layers: Some(12), ..Wav2vec2Config::default() };
//! let voice = Wav2vec2::open("wav2vec2-large-robust", &config, &Device::flex())?;
//! let features = voice.extract(&Clip::open("interview.wav")?)?; // [t, 1024], 50 a second
//! # Ok::<(), limbic_features::Error>(())
//! ```
//!
//! [`Backbone`] is any of them, known by the files at a path, as a recipe or a command line names
//! it. The id of an extractor is a hash of its files and settings, so that what a cache keeps under
//! one set of weights is never given out for another.

mod backbone;
mod bert;
mod convolution;
mod folder;
mod hub;
#[cfg(feature = "onnx")]
mod onnx;
mod r2plus1d;
mod transformer;
mod view;
mod wav2vec2;
mod weights;

pub use backbone::Backbone;
pub use bert::{Bert, BertConfig, TextPool};
#[cfg(feature = "onnx")]
pub use onnx::{Channels, Onnx, OnnxConfig, Planes};
pub use r2plus1d::{R2plus1d, R2plus1dConfig};
pub use view::View;
pub use wav2vec2::{Normalise, Wav2vec2, Wav2vec2Config};
