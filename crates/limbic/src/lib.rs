//! Clip in, reading out: the emotion that people express in text, voice and face.
//!
//! ```no_run
//! use std::ops::ControlFlow;
//!
//! use limbic::{Limbic, Options};
//! use limbic_media::Clip;
//!
//! let limbic = Limbic::open("models/default.safetensors")?;
//! let clip = Clip::open("samples/hello.mp4")?;
//! let reading = limbic.read(&clip, &Options::default(), |_share| ControlFlow::Continue(()))?;
//! if let Some(estimate) = &reading.summary.estimate {
//!     println!("{:?}", estimate.best());
//! }
//! # Ok::<(), limbic::Error>(())
//! ```
//!
//! Each modality has its own calibrated expert; a [`Fusion`] multiplies their answers and keeps
//! the working, so that a [`Reading`] says how much each modality added. A modality that is
//! missing is absent to the last layer: nothing is filled in for it.
//!
//! The file is gone over once for its sound and once for its pictures, and only the experts'
//! answers, places of faces and words are kept, a few hundred bytes for each row of the timeline: an
//! hour takes no more memory than ten minutes.

mod about;
mod decimals;
mod emotion;
mod error;
mod experts;
mod flag;
mod fusion;
mod labels;
mod listen;
mod live;
mod look;
mod options;
mod question;
mod read;
mod reading;
#[cfg(feature = "schema")]
mod schema;
mod scores;
mod slot;
mod summary;
mod tape;
mod timeline;
mod together;
pub mod typed;
mod whole;
mod windows;
mod words;

pub use about::About;
pub use emotion::Emotion;
pub use error::{Error, Failure, Result};
pub use flag::Flag;
pub use fusion::{Fused, Fusion};
pub use labels::{Labels, PerLabel};
pub use limbic_model::LabelKind;
pub use live::Live;
pub use options::{Options, Risk};
pub use read::{DEFAULT_MODEL, Limbic};
pub use reading::{
    Estimate, FaceBox, Line, NOTE, Presence, Presences, Reading, Row, SCHEMA, Summary, Target,
    Track,
};
pub use scores::{LOG_FLOOR, MeanScores, Scores};
pub use whole::whole;
