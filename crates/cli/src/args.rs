//! What was typed. What it means is decided by the commands.

mod adapt;
mod bench;
pub(crate) mod data;
mod eval;
mod serve;

use std::path::PathBuf;

use clap::builder::FalseyValueParser;
use clap::builder::styling::{AnsiColor, Styles};
use clap::{Parser, Subcommand, ValueEnum};
use limbic::Risk;
use limbic::typed::every;

pub(crate) use self::adapt::Adapt;
pub(crate) use self::bench::{Bench, Case, Workload};
pub(crate) use self::eval::{Compare, Eval, Manifest, Scope, Target};
pub(crate) use self::serve::Serve;
use crate::extractor::{Extractors, extractors};

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// Reads the emotion that people express in text, voice and face.
///
/// Everything happens on this machine; nothing is sent anywhere. A reading is an estimate of
/// the emotion that others would perceive, not of what a person feels.
#[derive(Debug, Parser)]
#[command(name = "limbic", version, styles = STYLES, max_term_width = 100)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// One thing to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Read clips: a timeline and a summary of the expressed emotion for each
    Predict(Predict),
    /// Read clips for other programs and for people in a browser, over HTTP on this machine
    Serve(Serve),
    /// Write the features of clips to a safetensors or Parquet file
    Features(Features),
    /// Audit corpora, check splits for leaks, make splits, and read what is known of a corpus
    Data(data::Data),
    /// Train a recipe on corpora, score what was held out, and save a checkpoint
    Train(Train),
    /// Bend a model to your own labels: from labelled clips, from names alone, or from clips alone
    Adapt(Adapt),
    /// Score a checkpoint, on your clips or on those that its training left out
    Eval(Eval),
    /// Say by how much one evaluation is better than another, and how sure that is
    Compare(Compare),
    /// Put checkpoints of different modalities side by side in one file
    Join(Join),
    /// Make a checkpoint of weights that the authors of MPUC, VAVL or MTEE published
    Convert(Convert),
    /// Time training steps at published sizes, beside those of a Python where there is one
    Bench(Bench),
}

const PREDICT_EXAMPLES: &str = "\
Examples:
  limbic predict talk.mp4                         a timeline in the terminal
  limbic predict talk.mp4 --text @talk.srt        with its subtitles as the words
  limbic predict --text 'What a lovely surprise!' words alone
  limbic predict talk.mp4 --emotions 'joy, awe'   emotions of your choice, by their words
  limbic predict recordings/ -o all.csv           a folder, one line for each second
  limbic predict talk.mp4 --report talk.html      a page to look at, in one file
  limbic predict 'calls/*.wav' --format jsonl     one JSON object for each call
  find . -name '*.flac' | limbic predict -        a list of paths on standard input

Exit code: 0 if every input was read, 1 if some were not, 2 for a wrong command line.";

/// Reads each clip and prints a timeline and a summary of the expressed emotion.
///
/// A clip is a video, a recording, a picture or a text. Whatever it holds of words, voice and
/// face is used; what is missing is left out and said so.
#[derive(Debug, clap::Args)]
#[command(after_help = PREDICT_EXAMPLES)]
pub(crate) struct Predict {
    /// Files, folders (searched to the bottom), quoted patterns, or `-` for a list of paths on
    /// standard input
    #[arg(value_name = "PATH", required_unless_present = "text")]
    pub(crate) paths: Vec<PathBuf>,

    /// The words spoken in the clip, or @FILE (.txt, .srt, .vtt) to read them from a file
    #[arg(long, value_name = "TEXT|@FILE")]
    pub(crate) text: Option<String>,

