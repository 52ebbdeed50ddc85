//! What a model is asked: the eight emotions, a label set of its own, or names by their words.

use std::sync::Arc;

use limbic_features::{Meanings, Name, WordVectors};
use limbic_media::{Modality, PerModality};
use limbic_model::{Abstain, Contents, LabelKind, SHARED};

use crate::error::{Error, Failure, Result};
use crate::fusion::Fusion;
use crate::labels::{Labels, PerLabel};
use crate::options::Risk;
use crate::reading::Estimate;
use crate::scores::Scores;

/// A probability from which a label of a yes/no set counts as yes, unless the model knows better.
const YES: f32 = 0.5;

/// A list of labels, and what turns scores of them into an answer.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    pub(crate) labels: Labels,
    pub(crate) about: About,
    /// From which probability each label of a yes/no set counts as yes.
    yes_from: Vec<f32>,
    abstain: Option<Abstain>,
}

/// Where the scores come from.
#[derive(Debug, Clone)]
pub(crate) enum About {
    /// The head for the eight emotions.
    Emotions,
    /// The head for a label set.
    Set(String),
    /// Names by their word vectors.
    Names {
        /// One a name.
        vectors: Vec<Vec<f32>>,
        /// The words that texts are made of.
        words: Arc<WordVectors>,
    },
}

impl Question {
    /// What a model shows when nobody asks for anything else.
    pub(crate) fn shown(name: &str, contents: &Contents) -> Result<Self> {
        Self::set(name, contents, contents.shown.as_deref().unwrap_or(SHARED))
    }

    /// A label set of the model that errors call `name`.
    pub(crate) fn set(name: &str, contents: &Contents, set: &str) -> Result<Self> {
        let abstain = contents.abstain.clone().filter(|abstain| abstain.labels == set);
        if set == SHARED {
            let labels = Labels::emotions();
            return Ok(Self { labels, about: About::Emotions, yes_from: Vec::new(), abstain });
        }
        let sets = || contents.sets.values().flatten();
        let Some(found) = sets().find(|found| found.name == set) else {
            let mut known: Vec<String> = sets().map(|set| set.name.clone()).collect();
            known.sort();
            known.dedup();
            return Err(Error::Labels {
                model: name.to_owned(),
                set: set.to_owned(),
                known: known.join(", "),
            });
        };
        if let Some(adapted) = contents.adapted.iter().rev().find(|own| own.is_by_name(set)) {
            let define = |class: &String| Name {
                name: class.clone(),
                definition: adapted.definitions.get(class).cloned(),
            };
            let names = found.classes.iter().map(define).collect();
            return Ok(Self::by_name(name, contents, names, Some(set))?.0);
        }
        let labels = Labels {
            set: Some(set.to_owned()),
            kind: found.kind,
            names: found.classes.clone().into(),
        };
        let yes_from = contents.thresholds.get(set).cloned().unwrap_or_default();
        Ok(Self { labels, about: About::Set(set.to_owned()), yes_from, abstain })
    }

    /// Emotions by their words, and what may not be as it was meant.
    pub(crate) fn names(
        name: &str,
        contents: &Contents,
        list: &str,
    ) -> Result<(Self, Vec<String>)> {
        let failed = |source: Failure| Error::Model { path: name.into(), source };
        if !contents.recipes.values().any(|recipe| recipe.model.head.words.is_some()) {
            return Err(failed(limbic_model::Error::NoWords.into()));
        }
        let names = Name::list(list).map_err(|error| Error::Emotions(error.to_string()))?;
        Self::by_name(name, contents, names, None)
    }

    /// Classes by their words, perhaps those of a label set that was made of names alone.
    fn by_name(
        model: &str,
        contents: &Contents,
        names: Vec<Name>,
        set: Option<&str>,
    ) -> Result<(Self, Vec<String>)> {
        let bytes = contents.word_vectors.as_deref().ok_or_else(|| Error::Emotions(format!(
            "{model} carries no word vectors, so no emotion can be named to it; train it again with \
             `limbic train`, which puts them in"
        )))?;
        let words = WordVectors::from_bytes(model, bytes)
            .map_err(|error| Error::Model { path: model.into(), source: error.into() })?;
        let Meanings { rows: vectors, warnings } =
            words.meanings(&names).map_err(|error| Error::Emotions(error.to_string()))?;
        let about = About::Names { vectors, words: Arc::new(words) };
        let names: Vec<String> = names.into_iter().map(|name| name.name).collect();
        let set = set.map(str::to_owned);
        let labels = Labels { set, kind: LabelKind::Class, names: names.into() };
        // What was chosen for other labels says nothing of these.
        Ok((Self { labels, about, yes_from: Vec::new(), abstain: None }, warnings))
    }

    /// Joins what the experts said into an answer, which is withheld where the model is not sure
    /// enough for such a `risk`; `None` where none said anything.
    pub(crate) fn estimate(
        &self,
        fusion: &Fusion,
        experts: &PerModality<Scores>,
        risk: Risk,
    ) -> Option<Estimate> {
        let fused = fusion.fuse(experts)?;
        let mut estimate = Estimate::new(fused, &self.labels);
        if self.labels.kind == LabelKind::Multi
            && let Some(probabilities) = &estimate.probabilities
        {
            let from = |place: usize| self.yes_from.get(place).copied().unwrap_or(YES);
            let yes = probabilities.iter().enumerate().filter(|(i, (_, p))| *p >= from(*i));
            estimate.yes = Some(yes.map(|(_, (label, _))| label.to_owned()).collect());
        }
        if let Some(abstain) = &self.abstain
            && let Some(share) = risk.share(abstain.risk)
            && let Some((_, top)) = estimate.probabilities.as_ref().and_then(PerLabel::top)
        {
            let modalities: Vec<Modality> = experts.iter().map(|(modality, _)| modality).collect();
            if abstain.withholds(&modalities, top, share) {
                estimate.answer = None;
                estimate.uncertain = true;
            }
        }
        Some(estimate)
    }
}
