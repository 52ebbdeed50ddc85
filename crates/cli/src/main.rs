//! The `limbic` program: parse what was typed, run one command, say how it went.
//!
//! Exit code 0 means that every input was read, 1 that some were not, 2 that the command line
//! made no sense, 3 that two parts of a split share what they should not.

mod args;
mod cmd;
mod extractor;
mod inputs;
mod output;
mod progress;
mod state_dict;

use std::process::ExitCode;

use args::{Args, Command};
use clap::Parser;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

/// Training makes and drops tensors of some megabytes all the time; this allocator keeps their
/// memory instead of giving it back to the system and asking for it again.
#[global_allocator]
static ALLOCATOR: limbic_kernels::Allocator = limbic_kernels::Allocator;

fn main() -> ExitCode {
    limbic_kernels::keep_free_memory();
    let args = Args::parse();
    let log = EnvFilter::builder().with_default_directive(LevelFilter::OFF.into());
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(log.with_env_var("LIMBIC_LOG").from_env_lossy())
        .init();
    let outcome = match &args.command {
        Command::Predict(predict) => cmd::predict::run(predict),
        Command::Serve(serve) => cmd::serve::run(serve),
        Command::Features(features) => cmd::features::run(features),
        Command::Data(data) => cmd::data::run(data),
        Command::Train(train) => cmd::train::run(train),
        Command::Adapt(adapt) => cmd::adapt::run(adapt),
        Command::Eval(eval) => cmd::eval::run(eval),
        Command::Compare(compare) => cmd::compare::run(compare),
        Command::Join(join) => cmd::join::run(join),
        Command::Convert(convert) => cmd::convert::run(convert),
        Command::Bench(bench) => cmd::bench::run(bench),
    };
    outcome.unwrap_or_else(|error| {
        output::complain(&sentence(&error));
        ExitCode::FAILURE
    })
}

/// An error and what caused it; a cause that the sentence already holds is not said twice.
fn sentence(error: &anyhow::Error) -> String {
    let mut said = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if said.is_empty() {
            said = cause;
        } else if !said.contains(&cause) {
            said = format!("{said}: {cause}");
        }
    }
    said
}
