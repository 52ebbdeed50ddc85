//! Corpora become encoder inputs in memory.

use std::path::Path;
use std::sync::Arc;

use limbic_features::{TextTokenizer, describe};
use limbic_media::{Modality, SAMPLE_RATE};
use limbic_model::{InputConfig, LabelMap, LabelSet, Recipe, Split};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::corpus::{self, Card, Example, Label, Media, Part};
use crate::{Error, Result, text};

/// One clip as its encoder reads it.
#[derive(Debug, Clone)]
pub enum Value {
    /// One feature vector a stretch of the recording; the first is the whole of it.
    Vectors(Vec<Vec<f32>>),
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
    /// What the encoder reads.
    pub value: Value,
    /// One label a label set of the corpus.
    pub labels: Vec<Option<Label>>,
    /// The label in the space shown to users.
    pub shared: Option<[f32; 8]>,
    /// The official part it belongs to.
    pub part: Part,
    /// The fold it belongs to.
    pub fold: Option<usize>,
}

/// The clips of a recipe's corpora.
#[derive(Debug, Clone)]
pub struct Dataset {
    /// The modality of every item.
    pub modality: Modality,
    /// The corpora, in the recipe's order.
    pub cards: Vec<Card>,
    /// Every clip that could be read.
    pub items: Vec<Item>,
    /// The tokenizer file, for words.
    pub tokenizer: Option<String>,
    /// Clips left out because they could not be read or hold nothing, with the reason.
    pub skipped: Vec<String>,
}

/// How many random stretches of a recording are described beside the whole.
const STRETCHES: usize = 3;
/// Longest stretch, in seconds; the shortest is half of it.
const STRETCH: f64 = 3.0;

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
        let mut encoders = recipe.model.encoder.iter();
        let (Some((&modality, encoder)), None) = (encoders.next(), encoders.next()) else {
            let reason =
                "one encoder a recipe can be trained; join the checkpoints with `limbic join`";
            return Err(Error::Recipe { key: "model.encoder".into(), reason: reason.into() });
        };
        let mut cards = Vec::new();
        let mut examples: Vec<(usize, Example)> = Vec::new();
        for name in &recipe.data.corpora {
            let corpus = corpus::open(name, root)?;
            examples.extend(corpus.examples()?.into_iter().map(|e| (cards.len(), e)));
            cards.push(corpus.card().clone());
        }
        let tokenizer = match (modality, tokenizer) {
            (Modality::Text, None) => Some(text::vocabulary(&encoder.input, &examples)?),
            (_, given) => given,
        };
        let tokens = match (&tokenizer, &encoder.input) {
            (Some(json), InputConfig::Tokens { length, .. }) => {
                Some(TextTokenizer::from_bytes("tokenizer.json", json.as_bytes(), *length)?)
            }
            _ => None,
        };
        let mut dataset =
            Self { modality, cards, items: Vec::new(), tokenizer, skipped: Vec::new() };
        let total = examples.len();
        for (done, (corpus, example)) in examples.into_iter().enumerate() {
            tick(done, total);
            match value(&example, modality, tokens.as_ref(), recipe.seed ^ done as u64) {
                Ok(Some(value)) => dataset.push(corpus, example, value),
                Ok(None) => dataset.skipped.push(format!("{}: holds no speech", example.id)),
                Err(error) => dataset.skipped.push(error.to_string()),
            }
        }
        tick(total, total);
        Ok(dataset)
    }

    fn push(&mut self, corpus: usize, example: Example, value: Value) {
        let maps = &self.cards[corpus].labels;
        // A later label set is the finer judgement (votes), so it speaks for the clip.
        let shared = maps.iter().zip(&example.labels).rev().find_map(|(map, label)| {
            let label = label.as_ref()?;
            map.share(&weights(label, map.classes.len()))
        });
        self.items.push(Item {
            id: example.id,
            corpus,
            speaker: example.speaker,
            value,
            labels: example.labels,
            shared,
            part: example.part,
            fold: example.fold,
        });
    }

    /// Every label set of the corpora.
    pub fn sets(&self) -> Vec<LabelSet> {
        self.cards.iter().flat_map(|card| card.labels.iter().map(LabelMap::set)).collect()
    }

    /// Items to train on and items to score on, under `split` with `fold` left out. Without a
    /// fold, leave-speakers-out trains on everyone and scores nobody.
    pub fn parts(&self, split: Split, fold: Option<usize>) -> (Vec<usize>, Vec<usize>) {
        let mut train = Vec::new();
        let mut test = Vec::new();
        for (index, item) in self.items.iter().enumerate() {
            match split {
                Split::LeaveSpeakersOut if fold.is_some() && item.fold == fold => test.push(index),
                Split::LeaveSpeakersOut => train.push(index),
                Split::Official => match item.part {
                    Part::Train | Part::Whole => train.push(index),
                    Part::Valid => test.push(index),
                    Part::Dev => {}
                },
            }
        }
        (train, test)
    }

    /// Mean and standard deviation of each input feature over `indices`.
    pub fn statistics(&self, indices: &[usize]) -> Option<(Vec<f32>, Vec<f32>)> {
        let rows = indices.iter().map(|&i| &self.items[i].value);
        match &self.items.get(*indices.first()?)?.value {
            Value::Tokens(_) => None,
            Value::Picture(_) => {
                let pixels = rows.flat_map(|v| match v {
                    Value::Picture(p) => p.iter().map(|p| f64::from(*p) / 255.0).collect(),
                    _ => Vec::new(),
                });
                let (n, sum, square) =
                    pixels.fold((0.0, 0.0, 0.0), |(n, s, q), x| (n + 1.0, s + x, q + x * x));
                let mean: f64 = sum / n;
                let deviation: f64 = (square / n - mean * mean).sqrt();
                Some((vec![mean as f32], vec![deviation.max(1e-6) as f32]))
            }
            Value::Vectors(first) => {
                let size = first.first()?.len();
                let (mut n, mut sum, mut square) = (0.0, vec![0.0; size], vec![0.0; size]);
                for value in rows {
                    let Value::Vectors(vectors) = value else { continue };
                    for vector in vectors {
                        n += 1.0;
                        for (i, x) in vector.iter().enumerate() {
                            sum[i] += f64::from(*x);
                            square[i] += f64::from(*x).powi(2);
                        }
                    }
                }
                let mean: Vec<f32> = sum.iter().map(|s| (s / n) as f32).collect();
                let spread = |(s, q): (&f64, &f64)| (q / n - (s / n).powi(2)).max(1e-12).sqrt();
                Some((mean, sum.iter().zip(&square).map(|p| spread(p) as f32).collect()))
            }
        }
    }
}

