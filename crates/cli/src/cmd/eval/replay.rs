//! An evaluation of another day, done again.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Parser;
use limbic_evaluate::Evaluation;
use serde_json::Value;

use super::{checkpoints, one, plans};
use crate::args::{Args, Command, Eval};
use crate::cmd::train::print;
use crate::output::{complain, note};

/// How many numbers that differ are named.
const DIFFERENT: usize = 10;

/// Does what `result` tells of again, prints every number, and says whether each is the same to
/// the last bit.
pub(super) fn run(result: &Path, typed: &Eval) -> Result<ExitCode> {
    let name = result.display();
    let then = Evaluation::read(result)
        .context("--replay needs a result.json written by `limbic eval`")?;
    let words = then.command.iter();
    let again = match Args::try_parse_from(words).map(|args| args.command) {
        Ok(Command::Eval(again)) => Eval { quiet: typed.quiet, ..again },
        _ => bail!("{name}: its command is none of this limbic's; use the version {}", then.limbic),
    };
    let (given, others) = checkpoints(&again).with_context(|| {
        format!("{name}: its checkpoint is not here; run this where it was evaluated")
    })?;
    if super::record::each(&given, &others, |given| &given.hash) != then.checkpoint.blake3 {
        bail!(
            "{name}: {} is not the checkpoint that was evaluated; its BLAKE3 hash was {}",
            given.name,
            then.checkpoint.blake3
        );
    }
    let plan = plans(&again, &given)
        .with_context(|| {
            format!("{name}: its clips are not here; run this where it was evaluated")
        })?
        .into_iter()
        .find(|plan| plan.card.name == then.data.name)
        .with_context(|| format!("{name}: there are no clips of {} any more", then.data.name))?;
    let now = match one(&again, (&given, &others), plan)? {
        // What was typed then is what finds these numbers.
        Ok(Some(done)) => Evaluation { command: then.command.clone(), ..done.evaluation },
        Ok(None) => bail!("{name}: the checkpoint answers to none of the labels any more"),
        Err(sentence) => bail!(sentence),
    };
    if now.data.hash != then.data.hash {
        bail!(
            "{name}: {} holds other clips or labels than it did then (hash {}, now {})",
            then.data.path,
            short(&then.data.hash),
            short(&now.data.hash)
        );
    }
    print(&limbic_evaluate::markdown(&now))?;
    let (mut same, mut different) = (0, Vec::new());
    let sections = |evaluation: &Evaluation| serde_json::to_value(&evaluation.sections);
    differences("", &sections(&then)?, &sections(&now)?, &mut same, &mut different);
    if different.is_empty() {
        note(&format!("all {same} numbers are the same to the last bit"));
        return Ok(ExitCode::SUCCESS);
    }
    for sentence in different.iter().take(DIFFERENT) {
        complain(sentence);
    }
    let threads = if then.threads == now.threads {
        String::new()
    } else {
        format!("; then it had {} threads, now {}", then.threads, now.threads)
    };
    complain(&format!(
        "{name}: {} of {} numbers differ; with RAYON_NUM_THREADS=1 on both days none does{threads}",
        different.len(),
        same + different.len()
    ));
    Ok(ExitCode::FAILURE)
}

fn short(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}

/// Walks two records side by side: numbers are counted, and what differs is told with its place.
fn differences(
    place: &str,
    then: &Value,
    now: &Value,
    same: &mut usize,
    different: &mut Vec<String>,
) {
    match (then, now) {
        (Value::Object(then), Value::Object(now)) if then.keys().eq(now.keys()) => {
            for (key, value) in then {
                differences(&format!("{place}/{key}"), value, &now[key], same, different);
            }
        }
        (Value::Array(then), Value::Array(now)) if then.len() == now.len() => {
            for (index, (then, now)) in then.iter().zip(now).enumerate() {
                differences(&format!("{place}/{index}"), then, now, same, different);
            }
        }
        (then, now) if then == now => *same += usize::from(then.is_number()),
        (then, now) => different.push(format!("{place}: {then} then, {now} now")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_number_is_compared_and_differences_have_their_place() {
        let then = json!([{ "uar": 0.5, "each": [1, 2.25], "name": "a" }]);
        let (mut same, mut different) = (0, Vec::new());
        differences("", &then, &then, &mut same, &mut different);
        assert_eq!((same, different.len()), (3, 0));
        let now = json!([{ "uar": 0.5, "each": [1, 2.250_000_000_000_1], "name": "a" }]);
        differences("", &then, &now, &mut same, &mut different);
        assert_eq!(different, ["/0/each/1: 2.25 then, 2.2500000000001 now"]);
    }
}
