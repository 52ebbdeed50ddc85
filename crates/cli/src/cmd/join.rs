//! `limbic join`: checkpoints of different modalities side by side in one file.

use std::process::ExitCode;

use anyhow::Result;
use limbic_model::{Checkpoint, Precision};

use crate::args::Join;

/// Joins and saves, with weights of 16 bits unless asked otherwise.
pub(crate) fn run(typed: &Join) -> Result<ExitCode> {
    let device = burn::tensor::Device::flex();
    let parts = typed.checkpoints.iter().map(|path| Checkpoint::load(path, &device));
    let whole = Checkpoint::join(parts.collect::<limbic_model::Result<_>>()?)?;
    let precision = if typed.full { Precision::Full } else { Precision::Half };
    whole.save(&typed.output, precision)?;
    Ok(ExitCode::SUCCESS)
}
