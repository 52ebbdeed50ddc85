//! `limbic predict`: each clip in turn, whatever happens to the ones before it.

use std::io::{self, BufWriter};
use std::ops::ControlFlow;
use std::panic;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use clap::CommandFactory;
use clap::error::ErrorKind;
use limbic::{Limbic, Options, Reading};
use limbic_media::{Clip, Cue};

use crate::args::{Args, Format, Predict};
use crate::inputs::Inputs;
use crate::output::{self, Colours, Destination, Printer, Report, visible};
use crate::progress::Waiting;

/// Reads every input and prints its reading; one sentence on standard error for each that
/// cannot be read.
pub(crate) fn run(typed: &Predict) -> Result<ExitCode> {
    let options = options(typed)?;
    let (inputs, many) = inputs(typed);
    if typed.text.is_some() && inputs.len() > 1 {
        wrong("--text belongs to one clip: give one file with it, or none");
    }
    if typed.report.is_some() && inputs.len() > 1 {
        wrong("--report shows one clip: give one file with it");
    }
    let words = words(typed)?;
    let limbic = asked(typed)?;
    let report = typed.report.as_deref().map(|path| Report::open(path, typed.report_media));
    let mut report = report.transpose()?;
    let destination = Destination::open(typed.output.as_deref())?;
    limbic.warnings().iter().for_each(|warning| output::warn(warning));
    // Foreign decoders may panic on damaged bytes; what they say is for the log.
    panic::set_hook(Box::new(|panic| tracing::debug!("{panic}")));

    let to_terminal = destination.is_terminal();
    let colours = Colours::choose(typed.color, to_terminal);
    let (out, width) = (BufWriter::new(destination), output::width(to_terminal));
    let mut printer = Printer::new(out, format(typed), many, width, colours);
    let waiting = Waiting::new(inputs.len(), typed.quiet);
    let (mut read, mut failed) = (0, 0);
    for (index, input) in inputs.iter().enumerate() {
        let name = input.name();
        let mut progress = |share| {
            waiting.at(index, &name, share);
            ControlFlow::Continue(())
        };
        let outcome =
            whole(&name, || input.read(&limbic, words.as_deref(), &options, &mut progress));
        match outcome {
            Ok(reading) => {
                read += 1;
                if let Some(report) = report.take() {
                    report.write(&reading, input.path())?;
                }
                if let Err(error) = waiting.aside(|| printer.print(&reading)) {
                    return broken(error);
                }
            }
            Err(sentence) => {
                failed += 1;
                waiting.aside(|| output::complain(&sentence));
            }
        }
    }
    drop(waiting);
    // Where nothing could be read, no file is written either.
    if read > 0 {
        match printer
            .finish()
            .and_then(|out| out.into_inner().map_err(io::IntoInnerError::into_error))
        {
            Ok(destination) => destination.finish()?,
            Err(error) => return broken(error),
        }
    }
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The model, and what it is asked.
fn asked(typed: &Predict) -> Result<Limbic> {
    let limbic = match &typed.model {
        Some(path) => Limbic::open(path)?,
        None => Limbic::default_model(),
    };
    let limbic = match (&typed.emotions, &typed.labels) {
        (Some(list), _) => limbic.with_emotions(list),
        (None, Some(set)) => limbic.with_labels(set),
        (None, None) => return Ok(limbic),
    };
    limbic.map_err(|error| match error {
        limbic::Error::Emotions(sentence) => wrong(&format!("--emotions: {}", visible(&sentence))),
        limbic::Error::Labels { .. } => {
            wrong(&format!("--labels: {}", visible(&error.to_string())))
        }
        other => other.into(),
    })
}

/// One clip to read.
enum Input {
    File(PathBuf),
    /// The words of `--text`, without a file.
    Words,
    /// What was typed names nothing; a sentence on why.
    Nothing(String),
}

impl Input {
    fn name(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Words | Self::Nothing(_) => "--text".to_owned(),
        }
    }

    fn path(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Words | Self::Nothing(_) => None,
        }
    }

    fn read(
        &self,
        limbic: &Limbic,
        words: Option<&[Cue]>,
        options: &Options,
        progress: &mut impl FnMut(f64) -> ControlFlow<()>,
    ) -> Result<Reading, String> {
        let clip = match self {
            Self::File(path) => Clip::open(path).map_err(|error| error.to_string())?,
            Self::Words => Clip::from_text(""),
            Self::Nothing(sentence) => return Err(sentence.clone()),
        };
        let clip = match words {
            Some(words) => clip.with_cues(words.to_vec()),
            None => clip,
        };
        limbic.read(&clip, options, progress).map_err(|error| error.to_string())
    }
}

/// Runs `read` to its end even if foreign code panics in it.
pub(super) fn whole<T>(name: &str, read: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    limbic::whole(read).unwrap_or_else(|| {
        Err(format!("{name}: a decoder failed on damaged content; copy or export the file again"))
    })
}

fn options(typed: &Predict) -> Result<Options> {
    let modalities: Vec<_> = typed.modalities.iter().map(|m| (*m).into()).collect();
    let options = Options::default().risk(typed.risk);
    Ok(options.modalities(&modalities)?.every(typed.every)?)
}

/// What is to be read, and whether several clips could have been meant.
fn inputs(typed: &Predict) -> (Vec<Input>, bool) {
    if typed.paths.is_empty() {
        return (vec![Input::Words], false);
    }
    let inputs = Inputs::gather(&typed.paths, io::stdin().lock());
    let found = inputs.found.into_iter().map(|found| match found {
        Ok(path) => Input::File(path),
        Err(sentence) => Input::Nothing(sentence),
    });
    (found.collect(), inputs.many)
}

/// The words typed, or those in the file after an `@`; `@@` begins words with an `@`.
fn words(typed: &Predict) -> Result<Option<Vec<Cue>>> {
    let Some(text) = &typed.text else { return Ok(None) };
    let plain = |text: &str| Cue::new(text).into_iter().collect();
    Ok(Some(match text.strip_prefix('@') {
        None => plain(text),
        Some(rest) if rest.starts_with('@') => plain(rest),
        Some(file) => limbic_media::text::read(Path::new(file))?.0,
    }))
}

/// The format asked for, else the one that the ending of the output names, else the table.
fn format(typed: &Predict) -> Format {
    let ending = typed.output.as_deref().and_then(Path::extension).and_then(|e| e.to_str());
    typed.format.unwrap_or(match ending.map(str::to_ascii_lowercase).as_deref() {
        Some("json") => Format::Json,
        Some("jsonl" | "ndjson") => Format::Jsonl,
        Some("csv") => Format::Csv,
        _ => Format::Table,
    })
}

/// Ends the program: the command line makes no sense.
fn wrong(sentence: &str) -> ! {
    Args::command().error(ErrorKind::ArgumentConflict, sentence).exit()
}

/// Output that cannot be written ends the work; a reader that went away (`| head`) is content.
fn broken(error: io::Error) -> Result<ExitCode> {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return Ok(ExitCode::SUCCESS);
    }
    Err(anyhow::Error::new(error).context("the output cannot be written"))
}
