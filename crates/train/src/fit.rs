//! Training: stages, epochs, steps; seeded, resumable, told as events.
//!
//! Everything random in an epoch is drawn from `(seed, stage, epoch)`, so a run that resumes at
//! the beginning of an epoch ends with the same weights as one that was never interrupted.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use burn::module::Module;
use burn::optim::decay::WeightDecayConfig;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{AdamWConfig, GradientsParams, ModuleOptimizer, SgdConfig};
use burn::tensor::Device;
use limbic_media::Modality;
use limbic_model::{Checkpoint, InputConfig, Model, Optimizer, Provenance, Recipe, Stage};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::batches::{collate, count, deal};
use crate::{Dataset, Error, Result, text};

/// The running average of weights takes in every so many steps.
const AVERAGE_EVERY: usize = 4;

/// A training to be done.
#[derive(Debug)]
pub struct Fit<'a> {
    /// The recipe.
    pub recipe: &'a Recipe,
    /// The clips.
    pub dataset: &'a Dataset,
    /// Which of them to learn from.
    pub train: &'a [usize],
    /// Word vectors to start a token table from: the folder that holds them.
    pub word_vectors: Option<PathBuf>,
    /// Where the state is kept between epochs; a run that finds its own state there goes on
    /// from it.
    pub state: Option<PathBuf>,
}

/// What a training tells while it runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Event<'a> {
    /// A step is done.
    Step {
        /// Steps done in the whole run, and their total.
        done: usize,
        /// All steps of the run.
        total: usize,
    },
    /// An epoch is done.
    Epoch {
        /// The stage's name.
        stage: &'a str,
        /// Epochs done in the stage.
        epoch: usize,
        /// Mean loss over its steps.
        loss: f32,
    },
}

#[derive(Serialize, Deserialize, PartialEq)]
struct Progress {
    recipe: Recipe,
    clips: usize,
    stage: usize,
    epoch: usize,
}

