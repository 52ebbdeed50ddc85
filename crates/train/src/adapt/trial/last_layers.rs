//! Last layers, moved in every fold and kept where held-out clips gain.

use std::time::{Duration, Instant};

use burn::tensor::{Device, Tensor, TensorData};
use limbic_media::Modality;
use limbic_model::Model;

use super::Trial;
use crate::adapt::choose::Chosen;
use crate::adapt::head::{best, likelihood};
use crate::adapt::layers::{Moving, Weights};
use crate::adapt::learn::Side;
use crate::adapt::{Layer, Progress};
use crate::score::{rows as matrix, vectors};
use crate::{Result, metric};

/// Labelled clips below which a last layer is not tried.
const FEW: usize = 40;

impl Trial<'_> {
    /// Moves the last layer of each encoder in every fold, where there is time and there are
    /// clips enough, and keeps what answers held-out clips better.
    ///
    /// # Errors
    /// Those of the model.
    pub(in crate::adapt) fn try_layers(
        &mut self,
        tell: &mut dyn FnMut(Progress<'_>),
    ) -> Result<()> {
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
    pub(super) fn moved(
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
    pub(super) fn seen_by(
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
}

/// When there is no time left: seen from the first steps, so that little is lost.
pub(super) struct Deadline {
    started: Instant,
    budget: Option<Duration>,
    runs: usize,
}

impl Deadline {
    fn new(budget: Duration, runs: usize) -> Self {
        Self { started: Instant::now(), budget: Some(budget), runs }
    }

    pub(super) fn never() -> Self {
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
