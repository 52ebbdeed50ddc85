//! Encoders brought nearer to somebody's clips without a label: what is seen of a clip in one
//! modality has to find it in another (Franceschini et al. 2022), and where clips have one
//! modality, one look at it another look (Chen et al. 2020). Only last layers move, and never
//! against what the model answered before.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use burn::tensor::{Device, Tensor};
use limbic_media::{Modality, PerModality};
use limbic_model::objective::contrast::{Contrast, Form};
use limbic_model::{
    Adapted, Batch, Checkpoint, Input, LabelLoss, Model, Objectives, Precision, SHARED, Tuning,
};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use super::clips::Clips;
use super::folds::Folds;
use super::head::best;
use super::layers::{answers, changes, stage};
use super::{Progress, finished, remembered};
use crate::batches::collate;
use crate::fit::{Before, Trainer};
use crate::score::rows;
use crate::{Error, Result};

/// Passes over the clips, clips a step, the rate, and the length of projections.
const EPOCHS: usize = 20;
const BATCH: usize = 32;
const RATE: f64 = 5e-4;
const PROJECTION: usize = 64;

/// Clips below which there is nothing to be told apart.
const FEWEST: usize = 16;

/// Least share of the old gradient that is added in a conflict.
const MARGIN: f64 = 0.5;

/// Keeps these draws apart from those of other parts.
const STREAM: u64 = 0x6c6f_6f6b;

/// What came of clips without labels.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Unlabelled {
    /// What had to find what, in words.
    pub pairs: String,
    /// Clips that were learned from, and clips that were held out.
    pub clips: [usize; 2],
    /// The share of held-out clips that are found among all of them, before and after.
    pub found: [f64; 2],
    /// The same by chance.
    pub chance: f64,
    /// The share of held-out clips whose emotion, of those shown before, is the same.
    pub agreement: f64,
    /// Passes over the clips.
    pub epochs: usize,
}

/// What is compared with what.
struct Pairs<'a> {
    clips: &'a Clips,
    modalities: Vec<Modality>,
    form: Form,
}

