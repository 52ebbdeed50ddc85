//! Somebody's clips as a trained model sees them: every view is made once.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use limbic_corpus::{Card, Example, Fingerprint, Media, Part};
use limbic_media::{Modality, PerModality};
use limbic_model::{Checkpoint, Recipe};

use crate::score::{vectors, winner};
use crate::{Dataset, Item, Result};

/// One clip.
#[derive(Debug, Clone)]
pub struct Clip {
    /// Unique among the clips.
    pub id: String,
    /// Who it is of.
    pub speaker: Option<String>,
    /// Its class, where it has one of those that are learned.
    pub class: Option<usize>,
    /// What each encoder makes of it.
    pub views: PerModality<Vec<f32>>,
    /// The official part it belongs to.
    pub part: Part,
    /// Fingerprints of its content.
    pub prints: Vec<Fingerprint>,
    /// Its data set in [`Clips::sources`] and its place there, for each modality.
    pub(super) places: PerModality<(usize, usize)>,
}

/// Clips that one training of the model reads.
#[derive(Debug, Clone)]
pub(super) struct Source {
    pub(super) recipe: Recipe,
    pub(super) dataset: Dataset,
}

impl Source {
    /// One modality of some of its clips, in the order of `items`.
    pub(super) fn only(&self, modality: Modality, items: &[usize]) -> Dataset {
        let one = |item: &usize| {
            let item = &self.dataset.items[*item];
            let values = item.values.get(modality).map(|value| (modality, value.clone()));
            Item { values: values.into_iter().collect(), ..item.clone() }
        };
        Dataset {
            modalities: vec![modality],
            cards: self.dataset.cards.clone(),
            items: items.iter().map(one).collect(),
            tokenizer: self.dataset.tokenizer.clone(),
            window: self.dataset.window,
            ..Dataset::default()
        }
    }
}

/// Every clip that could be read, in an order that does not depend on the one they came in.
#[derive(Debug, Clone, Default)]
pub struct Clips {
    /// What they are called together.
    pub name: String,
    /// The clips.
    pub all: Vec<Clip>,
    /// Why clips or parts of clips were left out, a sentence each.
    pub skipped: Vec<String>,
    /// How many clips have a label that is none of the classes, by the label.
    pub strangers: BTreeMap<String, usize>,
    pub(super) sources: Vec<Source>,
}

/// What names a clip's content: clips are put in its order.
fn content(example: &Example) -> (Vec<String>, String) {
    let one = |medium: &Media| match medium {
        Media::Text(words) => words.clone(),
        Media::Audio(path) | Media::Film(path) | Media::Image(path) => path.display().to_string(),
        Media::Face(..) | Media::Vector(..) | Media::Series(..) => String::new(),
    };
    let mut media: Vec<String> = example.media.iter().map(one).collect();
    media.push(example.speaker.clone().unwrap_or_default());
    (media, example.id.clone())
}

/// The recipes of a checkpoint, each once.
pub(super) fn recipes(checkpoint: &Checkpoint) -> Vec<Recipe> {
    let mut recipes: Vec<Recipe> = Vec::new();
    for recipe in checkpoint.recipes.values() {
        if !recipes.contains(recipe) {
            recipes.push(recipe.clone());
        }
    }
    recipes
}

