//! What is done with every batch: look, compare, and move the parts that each step learns.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::decay::WeightDecayConfig;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{GradientsParams, ModuleOptimizer, SgdConfig};
use burn::tensor::{Device, Gradients, Tensor, TensorData};
use limbic_media::{Modality, PerModality};
use limbic_model::objective::PositiveWeights;
use limbic_model::{Batch, Input, Looks, Model, Optimizer, Sequence, Stage, Step, Tuning, Views};

use super::adam::{Adam, Decay};
use crate::fewshot::{Gradient, Update, clip};
use crate::{Error, Result};

/// A model in one stage of its training. [`fit`](crate::fit) hands it the batches of a data set;
/// loops of another kind can hand it their own.
#[derive(Clone)]
pub struct Trainer<'a> {
    /// The model as the last step left it.
    pub model: Model,
    stage: &'a Stage,
    positives: &'a PositiveWeights,
    optimizer: ModuleOptimizer,
    only: Option<Vec<String>>,
}

/// Clips of before, for [`Trainer::tune`].
#[derive(Debug, Clone, Copy)]
pub struct Before<'a> {
    /// The clips.
    pub batch: &'a Batch,
    /// Their label set.
    pub set: &'a str,
    /// Those of its classes that were learned before.
    pub classes: &'a [usize],
    /// How often a yes to each of them counts in balanced label losses.
    pub positives: &'a PositiveWeights,
}

/// What a step did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Taken {
    /// The loss before it.
    pub loss: f32,
    /// Length of the whole gradient, before it was clipped; `None` where nothing clips.
    pub length: Option<f64>,
}

impl<'a> Trainer<'a> {
    /// The beginning of `stage`. `positives` says how often a yes counts in balanced label losses.
    pub fn new(model: Model, stage: &'a Stage, positives: &'a PositiveWeights) -> Self {
        let optimizer = build(stage.optimizer);
        Self { model: model.numbered(), stage, positives, optimizer, only: None }
    }

    /// The same, moving of what the stage moves only the weights whose names begin with one of
    /// these.
    #[must_use]
    pub fn only(self, beginnings: Vec<String>) -> Self {
        Self { only: Some(beginnings), ..self }
    }

    /// Whether `step` moves the weight at `path`.
    fn moves(&self, step: &Step, path: &str) -> bool {
        let chosen = |only: &Vec<String>| only.iter().any(|name| path.starts_with(name.as_str()));
        self.stage.moves(step, path) && self.only.as_ref().is_none_or(chosen)
    }

    /// The same with an optimiser's state from elsewhere.
    pub(super) fn with_optimizer(self, optimizer: ModuleOptimizer) -> Self {
        Self { optimizer, ..self }
    }

    pub(super) const fn positives(&self) -> &'a PositiveWeights {
        self.positives
    }

    pub(super) const fn optimizer(&self) -> &ModuleOptimizer {
        &self.optimizer
    }

    /// Does every step of the stage with a batch, at a learning rate of `rate`. A step that finds
    /// nothing to learn from in it is `None`.
    ///
    /// # Errors
    /// [`Error::Diverged`] where a loss leaves the numbers, before anything is moved by it, or
    /// [`Error::NoNumbers`] where the batch does; those of the model.
    pub fn batch(&mut self, batch: &Batch, rate: f64) -> Result<Vec<Option<Taken>>> {
        let steps = self.stage.order();
        let mut taken = Vec::with_capacity(steps.len());
        let mut seen: Option<(Model, Views)> = None;
        for (index, step) in steps.iter().enumerate() {
            let (looking, views) = match seen.take() {
                Some(seen) => seen,
                None => self.look(&steps[index..], batch)?,
            };
            let slope = self.slope(step, &looking, &views, batch, self.positives)?;
            // Kept only for a step that shares it: weights that nothing else holds move in place.
            let shared = steps.get(index + 1).is_some_and(|next| next.views == Looks::Shared);
            seen = shared.then_some((looking, views));
            let step =
                slope.map(|(loss, gradient)| Taken { loss, length: self.descend(gradient, rate) });
            taken.push(step);
        }
        Ok(taken)
    }

    /// One iteration of tuning to `new` clips: the steps of `tuning`, in order. Returns the losses
    /// of the old and of the new clips, where they were looked at.
    ///
    /// # Errors
    /// Those of [`batch`](Self::batch).
    pub fn tune(
        &mut self,
        tuning: Tuning,
        old: Before<'_>,
        new: &Batch,
        rate: f64,
    ) -> Result<[Option<f32>; 2]> {
        let mut losses = [None, None];
        for update in Update::of(tuning) {
            let (mut before, mut after) = (None, None);
            let gradient = update.gradient(
                || {
                    let model = self.model.clone().with_classes(old.set, old.classes)?;
                    let (loss, gradient) = self.whole(&model, old.batch, old.positives)?;
                    before = Some(loss);
                    Ok::<_, Error>(gradient)
                },
                || {
                    let (loss, gradient) = self.whole(&self.model, new, self.positives)?;
                    after = Some(loss);
                    Ok(gradient)
                },
            )?;
            losses = [before.or(losses[0]), after.or(losses[1])];
            self.descend(gradient, rate);
        }
        Ok(losses)
    }

    /// The loss of the stage's first step under `model`, and its gradient.
    fn whole(
        &self,
        model: &Model,
        batch: &Batch,
        positives: &PositiveWeights,
    ) -> Result<(f32, Gradient)> {
        let steps = self.stage.order();
        let Some(step) = steps.first() else { return Ok((0.0, Gradient::new())) };
        let looking = model.looking(step.views == Looks::Still, |path| self.moves(step, path));
        let views = looking.look(batch, &step.sees)?;
        Ok(self.slope(step, &looking, &views, batch, positives)?.unwrap_or_default())
    }

    /// Looks at a batch for the first of `steps` and for those after it that share its views. What
    /// none of them moves is still.
    fn look(&self, steps: &[Step], batch: &Batch) -> Result<(Model, Views)> {
        let (first, rest) = (&steps[0], &steps[1..]);
        let sharing = rest.iter().take_while(|step| step.views == Looks::Shared);
        let together: Vec<&Step> = std::iter::once(first).chain(sharing).collect();
        let moves = |path: &str| together.iter().any(|step| self.moves(step, path));
        let looking = self.model.looking(first.views == Looks::Still, moves);
        let everything = together.iter().any(|step| step.sees.is_empty());
        let sees = together.iter().filter(|_| !everything).flat_map(|step| step.sees.clone());
        let views = looking.look(batch, &sees.collect::<Vec<_>>())?;
        Ok((looking, views))
    }

    /// The loss of a step and the gradient of what it moves.
    fn slope(
        &self,
        step: &Step,
        looking: &Model,
        views: &Views,
        batch: &Batch,
        positives: &PositiveWeights,
    ) -> Result<Option<(f32, Gradient)>> {
        let views = views.of(&step.sees);
        let Some(loss) = step.objective.loss(looking, &views, batch, positives)? else {
            return Ok(None);
        };
        let value = loss.clone().into_scalar::<f32>();
        if !value.is_finite() {
            let (stage, step) = (self.stage.name.clone(), step.name.clone());
            if let Some(modality) = no_numbers(batch) {
                return Err(Error::NoNumbers { modality, stage, step });
            }
            return Err(Error::Diverged { stage, step, epoch: 0, batch: 0, loss: value });
        }
        let gradients = loss.backward();
        let moves = |path: &str| self.moves(step, path);
        let mut flat = Flatten { gradients, moves, path: Vec::new(), found: Gradient::new() };
        looking.visit(&mut flat);
        Ok(Some((value, flat.found)))
    }

    /// Moves the weights that `gradient` names.
    fn descend(&mut self, mut gradient: Gradient, rate: f64) -> Option<f64> {
        let length = self.stage.clip.map(|limit| clip(&mut gradient, limit));
        let fuses = gradient.keys().any(|path| path.starts_with("joint."));
        let mut restore =
            Restore { gradient: &mut gradient, path: Vec::new(), found: GradientsParams::new() };
        self.model.visit(&mut restore);
        let found = restore.found;
        let untrained = self.model.fusion_untrained().is_some() && !fuses;
        let model = std::mem::take(&mut self.model);
        self.model = self.optimizer.step(rate, model, found).with_fusion_untrained(untrained);
        length
    }
}

