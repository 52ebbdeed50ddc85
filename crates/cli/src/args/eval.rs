//! What was typed after `limbic eval` and `limbic compare`.

use std::path::PathBuf;

use clap::ValueEnum;

const EVAL_EXAMPLES: &str = "\
Examples:
  limbic eval default clips.csv -o scores         a manifest of your own clips
  limbic eval voice.safetensors data/emodb        a corpus in the layout of its authors
  limbic eval mpuc.safetensors --corpora ravdess  what its training left out
  limbic eval fold-0.safetensors --with fold-[1-4].safetensors
                                                  five folds, scored as one
  limbic eval --replay scores/result.json         the same numbers again

A manifest is a .csv, .tsv, .jsonl or .parquet file with any of the columns audio, video, image,
text, start, end, emotion, labels, valence, arousal, dominance, speaker, dialogue, split.
Every score is written with its definition and its interval to OUT/result.json, OUT/report.md and
OUT/report.html. Clips that training knows, or speakers of them, refuse the score (exit code 3).";

/// Scores a checkpoint: every choice of its modalities, under noise, blur, missing pictures and
/// wrong pairs, with intervals and definitions.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[derive(Debug, clap::Args)]
#[command(after_help = EVAL_EXAMPLES)]
pub(crate) struct Eval {
    /// A checkpoint written by `limbic train`, or `default` for the one built in
    #[arg(value_name = "CHECKPOINT", required_unless_present = "replay")]
    pub(crate) checkpoint: Option<PathBuf>,

    /// Checkpoints of the other folds of the same training: each answers for the clips that it left
    /// out, and all of these are scored together
    #[arg(long, value_name = "CHECKPOINT", num_args = 1.., conflicts_with = "replay")]
    pub(crate) with: Vec<PathBuf>,

    /// A corpus folder or a manifest [default: what its training left out, below --data]
    #[arg(value_name = "DATA")]
    pub(crate) on: Option<PathBuf>,

    /// The folder that holds one folder a corpus
    #[arg(long, value_name = "DIR", default_value = "../shared/data", env = "LIMBIC_DATA")]
    pub(crate) data: PathBuf,

    /// Score on these corpora only
    #[arg(long, value_name = "LIST", value_delimiter = ',', conflicts_with = "on")]
    pub(crate) corpora: Vec<String>,

    /// Which clips: those held out, or all of them
    #[arg(long, value_name = "PART", default_value = "held-out")]
    pub(crate) part: Scope,

    /// What the labels of a manifest are of, where its columns do not say
    #[command(flatten)]
    pub(crate) manifest: Manifest,

    /// Score although training knows some of the clips or speakers; the reason is printed beside
    /// every number
    #[arg(long, value_name = "REASON")]
    pub(crate) allow_leak: Option<String>,

    /// Only the clips as they are: no noise, blur, missing pictures or wrong pairs
    #[arg(long)]
    pub(crate) quick: bool,

    /// The folder to write [default: scores/CHECKPOINT-DATA]
    #[arg(long, short, value_name = "OUT")]
    pub(crate) output: Option<PathBuf>,

    /// Print result.json instead of the tables
    #[arg(long)]
    pub(crate) json: bool,

    /// Put the clips of the worst errors into report.html, to be played there
    #[arg(long)]
    pub(crate) clips: bool,

    /// Write the scores as TensorBoard events into this folder, too
    #[arg(long, value_name = "DIR")]
    pub(crate) tensorboard: Option<PathBuf>,

    /// Do again what a result.json tells of, and compare every number
    #[arg(long, value_name = "RESULT", conflicts_with_all = ["checkpoint", "on"])]
    pub(crate) replay: Option<PathBuf>,

    /// No progress bar; errors are still told
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

/// How a manifest is to be understood.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Manifest {
    /// The folder that the paths of a manifest begin in [default: its own]
    #[arg(long, value_name = "DIR")]
    pub(crate) root: Option<PathBuf>,

    /// Whose judgement the labels of a manifest are
    #[arg(long, value_name = "WHOSE")]
    pub(crate) target: Option<Target>,

    /// The label file whose classes the labels of a manifest are, such as labels/meld.toml
    #[arg(long, value_name = "FILE")]
    pub(crate) labels: Option<PathBuf>,

    /// The range of ratings in a manifest: -1..1, 0..1, -3..3, 1..5, 1..7 or 1..9 [default: -1..1]
    #[arg(long, value_name = "LOW..HIGH", allow_hyphen_values = true)]
    pub(crate) scale: Option<limbic_corpus::Scale>,
}

/// Whose judgement labels are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Target {
    /// What the actor was asked to express.
    Intended,
    /// What others saw in it.
    Perceived,
    /// What the writer or speaker said of themself.
    SelfReported,
}

/// Which clips are scored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scope {
    /// Those that training left out; all of a corpus that it never met.
    HeldOut,
    /// All.
    All,
}

/// Compares two evaluations of the same clips.
#[derive(Debug, clap::Args)]
pub(crate) struct Compare {
    /// The folder (or its result.json) of one evaluation
    #[arg(value_name = "A")]
    pub(crate) one: PathBuf,

    /// The folder of the other
    #[arg(value_name = "B")]
    pub(crate) other: PathBuf,

    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}
