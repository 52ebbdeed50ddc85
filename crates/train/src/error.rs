//! What can go wrong between a data set and a trained model.

use std::path::PathBuf;

/// The result of training or scoring.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a training or a scoring cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The model refused.
    #[error(transparent)]
    Model(#[from] limbic_model::Error),
    /// A clip could not be read.
    #[error(transparent)]
    Media(#[from] limbic_media::Error),
    /// A clip's features could not be made.
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
    /// A corpus could not be read.
    #[error(transparent)]
    Corpus(#[from] limbic_corpus::Error),
    /// A split whose sides share what they must not.
    #[error(
        "{corpus}: {found}, so scores would be of what training knows; choose another split, or write why it does no harm as `data.allow-leak = {{ {corpus} = \"...\" }}`"
    )]
    Leak {
        /// The corpus.
        corpus: String,
        /// What is shared.
        found: String,
    },
    /// A recipe that cannot be trained on these data.
    #[error("recipe key `{key}`: {reason}")]
    Recipe {
        /// The key, dotted.
        key: String,
        /// What is wrong with it and what to write instead.
        reason: String,
    },
    /// Clips or names that a model cannot be bent to.
    #[error("{0}")]
    Adapt(String),
    /// The loss left the numbers.
    #[error(
        "the loss of step `{step}` of stage `{stage}` is {loss} at epoch {epoch}, batch {batch}; lower `stage.{stage}.optimizer.lr`, or set `stage.{stage}.clip`"
    )]
    Diverged {
        /// Stage name.
        stage: String,
        /// Step name.
        step: String,
        /// Epoch, from 0.
        epoch: usize,
        /// Batch of the epoch, from 0.
        batch: usize,
        /// The value.
        loss: f32,
    },
    /// Features that are no numbers.
    #[error(
        "the {modality} features of a clip are NaN or infinite, met by step `{step}` of stage `{stage}`; mend what `model.encoder.{modality}.features` reads, or take the clip out"
    )]
    NoNumbers {
        /// The modality.
        modality: limbic_media::Modality,
        /// Stage name.
        stage: String,
        /// Step name.
        step: String,
    },
    /// A resume file that does not belong to this run.
    #[error("{path}: {reason}; delete it to start again", path = path.display())]
    Resume {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        reason: String,
    },
}

impl Error {
    /// The same with where in a training it happened.
    pub(crate) fn at(self, epoch: usize, batch: usize) -> Self {
        match self {
            Self::Diverged { stage, step, loss, .. } => {
                Self::Diverged { stage, step, epoch, batch, loss }
            }
            other => other,
        }
    }

    pub(crate) fn io(path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }
}
