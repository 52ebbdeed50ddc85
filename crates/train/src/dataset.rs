//! Corpora become encoder inputs in memory.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use limbic_features::Cache;
use limbic_media::{Degradation, Modality, PerModality};
use limbic_model::{InputConfig, LabelMap, LabelSet, Recipe};

use crate::leaks::{self, Leak};
use crate::reader::Reader;
use crate::teach::Taught;
use crate::{Error, Result, aside, text};
use limbic_corpus::split::Split;
use limbic_corpus::{Card, Example, Fingerprint, Label, Part, fingerprints};

/// One modality of a clip as its encoder reads it.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// One feature vector a stretch of the clip; the first is the whole of it.
    Vectors(Vec<Vec<f32>>),
    /// Features over time, of any length.
    Series {
        /// The steps, one after the other.
        steps: Arc<[f32]>,
        /// Features a step.
        size: usize,
    },
    /// Token ids.
    Tokens(Vec<u32>),
    /// A grey picture, row by row.
    Picture(Arc<[u8]>),
}

/// One labelled clip.
#[derive(Debug, Clone)]
pub struct Item {
    /// Unique in its corpus.
    pub id: String,
    /// Index of its corpus in [`Dataset::cards`].
    pub corpus: usize,
    /// Who it is of.
    pub speaker: Option<String>,
    /// What the encoders read; a modality that the clip does not have is absent.
    pub values: PerModality<Value>,
    /// One label a label set of the corpus.
    pub labels: Vec<Option<Label>>,
    /// The label in the space shown to users.
    pub shared: Option<[f32; 8]>,
    /// The official part it belongs to.
    pub part: Part,
    /// The fold it belongs to.
    pub fold: Option<usize>,
    /// Fingerprints of its content.
    pub prints: Vec<Fingerprint>,
}

/// The clips of a recipe's corpora.
#[derive(Debug, Clone, Default)]
pub struct Dataset {
    /// The modalities that the recipe has encoders for, in storage order.
    pub modalities: Vec<Modality>,
    /// The corpora, in the recipe's order.
    pub cards: Vec<Card>,
    /// Every clip that has at least one of the modalities.
    pub items: Vec<Item>,
    /// The tokenizer file, for words.
    pub tokenizer: Option<String>,
    /// The ids of the pretrained networks that encoders read.
    pub extractors: BTreeMap<Modality, String>,
    /// Clips and modalities left out because they could not be read or hold nothing, with the
    /// reason.
    pub skipped: Vec<String>,
    /// The hashes of the split files that took the place of published splits, by corpus.
    pub splits: BTreeMap<String, String>,
    /// What the sides of the corpora's splits share.
    pub leaks: Vec<Leak>,
    /// Steps of the stretch that batches hold of each series.
    pub window: Option<usize>,
    /// Whether batches hold a second look at each clip.
    pub second: bool,
    /// What teachers say of the clips.
    pub taught: Taught,
}

impl Dataset {
    /// Reads a recipe's corpora under `root`. `tokenizer` is the one of a trained model; without
    /// it, a recipe that reads tokens gets one trained on its own training texts. `tick` is
    /// called with the number of clips done and their total.
    ///
    /// # Errors
    /// Where a corpus or its labels cannot be read, or the recipe asks for what does not exist.
    pub fn load(
        recipe: &Recipe,
        root: &Path,
        tokenizer: Option<String>,
        tick: &mut dyn FnMut(usize, usize),
    ) -> Result<Self> {
        let (mut corpora, mut leaks, mut splits) = (Vec::new(), Vec::new(), BTreeMap::new());
        let files = recipe.data.files.iter().map(|file| Split::read(file));
        let files = files.collect::<limbic_corpus::Result<Vec<_>>>()?;
        if let Some(stranger) =
            files.iter().find(|split| !recipe.data.corpora.contains(&split.corpus))
        {
            let reason = format!("is of `{}`, which is none of the corpora", stranger.corpus);
            return Err(Error::Recipe { key: "data.files".to_owned(), reason });
        }
        for name in &recipe.data.corpora {
            let corpus = limbic_corpus::open(name, root)?;
            let card = corpus.card().clone();
            let mut examples = corpus.examples()?;
            if let Some(split) = files.iter().find(|split| split.corpus == card.name) {
                split.deal(&mut examples)?;
                splits.insert(card.name.clone(), split.hash());
            }
            if let Some(share) = recipe.data.dev.get(&card.name) {
                aside::keep(&card, &mut examples, *share);
            }
            let (examples, leak) = leaks::checked(&card, examples, &recipe.data)?;
            leaks.extend(leak);
            corpora.push((card, examples));
        }
        let cards = corpora.iter().map(|(card, _)| card.clone()).collect();
        Self { cards, ..Self::default() }.check_held_out(&recipe.data.hold_out)?;
        let mut dataset = Self::of(recipe, corpora, root, tokenizer, None, tick)?;
        (dataset.leaks, dataset.splits) = (leaks, splits);
        dataset.check_inputs(recipe)?;
        Ok(dataset)
    }

