//! Answers become the record of an evaluation: everything that is needed to find the same numbers
//! again.

use std::collections::BTreeSet;

use anyhow::Result;
use limbic_corpus::{Example, LabelMap, Media, Objectivity, fingerprints};
use limbic_evaluate::{
    Checkpoint, Condition, Data, Evaluation, Leak, RESAMPLES, SCHEMA, Section, Split, Targets,
    Task, Told, score, worst,
};
use limbic_media::Modality;

use super::asked::Asked;
use super::plan::Plan;
use super::{Done, Gathered, Given};
use crate::args::Eval;

/// How many of the worst errors are kept.
const WORST: usize = 12;

/// How many of the clips that could not be read are named.
const SKIPPED: usize = 20;

/// Scores every answer.
pub(super) fn evaluation(
    typed: &Eval,
    (given, others): (&Given, &[Given]),
    gathered: Gathered,
) -> Result<Done> {
    let Gathered { plan, asked, allowed: (found, allowed), mut skipped } = gathered;
    let Plan { path, card, test, chosen, .. } = plan;
    let mut ledger: Vec<LabelMap> = card.labels.clone();
    let (mut sections, mut told) = (Vec::new(), Vec::new());
    for Asked { map, thresholds, said } in asked {
        let task = Task { thresholds: thresholds.as_deref(), ..Task::new(&map) };
        let conditions = said.iter().map(|said| {
            let scored = score(&task, &said.answers, RESAMPLES);
            Condition::new(limbic_model::inputs(&said.modalities), said.change.clone(), scored)
        });
        let mut section = Section::new(&map.name, map.kind, conditions.collect());
        let main = section.main().map(|main| (main.inputs.clone(), main.change.clone()));
        let shown = said.iter().find(|said| {
            main.as_ref().is_some_and(|(inputs, change)| {
                *inputs == limbic_model::inputs(&said.modalities) && *change == said.change
            })
        });
        section.worst = shown.map(|said| worst(&task, &said.answers, WORST)).unwrap_or_default();
        for error in &mut section.worst {
            let example = test.iter().find(|example| example.id == error.clip);
            error.source = example.and_then(file);
        }
        section.thresholds.clone_from(&thresholds);
        for said in said {
            let inputs = limbic_model::inputs(&said.modalities);
            told.extend(said.answers.into_iter().map(|answer| Told {
                labels: map.name.clone(),
                inputs: inputs.clone(),
                change: said.change.clone(),
                answer,
            }));
        }
        if ledger.iter().all(|known| known.name != map.name) {
            ledger.push(map);
        }
        sections.push(section);
    }
    let more = skipped.len().saturating_sub(SKIPPED);
    skipped.truncate(SKIPPED);
    if more > 0 {
        skipped.push(format!("and {more} more"));
    }
    let recipes = &given.checkpoint.recipes;
    let answered: BTreeSet<Modality> = modalities(&sections);
    let evaluation = Evaluation {
        schema: SCHEMA.into(),
        limbic: env!("CARGO_PKG_VERSION").into(),
        command: command(typed),
        checkpoint: Checkpoint {
            name: each(given, others, |given| &given.name),
            blake3: each(given, others, |given| &given.hash),
            recipe: serde_json::to_value(recipes)?,
        },
        data: Data {
            path: path.display().to_string(),
            name: card.name.clone(),
            licence: card.licence.clone(),
            hash: contents(&test),
            clips: test.len(),
            skipped,
        },
        seed: recipes.values().next().map_or(0, |recipe| recipe.seed),
        threads: rayon::current_num_threads(),
        targets: targets(given, card.target(), &answered),
        leak: Leak {
            checked: found.checked,
            found: found.overlaps,
            allowed: allowed.filter(|_| found.any),
            left_out: found.left_out,
        },
        ledger,
        split: Some(Split { name: chosen, hash: names(&test) }),
        sections,
    };
    Ok(Done { evaluation, told, test })
}

