//! What can go wrong with a file, said so that its owner knows what to do next.

use std::path::{Path, PathBuf};

/// The result of reading media.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a file cannot be read. Each message is one sentence that names the file and the way out.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The operating system refused.
    #[error("{path}: {source}; check the path and its permissions", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's own reason.
        source: std::io::Error,
    },
    /// The file exists and holds nothing.
    #[error("{path}: the file is empty; record or copy it again", path = path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The content is of no kind that is read here.
    #[error("{path}: {found}; give {expected}", path = path.display())]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// What was found.
        found: String,
        /// What would be read.
        expected: String,
    },
    /// The content is of a known kind, and nothing of it could be read.
    #[error("{path}: {reason}; copy or export the file again", path = path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The built-in decoders do not know this format and no `ffmpeg` is on the PATH.
    #[error("{path}: {format} is not built in; install ffmpeg on the PATH or convert the file to mp4 (H.264, AAC)", path = path.display())]
    NeedsFfmpeg {
        /// The file.
        path: PathBuf,
        /// The container or codec found.
        format: String,
    },
}

impl Error {
    /// An operating system error on `path`.
    pub fn io(path: &Path, source: std::io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }

    /// A file of a known kind that cannot be read.
    pub fn damaged(path: &Path, reason: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_owned(), reason: reason.into() }
    }

    /// Content that is not read here: what was `found`, and what to give instead.
    pub fn unsupported(path: &Path, found: impl Into<String>, expected: impl Into<String>) -> Self {
        Self::Unsupported { path: path.to_owned(), found: found.into(), expected: expected.into() }
    }
}
