//! `limbic convert`: the weights that authors published become a checkpoint.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow, bail};
use limbic_model::{
    Checkpoint, Found, InputConfig, LabelMap, LabelSet, Model, Precision, Provenance, Recipe, Scale,
};

use crate::args::Convert;
use crate::output;
use crate::state_dict::{Source, StateDict};

/// How many names a warning gives.
const NAMED: usize = 4;

/// Reads the state dict into the recipe's network and saves it. Warnings say what was left over
/// on either side.
pub(crate) fn run(typed: &Convert) -> Result<ExitCode> {
    let name = typed.recipe.display().to_string();
    let text = std::fs::read_to_string(&typed.recipe).with_context(|| {
        format!("{name}: cannot be read; give a recipe such as recipes/published/vavl.toml")
    })?;
    let recipe = Recipe::parse(&name, &text)?;
    let sets = sets(&typed.labels, &recipe)?;
    let sources: Vec<Source> = typed.states.iter().map(|state| Source::parse(state)).collect();
    check_output(&typed.output, &sources)?;
    let state = StateDict::read(&sources)?;
    let name = match &sources[..] {
        [source] => source.path.display().to_string(),
        several => format!("{} and {} more", several[0].path.display(), several.len() - 1),
    };
    let model = adopted(&recipe, &sets, &name, &state, &typed.fresh)?;
    let provenance = Provenance {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        seed: recipe.seed,
        converted: state.files,
        ..Provenance::default()
    };
    let modalities = || recipe.model.encoder.keys().copied();
    let checkpoint = Checkpoint {
        model,
        recipes: modalities().map(|modality| (modality, recipe.clone())).collect(),
        temperature: BTreeMap::new(),
        calibration: limbic_model::Calibration::new(),
        thresholds: BTreeMap::new(),
        coordinates: BTreeMap::new(),
        provenance: modalities().map(|modality| (modality, provenance.clone())).collect(),
        assets: BTreeMap::new(),
        ..Checkpoint::default()
    };
    checkpoint.save(&typed.output, Precision::Full)?;
    Ok(ExitCode::SUCCESS)
}

/// The label sets that were typed, else those of the recipe's corpora.
fn sets(typed: &[String], recipe: &Recipe) -> Result<Vec<LabelSet>> {
    if typed.is_empty() {
        return limbic_train::label_sets(&recipe.data.corpora).context(
            "`data.corpora` gives no labels; give --labels FILE, a file such as labels/ravdess.toml",
        );
    }
    let mut sets = Vec::new();
    for name in typed {
        let path = Path::new(name);
        if path.extension().is_some_and(|ending| ending == "toml") {
            let text = std::fs::read_to_string(path).with_context(|| {
                format!("{name}: cannot be read; give a file such as labels/ravdess.toml")
            })?;
            sets.push(LabelMap::parse(name, &text)?.set());
        } else {
            let known = limbic_train::label_sets(std::slice::from_ref(name));
            sets.extend(known.context("--labels: give a corpus or a file such as mine.toml")?);
        }
    }
    Ok(sets)
}

/// Refuses places that cannot be written, or that would replace what is read, before any work.
fn check_output(output: &Path, sources: &[Source]) -> Result<()> {
    let name = output.display();
    if output.is_dir() {
        bail!("{name}: is a folder; name a file to write to");
    }
    let folder = output.parent().filter(|folder| !folder.as_os_str().is_empty());
    if folder.is_some_and(|folder| !folder.is_dir()) {
        bail!("{name}: cannot write there; there is no such folder");
    }
    let whole = |path: &Path| path.canonicalize().ok();
    if whole(output).is_some_and(|out| sources.iter().any(|s| whole(&s.path) == Some(out.clone())))
    {
        bail!("{name}: is one of the files to read; write to another");
    }
    Ok(())
}

