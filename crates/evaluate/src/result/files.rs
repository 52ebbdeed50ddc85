//! Results as files: `result.json`, and the answers behind it as `answers.jsonl`.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Evaluation, SCHEMA};
use crate::{Answer, Error, Result};

/// Bytes that a result or a line of answers may have: far above any, and far below the memory.
const MOST: u64 = 256 << 20;

/// A line of `answers.jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Told {
    /// The label set.
    pub labels: String,
    /// What the model was shown, as [`super::Condition::inputs`].
    pub inputs: String,
    /// What was done to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<String>,
    /// What it said.
    pub answer: Answer,
}

impl Evaluation {
    /// `result.json`.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self)
            .map_err(|error| Error::format(path, error.to_string()))?;
        std::fs::write(path, text + "\n").map_err(Error::io(path))
    }

    /// Reads `result.json`.
    ///
    /// # Errors
    /// Where it is missing, no result, or one of another [`SCHEMA`].
    pub fn read(path: &Path) -> Result<Self> {
        #[derive(Deserialize)]
        struct Head {
            schema: String,
        }
        let mut text = String::new();
        let file = File::open(path).map_err(Error::io(path))?;
        let read = file.take(MOST).read_to_string(&mut text).map_err(Error::io(path))?;
        if read as u64 == MOST {
            return Err(Error::format(path, "is too large for a result"));
        }
        let Head { schema } = serde_json::from_str(&text)
            .map_err(|error| Error::format(path, format!("is no result: {error}")))?;
        if schema != SCHEMA {
            let reason = format!("is of schema `{schema}`, and this limbic reads {SCHEMA}");
            return Err(Error::format(path, reason));
        }
        serde_json::from_str(&text).map_err(|error| Error::format(path, error.to_string()))
    }
}

/// `answers.jsonl`, a line an answer.
///
/// # Errors
/// Where it cannot be written.
pub fn write_answers<'a>(path: &Path, answers: impl IntoIterator<Item = &'a Told>) -> Result<()> {
    let mut file = BufWriter::new(File::create(path).map_err(Error::io(path))?);
    for answer in answers {
        let line = serde_json::to_string(answer)
            .map_err(|error| Error::format(path, error.to_string()))?;
        writeln!(file, "{line}").map_err(Error::io(path))?;
    }
    file.flush().map_err(Error::io(path))
}

/// Reads `answers.jsonl`.
///
/// # Errors
/// Where it is missing, or a line is no answer; the message names the line.
pub fn read_answers(path: &Path) -> Result<Vec<Told>> {
    let mut file = BufReader::new(File::open(path).map_err(Error::io(path))?);
    let (mut all, mut line) = (Vec::new(), String::new());
    for number in 1usize.. {
        line.clear();
        let read = file.by_ref().take(MOST).read_line(&mut line).map_err(Error::io(path))?;
        if read == 0 {
            break;
        }
        let answer = serde_json::from_str(&line)
            .map_err(|error| Error::format(path, format!("line {number} is no answer: {error}")))?;
        all.push(answer);
    }
    Ok(all)
}
