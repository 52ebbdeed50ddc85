//! Our side: builds a workload once and does its step whenever it is asked to.

use std::io::{BufRead, Write};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use burn::module::Module;
use limbic_kernels::{best_product_rate, watch_products};
use limbic_model::{Batch, Model};
use limbic_train::Trainer;
use serde::{Deserialize, Serialize};

use super::sound::Sound;
use super::workload::{Made, SET, Shown};
use crate::args::Case;

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
pub(super) fn answer(case: Case) -> Result<()> {
    let mut out = std::io::stdout().lock();
    let mut questions = std::io::stdin().lock().lines().peekable();
    // What is checked is gone before what is timed is built.
    if let Some(Ok(question)) = questions.peek()
        && let Some(steps) = question.strip_prefix("check ")
    {
        let said = if case.workload.hears() {
            Work::Hear(Sound::new(case)).said(1)?
        } else {
            let Made { model, shown, .. } = Made::new(case, false)?;
            Work::new(case, model, &shown)?.said(steps.parse()?)?
        };
        writeln!(out, "{}", serde_json::to_string(&said)?)?;
        out.flush()?;
        questions.next();
    }
    let shown;
    let mut work = if case.workload.hears() {
        Work::Hear(Sound::new(case))
    } else {
        let made = Made::new(case, true)?;
        shown = made.shown;
        Work::new(case, made.model, &shown)?
    };
    for question in questions {
        let question = question.context("standard input is closed")?;
        match question.trim() {
            "step" => {
                let start = Instant::now();
                work.step()?;
                writeln!(out, "{}", start.elapsed().as_secs_f64() * 1e3)?;
            }
            "products" => {
                let start = Instant::now();
                let (taken, products) = watch_products(|| work.step());
                taken?;
                let all = start.elapsed().as_secs_f64() * rayon::current_num_threads() as f64;
                let told = Products {
                    share: products.seconds / all,
                    rate: products.operations / products.seconds.max(1e-9) * 1e-9,
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

/// What is done again and again.
enum Work<'a> {
    /// A step of training.
    Learn { trainer: Trainer<'a>, batch: &'a Batch, rate: f64 },
    /// A look at clips.
    Answer { model: Model, batch: &'a Batch },
    /// Features of sound.
    Hear(Sound),
}

impl<'a> Work<'a> {
    fn new(case: Case, model: Model, shown: &'a Shown) -> Result<Self> {
        let batch = &shown.batch;
        if !case.workload.learns() {
            // Weights are drawn in the order in which they are asked for: here as the peer's were.
            drop(model.weights());
            return Ok(Self::Answer { model: model.valid(), batch });
        }
        let stage = shown.recipe.stage.first().context("a workload has a stage")?;
        let rate = stage.optimizer.lr();
        Ok(Self::Learn { trainer: Trainer::new(model, stage, &shown.positives), batch, rate })
    }

    fn step(&mut self) -> Result<()> {
        match self {
            Self::Learn { trainer, batch, rate } => drop(trainer.batch(batch, *rate)?),
            Self::Answer { model, batch } => drop(answers(model, batch)?),
            Self::Hear(sound) => drop(sound.hear()?),
        }
        Ok(())
    }

    /// The losses before so many steps, or the answers, which are always the same.
    fn said(&mut self, steps: usize) -> Result<Vec<f32>> {
        match self {
            Self::Learn { trainer, batch, rate } => {
                let mut losses = Vec::new();
                for _ in 0..steps {
                    let taken = trainer.batch(batch, *rate)?;
                    losses.extend(taken.iter().flatten().map(|taken| taken.loss));
                }
                Ok(losses)
            }
            Self::Answer { model, batch } => answers(model, batch),
            Self::Hear(sound) => sound.hear(),
        }
    }
}

/// What a model says of clips: each modality and all together where it has heads for that, else
/// the views of the modalities.
fn answers(model: &Model, batch: &Batch) -> Result<Vec<f32>> {
    let views = model.view(&batch.inputs)?.each;
    let mut said = Vec::new();
    match model.joint(&views, SET)? {
        Some(joint) if model.worded().is_empty() => {
            for (modality, view) in views.iter() {
                said.push(model.logits(modality, view, SET)?);
            }
            said.push(joint);
        }
        // The fusion is a sum of what each modality says.
        Some(joint) => said.push(joint),
        None => said.extend(views.iter().map(|(_, view)| view.clone())),
    }
    Ok(said
        .into_iter()
        .flat_map(|said| said.into_data().iter::<f32>().collect::<Vec<_>>())
        .collect())
}

/// The most memory that this process held, in MiB, where the system tells.
fn peak() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.split_whitespace().next()?.parse::<f64>().ok()? / 1024.0)
}
