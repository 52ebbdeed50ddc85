//! What a server is told when it starts.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::error::{Error, Result};

/// Where a server listens, for whom, for what, and how much it takes.
#[derive(Debug, Clone)]
pub struct Config {
    /// The address. Anything but this machine alone needs a token and a purpose.
    pub listen: SocketAddr,
    /// What callers must show, if anything.
    pub token: Option<String>,
    /// What the readings are for, in a sentence.
    pub purpose: Option<String>,
    /// Where the audit log is kept; `None` for no file.
    pub audit: Option<PathBuf>,
    /// The folder in which uploads lie while they are read; `None` for the system's.
    pub scratch: Option<PathBuf>,
    /// How much is taken.
    pub limits: Limits,
}

/// How much a server takes.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Bytes of one request.
    pub bytes: u64,
    /// Files of one batch.
    pub files: usize,
    /// Seconds of one recording.
    pub seconds: f64,
    /// Seconds of a recording that a caller may wait for; longer ones become jobs.
    pub wait: f64,
    /// Seconds of one stream.
    pub stream: f64,
    /// Streams at once.
    pub streams: usize,
    /// Recordings read at once, each by a thread of its own.
    pub workers: usize,
    /// Recordings that wait for a worker.
    pub queue: usize,
    /// Open connections.
    pub connections: usize,
    /// For how long a finished job is kept.
    pub keep_jobs: Duration,
    /// Jobs that are kept, running or finished.
    pub jobs: usize,
    /// For how long a client may take to send the head of a request.
    pub head: Duration,
    /// For how long work goes on after the server was told to stop.
    pub stop: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 512 << 20,
            files: 64,
            seconds: 4.0 * 3600.0,
            wait: 120.0,
            stream: 600.0,
            streams: 8,
            workers: std::thread::available_parallelism().map_or(2, usize::from),
            queue: 64,
            connections: 2048,
            keep_jobs: Duration::from_mins(10),
            jobs: 256,
            head: Duration::from_secs(10),
            stop: Duration::from_mins(1),
        }
    }
}

impl Config {
    /// Whether only this machine can reach the server.
    pub const fn is_local(&self) -> bool {
        self.listen.ip().is_loopback()
    }

    /// Refuses what would let strangers in.
    ///
    /// # Errors
    /// [`Error::Start`] with what to give.
    pub fn check(&self) -> Result<()> {
        if self.token.as_deref().is_some_and(|token| token.len() < 16) {
            return Err(Error::Start(
                "LIMBIC_TOKEN is too short to keep anybody out; give at least 16 characters, as \
                 `openssl rand -hex 16` prints them"
                    .into(),
            ));
        }
        if self.is_local() {
            return Ok(());
        }
        if self.token.is_none() {
            return Err(Error::Start(format!(
                "{} can be reached from other machines; put a token into LIMBIC_TOKEN, or leave \
                 --listen out",
                self.listen
            )));
        }
        if self.purpose.is_none() {
            return Err(Error::Start(format!(
                "{} can be reached from other machines; say what the readings are for with \
                 --purpose, or leave --listen out",
                self.listen
            )));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(listen: &str) -> Config {
        Config {
            listen: listen.parse().unwrap(),
            token: None,
            purpose: None,
            audit: None,
            scratch: None,
            limits: Limits::default(),
        }
    }

    #[test]
    fn another_address_needs_a_token_and_a_purpose() {
        assert!(config("127.0.0.1:0").check().is_ok());
        assert!(config("[::1]:8080").check().is_ok());
        let mut open = config("0.0.0.0:8080");
        assert!(open.check().unwrap_err().to_string().contains("LIMBIC_TOKEN"));
        open.token = Some("0123456789abcdef".into());
        assert!(open.check().unwrap_err().to_string().contains("--purpose"));
        open.purpose = Some("a study of acted speech".into());
        assert!(open.check().is_ok());
        open.token = Some("short".into());
        assert!(open.check().is_err());
    }
}