/// The recipe's network with the weights of `state`, which messages call `name`.
fn adopted(
    recipe: &Recipe,
    sets: &[LabelSet],
    name: &str,
    state: &StateDict,
    fresh: &[String],
) -> Result<Model> {
    let device = burn::tensor::Device::flex();
    device.seed(recipe.seed);
    let model = recipe.model.init(sets, &device);
    check_rows(&model, sets, name, state)?;
    let taken = RefCell::new(BTreeSet::new());
    let find = |weight: &str| {
        let (key, found) = state.weights.get_key_value(weight)?;
        taken.borrow_mut().insert(key.clone());
        Some(found.clone())
    };
    let model = model.adopted_but(name, fresh, find).map_err(|error| {
        let reason = error.to_string();
        if reason.contains(".heads.") {
            let classes: Vec<usize> = sets.iter().map(|set| set.classes.len()).collect();
            anyhow!("{reason}; the labels have {classes:?} classes, --labels gives others")
        } else if reason.contains("is missing") {
            anyhow!("{reason}; the files hold {}", parts(state))
        } else {
            error.into()
        }
    })?;
    let taken = taken.into_inner();
    let broken = taken.iter().find(|weight| {
        let found: Option<&Found> = state.weights.get(*weight);
        found.is_some_and(|(_, values)| values.iter().any(|value| !value.is_finite()))
    });
    if let Some(weight) = broken {
        bail!(
            "{name}: `{weight}` holds values that are infinite or no numbers, so its training \
             failed; give an earlier checkpoint of it"
        );
    }
    // PyTorch counts the batches of each norm; nothing is computed from that.
    let left: Vec<&String> = state
        .weights
        .keys()
        .filter(|weight| !taken.contains(*weight) && !weight.ends_with("num_batches_tracked"))
        .collect();
    if !left.is_empty() {
        let count = left.len();
        output::warn(&format!("{name}: nothing takes {count} of its weights: {}", few(&left)));
    }
    let mut ours: Vec<String> = model.weights().into_keys().collect();
    ours.retain(|path| !unused(recipe, path));
    let untouched = |path: &&String| {
        let origin = model.origin(path);
        // Rows of words for the emotions that every model of ours speaks of come first.
        *path == "words.table"
            || origin.is_none_or(|o| fresh.iter().any(|beginning| o.name.starts_with(beginning)))
    };
    let untouched: Vec<&String> = ours.iter().filter(untouched).collect();
    if !untouched.is_empty() {
        output::warn(&format!(
            "{} of {} weights are not or not wholly in the files and stay as the recipe starts \
             them, untrained: {}; readings need them, so train before `limbic predict`",
            untouched.len(),
            ours.len(),
            few(&untouched)
        ));
    }
    Ok(model)
}

/// Whether a weight is a statistic of inputs that are read as they are.
fn unused(recipe: &Recipe, path: &str) -> bool {
    recipe.model.encoder.iter().any(|(modality, encoder)| {
        let raw =
            matches!(encoder.input, InputConfig::Series { scale: Scale::Raw | Scale::Face, .. });
        raw && path.starts_with(&format!("{modality}.encoder.entry."))
    })
}

/// Refuses word rows of another number of classes than the labels have.
fn check_rows(model: &Model, sets: &[LabelSet], name: &str, state: &StateDict) -> Result<()> {
    let Some(origin) = model.origin("words.table") else { return Ok(()) };
    let Some((shape, _)) = state.weights.get(&origin.name) else { return Ok(()) };
    let classes: usize = sets.iter().map(|set| set.classes.len()).sum();
    if model.weights().contains_key("words.table") && shape.first() != Some(&classes) {
        bail!(
            "{name}: `{}` is {shape:?}, a row for each emotion, and the labels have {classes}; \
             give --labels FILE with its emotions in their order",
            origin.name
        );
    }
    Ok(())
}

/// What stands before the first dot of the names.
fn parts(state: &StateDict) -> String {
    let first = |name: &String| name.split('.').next().map(str::to_owned);
    let parts: BTreeSet<String> = state.weights.keys().filter_map(first).collect();
    few(&parts.iter().collect::<Vec<_>>())
}

/// The first of some names, and how many there are beside them.
fn few(names: &[&String]) -> String {
    let first: Vec<String> = names.iter().take(NAMED).map(|name| format!("`{name}`")).collect();
    match names.len().saturating_sub(NAMED) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}
