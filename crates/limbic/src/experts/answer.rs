//! What an expert says to what it is asked.

use std::sync::Arc;

use burn::tensor::{Device, Tensor, TensorData};
use limbic_features::WordVectors;
use limbic_media::Modality;
use limbic_model::{Branch, Checkpoint, Input, LabelKind};

use super::complete::{completed, expected};
use super::{Answers, Expert};
use crate::emotion::Emotion;
use crate::error::Failure;
use crate::question::About;
use crate::scores::Scores;

/// The question as one expert needs it.
#[expect(clippy::large_enum_variant, reason = "there is one an expert")]
pub(super) enum Asked {
    /// The eight emotions.
    Emotions,
    /// A label set with its head, and the temperature of its logits.
    Set { name: String, kind: LabelKind, temperature: f32 },
    /// Names by their vectors.
    Names {
        /// `[names, size]`.
        rows: Tensor<2>,
        vectors: Vec<Vec<f32>>,
        /// Of which texts are made.
        words: Arc<WordVectors>,
    },
}

impl Asked {
    pub(super) fn new(
        about: &About,
        branch: &Branch,
        checkpoint: &Checkpoint,
        modality: Modality,
        device: &Device,
    ) -> Self {
        match about {
            About::Emotions => Self::Emotions,
            About::Set(name) => {
                let found = branch.sets().iter().find(|set| set.name == *name);
                let fitted = checkpoint.calibration.get(name).and_then(|t| t.get(modality.name()));
                let usable = fitted.copied().filter(|t| t.is_finite() && *t > 0.0);
                Self::Set {
                    name: name.clone(),
                    kind: found.map_or(LabelKind::Class, |set| set.kind),
                    temperature: usable.unwrap_or(1.0),
                }
            }
            About::Names { vectors, words } => {
                let shape = [vectors.len(), vectors.first().map_or(0, Vec::len)];
                Self::Names {
                    rows: Tensor::from_data(TensorData::new(vectors.concat(), shape), device),
                    vectors: vectors.clone(),
                    words: Arc::clone(words),
                }
            }
        }
    }
}

impl Expert {
    /// Calibrated answers, one a row of the input; `None` where the numbers broke down.
    pub(super) fn answer(&self, input: Input) -> Answers {
        self.answer_texts(input, &[])
    }

    /// The same of the input that is made of `texts`.
    pub(super) fn answer_texts(&self, input: Input, texts: &[&str]) -> Answers {
        if input.is_empty() {
            return Ok(Vec::new());
        }
        let (model, modality) = (&self.checkpoint.model, self.modality);
        let views = model.view(&[(modality, input)].into_iter().collect())?;
        let Some(view) = views.each.get(modality) else { return Ok(Vec::new()) };
        let emotions = if self.learns { Some(self.emotions(view)?) } else { None };
        let places = self.valence_and_arousal(view, emotions.as_deref())?;
        let (kind, values): (LabelKind, Vec<Vec<f32>>) = match &self.asked {
            Asked::Emotions => {
                let emotions = emotions.unwrap_or_default();
                (LabelKind::Class, emotions.into_iter().map(|logits| logits.to_vec()).collect())
            }
            Asked::Set { name, kind, temperature } => {
                let logits = model.logits(modality, view, name)?;
                // A rating has a scale of its own.
                let scale = if *kind == LabelKind::Rating { 1.0 } else { *temperature };
                (*kind, rows(logits / scale))
            }
            Asked::Names { rows: names, vectors, words } => {
                let scale = &self.checkpoint.zero_shot;
                let mut scores = rows(scale.logits(model, modality, view, names)?);
                let sentences: Vec<_> = texts.iter().map(|text| words.sentence(text)).collect();
                if let Some(spoken) = scale.lexical(modality, &sentences, vectors) {
                    let each = scores.iter_mut().flatten().zip(spoken.iter().flatten());
                    each.for_each(|(score, words)| *score += words);
                }
                (LabelKind::Class, scores)
            }
        };
        let answers = values.into_iter().zip(places);
        Ok(answers
            .map(|(values, [valence, arousal])| Scores::of(kind, values, valence, arousal))
            .collect())
    }

    /// Log-probabilities of the eight emotions up to a constant, a row of the view each.
    fn emotions(&self, view: &Tensor<2>) -> Result<Vec<[f32; Emotion::COUNT]>, Failure> {
        let logits = rows(self.checkpoint.model.emotions(self.modality, view)?);
        let complete = |logits: Vec<f32>| {
            let scaled = std::array::from_fn(|c| logits[c] / self.temperature);
            completed(scaled, self.covered)
        };
        Ok(logits.into_iter().map(complete).collect())
    }

    /// What it rates, else where its emotions lie; a row of the view each.
    fn valence_and_arousal(
        &self,
        view: &Tensor<2>,
        emotions: Option<&[[f32; Emotion::COUNT]]>,
    ) -> Result<Vec<[Option<f32>; 2]>, Failure> {
        if let Some((set, places)) = &self.ratings {
            let rated = rows(self.checkpoint.model.logits(self.modality, view, set)?);
            let at = |row: &[f32], place: Option<usize>| row.get(place?).copied();
            return Ok(rated.iter().map(|row| places.map(|place| at(row, place))).collect());
        }
        Ok(match emotions {
            Some(emotions) => {
                emotions.iter().map(|logits| expected(logits, &self.places)).collect()
            }
            None => vec![[None; 2]; view.dims()[0]],
        })
    }
}

/// The rows of a matrix.
fn rows(matrix: Tensor<2>) -> Vec<Vec<f32>> {
    let width = matrix.dims()[1].max(1);
    let values: Vec<f32> = matrix.into_data().iter().collect();
    values.chunks_exact(width).map(<[f32]>::to_vec).collect()
}
