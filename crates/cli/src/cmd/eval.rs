//! `limbic eval`: a checkpoint against labels, on clips that it has not met.

mod asked;
mod folds;
mod heads;
mod names;
mod plan;
mod readings;
mod record;
mod replay;
mod write;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use limbic::Limbic;
use limbic_corpus::Example;
use limbic_evaluate::{Evaluation, Told, markdown};
use limbic_media::Modality;
use limbic_model::{Checkpoint, Recipe};

use self::asked::Asked;
use self::heads::Heads;
use self::plan::{Found, Plan};
use self::readings::Reader;
use super::named_model::NamedModel;
use crate::args::Eval;
use crate::output::{complain, note};

/// The exit code for clips that training knows.
const LEAK: u8 = 3;

/// A checkpoint as it was given.
struct Given {
    name: String,
    hash: String,
    checkpoint: Checkpoint,
    limbic: Limbic,
}

/// What came of one set of clips.
struct Done {
    evaluation: Evaluation,
    told: Vec<Told>,
    test: Vec<Example>,
}

/// What checkpoints answered of one set of clips.
struct Gathered {
    plan: Plan,
    asked: Vec<Asked>,
    allowed: Allowed,
    skipped: Vec<String>,
}

/// Scores, prints and writes; one folder a corpus.
pub(crate) fn run(typed: &Eval) -> Result<ExitCode> {
    if let Some(result) = &typed.replay {
        return replay::run(result, typed);
    }
    let (given, others) = checkpoints(typed)?;
    if let Some(sentence) = super::untrained::sentence(&given.checkpoint.model) {
        note(&sentence);
    }
    let plans = plans(typed, &given)?;
    let several = plans.len() > 1;
    let folder = write::folder(typed, &given.name, &plans)?;
    let (mut scored, mut refused) = (0, 0);
    for plan in plans {
        let name = plan.card.name.clone();
        match one(typed, (&given, &others), plan)? {
            Err(sentence) => {
                refused += 1;
                complain(&sentence);
            }
            Ok(None) => note(&format!("{name}: the checkpoint answers to none of its labels")),
            Ok(Some(done)) => {
                scored += 1;
                let folder = if several { folder.join(&name) } else { folder.clone() };
                write::all(&folder, &done, typed)?;
                if typed.json {
                    super::train::print(&serde_json::to_string(&done.evaluation)?)?;
                } else {
                    super::train::print(&markdown(&done.evaluation))?;
                    if !typed.quiet {
                        note(&format!("written to {}", folder.display()));
                    }
                }
            }
        }
    }
    match (scored, refused) {
        (_, 1..) => Ok(ExitCode::from(LEAK)),
        (0, _) => bail!(
            "nothing was scored: the checkpoint has no answer to the labels of these clips; give \
             data with labels of {}",
            limbic_corpus::EMOTIONS.join(", ")
        ),
        _ => Ok(ExitCode::SUCCESS),
    }
}

/// The checkpoint that was named, and those of other folds.
fn checkpoints(typed: &Eval) -> Result<(Given, Vec<Given>)> {
    let path = typed.checkpoint.as_deref().context("name a checkpoint, or `default`")?;
    let others = typed.with.iter().map(|path| Given::open(path)).collect::<Result<_>>()?;
    Ok((Given::open(path)?, others))
}

/// Scores one set of clips; the sentence of a refusal, or nothing where the checkpoint answers to
/// none of the labels.
fn one(
    typed: &Eval,
    (given, others): (&Given, &[Given]),
    plan: Plan,
) -> Result<Result<Option<Done>, String>> {
    let gathered = match gather(typed, given, plan)? {
        Ok(Some(first)) => folds::with(typed, first, others)?,
        other => other,
    };
    Ok(match gathered {
        Ok(Some(gathered)) => Ok(Some(record::evaluation(typed, (given, others), gathered)?)),
        Ok(None) => Ok(None),
        Err(sentence) => Err(sentence),
    })
}

impl Given {
    fn open(path: &Path) -> Result<Self> {
        let NamedModel { name, hash, checkpoint, .. } = NamedModel::open(path)?;
        // Whatever the checkpoint shows: the emotions that every model knows are scored here.
        let limbic = NamedModel::reader(&name)?.with_labels(limbic_corpus::SHARED)?;
        Ok(Self { name, hash, checkpoint, limbic })
    }

