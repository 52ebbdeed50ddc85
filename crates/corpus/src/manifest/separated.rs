//! Tables of text: `.csv` (commas or semicolons, quotes) and `.tsv` (tabs, no quotes).

use std::cell::Cell;
use std::io::Read;
use std::path::Path;
use std::rc::Rc;

use super::rows::{Limits, Record, Visit, ending, open_text};
use crate::{Error, Result};

/// Bytes of the first line that are looked at for what separates its cells.
const HEAD: u64 = 8192;

/// Fails where a row takes more bytes than it may: a quote that is never closed would make the
/// rest of the file one cell.
struct Metered<R> {
    inner: R,
    left: Rc<Cell<usize>>,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let left = self.left.get().checked_sub(read);
        self.left.set(left.ok_or_else(|| std::io::Error::other("too long"))?);
        Ok(read)
    }
}

/// How a table is written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Format {
    /// What stands between two cells.
    pub(crate) delimiter: u8,
    /// Whether a cell may be quoted.
    pub(crate) quotes: bool,
    /// Its columns, where its first line does not name them.
    pub(crate) columns: Option<&'static [&'static str]>,
    /// Whether a row may have more or fewer cells than there are columns.
    pub(crate) ragged: bool,
}

impl Format {
    /// Commas and quotes, or tabs, below a line of names.
    pub(crate) const CSV: Self =
        Self { delimiter: b',', quotes: true, columns: None, ragged: false };
    pub(crate) const TSV: Self =
        Self { delimiter: b'\t', quotes: false, columns: None, ragged: false };
}

pub(super) fn each(file: &Path, limits: Limits, visit: &mut Visit<'_>) -> Result<()> {
    if ending(file) == "tsv" {
        return each_as(file, Format::TSV, limits, visit);
    }
    let mut start = Vec::new();
    let opened = open_text(file)?;
    opened.take(HEAD).read_to_end(&mut start).map_err(Error::io(file))?;
    let format = Format { delimiter: delimiter(&start), ..Format::CSV };
    each_as(file, format, limits, visit)
}

/// Calls `visit` for each row of a table that is written in `format`.
pub(crate) fn each_as(
    file: &Path,
    format: Format,
    limits: Limits,
    visit: &mut Visit<'_>,
) -> Result<()> {
    let left = Rc::new(Cell::new(limits.row));
    let metered = Metered { inner: open_text(file)?, left: Rc::clone(&left) };
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(format.delimiter)
        .quoting(format.quotes)
        .flexible(format.ragged)
        .has_headers(format.columns.is_none())
        .from_reader(metered);
    let columns = match format.columns {
        Some(names) => names.iter().map(|name| (*name).to_owned()).collect(),
        None => header(file, limits, &mut reader)?,
    };
    let mut row = csv::ByteRecord::new();
    loop {
        left.set(limits.row);
        let line = reader.position().line();
        match reader.read_byte_record(&mut row) {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            Err(error) => return Err(refuse(file, line, &error)),
        }
        let number = row.position().map_or(line, csv::Position::line);
        let cells = row.iter().map(std::str::from_utf8).collect::<std::result::Result<_, _>>();
        let mut record =
            Record { file, unit: "line", number, columns: &columns, cells: Vec::new() };
        record.cells = cells.map_err(|_| record.bad("is not UTF-8; save the file as UTF-8"))?;
        if !format.ragged && row.len() != columns.len() {
            let reason =
                format!("{} cells, not {}: {}", row.len(), columns.len(), columns.join(", "));
            return Err(record.bad(reason));
        }
        visit(&record)?;
    }
}

/// What separates the cells of the first line. A table may come from a spreadsheet of a country
/// whose numbers have commas.
fn delimiter(start: &[u8]) -> u8 {
    let header = start.split(|byte| *byte == b'\n').next().unwrap_or_default();
    if header.contains(&b',') {
        return b',';
    }
    [b';', b'\t'].into_iter().find(|sign| header.contains(sign)).unwrap_or(b',')
}

fn header<R: Read>(
    file: &Path,
    limits: Limits,
    reader: &mut csv::Reader<R>,
) -> Result<Vec<String>> {
    let names = match reader.byte_headers() {
        Ok(names) => names,
        Err(error) => return Err(refuse(file, 1, &error)),
    };
    if names.len() > limits.columns {
        let reason = format!("line 1: more than {} columns; keep those of use", limits.columns);
        return Err(Error::corpus(file, reason));
    }
    let columns: Vec<String> =
        names.iter().map(|name| String::from_utf8_lossy(name).trim().to_owned()).collect();
    for (index, name) in columns.iter().enumerate() {
        let same = |other: &String| other.eq_ignore_ascii_case(name);
        if !name.is_empty() && columns[..index].iter().any(same) {
            let reason = format!("line 1: two columns are called `{name}`; rename one");
            return Err(Error::corpus(file, reason));
        }
    }
    Ok(columns)
}

fn refuse(file: &Path, line: u64, error: &csv::Error) -> Error {
    let reason = match error.kind() {
        csv::ErrorKind::UnequalLengths { pos, expected_len, len } => {
            let line = pos.as_ref().map_or(line, csv::Position::line);
            format!(
                "line {line}: {len} cells where the header has {expected_len}; \
                 quote cells that hold the separator"
            )
        }
        csv::ErrorKind::Io(_) => {
            format!("line {line}: the row is too long or cannot be read; is a quote left open?")
        }
        _ => format!("line {line}: {error}"),
    };
    Error::corpus(file, reason)
}
