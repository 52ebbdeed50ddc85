//! The model that a command was given.

use std::path::Path;

use anyhow::{Context, Result};
use burn::tensor::Device;
use limbic::Limbic;
use limbic_media::Modality;
use limbic_model::Checkpoint;

/// A checkpoint as it was named, and its bytes.
pub(super) struct NamedModel {
    /// The path as it was typed, or `default`.
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
    /// BLAKE3 of the bytes.
    pub(super) hash: String,
    pub(super) checkpoint: Checkpoint,
}

impl NamedModel {
    /// Reads a checkpoint, or the model inside the program where it is called `default`.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let bytes = if path.as_os_str() == "default" {
            limbic::DEFAULT_MODEL.to_vec()
        } else {
            std::fs::read(path).with_context(|| {
                format!(
                    "{}: cannot be read; give a checkpoint written by `limbic train`, or `default`",
                    path.display()
                )
            })?
        };
        let name = path.display().to_string();
        let checkpoint = Checkpoint::from_bytes(&name, &bytes, &Modality::ALL, &Device::flex())?;
        let hash = blake3::hash(&bytes).to_hex().to_string();
        Ok(Self { name, bytes, hash, checkpoint })
    }

    /// The reader of the model that was given this name.
    pub(super) fn reader(name: &str) -> limbic::Result<Limbic> {
        if name == "default" { Ok(Limbic::default_model()) } else { Limbic::open(name) }
    }
}
