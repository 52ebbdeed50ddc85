//! Files become samples, frames and words. No tensors, no models.
//!
//! A `Clip` is one recording: whatever of voice, face and words it holds. Everything is read
//! lazily and in order, so memory does not grow with the length of the file: `AudioStream`
//! yields blocks of 16 kHz mono samples, `FrameStream` yields pictures at a requested rate,
//! and `Cue`s are the words with their times. A damaged part costs that part; what was left
//! out is told as [`Skipped`].

mod error;
mod modality;
mod span;

pub use error::{Error, Result};
pub use modality::{Modality, PerModality};
pub use span::{Skipped, Span};
