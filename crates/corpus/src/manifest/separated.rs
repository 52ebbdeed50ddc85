//! Tables of text: `.csv` (commas or semicolons, quotes) and `.tsv` (tabs, no quotes).

use std::cell::Cell;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::rc::Rc;

use super::rows::{Limits, Record, Visit, ending, open_text};
use crate::{Error, Result};

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

pub(super) fn each(file: &Path, limits: Limits, visit: &mut Visit<'_>) -> Result<()> {
    let tabs = ending(file) == "tsv";
    let left = Rc::new(Cell::new(limits.row));
    let opened = Metered { inner: open_text(file)?, left: Rc::clone(&left) };
    let mut buffered = BufReader::new(opened);
    let start = buffered.fill_buf().map_err(Error::io(file))?;
    let delimiter = if tabs { b'\t' } else { delimiter(start) };
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).quoting(!tabs).from_reader(buffered);
    let columns = header(file, limits, &mut reader)?;
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
        record.cells = cells.map_err(|_| record.bad("is not UTF-8; save the manifest as UTF-8"))?;
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
