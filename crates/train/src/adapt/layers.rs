//! The last layer of an encoder moved towards new classes, with a gradient that is turned wherever
//! it would change what the model answered before (gradient episodic memory, Lopez-Paz and Ranzato
//! 2017). The clips of its training are seldom at hand, so its memory is what it said of the clips
//! that are (learning without forgetting, Li and Hoiem 2016).

use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor, TensorData, activation::sigmoid, activation::softmax};
use limbic_media::Modality;
use limbic_model::{
    Augment, Batch, LabelKind, LabelLoss, LabelSet, Model, Objectives, Optimizer, Rows, SHARED,
    Schedule, Stage, Target, Tuning,
};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::clips::Source;
use crate::Result;
use crate::batches::collate;
use crate::fit::{Before, Trainer};

/// Passes over the labelled clips, clips a step, and the learning rate.
const EPOCHS: usize = 8;
const BATCH: usize = 32;
const RATE: f64 = 5e-4;

/// Least share of the old gradient that is added in a conflict.
const MARGIN: f64 = 0.5;

/// Keeps these draws apart from those of other parts.
const STREAM: u64 = 0x6c61_7374;

/// Weights by their names.
pub(super) type Weights = BTreeMap<String, Vec<f32>>;

/// What is moved and by what.
pub(super) struct Moving<'a> {
    /// The model, on a device that keeps gradients.
    pub(super) model: &'a Model,
    /// The clips.
    pub(super) source: &'a Source,
    /// Whose last layer.
    pub(super) modality: Modality,
    /// The new classes.
    pub(super) set: &'a LabelSet,
    /// Their rows to begin with.
    pub(super) rows: &'a Rows,
    /// Places of labelled clips in the source, with their classes.
    pub(super) labelled: &'a [(usize, usize)],
    /// Places of all clips whose old answers are held.
    pub(super) memory: &'a [usize],
    /// Seed of everything random.
    pub(super) seed: u64,
}

/// The targets that a model's own answers are to its label sets, as it stands.
pub(super) fn answers(
    model: &Model,
    modality: Modality,
    view: &Tensor<2>,
) -> Result<Vec<(String, Target)>> {
    let sets = model.branch(modality).map_or(&[][..], |branch| branch.trained_sets());
    let mut all = Vec::new();
    for set in sets {
        let logits = model.logits(modality, view, &set.name)?.detach();
        let target = match set.kind {
            LabelKind::Class => Target::Class(softmax(logits, 1)),
            LabelKind::Multi => Target::Multi(sigmoid(logits)),
            LabelKind::Rating => Target::Rating(logits),
        };
        all.push((set.name.clone(), target));
    }
    Ok(all)
}

/// Changes to inputs that leave the label of each clip its own.
pub(super) fn changes(source: &Source) -> Vec<Augment> {
    let mixes = |change: &Augment| matches!(change, Augment::Mixup { .. });
    source.recipe.data.augment.iter().filter(|change| !mixes(change)).cloned().collect()
}

/// A training of one kind that moves weights with a constant rate.
pub(super) fn stage(name: &str, epochs: usize, batch: usize, objective: Objectives) -> Stage {
    Stage {
        name: name.to_owned(),
        epochs,
        batch,
        batches: None,
        repeat: BTreeMap::new(),
        optimizer: Optimizer::Adamw { lr: RATE, weight_decay: 0.0 },
        schedule: Schedule::default(),
        average: None,
        clip: Some(1.0),
        freeze: Vec::new(),
        until: None,
        objective,
        steps: Vec::new(),
    }
}

