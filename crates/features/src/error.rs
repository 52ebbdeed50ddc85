//! What can go wrong between a clip and its vectors.

use std::path::{Path, PathBuf};

use limbic_media::Modality;

/// The result of computing, keeping or reading features.
pub type Result<T> = std::result::Result<T, Error>;

/// Why features cannot be had. Each message is one sentence that names the file or the setting
/// and the way out.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The clip itself cannot be read.
    #[error(transparent)]
    Media(#[from] limbic_media::Error),
    /// The operating system refused.
    #[error("{path}: {source}; check the path and its permissions", path = path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The system's own reason.
        source: std::io::Error,
    },
    /// The clip does not hold what the extractor works on.
    #[error("{path}: there is no {modality} in this clip; leave `{extractor}` out for it", path = path.display())]
    Absent {
        /// The clip.
        path: PathBuf,
        /// What was asked for.
        modality: Modality,
        /// The extractor's id.
        extractor: String,
    },
    /// A setting has a value that cannot work.
    #[error("the setting `{setting}` is {found}; give {expected}")]
    Setting {
        /// The setting's name, as in a recipe.
        setting: &'static str,
        /// Its value.
        found: String,
        /// What would work.
        expected: &'static str,
    },
    /// The numbers given do not fill the rows and columns named.
    #[error("{found} {part} were given where {expected} belong")]
    Shape {
        /// Values, columns, names, spans or pixels.
        part: &'static str,
        /// How many there are.
        found: usize,
        /// How many there should be.
        expected: usize,
    },
    /// Two matrices for one file have the same name.
    #[error("{clip}: the features of `{extractor}` are given twice; give each clip its own name")]
    Twice {
        /// The clip.
        clip: String,
        /// The extractor's id.
        extractor: String,
    },
    /// A file of a known kind holds something else, or only a part.
    #[error("{path}: {reason}; {way_out}", path = path.display())]
    Damaged {
        /// The file, or the name of what is built in.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
        /// What to do.
        way_out: &'static str,
    },
    /// Classes cannot be named so.
    #[error("{0}")]
    Names(String),
}

impl Error {
    pub(crate) fn io(path: &Path, source: std::io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }

    pub(crate) fn setting(
        setting: &'static str,
        found: impl std::fmt::Display,
        expected: &'static str,
    ) -> Self {
        Self::Setting { setting, found: found.to_string(), expected }
    }
}
