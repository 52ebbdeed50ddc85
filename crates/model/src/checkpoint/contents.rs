//! What a checkpoint says of itself, without its weights.

use std::collections::BTreeMap;

use limbic_media::Modality;
use safetensors::SafeTensors;

use super::{Adapted, Checkpoint, WORD_VECTORS, bytes_of, header};
use crate::{Abstain, LabelKind, LabelSet, Recipe, Result};

/// What can be asked of a checkpoint.
#[derive(Debug, Clone)]
pub struct Contents {
    /// One recipe a modality.
    pub recipes: BTreeMap<Modality, Recipe>,
    /// The label sets that each modality's branch has an answer to: the shared one, those of its recipe, and those that
    /// came after training.
    pub sets: BTreeMap<Modality, Vec<LabelSet>>,
    /// The label set that readings speak of, where it is not the shared one.
    pub shown: Option<String>,
    /// From which probability each class of a yes/no label set counts as yes.
    pub thresholds: BTreeMap<String, Vec<f32>>,
    /// How it was bent to somebody's own labels, without the weights that undo it.
    pub adapted: Vec<Adapted>,
    /// When an answer is withheld.
    pub abstain: Option<Abstain>,
    /// Words with their vectors, as `limbic_features::WordVectors::to_bytes` writes them.
    pub word_vectors: Option<Vec<u8>>,
}

impl Checkpoint {
    /// Reads what a checkpoint holds; no weight is touched.
    ///
    /// # Errors
    /// [`Error::Checkpoint`](crate::Error::Checkpoint) naming `name` where the bytes are no
    /// checkpoint of ours.
    pub fn contents(name: &str, bytes: &[u8]) -> Result<Contents> {
        let mut header = header(name, bytes)?;
        for (modality, sets) in &mut header.sets {
            let words = header.recipes.get(modality).is_some_and(|r| r.model.head.words.is_some());
            let blank = header.blank.get(modality);
            sets.retain(|set| {
                let learned = blank.is_none_or(|blank| !blank.contains(&set.name));
                learned || (words && set.kind != LabelKind::Rating)
            });
        }
        for (modality, added) in header.added {
            let sets = header.sets.entry(modality).or_default();
            sets.extend(added.into_iter().map(|added| added.set));
        }
        let tensors = SafeTensors::deserialize(bytes).ok();
        Ok(Contents {
            recipes: header.recipes,
            sets: header.sets,
            shown: header.shown,
            thresholds: header.thresholds,
            adapted: header.adapted,
            abstain: header.abstain,
            word_vectors: tensors.and_then(|tensors| bytes_of(&tensors, WORD_VECTORS)),
        })
    }
}
