//! `limbic adapt --undo`: the model of before.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use burn::tensor::Device;
use limbic_media::Modality;
use limbic_model::{Checkpoint, Precision};
use serde_json::json;

use super::material::Given;
use super::{free, save};
use crate::args::Adapt;
use crate::output::Destination;

pub(super) fn run(path: &Path, typed: &Adapt) -> Result<ExitCode> {
    free(typed)?;
    let name = path.display().to_string();
    let bytes = std::fs::read(path)
        .with_context(|| format!("{name}: cannot be read; give a file that `adapt` wrote"))?;
    let checkpoint = Checkpoint::from_bytes(&name, &bytes, &Modality::ALL, &Device::flex())?;
    let Some((before, record)) = checkpoint.undone() else {
        bail!("{name}: was never adapted, so there is nothing to undo");
    };
    let precision = Precision::of(&bytes);
    let hash = blake3::hash(&before.to_bytes(precision)?).to_hex().to_string();
    let same = hash == record.from;
    let given = Given { name, hash, checkpoint: before, precision };
    save(&given.checkpoint, &given, Destination::open(Some(&typed.output))?)?;
    let set = record.set.as_deref().unwrap_or("no label set");
    if typed.json {
        super::super::train::line(&json!({
            "way": "undo", "set": record.set, "hash": given.hash, "same_bytes": same,
        }))?;
    } else {
        let bytes = if same {
            "byte for byte the file that it was made from"
        } else {
            "with the weights and answers of before; the file that it was made from was laid out \
             otherwise"
        };
        super::super::train::print(&format!(
            "took back {set}: {} is {bytes}",
            typed.output.display()
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}
