//! The model: a branch a modality and what the branches share; nothing for a modality that is
//! absent.

mod added;
mod build;
mod change;

pub use self::added::{AddedRows, AddedSet, Rows};
use burn::module::Module;
use burn::tensor::Tensor;
use limbic_media::{Modality, PerModality};

use crate::SHARED;
use crate::encode::Encoder;
use crate::fusion::LateFusion;
use crate::head::Stack;
use crate::project::Projector;
use crate::trunk::Trunk;
use crate::words::Words;
use crate::{Batch, Error, Head, Input, LabelKind, LabelSet, Result};

/// One modality's encoder and its heads, one a label set; the shared set comes first.
#[derive(Module, Debug)]
pub struct Branch {
    pub(crate) encoder: Encoder,
    /// None where the rows are words and nothing else.
    pub(crate) heads: Vec<Head>,
    pub(crate) projector: Option<Projector>,
    pub(crate) reconstruction: Option<Stack>,
    /// Rows of the last of `sets`, which came after training.
    pub(crate) added: Vec<AddedRows>,
    #[module(skip)]
    pub(crate) sets: Vec<LabelSet>,
    /// The label sets that no clip with this modality had in training: nothing was learned for
    /// them here.
    #[module(skip)]
    pub(crate) blank: Vec<String>,
}

/// Heads over the views of all modalities, end to end.
#[derive(Module, Debug)]
pub(crate) struct Joint {
    pub(crate) heads: Vec<Head>,
    #[module(skip)]
    pub(crate) order: Vec<Modality>,
    /// Whether it is known that no clip ever moved them.
    #[module(skip)]
    pub(crate) untrained: bool,
}

/// A branch a modality, and what they share.
#[derive(Module, Debug, Default)]
pub struct Model {
    pub(crate) text: Option<Branch>,
    pub(crate) audio: Option<Branch>,
    pub(crate) vision: Option<Branch>,
    pub(crate) body: Option<Branch>,
    pub(crate) trunk: Option<Trunk>,
    pub(crate) joint: Option<Joint>,
    pub(crate) fusion: Option<LateFusion>,
    pub(crate) words: Option<Words>,
}

/// What one forward pass saw.
#[derive(Debug, Clone)]
pub struct Views {
    /// `[b, width]` for each modality that is present.
    pub each: PerModality<Tensor<2>>,
    /// The same of a second look at the same clips, where there was one.
    pub second: Option<PerModality<Tensor<2>>>,
}

impl Views {
    /// Those of the modalities that `sees` names; all of them where it is empty.
    #[must_use]
    pub fn of(&self, sees: &[Modality]) -> Self {
        let some = |views: &PerModality<Tensor<2>>| {
            let seen = views.iter().filter(|(m, _)| sees.is_empty() || sees.contains(m));
            seen.map(|(m, view)| (m, view.clone())).collect()
        };
        Self { each: some(&self.each), second: self.second.as_ref().map(some) }
    }
}

impl Branch {
    /// The label sets that its heads answer to, the shared one first.
    pub fn sets(&self) -> &[LabelSet] {
        &self.sets
    }

    /// Whether clips with this modality taught it a label set. Where the rows are words, it answers
    /// to the classes of any other by their words alone.
    pub fn learned(&self, set: &str) -> bool {
        !self.blank.iter().any(|blank| blank == set)
    }

    /// Which of [`EMOTIONS`](crate::EMOTIONS) any corpus that it learned from speaks of.
    pub fn covered(&self) -> [bool; 8] {
        let mut covered = [false; 8];
        let trained = self.trained_sets().iter().skip(1);
        for set in trained.filter(|set| self.learned(&set.name)) {
            for (all, one) in covered.iter_mut().zip(&set.covered) {
                *all |= one;
            }
        }
        covered
    }

    /// The place of a label set of the recipe.
    fn trained_position(&self, set: &str) -> Result<usize> {
        let place = self.position(set)?;
        if place < self.trained() {
            return Ok(place);
        }
        Err(Error::Key {
            key: "set".to_owned(),
            reason: format!("`{set}` was added after training, and its rows are its own"),
        })
    }

