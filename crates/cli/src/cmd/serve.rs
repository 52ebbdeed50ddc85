//! `limbic serve`: clips in over HTTP, readings out.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use std::{env, panic};

use anyhow::Result;
use clap::CommandFactory;
use clap::error::ErrorKind;
use limbic::Limbic;
use limbic_serve::{Config, Limits};

use crate::args::{Args, Serve};
use crate::output;

/// Serves until it is told to end.
pub(crate) fn run(typed: &Serve) -> Result<ExitCode> {
    let config = config(typed);
    if let Err(error) = config.check() {
        wrong(&error.to_string());
    }
    if let Some(Err(refusal)) = config.purpose.as_deref().map(limbic_serve::declared) {
        wrong(&format!("--purpose: {refusal}"));
    }
    let limbic = match &typed.model {
        Some(path) => Limbic::open(path)?,
        None => Limbic::default_model(),
    };
    let limbic = limbic.shared(Duration::from_secs_f64(typed.gather));
    // Foreign decoders may panic on damaged bytes; what they say is for the log.
    panic::set_hook(Box::new(|panic| tracing::debug!("{panic}")));
    limbic_serve::serve(limbic, &config, |address| {
        output::note(&format!("listening on http://{address}"));
    })?;
    Ok(ExitCode::SUCCESS)
}

fn config(typed: &Serve) -> Config {
    let seconds = Duration::from_secs_f64;
    let standard = Limits::default();
    let limits = Limits {
        bytes: u64::from(typed.largest) << 20,
        files: typed.most_files.into(),
        seconds: typed.longest,
        wait: typed.longest_wait,
        stream: typed.longest_stream,
        streams: typed.streams.into(),
        workers: typed.workers.map_or(standard.workers, usize::from),
        queue: typed.queue.into(),
        connections: typed.connections.into(),
        keep_jobs: seconds(typed.keep_jobs),
        head: seconds(typed.head),
        stop: seconds(typed.grace),
        ..standard
    };
    Config {
        listen: typed.listen,
        // Never on the command line, where everybody on the machine could read it.
        token: env::var("LIMBIC_TOKEN").ok().filter(|token| !token.is_empty()),
        purpose: typed.purpose.clone(),
        audit: audit(typed),
        scratch: typed.scratch.clone(),
        limits,
    }
}

/// The audit log: what was asked for, else a file in the user's state folder, where there is one.
fn audit(typed: &Serve) -> Option<PathBuf> {
    match &typed.audit {
        Some(path) if path.as_os_str() == "none" => None,
        Some(path) => Some(path.clone()),
        None => {
            let below = |name: &str, rest: &str| {
                let folder = env::var_os(name).filter(|folder| !folder.is_empty())?;
                Some(PathBuf::from(folder).join(rest).join("limbic/audit.jsonl"))
            };
            below("XDG_STATE_HOME", "")
                .or_else(|| below("HOME", ".local/state"))
                .or_else(|| below("LOCALAPPDATA", ""))
        }
    }
}

/// Ends the program: the command line makes no sense.
fn wrong(sentence: &str) -> ! {
    Args::command().error(ErrorKind::ArgumentConflict, sentence).exit()
}
