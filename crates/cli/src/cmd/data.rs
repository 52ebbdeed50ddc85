//! `limbic data`: what is known of labelled clips before anything is learned from them.

mod audit;
mod cards;
mod check;
mod html;
mod page;
mod sources;
mod split;

use std::process::ExitCode;

use anyhow::Result;

pub(crate) use self::sources::open;
use crate::args::data::{Data, Task};

/// Does one thing with data.
pub(crate) fn run(typed: &Data) -> Result<ExitCode> {
    match &typed.task {
        Task::Audit(typed) => audit::run(typed),
        Task::CheckSplit(typed) => check::run(typed),
        Task::Split(typed) => split::run(typed),
        Task::List(_) => cards::list(),
        Task::Card(typed) => cards::card(typed),
    }
}