    /// Use only these
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        default_value = "text,audio,vision",
        env = "LIMBIC_MODALITIES",
        hide_env_values = true
    )]
    pub(crate) modalities: Vec<Modality>,

    /// A model written by `limbic train`, instead of the one built in
    #[arg(long, value_name = "FILE", env = "LIMBIC_MODEL", hide_env_values = true)]
    pub(crate) model: Option<PathBuf>,

    /// Speak of these emotions, by the meaning of their words: `NAME` or `NAME=definition`,
    /// separated by commas, as in `joy, contempt=the feeling that someone is beneath you`; the
    /// model need not have met them
    #[arg(long, value_name = "LIST", allow_hyphen_values = true, conflicts_with = "labels")]
    pub(crate) emotions: Option<String>,

    /// Speak of the labels of this label set of the model [default: the one that the model shows]
    #[arg(long, value_name = "SET")]
    pub(crate) labels: Option<String>,

    /// Share of the answers that may be wrong before `uncertain` is one: 0.2, 20%, `model` for
    /// what the model was fitted for, or `none` to answer always
    #[arg(long, value_name = "SHARE", default_value = "model")]
    pub(crate) risk: Risk,

    /// Length of one row of the timeline: 500ms, 1s, 0.5, 2m
    #[arg(
        long,
        value_name = "TIME",
        default_value = "1s",
        value_parser = every,
        allow_hyphen_values = true,
        env = "LIMBIC_EVERY",
        hide_env_values = true
    )]
    pub(crate) every: f64,

    /// How to write the readings [default: by the ending of OUT, else table]
    #[arg(long, short, value_name = "FORMAT", env = "LIMBIC_FORMAT", hide_env_values = true)]
    pub(crate) format: Option<Format>,

    /// Write to this file instead of standard output; it appears when it is complete
    #[arg(long, short, value_name = "OUT")]
    pub(crate) output: Option<PathBuf>,

    /// Also write the reading of one clip as an HTML file that shows it in any browser, by itself
    #[arg(long, value_name = "HTML")]
    pub(crate) report: Option<PathBuf>,

    /// Put the recording itself into the report, so that it can be played there
    #[arg(long, requires = "report")]
    pub(crate) report_media: bool,

    /// Colours in the table
    #[arg(
        long,
        value_name = "WHEN",
        default_value = "auto",
        env = "LIMBIC_COLOR",
        hide_env_values = true
    )]
    pub(crate) color: When,

    /// No progress bar; errors are still told
    #[arg(
        long,
        short,
        env = "LIMBIC_QUIET",
        hide_env_values = true,
        value_parser = FalseyValueParser::new()
    )]
    pub(crate) quiet: bool,
}

const FEATURES_EXAMPLES: &str = "\
Examples:
  limbic features talks/ -o voices.parquet
  limbic features talks/ --extractor descriptors --extractor face.onnx -o talks.parquet
  limbic features talks/ --extractor models/wav2vec2-base -o talks.safetensors

docs/extractors.md says what a pretrained network needs beside it.";

/// Writes what the extractors find in each clip, one table a clip and extractor.
#[derive(Debug, clap::Args)]
#[command(after_help = FEATURES_EXAMPLES)]
pub(crate) struct Features {
    /// Files, folders (searched to the bottom), quoted patterns, or `-` for a list of paths on
    /// standard input
    #[arg(value_name = "PATH", required = true)]
    pub(crate) paths: Vec<PathBuf>,

    /// What to extract: descriptors, log-mel-librosa, log-mel-whisper, log-mel-ast, or a pretrained
    /// network (an .onnx file, a folder of Hugging Face, a .safetensors file of torchvision, or
    /// hub:OWNER/NAME); may be given again
    #[arg(
        long = "extractor",
        alias = "extractors",
        value_name = "NAME|PATH",
        default_value = "descriptors",
        value_parser = extractors
    )]
    pub(crate) extractors: Vec<Extractors>,

    /// The file to write: its ending says how (.safetensors or .parquet)
    #[arg(long, short, value_name = "OUT")]
    pub(crate) output: PathBuf,

    /// Do not keep or use features in the cache folder (`LIMBIC_CACHE`)
    #[arg(long)]
    pub(crate) no_cache: bool,

    /// No progress bar; errors are still told
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

const TRAIN_EXAMPLES: &str = "\
Examples:
  limbic train recipes/voice.toml --cross-validate -o voice.safetensors
  limbic train recipes/words.toml --set stage.0.epochs=2 -o words.safetensors

A training that was interrupted goes on from its last epoch when the same command is given again.
Epochs and scores are JSON lines on standard output.";

/// Trains a recipe on corpora, scores the clips that were held out, and saves a checkpoint.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[derive(Debug, clap::Args)]
#[command(after_help = TRAIN_EXAMPLES)]
pub(crate) struct Train {
    /// The recipe, a TOML file
    #[arg(value_name = "RECIPE")]
    pub(crate) recipe: PathBuf,

    /// The folder that holds one folder a corpus
    #[arg(long, value_name = "DIR", default_value = "../shared/data", env = "LIMBIC_DATA")]
    pub(crate) data: PathBuf,

    /// Where the checkpoint is written
    #[arg(long, short, value_name = "OUT")]
    pub(crate) output: Option<PathBuf>,

