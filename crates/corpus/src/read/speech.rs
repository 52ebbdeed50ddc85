//! Acted speech: RAVDESS, EMO-DB and nEMO, each a folder of recordings with a manifest. RAVDESS
//! has the face of the same take beside the voice, as the means of `OpenFace`'s action units, and
//! the film of the take where it was downloaded.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::table::{Row, Table};
use crate::{Card, Corpus, Example, Label, Media, Result};

/// The table that lists the recordings.
pub(crate) const MANIFEST: &str = "manifest.csv";

/// How many folds speakers are dealt to where a corpus publishes none.
const FOLDS: usize = 5;

/// The means of 17 intensities and 18 presences of facial action units (Baltrusaitis et al. 2018).
const ACTION_UNITS: usize = 35;

pub(crate) struct Speech {
    folder: PathBuf,
    card: Card,
}

impl Speech {
    pub(crate) fn new(card: Card, folder: PathBuf) -> Self {
        Self { folder, card }
    }

    /// Action units by the stem of the recording; none where they were not downloaded.
    fn faces(&self) -> Result<HashMap<String, Arc<[f32]>>> {
        let path = self.folder.join("face/openface_au_mean.csv");
        if self.card.name != "ravdess" || !path.exists() {
            return Ok(HashMap::new());
        }
        let table = Table::read(&path)?;
        let face = |row: Row<'_>| {
            let units = row.numbers(|column| column.starts_with("AU"))?;
            if units.len() != ACTION_UNITS {
                let found = units.len();
                return Err(row.bad(&format!("{found} action units, not {ACTION_UNITS}")));
            }
            Ok((row.get("audio_stem")?.to_owned(), units.into()))
        };
        table.rows().map(face).collect()
    }

    /// Films by the path of their recording; none where they were not downloaded.
    fn films(&self) -> Result<HashMap<String, PathBuf>> {
        let path = self.folder.join("video_manifest.csv");
        if !path.exists() {
            return Ok(HashMap::new());
        }
        let table = Table::read(&path)?;
        let film = |row: Row<'_>| {
            Ok((row.get("audio_path")?.to_owned(), self.folder.join(row.get("path")?)))
        };
        table.rows().map(film).collect()
    }
}

/// Whether a folder has the manifest of the corpus `name`.
pub(crate) fn is(folder: &Path, name: &str) -> bool {
    let Ok(table) = Table::open(&folder.join(MANIFEST)) else { return false };
    let first = table.first();
    first.is_some_and(|row| row.get("dataset").is_ok_and(|dataset| dataset == name))
}

impl Corpus for Speech {
    fn examples(&self) -> Result<Vec<Example>> {
        let table = Table::read(&self.folder.join(MANIFEST))?;
        let mut speakers: Vec<&str> =
            table.rows().map(|r| r.get("speaker")).collect::<Result<_>>()?;
        speakers.sort_unstable();
        speakers.dedup();
        let map = &self.card.labels[0];
        let (faces, films) = (self.faces()?, self.films()?);
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
                let recording = self.folder.join(path);
                let stem = recording.file_stem().and_then(|stem| stem.to_str());
                let face = stem.and_then(|stem| faces.get(stem)).map(Arc::clone);
                let face = face.map(|units| Media::Vector("action-units@1".into(), units));
                let film = films.get(path).map(|film| Media::Film(film.clone()));
                let recording = std::iter::once(Media::Audio(recording));
                Ok(Example {
                    speaker: Some(speaker.to_owned()),
                    media: recording.chain(face).chain(film).collect(),
                    labels: vec![Some(Label::Class(class))],
                    fold,
                    ..Example::new(path)
                })
            })
            .collect()
    }

    fn card(&self) -> &Card {
        &self.card
    }
}