/// Trains a model.
///
/// # Errors
/// [`Error::Diverged`] where the loss leaves the numbers; those of reading and writing the state.
pub fn fit(run: &Fit<'_>, tell: &mut dyn FnMut(Event<'_>)) -> Result<Model> {
    let device = Device::flex().autodiff();
    let (recipe, dataset) = (run.recipe, run.dataset);
    device.seed(recipe.seed);
    let mut model = recipe.model.init(&dataset.sets(), &device);
    for modality in &dataset.modalities {
        if let Some((mean, deviation)) = dataset.statistics(*modality, run.train) {
            model = model.standardised(*modality, &mean, &deviation);
        }
    }
    if let (Some(folder), Some(tokenizer)) = (&run.word_vectors, &dataset.tokenizer)
        && let Some(InputConfig::Tokens { size, .. }) =
            recipe.model.encoder.get(&Modality::Text).map(|e| &e.input)
    {
        model = model.with_word_vectors(&text::word_rows(tokenizer, folder, *size, 0.1)?);
    }
    let mut model = model.numbered();
    let mut begin = (0, 0);
    let mut resumed = None;
    if let Some(path) = &run.state
        && path.exists()
    {
        let (progress, weights, average) = load_state(path, recipe, run.train.len())?;
        model = model.with_weights(&weights);
        begin = (progress.stage, progress.epoch);
        resumed = Some(average);
    }
    let steps = |stage: &Stage| count(dataset, run.train, stage.batch);
    let total: usize = recipe.stage.iter().map(|s| s.epochs * steps(s)).sum();
    let mut done: usize = recipe.stage[..begin.0].iter().map(|s| s.epochs * steps(s)).sum();
    for (index, stage) in recipe.stage.iter().enumerate().skip(begin.0) {
        let first = if index == begin.0 { begin.1 } else { 0 };
        let mut optimizer = build(stage.optimizer);
        if first > 0
            && let Some(path) = &run.state
        {
            let file = path.join("optimizer.bpk");
            optimizer = optimizer.load(&file).map_err(|error| Error::Resume {
                path: file.clone(),
                reason: format!("the optimiser's state cannot be read ({error})"),
            })?;
        }
        let mut average = match (stage.average, resumed.take()) {
            (Some(_), Some(Some(kept))) if first > 0 => Some(kept),
            (Some(_), _) => Some(model.weights()),
            (None, _) => None,
        };
        done += first * steps(stage);
        for epoch in first..stage.epochs {
            let seed = recipe.seed ^ ((index as u64) << 48) ^ ((epoch as u64 + 1) << 32);
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            device.seed(seed);
            let batches = deal(dataset, run.train, stage.batch, &mut random);
            let (mut sum, mut learned) = (0.0f64, 0usize);
            for (step, indices) in batches.iter().enumerate() {
                let progress =
                    (epoch * batches.len() + step) as f64 / (stage.epochs * batches.len()) as f64;
                let batch =
                    collate(dataset, indices, &recipe.data.augment, Some(&mut random), &device);
                let views = model.view(&batch.inputs)?;
                let Some(loss) = stage.objective.loss(&model, &views, &batch)? else { continue };
                let value = loss.clone().into_scalar::<f32>();
                if !value.is_finite() {
                    let stage = stage.name.clone();
                    return Err(Error::Diverged { stage, epoch, step, loss: value });
                }
                let gradients = GradientsParams::from_grads(loss.backward(), &model);
                let rate = stage.optimizer.lr() * stage.schedule.factor(progress);
                model = optimizer.step(rate, model, gradients);
                (sum, learned) = (sum + f64::from(value), learned + 1);
                done += 1;
                if let (Some(average), Some(decay)) = (&mut average, stage.average)
                    && done.is_multiple_of(AVERAGE_EVERY)
                {
                    // Early on, the average is short, so that it does not remember the start.
                    let decay = decay.min(done as f32 / (done as f32 + 40.0));
                    drift(average, &model.weights(), decay.powi(AVERAGE_EVERY as i32));
                }
                tell(Event::Step { done, total });
            }
            let loss = (sum / learned.max(1) as f64) as f32;
            tell(Event::Epoch { stage: &stage.name, epoch: epoch + 1, loss });
            if let Some(path) = &run.state {
                let progress = Progress {
                    recipe: recipe.clone(),
                    clips: run.train.len(),
                    stage: index,
                    epoch: epoch + 1,
                };
                save_state(path, &progress, &model, average.as_ref(), &optimizer)?;
            }
        }
        if let Some(average) = average {
            model = model.with_weights(&average);
        }
    }
    Ok(model)
}

fn build(optimizer: Optimizer) -> ModuleOptimizer {
    match optimizer {
        Optimizer::Adamw { weight_decay, .. } => {
            AdamWConfig::new().with_epsilon(1e-8).with_weight_decay(weight_decay).init()
        }
        Optimizer::Sgd { momentum, weight_decay, .. } => SgdConfig::new()
            .with_momentum((momentum > 0.0).then(|| MomentumConfig::new().with_momentum(momentum)))
            .with_weight_decay((weight_decay > 0.0).then(|| WeightDecayConfig::new(weight_decay)))
            .init(),
    }
}

/// `average <- decay * average + (1 - decay) * now`.
fn drift(average: &mut BTreeMap<String, Vec<f32>>, now: &BTreeMap<String, Vec<f32>>, decay: f32) {
    for (kept, new) in average.values_mut().zip(now.values()) {
        kept.iter_mut().zip(new).for_each(|(a, n)| *a = decay * *a + (1.0 - decay) * n);
    }
}

type Weights = BTreeMap<String, Vec<f32>>;

