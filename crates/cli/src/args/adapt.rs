//! What was typed after `limbic adapt`.

use std::path::PathBuf;

const ADAPT_EXAMPLES: &str = "\
Examples:
  limbic adapt --data calls.csv -o calls.safetensors       the labels of a table
  limbic adapt --data calls.csv --column mood              those of its column `mood`
  limbic adapt --data calls.csv --labels awe,boredom       two of them
  limbic adapt --data recordings/                          a folder a label, or no labels
  limbic adapt --labels 'awe, contempt=the feeling that someone is beneath you'
                                                           names alone, by their words
  limbic adapt --data calls.csv --curve 1,5,20,50          what a number of labels is worth
  limbic adapt --undo calls.safetensors -o before.safetensors

A table is a .csv, .tsv, .jsonl or .parquet file with any of the columns audio, video, image, text,
start, end, emotion, labels, speaker; its paths begin in its own folder. docs/adapt.md tells how it
works and what it is worth.";

/// Bends a model to your own labels, in minutes.
///
/// With labelled clips it fits rows for your classes to frozen views, and moves last layers where
/// clips that were held out gain by it. With names alone it takes the words for the rows. With
/// clips alone it brings the encoders nearer to them. Whatever the model answered before it still
/// answers, and --undo gives back the model of before.
#[derive(Debug, clap::Args)]
#[command(after_help = ADAPT_EXAMPLES)]
pub(crate) struct Adapt {
    /// Your clips: a table of them, or a folder
    #[arg(long, value_name = "DATA", required_unless_present_any = ["labels", "undo"])]
    pub(crate) data: Option<PathBuf>,

    /// A checkpoint written by `limbic train`, or `default` for the one built in
    #[arg(long, value_name = "FILE", default_value = "default", env = "LIMBIC_MODEL")]
    pub(crate) model: PathBuf,

    /// Your classes: names between commas (or semicolons, where a definition holds commas), each
    /// as `name` or as `name=definition` [default: those of the data]
    #[arg(long, value_name = "LIST")]
    pub(crate) labels: Option<String>,

    /// The column that holds the labels [default: emotion or label]
    #[arg(long, value_name = "NAME", requires = "data")]
    pub(crate) column: Option<String>,

    /// The folder that the paths of a table begin in [default: its own]
    #[arg(long, value_name = "DIR", requires = "data")]
    pub(crate) root: Option<PathBuf>,

    /// What the new label set is called [default: the name of the data]
    #[arg(long, value_name = "SET")]
    pub(crate) name: Option<String>,

    /// Where the adapted checkpoint is written
    #[arg(long, short, value_name = "OUT", default_value = "adapted.safetensors")]
    pub(crate) output: PathBuf,

    /// Write over a file that is there
    #[arg(long)]
    pub(crate) force: bool,

    /// Minutes that last layers may take to try; 0 leaves them alone
    #[arg(long, value_name = "MINUTES", default_value_t = 3.0, allow_hyphen_values = true)]
    pub(crate) minutes: f64,

    /// Seed of everything random
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    pub(crate) seed: u64,

    /// The folder that holds word vectors, for encoders that read them
    #[arg(long, value_name = "DIR", default_value = "../shared/data/wordvec")]
    pub(crate) wordvec: PathBuf,

    /// Print what these numbers of labels a class are worth, and write no checkpoint
    #[arg(long, value_name = "LIST", value_delimiter = ',', requires = "data")]
    pub(crate) curve: Vec<usize>,

    /// How often --curve draws labels
    #[arg(long, value_name = "NUMBER", default_value_t = 5, requires = "curve")]
    pub(crate) seeds: usize,

    /// Take back the last adaptation of this checkpoint
    #[arg(
        long,
        value_name = "CHECKPOINT",
        conflicts_with_all = ["data", "labels", "column", "name", "curve", "model"]
    )]
    pub(crate) undo: Option<PathBuf>,

    /// Print JSON instead of tables
    #[arg(long)]
    pub(crate) json: bool,

    /// No progress bar; errors are still told
    #[arg(long, short)]
    pub(crate) quiet: bool,
}
