//! The same encoders and heads without what the model learned before: trained on the drawn clips
//! alone.

use std::collections::BTreeMap;

use limbic_corpus::Label;
use limbic_media::{Modality, PerModality};
use limbic_model::{Fusion, HeadConfig, LabelLoss, Objectives, Optimizer, Recipe, Schedule, Stage};

use super::Study;
use crate::fit::{Fit, fit};
use crate::{Dataset, Item, Result, outcomes};

/// Steps of the training, at least, and clips a step.
const STEPS: usize = 240;
const BATCH: usize = 16;

impl Study<'_> {
    /// The network of each recipe from nothing, on the drawn clips alone.
    pub(super) fn scratch(&self, drawn: &[usize], seed: u64) -> Result<Vec<Vec<f64>>> {
        let mut each: Vec<PerModality<Vec<f64>>> = vec![PerModality::none(); self.test.len()];
        for (index, source) in self.clips.sources.iter().enumerate() {
            let own = |clips: &[usize]| -> Vec<(usize, usize)> {
                let place = |(place, clip): (usize, &usize)| {
                    let mut all = self.clips.all[*clip].places.iter();
                    all.find(|(_, (source, _))| *source == index).map(|(_, (_, i))| (place, *i))
                };
                clips.iter().enumerate().filter_map(place).collect()
            };
            let (known, asked) = (own(drawn), own(&self.test));
            if known.is_empty() || asked.is_empty() {
                continue;
            }
            let dataset = self.dataset(&source.dataset, &known, drawn, &asked);
            let train: Vec<usize> = (0..known.len()).collect();
            let recipe = scratch(&source.recipe, &dataset, self.request.seed ^ seed, train.len());
            let run = Fit {
                recipe: &recipe,
                dataset: &dataset,
                train: &train,
                valid: &[],
                word_vectors: None,
                state: None,
                keep_every: 0,
            };
            let model = run.checkpoint(&fit(&run, &mut |_| {})?, None).model;
            let test: Vec<usize> = (known.len()..dataset.items.len()).collect();
            let alone: Vec<Vec<Modality>> = dataset.modalities.iter().map(|m| vec![*m]).collect();
            for outcome in outcomes(&model, &dataset, &test, &alone)? {
                let place = asked[outcome.item - known.len()].0;
                let z: Vec<f64> = outcome.logits[0].iter().map(|z| f64::from(*z)).collect();
                each[place].insert(outcome.modalities[0], z);
            }
        }
        Ok(self.together(&each))
    }

    /// Known clips first, those to be asked after them, with the new classes as their labels.
    fn dataset(
        &self,
        whole: &Dataset,
        known: &[(usize, usize)],
        drawn: &[usize],
        asked: &[(usize, usize)],
    ) -> Dataset {
        let item = |item: usize, class: Option<usize>| Item {
            labels: vec![class.map(Label::Class)],
            shared: None,
            ..whole.items[item].clone()
        };
        let known = known.iter().map(|(place, i)| item(*i, self.clips.all[drawn[*place]].class));
        let asked = asked.iter().map(|(_, i)| item(*i, Some(0)));
        let map = self.map();
        let mut card = limbic_corpus::Card::new(map.name.clone(), vec![map]);
        card.traps.clear();
        let items: Vec<Item> = known.chain(asked).collect();
        let there = |m: &Modality| items.iter().any(|item| item.values.get(*m).is_some());
        Dataset {
            modalities: whole.modalities.iter().copied().filter(there).collect(),
            cards: vec![card],
            tokenizer: whole.tokenizer.clone(),
            extractors: whole.extractors.clone(),
            window: whole.window,
            items,
            ..Dataset::default()
        }
    }
}

/// The recipe of a network that begins from nothing and learns these classes alone.
fn scratch(recipe: &Recipe, dataset: &Dataset, seed: u64, clips: usize) -> Recipe {
    let mut recipe = recipe.clone();
    recipe.seed = seed;
    recipe.data.corpora = vec![dataset.cards[0].name.clone()];
    recipe.data.hold_out.clear();
    recipe.data.allow_leak.clear();
    recipe.model.encoder.retain(|modality, _| dataset.modalities.contains(modality));
    if recipe.model.head.words.is_some() {
        recipe.model.head = HeadConfig::default();
    }
    recipe.model.fusion = Fusion::None {};
    recipe.probe = None;
    recipe.tune.clear();
    recipe.stage = vec![Stage {
        name: "scratch".to_owned(),
        epochs: STEPS.div_ceil(clips.div_ceil(BATCH)).max(10),
        batch: BATCH,
        batches: None,
        repeat: BTreeMap::new(),
        optimizer: Optimizer::Adamw { lr: 1e-3, weight_decay: 0.02 },
        schedule: Schedule::Cosine { warmup: 0.05 },
        average: None,
        clip: Some(1.0),
        freeze: Vec::new(),
        until: None,
        objective: Objectives {
            labels: Some(LabelLoss { shared: 0.0, ..LabelLoss::default() }),
            ..Objectives::default()
        },
        steps: Vec::new(),
    }];
    recipe
}
