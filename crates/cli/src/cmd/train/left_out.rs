//! `limbic train --leave-corpus-out`: what a recipe says of a corpus that it never met.

use std::process::ExitCode;

use anyhow::{Result, bail};
use limbic_corpus::split::leave_corpus_out;
use limbic_corpus::{EMOTIONS, Label, LabelMap, Part};
use limbic_evaluate::{Answer, RESAMPLES, Task, score};
use limbic_model::{Checkpoint, Recipe};
use limbic_train::{Dataset, Outcome, outcomes};
use serde_json::json;

use super::{line, load, trial};
use crate::args::Train;

/// Leaves each corpus out in turn. Its label set has no head then, so the emotions that are shown
/// are scored, those that it speaks of.
pub(super) fn run(typed: &Train, recipe: &Recipe) -> Result<ExitCode> {
    if recipe.data.corpora.len() < 2 || !recipe.learns_shared() {
        bail!(
            "--leave-corpus-out needs a recipe of at least two corpora that learns the emotions \
             that are shown (`objective.labels` with a `shared` above 0)"
        );
    }
    for (left, others) in leave_corpus_out(&recipe.data.corpora) {
        let mut own = recipe.clone();
        own.data.allow_leak.retain(|corpus, _| others.contains(corpus));
        own.data.corpora = others;
        let dataset = load(&own, &typed.data, None, typed.quiet)?;
        let (checkpoint, _) = trial(typed, &own, &dataset, None, &mut None)?;
        told(typed, &own, &checkpoint, &left)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Scores a corpus that the checkpoint never met: its part for scoring, or all of it.
fn told(typed: &Train, recipe: &Recipe, checkpoint: &Checkpoint, left: &str) -> Result<()> {
    let corpus = limbic_corpus::open(left, &typed.data)?;
    let card = corpus.card().clone();
    let mut examples = corpus.examples()?;
    if examples.iter().any(|example| example.part == Part::Valid) {
        examples.retain(|example| example.part == Part::Valid);
    }
    let tokenizer = checkpoint.assets.get("tokenizer.json").cloned();
    let corpora = vec![(card.clone(), examples)];
    let dataset = Dataset::of(recipe, corpora, &typed.data, tokenizer, None, &mut |_, _| {})?;
    let all: Vec<usize> = (0..dataset.items.len()).collect();
    let subsets = dataset.subsets();
    let said = outcomes(&checkpoint.model, &dataset, &all, &subsets)?;
    let Some(map) = card.labels.iter().find_map(shown) else {
        return line(&json!({
            "event": "skipped", "reason": format!("{left}: its labels count as no emotion")
        }));
    };
    for subset in subsets {
        let own = said.iter().filter(|outcome| outcome.modalities == subset);
        let answers: Vec<Answer> =
            own.filter_map(|outcome| answer(&dataset, outcome, &map)).collect();
        if answers.is_empty() {
            continue;
        }
        let names: Vec<&str> = subset.iter().map(|modality| modality.name()).collect();
        line(&json!({
            "event": "left-out", "corpus": left, "inputs": names.join("+"),
            "scores": score(&Task::new(&map), &answers, RESAMPLES).metrics,
        }))?;
    }
    Ok(())
}

/// The emotions that a label set speaks of, as a label set.
fn shown(map: &LabelMap) -> Option<LabelMap> {
    let spoken = |emotion: &&str| map.classes.iter().any(|(_, to)| to == *emotion);
    let classes: Vec<(String, String)> = EMOTIONS
        .iter()
        .filter(|emotion| spoken(emotion))
        .map(|emotion| ((*emotion).to_owned(), (*emotion).to_owned()))
        .collect();
    let name = format!("{} as limbic reads it", map.name);
    let kind = limbic_corpus::LabelKind::Class;
    let (words, merge) = (std::collections::BTreeMap::new(), std::collections::BTreeMap::new());
    (!classes.is_empty()).then(|| LabelMap { name, kind, classes, words, merge, ..map.clone() })
}

/// What was said of the emotions of a label set.
fn answer(dataset: &Dataset, outcome: &Outcome, map: &LabelMap) -> Option<Answer> {
    let item = &dataset.items[outcome.item];
    let truth = outcome.shared_truth?;
    let place = |name: &str| EMOTIONS.iter().position(|emotion| *emotion == name);
    let own: Vec<usize> = map.classes.iter().filter_map(|(name, _)| place(name)).collect();
    let top = own.iter().map(|i| outcome.shared[*i]).fold(f32::NEG_INFINITY, f32::max);
    let raised: Vec<f64> = own.iter().map(|i| f64::from(outcome.shared[*i] - top).exp()).collect();
    let total: f64 = raised.iter().sum();
    Some(Answer {
        clip: item.id.clone(),
        speaker: item.speaker.clone(),
        groups: std::collections::BTreeMap::new(),
        truth: Label::Votes(own.iter().map(|i| truth[*i]).collect()),
        said: raised.into_iter().map(|weight| weight / total).collect(),
    })
}
