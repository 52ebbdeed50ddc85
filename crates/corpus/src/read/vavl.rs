//! VAVL's partitions of CREMA-D (Goncalves et al. 2024): one table with the smoothed votes of those
//! who heard and saw each clip, its speaker and its part.

use std::path::{Path, PathBuf};

use super::naming;
use super::table::Table;
use crate::{Card, Corpus, Example, Label, Part, Result, known, labels};

/// The columns of the table for the classes of `labels/cremad_both.toml`, in their order.
const COLUMNS: [&str; 6] = ["angry", "disgust", "fear", "happy", "neutral", "sad"];

pub(crate) struct Vavl {
    file: PathBuf,
    card: Card,
}

/// Whether a file has the columns of such a table.
pub(crate) fn is(path: &Path) -> bool {
    let columns = ["FileName", "SpkrID", "Split_Set"].into_iter().chain(COLUMNS);
    path.extension().is_some_and(|e| e == "csv")
        && Table::open(path).is_ok_and(|table| columns.into_iter().all(|name| table.has(name)))
}

impl Vavl {
    pub(crate) fn open(file: PathBuf) -> Result<Self> {
        let mut card = known::card("cremad")?;
        card.title = format!("{}, as VAVL partitions it", card.title);
        card.citation = format!("{}; Goncalves et al. 2024", card.citation);
        card.traps = vec![
            "5,820 of 7,442 clips, those on which viewers agreed: easier than the whole".into(),
            "Votes are smoothed: 0.94 of their share, and 0.01 for every class".into(),
        ];
        card.counts.clear();
        card.labels = vec![labels("cremad_both")?];
        Ok(Self { file, card })
    }
}

impl Corpus for Vavl {
    fn examples(&self) -> Result<Vec<Example>> {
        let table = Table::read(&self.file)?;
        table
            .rows()
            .map(|row| {
                let file = row.get("FileName")?;
                let name = naming::cremad(Path::new(file)).ok_or_else(|| {
                    row.bad(&format!("`{file}` is not named like a clip of CREMA-D"))
                })?;
                let speaker = row.get("SpkrID")?;
                if speaker != name.speaker {
                    return Err(row.bad(&format!("`{file}` is not of speaker `{speaker}`")));
                }
                let part = match row.get("Split_Set")? {
                    "Train" => Part::Train,
                    "Development" => Part::Dev,
                    "Test" => Part::Valid,
                    other => return Err(row.bad(&format!("`{other}` is not a part"))),
                };
                let votes: Vec<f32> =
                    COLUMNS.iter().map(|column| row.number(column)).collect::<Result<_>>()?;
                if !votes.iter().all(|vote| (0.0..=1.0).contains(vote)) {
                    return Err(row.bad("votes are shares from 0 to 1"));
                }
                Ok(Example {
                    speaker: Some(name.speaker),
                    groups: name.groups,
                    labels: vec![Some(Label::Votes(votes))],
                    part,
                    ..Example::new(name.take)
                })
            })
            .collect()
    }

    fn card(&self) -> &Card {
        &self.card
    }
}
