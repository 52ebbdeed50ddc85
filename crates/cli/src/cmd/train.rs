//! `limbic train`: a recipe and corpora become a checkpoint and its scores.

mod answers;
mod left_out;
mod recipe;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use limbic_evaluate::Events;
use limbic_model::{Checkpoint, Model, Precision, ProbeOn, Recipe, Split};
use limbic_train::probe::probed;
use limbic_train::{Dataset, Event, Fit, Outcome, Scores, fit, revealed, unseen};
use serde_json::json;

pub(super) use self::answers::Answers;
use crate::args::Train;
use crate::output::Destination;
use crate::progress::Waiting;

/// How many folds leave-speakers-out has.
const FOLDS: usize = 5;

/// After how many batches a training keeps its state.
const KEEP_EVERY: usize = 500;

/// How many of the clips that were left out are named.
const SKIPPED: usize = 5;

/// Trains, scores what was held out, and saves. Epochs and scores are JSON lines on standard
/// output.
pub(crate) fn run(typed: &Train) -> Result<ExitCode> {
    let mut recipe = recipe::read(&typed.recipe, &typed.set)?;
    if let Some(reason) = &typed.allow_leak {
        let reasons = recipe.data.corpora.iter().map(|corpus| (corpus.clone(), reason.clone()));
        recipe.data.allow_leak = reasons.collect();
        recipe.check()?;
    }
    recipe.data.files.extend(typed.split.iter().cloned());
    if typed.leave_corpus_out {
        return left_out::run(typed, &recipe);
    }
    if typed.cross_validate && recipe.data.split == Split::Official {
        bail!(
            "--cross-validate needs `data.split = \"leave-speakers-out\"`; this recipe has an official split"
        );
    }
    let dataset = load(&recipe, &typed.data, None, typed.quiet)?;
    let mut events = typed.tensorboard.as_deref().map(Events::create).transpose()?;
    let mut held_out = Answers::default();
    if typed.cross_validate {
        let mut folds = Vec::new();
        for fold in 0..FOLDS {
            let (checkpoint, answers) = trial(typed, &recipe, &dataset, Some(fold), &mut events)?;
            answers.tell(&dataset, &checkpoint.thresholds, &json!(fold))?;
            if typed.keep_folds {
                folds.push((checkpoint, answers.outcomes.clone()));
            }
            held_out.extend(answers);
        }
        keep(typed.output.as_deref(), &dataset, folds)?;
        held_out.tell(&dataset, &BTreeMap::new(), &json!("pooled"))?;
        if typed.output.is_none() {
            return Ok(ExitCode::SUCCESS);
        }
    }
    let (mut checkpoint, answers) = trial(typed, &recipe, &dataset, typed.fold, &mut events)?;
    if !typed.cross_validate {
        answers.tell(&dataset, &checkpoint.thresholds, &json!(typed.fold))?;
        held_out = answers;
    }
    let outcomes = &held_out.outcomes;
    if !outcomes.is_empty() {
        if typed.cross_validate {
            checkpoint.calibration = limbic_train::calibration(&dataset, outcomes);
            sureness(&mut checkpoint, &dataset, outcomes)?;
        }
        let scores = limbic_train::score(&dataset, outcomes, &checkpoint.thresholds);
        note_scores(&mut checkpoint, &scores);
        if let Some(events) = &mut events {
            for set in &scores {
                for (metric, value) in &set.metrics {
                    let tag = format!("{}/{}/{metric}", set.labels, set.inputs);
                    events.scalar(&tag, 0, *value as f32)?;
                }
            }
        }
    }
    if let Some(events) = events {
        events.finish()?;
    }
    if let Some(output) = &typed.output {
        checkpoint.save(output, Precision::Full)?;
        clear(&state(output))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// How sure each modality is, and how sure it has to be, by clips that were not trained on.
fn sureness(checkpoint: &mut Checkpoint, dataset: &Dataset, outcomes: &[Outcome]) -> Result<()> {
    for modality in &dataset.modalities {
        let alone = outcomes.iter().filter(|o| o.modalities == [*modality]);
        // Labels that count as no emotion tell nothing of how sure one may be.
        let alone: Vec<Outcome> = alone.filter(|o| o.shared_truth.is_some()).cloned().collect();
        if alone.is_empty() {
            continue;
        }
        let temperature = limbic_train::temperature(&alone);
        line(
            &json!({ "event": "temperature", "modality": modality, "value": temperature, "clips": alone.len() }),
        )?;
        checkpoint.temperature.insert(*modality, temperature);
    }
    checkpoint.abstain = limbic_train::abstain(outcomes, &checkpoint.temperature);
    Ok(())
}

/// Saves the checkpoint of every fold beside `output`. How sure each may be was learned from the
/// clips that the others left out.
fn keep(
    output: Option<&Path>,
    dataset: &Dataset,
    folds: Vec<(Checkpoint, Vec<Outcome>)>,
) -> Result<()> {
    let all: Vec<Vec<Outcome>> = folds.iter().map(|(_, outcomes)| outcomes.clone()).collect();
    for (fold, (mut checkpoint, _)) in folds.into_iter().enumerate() {
        let Some(output) = output else { return Ok(()) };
        let others = all.iter().enumerate().filter(|(other, _)| *other != fold);
        let others: Vec<Outcome> = others.flat_map(|(_, own)| own.clone()).collect();
        checkpoint.calibration = limbic_train::calibration(dataset, &others);
        let path = output.with_extension(format!("fold-{fold}.safetensors"));
        checkpoint.save(&path, Precision::Full)?;
    }
    Ok(())
}

/// One training and what it says of the clips that it left out.
fn trial(
    typed: &Train,
    recipe: &Recipe,
    dataset: &Dataset,
    fold: Option<usize>,
    events: &mut Option<Events>,
) -> Result<(Checkpoint, Answers)> {
    let (train, test) = dataset.parts(&recipe.data, fold);
    if train.is_empty() {
        bail!("there is no clip to train on; check `data.corpora` and --data");
    }
    let dev = dataset.development(&recipe.data);
    let words = typed.data.join("wordvec");
    let mut seen = dataset.arranged(&recipe.data, recipe.seed, &train);
    if !recipe.teachers().is_empty() {
        seen = Cow::Owned(seen.into_owned().taught(recipe, &typed.data, &train)?);
    }
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
            let tag = match fold {
                Some(fold) => format!("fold {fold}/{stage}/loss"),
                None => format!("{stage}/loss"),
            };
            if let Some(events) = &mut *events
                && let Err(error) = events.scalar(&tag, epoch as u64, loss)
            {
                failed.get_or_insert(error.into());
            }
        }
    })?;
    if let Some(error) = failed {
        return Err(error);
    }
    drop(waiting);
    let mut answers = Answers::default();
    let subsets = dataset.subsets();
    let words = run.word_vectors.as_deref();
    let hold_out = &recipe.data.hold_out;
    let model = if hold_out.is_empty() || recipe.model.head.words.is_none() {
        model
    } else {
        let valid = run.checkpoint(&model, fold);
        let valid = limbic_train::with_names(valid, dataset, &train, words)?;
        let parts = (&*test, fold);
        answers.unseen = unseen(&valid, dataset, hold_out, parts, &subsets, words)?;
        with_new_classes(&run, &model, dataset, (&test, fold))?
    };
    let checkpoint = run.checkpoint(&model, fold);
    let mut checkpoint = limbic_train::with_names(checkpoint, dataset, &train, words)?;
    if recipe.learns_labels() {
        super::untrained::tell(&checkpoint.model)?;
        let on_dev = limbic_train::outcomes(&checkpoint.model, dataset, &dev, &subsets)?;
        checkpoint.calibration = limbic_train::calibration(dataset, &on_dev);
        sureness(&mut checkpoint, dataset, &on_dev)?;
        let whole =
            |o: &&Outcome| o.modalities.len() == dataset.items[o.item].values.iter().count();
        let whole: Vec<Outcome> = on_dev.iter().filter(whole).cloned().collect();
        checkpoint.thresholds = limbic_train::thresholds(dataset, &whole);
        checkpoint.coordinates = limbic_train::coordinates(&checkpoint.model, dataset, &dev)?;
        answers.outcomes = limbic_train::outcomes(&checkpoint.model, dataset, &test, &subsets)?;
    }
    if let Some(probe) = recipe.probe {
        let parts = [&*train, &*test];
        answers.probed = probed(probe, &checkpoint.model, dataset, parts, &subsets)?;
        if probe.on == ProbeOn::Views && !recipe.stage.is_empty() {
            let blank = Recipe { stage: Vec::new(), ..recipe.clone() };
            let run = Fit { recipe: &blank, state: None, ..run };
            let fresh = run.checkpoint(&fit(&run, &mut |_| {})?, fold).model;
            answers.untrained = probed(probe, &fresh, dataset, parts, &subsets)?;
        }
    }
    Ok((checkpoint, answers))
}

