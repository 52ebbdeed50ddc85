//! Texts with emotion labels: GoEmotions, MELD, EmoryNLP, EmpatheticDialogues, ISEAR, DAIR emotion
//! and EmoBank, as tables of one kind; in their authors' layouts by [`published`].

use std::path::{Path, PathBuf};

use super::published::{self, Read};
use super::table::{Row, Table};
use crate::{Card, Corpus, Example, Label, Media, Part, Result};

/// One training text in this many is kept for choosing thresholds.
pub(super) const DEV: u64 = 20;
/// One ISEAR writer in this many is kept for scoring, since the corpus has no official parts.
pub(super) const ISEAR_VALID: u64 = 10;

pub(crate) struct Texts {
    folder: PathBuf,
    card: Card,
    /// How to read it where it is in its authors' layout.
    published: Option<Read>,
}

impl Texts {
    pub(crate) fn new(card: Card, folder: PathBuf) -> Self {
        let published = published::look(&folder, &card.name);
        Self { folder, card, published }
    }

    fn label(&self, row: &Row<'_>) -> Result<Label> {
        let map = &self.card.labels[0];
        let index = |class: &str| {
            map.index(class)
                .ok_or_else(|| row.bad(&format!("`{class}` is not in labels/{}.toml", map.name)))
        };
        match self.card.name.as_str() {
            "goemotions" => {
                row.get("labels")?.split(',').map(index).collect::<Result<_>>().map(Label::Multi)
            }
            "emobank" => ["V", "A", "D"]
                .iter()
                .map(|column| Ok((row.number::<f32>(column)? - 3.0) / 2.0))
                .collect::<Result<_>>()
                .map(Label::Rating),
            _ => Ok(Label::Class(index(row.get("emotion")?)?)),
        }
    }
}

/// Whether a folder is a corpus as its authors publish it, or bears its name and holds its tables.
pub(crate) fn is(folder: &Path, name: &str) -> bool {
    if published::look(folder, name).is_some() {
        return true;
    }
    let file = if name == "isear" { "isear.tsv" } else { "valid.tsv" };
    folder.file_name().is_some_and(|own| own == name) && folder.join(file).is_file()
}

impl Corpus for Texts {
    fn examples(&self) -> Result<Vec<Example>> {
        if let Some(read) = self.published {
            return read(&self.folder, &self.card);
        }
        let files: &[(&str, Part)] = match self.card.name.as_str() {
            "isear" => &[("isear", Part::Whole)],
            "emorynlp" => &[("train", Part::Train), ("valid", Part::Dev), ("test", Part::Valid)],
            "empathetic_dialogues" => &[("valid", Part::Valid)],
            _ => &[("train", Part::Train), ("valid", Part::Valid)],
        };
        let mut examples = Vec::new();
        for (file, official) in files {
            let table = Table::read(&self.folder.join(format!("{file}.tsv")))?;
            for row in table.rows() {
                let speaker = match self.card.name.as_str() {
                    "isear" => Some(row.get("subject")?.to_owned()),
                    "meld" | "emorynlp" => Some(row.get("speaker")?.to_owned()),
                    _ => None,
                };
                let dialogue = match self.card.name.as_str() {
                    "meld" | "empathetic_dialogues" => {
                        Some(format!("{file}:{}", row.get("dialogue")?))
                    }
                    "emorynlp" => Some(scene(&row)?),
                    _ => None,
                };
                let text = match self.card.name.as_str() {
                    "empathetic_dialogues" => "first_utterance",
                    _ => "text",
                };
                let id = format!("{file}:{}", row.index());
                let part = match official {
                    // EmoryNLP has a part for that.
                    Part::Train if self.card.name == "emorynlp" => Part::Train,
                    Part::Train if fnv(&id).is_multiple_of(DEV) => Part::Dev,
                    Part::Whole => match &speaker {
                        Some(writer) if fnv(writer).is_multiple_of(ISEAR_VALID) => Part::Valid,
                        _ => Part::Train,
                    },
                    other => *other,
                };
                examples.push(Example {
                    speaker,
                    dialogue,
                    media: vec![Media::Text(row.get(text)?.to_owned())],
                    labels: vec![Some(self.label(&row)?)],
                    part,
                    ..Example::new(id)
                });
            }
        }
        Ok(examples)
    }

    fn card(&self) -> &Card {
        &self.card
    }
}

/// The scene of a television series that a row is a line of.
fn scene(row: &Row<'_>) -> Result<String> {
    let [season, episode, scene] = ["season", "episode", "scene"].map(|column| row.get(column));
    Ok(format!("s{}e{}c{}", season?, episode?, scene?))
}

/// FNV-1a: a hash that stays the same on every machine and in every version.
pub(super) fn fnv(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
