//! Stretches of time.

use serde::{Deserialize, Serialize};

/// A stretch of a recording, in seconds from its beginning; `start <= end`.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default, Serialize, Deserialize)]
pub struct Span {
    /// First second.
    pub start: f64,
    /// Last second.
    pub end: f64,
}

impl Span {
    /// From `start` to `end`, in seconds.
    pub const fn new(start: f64, end: f64) -> Self {
        Self { start, end }
    }

    /// Its length in seconds.
    pub fn duration(self) -> f64 {
        self.end - self.start
    }

    /// How many seconds two stretches share.
    pub fn overlap(self, other: Self) -> f64 {
        (self.end.min(other.end) - self.start.max(other.start)).max(0.0)
    }
}

/// A part of a file that could not be read, told to the user with the reading.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Skipped {
    /// Where in the recording, when that is known.
    pub span: Option<Span>,
    /// What was wrong, in a few words.
    pub reason: String,
}
