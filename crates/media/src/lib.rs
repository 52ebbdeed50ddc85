//! Files become samples, frames and words. No tensors, no models.
//!
//! A [`Clip`] is one recording: whatever of voice, face and words it holds. Everything is read
//! lazily and in order, so memory does not grow with the length of the file: [`AudioStream`]
//! yields blocks of 16 kHz mono samples, [`FrameStream`] yields pictures at a requested rate,
//! and [`Cue`]s are the words with their times. A damaged part costs that part; what was left
//! out is told as [`Skipped`].

pub mod audio;
mod boxes;
mod clip;
mod container;
mod degrade;
mod error;
mod face;
mod ffmpeg;
mod modality;
mod source;
mod span;
mod speech;
pub mod text;
mod video;

pub use audio::{AudioStream, Resampler, SAMPLE_RATE};
pub use clip::{Clip, Kind};
pub use degrade::Degradation;
pub use error::{Error, Result};
pub use face::{Face, FaceTracker, Square};
pub use modality::{Modality, PerModality};
pub use span::{Skipped, Span};
pub use speech::{SPEECH_FRAME, SpeechDetector, SpeechSpans, speech_spans};
pub use text::Cue;
pub use video::{Frame, FrameStream, GrayImage, Picture, RgbImage};
