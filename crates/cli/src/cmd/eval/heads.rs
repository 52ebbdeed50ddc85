//! What the heads of a checkpoint answer to the label sets that they were trained on.

use std::collections::HashSet;
use std::path::Path;

use anyhow::{Context, Result};
use limbic_corpus::{Card, Example, LabelKind, LabelMap, Part};
use limbic_media::{Degradation, Modality};
use limbic_model::{Checkpoint, Data, Model, Recipe};
use limbic_train::probe::probed;
use limbic_train::{Dataset, Outcome, outcomes};

use super::asked::{Asked, Said, WORSE, WRONG_PAIRS, answer, by_id, concerned};
use crate::progress::Waiting;

/// How the clips were made worse, and what was said of each, by the ids of the clips.
type Condition<'a> = (Option<&'a str>, Vec<(String, Outcome)>);

/// The heads of one training.
pub(super) struct Heads<'a> {
    pub(super) checkpoint: &'a Checkpoint,
    pub(super) recipe: &'a Recipe,
    /// The folder that holds the word vectors.
    pub(super) root: &'a Path,
    pub(super) quiet: bool,
}

impl Heads<'_> {
    /// The label sets of a card that these heads were trained on, by their place on it.
    fn known(&self, card: &Card) -> Vec<usize> {
        let model = &self.checkpoint.model;
        let answers = |name: &str| {
            self.recipe.model.encoder.keys().any(|modality| model.answers(*modality, name))
        };
        let sets = card.labels.iter().enumerate().filter(|(_, map)| answers(&map.name));
        sets.map(|(place, _)| place).collect()
    }

    /// The answers of every condition to each label set of the card that the heads know.
    pub(super) fn ask(
        &self,
        card: &Card,
        examples: &[Example],
        quick: bool,
        skipped: &mut Vec<String>,
    ) -> Result<Vec<Asked>> {
        let sets = self.known(card);
        if sets.is_empty() || !self.recipe.learns_labels() {
            return Ok(Vec::new());
        }
        let model = &self.checkpoint.model;
        let dataset = self.read(card, examples, None)?;
        skipped.extend(dataset.skipped.iter().cloned());
        let all: Vec<usize> = (0..dataset.items.len()).collect();
        let present: Vec<Modality> = dataset
            .modalities
            .iter()
            .copied()
            .filter(|m| dataset.items.iter().any(|item| item.values.get(*m).is_some()))
            .collect();
        let mut conditions = vec![(None, said(model, &dataset, &all, &dataset.subsets())?)];
        if !quick {
            for (name, worse) in WORSE {
                let touched = concerned(worse);
                if !present.contains(&touched) {
                    continue;
                }
                let bad = self.read(card, examples, Some(worse))?;
                if same(&dataset, &bad) {
                    continue;
                }
                let mut subsets = vec![vec![touched]];
                if present.len() > 1 {
                    subsets.push(present.clone());
                }
                let all: Vec<usize> = (0..bad.items.len()).collect();
                conditions.push((Some(name), said(model, &bad, &all, &subsets)?));
            }
            if present.len() > 1 {
                let shuffled = Data { shuffle_pairs: true, ..self.recipe.data.clone() };
                let wrong = dataset.arranged(&shuffled, self.recipe.seed, &all);
                let whole = std::slice::from_ref(&present);
                conditions.push((Some(WRONG_PAIRS), said(model, &wrong, &all, whole)?));
            }
        }
        let asked =
            sets.into_iter().map(|set| self.asked(&card.labels[set], set, examples, &conditions));
        Ok(asked.filter(|asked| !asked.said.is_empty()).collect())
    }

    /// The answers of a probe that is fitted on the views of the training clips.
    pub(super) fn probe(
        &self,
        card: &Card,
        train: &[Example],
        test: &[Example],
    ) -> Result<Vec<Asked>> {
        let Some(probe) = self.recipe.probe else { return Ok(Vec::new()) };
        let learned = train.iter().filter(|example| example.part != Part::Dev);
        let both: Vec<Example> = learned.chain(test).cloned().collect();
        let dataset = self.read(card, &both, None)?;
        let ids: HashSet<&str> = test.iter().map(|example| example.id.as_str()).collect();
        let (held_out, known): (Vec<usize>, Vec<usize>) =
            (0..dataset.items.len()).partition(|i| ids.contains(dataset.items[*i].id.as_str()));
        let parts = [&*known, &*held_out];
        let found = probed(probe, &self.checkpoint.model, &dataset, parts, &dataset.subsets())?;
        let conditions = [(None, named(&dataset, found))];
        let asked = card.labels.iter().enumerate().map(|(set, map)| {
            let asked = self.asked(map, set, test, &conditions);
            let name = format!("{} by a probe", map.name);
            Asked { map: LabelMap { name, ..asked.map }, thresholds: None, said: asked.said }
        });
        Ok(asked.filter(|asked| !asked.said.is_empty()).collect())
    }

    fn asked(
        &self,
        map: &LabelMap,
        set: usize,
        examples: &[Example],
        conditions: &[Condition<'_>],
    ) -> Asked {
        let examples = by_id(examples);
        let fitted = self.checkpoint.calibration.get(&map.name);
        let mut said: Vec<Said> = Vec::new();
        for (change, outcomes) in conditions {
            for (id, outcome) in outcomes {
                let Some(example) = examples.get(id.as_str()) else { continue };
                let label = example.labels.get(set).and_then(Option::as_ref);
                let logits = outcome.logits.get(set).filter(|logits| !logits.is_empty());
                let Some((label, logits)) = label.zip(logits) else { continue };
                let inputs = limbic_model::inputs(&outcome.modalities);
                let temperature = fitted.and_then(|fitted| fitted.get(&inputs));
                let said_of = likely(map.kind, logits, temperature.copied().unwrap_or(1.0));
                let answer = answer(example, label.clone(), said_of);
                let same = |said: &&mut Said| {
                    said.modalities == outcome.modalities && said.change.as_deref() == *change
                };
                match said.iter_mut().find(same) {
                    Some(said) => said.answers.push(answer),
                    None => said.push(Said {
                        modalities: outcome.modalities.clone(),
                        change: change.map(str::to_owned),
                        answers: vec![answer],
                    }),
                }
            }
        }
        let thresholds = self.checkpoint.thresholds.get(&map.name);
        Asked {
            thresholds: thresholds.map(|t| t.iter().map(|t| f64::from(*t)).collect()),
            map: map.clone(),
            said,
        }
    }

    /// What the encoders read of the clips.
    pub(super) fn read(
        &self,
        card: &Card,
        examples: &[Example],
        worse: Option<Degradation>,
    ) -> Result<Dataset> {
        let text = self.recipe.model.encoder.contains_key(&Modality::Text);
        let tokenizer = self.checkpoint.assets.get("tokenizer.json").filter(|_| text).cloned();
        let waiting = Waiting::new(1, self.quiet);
        let corpora = vec![(card.clone(), examples.to_vec())];
        let mut tick = |done: usize, total: usize| {
            waiting.at(0, "reading the clips", done as f64 / total.max(1) as f64);
        };
        Dataset::of(self.recipe, corpora, self.root, tokenizer, worse, &mut tick)
            .context("the clips cannot be read as the checkpoint's recipe asks")
    }
}

