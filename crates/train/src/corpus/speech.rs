//! Acted speech: RAVDESS, EMO-DB and nEMO, each a folder of recordings with a manifest.

use std::path::PathBuf;

use super::table::Table;
use super::{Card, Corpus, Example, Label, Media, Part, labels};
use crate::Result;

/// How many folds speakers are dealt to where a corpus publishes none.
const FOLDS: usize = 5;

pub(super) struct Speech {
    folder: PathBuf,
    card: Card,
}

impl Speech {
    pub(super) fn new(name: &str, folder: PathBuf) -> Result<Self> {
        let (name, licence, citation) = match name {
            "ravdess" => ("ravdess", "CC BY-NC-SA 4.0", "Livingstone and Russo 2018"),
            "emodb" => ("emodb", "CC0 1.0", "Burkhardt et al. 2005"),
            _ => ("nemo", "CC BY-NC-SA 4.0", "Christop 2024"),
        };
        Ok(Self { folder, card: Card { name, licence, citation, labels: vec![labels(name)?] } })
    }
}

impl Corpus for Speech {
    fn examples(&self) -> Result<Vec<Example>> {
        let table = Table::read(&self.folder.join("manifest.csv"))?;
        let mut speakers: Vec<&str> =
            table.rows().map(|r| r.get("speaker")).collect::<Result<_>>()?;
        speakers.sort_unstable();
        speakers.dedup();
        let map = &self.card.labels[0];
        table
            .rows()
            .map(|row| {
                let (path, speaker, emotion) =
                    (row.get("path")?, row.get("speaker")?, row.get("emotion")?);
                let class = map.index(emotion).ok_or_else(|| {
                    row.bad(&format!("`{emotion}` is not in labels/{}.toml", map.name))
                })?;
                let fold = if self.card.name == "ravdess" {
                    Some(row.number("fold")?)
                } else {
                    speakers.iter().position(|s| *s == speaker).map(|index| index % FOLDS)
                };
                Ok(Example {
                    id: path.to_owned(),
                    speaker: Some(speaker.to_owned()),
                    media: Media::Audio(self.folder.join(path)),
                    labels: vec![Some(Label::Class(class))],
                    part: Part::Whole,
                    fold,
                })
            })
            .collect()
    }

    fn card(&self) -> &Card {
        &self.card
    }
}