/// Something of every checkpoint, in their order.
pub(super) fn each(given: &Given, others: &[Given], what: fn(&Given) -> &String) -> String {
    let all: Vec<&str> = std::iter::once(given).chain(others).map(|g| what(g).as_str()).collect();
    all.join(" ")
}

/// The command that finds the same numbers again.
fn command(typed: &Eval) -> Vec<String> {
    let mut all: Vec<String> = std::env::args().collect();
    if let Some(first) = all.first_mut() {
        "limbic".clone_into(first);
    }
    // The folder of corpora may be set by a variable.
    if !all.iter().any(|word| word == "--data" || word.starts_with("--data=")) {
        all.extend(["--data".to_owned(), typed.data.display().to_string()]);
    }
    all
}

/// Whose judgement the labels are here and where the model learned; a note where these differ.
fn targets(given: &Given, labels: Option<Objectivity>, answered: &BTreeSet<Modality>) -> Targets {
    let labels = labels.unwrap_or(Objectivity::Unstated);
    let mut learned: Vec<Objectivity> = Vec::new();
    let checkpoint = &given.checkpoint;
    let noted = answered
        .iter()
        .filter_map(|modality| checkpoint.provenance.get(modality))
        .flat_map(|own| own.targets.values().copied());
    for target in noted.chain(known(given, answered)) {
        if !learned.contains(&target) {
            learned.push(target);
        }
    }
    let name = |target: Objectivity| target.name();
    let others: Vec<&str> =
        learned.iter().filter(|own| **own != labels).map(|own| name(*own)).collect();
    let note = match (labels, others.as_slice()) {
        (Objectivity::Unstated, _) => {
            Some("Nobody said whose judgement these labels are; say it with --target.".to_owned())
        }
        (_, []) => None,
        (_, others) => Some(format!(
            "The model learned from {} labels, too, and is scored on {} ones: part of the gap is \
             between these, and not the model's.",
            others.join(" and "),
            name(labels)
        )),
    };
    Targets { labels, learned, note }
}

/// The modalities that anything was answered from.
fn modalities(sections: &[Section]) -> BTreeSet<Modality> {
    let conditions = sections.iter().flat_map(|section| &section.conditions);
    let names: BTreeSet<&str> = conditions.flat_map(|own| own.inputs.split('+')).collect();
    Modality::ALL.into_iter().filter(|modality| names.contains(modality.name())).collect()
}

/// The targets of the corpora that recipes name, for checkpoints that did not note them.
fn known(given: &Given, answered: &BTreeSet<Modality>) -> Vec<Objectivity> {
    answered
        .iter()
        .filter_map(|modality| given.checkpoint.recipes.get(modality))
        .flat_map(|recipe| &recipe.data.corpora)
        .filter_map(|name| limbic_corpus::labels(name).ok())
        .map(|map| map.target)
        .collect()
}

/// The hash of what the clips are: names, labels and content.
fn contents(test: &[Example]) -> String {
    let lines: BTreeSet<String> = test
        .iter()
        .map(|example| {
            let prints = fingerprints(example);
            format!("{:?} {:?} {:?} {prints:?}", example.id, example.labels, example.span)
        })
        .collect();
    hash(&lines)
}

/// The hash of which clips there are.
fn names(test: &[Example]) -> String {
    hash(&test.iter().map(|example| example.id.clone()).collect())
}

fn hash(lines: &BTreeSet<String>) -> String {
    let mut hasher = blake3::Hasher::new();
    for line in lines {
        hasher.update(line.as_bytes()).update(b"\n");
    }
    hasher.finalize().to_hex().to_string()
}

/// The file of a clip.
fn file(example: &Example) -> Option<String> {
    example.media.iter().find_map(|medium| match medium {
        Media::Audio(path) | Media::Film(path) | Media::Image(path) => {
            Some(path.display().to_string())
        }
        _ => None,
    })
}
