//! CMU-MOSI: film reviews with a sentiment, as the utterance vectors of the bc-LSTM papers.
//!
//! The text and video vectors come from networks that were trained on the labels of the
//! `bclstm_split` training part, so only that split is read: the other one would leak.

use std::path::PathBuf;
use std::sync::Arc;

use limbic_features::read_npy;

use super::table::Table;
use super::{Card, Corpus, Example, Label, Media, Part, maps};
use crate::{Error, Result};

/// The files of vectors and the names of their features.
const FILES: [(&str, &str); 3] =
    [("text", "mosi-text@1"), ("audio", "mosi-audio@1"), ("video", "mosi-video@1")];

pub(super) struct Mosi {
    folder: PathBuf,
    card: Card,
}

impl Mosi {
    pub(super) fn new(folder: PathBuf) -> Result<Self> {
        let card = Card {
            name: "mosi",
            licence: "research use; features MIT",
            citation: "Zadeh et al. 2016; Poria et al. 2017",
            labels: maps("mosi")?,
        };
        Ok(Self { folder, card })
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
                    Media::Vector(name, vector)
                });
                let words = Media::Text(row.get("transcript")?.to_owned());
                Ok(Example {
                    id: row.get("id")?.to_owned(),
                    speaker: Some(row.get("video")?.to_owned()),
                    media: own.chain([words]).collect(),
                    labels: vec![
                        Some(Label::Class(class)),
                        Some(Label::Rating(vec![sentiment / 3.0])),
                    ],
                    part,
                    fold: None,
                })
            })
            .collect()
    }

    fn card(&self) -> &Card {
        &self.card
    }
}
