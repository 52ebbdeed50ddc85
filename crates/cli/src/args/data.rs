//! What was typed after `limbic data`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Manifest;

/// Audit corpora, check splits for leaks, make splits, and read what is known of a corpus.
#[derive(Debug, Args)]
pub(crate) struct Data {
    #[command(subcommand)]
    pub(crate) task: Task,
}

/// One thing to do with data.
#[derive(Debug, Subcommand)]
pub(crate) enum Task {
    /// Find what is missing, corrupt, silent, clipped, double or labelled in contradiction
    Audit(Audit),
    /// Find what the training and the test clips of a split share
    CheckSplit(CheckSplit),
    /// Deal the speakers of a corpus to folds, and write these to a file
    Split(Split),
    /// List the corpora that have a reader
    List(List),
    /// Show what is known of a corpus: licence, people, labels, traps
    Card(Card),
}

const AUDIT_EXAMPLES: &str = "\
Examples:
  limbic data audit corpora/ravdess
  limbic data audit corpora/ --html audit.html
  limbic data audit corpora/ --json -o audit.json

Files that belong to no corpus are counted and named, and never opened.
docs/data.md says what each finding means and what the JSON holds.

Exit code: 0 if every clip can be read, whatever else was found; 1 if clips are missing, empty or
corrupt, or a table cannot be read; 2 for a wrong command line.";

/// Looks at every clip of a corpus, or of all corpora in a folder, and tells what is wrong.
#[derive(Debug, Args)]
#[command(after_help = AUDIT_EXAMPLES)]
pub(crate) struct Audit {
    /// A corpus, a list of clips, or a folder with corpora anywhere below it
    #[arg(value_name = "PATH")]
    pub(crate) path: PathBuf,

    #[command(flatten)]
    pub(crate) manifest: Manifest,

    /// Write JSON instead of text: every item of every finding
    #[arg(long)]
    pub(crate) json: bool,

    /// Also write a page to look at in a browser; it needs no other file
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,

    /// Write to this file instead of standard output; it appears when it is complete
    #[arg(long, short, value_name = "OUT")]
    pub(crate) output: Option<PathBuf>,

    /// Write how many clips each finding has as TensorBoard events into this folder, too
    #[arg(long, value_name = "DIR")]
    pub(crate) tensorboard: Option<PathBuf>,

    /// No progress bar; errors are still told
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

const CHECK_EXAMPLES: &str = "\
Examples:
  limbic data check-split train.jsonl test.jsonl     two lists of clips
  limbic data check-split corpora/ravdess            the published folds or parts
  limbic data check-split corpora/ravdess --fold 3   one fold of them
  limbic data check-split corpora/nemo --split nemo.jsonl
  limbic data check-split corpora/mosi --group cmu_split=test

Exit code: 0 if nothing is shared, 1 if something could not be read, 2 for a wrong command line,
3 if something is shared.";

/// Finds what training and test clips share: speakers, dialogues, recordings, copies.
#[derive(Debug, Args)]
#[command(after_help = CHECK_EXAMPLES)]
pub(crate) struct CheckSplit {
    /// The list of training clips and the list of test clips; or one corpus
    #[arg(value_name = "PATH", required = true, num_args = 1..=2)]
    pub(crate) paths: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) manifest: Manifest,

    /// Test on this published fold of the corpus, or of the file of --split
    #[arg(long, value_name = "K")]
    pub(crate) fold: Option<usize>,

    /// A file written by `limbic data split`
    #[arg(long, value_name = "FILE")]
    pub(crate) split: Option<PathBuf>,

    /// Test on the clips of which this is known, as in `cmu_split=test`
    #[arg(long, value_name = "NAME=VALUE", conflicts_with_all = ["split", "fold"])]
    pub(crate) group: Option<String>,

    /// Write JSON instead of text
    #[arg(long)]
    pub(crate) json: bool,

    /// Open no media: compare names, speakers, dialogues, recordings and texts alone
    #[arg(long)]
    pub(crate) quick: bool,

    /// No progress bar; errors are still told
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

/// Deals the speakers of a corpus to folds with similar shares of each class.
#[derive(Debug, Args)]
pub(crate) struct Split {
    /// A corpus, or a list of clips
    #[arg(value_name = "PATH")]
    pub(crate) path: PathBuf,

    #[command(flatten)]
    pub(crate) manifest: Manifest,

    /// How many folds
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub(crate) folds: usize,

    /// Decides among speakers with equally many clips
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,

    /// Take the published parts or folds as they are
    #[arg(long, conflicts_with_all = ["folds", "seed"])]
    pub(crate) official: bool,

    /// Write to this file instead of standard output; it appears when it is complete
    #[arg(long, short, value_name = "OUT")]
    pub(crate) output: Option<PathBuf>,
}

/// Lists the corpora that have a reader.
#[derive(Debug, Args)]
pub(crate) struct List {}

/// Shows what is known of a corpus.
#[derive(Debug, Args)]
pub(crate) struct Card {
    /// A name that `limbic data list` gives
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
}
