//! `limbic adapt`: a trained model bent to somebody's own labels.

mod material;
mod plan;
mod table;
mod undo;

use std::io::Write;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use limbic_corpus::{LabelKind, LabelSet};
use limbic_model::{Adapted, Checkpoint};
use limbic_train::adapt::{Progress, Request, adapt, contrast, curve, named};
use serde_json::json;

use self::material::{Given, Material};
use self::plan::Plan;
use crate::args::Adapt;
use crate::output::{Destination, note, warn};
use crate::progress::Waiting;

/// Adapts, scores and saves.
pub(crate) fn run(typed: &Adapt) -> Result<ExitCode> {
    if !(typed.minutes >= 0.0 && typed.minutes.is_finite()) {
        bail!("--minutes {}: is no number of minutes; give 0 or more", typed.minutes);
    }
    if let Some(checkpoint) = &typed.undo {
        return undo::run(checkpoint, typed);
    }
    if typed.curve.contains(&0) || typed.seeds == 0 {
        bail!("--curve and --seeds need numbers of at least 1, as in --curve 1,5,20 --seeds 5");
    }
    if typed.curve.is_empty() {
        free(typed)?;
    }
    let given = Given::open(typed)?;
    let material = Material::open(typed)?;
    let plan = Plan::of(typed, &given, material.as_ref())?;
    if typed.curve.is_empty() {
        let output = Destination::open(Some(&typed.output))?;
        let checkpoint = adapted(typed, &given, &plan, material)?;
        save(&checkpoint, &given, output)?;
        if !typed.quiet {
            note(&format!("written to {}", typed.output.display()));
        }
    } else {
        learning_curve(typed, &given, &plan, material)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Refuses to write over a file.
fn free(typed: &Adapt) -> Result<()> {
    if typed.output.exists() && !typed.force {
        bail!(
            "{}: is already there; name another file with -o, or write over it with --force",
            typed.output.display()
        );
    }
    Ok(())
}

/// Writes a checkpoint whole or not at all.
fn save(checkpoint: &Checkpoint, given: &Given, mut output: Destination) -> Result<()> {
    let bytes = checkpoint.to_bytes(given.precision)?;
    output.write_all(&bytes).and_then(|()| output.flush()).context("cannot be written")?;
    output.finish()
}

/// Takes the way that the plan says.
fn adapted(
    typed: &Adapt,
    given: &Given,
    plan: &Plan,
    material: Option<Material>,
) -> Result<Checkpoint> {
    let started = Instant::now();
    let request = request(typed, given, plan, material.as_ref());
    for sentence in &plan.warnings {
        warn(sentence);
    }
    let Some(mut material) = material.filter(|_| !plan.by_name()) else {
        say(typed, &plan.sentence);
        let checkpoint = named(&given.checkpoint, &request)?;
        if typed.json {
            super::train::line(&json!({
                "way": "names", "set": request.set.name, "classes": request.set.classes,
                "modalities": request.words.iter().map(|(m, _)| m.name()).collect::<Vec<_>>(),
                "warnings": plan.warnings,
            }))?;
        } else {
            super::train::print(&table::names(&request, &plan.names))?;
        }
        return Ok(checkpoint);
    };
    say(typed, &format!("{}; {}", plan.sentence, plan.estimate(typed, given, &material)?));
    let waiting = Waiting::new(1, typed.quiet);
    let mut tell = |progress: Progress<'_>| waiting.at(0, progress.doing, progress.share);
    let clips = material.read(given, plan, typed, &mut |share| {
        waiting.at(0, "reading the clips", share);
    })?;
    let told = material::skipped(&clips, plan);
    for sentence in &told {
        waiting.aside(|| warn(sentence));
    }
    if clips.all.is_empty() {
        let reads: Vec<&str> = given.checkpoint.recipes.keys().map(|m| m.name()).collect();
        bail!(
            "{}: none of its clips holds anything that {} reads ({}); check the columns and the \
             files, or name another --model",
            material.path.display(),
            given.name,
            reads.join(", ")
        );
    }
    let seconds = || started.elapsed().as_secs_f64();
    let (checkpoint, page) = if plan.unlabelled() {
        let budget = Duration::from_secs_f64((typed.minutes * 60.0).max(10.0));
        let ways = (typed.seed, given.precision, budget);
        let (checkpoint, report) =
            contrast(&given.checkpoint, &clips, ways, request.record, &mut tell)?;
        let page = if typed.json {
            json!({ "way": "unlabelled", "report": report, "skipped": clips.skipped,
                    "warnings": told, "seconds": seconds() })
            .to_string()
        } else {
            table::unlabelled(&report)
        };
        (checkpoint, page)
    } else {
        let (checkpoint, report) = adapt(&given.checkpoint, &request, &clips, &mut tell)?;
        let page = if typed.json {
            json!({ "way": "labels", "report": report, "skipped": clips.skipped,
                    "warnings": told, "seconds": seconds() })
            .to_string()
        } else {
            table::report(&report)
        };
        (checkpoint, page)
    };
    drop(waiting);
    super::train::print(&page)?;
    say(typed, &format!("{:.0} s in all", seconds()));
    Ok(checkpoint)
}

fn learning_curve(
    typed: &Adapt,
    given: &Given,
    plan: &Plan,
    material: Option<Material>,
) -> Result<()> {
    let Some(mut material) = material.filter(|_| !plan.by_name() && !plan.unlabelled()) else {
        bail!("--curve draws labels from those of --data, and there are none");
    };
    let request = request(typed, given, plan, Some(&material));
    let waiting = Waiting::new(1, typed.quiet);
    let clips = material.read(given, plan, typed, &mut |share| {
        waiting.at(0, "reading the clips", share);
    })?;
    for sentence in material::skipped(&clips, plan) {
        waiting.aside(|| warn(&sentence));
    }
    let mut tell = |progress: Progress<'_>| waiting.at(0, progress.doing, progress.share);
    let asked = (&*typed.curve, typed.seeds);
    let found = curve(&request, &clips, &material.examples, asked, &mut tell)?;
    drop(waiting);
    if typed.json {
        super::train::print(&serde_json::to_string(&found)?)
    } else {
        super::train::print(&table::curve(&found))
    }
}

/// What is asked of the engine.
fn request(typed: &Adapt, given: &Given, plan: &Plan, material: Option<&Material>) -> Request {
    let classes: Vec<String> = plan.names.iter().map(|name| name.name.clone()).collect();
    let covered = limbic_corpus::EMOTIONS.map(|emotion| classes.iter().any(|c| c == emotion));
    let defined =
        plan.names.iter().filter_map(|own| Some((own.name.clone(), own.definition.clone()?)));
    let labels = typed.labels.as_ref().map(|l| format!(" --labels '{l}'")).unwrap_or_default();
    let data = material.map(|own| format!(" --data {}", own.name)).unwrap_or_default();
    Request {
        set: LabelSet {
            name: plan.set.clone(),
            kind: LabelKind::Class,
            classes,
            covered: covered.to_vec(),
        },
        words: plan.words.clone(),
        seed: typed.seed,
        layers: (typed.minutes > 0.0).then(|| Duration::from_secs_f64(typed.minutes * 60.0)),
        precision: given.precision,
        record: Adapted {
            from: given.hash.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            command: format!("limbic adapt{data}{labels} --seed {}", typed.seed),
            definitions: defined.collect(),
            data: material.map(Material::hashes).unwrap_or_default(),
            ..Adapted::default()
        },
    }
}

fn say(typed: &Adapt, sentence: &str) {
    if !typed.quiet {
        note(sentence);
    }
}
