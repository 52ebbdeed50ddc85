//! CMU-MOSI: film reviews with a sentiment, as the utterance vectors of the bc-LSTM papers.
//!
//! The text and video vectors come from networks that were trained on the labels of the
//! `bclstm_split` training part, so only that split is read: the other one would leak.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use limbic_features::read_npy;

use super::table::Table;
use crate::{Card, Corpus, Error, Example, Label, Media, Part, Result};

/// The files of vectors and the names of their features.
const FILES: [(&str, &str); 3] =
    [("text", "mosi-text@1"), ("audio", "mosi-audio@1"), ("video", "mosi-video@1")];

pub(crate) struct Mosi {
    folder: PathBuf,
    card: Card,
}

impl Mosi {
    pub(crate) fn new(card: Card, folder: PathBuf) -> Self {
        Self { folder, card }
    }

    /// One vector a row of the manifest.
    fn vectors(&self, file: &str, rows: usize) -> Result<Vec<Arc<[f32]>>> {
        let path = self.folder.join(format!("{file}.npy"));
        let ([found, size], numbers) = read_npy(&path)?;
        if found != rows || size == 0 {
            return Err(Error::corpus(&path, format!("has {found} rows, manifest.tsv {rows}")));
        }
        Ok(numbers.chunks_exact(size).map(Arc::from).collect())
    }
}

/// Whether a folder holds the utterance vectors.
pub(crate) fn is(folder: &Path) -> bool {
    FILES.iter().all(|(file, _)| folder.join(format!("{file}.npy")).is_file())
        && folder.join("manifest.tsv").is_file()
}

impl Corpus for Mosi {
    fn examples(&self) -> Result<Vec<Example>> {
        let table = Table::read(&self.folder.join("manifest.tsv"))?;
        let rows = table.rows().count();
        let vectors = FILES
            .iter()
            .map(|(file, name)| Ok((*name, self.vectors(file, rows)?)))
            .collect::<Result<Vec<_>>>()?;
        table
            .rows()
            .map(|row| {
                let part = match row.get("bclstm_split")? {
                    "train" => Part::Train,
                    "test" => Part::Valid,
                    other => return Err(row.bad(&format!("`{other}` is not a split"))),
                };
                let class: usize = row.number("label_binary")?;
                if class > 1 {
                    return Err(row.bad(&format!("`{class}` is neither 0 nor 1")));
                }
                let sentiment: f32 = row.number("sentiment")?;
                let own = vectors.iter().map(|(name, all)| {
                    let vector = Arc::clone(&all[row.index()]);
                    Media::Vector((*name).into(), vector)
                });
                let words = Media::Text(row.get("transcript")?.to_owned());
                Ok(Example {
                    source: Some(row.get("video")?.to_owned()),
                    speaker: Some(row.get("video")?.to_owned()),
                    media: own.chain([words]).collect(),
                    labels: vec![
                        Some(Label::Class(class)),
                        Some(Label::Rating(vec![sentiment / 3.0])),
                    ],
                    part,
                    groups: row
                        .get("cmu_split")
                        .map(|split| ("cmu_split".to_owned(), split.to_owned()))
                        .into_iter()
                        .collect(),
                    ..Example::new(row.get("id")?)
                })
            })
            .collect()
    }

    fn card(&self) -> &Card {
        &self.card
    }
}