impl Moving<'_> {
    /// Steps that it takes.
    pub(super) fn steps(&self) -> usize {
        EPOCHS * self.labelled.len().div_ceil(BATCH)
    }

    /// Moves the layer. `tick` is called after each step; it ends the training where it is false.
    /// Returns the weights of the layer, or nothing where it was ended or the encoder has none.
    ///
    /// # Errors
    /// [`Error::Diverged`](crate::Error::Diverged) where the loss leaves the numbers; those of the model.
    pub(super) fn run(&self, tick: &mut dyn FnMut() -> bool) -> Result<Option<Weights>> {
        let device = Device::flex().autodiff();
        let Some(layer) = self.model.last_layer(self.modality) else { return Ok(None) };
        let model = self.model.clone().with_added(self.modality, self.set, self.rows, &device)?;
        let labels = LabelLoss { shared: 0.0, ..LabelLoss::default() };
        let objective = Objectives { labels: Some(labels), ..Objectives::default() };
        let stage = stage("last-layer", EPOCHS, BATCH, objective);
        let positives = BTreeMap::new();
        let place = model.branch(self.modality).map_or(0, |branch| branch.added().len() - 1);
        let head = format!("{}.added.{place}.", self.modality);
        let mut trainer = Trainer::new(model, &stage, &positives).only(vec![layer.clone(), head]);
        let mut random = ChaCha8Rng::seed_from_u64(self.seed ^ STREAM);
        let emotions: Vec<usize> = (0..limbic_model::EMOTIONS.len()).collect();
        for epoch in 0..EPOCHS {
            let mut order = self.labelled.to_vec();
            order.shuffle(&mut random);
            for (number, dealt) in order.chunks(BATCH).enumerate() {
                device.seed(self.seed ^ ((((epoch << 20) + number) as u64 + 1) << 8));
                let mut earlier = self.memory.to_vec();
                earlier.shuffle(&mut random);
                earlier.truncate(BATCH);
                let old = self.remembered(&earlier, &device)?;
                let new = self.labelled(dealt, &mut random, &device);
                let before =
                    Before { batch: &old, set: SHARED, classes: &emotions, positives: &positives };
                trainer
                    .tune(Tuning::Gem { margin: MARGIN }, before, &new, RATE)
                    .map_err(|error| error.at(epoch, number))?;
                if !tick() {
                    return Ok(None);
                }
            }
        }
        let weights = trainer.model.weights();
        Ok(Some(weights.into_iter().filter(|(name, _)| name.starts_with(&layer)).collect()))
    }

    /// Labelled clips with this modality alone, a little changed.
    fn labelled(
        &self,
        dealt: &[(usize, usize)],
        random: &mut ChaCha8Rng,
        device: &Device,
    ) -> Batch {
        let items: Vec<usize> = dealt.iter().map(|(item, _)| *item).collect();
        let changes = changes(self.source);
        let mut batch = self.alone(&items, &changes, Some(random), device);
        let count = self.set.classes.len();
        let mut rows = vec![0.0f32; dealt.len() * count];
        for (row, (_, class)) in dealt.iter().enumerate() {
            rows[row * count + class] = 1.0;
        }
        let target = Tensor::from_data(TensorData::new(rows, [dealt.len(), count]), device);
        batch.targets = vec![(self.set.name.clone(), Target::Class(target))];
        batch
    }

    /// Clips as they are, with what the model said of them before.
    fn remembered(&self, items: &[usize], device: &Device) -> Result<Batch> {
        let mut batch = self.alone(items, &[], None, device);
        let still = self.model.looking(true, |_| false);
        let views = still.view(&batch.inputs)?;
        if let Some(view) = views.each.get(self.modality) {
            batch.targets = answers(self.model, self.modality, view)?;
        }
        Ok(batch)
    }

    fn alone(
        &self,
        items: &[usize],
        changes: &[Augment],
        random: Option<&mut ChaCha8Rng>,
        device: &Device,
    ) -> Batch {
        let clips = self.source.only(self.modality, items);
        let every: Vec<usize> = (0..items.len()).collect();
        let batch = collate(&clips, &every, changes, random, device);
        Batch {
            inputs: batch.inputs,
            second: None,
            targets: Vec::new(),
            shared: None,
            taught: Vec::new(),
        }
    }
}
