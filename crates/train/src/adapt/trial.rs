//! An adaptation under way: clips held out in turn, last layers tried, and all of it once more on
//! every clip.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use burn::tensor::{Device, Tensor, TensorData};
use limbic_media::{Modality, PerModality};
use limbic_model::{Checkpoint, Model, Precision};

use super::choose::Chosen;
use super::clips::Clips;
use super::folds::Folds;
use super::head::{best, likelihood, temperature};
use super::layers::{Moving, Weights};
use super::learn::Side;
use super::report::HeldOut;
use super::{Choice, FOLDS, Layer, Progress, Request};
use crate::score::{rows as matrix, vectors};
use crate::{Result, metric};

/// Labelled clips below which a last layer is not tried.
const FEW: usize = 40;

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

    /// Moves the last layer of each encoder in every fold, where there is time and there are
    /// clips enough, and keeps what answers held-out clips better.
    ///
    /// # Errors
    /// Those of the model.
    pub(super) fn try_layers(&mut self, tell: &mut dyn FnMut(Progress<'_>)) -> Result<()> {
        let modalities: Vec<Modality> = self.sides.iter().map(|(modality, _)| modality).collect();
        let share = modalities.len().max(1) as u32;
        for modality in modalities {
            let layer = self.try_layer(modality, share, tell)?;
            self.layers.insert(modality, layer);
        }
        Ok(())
    }

    fn try_layer(
        &mut self,
        modality: Modality,
        share: u32,
        tell: &mut dyn FnMut(Progress<'_>),
    ) -> Result<Layer> {
        let left = |reason: &str| Ok(Layer::Left { reason: reason.to_owned() });
        let (Some(budget), Some(side)) = (self.request.layers, self.sides.get(modality)) else {
            return left("not asked for");
        };
        let Some(folds) = &self.folds else { return left("too few clips to hold any out") };
        let own = self.labelled.iter().filter(|clip| side.views[**clip].is_some()).count();
        if own < FEW {
            return left(&format!("fewer than {FEW} labelled clips"));
        }
        let deadline = Deadline::new(budget / share, folds.count + 1);
        let mut said = vec![None; self.clips.all.len()];
        let mut old: Vec<[usize; 2]> = Vec::new();
        for fold in 0..folds.count {
            let (known, out) = self.sides_of(fold);
            let mut told = |share: f64| {
                let share = (fold as f64 + share) / folds.count as f64;
                tell(Progress { doing: "trying the last layer", share });
            };
            let Some(chosen) = side.learn(&self.clips.all, &known, self.count()) else {
                return left("a fold holds one class");
            };
            let Some(weights) =
                self.moved(modality, side, &chosen, &known, (fold, &deadline), &mut told)?
            else {
                return left("it would take longer than it may; see --minutes");
            };
            let clips: Vec<usize> = known.iter().chain(&out).copied().collect();
            let (model, moved) = self.seen_by(modality, side, &weights, &clips)?;
            let Some(chosen) = moved.learn(&self.clips.all, &known, self.count()) else {
                return left("a fold holds one class");
            };
            for clip in &out {
                said[*clip] = moved.scores(&chosen, *clip);
            }
            old.extend(self.emotions(&model, modality, &moved, &out)?);
        }
        let (mut rows, mut moved, mut gains) = (0.0, 0.0, Vec::new());
        for (clip, new) in said.iter().enumerate() {
            let (Some(class), Some(new)) = (self.clips.all[clip].class, new) else { continue };
            let Some(old) = self.held_out.after[clip].get(modality) else { continue };
            let loss = |z: &Vec<f64>| likelihood(std::slice::from_ref(z), &[class], 1.0);
            let (old, new) = (loss(old), loss(new));
            (rows, moved) = (rows + old, moved + new);
            gains.push(old - new);
        }
        let n = gains.len().max(1) as f64;
        let (rows, moved, gain) = (rows / n, moved / n, gains.iter().sum::<f64>() / n);
        let spread = gains.iter().map(|own| (own - gain).powi(2)).sum::<f64>() / n;
        // Better by more than chance would have it.
        if gain <= (spread / n).sqrt() {
            return Ok(Layer::Stays { rows, moved });
        }
        for (clip, said) in said.into_iter().enumerate() {
            if let Some(said) = said {
                self.held_out.after[clip].insert(modality, said);
            }
        }
        let same = old.iter().filter(|[before, after]| before == after).count();
        let agreement = same as f64 / old.len().max(1) as f64;
        Ok(Layer::Moved { rows, moved, agreement, old: self.uar_of_emotions(modality, &old) })
    }

    /// The weights of a last layer that learned from `known`; `None` where there is no time.
    fn moved(
        &self,
        modality: Modality,
        side: &Side,
        chosen: &Chosen,
        known: &[usize],
        (number, deadline): (usize, &Deadline),
        told: &mut dyn FnMut(f64),
    ) -> Result<Option<Weights>> {
        let Some(model) = &self.learning else { return Ok(None) };
        let place = |clip: &usize| {
            let clip = &self.clips.all[*clip];
            Some((*clip.places.get(modality)?, clip.class))
        };
        let places: Vec<((usize, usize), Option<usize>)> = known.iter().filter_map(place).collect();
        let Some(source) = places.first().map(|((source, _), _)| *source) else { return Ok(None) };
        let labelled: Vec<(usize, usize)> =
            places.iter().filter_map(|((_, item), class)| Some((*item, (*class)?))).collect();
        let memory: Vec<usize> = places.iter().map(|((_, item), _)| *item).collect();
        let moving = Moving {
            model,
            source: &self.clips.sources[source],
            modality,
            set: &self.request.set,
            rows: &chosen.rows(side.words.as_ref(), side.unit()),
            labelled: &labelled,
            memory: &memory,
            seed: self.request.seed ^ ((number as u64 + 1) << 40),
        };
        let (steps, mut done) = (moving.steps(), 0);
        let weights = moving.run(&mut || {
            done += 1;
            told(done as f64 / steps as f64);
            deadline.holds(number, done as f64 / steps as f64)
        })?;
        let rounded = |weights: Weights| -> Weights {
            let precision = self.request.precision;
            weights.into_iter().map(|(name, w)| (name, precision.rounded(&w))).collect()
        };
        Ok(weights.map(rounded))
    }

    /// The model with other weights, and what it sees of `clips`.
    fn seen_by(
        &self,
        modality: Modality,
        side: &Side,
        weights: &Weights,
        clips: &[usize],
    ) -> Result<(Model, Side)> {
        let model = self.checkpoint.model.clone().with_weights(weights);
        let mut views: Vec<Option<Vec<f32>>> = vec![None; self.clips.all.len()];
        let place = |clip: &usize| Some((*clip, *self.clips.all[*clip].places.get(modality)?));
        let places: Vec<(usize, (usize, usize))> = clips.iter().filter_map(place).collect();
        if let Some((_, (source, _))) = places.first() {
            let items: Vec<usize> = places.iter().map(|(_, (_, item))| *item).collect();
            let dataset = self.clips.sources[*source].only(modality, &items);
            let every: Vec<usize> = (0..items.len()).collect();
            for (item, view) in vectors(&model, &dataset, &every, &[modality])? {
                views[places[item].0] = Some(view);
            }
        }
        let side = Side::of(views.iter().map(Option::as_deref), side.words.clone());
        Ok((model, side))
    }

    /// The emotion that was shown of each clip, before and with `model`.
    fn emotions(
        &self,
        model: &Model,
        modality: Modality,
        moved: &Side,
        clips: &[usize],
    ) -> Result<Vec<[usize; 2]>> {
        let said = |model: &Model, view: &[f32]| -> Result<usize> {
            let data = TensorData::new(view.to_vec(), [1, view.len()]);
            let view = Tensor::from_data(data, &Device::flex());
            let z = matrix(model.emotions(modality, &view)?);
            Ok(best(&z.concat().into_iter().map(f64::from).collect::<Vec<_>>()))
        };
        let mut all = Vec::new();
        for clip in clips {
            let (Some(old), Some(new)) =
                (self.clips.all[*clip].views.get(modality), &moved.views[*clip])
            else {
                continue;
            };
            all.push([said(&self.checkpoint.model, old)?, said(model, new)?]);
        }
        Ok(all)
    }

    /// UAR of the emotions shown before, where labels are among them.
    fn uar_of_emotions(&self, modality: Modality, said: &[[usize; 2]]) -> Option<[f64; 2]> {
        let folds = self.folds.as_ref()?;
        let out = (0..folds.count).flat_map(|fold| self.sides_of(fold).1);
        let truths: Vec<Option<usize>> = out
            .filter(|clip| self.clips.all[*clip].views.get(modality).is_some())
            .map(|clip| {
                let name = &self.request.set.classes[self.clips.all[clip].class?];
                limbic_model::EMOTIONS.iter().position(|emotion| emotion == name)
            })
            .collect();
        let uar = |which: usize| -> f64 {
            let pairs = truths.iter().zip(said).filter_map(|(t, s)| Some(((*t)?, s[which])));
            metric::uar(&pairs.collect::<Vec<_>>(), limbic_model::EMOTIONS.len())
        };
        truths.iter().any(Option::is_some).then(|| [uar(0), uar(1)])
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

/// When there is no time left: seen from the first steps, so that little is lost.
struct Deadline {
    started: Instant,
    budget: Option<Duration>,
    runs: usize,
}

impl Deadline {
    fn new(budget: Duration, runs: usize) -> Self {
        Self { started: Instant::now(), budget: Some(budget), runs }
    }

    fn never() -> Self {
        Self { started: Instant::now(), budget: None, runs: 1 }
    }

    /// Whether all runs would end in time at the pace so far; `run` is the one under way, of which
    /// a `share` is done.
    fn holds(&self, run: usize, share: f64) -> bool {
        let Some(budget) = self.budget else { return true };
        let taken = self.started.elapsed().as_secs_f64();
        // The first seconds say little of the pace.
        taken < 2.0 || taken / (run as f64 + share) * self.runs as f64 <= budget.as_secs_f64()
    }
}
