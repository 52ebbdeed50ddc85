//! `limbic bench`: our steps and those of `PyTorch`, in turn.

mod peer;
mod side;
mod table;
mod workload;

use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use self::peer::Process;
use self::table::Row;
use self::workload::Made;
use crate::args::{Bench, Workload};

/// Steps that are checked to come to the same losses.
const CHECKED: usize = 4;

/// Steps before the first that is timed.
const WARM: usize = 2;

/// How far losses may lie apart, of their size.
const APART: f64 = 1e-4;

/// Times what was asked for.
pub(crate) fn run(typed: &Bench) -> Result<ExitCode> {
    if typed.side {
        let Some(workload) = typed.workload.first() else { bail!("--side needs a workload") };
        side::answer(*workload)?;
        return Ok(ExitCode::SUCCESS);
    }
    if typed.rounds == 0 || typed.threads.contains(&0) {
        bail!("--rounds and --threads need numbers of at least 1, as in --threads 1,2 --rounds 15");
    }
    let mut rows = Vec::new();
    for workload in &typed.workload {
        for threads in &typed.threads {
            let row = compare(typed, *workload, *threads)?;
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
fn compare(typed: &Bench, workload: Workload, threads: usize) -> Result<Row> {
    let before = table::load();
    let mut ours = Process::ours(workload, threads)?;
    // Script, weights and inputs of the other side.
    let folder = tempfile::tempdir().context("no folder for the peer's script can be made")?;
    let mut theirs = match &typed.peer {
        Some(python) => {
            let file = folder.path().join("step.safetensors");
            Made::new(workload, false)?.write(&file)?;
            Some(Process::theirs(python, workload, threads, folder.path(), &file)?)
        }
        None => None,
    };
    let losses = ours.losses(CHECKED)?;
    if let Some(theirs) = &mut theirs {
        let others = theirs.losses(CHECKED)?;
        // Losses that are no numbers are not the same.
        let near = |(a, b): (&f64, &f64)| (a - b).abs() <= APART * b.abs();
        if others.len() != losses.len() || !losses.iter().zip(&others).all(near) {
            bail!(
                "{}: the two sides do not compute the same: losses {losses:?} here, {others:?} \
                 there; what is timed would not be the same work",
                workload.name()
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
    Ok(Row::new(workload, threads, [own, other], peaks, loads, products))
}
