//! Features as Parquet: a row for each row of each matrix, with the columns `clip`, `extractor`,
//! `time` (centre, in seconds; empty where rows have no time) and `values` (a list of f32), and
//! the list of contents in the metadata. Arrow is not needed for that, so it is not used.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, FloatType};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::reader::{FileReader, RowGroupReader, SerializedFileReader};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;

use super::index::{Entry, KEY, list};
use super::{Stored, damaged};
use crate::replace::replace_file;
use crate::{Error, Result};

const SCHEMA: &str = "message features {
    required binary clip (utf8);
    required binary extractor (utf8);
    optional double time;
    required group values (list) { repeated group list { required float element; } }
}";

/// Numbers in a row group; a reader holds one at a time.
const GROUP: usize = 1 << 22;

/// Writes `items` to `path` as Parquet.
pub fn write_parquet(path: impl AsRef<Path>, items: &[Stored]) -> Result<()> {
    let path = path.as_ref();
    let contents = list(items)?;
    replace_file(path, |new| {
        let file = File::create_new(new).map_err(|e| Error::io(path, e))?;
        write(file, items, contents).map_err(|error| match error {
            ParquetError::External(source) => match source.downcast::<std::io::Error>() {
                Ok(source) => Error::io(path, *source),
                Err(other) => damaged(path, other),
            },
            other => damaged(path, other),
        })
    })
}

type Written = std::result::Result<(), ParquetError>;

fn write(file: File, items: &[Stored], contents: String) -> Written {
    let properties = WriterProperties::builder()
        .set_key_value_metadata(Some(vec![KeyValue::new(KEY.to_owned(), contents)]))
        .set_statistics_enabled(EnabledStatistics::None)
        .set_column_dictionary_enabled("time".into(), false)
        .set_column_dictionary_enabled("values.list.element".into(), false)
        .build();
    let schema = Arc::new(parse_message_type(SCHEMA)?);
    let mut writer = SerializedFileWriter::new(file, schema, Arc::new(properties))?;
    let mut rest = items;
    while !rest.is_empty() {
        let mut numbers = 0;
        let fits = rest.iter().take_while(|item| {
            let first = numbers == 0;
            numbers += item.features.data().len();
            first || numbers <= GROUP
        });
        let (group, later) = rest.split_at(fits.count());
        rest = later;
        let mut rows = writer.next_row_group()?;
        write_group(&mut rows, group)?;
        rows.close()?;
    }
    writer.close()?;
    Ok(())
}

fn write_group<W: std::io::Write + Send>(
    rows: &mut SerializedRowGroupWriter<'_, W>,
    items: &[Stored],
) -> Written {
    let texts = |text: fn(&Stored) -> &str| -> Vec<ByteArray> {
        let repeat = |item| {
            let cell = ByteArray::from(text(item).as_bytes().to_vec());
            std::iter::repeat_n(cell, item.features.len())
        };
        items.iter().flat_map(repeat).collect()
    };
    column::<ByteArrayType, W>(rows, &texts(|item| &item.clip), None, None)?;
    column::<ByteArrayType, W>(rows, &texts(|item| &item.extractor), None, None)?;
    let times: Vec<Option<f64>> = items
        .iter()
        .flat_map(|item| (0..item.features.len()).map(|row| item.features.time(row)))
        .collect();
    let given: Vec<i16> = times.iter().map(|time| i16::from(time.is_some())).collect();
    let times: Vec<f64> = times.into_iter().flatten().collect();
    column::<DoubleType, W>(rows, &times, Some(&given), None)?;
    let values: Vec<f32> = items.iter().flat_map(|item| item.features.data()).copied().collect();
    let levels = |item: &Stored| {
        let [rows, columns] = item.features.shape();
        (0..rows * columns).map(move |i| i16::from(i % columns != 0))
    };
    let repeated: Vec<i16> = items.iter().flat_map(levels).collect();
    let given = vec![1; values.len()];
    column::<FloatType, W>(rows, &values, Some(&given), Some(&repeated))
}

