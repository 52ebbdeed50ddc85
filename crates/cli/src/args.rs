//! What was typed. What it means is decided by the commands.

use std::path::PathBuf;

use clap::builder::FalseyValueParser;
use clap::builder::styling::{AnsiColor, Styles};
use clap::{Parser, Subcommand, ValueEnum};

use crate::every::every;

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
}

const PREDICT_EXAMPLES: &str = "\
Examples:
  limbic predict talk.mp4                         a timeline in the terminal
  limbic predict talk.mp4 --text @talk.srt        with its subtitles as the words
  limbic predict --text 'What a lovely surprise!' words alone
  limbic predict recordings/ -o all.csv           a folder, one line for each second
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
