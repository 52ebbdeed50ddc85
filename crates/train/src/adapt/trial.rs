//! An adaptation under way: clips held out in turn, last layers tried, and all of it once more on
//! every clip.

mod last_layers;

use std::collections::BTreeSet;

use burn::tensor::Device;
use limbic_media::{Modality, PerModality};
use limbic_model::{Checkpoint, Model, Precision};

use self::last_layers::Deadline;
use super::clips::Clips;
use super::folds::Folds;
use super::head::temperature;
use super::layers::Weights;
use super::learn::Side;
use super::report::HeldOut;
use super::{Choice, FOLDS, Layer, Progress, Request};
use crate::Result;

/// What is known so far.
pub(super) struct Trial<'a> {
    checkpoint: &'a Checkpoint,
    request: &'a Request,
    clips: &'a Clips,
    sides: PerModality<Side>,
    labelled: Vec<usize>,
    unlabelled: Vec<usize>,
    pub(super) folds: Option<Folds>,
    pub(super) held_out: HeldOut,
    layers: PerModality<Layer>,
    /// The model on a device that keeps gradients.
    learning: Option<Model>,
}

impl<'a> Trial<'a> {
    pub(super) fn new(
        checkpoint: &'a Checkpoint,
        request: &'a Request,
        clips: &'a Clips,
        sides: PerModality<Side>,
    ) -> Result<Self> {
        let (labelled, unlabelled): (Vec<usize>, Vec<usize>) =
            (0..clips.all.len()).partition(|clip| clips.all[*clip].class.is_some());
        let classes: Vec<usize> = labelled.iter().filter_map(|c| clips.all[*c].class).collect();
        let there: BTreeSet<usize> = classes.iter().copied().collect();
        let speakers: Vec<Option<&str>> =
            labelled.iter().map(|clip| clips.all[*clip].speaker.as_deref()).collect();
        // With hardly two clips a class there is nothing to hold out.
        let enough = labelled.len() >= 2 * there.len();
        let folds = if enough { Folds::deal(&classes, &speakers, FOLDS) } else { None };
        let learning = if request.layers.is_some() {
            let bytes = checkpoint.to_bytes(Precision::Full)?;
            let device = Device::flex().autodiff();
            let again = Checkpoint::from_bytes("model", &bytes, &Modality::ALL, &device)?;
            Some(again.model)
        } else {
            None
        };
        Ok(Self {
            checkpoint,
            request,
            clips,
            sides,
            labelled,
            unlabelled,
            folds,
            held_out: HeldOut::default(),
            layers: PerModality::none(),
            learning,
        })
    }

    fn count(&self) -> usize {
        self.request.set.classes.len()
    }

    /// The clips of a fold that are learned from (those without a label among them), and those
    /// held out.
    fn sides_of(&self, fold: usize) -> (Vec<usize>, Vec<usize>) {
        let Some(folds) = &self.folds else { return (Vec::new(), Vec::new()) };
        let (known, out) = folds.sides(fold);
        let clips = |places: Vec<usize>| places.into_iter().map(|place| self.labelled[place]);
        (clips(known).chain(self.unlabelled.iter().copied()).collect(), clips(out).collect())
    }