    /// The recipes of the checkpoint, each once: the branches of one training answer together.
    fn recipes(&self) -> Vec<&Recipe> {
        let mut recipes: Vec<&Recipe> = Vec::new();
        for recipe in self.checkpoint.recipes.values() {
            if !recipes.contains(&recipe) {
                recipes.push(recipe);
            }
        }
        recipes
    }

    /// The modalities whose expert learned the emotions that are shown.
    fn readable(&self) -> Vec<Modality> {
        let learned = self.checkpoint.recipes.iter().filter(|(_, recipe)| recipe.learns_shared());
        let readable = limbic::Options::READABLE;
        learned.map(|(modality, _)| *modality).filter(|m| readable.contains(m)).collect()
    }
}

/// The clips to score.
fn plans(typed: &Eval, given: &Given) -> Result<Vec<Plan>> {
    let checkpoint = &given.checkpoint;
    if let Some(path) = &typed.on {
        let corpus = super::data::open(path, &typed.manifest)?;
        return Ok(vec![Plan::new(path.clone(), &*corpus, checkpoint, typed.part)?]);
    }
    let mut plans = Vec::new();
    for name in plan::own(checkpoint, &typed.corpora)? {
        let corpus = plan::corpus(&name, &typed.data)?;
        let plan = Plan::new(PathBuf::from(&name), &*corpus, checkpoint, typed.part)?;
        if plan.exhausted {
            note(&format!("{name}: not scored, as the checkpoint learned from all of it"));
        } else {
            plans.push(plan);
        }
    }
    if plans.is_empty() {
        bail!(
            "nothing was held out from this checkpoint's training, so there is nothing to score \
             it on; use `limbic train RECIPE --cross-validate`, which scores each fold on the others"
        );
    }
    Ok(plans)
}

/// Asks about one set of clips; the sentence of a refusal, or nothing where the checkpoint answers
/// to none of the labels.
fn gather(typed: &Eval, given: &Given, mut plan: Plan) -> Result<Result<Option<Gathered>, String>> {
    let found = plan.compare(&given.checkpoint, typed.quiet)?;
    let allowed = allowed(typed, given, &plan.card.name);
    if !found.overlaps.is_empty() && allowed.is_none() {
        return Ok(Err(format!(
            "{}: {}, so this would be no score of new clips; take them out, or say with \
             --allow-leak why it does no harm",
            plan.path.display(),
            found.overlaps.join("; ")
        )));
    }
    let mut skipped = Vec::new();
    let asked = ask(typed, given, &plan, &mut skipped)?;
    if asked.is_empty() {
        // Say why, where the reason is that nothing could be read.
        return match skipped.first() {
            Some(reason) => bail!("{}: nothing could be scored; {reason}", plan.path.display()),
            None => Ok(Ok(None)),
        };
    }
    Ok(Ok(Some(Gathered { plan, asked, allowed: (found, allowed), skipped })))
}

/// Why training may know some of the clips, where somebody said so.
fn allowed(typed: &Eval, given: &Given, corpus: &str) -> Option<String> {
    let mut recipes = given.checkpoint.recipes.values();
    let own = recipes.find_map(|recipe| recipe.data.allow_leak.get(corpus));
    typed.allow_leak.clone().or_else(|| own.cloned())
}

/// Every answer to every label set.
fn ask(typed: &Eval, given: &Given, plan: &Plan, skipped: &mut Vec<String>) -> Result<Vec<Asked>> {
    let mut asked = Vec::new();
    for recipe in given.recipes() {
        let heads = Heads {
            checkpoint: &given.checkpoint,
            recipe,
            root: Path::new(&typed.data),
            quiet: typed.quiet,
        };
        asked.extend(heads.ask(&plan.card, &plan.test, typed.quick, skipped)?);
        if recipe.data.corpora.contains(&plan.card.name) {
            asked.extend(heads.probe(&plan.card, &plan.train, &plan.test)?);
        }
    }
    let reader = Reader { limbic: &given.limbic, modalities: given.readable(), quiet: typed.quiet };
    asked.extend(reader.ask(&plan.card.labels, &plan.test, typed.quick, skipped));
    let how = (typed.quick, typed.quiet);
    asked.extend(names::ask(given, &plan.card.labels, &plan.test, how, skipped));
    Ok(asked)
}

/// What was found of training in the clips, and why that is allowed.
type Allowed = (Found, Option<String>);