    /// What the encoders of a recipe read of these clips, of recordings made worse where
    /// `degradation` says so. `root` holds the word vectors; the rest is as in
    /// [`Dataset::load`].
    ///
    /// # Errors
    /// Where the recipe asks for features that do not exist.
    pub fn of(
        recipe: &Recipe,
        corpora: Vec<(Card, Vec<Example>)>,
        root: &Path,
        tokenizer: Option<String>,
        degradation: Option<Degradation>,
        tick: &mut dyn FnMut(usize, usize),
    ) -> Result<Self> {
        let mut cards: Vec<Card> = Vec::new();
        let mut examples: Vec<(usize, Example)> = Vec::new();
        for (card, own) in corpora {
            examples.extend(own.into_iter().map(|example| (cards.len(), example)));
            cards.push(card);
        }
        let encoders = &recipe.model.encoder;
        let reads_tokens = encoders.values().find(|encoder| encoder.features == "tokens@1");
        let tokenizer = match (reads_tokens, tokenizer) {
            (Some(encoder), None) => Some(text::vocabulary(&encoder.input, &examples)?),
            (_, given) => given,
        };
        let readers = encoders
            .iter()
            .map(|(modality, encoder)| {
                let tokenizer = tokenizer.as_deref();
                let reader = Reader::new(*modality, encoder, root, tokenizer, Cache::open())?;
                Ok((*modality, reader))
            })
            .collect::<Result<Vec<_>>>()?;
        let network = |(modality, reader): &(Modality, Reader)| {
            reader.network().map(|id| (*modality, id.to_owned()))
        };
        let mut dataset = Self {
            extractors: readers.iter().filter_map(network).collect(),
            modalities: encoders.keys().copied().collect(),
            cards,
            tokenizer,
            window: recipe.data.window,
            second: recipe.data.views == 2,
            ..Self::default()
        };
        let total = examples.len();
        for (done, (corpus, example)) in examples.into_iter().enumerate() {
            tick(done, total);
            let (mut values, mut failed) = (PerModality::none(), false);
            for (modality, reader) in &readers {
                let worse = degradation.filter(|degradation| reader.suffers(*degradation));
                match reader.read(&example, worse, recipe.seed ^ done as u64) {
                    Ok(Some(value)) => drop(values.insert(*modality, value)),
                    Ok(None) => {}
                    Err(error) => {
                        dataset.skipped.push(error.to_string());
                        failed = true;
                    }
                }
            }
            if !values.is_empty() {
                dataset.push(corpus, example, values);
            } else if !failed {
                let wanted: Vec<&str> = dataset.modalities.iter().map(|m| m.name()).collect();
                let reason = format!("{}: holds nothing of {}", example.id, wanted.join(", "));
                dataset.skipped.push(reason);
            }
        }
        tick(total, total);
        Ok(dataset)
    }

    fn push(&mut self, corpus: usize, example: Example, values: PerModality<Value>) {
        let maps = &self.cards[corpus].labels;
        // A later label set is the finer judgement (votes), so it speaks for the clip; but not one
        // of somebody else's judgement.
        let target = self.cards[corpus].target();
        let own = |(map, _): &(&LabelMap, &Option<Label>)| Some(map.target) == target;
        let shared = maps.iter().zip(&example.labels).rev().filter(own).find_map(|(map, label)| {
            let label = label.as_ref()?;
            map.share(&weights(label, map.classes.len()))
        });
        let prints = fingerprints(&example);
        self.items.push(Item {
            prints,
            id: example.id,
            corpus,
            speaker: example.speaker,
            values,
            labels: example.labels,
            shared,
            part: example.part,
            fold: example.fold,
        });
    }

