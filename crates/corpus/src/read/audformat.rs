//! audformat databases: a header `db.yaml` with schemes, splits and tables, and a file
//! `db.TABLE.csv` a table, whose rows are files or stretches of files. Read are the columns of the
//! schemes `emotion`, `valence`, `arousal`, `dominance` and `speaker`, the names that the format's
//! conventions give them.

mod header;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use limbic_media::Span;

use self::header::{Header, place};
use super::table::{Row, Table};
use super::{acted, found};
use crate::{
    Card, Corpus, Error, Example, Label, LabelKind, LabelMap, Media, Objectivity, Part, Result,
};

/// The scheme of classes.
const EMOTION: &str = "emotion";
/// A file and the stretch of it that a row is about.
type Key = (String, Option<(u64, u64)>);

pub(crate) struct Audformat {
    folder: PathBuf,
    header: Header,
    /// The tables whose rows are the clips.
    tables: Vec<String>,
    card: Card,
}

/// Whether a file is a header, or a table with a header beside it.
pub(crate) fn is(path: &Path) -> bool {
    place(path).is_some()
}

impl Audformat {
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let (file, table) =
            place(path).ok_or_else(|| Error::corpus(path, "is no audformat database"))?;
        let header = Header::read(&file)?;
        let folder = file.parent().unwrap_or(Path::new("")).to_owned();
        let (tables, others) = match table {
            Some(table) if header.tables.contains_key(&table) => (vec![table], Vec::new()),
            Some(table) => {
                return Err(Error::corpus(&file, format!("does not know the table `{table}`")));
            }
            None => header.labelled(),
        };
        if tables.is_empty() {
            let reason = format!("no table has a column of the scheme `{EMOTION}` or of a rating");
            return Err(Error::corpus(&file, reason));
        }
        let card = found::card(&header.name, Vec::new());
        let mut own = Self { folder, header, tables, card };
        own.card.labels = own.labels()?;
        own.card = found::card(&own.header.name, std::mem::take(&mut own.card.labels));
        own.card.licence = own.header.license.clone().unwrap_or(own.card.licence);
        own.card.citation = own.header.author.clone().unwrap_or(own.card.citation);
        if !others.is_empty() {
            let trap =
                format!("Read is {}; other tables: {}", own.tables.join(", "), others.join(", "));
            own.card.traps.push(trap);
        }
        Ok(own)
    }

    fn table(&self, id: &str) -> Result<Table> {
        let file = format!("db.{id}.csv");
        let path = found::below(&self.folder, &file)
            .map_err(|reason| Error::corpus(&self.folder.join("db.yaml"), reason))?;
        if !path.is_file() {
            return Err(Error::corpus(&path, "is missing; save the tables of the database as csv"));
        }
        Table::read(&path)
    }

    fn labels(&self) -> Result<Vec<LabelMap>> {
        let mut words = BTreeSet::new();
        for id in &self.tables {
            let columns: Vec<&str> = self.header.tables[id].of(EMOTION).collect();
            if columns.is_empty() {
                continue;
            }
            for row in self.table(id)?.rows() {
                for column in &columns {
                    words.insert(row.get(column)?.to_owned());
                }
            }
        }
        words.remove("");
        let mut maps = Vec::new();
        if !words.is_empty() {
            let source = format!("the scheme `{EMOTION}` of the audformat database");
            maps.push(found::labels(&self.header.name, &words, &source));
        }
        let dimensions = self.header.dimensions(&self.tables);
        if !dimensions.is_empty() {
            let class = |(name, _, _): &(&str, f32, f32)| ((*name).to_owned(), String::new());
            maps.push(LabelMap {
                name: format!("{}_ratings", self.header.name),
                kind: LabelKind::Rating,
                target: Objectivity::Unstated,
                source: "ratings of the audformat database, rescaled to [-1, 1]".to_owned(),
                classes: dimensions.iter().map(class).collect(),
                words: BTreeMap::new(),
                merge: BTreeMap::new(),
            });
        }
        Ok(maps)
    }

    /// Who speaks in each file or stretch, from every table that says.
    fn speakers(&self) -> Result<HashMap<Key, String>> {
        let mut speakers = HashMap::new();
        for (id, header) in &self.header.tables {
            let Some(column) = header.of("speaker").next() else { continue };
            for row in self.table(id)?.rows() {
                let speaker = row.get(column)?;
                if !speaker.is_empty() {
                    speakers.insert(key(&row)?, speaker.to_owned());
                }
            }
        }
        Ok(speakers)
    }

    fn part(&self, id: &str) -> Part {
        let split = self.header.tables[id].split_id.as_deref();
        let kind = split.and_then(|split| self.header.splits.get(split)?.kind.as_deref());
        match kind.or(split) {
            Some("train") => Part::Train,
            Some("dev") => Part::Dev,
            Some("test") => Part::Valid,
            _ => Part::Whole,
        }
    }

    /// Adds what a row says to the labels of its clip.
    fn label(&self, row: &Row<'_>, id: &str, labels: &mut [Option<Label>]) -> Result<()> {
        let header = &self.header.tables[id];
        for (map, label) in self.card.labels.iter().zip(labels) {
            if map.kind == LabelKind::Rating {
                let dimensions = self.header.dimensions(&self.tables);
                let mut ratings = Vec::new();
                for (name, low, high) in dimensions {
                    let Some(column) = header.of(name).next() else { continue };
                    if row.get(column)?.is_empty() {
                        continue;
                    }
                    let rating: f32 = row.number(column)?;
                    if !(low..=high).contains(&rating) {
                        return Err(row.bad(&format!("`{name}` goes from {low} to {high}")));
                    }
                    ratings.push((rating - low) / (high - low) * 2.0 - 1.0);
                }
                // A label set needs all of its dimensions.
                *label = (ratings.len() == map.classes.len()).then_some(Label::Rating(ratings));
                continue;
            }
            let columns: Vec<&str> = header.of(EMOTION).collect();
            let mut votes = vec![0.0; map.classes.len()];
            for column in &columns {
                if let Some(class) = map.index(row.get(column)?) {
                    votes[class] += 1.0;
                }
            }
            let first = votes.iter().position(|vote| *vote > 0.0);
            *label = match columns.len() {
                0 | 1 => first.map(Label::Class),
                _ => first.map(|_| Label::Votes(votes)),
            };
        }
        Ok(())
    }
}