fn save_state(
    path: &Path,
    progress: &Progress,
    model: &Model,
    average: Option<&Weights>,
    optimizer: &ModuleOptimizer,
) -> Result<()> {
    // The state is written beside the old one and swapped in whole: a kill leaves one of the two.
    let fresh = path.with_extension("state-part");
    std::fs::remove_dir_all(&fresh).or_else(ignore_missing).map_err(Error::io(&fresh))?;
    std::fs::create_dir_all(&fresh).map_err(Error::io(&fresh))?;
    let write = |name: &str, bytes: Vec<u8>| {
        let file = fresh.join(name);
        std::fs::write(&file, bytes).map_err(Error::io(&file))
    };
    write("weights.bin", encode(&model.weights()))?;
    if let Some(average) = average {
        write("average.bin", encode(average))?;
    }
    let file = fresh.join("optimizer.bpk");
    optimizer.save(&file).map_err(|error| Error::Resume {
        path: file.clone(),
        reason: format!("the optimiser's state cannot be written ({error})"),
    })?;
    let progress = serde_json::to_vec(progress)
        .map_err(|error| Error::Resume { path: fresh.clone(), reason: error.to_string() })?;
    write("progress.json", progress)?;
    std::fs::remove_dir_all(path).or_else(ignore_missing).map_err(Error::io(path))?;
    std::fs::rename(&fresh, path).map_err(Error::io(path))
}

fn ignore_missing(error: std::io::Error) -> std::io::Result<()> {
    if error.kind() == std::io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}

fn load_state(
    path: &Path,
    recipe: &Recipe,
    clips: usize,
) -> Result<(Progress, Weights, Option<Weights>)> {
    let bad = |reason: &str| Error::Resume { path: path.to_owned(), reason: reason.to_owned() };
    let read = |name: &str| {
        let file = path.join(name);
        std::fs::read(&file).map_err(Error::io(&file))
    };
    let progress: Progress = serde_json::from_slice(&read("progress.json")?)
        .map_err(|error| bad(&format!("the progress file cannot be read ({error})")))?;
    if progress.recipe != *recipe || progress.clips != clips {
        return Err(bad("the state belongs to another recipe or other data"));
    }
    let weights = decode(&read("weights.bin")?).ok_or_else(|| bad("the weights are cut short"))?;
    let average = if path.join("average.bin").exists() {
        Some(decode(&read("average.bin")?).ok_or_else(|| bad("the average is cut short"))?)
    } else {
        None
    };
    Ok((progress, weights, average))
}

/// Name length, name, count, values; little-endian.
fn encode(weights: &Weights) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, values) in weights {
        bytes.extend((name.len() as u64).to_le_bytes());
        bytes.extend(name.as_bytes());
        bytes.extend((values.len() as u64).to_le_bytes());
        bytes.extend(values.iter().flat_map(|v| v.to_le_bytes()));
    }
    bytes
}

fn decode(mut bytes: &[u8]) -> Option<Weights> {
    let mut take = |count: usize| {
        let (head, tail) = bytes.split_at_checked(count)?;
        bytes = tail;
        Some(head)
    };
    let mut weights = Weights::new();
    while let Some(length) = take(8) {
        let length = u64::from_le_bytes(length.try_into().ok()?) as usize;
        let name = String::from_utf8(take(length)?.to_vec()).ok()?;
        let count = u64::from_le_bytes(take(8)?.try_into().ok()?) as usize;
        let values = take(count.checked_mul(4)?)?;
        weights.insert(name, values.as_chunks().0.iter().map(|v| f32::from_le_bytes(*v)).collect());
    }
    Some(weights)
}

impl Fit<'_> {
    /// The checkpoint of a model that this run trained.
    pub fn checkpoint(&self, model: &Model, fold: Option<usize>) -> Checkpoint {
        let modalities = || self.dataset.modalities.iter().copied();
        let mut corpora = BTreeMap::new();
        for index in self.train {
            let name = self.dataset.cards[self.dataset.items[*index].corpus].name;
            *corpora.entry(name.to_owned()).or_insert(0) += 1;
        }
        let provenance = Provenance {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            corpora,
            fold,
            seed: self.recipe.seed,
            scores: BTreeMap::new(),
        };
        let tokenizer = self.dataset.tokenizer.iter();
        Checkpoint {
            model: model.valid(),
            recipes: modalities().map(|m| (m, self.recipe.clone())).collect(),
            temperature: BTreeMap::new(),
            thresholds: BTreeMap::new(),
            coordinates: BTreeMap::new(),
            provenance: modalities().map(|m| (m, provenance.clone())).collect(),
            assets: tokenizer.map(|json| ("tokenizer.json".to_owned(), json.clone())).collect(),
        }
    }
}