/// The first modality of a batch that holds NaN or an infinity.
fn no_numbers(batch: &Batch) -> Option<Modality> {
    let bad = |input: &Input| match input {
        Input::Series(Sequence { x, .. }) => !finite(x),
        Input::Pictures(x) => !finite(x),
        Input::Video(x) => !finite(x),
        Input::Tokens(..) => false,
    };
    let looks = std::iter::once(&batch.inputs).chain(&batch.second);
    looks.flat_map(PerModality::iter).find(|(_, input)| bad(input)).map(|(modality, _)| modality)
}

fn finite<const D: usize>(x: &Tensor<D>) -> bool {
    x.clone().into_data().iter::<f32>().all(f32::is_finite)
}

pub(super) fn build(optimizer: Optimizer) -> ModuleOptimizer {
    let decay = |penalty: f32| (penalty > 0.0).then(|| WeightDecayConfig::new(penalty));
    match optimizer {
        Optimizer::Adam { betas, epsilon, weight_decay, .. } => {
            let decay = Decay::Penalty(weight_decay);
            ModuleOptimizer::from(Adam { betas, epsilon, decay })
        }
        Optimizer::Adamw { weight_decay, .. } => {
            let (betas, decay) = ([0.9, 0.999], Decay::Apart(weight_decay));
            ModuleOptimizer::from(Adam { betas, epsilon: 1e-8, decay })
        }
        Optimizer::Sgd { momentum, weight_decay, .. } => {
            // burn damps the gradient that enters the momentum unless told otherwise.
            let config = MomentumConfig::new().with_momentum(momentum).with_dampening(0.0);
            SgdConfig::new()
                .with_momentum((momentum > 0.0).then_some(config))
                .with_weight_decay(decay(weight_decay))
                .init()
        }
    }
}

/// Gradients by path, of what `moves` names, taken out of those of all tensors.
struct Flatten<F> {
    gradients: Gradients,
    moves: F,
    path: Vec<String>,
    found: Gradient,
}

impl<F: Fn(&str) -> bool> ModuleVisitor for Flatten<F> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_lowercase());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let path = self.path.join(".");
        if (self.moves)(&path)
            && let Some(gradient) = param.val().grad_remove(&mut self.gradients)
            && let Ok(values) = gradient.into_data().try_into_vec::<f32>()
        {
            self.found.insert(path, values);
        }
    }
}

/// Gradients as an optimiser takes them.
struct Restore<'a> {
    gradient: &'a mut Gradient,
    path: Vec<String>,
    found: GradientsParams,
}

impl ModuleVisitor for Restore<'_> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_lowercase());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(values) = self.gradient.remove(&self.path.join(".")) {
            let data = TensorData::new(values, param.val().dims());
            self.found.register(param.id, Tensor::<D>::from_data(data, &Device::flex()));
        }
    }
}