    /// Leave the speakers of this fold (0 to 4) out, and score on them
    #[arg(long, value_name = "K", conflicts_with = "cross_validate")]
    pub(crate) fold: Option<usize>,

    /// Leave each fold out in turn, score them together, then train on everyone
    #[arg(long)]
    pub(crate) cross_validate: bool,

    /// Save the checkpoint of every fold, too, as OUT.fold-0.safetensors and so on, which
    /// `limbic eval --with` scores as one
    #[arg(long, requires = "cross_validate", requires = "output")]
    pub(crate) keep_folds: bool,

    /// Change a value of the recipe, as in stage.0.epochs=5
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,

    /// Take the parts or folds of a file of `limbic data split` in place of the published ones; may
    /// be given again, once a corpus
    #[arg(long, value_name = "FILE")]
    pub(crate) split: Vec<PathBuf>,

    /// Leave each corpus out in turn, train on the others, and score the emotions that are shown
    /// on its clips
    #[arg(long, conflicts_with_all = ["fold", "cross_validate", "output", "split"])]
    pub(crate) leave_corpus_out: bool,

    /// Train and score although speakers or clips are on both sides of the split; the reason is
    /// written beside every score
    #[arg(long, value_name = "REASON")]
    pub(crate) allow_leak: Option<String>,

    /// Write losses and scores as TensorBoard events into this folder, too
    #[arg(long, value_name = "DIR")]
    pub(crate) tensorboard: Option<PathBuf>,

    /// No progress bar; errors are still told
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

/// Puts checkpoints of different modalities side by side in one file.
#[derive(Debug, clap::Args)]
pub(crate) struct Join {
    /// Checkpoints written by `limbic train`, each of another modality
    #[arg(value_name = "CHECKPOINT", required = true)]
    pub(crate) checkpoints: Vec<PathBuf>,

    /// Where the joined checkpoint is written
    #[arg(long, short, value_name = "OUT")]
    pub(crate) output: PathBuf,

    /// Keep weights at 32 bits; the default is 16, for running
    #[arg(long)]
    pub(crate) full: bool,
}

const CONVERT_EXAMPLES: &str = "\
Examples:
  limbic convert recipes/published/mtee.toml mtee.pt --labels mosei.toml -o mtee.safetensors
  limbic convert recipes/published/vavl.toml vavl/*.pt --labels cremad.toml -o vavl.safetensors
  limbic convert vavl.toml shared_model=s.pt acoustic_model=a.pt ... -o vavl.safetensors
  limbic convert mpuc.toml encoder.pth --fresh head_ --labels mosei.toml -o mpuc.safetensors

Files of PyTorch are read and never run: one that asks for more than tensors is refused.";

/// Makes a checkpoint of weights that the authors of MPUC, VAVL or MTEE published.
///
/// The recipe gives the network, which has to be of the sizes of the weights.
#[derive(Debug, clap::Args)]
#[command(after_help = CONVERT_EXAMPLES)]
pub(crate) struct Convert {
    /// The recipe, a TOML file
    #[arg(value_name = "RECIPE")]
    pub(crate) recipe: PathBuf,

    /// The state dict (.pt, .pth, .safetensors), whole or one file a part; which part is known
    /// by VAVL's names for its files, else written before the file
    #[arg(value_name = "[PART=]STATE", required = true)]
    pub(crate) states: Vec<String>,

    /// Where the checkpoint is written
    #[arg(long, short, value_name = "OUT")]
    pub(crate) output: PathBuf,

    /// What the heads answer to: corpora by name, or label files such as those in labels/
    /// [default: the recipe's corpora]
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub(crate) labels: Vec<String>,

    /// Leave weights as the recipe starts them whose published names begin so
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub(crate) fresh: Vec<String>,
}

/// A modality for which there is an expert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Modality {
    /// Words, spoken or written.
    Text,
    /// The voice.
    Audio,
    /// The face.
    Vision,
}

impl From<Modality> for limbic_media::Modality {
    fn from(modality: Modality) -> Self {
        match modality {
            Modality::Text => Self::Text,
            Modality::Audio => Self::Audio,
            Modality::Vision => Self::Vision,
        }
    }
}

/// How readings are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people: a coloured strip, bars and words.
    Table,
    /// One JSON object for one file, an array for several.
    Json,
    /// One JSON object a line for each clip.
    Jsonl,
    /// One line for each row of each timeline.
    Csv,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    /// In a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }
}
