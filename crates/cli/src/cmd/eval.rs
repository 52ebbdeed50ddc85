//! `limbic eval`: a checkpoint against the clips that its training left out.

use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use limbic_media::Modality;
use limbic_model::{Checkpoint, Split};
use limbic_train::probe::probed;
use serde_json::json;

use super::train::{Answers, load};
use crate::args::Eval;

/// Prints the scores of each branch on the held-out clips of each of its corpora, as JSON lines.
pub(crate) fn run(typed: &Eval) -> Result<ExitCode> {
    let device = burn::tensor::Device::flex();
    let checkpoint = match &typed.checkpoint {
        path if path.as_os_str() == "default" => {
            let bytes = limbic::DEFAULT_MODEL;
            Checkpoint::from_bytes("default", bytes, &Modality::ALL, &device)?
        }
        path => Checkpoint::load(path, &device)?,
    };
    super::untrained::tell(&checkpoint.model)?;
    let mut scored = 0;
    for (index, (modality, recipe)) in checkpoint.recipes.iter().enumerate() {
        // The branches of one training are scored together.
        if checkpoint.recipes.values().take(index).any(|earlier| earlier == recipe) {
            continue;
        }
        let mut recipe = recipe.clone();
        // Classes are held out of training alone.
        (recipe.data.hold_out, recipe.data.shots) = (Vec::new(), None);
        if !typed.corpora.is_empty() {
            recipe.data.corpora.retain(|name| typed.corpora.contains(name));
        }
        let fold = checkpoint.provenance.get(modality).and_then(|p| p.fold);
        if recipe.data.corpora.is_empty()
            || (recipe.data.split == Split::LeaveSpeakersOut && fold.is_none())
        {
            continue;
        }
        let tokenizer = checkpoint.assets.get("tokenizer.json").cloned();
        let tokenizer = tokenizer.filter(|_| recipe.model.encoder.contains_key(&Modality::Text));
        let dataset = load(&recipe, &typed.data, tokenizer, typed.quiet)?;
        let (train, test) = dataset.parts(&recipe.data, fold);
        let (model, subsets) = (&checkpoint.model, dataset.subsets());
        let mut answers = Answers::default();
        if recipe.learns_labels() {
            answers.outcomes = limbic_train::outcomes(model, &dataset, &test, &subsets)
                .with_context(|| format!("the {modality} branch"))?;
        }
        if let Some(probe) = recipe.probe {
            answers.probed = probed(probe, model, &dataset, [&train, &test], &subsets)
                .with_context(|| format!("the {modality} branch"))?;
        }
        scored += answers.outcomes.len() + answers.probed.len();
        answers.tell(&dataset, &checkpoint.thresholds, &json!(fold))?;
    }
    if scored == 0 {
        bail!(
            "nothing was held out from this checkpoint's training, so there is nothing to score \
             it on; use `limbic train RECIPE --cross-validate`, which scores each fold on the others"
        );
    }
    Ok(ExitCode::SUCCESS)
}