/// A label as weights over the classes of its set.
pub(crate) fn weights(label: &Label, classes: usize) -> Vec<f32> {
    let mut weights = vec![0.0; classes];
    match label {
        Label::Class(class) => weights[*class] = 1.0,
        Label::Votes(votes) => weights.clone_from(votes),
        Label::Multi(several) => several.iter().for_each(|class| weights[*class] = 1.0),
        Label::Rating(_) => {}
    }
    weights
}

fn value(
    example: &Example,
    modality: Modality,
    tokens: Option<&TextTokenizer>,
    seed: u64,
) -> Result<Option<Value>> {
    match (&example.media, modality, tokens) {
        (Media::Face(pixels, _), Modality::Vision, _) => {
            Ok(Some(Value::Picture(Arc::clone(pixels))))
        }
        (Media::Text(words), Modality::Text, Some(tokens)) => {
            let ids = tokens.encode(words)?;
            Ok((!ids.is_empty()).then_some(Value::Tokens(ids)))
        }
        (Media::Audio(path), Modality::Audio, _) => {
            let (samples, _) = limbic_media::audio::read(path)?;
            let mut vectors: Vec<Vec<f32>> = describe(&samples).into_iter().collect();
            if vectors.is_empty() {
                return Ok(None);
            }
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            let rate = f64::from(SAMPLE_RATE);
            for _ in 0..STRETCHES {
                let length = (random.random_range(0.5..=1.0) * STRETCH * rate) as usize;
                if length < samples.len() {
                    let start = random.random_range(0..=samples.len() - length);
                    vectors.extend(describe(&samples[start..start + length]));
                }
            }
            Ok(Some(Value::Vectors(vectors)))
        }
        _ => Err(Error::Recipe {
            key: "data.corpora".into(),
            reason: format!("{} holds nothing for the {modality} encoder", example.id),
        }),
    }
}
