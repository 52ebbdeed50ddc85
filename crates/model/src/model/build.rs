//! A model from its recipe.

use burn::tensor::Device;
use limbic_media::{Modality, PerModality};

use super::{Branch, Joint, Model};
use crate::SHARED;
use crate::fusion::LateFusion;
use crate::project::ProjectorConfig;
use crate::trunk::Trunk;
use crate::{EMOTIONS, Fusion, Head, InputConfig, LabelKind, LabelSet, ModelConfig, TrunkKind};

impl ModelConfig {
    /// Builds a model with fresh weights: one head for the shared label space and one for each
    /// of `sets`, in every branch. Rows of words are zeros until
    /// [`Model::with_class_vectors`] fills them.
    pub fn init(&self, sets: &[LabelSet], device: &Device) -> Model {
        let shared = LabelSet {
            name: SHARED.to_owned(),
            kind: LabelKind::Class,
            classes: EMOTIONS.map(str::to_owned).to_vec(),
            covered: vec![true; EMOTIONS.len()],
        };
        let sets: Vec<LabelSet> = std::iter::once(shared).chain(sets.iter().cloned()).collect();
        let mut model = Model {
            text: self.branch(Modality::Text, &sets, device),
            audio: self.branch(Modality::Audio, &sets, device),
            vision: self.branch(Modality::Vision, &sets, device),
            body: self.branch(Modality::Body, &sets, device),
            ..Model::default()
        };
        model.trunk = match &self.trunk {
            TrunkKind::None {} => None,
            TrunkKind::Shared(trunk) => Some(trunk.init(self.width, device)),
            TrunkKind::Dense(trunk) => Some(Trunk::of_views(trunk.init(self.width, device))),
        };
        let order = self.order();
        match &self.fusion {
            Fusion::None {} => {}
            Fusion::Late {} => model.fusion = Some(LateFusion::new(&order, device)),
            Fusion::Concat { .. } => {
                let size = order.iter().map(|modality| self.width(*modality)).sum();
                let heads = self.heads(size, self.width, &sets, device);
                model.joint = Some(Joint { heads, order, untrained: false });
            }
        }
        if let Some(words) = &self.head.words {
            let classes = sets.iter().map(|set| set.classes.len()).sum();
            let widths: PerModality<usize> =
                self.encoder.keys().map(|modality| (*modality, self.width(*modality))).collect();
            model.words = Some(words.empty(&widths, classes, device));
        }
        model
    }

    fn branch(&self, modality: Modality, sets: &[LabelSet], device: &Device) -> Option<Branch> {
        let encoder = self.encoder.get(&modality)?;
        let width = self.width(modality);
        let size = match encoder.input {
            InputConfig::Series { size, .. } => Some(size),
            _ => None,
        };
        Some(Branch {
            encoder: encoder.init(width, device),
            heads: match &self.head.words {
                Some(words) if words.offset.is_none() => Vec::new(),
                _ => self.heads(width, width, sets, device),
            },
            projector: self
                .projector
                .map(|config| ProjectorConfig { size: width, ..config }.init(device)),
            reconstruction: self
                .reconstruction
                .zip(size)
                .map(|(config, size)| config.init(width, size, device)),
            added: Vec::new(),
            sets: sets.to_vec(),
            blank: Vec::new(),
        })
    }

    fn heads(&self, size: usize, width: usize, sets: &[LabelSet], device: &Device) -> Vec<Head> {
        let head = |set: &LabelSet| Head::new(&self.head, size, width, set.classes.len(), device);
        sets.iter().map(head).collect()
    }
}
