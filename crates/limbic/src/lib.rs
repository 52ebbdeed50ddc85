//! Clip in, reading out: the emotion that people express in text, voice and face.
//!
//! Each modality has its own calibrated expert; a [`Fusion`] multiplies their answers and keeps
//! the working, so that a [`Reading`] says how much each modality added. A modality that is
//! missing is absent to the last layer: nothing is filled in for it.

mod decimals;
mod emotion;
mod error;
mod experts;
mod flag;
mod fusion;
mod listen;
mod look;
mod options;
mod read;
mod reading;
mod scores;
mod slot;
mod summary;
mod timeline;
mod windows;
mod words;

pub use emotion::{Emotion, PerEmotion};
pub use error::{Error, Failure, Result};
pub use flag::Flag;
pub use fusion::{Fused, Fusion};
pub use options::Options;
pub use read::{DEFAULT_MODEL, Limbic};
pub use reading::{
    Estimate, NOTE, Presence, Presences, Reading, Row, SCHEMA, Summary, Target, Track,
};
pub use scores::{LOG_FLOOR, MeanScores, Scores};
