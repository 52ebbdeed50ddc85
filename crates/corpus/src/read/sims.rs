//! CH-SIMS (Yu et al. 2020): a table of clips with a sentiment each for all of the clip and for
//! text, sound and film alone, and the films `Raw/VIDEO/CLIP.mp4`.

use std::path::{Path, PathBuf};

use crate::manifest::rows::{Record, each_as, shown};
use crate::manifest::separated::Format;
use crate::{Card, Corpus, Example, Label, Media, Part, Result};

/// The names that the table goes by.
const TABLES: [&str; 2] = ["meta.csv", "label.csv"];
/// The columns of the card's label sets.
const LABELS: [&str; 4] = ["label", "label_T", "label_A", "label_V"];

pub(crate) struct Sims {
    folder: PathBuf,
    card: Card,
}

impl Sims {
    pub(crate) fn new(card: Card, folder: PathBuf) -> Self {
        Self { folder, card }
    }

    fn example(&self, record: &Record<'_>) -> Result<Example> {
        let (video, clip) = (name(record, "video_id")?, name(record, "clip_id")?);
        let raw = self.folder.join("Raw").join(video);
        // Spreadsheets drop the zeros that file names have.
        let film = [raw.join(format!("{clip}.mp4")), raw.join(format!("{clip:0>4}.mp4"))];
        let film = film.iter().find(|film| film.is_file()).unwrap_or(&film[0]).clone();
        let text = record.under("text")?;
        let text = (!text.is_empty()).then(|| Media::Text(text.to_owned()));
        let part = match record.under("mode")? {
            "train" => Part::Train,
            "valid" => Part::Dev,
            "test" => Part::Valid,
            other => return Err(record.bad(format!("`{}` is no mode", shown(other)))),
        };
        Ok(Example {
            source: Some(video.to_owned()),
            media: [Media::Film(film)].into_iter().chain(text).collect(),
            labels: LABELS.iter().map(|column| rating(record, column)).collect::<Result<_>>()?,
            part,
            ..Example::new(format!("{video}$_${clip}"))
        })
    }
}

/// A cell that becomes part of a path.
fn name<'a>(record: &'a Record<'_>, column: &str) -> Result<&'a str> {
    let cell = record.under(column)?;
    if cell.is_empty() || cell == ".." || cell.contains(['/', '\\', '\0']) {
        return Err(record.bad(format!("`{}` under `{column}` is no name", shown(cell))));
    }
    Ok(cell)
}

fn rating(record: &Record<'_>, column: &str) -> Result<Option<Label>> {
    let cell = record.under(column)?;
    if cell.is_empty() {
        return Ok(None);
    }
    let rating = cell.parse::<f32>().ok().filter(|rating| (-1.0..=1.0).contains(rating));
    let reason = || format!("`{}` under `{column}` is not within -1 to 1", shown(cell));
    Ok(Some(Label::Rating(vec![rating.ok_or_else(|| record.bad(reason()))?])))
}

/// The table of a folder of CH-SIMS.
fn table(folder: &Path) -> Option<PathBuf> {
    TABLES.iter().map(|table| folder.join(table)).find(|table| table.is_file())
}

/// Whether a folder has the table and the films.
pub(crate) fn is(folder: &Path) -> bool {
    table(folder).is_some() && folder.join("Raw").is_dir()
}

impl Corpus for Sims {
    fn examples(&self) -> Result<Vec<Example>> {
        let table = table(&self.folder).unwrap_or_else(|| self.folder.join(TABLES[0]));
        let mut examples = Vec::new();
        each_as(&table, Format::CSV, &mut |record| {
            examples.push(self.example(record)?);
            Ok(())
        })?;
        Ok(examples)
    }

    fn card(&self) -> &Card {
        &self.card
    }
}
