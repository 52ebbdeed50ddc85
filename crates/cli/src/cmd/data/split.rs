//! `limbic data split`: folds as a file.

use std::collections::BTreeSet;
use std::io::Write;
use std::process::ExitCode;

use anyhow::Result;
use limbic_corpus::split::Split;

use super::audit::write;
use super::page::count;
use super::sources::one;
use crate::args::data;

/// Makes a split and says on standard error what is in it.
pub(super) fn run(typed: &data::Split) -> Result<ExitCode> {
    let found = one(&typed.path, &typed.manifest)?;
    let examples = found.corpus.examples()?;
    let name = &found.corpus.card().name;
    let split = if typed.official {
        Split::official(name, &examples)?
    } else {
        Split::leave_speakers_out(name, &examples, typed.folds, typed.seed)?
    };
    write(typed.output.as_deref(), |out| out.write_all(split.text().as_bytes()))?;
    let mut told = std::io::stderr().lock();
    for fold in 0..split.folds() {
        let round = split.round(&examples, Some(fold))?;
        let people: BTreeSet<_> = round.test.iter().filter_map(|e| e.speaker.as_ref()).collect();
        let people = match people.len() {
            0 => String::new(),
            n => format!(" of {}", count(n, "speaker", "speakers")),
        };
        let clips = count(round.test.len(), "clip", "clips");
        // Nobody is left to tell if standard error is closed.
        let _ = writeln!(told, "fold {fold}: {clips}{people}");
    }
    let _ = writeln!(told, "hash {}", split.hash());
    Ok(ExitCode::SUCCESS)
}