    /// Refuses an encoder that no clip has anything for, or that declares another size than its
    /// features have.
    fn check_inputs(&self, recipe: &Recipe) -> Result<()> {
        for (modality, encoder) in &recipe.model.encoder {
            let bad = |key: &str, reason: String| {
                Err(Error::Recipe { key: format!("model.encoder.{modality}.{key}"), reason })
            };
            let features = &encoder.features;
            let Some(value) = self.items.iter().find_map(|item| item.values.get(*modality)) else {
                let corpora = recipe.data.corpora.join(", ");
                let reason = format!("no clip of {corpora} has `{features}`; take the encoder out");
                return bad("features", reason);
            };
            let found = match value {
                Value::Vectors(vectors) => vectors.first().map_or(0, Vec::len),
                Value::Series { size, .. } => *size,
                Value::Picture(pixels) => (pixels.len() as f64).sqrt() as usize,
                Value::Tokens(_) => continue,
            };
            if let InputConfig::Series { size, .. } | InputConfig::Picture { size, .. } =
                encoder.input
                && size != found
            {
                return bad("input.size", format!("is {size}; `{features}` have {found}"));
            }
        }
        Ok(())
    }

    /// Sets a window of two thirds of the shortest series, so that two looks at a clip differ; none
    /// where there is one or no clip has a series.
    pub(crate) fn shorten(&mut self) {
        let steps = |item: &Item| {
            let each = item.values.iter().filter_map(|(_, value)| match value {
                Value::Series { steps, size } => Some(steps.len() / size),
                _ => None,
            });
            each.min()
        };
        let shortest = self.items.iter().filter_map(steps).min();
        if let Some(shortest) = shortest.filter(|_| self.window.is_none()) {
            self.window = Some((shortest * 2 / 3).max(1));
        }
    }

    /// Every label set of the corpora.
    pub fn sets(&self) -> Vec<LabelSet> {
        self.cards.iter().flat_map(|card| card.labels.iter().map(LabelMap::set)).collect()
    }

    /// Every choice of at least one of the modalities: each alone first, all of them last.
    pub fn subsets(&self) -> Vec<Vec<Modality>> {
        let chosen = |bits: u32| {
            let own = self.modalities.iter().enumerate().filter(move |(i, _)| bits >> i & 1 == 1);
            own.map(|(_, modality)| *modality).collect::<Vec<_>>()
        };
        let mut all: Vec<_> = (1..1u32 << self.modalities.len()).map(chosen).collect();
        all.sort_by_key(Vec::len);
        all
    }
}

/// A label as weights over the classes of its set.
pub fn weights(label: &Label, classes: usize) -> Vec<f32> {
    let mut weights = vec![0.0; classes];
    match label {
        Label::Class(class) => weights[*class] = 1.0,
        Label::Votes(votes) => weights.clone_from(votes),
        Label::Multi(several) => several.iter().for_each(|class| weights[*class] = 1.0),
        Label::Rating(_) => {}
    }
    weights
}

/// Clips with three modalities for tests. Clip `i` has class `i % 3`, `i + 2` steps that count up
/// from `100 i` as sound and as text, and the face `(i, i % 3)`.
#[cfg(test)]
pub(crate) fn made_up(clips: usize) -> Dataset {
    let labels = "name = 'made-up'\nkind = 'class'\ntarget = 'intended'\nsource = 'a rule'\n\
                  classes = [['one', 'fear'], ['two', 'anger'], ['three', '']]";
    let card = Card::new("made-up", vec![LabelMap::parse("made-up", labels).unwrap()]);
    let mut dataset = Dataset {
        modalities: vec![Modality::Text, Modality::Audio, Modality::Vision],
        cards: vec![card],
        ..Dataset::default()
    };
    for i in 0..clips {
        let steps: Arc<[f32]> = (0..2 * (i + 2)).map(|step| (100 * i + step) as f32).collect();
        let series = Value::Series { steps, size: 2 };
        let face = Value::Vectors(vec![vec![i as f32, (i % 3) as f32]]);
        let example = Example {
            speaker: Some((i % 4).to_string()),
            labels: vec![Some(Label::Class(i % 3))],
            part: Part::Train,
            ..Example::new(i.to_string())
        };
        let values =
            [(Modality::Text, series.clone()), (Modality::Audio, series), (Modality::Vision, face)];
        dataset.push(0, example, values.into_iter().collect());
    }
    dataset
}
