//! Lists that bring their own words for classes and say neither what these count as nor whose
//! judgement they are.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use super::spelling;
use crate::{Card, EMOTIONS, LabelKind, LabelMap, Objectivity};

/// A label set of the words that a list has, in the order of the alphabet. A word counts as the
/// emotion that it is a usual spelling of, or as none.
pub(crate) fn labels(name: &str, words: &BTreeSet<String>, source: &str) -> LabelMap {
    let counts = |word: &String| {
        let emotion = spelling::emotion(word).filter(|emotion| EMOTIONS.contains(emotion));
        (word.clone(), emotion.unwrap_or_default().to_owned())
    };
    LabelMap {
        name: name.to_owned(),
        kind: LabelKind::Class,
        target: Objectivity::Unstated,
        source: format!("{source}; words count as the emotion that they are a usual spelling of"),
        classes: words.iter().map(counts).collect(),
        words: std::collections::BTreeMap::default(),
        merge: std::collections::BTreeMap::default(),
    }
}

/// A card of a list with what everyone must know of its labels.
pub(crate) fn card(name: &str, maps: Vec<LabelMap>) -> Card {
    let mut card = Card::new(name, maps);
    card.traps.push("The list does not say whose judgement its labels are".to_owned());
    let unmapped = card.labels.iter().filter(|map| map.kind == LabelKind::Class);
    let unmapped = unmapped.flat_map(|map| &map.classes).filter(|(_, emotion)| emotion.is_empty());
    let words: Vec<&str> = unmapped.map(|(word, _)| word.as_str()).collect();
    if !words.is_empty() {
        card.traps.push(format!("Counted as no emotion: {}", words.join(", ")));
    }
    card
}

/// A file below a folder.
///
/// # Errors
/// The reason where the path leads out of the folder.
pub(crate) fn below(folder: &Path, path: &str) -> std::result::Result<PathBuf, String> {
    let inside = |part| matches!(part, Component::Normal(_) | Component::CurDir);
    if path.is_empty() || !Path::new(path).components().all(inside) {
        return Err(format!("`{path}` leads out of the folder of the list"));
    }
    Ok(folder.join(path))
}