fn column<T: DataType, W: std::io::Write + Send>(
    rows: &mut SerializedRowGroupWriter<'_, W>,
    values: &[T::T],
    given: Option<&[i16]>,
    repeated: Option<&[i16]>,
) -> Written {
    let Some(mut column) = rows.next_column()? else {
        return Err(ParquetError::General("the schema has too few columns".to_owned()));
    };
    column.typed::<T>().write_batch(values, given, repeated)?;
    column.close()
}

/// Reads what [`write_parquet`] has written.
pub fn read_parquet(path: impl AsRef<Path>) -> Result<Vec<Stored>> {
    let path = path.as_ref();
    let file = File::open(path).map_err(|e| Error::io(path, e))?;
    // The decoder asserts what a damaged file can deny.
    catch_unwind(AssertUnwindSafe(|| read(file)))
        .unwrap_or_else(|_| Err("its parts contradict each other".to_owned()))
        .map_err(|reason| damaged(path, reason))
}

fn read(file: File) -> std::result::Result<Vec<Stored>, String> {
    let file = SerializedFileReader::new(file).map_err(|e| e.to_string())?;
    let metadata = file.metadata().file_metadata();
    let list = metadata.key_value_metadata().and_then(|pairs| pairs.iter().find(|p| p.key == KEY));
    let list = list.and_then(|pair| pair.value.as_ref()).ok_or("it holds no list of features")?;
    let entries: Vec<Entry> = serde_json::from_str(list).map_err(|e| e.to_string())?;
    let (mut clips, mut extractors, mut values) = (Vec::new(), Vec::new(), Vec::new());
    for group in 0..file.num_row_groups() {
        let rows = file.get_row_group(group).map_err(|e| e.to_string())?;
        read_column::<ByteArrayType>(&*rows, 0, &mut clips)?;
        read_column::<ByteArrayType>(&*rows, 1, &mut extractors)?;
        read_column::<FloatType>(&*rows, 3, &mut values)?;
    }
    let (mut row, mut number) = (0usize, 0usize);
    let mut items = Vec::with_capacity(entries.len());
    for entry in entries {
        let [t, d] = entry.shape;
        let odd = || format!("the rows of `{}` are not what the list says", entry.name());
        let rows = row..row.checked_add(t).ok_or_else(odd)?;
        let belongs = |cells: &[ByteArray], text: &str| {
            cells
                .get(rows.clone())
                .is_some_and(|rows| rows.iter().all(|c| c.data() == text.as_bytes()))
        };
        let end = t.checked_mul(d).and_then(|count| count.checked_add(number)).ok_or_else(odd)?;
        let data = values.get(number..end).ok_or_else(odd)?.to_vec();
        if !belongs(&clips, &entry.clip) || !belongs(&extractors, &entry.extractor) {
            return Err(odd());
        }
        (row, number) = (rows.end, end);
        items.push(entry.fill(data)?);
    }
    if row == clips.len() && number == values.len() {
        Ok(items)
    } else {
        Err("it has more rows than the list says".to_owned())
    }
}

fn read_column<T: DataType>(
    rows: &dyn RowGroupReader,
    index: usize,
    values: &mut Vec<T::T>,
) -> std::result::Result<(), String> {
    let other = || format!("column {index} is of another kind");
    if index >= rows.num_columns() {
        return Err(other());
    }
    let column = rows.metadata().column(index);
    let places = [column.data_page_offset(), column.compressed_size(), column.num_values()];
    let dictionary = column.dictionary_page_offset();
    if places.into_iter().chain(dictionary).any(|place| place < 0) {
        return Err(format!("column {index} lies outside of the file"));
    }
    let reader = rows.get_column_reader(index).map_err(|e| e.to_string())?;
    let mut reader = T::get_column_reader(reader).ok_or_else(other)?;
    let (mut given, mut repeated) = (Vec::new(), Vec::new());
    loop {
        let read = reader.read_records(GROUP, Some(&mut given), Some(&mut repeated), values);
        if read.map_err(|e| e.to_string())?.0 == 0 {
            return Ok(());
        }
        given.clear();
        repeated.clear();
    }
}
