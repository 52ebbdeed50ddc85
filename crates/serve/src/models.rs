//! The model and what it was asked lately, ready to answer.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use limbic::{Labels, Limbic};
use limbic_media::Modality;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::{Error, Result};
use crate::options::Question;

/// So many questions besides the model's own are kept ready: each holds its experts.
const MOST: usize = 4;

/// One model, asked different things.
pub(crate) struct Models {
    shown: Arc<Limbic>,
    asked: Mutex<VecDeque<(Question, Arc<Limbic>)>>,
}

impl Models {
    pub(crate) fn new(limbic: Limbic) -> Self {
        Self { shown: Arc::new(limbic), asked: Mutex::default() }
    }

    /// The model, asked `question`. Loads what was not asked lately, which takes a moment.
    pub(crate) fn asked(&self, question: &Question) -> Result<Arc<Limbic>> {
        if *question == Question::Shown {
            return Ok(Arc::clone(&self.shown));
        }
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = asked.iter().position(|(known, _)| known == question)
            && let Some(found) = asked.remove(place)
        {
            let limbic = Arc::clone(&found.1);
            asked.push_front(found);
            return Ok(limbic);
        }
        drop(asked);
        let limbic = match question {
            Question::Shown => self.shown.again(),
            Question::Emotions(list) => self.shown.again().with_emotions(list)?,
            Question::Labels(set) => self.shown.again().with_labels(set)?,
        };
        let limbic = Arc::new(limbic);
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.push_front((question.clone(), Arc::clone(&limbic)));
        asked.truncate(MOST);
        Ok(limbic)
    }

    /// Name and fingerprint of the model.
    pub(crate) fn id(&self) -> String {
        self.shown.model().to_owned()
    }

    /// How often the model was asked, and about how many things.
    pub(crate) fn calls(&self) -> (u64, u64) {
        self.shown.asked()
    }

    /// Loads the experts. Blocks.
    pub(crate) fn load(&self) -> Result<()> {
        self.shown.load().map_err(Error::from)
    }

    /// What there is.
    pub(crate) fn list(&self) -> Result<ModelList> {
        let about = self.shown.about()?;
        Ok(ModelList {
            models: vec![ModelCard {
                id: self.shown.model().to_owned(),
                name: about.name,
                modalities: about.modalities,
                labels: self.shown.labels()?.clone(),
                sets: about.sets,
                words: about.words,
                note: limbic::NOTE.to_owned(),
            }],
        })
    }
}

/// The models that a server reads with.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Models)]
pub(crate) struct ModelList {
    /// One for now.
    pub models: Vec<ModelCard>,
}

/// One model.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Model)]
pub(crate) struct ModelCard {
    /// Name and fingerprint, as in readings.
    pub id: String,
    /// The file's name, or `limbic` for the one that comes with the program.
    pub name: String,
    /// What it reads.
    #[schema(value_type = Vec<String>)]
    pub modalities: Vec<Modality>,
    /// What it speaks of unless something else is asked for.
    pub labels: Labels,
    /// The label sets that `labels` may name.
    pub sets: Vec<String>,
    /// Whether `emotions` can be asked for by their words.
    pub words: bool,
    /// What a reading is, and is not.
    pub note: String,
}
