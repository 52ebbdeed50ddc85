//! What other models say of the training clips, for a student to learn (Hinton et al. 2015).

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use burn::tensor::{Device, activation::softmax};
use limbic_media::Modality;
use limbic_model::{Checkpoint, LabelKind, Recipe};

use crate::score::{each_batch, rows, sigmoid};
use crate::{Dataset, Error, Result};

/// The mean answer of teachers to each label set of theirs.
#[derive(Debug, Clone, Default)]
pub struct Taught {
    sets: Vec<(String, LabelKind, usize)>,
    /// One row a label set, by the place of the clip; empty where nobody answered.
    answers: Arc<HashMap<usize, Vec<Vec<f32>>>>,
}

/// Rows of a batch that speak a label set, by its name.
type Rows = (String, LabelKind, Vec<Vec<f32>>);

impl Taught {
    /// What is said of the clips of a batch: the label sets that are spoken of at all, with zeros
    /// where nothing is said of a clip.
    pub(crate) fn rows(&self, batch: &[usize]) -> Vec<Rows> {
        let answers: Vec<_> = batch.iter().map(|index| self.answers.get(index)).collect();
        let sets = self.sets.iter().enumerate().filter_map(|(set, (name, kind, classes))| {
            let row = |said: Option<&Vec<Vec<f32>>>| {
                said.map(|said| &said[set]).filter(|row| !row.is_empty()).cloned()
            };
            let rows: Vec<Option<Vec<f32>>> = answers.iter().copied().map(row).collect();
            // Zeros are no answer to yes/no questions and ratings, so there all have to speak.
            let enough = match kind {
                LabelKind::Class => rows.iter().any(Option::is_some),
                LabelKind::Multi | LabelKind::Rating => rows.iter().all(Option::is_some),
            };
            let rows = rows.into_iter().map(|row| row.unwrap_or_else(|| vec![0.0; *classes]));
            enough.then(|| (name.clone(), *kind, rows.collect()))
        });
        sets.collect()
    }
}

/// Sums of answers and how many there are, by label set and clip.
#[derive(Default)]
struct Sums {
    sets: BTreeMap<String, (LabelKind, usize)>,
    found: HashMap<(usize, String), (Vec<f32>, f32)>,
}

impl Dataset {
    /// The same clips with what the teachers of `recipe` say of those of `train`. Each reads them
    /// below `root` as its own recipe asks, and answers to the label sets that it learned from
    /// each modality alone.
    ///
    /// # Errors
    /// Where a teacher cannot be read or run.
    pub fn taught(mut self, recipe: &Recipe, root: &Path, train: &[usize]) -> Result<Self> {
        let places: HashMap<(&str, &str), usize> = train
            .iter()
            .map(|index| {
                let item = &self.items[*index];
                ((self.cards[item.corpus].name.as_str(), item.id.as_str()), *index)
            })
            .collect();
        let mut sums = Sums::default();
        for path in recipe.teachers() {
            let teacher = Checkpoint::load(path, &Device::flex())?;
            for own in unique(&teacher) {
                let corpora = recipe.data.clone();
                let own = Recipe { data: corpora, ..own };
                let tokenizer = teacher.assets.get("tokenizer.json").cloned();
                let clips = Self::load(&own, root, tokenizer, &mut |_, _| {})?;
                sums.add(&teacher, &clips, &places)?;
            }
        }
        if sums.found.is_empty() && !recipe.teachers().is_empty() {
            return Err(Error::Recipe {
                key: "objective.distill.teachers".to_owned(),
                reason: "say nothing of the training clips; name checkpoints that read the same \
                         modalities"
                    .to_owned(),
            });
        }
        self.taught = sums.mean();
        Ok(self)
    }
}

/// The recipes of a checkpoint, each once.
fn unique(checkpoint: &Checkpoint) -> Vec<Recipe> {
    let mut recipes: Vec<Recipe> = Vec::new();
    for recipe in checkpoint.recipes.values() {
        if !recipes.contains(recipe) {
            recipes.push(recipe.clone());
        }
    }
    recipes
}

impl Sums {
    fn add(
        &mut self,
        teacher: &Checkpoint,
        clips: &Dataset,
        places: &HashMap<(&str, &str), usize>,
    ) -> Result<()> {
        let model = &teacher.model;
        let all: Vec<usize> = (0..clips.items.len()).collect();
        for modality in clips.modalities.iter().copied() {
            let Some(branch) = model.branch(modality) else { continue };
            let sets = branch.sets().iter().filter(|set| branch.learned(&set.name));
            let sets: Vec<_> = sets.cloned().collect();
            for set in &sets {
                let shape = (set.kind, set.classes.len());
                if *self.sets.entry(set.name.clone()).or_insert(shape) != shape {
                    let reason = format!("do not agree on the classes of `{}`", set.name);
                    return Err(Error::Recipe {
                        key: "objective.distill.teachers".to_owned(),
                        reason,
                    });
                }
            }
            self.ask(model, clips, &all, modality, &sets, places)?;
        }
        Ok(())
    }

    fn ask(
        &mut self,
        model: &limbic_model::Model,
        clips: &Dataset,
        all: &[usize],
        modality: Modality,
        sets: &[limbic_model::LabelSet],
        places: &HashMap<(&str, &str), usize>,
    ) -> Result<()> {
        each_batch(model, clips, all, &[modality], |batch, views| {
            let Some(view) = views.each.get(modality) else { return Ok(()) };
            for set in sets {
                let logits = model.logits(modality, view, &set.name)?;
                let likely = match set.kind {
                    LabelKind::Class => rows(softmax(logits, 1)),
                    LabelKind::Rating => rows(logits),
                    LabelKind::Multi => {
                        let mut found = rows(logits);
                        found.iter_mut().flatten().for_each(|z| *z = sigmoid(*z));
                        found
                    }
                };
                for (index, row) in batch.iter().zip(likely) {
                    let item = &clips.items[*index];
                    let key = (clips.cards[item.corpus].name.as_str(), item.id.as_str());
                    let Some(place) = places.get(&key) else { continue };
                    let (sum, count) = self
                        .found
                        .entry((*place, set.name.clone()))
                        .or_insert_with(|| (vec![0.0; row.len()], 0.0));
                    sum.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
                    *count += 1.0;
                }
            }
            Ok(())
        })
    }

    fn mean(mut self) -> Taught {
        let sets: Vec<(String, LabelKind, usize)> =
            self.sets.into_iter().map(|(name, (kind, classes))| (name, kind, classes)).collect();
        let mut places: Vec<usize> = self.found.keys().map(|(place, _)| *place).collect();
        places.sort_unstable();
        places.dedup();
        let mut answers = HashMap::with_capacity(places.len());
        for place in places {
            let own = sets.iter().map(|(name, _, _)| {
                let Some((sum, count)) = self.found.remove(&(place, name.clone())) else {
                    return Vec::new();
                };
                sum.into_iter().map(|value| value / count).collect()
            });
            answers.insert(place, own.collect());
        }
        Taught { sets, answers: Arc::new(answers) }
    }
}
