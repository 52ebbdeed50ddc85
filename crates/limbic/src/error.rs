//! What can go wrong between a clip and its reading.

use std::path::PathBuf;

/// The result of reading a clip.
pub type Result<T> = std::result::Result<T, Error>;

/// Why there is no reading. Each message is one sentence and names the file where there is one.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error(transparent)]
    Media(#[from] limbic_media::Error),
    /// An option makes no sense.
    #[error("{0}")]
    Options(String),
    /// Emotions cannot be named so.
    #[error("{0}")]
    Emotions(String),
    /// A label set that the model does not know.
    #[error("{model} has no label set `{set}`; it knows {known}")]
    Labels {
        /// The model.
        model: String,
        /// What was asked for.
        set: String,
        /// What there is.
        known: String,
    },
    /// A model file cannot be read.
    #[error("{path}: {source}; give a model written by `limbic train`", path = path.display())]
    Open {
        /// The model file.
        path: PathBuf,
        /// The system's own reason.
        source: std::io::Error,
    },
    /// Whoever waited for the reading gave up.
    #[error("{path}: the reading was stopped", path = path.display())]
    Stopped {
        /// The clip.
        path: PathBuf,
    },
    /// The clip goes on for longer than [`Options::longest`](crate::Options::longest).
    #[error("{path}: it is longer than {longest} s; give it in parts", path = path.display())]
    TooLong {
        /// The clip.
        path: PathBuf,
        /// What is read at most, in seconds.
        longest: f64,
    },
    /// The model cannot be loaded, or failed on this clip.
    #[error("{path}: the model failed: {source}", path = path.display())]
    Model {
        /// The clip, or the model file.
        path: PathBuf,
        /// What it said.
        source: Failure,
    },
}

/// What a model or an extractor said when it failed.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub enum Failure {
    /// The model.
    Model(#[from] limbic_model::Error),
    /// What prepares its input.
    Features(#[from] limbic_features::Error),
}

/// Why a pass over a clip ended before the clip.
#[derive(Debug)]
pub(crate) enum Halt {
    /// The model failed.
    Failed(Failure),
    /// Nobody waits for it any more.
    Stopped,
    /// The clip is longer than it may be.
    TooLong,
}

impl From<Failure> for Halt {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}
