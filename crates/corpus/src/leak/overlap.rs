//! What two sides share of one kind, and how it is said.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How many examples an [`Overlap`] gives.
pub(super) const EXAMPLES: usize = 5;

/// What ties a training clip to a test clip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tie {
    /// One person speaks, writes or is seen in both.
    Speaker,
    /// Both are turns of one conversation.
    Dialogue,
    /// Both are cut from one recording.
    Source,
    /// The vectors published with the test clips were learned from labels of these very clips.
    LearnedVectors,
    /// Both have the same bytes, pixels or words.
    SameBytes,
    /// Both sound or look the same.
    NearDuplicate,
}

/// What two sides share of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overlap {
    /// What kind it is.
    pub tie: Tie,
    /// How many speakers, dialogues or recordings are on both sides; for copies, how many test
    /// clips have one.
    pub shared: usize,
    /// How many training clips are concerned.
    pub train_clips: usize,
    /// How many test clips are concerned.
    pub test_clips: usize,
    /// Up to five of them, those with the most test clips first.
    pub examples: Vec<String>,
}

pub(super) fn clips_of(count: usize) -> String {
    format!("{count} {}", if count == 1 { "clip" } else { "clips" })
}

/// One sentence for people.
impl fmt::Display for Overlap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tie, shared, train_clips, test_clips, examples } = self;
        let (train, test) = (clips_of(*train_clips), clips_of(*test_clips));
        let several = |one: &str, many: &str| match shared {
            1 => format!("1 {one} is"),
            n => format!("{n} {many} are"),
        };
        match tie {
            Tie::Speaker => {
                let people = several("speaker", "speakers");
                write!(f, "{people} on both sides, with {train} of train and {test} of test")
            }
            Tie::Dialogue => {
                let talks = several("dialogue", "dialogues");
                write!(f, "{talks} on both sides, with {train} of train and {test} of test")
            }
            Tie::Source => {
                let files = several("recording", "recordings");
                write!(f, "{files} on both sides, with {train} of train and {test} of test")
            }
            Tie::LearnedVectors => {
                let clips = several("test clip", "test clips");
                write!(f, "{clips} described by vectors that were learned from their labels")
            }
            Tie::SameBytes => {
                let clips = several("test clip", "test clips");
                write!(f, "{clips} in train too, byte for byte or word for word")
            }
            Tie::NearDuplicate => {
                let clips = several("test clip", "test clips");
                write!(f, "{clips} in train too, as a copy that sounds or looks the same")
            }
        }?;
        if examples.is_empty() {
            return Ok(());
        }
        let more = if *shared > examples.len() { "; ..." } else { "" };
        write!(f, " ({}{more})", examples.join("; "))
    }
}
