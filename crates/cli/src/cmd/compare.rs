//! `limbic compare`: two evaluations of the same clips.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use limbic_evaluate::{Answer, Evaluation, RESAMPLES, compare, comparison, read_answers};
use serde_json::json;

use super::train::print;
use crate::args::Compare;

/// Label set, modalities and degradation.
type Condition = (String, String, Option<String>);

/// An evaluation as its folder holds it.
struct Folder {
    name: String,
    evaluation: Evaluation,
    answers: BTreeMap<Condition, Vec<Answer>>,
}

/// Prints by how much A and B differ, for each label set, modalities and degradation that both
/// have.
pub(crate) fn run(typed: &Compare) -> Result<ExitCode> {
    let (one, other) = (Folder::open(&typed.one)?, Folder::open(&typed.other)?);
    let mut told = 0;
    for (condition, answers) in &one.answers {
        let Some(theirs) = other.answers.get(condition) else { continue };
        let (labels, inputs, change) = condition;
        let section = one.evaluation.sections.iter().find(|section| section.labels == *labels);
        let Some(task) = section.and_then(|section| one.evaluation.task(section)) else { continue };
        let found = compare(&task, answers, theirs, RESAMPLES);
        if found.clips == 0 {
            continue;
        }
        told += 1;
        if typed.json {
            let line = json!({
                "labels": labels, "inputs": inputs, "change": change, "comparison": found,
            });
            print(&line.to_string())?;
        } else {
            let under = change.as_ref().map(|change| format!(", {change}")).unwrap_or_default();
            let name = |folder: &Folder| format!("{} ({labels}, {inputs}{under})", folder.name);
            print(&comparison(&found, &name(&one), &name(&other)))?;
        }
    }
    if told == 0 {
        bail!(
            "{} and {} have no clips, labels and modalities in common; evaluate both checkpoints \
             on the same data",
            typed.one.display(),
            typed.other.display()
        );
    }
    Ok(ExitCode::SUCCESS)
}

impl Folder {
    fn open(path: &Path) -> Result<Self> {
        let folder: PathBuf = if path.is_dir() {
            path.to_owned()
        } else {
            path.parent().unwrap_or(Path::new("")).to_owned()
        };
        let advice = || {
            format!("{}: is no folder written by `limbic eval`; evaluate again", folder.display())
        };
        let evaluation = Evaluation::read(&folder.join("result.json")).with_context(advice)?;
        let mut answers: BTreeMap<Condition, Vec<Answer>> = BTreeMap::new();
        for told in read_answers(&folder.join("answers.jsonl")).with_context(advice)? {
            let condition = (told.labels, told.inputs, told.change);
            answers.entry(condition).or_default().push(told.answer);
        }
        Ok(Self { name: evaluation.checkpoint.name.clone(), evaluation, answers })
    }
}