/// Moves the last layers of the encoders of the modalities that clips have. `budget` is how long it
/// may take, and `record` what is known of the adaptation before it begins.
///
/// # Errors
/// [`Error::Adapt`] where there are fewer than sixteen clips; those of the model.
pub fn contrast(
    checkpoint: &Checkpoint,
    clips: &Clips,
    (seed, precision, budget): (u64, Precision, Duration),
    record: Adapted,
    tell: &mut dyn FnMut(Progress<'_>),
) -> Result<(Checkpoint, Unlabelled)> {
    let pairs = Pairs::of(clips);
    let own = pairs.clips();
    if own.len() < FEWEST {
        return Err(Error::Adapt(format!(
            "{} clips without labels are too few to learn from; give {FEWEST} at least, or labels",
            own.len()
        )));
    }
    let speakers: Vec<Option<&str>> =
        own.iter().map(|c| clips.all[*c].speaker.as_deref()).collect();
    let folds = Folds::deal(&vec![0; own.len()], &speakers, 5);
    let (known, out): (Vec<usize>, Vec<usize>) = match &folds {
        Some(folds) => folds.sides(0),
        None => ((0..own.len()).collect(), Vec::new()),
    };
    let pick = |places: Vec<usize>| -> Vec<usize> { places.into_iter().map(|p| own[p]).collect() };
    let (known, out) = (pick(known), pick(out));
    let bytes = checkpoint.to_bytes(Precision::Full)?;
    let device = Device::flex().autodiff();
    let base = Checkpoint::from_bytes("model", &bytes, &Modality::ALL, &device)?.model;
    let widths: PerModality<usize> = pairs
        .modalities
        .iter()
        .filter_map(|m| {
            let view = clips.all.iter().find_map(|clip| clip.views.get(*m))?;
            Some((*m, view.len()))
        })
        .collect();
    device.seed(seed ^ STREAM);
    let start = base.clone().with_projectors(&widths, PROJECTION, &device);
    let layers: Vec<String> = pairs.modalities.iter().filter_map(|m| base.last_layer(*m)).collect();
    let mut moved: Vec<String> = layers.clone();
    moved.extend(pairs.modalities.iter().map(|m| format!("{m}.projector.")));
    let labels = LabelLoss { shared: 0.0, ..LabelLoss::default() };
    let objective = Contrast { form: pairs.form, temperature: 0.1, ..Contrast::default() };
    let objective =
        Objectives { labels: Some(labels), contrast: Some(objective), ..Objectives::default() };
    let stage = stage("contrast", EPOCHS, BATCH, objective);
    let positives = BTreeMap::new();
    let mut trainer = Trainer::new(start, &stage, &positives).only(moved);
    let mut random = ChaCha8Rng::seed_from_u64(seed ^ STREAM);
    let before = found(&pairs.seen(&trainer.model, &out, seed)?);
    let (started, mut done, mut epochs) = (Instant::now(), 0, 0);
    let total = EPOCHS * known.len().div_ceil(BATCH);
    let emotions: Vec<usize> = (0..limbic_model::EMOTIONS.len()).collect();
    'epochs: for epoch in 0..EPOCHS {
        let mut order = known.clone();
        order.shuffle(&mut random);
        for (number, dealt) in order.chunks(BATCH).enumerate() {
            // One clip has nothing to be told apart from.
            if dealt.len() < 2 {
                continue;
            }
            device.seed(seed ^ ((((epoch << 20) + number) as u64 + 1) << 8));
            let new = pairs.looks(dealt, Some(&mut random), &device);
            let modality = pairs.modalities[done % pairs.modalities.len()];
            let mut old = pairs.alone(modality, dealt, &device);
            let still = base.looking(true, |_| false);
            if let Some(view) = still.view(&old.inputs)?.each.get(modality) {
                old.targets = answers(&base, modality, view)?;
            }
            let before =
                Before { batch: &old, set: SHARED, classes: &emotions, positives: &positives };
            trainer
                .tune(Tuning::Gem { margin: MARGIN }, before, &new, RATE)
                .map_err(|error| error.at(epoch, number))?;
            done += 1;
            tell(Progress { doing: "learning without labels", share: done as f64 / total as f64 });
            if started.elapsed() > budget {
                break 'epochs;
            }
        }
        epochs = epoch + 1;
    }
    let after = found(&pairs.seen(&trainer.model, &out, seed)?);
    let weights: BTreeMap<String, Vec<f32>> = trainer
        .model
        .weights()
        .into_iter()
        .filter(|(name, _)| layers.iter().any(|layer| name.starts_with(layer)))
        .map(|(name, values)| (name, precision.rounded(&values)))
        .collect();
    let names: BTreeSet<String> = weights.keys().cloned().collect();
    let model = checkpoint.model.clone().with_weights(&weights);
    let agreement = pairs.agreement(&checkpoint.model, &model, &out)?;
    let told = Unlabelled {
        pairs: pairs.name(),
        clips: [known.len(), out.len()],
        found: [before, after],
        chance: 1.0 / out.len().max(1) as f64,
        agreement,
        epochs,
    };
    let record = Adapted {
        seed,
        unlabelled: known.len(),
        scores: [("found/before", before), ("found/after", after), ("agreement", agreement)]
            .map(|(name, score)| (name.to_owned(), score))
            .into(),
        shown: checkpoint.shown.clone(),
        kept: checkpoint.keep(&names),
        ..remembered(checkpoint, record, clips)
    };
    Ok((finished(checkpoint, model, record), told))
}

impl<'a> Pairs<'a> {
    /// Modalities that some sixteen clips share, or each on its own.
    fn of(clips: &'a Clips) -> Self {
        let several = clips.all.iter().filter(|clip| clip.views.len() > 1);
        let mut common: BTreeMap<Vec<Modality>, usize> = BTreeMap::new();
        for clip in several {
            let own: Vec<Modality> = clip.views.iter().map(|(modality, _)| modality).collect();
            *common.entry(own).or_insert(0) += 1;
        }
        let most = common.into_iter().max_by_key(|(own, clips)| (*clips, own.len()));
        match most {
            Some((modalities, found)) if found >= FEWEST => {
                Self { clips, modalities, form: Form::Clip }
            }
            _ => {
                let count = |m: &Modality| {
                    clips.all.iter().filter(|clip| clip.views.get(*m).is_some()).count()
                };
                let most = clips.modalities().into_iter().max_by_key(count);
                Self { clips, modalities: most.into_iter().collect(), form: Form::Looks }
            }
        }
    }

    /// The clips that have all of the modalities.
    fn clips(&self) -> Vec<usize> {
        let has = |clip: &usize| {
            self.modalities.iter().all(|m| self.clips.all[*clip].views.get(*m).is_some())
        };
        (0..self.clips.all.len()).filter(has).collect()
    }

    fn name(&self) -> String {
        let names: Vec<&str> = self.modalities.iter().map(|m| m.name()).collect();
        match self.form {
            Form::Looks => format!("one look at the {} another", names.join(", ")),
            _ => format!("{} each other", names.join(" and ")),
        }
    }

