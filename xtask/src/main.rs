//! Chores of the repository: `cargo xtask make` trains the checkpoints that figures are of, `cargo
//! xtask results` prints every published figure again.
//!
//! Both follow `xtask/results.toml`, which names each checkpoint with the command that makes it,
//! and each figure with the command that prints it and the bars that it is held against.
//! `cargo xtask load` and `cargo xtask faults` try the server.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "its output is its purpose")]

mod cut;
mod faults;
mod load;
mod plan;
mod run;
mod served;
mod sound;
mod table;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use crate::load::Load;
use crate::plan::Plan;
use crate::run::Place;

#[derive(Debug, Parser)]
#[command(name = "cargo xtask")]
struct Args {
    #[command(subcommand)]
    chore: Chore,

    /// The folder that holds one folder a corpus
    #[arg(long, global = true, default_value = "../shared/data", env = "LIMBIC_DATA")]
    data: PathBuf,

    /// Where checkpoints and scores are kept
    #[arg(long, global = true, default_value = "runs")]
    kept: PathBuf,
}

#[derive(Debug, clap::Subcommand)]
enum Chore {
    /// Trains the checkpoints that are not there yet
    Make {
        /// These only, by their name
        names: Vec<String>,
    },
    /// Prints every figure beside its bars; exit code 1 where one is below its floor or
    /// cannot be printed
    Results {
        /// Those of these points only
        #[arg(long, value_delimiter = ',')]
        points: Vec<usize>,
        /// Score again what was scored before
        #[arg(long)]
        again: bool,
    },
    /// Asks the server from many clients at once; exit code 1 where a bound is not kept
    Load {
        /// Clients at once
        #[arg(long, default_value_t = 32)]
        clients: usize,
        /// For how long
        #[arg(long, default_value_t = 300)]
        seconds: u64,
        /// And for at least so many requests
        #[arg(long, default_value_t = 0)]
        requests: usize,
        /// The program, instead of one that is built now
        #[arg(long)]
        program: Option<PathBuf>,
        /// More arguments of `limbic serve`
        #[arg(last = true)]
        more: Vec<String>,
    },
    /// Does to the server what goes wrong in the world; exit code 1 where it leaks or falls
    Faults {
        /// The program, instead of one that is built now
        #[arg(long)]
        program: Option<PathBuf>,
    },
}

fn main() -> Result<ExitCode> {
    let args = Args::parse();
    let plan = Plan::read()?;
    let place = Place { data: args.data, kept: args.kept };
    match args.chore {
        Chore::Make { names } => {
            for make in plan.chosen(&names)? {
                place.make(make)?;
            }
            Ok(ExitCode::SUCCESS)
        }
        Chore::Results { points, again } => {
            place.cut(&plan.table)?;
            let chosen = plan.figure.iter();
            let chosen =
                chosen.filter(|figure| points.is_empty() || points.contains(&figure.point));
            let (mut rows, mut failed) = (Vec::new(), false);
            for figure in chosen {
                match place.figure(figure, again) {
                    Ok(found) => rows.push((figure, found)),
                    // One that cannot be printed does not keep the others back.
                    Err(error) => {
                        eprintln!("{}: {error:#}", figure.of);
                        failed = true;
                    }
                }
            }
            print!("{}", table::markdown(&rows));
            let low = rows.iter().any(|(figure, found)| figure.misses(found.value));
            Ok(if low || failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
        }
        Chore::Load { clients, seconds, requests, program, more } => {
            let load = Load { clients, seconds, requests };
            let more: Vec<&str> = more.iter().map(String::as_str).collect();
            let kept = load.run(&run::program(program)?, &more)?;
            Ok(if kept { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Chore::Faults { program } => {
            let kept = faults::run(&run::program(program)?)?;
            Ok(if kept { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
    }
}
