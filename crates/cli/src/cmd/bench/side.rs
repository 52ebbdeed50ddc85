//! Our side: builds a workload once and does its step whenever it is asked to.

use std::io::{BufRead, Write};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use limbic_kernels::{best_product_rate, watch_products};
use limbic_train::Trainer;
use serde::{Deserialize, Serialize};

use super::workload::Made;
use crate::args::Workload;

/// What matrix products are of a step.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Products {
    /// Share of the time of all threads.
    pub(super) share: f64,
    /// Thousand million multiplications and additions a second, on each core.
    pub(super) rate: f64,
    /// As many at best, on one core that multiplies large square matrices.
    pub(super) best: f64,
}

/// Answers questions until there are no more.
pub(super) fn answer(workload: Workload) -> Result<()> {
    let mut out = std::io::stdout().lock();
    let mut questions = std::io::stdin().lock().lines().peekable();
    // What is checked is gone before what is timed is built.
    if let Some(Ok(question)) = questions.peek()
        && let Some(steps) = question.strip_prefix("check ")
    {
        let losses = losses(workload, steps.parse()?)?;
        writeln!(out, "{}", serde_json::to_string(&losses)?)?;
        out.flush()?;
        questions.next();
    }
    let Made { model, batch, positives, recipe, .. } = Made::new(workload, true)?;
    let stage = recipe.stage.first().context("a workload has a stage")?;
    let mut trainer = Trainer::new(model, stage, &positives);
    let rate = stage.optimizer.lr();
    for question in questions {
        let question = question.context("standard input is closed")?;
        match question.trim() {
            "step" => {
                let start = Instant::now();
                trainer.batch(&batch, rate)?;
                writeln!(out, "{}", start.elapsed().as_secs_f64() * 1e3)?;
            }
            "products" => {
                let start = Instant::now();
                let (taken, products) = watch_products(|| trainer.batch(&batch, rate));
                taken?;
                let all = start.elapsed().as_secs_f64() * rayon::current_num_threads() as f64;
                let told = Products {
                    share: products.seconds / all,
                    rate: products.operations / products.seconds * 1e-9,
                    best: best_product_rate() * 1e-9,
                };
                writeln!(out, "{}", serde_json::to_string(&told)?)?;
            }
            "end" => {
                writeln!(out, "{}", peak().unwrap_or(f64::NAN))?;
                return Ok(());
            }
            _ => bail!("`{question}` is none of step, products and end"),
        }
        out.flush()?;
    }
    Ok(())
}

/// The losses before so many steps without dropout.
fn losses(workload: Workload, steps: usize) -> Result<Vec<f32>> {
    let Made { model, batch, positives, recipe, .. } = Made::new(workload, false)?;
    let stage = recipe.stage.first().context("a workload has a stage")?;
    let mut trainer = Trainer::new(model, stage, &positives);
    let mut losses = Vec::new();
    for _ in 0..steps {
        let taken = trainer.batch(&batch, stage.optimizer.lr())?;
        losses.extend(taken.iter().flatten().map(|taken| taken.loss));
    }
    Ok(losses)
}

/// The most memory that this process held, in MiB, where the system tells.
fn peak() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.split_whitespace().next()?.parse::<f64>().ok()? / 1024.0)
}
