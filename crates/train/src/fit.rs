//! Training: stages, epochs, batches, steps; seeded, resumable, told as events.
//!
//! Everything random in a batch is drawn from `(seed, stage, epoch, batch)`, so a run that resumes
//! at any batch ends with the same weights as one that was never interrupted.

mod adam;
#[cfg(test)]
mod golden;
mod prepare;
mod state;
#[cfg(test)]
mod statements;
mod trainer;
mod watch;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use burn::module::Module;
use burn::tensor::Device;
use limbic_corpus::{Fingerprint, person};
use limbic_model::{Checkpoint, Model, Objectivity, Provenance, Recipe, Stage};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use self::state::{Progress, State, Weights};
use self::watch::{Verdict, Watch, validate};
use crate::batches::{Dealing, collate, count, deal};
use crate::{Dataset, Error, Result};

pub(crate) use prepare::positives;
pub use trainer::{Before, Taken, Trainer};

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
    /// Which of them say when to stop and when to slow down, for stages that ask for it.
    pub valid: &'a [usize],
    /// The folder that holds word vectors, for what starts from them.
    pub word_vectors: Option<PathBuf>,
    /// Where the state is kept; a run that finds its own state there goes on from it.
    pub state: Option<PathBuf>,
    /// After how many batches the state is kept, beside the end of every epoch; 0 for then alone.
    pub keep_every: usize,
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

/// Trains a model.
///
/// # Errors
/// [`Error::Diverged`] or [`Error::NoNumbers`] where the loss leaves the numbers; those of reading and writing the state.
pub fn fit(run: &Fit<'_>, tell: &mut dyn FnMut(Event<'_>)) -> Result<Model> {
    let device = Device::flex().autodiff();
    let recipe = run.recipe;
    device.seed(recipe.seed);
    let mut model = prepare::model(run, &device)?;
    let positives = positives(run.dataset, run.train);
    let kept = match &run.state {
        Some(path) => State::load(path, recipe, run.train.len())?,
        None => None,
    };
    let mut place = kept.as_ref().map_or_else(
        || Progress {
            recipe: recipe.clone(),
            clips: run.train.len(),
            stage: 0,
            epoch: 0,
            batch: 0,
            done: 0,
            loss: (0.0, 0),
            watch: Watch::default(),
            fusion_untrained: model.fusion_untrained().is_some(),
        },
        |kept| kept.progress.clone(),
    );
    if let Some(kept) = &kept {
        let untrained = kept.progress.fusion_untrained;
        model = model.with_weights(&kept.weights).with_fusion_untrained(untrained);
    }
    let mut kept = kept.filter(|kept| kept.progress.epoch > 0 || kept.progress.batch > 0);
    for (index, stage) in recipe.stage.iter().enumerate().skip(place.stage) {
        if stage.watches() && run.valid.is_empty() {
            return Err(Error::Recipe {
                key: format!("stage.{}", stage.name),
                reason: "watches validation clips and the split holds none; remove `until` and a \
                         `plateau`, or use a corpus with a part for them"
                    .to_owned(),
            });
        }
        let mut running = Running {
            trainer: Trainer::new(model, stage, &positives),
            average: None,
            best: None,
            place,
        };
        match (kept.take(), &run.state) {
            (Some(kept), Some(path)) => {
                let optimizer = State::optimizer(path, trainer::build(stage.optimizer))?;
                running.trainer = running.trainer.with_optimizer(optimizer);
                (running.average, running.best) = (kept.average, kept.best);
            }
            _ => running.average = stage.average.map(|_| running.trainer.model.weights()),
        }
        running.stage(run, index, &device, tell)?;
        let Running { trainer, average, best, place: after } = running;
        model = match best.or(average) {
            Some(weights) => trainer.model.with_weights(&weights),
            None => trainer.model,
        };
        place = Progress { stage: index + 1, epoch: 0, batch: 0, watch: Watch::default(), ..after };
    }
    Ok(model)
}

/// A stage under way.
struct Running<'a> {
    trainer: Trainer<'a>,
    average: Option<Weights>,
    best: Option<Weights>,
    place: Progress,
}