    /// Answers every labelled clip by rows that were fitted without its fold.
    pub(super) fn hold_out(&mut self, tell: &mut dyn FnMut(Progress<'_>)) {
        let none = || vec![PerModality::none(); self.clips.all.len()];
        let (mut before, mut after) = (none(), none());
        let count = self.folds.as_ref().map_or(0, |folds| folds.count);
        // Of all clips: the commonest class of the others would be the rarer one of those held out.
        let prior = self.prior(&self.labelled);
        for fold in 0..count {
            tell(Progress { doing: "holding clips out", share: fold as f64 / count as f64 });
            let (known, out) = self.sides_of(fold);
            for (modality, side) in self.sides.iter() {
                let strength = self.strength(side, &known);
                let chosen = side.learn(&self.clips.all, &known, self.count());
                for clip in &out {
                    if side.views[*clip].is_none() {
                        continue;
                    }
                    let said = side.start(*clip).zip(strength);
                    let said = said.map(|(z, by)| z.iter().map(|z| z * by).collect());
                    let said: Vec<f64> = said.unwrap_or_else(|| prior.clone());
                    let fitted = chosen.as_ref().and_then(|chosen| side.scores(chosen, *clip));
                    after[*clip].insert(modality, fitted.unwrap_or_else(|| said.clone()));
                    before[*clip].insert(modality, said);
                }
            }
        }
        self.held_out = HeldOut { before, after };
    }

    /// The logarithm of how common each class is.
    fn prior(&self, known: &[usize]) -> Vec<f64> {
        let mut counts = vec![1.0f64; self.count()];
        known.iter().filter_map(|c| self.clips.all[*c].class).for_each(|c| counts[c] += 1.0);
        let total: f64 = counts.iter().sum();
        counts.into_iter().map(|count| (count / total).ln()).collect()
    }

    /// What makes the scores of the words as sure as they are right.
    fn strength(&self, side: &Side, known: &[usize]) -> Option<f64> {
        side.starts.as_ref()?;
        let said = known.iter().filter_map(|clip| {
            let class = self.clips.all[*clip].class?;
            Some((side.start(*clip)?.to_vec(), class))
        });
        let (scores, classes): (Vec<Vec<f64>>, Vec<usize>) = said.unzip();
        Some(temperature(&scores, &classes).0.recip())
    }

    /// The model that learned from every clip, the names of what moved in it, and what was chosen.
    ///
    /// # Errors
    /// Those of the model.
    pub(super) fn whole(
        &self,
        tell: &mut dyn FnMut(Progress<'_>),
    ) -> Result<(Model, BTreeSet<String>, Vec<Choice>)> {
        let device = Device::flex();
        let every: Vec<usize> = (0..self.clips.all.len()).collect();
        let mut moved = Weights::new();
        let (mut fitted, mut chosen) = (Vec::new(), Vec::new());
        for (modality, side) in self.sides.iter() {
            let mut told = |share: f64| tell(Progress { doing: "fitting", share });
            let Some(mut own) = side.learn(&self.clips.all, &every, self.count()) else {
                // One class of this modality: what its words say, where it has words.
                if let Some(words) = &side.words {
                    fitted.push((modality, words.clone()));
                }
                continue;
            };
            let mut layer = self
                .layers
                .get(modality)
                .cloned()
                .unwrap_or_else(|| Layer::Left { reason: "not asked for".to_owned() });
            let mut rows = own.rows(side.words.as_ref(), side.unit());
            if matches!(layer, Layer::Moved { .. }) {
                let free = Deadline::never();
                let weights =
                    self.moved(modality, side, &own, &every, (FOLDS, &free), &mut told)?;
                if let Some(weights) = weights {
                    let (_, again) = self.seen_by(modality, side, &weights, &every)?;
                    if let Some(found) = again.learn(&self.clips.all, &every, self.count()) {
                        own = found;
                        rows = own.rows(side.words.as_ref(), side.unit());
                        moved.extend(weights);
                    }
                } else {
                    layer = Layer::Left { reason: "the encoder has no last layer".to_owned() };
                }
            }
            fitted.push((modality, rows));
            let clips = self.labelled.iter().filter(|clip| side.views[**clip].is_some()).count();
            chosen.push(Choice {
                modality,
                clips,
                penalty: own.penalty,
                words: own.strength.is_some(),
                temperature: own.temperature,
                layer,
            });
        }
        let mut model = self.checkpoint.model.clone().with_weights(&moved);
        for (modality, rows) in fitted {
            model = model.with_added(modality, &self.request.set, &rows, &device)?;
        }
        tell(Progress { doing: "fitting", share: 1.0 });
        Ok((model, moved.into_keys().collect(), chosen))
    }
}
