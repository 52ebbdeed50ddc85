//! Parquet tables without Arrow, row by row. Columns of lists are read only where they may be
//! labels or votes, so a table may hold embeddings beside them.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use parquet::schema::types::Type;
use serde_json::Value;

use super::columns::Meaning;
use super::rows::{Limits, Record, Visit};
use crate::{Error, Result};

pub(super) fn each(file: &Path, limits: Limits, visit: &mut Visit<'_>) -> Result<()> {
    let opened = File::open(file).map_err(Error::io(file))?;
    let size = opened.metadata().map_err(Error::io(file))?.len();
    if size == 0 {
        return Err(Error::corpus(file, "is empty; give it a row for each clip"));
    }
    // The decoder asserts what a damaged file can deny.
    let read = catch_unwind(AssertUnwindSafe(|| walk(file, opened, size, limits, visit)));
    read.unwrap_or_else(|_| Err(damaged(file, "its parts contradict each other")))
}

fn damaged(file: &Path, reason: impl std::fmt::Display) -> Error {
    Error::corpus(file, format!("is no sound Parquet file ({reason}); write it anew"))
}

fn walk(file: &Path, opened: File, size: u64, limits: Limits, visit: &mut Visit<'_>) -> Result<()> {
    let bad = |error: parquet::errors::ParquetError| damaged(file, error);
    let reader = SerializedFileReader::new(opened).map_err(bad)?;
    check(file, size, limits, reader.metadata())?;
    let schema = reader.metadata().file_metadata().schema().clone();
    let fields: Vec<Arc<Type>> =
        schema.get_fields().iter().filter(|field| wanted(field)).cloned().collect();
    let columns: Vec<String> = fields.iter().map(|field| field.name().to_owned()).collect();
    let wanted = Type::group_type_builder(schema.name()).with_fields(fields).build();
    let rows = reader.get_row_iter(Some(wanted.map_err(bad)?)).map_err(bad)?;
    for (number, row) in (1..).zip(rows) {
        let row = row.map_err(bad)?;
        let cells: Vec<String> = row.get_column_iter().map(|(_, field)| cell(field)).collect();
        let cells = cells.iter().map(String::as_str).collect();
        visit(&Record { file, unit: "row", number, columns: &columns, cells })?;
    }
    Ok(())
}

/// Whether a column may be of use.
fn wanted(field: &Type) -> bool {
    let many = matches!(Meaning::of(field.name()), Some(Meaning::Labels | Meaning::Votes));
    field.is_primitive() || many
}

/// Refuses what the list of contents says of itself before any of it is read.
fn check(file: &Path, size: u64, limits: Limits, metadata: &ParquetMetaData) -> Result<()> {
    let rows = metadata.file_metadata().num_rows();
    if u64::try_from(rows).is_ok_and(|rows| rows > limits.rows) {
        let reason = format!("has more than {} rows; split it into several", limits.rows);
        return Err(Error::corpus(file, reason));
    }
    if metadata.file_metadata().schema_descr().num_columns() > limits.columns {
        let reason = format!("has more than {} columns; keep those of use", limits.columns);
        return Err(Error::corpus(file, reason));
    }
    for column in metadata.row_groups().iter().flat_map(RowGroupMetaData::columns) {
        let packed = column.compression();
        if !matches!(packed, Compression::UNCOMPRESSED | Compression::SNAPPY) {
            let reason = format!(
                "column `{}` is packed with {}; write the file with snappy or without \
                 compression (pandas: compression=None)",
                column.column_path(),
                column.compression()
            );
            return Err(Error::corpus(file, reason));
        }
        let start = column.dictionary_page_offset().unwrap_or(column.data_page_offset());
        let end = start.checked_add(column.compressed_size());
        let inside = |end: i64| u64::try_from(end).is_ok_and(|end| end <= size);
        if start < 0 || column.compressed_size() < 0 || column.num_values() < 0 {
            return Err(damaged(file, format!("`{}` lies outside of it", column.column_path())));
        }
        if !end.is_some_and(inside) {
            return Err(damaged(file, format!("`{}` lies outside of it", column.column_path())));
        }
    }
    Ok(())
}

fn cell(field: &Field) -> String {
    match json(field) {
        Value::Null => String::new(),
        Value::String(text) => text,
        other => other.to_string(),
    }
}

/// A value as JSON; a number that JSON has no word for becomes its text.
fn json(field: &Field) -> Value {
    match field {
        Field::Null => Value::Null,
        Field::Bytes(bytes) => std::str::from_utf8(bytes.data()).map_or(Value::Null, Value::from),
        Field::Bool(value) => Value::Bool(*value),
        Field::Str(text) => Value::String(text.clone()),
        Field::Float16(number) => Value::String(number.to_string()),
        Field::Float(number) => Value::String(number.to_string()),
        Field::Double(number) => Value::String(number.to_string()),
        Field::ListInternal(list) => list.elements().iter().map(json).collect(),
        Field::MapInternal(map) => {
            let pair = |(key, value): &(Field, Field)| (cell(key), json(value));
            Value::Object(map.entries().iter().map(pair).collect())
        }
        Field::Group(row) => {
            let pair = |(name, value): (&String, &Field)| (name.clone(), json(value));
            Value::Object(row.get_column_iter().map(pair).collect())
        }
        other => Value::String(other.to_string()),
    }
}