fn said(
    model: &Model,
    dataset: &Dataset,
    items: &[usize],
    subsets: &[Vec<Modality>],
) -> Result<Vec<(String, Outcome)>> {
    Ok(named(dataset, outcomes(model, dataset, items, subsets)?))
}

/// Outcomes with the ids of their clips.
fn named(dataset: &Dataset, outcomes: Vec<Outcome>) -> Vec<(String, Outcome)> {
    outcomes.into_iter().map(|outcome| (dataset.items[outcome.item].id.clone(), outcome)).collect()
}

/// Whether a degradation changed nothing, as of vectors that came with the corpus.
fn same(one: &Dataset, other: &Dataset) -> bool {
    one.items.len() == other.items.len()
        && one.items.iter().zip(&other.items).all(|(one, other)| one.values == other.values)
}

/// Logits as probabilities, ratings as they are; `temperature` divides those of one class a clip. A
/// class without a row has the probability 0.
fn likely(kind: LabelKind, logits: &[f32], temperature: f32) -> Vec<f64> {
    match kind {
        LabelKind::Rating => logits.iter().map(|value| f64::from(*value)).collect(),
        LabelKind::Multi => logits.iter().map(|z| 1.0 / (1.0 + (-f64::from(*z)).exp())).collect(),
        LabelKind::Class => {
            let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let raised: Vec<f64> =
                logits.iter().map(|z| f64::from((z - top) / temperature).exp()).collect();
            let total: f64 = raised.iter().sum();
            raised.into_iter().map(|x| x / total).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_sum_to_one_and_an_unknown_class_has_none() {
        let likely = likely(LabelKind::Class, &[1000.0, f32::NEG_INFINITY, 1000.0], 1.0);
        assert_eq!(likely, [0.5, 0.0, 0.5]);
        assert_eq!(super::likely(LabelKind::Multi, &[f32::NEG_INFINITY, 0.0], 1.0), [0.0, 0.5]);
        assert_eq!(super::likely(LabelKind::Rating, &[-0.25], 1.0), [-0.25]);
    }
}
