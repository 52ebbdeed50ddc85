//! The model: a branch a modality, and nothing for a modality that is absent.

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Device, Tensor, TensorData};
use limbic_media::{Modality, PerModality};

use crate::encode::{
    Encoder,
    entry::{Entry, Standard},
};
use crate::labels::SHARED;
use crate::{EMOTIONS, Error, Head, Input, LabelKind, LabelSet, ModelConfig, Result};

/// One modality's encoder and its heads, one a label set; the shared set comes first.
#[derive(Module, Debug)]
pub struct Branch {
    pub(crate) encoder: Encoder,
    pub(crate) heads: Vec<Head>,
    #[module(skip)]
    pub(crate) sets: Vec<LabelSet>,
}

/// A branch a modality.
#[derive(Module, Debug, Default)]
pub struct Model {
    pub(crate) text: Option<Branch>,
    pub(crate) audio: Option<Branch>,
    pub(crate) vision: Option<Branch>,
    pub(crate) body: Option<Branch>,
}

/// What one forward pass saw.
#[derive(Debug, Clone)]
pub struct Views {
    /// `[b, width]` for each modality that is present.
    pub each: PerModality<Tensor<2>>,
}

impl ModelConfig {
    /// Builds a model with fresh weights: one head for the shared label space and one for each
    /// of `sets`, in every branch.
    pub fn init(&self, sets: &[LabelSet], device: &Device) -> Model {
        let shared = LabelSet {
            name: SHARED.to_owned(),
            kind: LabelKind::Class,
            classes: EMOTIONS.map(str::to_owned).to_vec(),
            covered: vec![true; EMOTIONS.len()],
        };
        let sets: Vec<LabelSet> = std::iter::once(shared).chain(sets.iter().cloned()).collect();
        let branch = |modality: Modality| {
            self.encoder.get(&modality).map(|encoder| Branch {
                encoder: encoder.init(self.width, device),
                heads: sets
                    .iter()
                    .map(|s| Head::new(self.width, s.classes.len(), device))
                    .collect(),
                sets: sets.clone(),
            })
        };
        Model {
            text: branch(Modality::Text),
            audio: branch(Modality::Audio),
            vision: branch(Modality::Vision),
            body: branch(Modality::Body),
        }
    }
}

impl Branch {
    /// The label sets that its heads answer to, the shared one first.
    pub fn sets(&self) -> &[LabelSet] {
        &self.sets
    }

    /// Which of [`EMOTIONS`] any corpus that it learned from speaks of.
    pub fn covered(&self) -> [bool; 8] {
        let mut covered = [false; 8];
        for set in self.sets.iter().skip(1) {
            for (all, one) in covered.iter_mut().zip(&set.covered) {
                *all |= one;
            }
        }
        covered
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

    /// Which of [`EMOTIONS`] a label set of a modality's branch speaks of.
    pub fn covered(&self, modality: Modality, set: &str) -> [bool; 8] {
        let found = self.branch(modality).and_then(|b| b.sets.iter().find(|s| s.name == set));
        std::array::from_fn(|i| found.is_some_and(|s| s.covered.get(i) == Some(&true)))
    }

    /// Encodes what is present.
    ///
    /// # Errors
    /// [`Error::NoEncoder`] for a modality that the model does not know, [`Error::Input`] for one
    /// of the wrong kind or size.
    pub fn view(&self, inputs: &PerModality<Input>) -> Result<Views> {
        let mut each = PerModality::none();
        for (modality, input) in inputs.iter() {
            let branch = self.branch(modality).ok_or(Error::NoEncoder(modality))?;
            each.insert(modality, branch.encoder.forward(modality, input)?);
        }
        Ok(Views { each })
    }

    /// One modality's view against the rows of a label set.
    ///
    /// # Shapes
    /// `[b, width]` -> `[b, classes]`.
    ///
    /// # Errors
    /// [`Error::NoHead`] where the set has no head.
    pub fn logits(&self, modality: Modality, view: &Tensor<2>, set: &str) -> Result<Tensor<2>> {
        let branch = self.branch(modality).ok_or(Error::NoEncoder(modality))?;
        let head = branch.sets.iter().position(|s| s.name == set).and_then(|i| branch.heads.get(i));
        let head = head.ok_or_else(|| Error::NoHead {
            set: set.to_owned(),
            known: branch.sets.iter().map(|s| s.name.as_str()).collect::<Vec<_>>().join(", "),
        })?;
        Ok(head.forward(view.clone()))
    }

    /// One modality's view in the label space shown to users: `[b, width]` -> `[b, 8]` logits.
    pub fn emotions(&self, modality: Modality, view: &Tensor<2>) -> Result<Tensor<2>> {
        self.logits(modality, view, SHARED)
    }

    /// Sets the statistics with which a series or picture input is standardised.
    #[must_use]
    pub fn standardised(mut self, modality: Modality, mean: &[f32], deviation: &[f32]) -> Self {
        let branch = match modality {
            Modality::Text => &mut self.text,
            Modality::Audio => &mut self.audio,
            Modality::Vision => &mut self.vision,
            Modality::Body => &mut self.body,
        };
        if let Some(branch) = branch {
            let standard = |device: &Device| Standard::new(mean, deviation, device);
            match &mut branch.encoder.entry {
                Entry::Series(entry) | Entry::Picture(entry) => {
                    *entry = standard(&entry.device());
                }
                Entry::Tokens(_) => {}
            }
        }
        self
    }

    /// Starts a token table from word vectors: `rows` holds `(token id, vector)`.
    #[must_use]
    pub fn with_word_vectors(mut self, rows: &[(usize, Vec<f32>)]) -> Self {
        if let Some(branch) = &mut self.text
            && let Entry::Tokens(table) = &mut branch.encoder.entry
        {
            let weight = table.weight.val();
            let ([rows_total, size], device) = (weight.dims(), weight.device());
            let mut values: Vec<f32> = weight.into_data().iter::<f32>().collect();
            for (id, vector) in rows {
                if let Some(row) = values.get_mut(id * size..(id + 1) * size) {
                    row.copy_from_slice(&vector[..size]);
                }
            }
            let data = TensorData::new(values, [rows_total, size]);
            table.weight = Param::from_tensor(Tensor::from_data(data, &device));
        }
        self
    }

    /// This model with the branches of another beside its own.
    #[must_use]
    pub fn joined(self, other: Self) -> Self {
        Self {
            text: self.text.or(other.text),
            audio: self.audio.or(other.audio),
            vision: self.vision.or(other.vision),
            body: self.body.or(other.body),
        }
    }

    /// Replaces every weight by what `mapper` makes of it.
    #[must_use]
    pub fn mapped(self, mapper: &mut impl ModuleMapper) -> Self {
        Module::map(self, mapper)
    }
}
