//! `limbic bench`: our steps and those of `PyTorch`, in turn.

mod peer;
mod side;
mod sound;
mod table;
mod workload;

use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use self::peer::Process;
use self::sound::Sound;
use self::table::Row;
use self::workload::Made;
use crate::args::{Bench, Case};

/// Steps that are checked to come to the same losses or answers.
const CHECKED: usize = 4;

/// Steps before the first that is timed.
const WARM: usize = 2;

/// How far losses and answers may lie apart, of the size of the largest.
const APART: f64 = 1e-4;

/// Times what was asked for.
pub(crate) fn run(typed: &Bench) -> Result<ExitCode> {
    let numbers = [&typed.threads, &typed.clips, &typed.longer];
    if typed.rounds == 0 || numbers.into_iter().flatten().any(|number| *number == 0) {
        bail!(
            "--rounds, --threads, --clips and --longer need numbers of at least 1, as in \
             --threads 1,2 --rounds 15"
        );
    }
    if typed.side {
        let cases = typed.cases();
        let [case] = cases[..] else { bail!("--side needs one workload at one size") };
        side::answer(case)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut rows = Vec::new();
    for case in typed.cases() {
        for threads in &typed.threads {
            let row = compare(typed, case, *threads)?;
            if typed.json {
                super::train::print(&serde_json::to_string(&row)?)?;
            }
            rows.push(row);
        }
    }
    if !typed.json {
        super::train::print(&table::text(&rows))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// One workload on so many threads.
fn compare(typed: &Bench, case: Case, threads: usize) -> Result<Row> {
    let before = table::load();
    let mut ours = Process::ours(case, threads)?;
    // Script, weights and inputs of the other side.
    let folder = tempfile::tempdir().context("no folder for the peer's script can be made")?;
    let mut theirs = match &typed.peer {
        Some(python) => {
            let file = folder.path().join("step.safetensors");
            if case.workload.hears() {
                Sound::new(case).write(&file)?;
            } else {
                Made::new(case, false)?.write(&file)?;
            }
            Some(Process::theirs(python, case, threads, folder.path(), &file)?)
        }
        None => None,
    };
    let said = ours.said(CHECKED)?;
    if let Some(theirs) = &mut theirs {
        let others = theirs.said(CHECKED)?;
        if case.workload.comparable() && !same(&said, &others) {
            bail!(
                "{}: the two sides do not compute the same: {} here, {} there; what is timed would \
                 not be the same work",
                case.workload.name(),
                beginning(&said),
                beginning(&others)
            );
        }
    }
    for _ in 0..WARM {
        ours.step()?;
        theirs.as_mut().map(Process::step).transpose()?;
    }
    let (mut own, mut other) = (Vec::new(), Vec::new());
    for round in 0..typed.rounds {
        // Neither side is always the first.
        if round % 2 == 0 {
            own.push(ours.step()?);
        }
        if let Some(theirs) = &mut theirs {
            other.push(theirs.step()?);
        }
        if round % 2 == 1 {
            own.push(ours.step()?);
        }
    }
    let products = ours.products()?;
    let peak = ours.end()?;
    let peak_there = theirs.map(Process::end).transpose()?;
    let (peaks, loads) = ([Some(peak), peak_there], [before, table::load()]);
    Ok(Row::new(case, threads, [own, other], peaks, loads, products))
}

/// Whether two sides said the same, number by number; what is no number is not the same.
fn same(ours: &[f64], theirs: &[f64]) -> bool {
    let largest = theirs.iter().fold(0.0, |largest: f64, x| largest.max(x.abs()));
    let near = |(a, b): (&f64, &f64)| (a - b).abs() <= APART * largest;
    largest.is_finite() && ours.len() == theirs.len() && ours.iter().zip(theirs).all(near)
}

/// The first of many numbers.
fn beginning(said: &[f64]) -> String {
    let some: Vec<String> = said.iter().take(8).map(|x| format!("{x:.6}")).collect();
    format!("{} ({} in all)", some.join(" "), said.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_that_differ_or_say_no_numbers_are_not_the_same() {
        assert!(same(&[1.0, 1e-6], &[1.00001, -1e-6]));
        assert!(!same(&[1.0, 1.0], &[1.0, 1.001]));
        assert!(!same(&[1.0], &[1.0, 1.0]));
        assert!(!same(&[f64::NAN], &[f64::NAN]));
        assert!(!same(&[f64::NAN, 1.0], &[1.0, 1.0]));
        assert!(!same(&[1.0], &[f64::INFINITY]));
    }
}
