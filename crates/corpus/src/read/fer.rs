//! FER2013 faces with their original label and the ten FER+ votes. Pictures come as two idx3
//! files (big-endian magic 0x0803, count, height, width, bytes), packed with xz.

pub(crate) mod kaggle;

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::lines::bad;
use super::table::Table;
use crate::{Card, Corpus, Error, Example, Label, Media, Part, Result};

/// Side of a picture in pixels.
const SIDE: usize = 48;

pub(crate) struct Fer {
    folder: PathBuf,
    card: Card,
}

impl Fer {
    pub(crate) fn new(card: Card, folder: PathBuf) -> Self {
        Self { folder, card }
    }

    fn pictures(&self, part: &str) -> Result<Vec<Arc<[u8]>>> {
        let path = self.folder.join(format!("fer2013_{part}_48x48.idx3-ubyte.xz"));
        let file = std::fs::File::open(&path).map_err(Error::io(&path))?;
        let mut reader = lzma_rust2::XzReader::new(std::io::BufReader::new(file), false);
        let mut head = [0; 16];
        reader.read_exact(&mut head).map_err(Error::io(&path))?;
        let word = |i: usize| u32::from_be_bytes([head[i], head[i + 1], head[i + 2], head[i + 3]]);
        if (word(0), word(8) as usize, word(12) as usize) != (0x0803, SIDE, SIDE) {
            return Err(Error::corpus(&path, "is not an idx3 file of 48x48 pictures"));
        }
        (0..word(4)).map(|_| picture(&mut reader, &path)).collect()
    }
}

/// Whether a folder holds the two packed files.
pub(crate) fn is(folder: &Path) -> bool {
    folder.join("fer2013_train_48x48.idx3-ubyte.xz").is_file()
}

/// Votes without those that only one of the ten cast: these are taken for slips, as the authors of
/// FER+ do. None are left of pictures that FER+ dropped.
fn dropped_slips(votes: Vec<f32>) -> Option<Label> {
    let votes: Vec<f32> =
        votes.into_iter().map(|vote| if vote > 1.0 { vote } else { 0.0 }).collect();
    votes.iter().any(|vote| *vote > 0.0).then_some(Label::Votes(votes))
}

fn picture(reader: &mut impl Read, path: &Path) -> Result<Arc<[u8]>> {
    let mut pixels = vec![0; SIDE * SIDE];
    reader.read_exact(&mut pixels).map_err(Error::io(path))?;
    Ok(pixels.into())
}

impl Corpus for Fer {
    fn examples(&self) -> Result<Vec<Example>> {
        let table = Table::read(&self.folder.join("manifest.tsv"))?;
        let (train, valid) = (self.pictures("train")?, self.pictures("valid")?);
        let (map, votes_map) = (&self.card.labels[0], &self.card.labels[1]);
        table
            .rows()
            .map(|row| {
                let (pictures, part) = match row.get("split")? {
                    "train" => (&train, Part::Train),
                    "valid" => (&valid, Part::Valid),
                    other => return Err(row.bad(&format!("`{other}` is not a split"))),
                };
                let pixels = pictures.get(row.number::<usize>("row")?);
                let pixels = pixels.ok_or_else(|| row.bad("there is no such picture"))?;
                let label = row.get("label")?;
                let class = map.index(label).ok_or_else(|| row.bad(&format!("`{label}`?")))?;
                // Pictures that FER+ dropped have no votes.
                let votes = votes_map
                    .classes
                    .iter()
                    .map(|(class, _)| match format!("ferplus_{class}") {
                        column if row.get(&column)?.is_empty() => Ok(0.0),
                        column => row.number(&column),
                    })
                    .collect::<Result<Vec<f32>>>()?;
                Ok(Example {
                    media: vec![Media::Face(Arc::clone(pixels), SIDE)],
                    labels: vec![Some(Label::Class(class)), dropped_slips(votes)],
                    part,
                    ..Example::new(row.get("id")?)
                })
            })
            .collect()
    }

    fn card(&self) -> &Card {
        &self.card
    }
}