/// The file and stretch of a row.
fn key(row: &Row<'_>) -> Result<Key> {
    Ok((row.get("file")?.to_owned(), span(row)?.map(|s| (s.start.to_bits(), s.end.to_bits()))))
}

/// The stretch of a row of a segmented table; none of a whole file or without an end.
fn span(row: &Row<'_>) -> Result<Option<Span>> {
    let (Ok(start), Ok(end)) = (row.get("start"), row.get("end")) else { return Ok(None) };
    if end.is_empty() || end == "NaT" {
        return Ok(None);
    }
    let time = |cell: &str| seconds(cell).ok_or_else(|| row.bad(&format!("`{cell}` is no time")));
    let span = Span::new(time(start)?, time(end)?);
    if span.duration() <= 0.0 {
        return Err(row.bad("the stretch ends before it starts"));
    }
    Ok(Some(span))
}

/// Seconds of a time such as `0 days 00:00:02.100000`, `00:00:02.1` or `2.1`.
fn seconds(cell: &str) -> Option<f64> {
    let (days, clock) = match cell.split_once(" days ") {
        Some((days, clock)) => (days.trim().parse().ok()?, clock),
        None => (0.0, cell),
    };
    let mut total: f64 = 0.0;
    for part in clock.split(':') {
        let part: f64 = part.trim().parse().ok()?;
        total = total * 60.0 + part;
    }
    let total = days * 86_400.0 + total;
    (total.is_finite() && total >= 0.0).then_some(total)
}

impl Corpus for Audformat {
    fn examples(&self) -> Result<Vec<Example>> {
        let speakers = self.speakers()?;
        let mut examples = Vec::new();
        let mut seen = std::collections::HashSet::new();
        for id in &self.tables {
            let part = self.part(id);
            for row in self.table(id)?.rows() {
                let key = key(&row)?;
                if !seen.insert(key.clone()) {
                    return Err(row.bad(&format!("`{}` for the second time", key.0)));
                }
                let span = span(&row)?;
                let path = found::below(&self.folder, &key.0).map_err(|reason| row.bad(&reason))?;
                let film = acted::medium(&path).is_some_and(|(film, _)| film);
                let mut labels = vec![None; self.card.labels.len()];
                self.label(&row, id, &mut labels)?;
                let whole = (key.0.clone(), None);
                let speaker = speakers.get(&key).or_else(|| speakers.get(&whole)).cloned();
                let stretch = span.map(|span| format!("#{}-{}", span.start, span.end));
                examples.push(Example {
                    speaker,
                    source: span.map(|_| key.0.clone()),
                    span,
                    media: vec![if film { Media::Film(path) } else { Media::Audio(path) }],
                    labels,
                    part,
                    ..Example::new(format!("{}{}", key.0, stretch.unwrap_or_default()))
                });
            }
        }
        Ok(examples)
    }

    fn card(&self) -> &Card {
        &self.card
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_pandas_writes_them() {
        for (cell, wanted) in [
            ("0 days 00:00:02.100000", Some(2.1)),
            ("1 days 01:01:01", Some(86_400.0 + 3_661.0)),
            ("00:01:00", Some(60.0)),
            ("2.5", Some(2.5)),
            ("-1 days +23:59:59", None),
            ("NaN", None),
            ("soon", None),
        ] {
            assert_eq!(seconds(cell), wanted, "{cell}");
        }
    }
}
