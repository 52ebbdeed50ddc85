//! Tables with a header line, separated by commas or tabs.

use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// A table in memory, its columns found by name.
pub(crate) struct Table {
    path: PathBuf,
    columns: csv::StringRecord,
    rows: Vec<csv::StringRecord>,
}

/// One row of a table.
pub(crate) struct Row<'a> {
    table: &'a Table,
    number: usize,
}

impl Table {
    /// Reads a `.csv` (commas, quotes) or `.tsv` (tabs, no quotes) file.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        Self::take(path, usize::MAX)
    }

    fn take(path: &Path, count: usize) -> Result<Self> {
        let tabs = path.extension().is_some_and(|e| e == "tsv");
        let bad = |error: csv::Error| Error::corpus(path, error.to_string());
        let file = std::fs::File::open(path).map_err(Error::io(path))?;
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(if tabs { b'\t' } else { b',' })
            .quoting(!tabs)
            .from_reader(std::io::BufReader::new(file));
        let columns = reader.headers().map_err(bad)?.clone();
        let rows =
            reader.records().take(count).collect::<std::result::Result<_, _>>().map_err(bad)?;
        Ok(Self { path: path.to_owned(), columns, rows })
    }

    /// The head of a table and its first row, without reading more.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        Self::take(path, 1)
    }

    /// Whether there is a column of that name.
    pub(crate) fn has(&self, column: &str) -> bool {
        self.columns.iter().any(|own| own == column)
    }

    /// The first row.
    pub(crate) fn first(&self) -> Option<Row<'_>> {
        self.rows().next()
    }

    pub(crate) fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        (0..self.rows.len()).map(|number| Row { table: self, number })
    }
}

impl<'a> Row<'a> {
    /// The cell under `column`.
    pub(crate) fn get(&self, column: &str) -> Result<&'a str> {
        let index = self.table.columns.iter().position(|c| c == column);
        let cell = index.and_then(|i| self.table.rows[self.number].get(i));
        cell.ok_or_else(|| self.bad(&format!("there is no column `{column}`")))
    }

    /// The cells under every column whose name `wanted` accepts, in the table's order, as
    /// numbers.
    pub(crate) fn numbers<T: std::str::FromStr>(&self, wanted: fn(&str) -> bool) -> Result<Vec<T>> {
        let columns = self.table.columns.iter().filter(|column| wanted(column));
        columns.map(|column| self.number(column)).collect()
    }

    /// The cell under `column` as a number.
    pub(crate) fn number<T: std::str::FromStr>(&self, column: &str) -> Result<T> {
        let cell = self.get(column)?;
        cell.parse().map_err(|_| self.bad(&format!("`{cell}` under `{column}` is not a number")))
    }

    /// What is wrong with this row, with its line.
    pub(crate) fn bad(&self, reason: &str) -> Error {
        Error::corpus(&self.table.path, format!("line {}: {reason}", self.number + 2))
    }

    /// Number of the row, from 0.
    pub(crate) const fn index(&self) -> usize {
        self.number
    }
}
