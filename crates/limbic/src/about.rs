//! What can be asked of a model.

use std::path::Path;

use limbic_media::Modality;
use limbic_model::Contents;

use crate::options::Options;

/// What can be asked of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// The model's file without folder and ending; `limbic` for the one in the program.
    pub name: String,
    /// What it reads.
    pub modalities: Vec<Modality>,
    /// The label sets that readings can speak of, in the order of their names.
    pub sets: Vec<String>,
    /// Whether readings can speak of emotions by their words.
    pub words: bool,
}

impl About {
    pub(crate) fn new(name: &str, contents: &Contents) -> Self {
        let stem = Path::new(name).file_stem().map_or_else(|| name.into(), |s| s.to_string_lossy());
        let reads = |modality: &Modality| contents.recipes.contains_key(modality);
        let sets = contents.sets.values().flatten().map(|set| set.name.clone());
        let mut sets: Vec<String> = sets.collect();
        sets.sort();
        sets.dedup();
        let rows = contents.recipes.values().any(|recipe| recipe.model.head.words.is_some());
        Self {
            name: stem.into_owned(),
            modalities: Options::READABLE.into_iter().filter(reads).collect(),
            sets,
            words: rows && contents.word_vectors.is_some(),
        }
    }
}
