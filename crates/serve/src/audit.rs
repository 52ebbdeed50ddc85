//! A log of what the server was used for, without any content: no names of files, no words, no
//! readings, no addresses. One JSON object a line.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;

use crate::error::{Error, Result};

/// A log of this many bytes is put aside as `NAME.1`, in place of the one before.
const LONGEST: u64 = 32 << 20;

/// Something that is worth an entry.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub(crate) enum Event<'a> {
    /// The server began.
    Start {
        /// What it was declared to be for.
        purpose: Option<&'a str>,
        model: &'a str,
    },
    /// A use was refused.
    Refuse {
        request: &'a str,
        /// Why.
        reason: String,
    },
    /// A recording was read, or could not be.
    Read {
        request: &'a str,
        /// What the request itself was declared to be for.
        #[serde(skip_serializing_if = "Option::is_none")]
        purpose: Option<&'a str>,
        /// Length of the recording.
        seconds: Option<f64>,
        /// The HTTP status.
        status: u16,
    },
    /// A stream ended.
    Stream {
        request: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        purpose: Option<&'a str>,
        seconds: Option<f64>,
        status: u16,
    },
    /// The server ended.
    Stop,
}

/// An entry.
#[derive(Serialize)]
struct Entry<'a> {
    /// Seconds since 1970.
    time: u64,
    #[serde(flatten)]
    event: &'a Event<'a>,
}

/// The log.
#[derive(Debug)]
pub(crate) struct Audit(Option<Mutex<Log>>);

#[derive(Debug)]
struct Log {
    path: PathBuf,
    file: File,
    bytes: u64,
}

impl Audit {
    /// The log at `path`, gone on with where there is one; `None` keeps none.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self> {
        let Some(path) = path else { return Ok(Self(None)) };
        let failed =
            |error: std::io::Error| Error::File { path: path.into(), reason: error.to_string() };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        let file = append(path).map_err(failed)?;
        let bytes = file.metadata().map_err(failed)?.len();
        Ok(Self(Some(Mutex::new(Log { path: path.to_owned(), file, bytes }))))
    }

    /// Writes an entry. A log that cannot be written does not keep anybody from an answer: the
    /// program's own log says so.
    pub(crate) fn write(&self, event: &Event<'_>) {
        let Some(log) = &self.0 else { return };
        let time = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
        let written = serde_json::to_string(&Entry { time, event })
            .map_err(std::io::Error::from)
            .and_then(|line| log.append(&line));
        if let Err(error) = written {
            tracing::error!("the audit log cannot be written: {error}");
        }
    }
}

impl Log {
    fn append(&mut self, line: &str) -> std::io::Result<()> {
        if self.bytes > LONGEST {
            let mut aside = self.path.clone().into_os_string();
            aside.push(".1");
            std::fs::rename(&self.path, aside)?;
            (self.file, self.bytes) = (append(&self.path)?, 0);
        }
        // One write, so that entries stay whole.
        self.file.write_all(format!("{line}\n").as_bytes())?;
        self.bytes += line.len() as u64 + 1;
        Ok(())
    }
}

fn append(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_lines_of_json_and_a_log_is_gone_on_with() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/audit.jsonl");
        for purpose in [None, Some("a \"study\"")] {
            let audit = Audit::open(Some(&path)).unwrap();
            audit.write(&Event::Start { purpose, model: "limbic-0" });
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<serde_json::Value> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[1]["event"], "start");
        assert_eq!(lines[1]["purpose"], "a \"study\"");
        assert!(lines[0]["time"].as_u64().unwrap() > 1_600_000_000);
    }
}
