//! Texts with emotion labels: GoEmotions, MELD, ISEAR, DAIR emotion and EmoBank, as tables.

use std::path::PathBuf;

use super::table::{Row, Table};
use super::{Card, Corpus, Example, Label, Media, Part, maps};
use crate::Result;

/// One training text in this many is kept for choosing thresholds.
const DEV: u64 = 20;
/// One ISEAR writer in this many is kept for scoring, since the corpus has no official parts.
const ISEAR_VALID: u64 = 10;

pub(super) struct Texts {
    folder: PathBuf,
    card: Card,
}

impl Texts {
    pub(super) fn new(name: &str, folder: PathBuf) -> Result<Self> {
        let (name, licence, citation) = match name {
            "goemotions" => ("goemotions", "CC BY 4.0", "Demszky et al. 2020"),
            "meld" => ("meld", "GPL-3.0", "Poria et al. 2019"),
            "isear" => ("isear", "free for research", "Scherer and Wallbott 1994"),
            "dair_emotion" => ("dair_emotion", "education and research", "Saravia et al. 2018"),
            _ => ("emobank", "CC BY-SA 4.0", "Buechel and Hahn 2017"),
        };
        Ok(Self { folder, card: Card { name, licence, citation, labels: maps(name)? } })
    }

    fn label(&self, row: &Row<'_>) -> Result<Label> {
        let map = &self.card.labels[0];
        let index = |class: &str| {
            map.index(class)
                .ok_or_else(|| row.bad(&format!("`{class}` is not in labels/{}.toml", map.name)))
        };
        match self.card.name {
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

impl Corpus for Texts {
    fn examples(&self) -> Result<Vec<Example>> {
        let files: &[(&str, Part)] = match self.card.name {
            "isear" => &[("isear", Part::Whole)],
            _ => &[("train", Part::Train), ("valid", Part::Valid)],
        };
        let mut examples = Vec::new();
        for (file, official) in files {
            let table = Table::read(&self.folder.join(format!("{file}.tsv")))?;
            for row in table.rows() {
                let speaker = match self.card.name {
                    "isear" => Some(row.get("subject")?.to_owned()),
                    "meld" => Some(row.get("speaker")?.to_owned()),
                    _ => None,
                };
                let id = format!("{file}:{}", row.index());
                let part = match official {
                    Part::Train if fnv(&id).is_multiple_of(DEV) => Part::Dev,
                    Part::Whole => match &speaker {
                        Some(writer) if fnv(writer).is_multiple_of(ISEAR_VALID) => Part::Valid,
                        _ => Part::Train,
                    },
                    other => *other,
                };
                examples.push(Example {
                    id,
                    speaker,
                    media: vec![Media::Text(row.get("text")?.to_owned())],
                    labels: vec![Some(self.label(&row)?)],
                    part,
                    fold: None,
                });
            }
        }
        Ok(examples)
    }

    fn card(&self) -> &Card {
        &self.card
    }
}

/// FNV-1a: a hash that stays the same on every machine and in every version.
fn fnv(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