/// The model with rows for the held-out classes, as the last `[[tune]]` left it where there is
/// one. Each is told beside what their words alone did.
fn with_new_classes(
    run: &Fit<'_>,
    model: &Model,
    dataset: &Dataset,
    (test, fold): (&[usize], Option<usize>),
) -> Result<Model> {
    let (recipe, words) = (run.recipe, run.word_vectors.as_deref());
    let hold_out = &recipe.data.hold_out;
    let few = dataset.shots(&recipe.data, fold);
    let mut last = revealed(model.clone(), dataset, hold_out, words)?;
    if recipe.tune.is_empty() {
        return Ok(last);
    }
    let tell = |name: &str, tuned: &Model| {
        let valid = run.checkpoint(tuned, fold).model;
        let whole = std::slice::from_ref(&dataset.modalities);
        let outcomes = limbic_train::outcomes(&valid, dataset, test, whole)?;
        for standing in limbic_train::standing(dataset, &outcomes, hold_out) {
            line(
                &json!({ "event": "tune", "fold": fold, "name": name, "held_out": hold_out, "few": few.len(), "scores": standing }),
            )?;
        }
        anyhow::Ok(())
    };
    tell("words alone", &last)?;
    for tune in &recipe.tune {
        last = run.tuned(model.clone(), tune, dataset, &few)?;
        tell(&tune.name, &last)?;
    }
    Ok(last)
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
    let targets: BTreeMap<&str, &str> = dataset
        .cards
        .iter()
        .flat_map(|card| &card.labels)
        .map(|map| (map.name.as_str(), map.target.name()))
        .collect();
    if targets.values().collect::<BTreeSet<_>>().len() > 1 {
        line(&json!({ "event": "targets", "labels": targets }))?;
    }
    for leak in &dataset.leaks {
        line(&json!({ "event": "leak", "leak": leak }))?;
    }
    for reason in dataset.skipped.iter().take(SKIPPED) {
        line(&json!({ "event": "skipped", "reason": reason }))?;
    }
    let more = dataset.skipped.len().saturating_sub(SKIPPED);
    if more > 0 {
        line(&json!({ "event": "skipped", "reason": format!("and {more} clips more") }))?;
    }
    Ok(dataset)
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
    print(&value.to_string())
}

/// Text on standard output, with an end of line.
pub(super) fn print(text: &str) -> Result<()> {
    let mut out = Destination::open(None)?;
    writeln!(out, "{text}").and_then(|()| out.flush()).context("standard output is closed")
}
