//! FER2013 as Kaggle hands it out: one table `fer2013.csv` of pixels, with FER+ votes in
//! `fer2013new.csv` beside it, or one folder a part and class.

use std::path::{Path, PathBuf};

use super::{SIDE, dropped_slips};
use crate::read::acted::pictures;
use crate::read::spelling;
use crate::read::table::Table;
use crate::{Card, Corpus, Error, Example, Label, Media, Part, Result};

/// The pixels, in the order of the publication.
const TABLE: &str = "fer2013.csv";
/// The votes, row by row for the same pictures.
const VOTES: &str = "fer2013new.csv";

pub(crate) struct Kaggle {
    folder: PathBuf,
    card: Card,
}

/// Whether a folder holds the table, or the folders of two parts.
pub(crate) fn is(folder: &Path) -> bool {
    let part = |part: &str| folder.join(part).join("angry").is_dir();
    folder.join(TABLE).is_file() || (part("train") && part("test"))
}

impl Kaggle {
    pub(crate) fn new(card: Card, folder: PathBuf) -> Self {
        Self { folder, card }
    }

    /// The votes for every row of the table; none where FER+ is not there.
    fn votes(&self) -> Result<Option<Vec<Option<Label>>>> {
        let path = self.folder.join(VOTES);
        if !path.is_file() {
            return Ok(None);
        }
        let classes = &self.card.labels[1].classes;
        let table = Table::read(&path)?;
        let votes = table.rows().map(|row| {
            let votes =
                classes.iter().map(|(class, _)| row.number(class)).collect::<Result<_>>()?;
            Ok(dropped_slips(votes))
        });
        votes.collect::<Result<_>>().map(Some)
    }

    /// Row by row: the table is twice as large as all of its pictures.
    fn table(&self, path: &Path) -> Result<Vec<Example>> {
        let votes = self.votes()?;
        let mut reader = csv::Reader::from_path(path).map_err(|error| failed(path, &error))?;
        let columns = reader.headers().map_err(|error| failed(path, &error))?;
        let columns: Vec<String> = columns.iter().map(|column| column.trim().to_owned()).collect();
        let place = |name: &str| columns.iter().position(|column| column == name);
        let wanted = (place("emotion"), place("pixels"), place("Usage"));
        let (Some(emotion), Some(pixels), Some(usage)) = wanted else {
            return Err(Error::corpus(path, "has no columns emotion, pixels and Usage"));
        };
        let mut examples = Vec::new();
        for (row, record) in reader.records().enumerate() {
            let record = record.map_err(|error| failed(path, &error))?;
            let cell = |column: usize| record.get(column).unwrap_or_default().trim();
            let picture = self.picture(cell(emotion), cell(pixels), cell(usage));
            let mut example = picture.map_err(|reason| super::bad(path, row + 2, &reason))?;
            example.id = format!("fer{row:07}");
            if let Some(votes) = &votes {
                let none =
                    || Error::corpus(&self.folder.join(VOTES), "has fewer rows than pictures");
                example.labels[1].clone_from(votes.get(row).ok_or_else(none)?);
            }
            examples.push(example);
        }
        Ok(examples)
    }

    fn picture(
        &self,
        emotion: &str,
        pixels: &str,
        usage: &str,
    ) -> std::result::Result<Example, String> {
        let classes = self.card.labels[0].classes.len();
        let class = emotion.parse().ok().filter(|class| *class < classes);
        let class =
            class.ok_or_else(|| format!("emotion `{emotion}` is no number below {classes}"))?;
        let part = part(usage).ok_or_else(|| format!("`{usage}` is not a part"))?;
        let grey: Option<Vec<u8>> = pixels.split(' ').map(|pixel| pixel.parse().ok()).collect();
        let grey = grey.filter(|grey| grey.len() == SIDE * SIDE);
        let grey = grey.ok_or_else(|| format!("pixels are not {SIDE}x{SIDE} numbers up to 255"))?;
        Ok(Example {
            media: vec![Media::Face(grey.into(), SIDE)],
            labels: vec![Some(Label::Class(class)), None],
            part,
            ..Example::new("")
        })
    }

    /// One folder a part and class. The part is in the name of a picture, too, and tells the two
    /// official test parts apart.
    fn folders(&self) -> Result<Vec<Example>> {
        let map = &self.card.labels[0];
        let mut examples = Vec::new();
        for (folder, whole) in [("train", Part::Train), ("test", Part::Valid)] {
            for picture in pictures(&self.folder.join(folder)) {
                let path = picture?;
                let class = path.parent().and_then(Path::file_name).and_then(|name| name.to_str());
                let class = class.unwrap_or_default();
                let index = spelling::class(map, class).ok_or_else(|| {
                    Error::corpus(&path, format!("`{class}` is not in labels/{}.toml", map.name))
                })?;
                let id = path.strip_prefix(&self.folder).unwrap_or(&path).display().to_string();
                let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
                let named = stem.split_once('_').and_then(|(usage, _)| part(usage));
                examples.push(Example {
                    media: vec![Media::Image(path)],
                    labels: vec![Some(Label::Class(index)), None],
                    part: named.unwrap_or(whole),
                    ..Example::new(id)
                });
            }
        }
        Ok(examples)
    }
}

/// The part by the publication's word. The public part chose among models, the private part
/// scored them.
fn part(usage: &str) -> Option<Part> {
    match usage {
        "Training" => Some(Part::Train),
        "PublicTest" => Some(Part::Dev),
        "PrivateTest" => Some(Part::Valid),
        _ => None,
    }
}

fn failed(path: &Path, error: &csv::Error) -> Error {
    Error::corpus(path, error.to_string())
}

impl Corpus for Kaggle {
    fn examples(&self) -> Result<Vec<Example>> {
        let table = self.folder.join(TABLE);
        if table.is_file() { self.table(&table) } else { self.folders() }
    }

    fn card(&self) -> &Card {
        &self.card
    }
}