    fn position(&self, set: &str) -> Result<usize> {
        self.sets.iter().position(|s| s.name == set).ok_or_else(|| Error::NoHead {
            set: set.to_owned(),
            known: self.sets.iter().map(|s| s.name.as_str()).collect::<Vec<_>>().join(", "),
        })
    }
}

impl Model {
    /// The branch of a modality, if the model has one.
    pub const fn branch(&self, modality: Modality) -> Option<&Branch> {
        match modality {
            Modality::Text => self.text.as_ref(),
            Modality::Audio => self.audio.as_ref(),
            Modality::Vision => self.vision.as_ref(),
            Modality::Body => self.body.as_ref(),
        }
    }

    fn known(&self, modality: Modality) -> Result<&Branch> {
        self.branch(modality).ok_or(Error::NoEncoder(modality))
    }

    /// Which of [`EMOTIONS`](crate::EMOTIONS) a label set of a modality's branch speaks of.
    pub fn covered(&self, modality: Modality, set: &str) -> [bool; 8] {
        let found = self.branch(modality).and_then(|b| b.sets.iter().find(|s| s.name == set));
        std::array::from_fn(|i| found.is_some_and(|s| s.covered.get(i) == Some(&true)))
    }

    /// Whether a modality has an answer to a label set that means anything: it learned the set, or
    /// its classes are words that it can read.
    pub fn answers(&self, modality: Modality, set: &str) -> bool {
        self.branch(modality).is_some_and(|branch| {
            let found = branch.sets.iter().find(|own| own.name == set);
            found.is_some_and(|own| {
                branch.learned(set) || (self.words.is_some() && own.kind != LabelKind::Rating)
            })
        })
    }

    /// Encodes what is present.
    ///
    /// # Errors
    /// [`Error::NoEncoder`] for a modality that the model does not know, [`Error::Input`] for one
    /// of the wrong kind or size.
    pub fn view(&self, inputs: &PerModality<Input>) -> Result<Views> {
        Ok(Views { each: self.encode(inputs, &[])?, second: None })
    }

    /// Encodes both looks of a batch; with `sees` those modalities of it alone.
    ///
    /// # Errors
    /// Those of [`view`](Self::view).
    pub fn look(&self, batch: &Batch, sees: &[Modality]) -> Result<Views> {
        let each = self.encode(&batch.inputs, sees)?;
        let second = batch.second.as_ref().map(|inputs| self.encode(inputs, sees)).transpose()?;
        Ok(Views { each, second })
    }

    fn encode(
        &self,
        inputs: &PerModality<Input>,
        sees: &[Modality],
    ) -> Result<PerModality<Tensor<2>>> {
        let mut views = PerModality::none();
        for (modality, input) in inputs.iter() {
            if sees.is_empty() || sees.contains(&modality) {
                let encoder = &self.known(modality)?.encoder;
                views.insert(modality, encoder.forward(modality, input, self.trunk.as_ref())?);
            }
        }
        Ok(views)
    }

    /// One modality's view against the rows of a label set.
    ///
    /// # Shapes
    /// `[b, width]` -> `[b, classes]`.
    ///
    /// # Errors
    /// [`Error::NoHead`] where the set has no head.
    pub fn logits(&self, modality: Modality, view: &Tensor<2>, set: &str) -> Result<Tensor<2>> {
        let branch = self.known(modality)?;
        let place = branch.position(set)?;
        if let Some(added) = place.checked_sub(branch.trained()) {
            return Ok(branch.added[added].forward(view.clone()));
        }
        if let Some(words) = &self.words {
            let before = branch.sets[..place].iter().map(|set| set.classes.len()).sum();
            if let Some(Head::Rows(learned)) = branch.heads.get(place) {
                return words.beside(modality, view.clone(), before, learned);
            }
            let classes = branch.sets[place].classes.len();
            return Ok(words.forward(modality, view.clone())?.narrow(1, before, classes));
        }
        let head = branch.heads.get(place).ok_or(Error::NoEncoder(modality))?;
        Ok(head.forward(view.clone()))
    }

