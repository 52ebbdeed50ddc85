//! `limbic train`: a recipe and corpora become a checkpoint and its scores.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use limbic_model::{Checkpoint, Precision, Recipe, Split};
use limbic_train::{Dataset, Event, Fit, Outcome, Scores, fit};
use serde_json::json;

use crate::args::Train;
use crate::output::Destination;
use crate::progress::Waiting;

/// How many folds leave-speakers-out has.
const FOLDS: usize = 5;

/// After how many batches a training keeps its state.
const KEEP_EVERY: usize = 500;

/// Trains, scores what was held out, and saves. Epochs and scores are JSON lines on standard
/// output.
pub(crate) fn run(typed: &Train) -> Result<ExitCode> {
    let recipe = recipe(&typed.recipe, &typed.set)?;
    if typed.cross_validate && recipe.data.split == Split::Official {
        bail!(
            "--cross-validate needs `data.split = \"leave-speakers-out\"`; this recipe has an official split"
        );
    }
    let dataset = load(&recipe, &typed.data, None, typed.quiet)?;
    let mut held_out = Vec::new();
    if typed.cross_validate {
        for fold in 0..FOLDS {
            let (checkpoint, outcomes) = trial(typed, &recipe, &dataset, Some(fold))?;
            print_scores(&dataset, &outcomes, &checkpoint, Some(fold))?;
            held_out.extend(outcomes);
        }
        let pooled = limbic_train::score(&dataset, &held_out, &std::collections::BTreeMap::new());
        for scores in &pooled {
            line(&json!({ "event": "score", "folds": "pooled", "scores": scores }))?;
        }
        if typed.output.is_none() {
            return Ok(ExitCode::SUCCESS);
        }
    }
    let (mut checkpoint, outcomes) = trial(typed, &recipe, &dataset, typed.fold)?;
    if held_out.is_empty() {
        print_scores(&dataset, &outcomes, &checkpoint, typed.fold)?;
        held_out = outcomes;
    }
    if !held_out.is_empty() {
        for modality in &dataset.modalities {
            let alone = held_out.iter().filter(|o| o.modalities == [*modality]);
            let alone: Vec<Outcome> = alone.cloned().collect();
            // Labels that count as no emotion tell nothing of how sure one may be.
            if alone.iter().all(|outcome| outcome.shared_truth.is_none()) {
                continue;
            }
            let temperature = limbic_train::temperature(&alone);
            line(
                &json!({ "event": "temperature", "modality": modality, "value": temperature, "clips": alone.len() }),
            )?;
            checkpoint.temperature.insert(*modality, temperature);
        }
        let scores = limbic_train::score(&dataset, &held_out, &checkpoint.thresholds);
        note_scores(&mut checkpoint, &scores);
    }
    if let Some(output) = &typed.output {
        checkpoint.save(output, Precision::Full)?;
        clear(&state(output))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// One training and what it says of the clips that it left out.
fn trial(
    typed: &Train,
    recipe: &Recipe,
    dataset: &Dataset,
    fold: Option<usize>,
) -> Result<(Checkpoint, Vec<Outcome>)> {
    let (train, test) = dataset.parts(&recipe.data, fold);
    if train.is_empty() {
        bail!("there is no clip to train on; check `data.corpora` and --data");
    }
    let dev = dataset.development(&recipe.data);
    let words = typed.data.join("wordvec");
    let seen = dataset.arranged(&recipe.data, recipe.seed, &train);
    let run = Fit {
        recipe,
        dataset: &seen,
        train: &train,
        valid: &dev,
        word_vectors: words.is_dir().then_some(words),
        // Folds are short; only the training that is kept can be resumed.
        state: typed.output.as_deref().filter(|_| fold == typed.fold).map(state),
        keep_every: KEEP_EVERY,
    };
    let waiting = Waiting::new(1, typed.quiet);
    let mut failed = None;
    let model = fit(&run, &mut |event| match event {
        Event::Step { done, total } => waiting.at(0, "training", done as f64 / total as f64),
        Event::Epoch { stage, epoch, loss } => {
            let told = json!({ "event": "epoch", "fold": fold, "stage": stage, "epoch": epoch, "loss": loss });
            if let Err(error) = waiting.aside(|| line(&told)) {
                failed.get_or_insert(error);
            }
        }
    })?;
    if let Some(error) = failed {
        return Err(error);
    }
    let mut checkpoint = run.checkpoint(&model, fold);
    super::untrained::tell(&checkpoint.model)?;
    let whole = std::slice::from_ref(&dataset.modalities);
    let on_dev = limbic_train::outcomes(&checkpoint.model, dataset, &dev, whole)?;
    checkpoint.thresholds = limbic_train::thresholds(dataset, &on_dev);
    checkpoint.coordinates = limbic_train::coordinates(&checkpoint.model, dataset, &dev)?;
    let subsets = dataset.subsets();
    let outcomes = limbic_train::outcomes(&checkpoint.model, dataset, &test, &subsets)?;
    Ok((checkpoint, outcomes))
}

/// Reads a recipe with the overrides of `--set key.of.recipe=value`.
fn recipe(path: &Path, overrides: &[String]) -> Result<Recipe> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).with_context(|| {
        format!("{name}: cannot be read; give a recipe such as recipes/voice.toml")
    })?;
    if overrides.is_empty() {
        return Ok(Recipe::parse(&name, &text)?);
    }
    let mut table: toml::Value = toml::from_str(&text).with_context(|| name.clone())?;
    for change in overrides {
        let (key, value) = change
            .split_once('=')
            .with_context(|| format!("--set {change}: write key=value, as in stage.0.epochs=5"))?;
        let value = toml::from_str::<toml::Table>(&format!("value = {value}"))
            .ok()
            .and_then(|mut t| t.remove("value"))
            .unwrap_or_else(|| toml::Value::String(value.to_owned()));
        let mut place = &mut table;
        for part in key.split('.') {
            let found = match place {
                toml::Value::Array(items) => {
                    part.parse().ok().and_then(|index: usize| items.get_mut(index))
                }
                toml::Value::Table(fields) => {
                    Some(fields.entry(part).or_insert(toml::Value::Table(toml::Table::new())))
                }
                _ => None,
            };
            place = found.with_context(|| format!("--set {change}: the recipe has no `{key}`"))?;
        }
        *place = value;
    }
    Ok(Recipe::parse(&name, &toml::to_string(&table)?)?)
}

