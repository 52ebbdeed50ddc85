//! What can go wrong between a recipe, a batch and a checkpoint.

use std::path::PathBuf;

use limbic_media::Modality;

/// The result of building, running, saving or loading a model.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a model cannot be built, run, saved or loaded.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A recipe that does not parse.
    #[error("{name}: {reason}")]
    Recipe {
        /// The recipe's file name or title.
        name: String,
        /// The parser's sentence, with the line and the key.
        reason: String,
    },
    /// A recipe that parses and makes no sense.
    #[error("recipe key `{key}`: {reason}")]
    Key {
        /// The key, dotted.
        key: String,
        /// What is wrong with it and what to write instead.
        reason: String,
    },
    /// A batch holds an input that the model's encoder of that modality cannot read.
    #[error("the {modality} encoder reads {expected}, the batch holds {found}")]
    Input {
        /// The modality.
        modality: Modality,
        /// What the recipe declares.
        expected: String,
        /// What was given.
        found: String,
    },
    /// A batch of a modality that the model has no encoder for.
    #[error("the model has no {0} encoder; add `encoder.{0}` to the recipe's [model]")]
    NoEncoder(Modality),
    /// A label set that no head knows.
    #[error("the model has no head for the label set `{set}`; it knows {known}")]
    NoHead {
        /// The label set asked for.
        set: String,
        /// The ones there are.
        known: String,
    },
    /// A model whose label rows are not words is asked for names.
    #[error(
        "the label rows of this model are learned and not words, so it knows no emotion by its \
         name alone; use a model whose recipe has `head.words`, such as that of recipes/mtee.toml"
    )]
    NoWords,
    /// A file that is not a checkpoint of ours.
    #[error("{name}: {reason}; give a checkpoint written by `limbic train`")]
    Checkpoint {
        /// The file name.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A state dict that does not fit the recipe.
    #[error("{name}: {reason}; give the state dict of the system and sizes that the recipe has")]
    Reference {
        /// The file name.
        name: String,
        /// What does not fit.
        reason: String,
    },
    /// The operating system refused.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's own reason.
        source: std::io::Error,
    },
}
