//! JSON lines: an object a line. Lists and objects in it become their JSON text.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use serde_json::{Map, Value};

use super::rows::{Limits, Record, Visit, open_text, shown};
use crate::{Error, Result};

pub(super) fn each(file: &Path, limits: Limits, visit: &mut Visit<'_>) -> Result<()> {
    let mut reader = BufReader::new(open_text(file)?);
    let (mut columns, mut places) = (Vec::new(), HashMap::new());
    let (mut line, mut number) = (Vec::new(), 0);
    loop {
        line.clear();
        number += 1;
        let bad = |reason: String| Error::corpus(file, format!("line {number}: {reason}"));
        let most = limits.row as u64 + 1;
        let read = reader.by_ref().take(most).read_until(b'\n', &mut line);
        let read = read.map_err(Error::io(file))?;
        if read == 0 {
            return Ok(());
        }
        if read as u64 == most && line.last() != Some(&b'\n') {
            return Err(bad(format!("longer than {} bytes; cut it", limits.row)));
        }
        let text = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line).trim_ascii();
        if text.is_empty() {
            continue;
        }
        let object: Map<String, Value> = serde_json::from_slice(text)
            .map_err(|error| bad(format!("is no JSON object ({error}); give one a line")))?;
        let mut cells = vec![String::new(); columns.len()];
        for (name, value) in object {
            let place = *places.entry(name.to_lowercase()).or_insert_with(|| {
                columns.push(name.trim().to_owned());
                columns.len() - 1
            });
            if columns.len() > limits.columns {
                let reason = format!("more than {} keys; keep those of use", limits.columns);
                return Err(bad(reason));
            }
            cells.resize(columns.len(), String::new());
            if !cells[place].is_empty() {
                return Err(bad(format!("`{}` is there twice; keep one", shown(&name))));
            }
            cells[place] = cell(value);
        }
        let cells = cells.iter().map(String::as_str).collect();
        visit(&Record { file, unit: "line", number, columns: &columns, cells })?;
    }
}

fn cell(value: Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text,
        other => other.to_string(),
    }
}