/// Reads a recipe's corpora, telling how far it is and what was left out.
pub(super) fn load(
    recipe: &Recipe,
    data: &Path,
    tokenizer: Option<String>,
    quiet: bool,
) -> Result<Dataset> {
    let waiting = Waiting::new(1, quiet);
    let dataset = Dataset::load(recipe, data, tokenizer, &mut |done, total| {
        waiting.at(0, "reading the corpora", done as f64 / total.max(1) as f64);
    })?;
    drop(waiting);
    for reason in &dataset.skipped {
        line(&json!({ "event": "skipped", "reason": reason }))?;
    }
    Ok(dataset)
}

fn print_scores(
    dataset: &Dataset,
    outcomes: &[Outcome],
    checkpoint: &Checkpoint,
    fold: Option<usize>,
) -> Result<()> {
    for scores in limbic_train::score(dataset, outcomes, &checkpoint.thresholds) {
        line(&json!({ "event": "score", "fold": fold, "scores": scores }))?;
    }
    Ok(())
}

fn note_scores(checkpoint: &mut Checkpoint, scores: &[Scores]) {
    let several = scores.iter().any(|set| set.inputs.contains('+'));
    for provenance in checkpoint.provenance.values_mut() {
        for set in scores {
            for (metric, value) in &set.metrics {
                let name = format!("{}/{metric}", set.labels);
                // Several modalities have scores for each choice of them.
                let name = if several { format!("{}/{name}", set.inputs) } else { name };
                provenance.scores.insert(name, *value);
            }
        }
    }
}

/// Where a training keeps its state until its checkpoint is written.
fn state(output: &Path) -> PathBuf {
    let mut name = output.as_os_str().to_owned();
    name.push(".state");
    name.into()
}

fn clear(state: &Path) -> Result<()> {
    match std::fs::remove_dir_all(state) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("{}: cannot be removed", state.display()))
        }
        _ => Ok(()),
    }
}

/// One JSON line on standard output.
pub(super) fn line(value: &serde_json::Value) -> Result<()> {
    let mut out = Destination::open(None)?;
    writeln!(out, "{value}").and_then(|()| out.flush()).context("standard output is closed")
}