impl Clips {
    /// Reads clips and makes their views. `set` is the place of their label set on the card, and
    /// `classes` are the classes to learn, in any case. `root` holds the word vectors. `tick` is
    /// called with the share that is done.
    ///
    /// # Errors
    /// Those of [`Dataset::of`] and of the model.
    pub fn read(
        checkpoint: &Checkpoint,
        card: &Card,
        mut examples: Vec<Example>,
        set: Option<usize>,
        classes: &[String],
        root: &Path,
        tick: &mut dyn FnMut(f64),
    ) -> Result<Self> {
        examples.sort_by_cached_key(content);
        let mut clips = Self { name: card.name.clone(), ..Self::default() };
        let wanted: Vec<String> = classes.iter().map(|class| class.to_lowercase()).collect();
        let mut places: BTreeMap<String, usize> = BTreeMap::new();
        for example in &examples {
            let label = set.and_then(|set| example.labels.get(set)?.as_ref().map(|l| (set, l)));
            let name = label.and_then(|(set, label)| {
                let map = &card.labels[set];
                Some(map.classes[winner(label, map.classes.len())?].0.clone())
            });
            let class = name.as_ref().and_then(|name| {
                let name = name.to_lowercase();
                wanted.iter().position(|class| *class == name)
            });
            if let (Some(name), None) = (&name, class) {
                *clips.strangers.entry(name.clone()).or_insert(0) += 1;
            }
            places.insert(example.id.clone(), clips.all.len());
            clips.all.push(Clip {
                id: example.id.clone(),
                speaker: example.speaker.clone(),
                class,
                views: PerModality::none(),
                part: example.part,
                prints: Vec::new(),
                places: PerModality::none(),
            });
        }
        let recipes = recipes(checkpoint);
        let (mut reasons, count) = (BTreeSet::new(), recipes.len() as f64);
        for (index, recipe) in recipes.into_iter().enumerate() {
            let text = recipe.model.encoder.contains_key(&Modality::Text);
            let tokenizer = checkpoint.assets.get("tokenizer.json").filter(|_| text).cloned();
            let corpora = vec![(card.clone(), examples.clone())];
            let mut told = |done: usize, total: usize| {
                tick((index as f64 + 0.8 * done as f64 / total.max(1) as f64) / count);
            };
            let dataset = Dataset::of(&recipe, corpora, root, tokenizer, None, &mut told)?;
            reasons.extend(dataset.skipped.iter().filter(|r| !r.contains(NOTHING)).cloned());
            clips.look(checkpoint, &dataset, &places)?;
            clips.sources.push(Source { recipe, dataset });
            tick((index + 1) as f64 / count);
        }
        clips.skipped.extend(reasons);
        clips.all.retain(|clip| {
            let seen = !clip.views.is_empty();
            if !seen && !clips.skipped.iter().any(|reason| reason.contains(&clip.id)) {
                clips.skipped.push(format!("{}: holds nothing that the model reads", clip.id));
            }
            seen
        });
        Ok(clips)
    }

    /// Makes the views of the clips of a data set, the next of the sources.
    fn look(
        &mut self,
        checkpoint: &Checkpoint,
        dataset: &Dataset,
        places: &BTreeMap<String, usize>,
    ) -> Result<()> {
        let source = self.sources.len();
        // Clips that have the same modalities share a batch.
        let mut every: Vec<usize> = (0..dataset.items.len()).collect();
        every.sort_by_key(|item| {
            let values = dataset.items[*item].values.iter();
            values.map(|(modality, _)| modality).collect::<Vec<_>>()
        });
        for modality in &dataset.modalities {
            if checkpoint.model.branch(*modality).is_none() {
                continue;
            }
            for (item, view) in vectors(&checkpoint.model, dataset, &every, &[*modality])? {
                let Some(clip) = places.get(&dataset.items[item].id) else { continue };
                let clip = &mut self.all[*clip];
                if !view.iter().all(|x| x.is_finite()) {
                    self.skipped.push(format!(
                        "{}: its {modality} is no number to the model (NaN or infinite)",
                        clip.id
                    ));
                    continue;
                }
                clip.views.insert(*modality, view);
                clip.places.insert(*modality, (source, item));
                if clip.prints.is_empty() {
                    clip.prints.clone_from(&dataset.items[item].prints);
                }
            }
        }
        Ok(())
    }

    /// The modalities that any clip has, in storage order.
    pub fn modalities(&self) -> Vec<Modality> {
        let any = |m: &Modality| self.all.iter().any(|clip| clip.views.get(*m).is_some());
        Modality::ALL.into_iter().filter(any).collect()
    }

    /// The clips that have a class.
    pub fn labelled(&self) -> Vec<usize> {
        (0..self.all.len()).filter(|clip| self.all[*clip].class.is_some()).collect()
    }

    /// How many clips each of `count` classes has.
    pub fn counts(&self, count: usize) -> Vec<usize> {
        let mut counts = vec![0; count];
        self.all.iter().filter_map(|clip| clip.class).for_each(|class| counts[class] += 1);
        counts
    }

    /// Whether every clip that has a class has a speaker, and there are two.
    pub fn speakers(&self) -> BTreeSet<&str> {
        self.all.iter().filter_map(|clip| clip.speaker.as_deref()).collect()
    }
}

/// What [`Dataset::of`] says of a clip that has nothing for its encoders.
const NOTHING: &str = ": holds nothing of ";
