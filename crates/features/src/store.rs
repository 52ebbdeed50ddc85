//! Features of many clips in one file, for other programs and for training: safetensors or
//! Parquet. Both hold the same and give it back exactly; both appear whole or not at all.

mod index;
mod parquet;
mod safetensors;

use std::path::Path;

pub use self::parquet::{read_parquet, write_parquet};
pub(crate) use self::safetensors::{decode, encode};
pub use self::safetensors::{read_safetensors, write_safetensors};

use crate::{Error, Features, Result};

/// What one extractor found in one clip.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    /// The clip, by whatever name it is known: its path as a rule.
    pub clip: String,
    /// The extractor's id.
    pub extractor: String,
    /// The features.
    pub features: Features,
}

/// Writes `items` to `path`, as Parquet where its name ends in `.parquet` and as safetensors
/// otherwise.
pub fn write_features(path: impl AsRef<Path>, items: &[Stored]) -> Result<()> {
    let path = path.as_ref();
    if is_parquet(path) { write_parquet(path, items) } else { write_safetensors(path, items) }
}

/// Reads what [`write_features`] has written.
pub fn read_features(path: impl AsRef<Path>) -> Result<Vec<Stored>> {
    let path = path.as_ref();
    if is_parquet(path) { read_parquet(path) } else { read_safetensors(path) }
}

fn is_parquet(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("parquet"))
}

fn damaged(path: &Path, reason: impl std::fmt::Display) -> Error {
    Error::Damaged {
        path: path.to_owned(),
        reason: reason.to_string(),
        way_out: "write it again with `limbic features`",
    }
}

#[cfg(test)]
mod tests;
