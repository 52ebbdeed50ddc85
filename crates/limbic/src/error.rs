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
    /// The model cannot be loaded, or failed on this clip.
    #[error("{path}: the model failed: {reason}; please report this with the file", path = path.display())]
    Model {
        /// The clip, or the model file.
        path: PathBuf,
        /// What the model said.
        reason: String,
    },
}
