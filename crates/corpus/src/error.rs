//! What can go wrong between a folder and its labelled clips.

use std::path::{Path, PathBuf};

/// The result of reading, splitting or auditing labelled clips.
pub type Result<T> = std::result::Result<T, Error>;

/// Why labelled clips cannot be read, split or audited.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A clip could not be read.
    #[error(transparent)]
    Media(#[from] limbic_media::Error),
    /// A table of vectors could not be read.
    #[error(transparent)]
    Features(#[from] limbic_features::Error),
    /// The operating system refused.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's own reason.
        source: std::io::Error,
    },
    /// A table or an archive is not as its card says.
    #[error("{path}: {reason}", path = path.display())]
    Corpus {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and where.
        reason: String,
    },
    /// A corpus that nobody wrote a reader for.
    #[error("there is no corpus `{name}`; known are {known}")]
    UnknownCorpus {
        /// The name asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// A split that cannot be made of a corpus, or does not fit it.
    #[error("the split of `{corpus}`: {reason}")]
    Split {
        /// The corpus.
        corpus: String,
        /// What is wrong, and what to do instead.
        reason: String,
    },
    /// A label file or a card that does not parse or makes no sense.
    #[error("{name}: {reason}")]
    Labels {
        /// The file.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl Error {
    pub(crate) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }

    pub(crate) fn split(corpus: &str, reason: impl Into<String>) -> Self {
        Self::Split { corpus: corpus.to_owned(), reason: reason.into() }
    }

    pub(crate) fn corpus(path: &Path, reason: impl Into<String>) -> Self {
        Self::Corpus { path: path.to_owned(), reason: reason.into() }
    }
}
