//! Label sets that a checkpoint never learned, asked for by the words of their classes (MTEE, Dai et
//! al. 2020, section 4).

use limbic::Limbic;
use limbic_corpus::{Example, LabelKind, LabelMap};
use limbic_media::Modality;

use super::Given;
use super::asked::Asked;
use super::readings::Reader;
use crate::cmd::named_model::NamedModel;
use crate::output::note;

/// The answers to every label set of one class a clip that no branch learned; nothing where the
/// checkpoint's labels are not words.
pub(super) fn ask(
    given: &Given,
    maps: &[LabelMap],
    examples: &[Example],
    (quick, quiet): (bool, bool),
    skipped: &mut Vec<String>,
) -> Vec<Asked> {
    let worded: Vec<Modality> = given
        .checkpoint
        .recipes
        .iter()
        .filter(|(_, recipe)| recipe.model.head.words.is_some())
        .map(|(modality, _)| *modality)
        .filter(|modality| limbic::Options::READABLE.contains(modality))
        .collect();
    if worded.is_empty() {
        return Vec::new();
    }
    let learned = |map: &LabelMap| {
        worded.iter().any(|modality| {
            given.checkpoint.model.branch(*modality).is_some_and(|branch| {
                branch.sets().iter().any(|set| set.name == map.name) && branch.learned(&map.name)
            })
        })
    };
    let unseen = maps.iter().enumerate().filter(|(_, map)| map.kind == LabelKind::Class);
    unseen
        .filter(|(_, map)| !learned(map))
        .flat_map(|(set, map)| match named(given, map) {
            Ok(limbic) => {
                let reader = Reader { limbic: &limbic, modalities: worded.clone(), quiet };
                reader.ask_by_words((set, map), examples, quick, skipped)
            }
            Err(error) => {
                note(&format!("{}: not asked by its words: {error}", map.name));
                Vec::new()
            }
        })
        .collect()
}

/// The checkpoint as a model whose readings speak of the classes of a label set.
fn named(given: &Given, map: &LabelMap) -> limbic::Result<Limbic> {
    let names: Vec<String> = map
        .classes
        .iter()
        .map(|(class, _)| match map.word(class) {
            word if word == class => class.clone(),
            words => format!("{class}={words}"),
        })
        .collect();
    NamedModel::reader(&given.name)?.with_emotions(&names.join(", "))
}