impl Running<'_> {
    fn stage(
        &mut self,
        run: &Fit<'_>,
        index: usize,
        device: &Device,
        tell: &mut dyn FnMut(Event<'_>),
    ) -> Result<()> {
        let (recipe, dataset) = (run.recipe, run.dataset);
        let stage = &recipe.stage[index];
        let total: usize = recipe.stage.iter().map(|s| s.epochs * batches(run, s)).sum();
        while self.place.epoch < stage.epochs {
            let epoch = self.place.epoch;
            let seed = recipe.seed ^ ((index as u64) << 48) ^ ((epoch as u64 + 1) << 32);
            let random = &mut ChaCha8Rng::seed_from_u64(seed);
            let dealt = deal(dataset, run.train, &Dealing::of(stage, &recipe.data), random);
            for (number, indices) in dealt.iter().enumerate().skip(self.place.batch) {
                // The stream apart, so that no batch draws what dealing drew.
                let mut random = ChaCha8Rng::seed_from_u64(seed);
                random.set_stream(number as u64 + 1);
                device.seed(seed ^ ((number as u64 + 1) << 8));
                let changes = &recipe.data.augment;
                let batch = collate(dataset, indices, changes, Some(&mut random), device);
                let progress =
                    (epoch * dealt.len() + number) as f64 / (stage.epochs * dealt.len()) as f64;
                let rate = stage.optimizer.lr()
                    * stage.schedule.factor(progress, epoch)
                    * self.place.watch.factor(stage);
                let taken = self.trainer.batch(&batch, rate).map_err(|e| e.at(epoch, number))?;
                let losses: Vec<f64> =
                    taken.iter().flatten().map(|taken| f64::from(taken.loss)).collect();
                self.place.batch = number + 1;
                if !losses.is_empty() {
                    self.place.loss.0 += losses.iter().sum::<f64>();
                    self.place.loss.1 += 1;
                    self.place.done += 1;
                    self.drift(stage);
                    tell(Event::Step { done: self.place.done, total });
                }
                let due = run.keep_every > 0 && self.place.batch.is_multiple_of(run.keep_every);
                if due && self.place.batch < dealt.len() {
                    self.keep(run)?;
                }
            }
            let (sum, count) = std::mem::take(&mut self.place.loss);
            let loss = (sum / count.max(1) as f64) as f32;
            tell(Event::Epoch { stage: &stage.name, epoch: epoch + 1, loss });
            (self.place.epoch, self.place.batch) = (epoch + 1, 0);
            self.watch(run, stage)?;
            self.keep(run)?;
        }
        Ok(())
    }

    /// Lets the weights into their running average.
    fn drift(&mut self, stage: &Stage) {
        let done = self.place.done;
        if let (Some(average), Some(decay)) = (&mut self.average, stage.average)
            && done.is_multiple_of(AVERAGE_EVERY)
        {
            // Early on, the average is short, so that it does not remember the start.
            let decay = decay.min(done as f32 / (done as f32 + 40.0)).powi(AVERAGE_EVERY as i32);
            for (kept, new) in average.values_mut().zip(self.trainer.model.weights().values()) {
                kept.iter_mut().zip(new).for_each(|(a, n)| *a = decay * *a + (1.0 - decay) * n);
            }
        }
    }

    /// Asks the validation clips, where the stage listens to them.
    fn watch(&mut self, run: &Fit<'_>, stage: &Stage) -> Result<()> {
        if !stage.watches() {
            return Ok(());
        }
        let mut model = self.trainer.model.valid();
        if let Some(average) = &self.average {
            model = model.with_weights(average);
        }
        let positives = self.trainer.positives();
        let (loss, score) = validate(&model, run.dataset, run.valid, stage, positives)?;
        match self.place.watch.note(stage, loss, score) {
            Verdict::Better => self.best = Some(model.weights()),
            Verdict::Same => {}
            Verdict::Enough => self.place.epoch = stage.epochs,
        }
        Ok(())
    }

    fn keep(&self, run: &Fit<'_>) -> Result<()> {
        let Some(path) = &run.state else { return Ok(()) };
        let model = &self.trainer.model;
        let fusion_untrained = model.fusion_untrained().is_some();
        let state = State {
            progress: Progress { fusion_untrained, ..self.place.clone() },
            weights: model.weights(),
            average: self.average.clone(),
            best: self.best.clone(),
        };
        state.save(path, self.trainer.optimizer())
    }
}

/// Batches of an epoch.
fn batches(run: &Fit<'_>, stage: &Stage) -> usize {
    count(run.dataset, run.train, &Dealing::of(stage, &run.recipe.data))
}

impl Fit<'_> {
    /// Fingerprints of what it learns from.
    fn met(&self) -> BTreeSet<Fingerprint> {
        self.train.iter().flat_map(|index| self.dataset.items[*index].prints.clone()).collect()
    }

    /// Whose judgement the labels are that it learns from.
    fn targets(&self) -> BTreeMap<String, Objectivity> {
        let maps = self.dataset.cards.iter().flat_map(|card| &card.labels);
        maps.map(|map| (map.name.clone(), map.target)).collect()
    }

    /// Fingerprints of whom it learns from, by corpus.
    fn people(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut people: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for item in self.train.iter().map(|index| &self.dataset.items[*index]) {
            if let Some(speaker) = &item.speaker {
                let corpus = self.dataset.cards[item.corpus].name.as_str();
                people.entry(corpus.to_owned()).or_default().insert(person(corpus, speaker));
            }
        }
        people
    }

    /// The checkpoint of a model that this run trained.
    pub fn checkpoint(&self, model: &Model, fold: Option<usize>) -> Checkpoint {
        let mut corpora = BTreeMap::new();
        for index in self.train {
            let name = &self.dataset.cards[self.dataset.items[*index].corpus].name;
            *corpora.entry(name.clone()).or_insert(0) += 1;
        }
        let provenance = Provenance {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            corpora,
            fold,
            seed: self.recipe.seed,
            people: self.people(),
            targets: self.targets(),
            splits: self.dataset.splits.clone(),
            ..Provenance::default()
        };
        let tokenizer = self.dataset.tokenizer.iter();
        let mut recipe = self.recipe.clone();
        for (modality, encoder) in &mut recipe.model.encoder {
            encoder.extractor = self.dataset.extractors.get(modality).cloned();
        }
        let seen = || recipe.model.encoder.keys();
        Checkpoint {
            model: model.valid(),
            recipes: seen().map(|m| (*m, recipe.clone())).collect(),
            temperature: BTreeMap::new(),
            calibration: limbic_model::Calibration::new(),
            thresholds: BTreeMap::new(),
            coordinates: BTreeMap::new(),
            provenance: seen().map(|m| (*m, provenance.clone())).collect(),
            assets: tokenizer.map(|json| ("tokenizer.json".to_owned(), json.clone())).collect(),
            met: self.met(),
            ..Checkpoint::default()
        }
    }
}
