//! The rows of a manifest, one at a time, whatever its format.

use std::io::Read;
use std::path::Path;

use super::separated::Format;
use super::{lines, parquet, separated};
use crate::{Error, Result};

/// How much of a manifest is read at most.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Rows.
    pub(crate) rows: u64,
    /// Bytes of one cell.
    pub(crate) cell: usize,
    /// Bytes of one row before it is taken apart.
    pub(crate) row: usize,
    /// Columns.
    pub(crate) columns: usize,
    /// Bytes that its clips may take in memory.
    pub(crate) held: u64,
}

impl Limits {
    pub(crate) const USUAL: Self =
        Self { rows: 2_000_000, cell: 1 << 20, row: 4 << 20, columns: 1024, held: 3 << 30 };
}

/// One row.
pub(crate) struct Record<'a> {
    pub(crate) file: &'a Path,
    /// What its number counts.
    pub(crate) unit: &'static str,
    pub(crate) number: u64,
    pub(crate) columns: &'a [String],
    /// As many as there are columns, or fewer where the last ones are empty.
    pub(crate) cells: Vec<&'a str>,
}

impl Record<'_> {
    /// The cell under a name, without the blanks around it.
    ///
    /// # Errors
    /// Where there is no such column.
    pub(crate) fn under(&self, column: &str) -> Result<&str> {
        let place = self.columns.iter().position(|name| name == column);
        let cell = place.and_then(|place| self.cells.get(place)).map(|cell| cell.trim());
        cell.ok_or_else(|| self.bad(format!("there is no column `{column}`")))
    }

    /// The cell of a column without the blanks around it; `None` where it is empty.
    pub(crate) fn get(&self, column: usize) -> Option<&str> {
        self.cells.get(column).map(|cell| cell.trim()).filter(|cell| !cell.is_empty())
    }

    pub(crate) fn bad(&self, reason: impl std::fmt::Display) -> Error {
        Error::corpus(self.file, format!("{} {}: {reason}", self.unit, self.number))
    }
}

/// What a reader does with each row.
pub(crate) type Visit<'a> = dyn FnMut(&Record<'_>) -> Result<()> + 'a;

/// The endings of manifests.
pub(crate) const ENDINGS: [&str; 5] = ["csv", "tsv", "jsonl", "ndjson", "parquet"];

/// Calls `visit` for each row of a manifest, and refuses what exceeds `limits`.
pub(crate) fn each(file: &Path, limits: Limits, visit: &mut Visit<'_>) -> Result<()> {
    within(file, limits, visit, |visit| match ending(file).as_str() {
        "parquet" => parquet::each(file, limits, visit),
        "jsonl" | "ndjson" => lines::each(file, limits, visit),
        "csv" | "tsv" => separated::each(file, limits, visit),
        _ => {
            let known = ENDINGS.map(|ending| format!(".{ending}")).join(", ");
            Err(Error::corpus(file, format!("is no manifest; give {known} or a folder")))
        }
    })
}

/// Calls `visit` for each row of a table that is written in `format`, within the usual limits.
pub(crate) fn each_as(file: &Path, format: Format, visit: &mut Visit<'_>) -> Result<()> {
    let limits = Limits::USUAL;
    within(file, limits, visit, |visit| separated::each_as(file, format, limits, visit))
}

fn within(
    file: &Path,
    limits: Limits,
    visit: &mut Visit<'_>,
    read: impl FnOnce(&mut Visit<'_>) -> Result<()>,
) -> Result<()> {
    let mut rows = 0;
    read(&mut |record| {
        rows += 1;
        if rows > limits.rows {
            let reason = format!("has more than {} rows; split it into several", limits.rows);
            return Err(Error::corpus(file, reason));
        }
        if let Some(long) = record.cells.iter().position(|cell| cell.len() > limits.cell) {
            let column = record.columns.get(long).map_or("", String::as_str);
            let reason = format!(
                "`{}` is longer than {} bytes; put long texts into files or cut them",
                shown(column),
                limits.cell
            );
            return Err(record.bad(reason));
        }
        visit(record)
    })?;
    if rows == 0 {
        return Err(Error::corpus(file, "has no rows; give each clip a row"));
    }
    Ok(())
}

/// The ending of a file name in lower case.
pub(crate) fn ending(path: &Path) -> String {
    path.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase).unwrap_or_default()
}

/// The start of a text, short enough for a sentence.
pub(crate) fn shown(text: &str) -> String {
    let mut letters = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let start: String = letters.by_ref().take(60).collect();
    if letters.next().is_some() { format!("{start}...") } else { start }
}

/// Opens a file of text, and refuses one that is empty, binary or UTF-16.
pub(crate) fn open_text(file: &Path) -> Result<std::fs::File> {
    let mut opened = std::fs::File::open(file).map_err(Error::io(file))?;
    let mut start = Vec::new();
    opened.by_ref().take(4096).read_to_end(&mut start).map_err(Error::io(file))?;
    let reason = match start.as_slice() {
        [] => "is empty; give it a header and a row for each clip",
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "is UTF-16; save it as UTF-8",
        bytes if bytes.contains(&0) => "is binary and no table; save it as text in UTF-8",
        _ => {
            std::io::Seek::rewind(&mut opened).map_err(Error::io(file))?;
            return Ok(opened);
        }
    };
    Err(Error::corpus(file, reason))
}