    /// One modality of some clips.
    fn input(
        &self,
        modality: Modality,
        clips: &[usize],
        random: Option<&mut ChaCha8Rng>,
        device: &Device,
    ) -> Option<Input> {
        let places = clips.iter().map(|clip| self.clips.all[*clip].places.get(modality).copied());
        let places: Vec<(usize, usize)> = places.collect::<Option<_>>()?;
        let source = &self.clips.sources[places.first()?.0];
        let items: Vec<usize> = places.iter().map(|(_, item)| *item).collect();
        let mut dataset = source.only(modality, &items);
        if random.is_some() && self.form == Form::Looks {
            dataset.shorten();
        }
        let every: Vec<usize> = (0..items.len()).collect();
        let mut changed = changes(source);
        if self.form == Form::Looks {
            changed.extend(LOOKS);
        }
        collate(&dataset, &every, &changed, random, device).inputs.get(modality).cloned()
    }

    fn alone(&self, modality: Modality, clips: &[usize], device: &Device) -> Batch {
        let input = self.input(modality, clips, None, device);
        let inputs = input.map(|input| (modality, input)).into_iter().collect();
        Batch { inputs, second: None, targets: Vec::new(), shared: None, taught: Vec::new() }
    }

    /// All modalities of some clips, and for looks at one of them a second look.
    fn looks(
        &self,
        clips: &[usize],
        mut random: Option<&mut ChaCha8Rng>,
        device: &Device,
    ) -> Batch {
        let mut look = || -> PerModality<Input> {
            let each = self.modalities.iter();
            let each = each
                .filter_map(|m| Some((*m, self.input(*m, clips, random.as_deref_mut(), device)?)));
            each.collect()
        };
        let inputs = look();
        let second = (self.form == Form::Looks).then(look);
        Batch { inputs, second, targets: Vec::new(), shared: None, taught: Vec::new() }
    }

    /// The projections of both sides of held-out clips, in use.
    fn seen(&self, model: &Model, clips: &[usize], seed: u64) -> Result<Vec<Both>> {
        if clips.is_empty() {
            return Ok(Vec::new());
        }
        let device = Device::flex().autodiff();
        let still = model.looking(true, |_| false);
        // The same looks before and after.
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let batch = self.looks(clips, Some(&mut random), &device);
        let project = |inputs: &PerModality<Input>| -> Result<Vec<Vec<Vec<f32>>>> {
            let views = still.view(inputs)?;
            let each = views.each.iter();
            let each = each.filter_map(|(m, view)| still.projection(m, view));
            Ok(each.map(|z: Tensor<2>| rows(z)).collect())
        };
        let first = project(&batch.inputs)?;
        if let Some(second) = &batch.second {
            let second = project(second)?;
            return Ok(first.into_iter().zip(second).map(|(a, b)| [a, b]).collect());
        }
        let mut all = Vec::new();
        for (i, a) in first.iter().enumerate() {
            for b in &first[i + 1..] {
                all.push([a.clone(), b.clone()]);
            }
        }
        Ok(all)
    }

    /// The share of clips whose shown emotion is the same to both models.
    fn agreement(&self, old: &Model, new: &Model, clips: &[usize]) -> Result<f64> {
        let device = Device::flex();
        let (mut same, mut all) = (0.0, 0.0);
        for modality in &self.modalities {
            let batch = self.alone(*modality, clips, &device);
            let said = |model: &Model| -> Result<Vec<usize>> {
                let views = model.view(&batch.inputs)?;
                let Some(view) = views.each.get(*modality) else { return Ok(Vec::new()) };
                let z = rows(model.emotions(*modality, view)?);
                Ok(z.iter().map(|z| crate::score::argmax(z)).collect())
            };
            for (old, new) in said(old)?.into_iter().zip(said(new)?) {
                same += f64::from(u8::from(old == new));
                all += 1.0;
            }
        }
        Ok(if all > 0.0 { same / all } else { f64::NAN })
    }
}

/// Projections of the same clips from two sides.
type Both = [Vec<Vec<f32>>; 2];

/// The share of clips that find themselves on the other side.
fn found(sides: &[Both]) -> f64 {
    let cosine = |a: &[f32], b: &[f32]| -> f64 {
        let dot =
            |x: &[f32], y: &[f32]| x.iter().zip(y).map(|(x, y)| f64::from(x * y)).sum::<f64>();
        dot(a, b) / (dot(a, a) * dot(b, b)).sqrt().max(1e-12)
    };
    let (mut hits, mut all) = (0.0, 0.0);
    for [one, other] in sides {
        for (index, asks) in one.iter().enumerate() {
            let near: Vec<f64> = other.iter().map(|own| cosine(asks, own)).collect();
            hits += f64::from(u8::from(best(&near) == index));
            all += 1.0;
        }
    }
    if all > 0.0 { hits / all } else { f64::NAN }
}

/// What makes two looks at a clip differ, where its recipe says nothing.
const LOOKS: [limbic_model::Augment; 2] = [
    limbic_model::Augment::TokenDrop { rate: 0.2 },
    limbic_model::Augment::Picture { shift: 0.1, rotate: 10.0, scale: 0.1, gain: 0.2, erase: 0.2 },
];
