//! What can go wrong between a request and its answer, and the status of each.

use std::path::PathBuf;

use axum::http::StatusCode;

use crate::purpose::Refusal;

/// The result of serving.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a request has no answer, or a server does not start. Each message is one sentence with the
/// way out.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The server cannot start as it was told to.
    #[error("{0}")]
    Start(String),
    /// A file that the server keeps cannot be written.
    #[error("{path}: {reason}; make room or check its permissions", path = path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// The system's own reason.
        reason: String,
    },
    /// A request makes no sense.
    #[error("{0}")]
    Malformed(String),
    /// No token, or another one.
    #[error("this server asks for its token: send `Authorization: Bearer` and the token")]
    Token,
    /// A page of another site asks.
    #[error("pages of other sites may not use this server; open its own page or call it directly")]
    Origin,
    /// A use that this program is not for.
    #[error("{0}")]
    Purpose(Refusal),
    /// There is no such job, or no longer.
    #[error("there is no job of this id; finished jobs are kept for a while only")]
    NoJob,
    /// There is no such path.
    #[error("there is nothing at this path; /docs lists what there is")]
    NoPath,
    /// The path does not know the method.
    #[error("this path does not answer to this method; the Allow header says which it knows")]
    NoMethod,
    /// The client took too long to send.
    #[error("the request came in too slowly; send it again over a faster connection")]
    Slow,
    /// The client went away while it sent.
    #[error("the connection broke before the request was whole; send it again")]
    Broken,
    /// Too much at once.
    #[error("{0}")]
    TooLarge(String),
    /// A kind of request that is not read here.
    #[error("{0}")]
    Kind(String),
    /// The content cannot be read.
    #[error("{0}")]
    Unreadable(String),
    /// Everybody is at work.
    #[error("{waiting} recordings wait already; try again in {seconds} s")]
    Busy {
        /// How many.
        waiting: usize,
        /// When to try again.
        seconds: u64,
    },
    /// Too many streams or jobs.
    #[error("{what} are open already; try again in {seconds} s")]
    Crowded {
        /// How many of what.
        what: String,
        /// When to try again.
        seconds: u64,
    },
    /// The server ends.
    #[error("the server is stopping; try again in a moment")]
    Stopping,
    /// There is no room for the upload.
    #[error("there is no room for the upload on the server; try again later or send less")]
    Full,
    /// Somebody cancelled it.
    #[error("the reading was cancelled; send it again to have it")]
    Cancelled,
    /// The model failed.
    #[error("{0}")]
    Model(String),
}

impl Error {
    /// The HTTP status.
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::Malformed(_) | Self::Broken => StatusCode::BAD_REQUEST,
            Self::Token => StatusCode::UNAUTHORIZED,
            Self::Origin | Self::Purpose(_) => StatusCode::FORBIDDEN,
            Self::NoJob | Self::NoPath => StatusCode::NOT_FOUND,
            Self::NoMethod => StatusCode::METHOD_NOT_ALLOWED,
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
            Self::Cancelled => StatusCode::CONFLICT,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Kind(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Unreadable(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Busy { .. } | Self::Crowded { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Stopping | Self::Full => StatusCode::SERVICE_UNAVAILABLE,
            Self::Start(_) | Self::File { .. } | Self::Model(_) => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
        }
    }

    /// Seconds after which it is worth another try.
    pub const fn retry_after(&self) -> Option<u64> {
        match self {
            Self::Busy { seconds, .. } | Self::Crowded { seconds, .. } => Some(*seconds),
            Self::Stopping => Some(5),
            Self::Full => Some(60),
            _ => None,
        }
    }

    /// What a write to the disk said.
    pub(crate) fn write(path: &std::path::Path, error: &std::io::Error) -> Self {
        use std::io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
        match error.kind() {
            StorageFull | QuotaExceeded | FileTooLarge => Self::Full,
            _ => Self::File { path: path.to_owned(), reason: error.to_string() },
        }
    }
}

impl From<limbic::Error> for Error {
    fn from(error: limbic::Error) -> Self {
        match error {
            limbic::Error::Stopped { .. } => Self::Cancelled,
            limbic::Error::Model { .. } | limbic::Error::Open { .. } => {
                Self::Model(error.to_string())
            }
            other => Self::Unreadable(other.to_string()),
        }
    }
}
