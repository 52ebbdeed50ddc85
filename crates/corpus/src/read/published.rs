//! Texts in the layouts that their authors publish.

mod dialogues;
mod sentences;

use std::path::{Path, PathBuf};

use super::texts::{DEV, fnv};
use crate::manifest::rows::Record;
use crate::{Card, Example, Label, Part, Result};

/// Reads a folder as the corpus of a card.
pub(crate) type Read = fn(&Path, &Card) -> Result<Vec<Example>>;

/// How to read a folder that looks like the corpus `name` in its authors' layout.
pub(crate) fn look(folder: &Path, name: &str) -> Option<Read> {
    let has = |file: &str| folder.join(file).is_file();
    let read: Read = match name {
        "goemotions" if has("train.tsv") && has("dev.tsv") => sentences::goemotions,
        "dair_emotion" if has("train.txt") && has("val.txt") => sentences::dair_emotion,
        "emobank" if has("emobank.csv") => sentences::emobank,
        "isear" if has("isear.csv") => sentences::isear,
        "meld" if has("train_sent_emo.csv") => dialogues::meld,
        "emorynlp" if has("emorynlp_train_final.csv") => dialogues::emorynlp_table,
        "emorynlp" if has("emotion-detection-trn.json") => dialogues::emorynlp_json,
        "empathetic_dialogues" if dialogues::is_empathetic(folder) => dialogues::empathetic,
        _ => return None,
    };
    Some(read)
}

/// A file of a corpus and its part. Without a test file the development part is scored on.
fn parts<const N: usize>(folder: &Path, files: [(&str, Part); N]) -> Vec<(PathBuf, Part)> {
    let present = files.into_iter().map(|(file, part)| (folder.join(file), part));
    let present: Vec<_> = present.filter(|(file, _)| file.is_file()).collect();
    let has_test = present.iter().any(|(_, part)| *part == Part::Valid);
    let part = |part| if part == Part::Dev && !has_test { Part::Valid } else { part };
    present.into_iter().map(|(file, own)| (file, part(own))).collect()
}

/// Where no part is left for choosing thresholds, a slice of the training part is kept for it.
fn keep_dev(mut examples: Vec<Example>) -> Vec<Example> {
    if !examples.iter().any(|example| example.part == Part::Dev) {
        let training = examples.iter_mut().filter(|example| example.part == Part::Train);
        for example in training.filter(|example| fnv(&example.id).is_multiple_of(DEV)) {
            example.part = Part::Dev;
        }
    }
    examples
}

/// The stem of a file, for names of clips.
fn stem(file: &Path) -> String {
    file.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned())
}

/// The row of a class in the card's own label set.
fn class(card: &Card, record: &Record<'_>, class: &str) -> Result<usize> {
    let map = &card.labels[0];
    let found = map.classes.iter().position(|(name, _)| name.eq_ignore_ascii_case(class));
    found.ok_or_else(|| record.bad(format!("`{class}` is not in labels/{}.toml", map.name)))
}

/// A label of one class.
fn one(card: &Card, record: &Record<'_>, name: &str) -> Result<Vec<Option<Label>>> {
    Ok(vec![Some(Label::Class(class(card, record, name)?))])
}
