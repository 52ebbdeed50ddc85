//! Splits as files of JSON lines with a hash.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;

use limbic_features::hash_bytes;
use serde::{Deserialize, Serialize};

use super::{Place, Split, SplitKind};
use crate::{Error, Result};

/// The first key of the first line of every split.
const FORMAT: &str = "limbic-split@1";

/// Bytes in one line; a clip's name is no book.
const LONGEST_LINE: u64 = 1 << 16;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    split: String,
    corpus: String,
    kind: SplitKind,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    seed: Option<u64>,
    hash: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    id: String,
    place: Place,
}

impl Split {
    /// The BLAKE3 hash of the corpus, the kind, the seed and where each clip belongs.
    pub fn hash(&self) -> String {
        let mut text = self.first_line("");
        text.push_str(&self.lines());
        hash_bytes(text.as_bytes()).to_hex().to_string()
    }

    /// Its lines, as they are in a file.
    pub fn text(&self) -> String {
        self.first_line(&self.hash()) + &self.lines()
    }

    /// Writes it as a file.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn write(&self, path: &Path) -> Result<()> {
        let text = self.text();
        let written = std::fs::File::create(path).and_then(|mut f| f.write_all(text.as_bytes()));
        written.map_err(Error::io(path))
    }

    /// Reads a file that [`Split::write`] wrote.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Corpus`] where a line does not parse, a clip is named twice, or the
    /// content has changed since the hash was written.
    pub fn read(path: &Path) -> Result<Self> {
        let file = std::fs::File::open(path).map_err(Error::io(path))?;
        let mut file = BufReader::new(file);
        let mut number = 0;
        let mut next = || -> Result<Option<String>> {
            number += 1;
            let mut line = String::new();
            let mut part = file.by_ref().take(LONGEST_LINE);
            match part.read_line(&mut line).map_err(Error::io(path))? {
                0 => Ok(None),
                length if length as u64 == LONGEST_LINE => {
                    Err(Error::corpus(path, format!("line {number} is too long for a split")))
                }
                _ => Ok(Some(line)),
            }
        };
        let no_split = || Error::corpus(path, "is no split; write one with `limbic data split`");
        let first = next()?.ok_or_else(no_split)?;
        let head: Head = serde_json::from_str(&first).map_err(|_| no_split())?;
        if head.split != FORMAT {
            return Err(no_split());
        }
        let mut clips = Vec::new();
        while let Some(line) = next()? {
            let bad = |error: serde_json::Error| {
                Error::corpus(path, format!("line {}: {error}", clips.len() + 2))
            };
            let Line { id, place } = serde_json::from_str(&line).map_err(bad)?;
            clips.push((id, place));
        }
        let split = Self::new(&head.corpus, head.kind, head.seed, clips)?;
        if split.hash() != head.hash {
            let reason = "has been changed since it was made: its clips no longer have the hash \
                          of its first line; make it again with `limbic data split`";
            return Err(Error::corpus(path, reason));
        }
        Ok(split)
    }

    fn first_line(&self, hash: &str) -> String {
        json(&Head {
            split: FORMAT.to_owned(),
            corpus: self.corpus.clone(),
            kind: self.kind,
            seed: self.seed,
            hash: hash.to_owned(),
        })
    }

    fn lines(&self) -> String {
        let line = |(id, place): (&String, &Place)| json(&Line { id: id.clone(), place: *place });
        self.places.iter().map(line).collect()
    }
}

/// One line.
fn json(value: &impl Serialize) -> String {
    let mut line = serde_json::to_string(value).expect("words and numbers always have a form");
    line.push('\n');
    line
}