    /// One modality's view against word vectors, of names that no label set need hold.
    ///
    /// # Shapes
    /// `view` `[b, width]`, `rows` `[k, size]` -> `[b, k]`.
    ///
    /// # Errors
    /// [`Error::NoWords`] where the model's label rows are not words, [`Error::NoEncoder`] where it
    /// does not know the modality, [`Error::Key`] where `rows` are not of the recipe's size.
    pub fn unseen(
        &self,
        modality: Modality,
        view: &Tensor<2>,
        rows: &Tensor<2>,
    ) -> Result<Tensor<2>> {
        self.known(modality)?;
        self.words.as_ref().ok_or(Error::NoWords)?.unseen(modality, view.clone(), rows.clone())
    }

    /// The answer of all modalities together; `None` where the model has no fusion or a head for it
    /// that [was never trained](Self::fusion_untrained), or not enough of a clip is there.
    ///
    /// # Shapes
    /// Views `[b, width]` -> `[b, classes]`.
    ///
    /// # Errors
    /// Those of [`logits`](Self::logits).
    pub fn joint(&self, each: &PerModality<Tensor<2>>, set: &str) -> Result<Option<Tensor<2>>> {
        if self.fusion_untrained().is_some() { Ok(None) } else { self.fused(each, set) }
    }

    /// The modalities that the model has a head for together, where no clip of its training had
    /// all of them: what that head would say is noise.
    pub fn fusion_untrained(&self) -> Option<&[Modality]> {
        self.joint.as_ref().filter(|joint| joint.untrained).map(|joint| &*joint.order)
    }

    /// What [`joint`](Self::joint) answers, or will once it is trained.
    pub(crate) fn fused(
        &self,
        each: &PerModality<Tensor<2>>,
        set: &str,
    ) -> Result<Option<Tensor<2>>> {
        // What joins modalities was fitted to the sets of the recipe.
        let added = |(modality, _): (Modality, &Tensor<2>)| {
            let branch = self.branch(modality)?;
            let place = branch.position(set).ok()?;
            (place >= branch.trained()).then_some(())
        };
        if each.iter().any(|one| added(one).is_some()) {
            return Ok(None);
        }
        if let Some(joint) = &self.joint {
            let views: Option<Vec<_>> = joint.order.iter().map(|m| each.get(*m).cloned()).collect();
            let (Some(views), Some(first)) = (views, joint.order.first()) else { return Ok(None) };
            let place = self.known(*first)?.position(set)?;
            let head = joint.heads.get(place).ok_or(Error::NoEncoder(*first))?;
            return Ok(Some(head.forward(Tensor::cat(views, 1))));
        }
        let Some(fusion) = &self.fusion else { return Ok(None) };
        let mut scores = PerModality::none();
        for (modality, view) in each.iter() {
            scores.insert(modality, self.logits(modality, view, set)?);
        }
        if scores.iter().next().is_none() { Ok(None) } else { fusion.forward(&scores).map(Some) }
    }

    /// One modality's view in the label space shown to users: `[b, width]` -> `[b, 8]` logits.
    pub fn emotions(&self, modality: Modality, view: &Tensor<2>) -> Result<Tensor<2>> {
        self.logits(modality, view, SHARED)
    }

    /// The projection of a modality's view that a contrast compares: `[b, width]` -> `[b, out]`;
    /// `None` where the recipe builds none. By their cosine a clip is found in another modality.
    pub fn projection(&self, modality: Modality, view: &Tensor<2>) -> Option<Tensor<2>> {
        let projector = self.branch(modality)?.projector.as_ref()?;
        Some(projector.forward(view.clone()))
    }

    /// What a modality's view says its features are, and what they are.
    ///
    /// # Shapes
    /// `[b, width]` -> both `[b, size]`.
    ///
    /// # Errors
    /// Those of [`view`](Self::view).
    pub(crate) fn guess(
        &self,
        modality: Modality,
        view: &Tensor<2>,
        input: &Input,
    ) -> Result<Option<(Tensor<2>, Tensor<2>)>> {
        let branch = self.known(modality)?;
        let Some(stack) = &branch.reconstruction else { return Ok(None) };
        let (features, mask) = branch.encoder.guessed(modality, input)?;
        let target = crate::objective::PredictLoss::target(features, &mask);
        Ok(Some((stack.forward(view.clone()), target)))
    }
}
