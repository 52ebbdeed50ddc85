//! `limbic data list` and `limbic data card`: what a user must know before using a corpus.

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Result;
use limbic_corpus::{Card, Objectivity, names};

use super::audit::write;
use super::page::{Page, thousands};
use crate::args::{When, data};
use crate::output::{Colours, Destination, width};

/// Whose judgement labels are, in words.
pub(super) const fn target(target: Objectivity) -> &'static str {
    match target {
        Objectivity::Intended => "intended: what the actor was asked to express",
        Objectivity::Perceived => "perceived: what others saw, heard or read in it",
        Objectivity::SelfReported => "self-reported: what the writer said of themself",
        Objectivity::Unstated => "unstated: nobody says whose judgement they are",
    }
}

/// One corpus after the other, in a few lines each.
pub(super) fn list() -> Result<ExitCode> {
    let cards =
        names().into_iter().map(limbic_corpus::card).collect::<limbic_corpus::Result<Vec<_>>>()?;
    show(|page| {
        for card in &cards {
            page.head(&card.name, &card.title)?;
            if let Some(own) = card.target() {
                page.line("labels", target(own))?;
            }
            page.line("licence", &card.licence)?;
            if !card.speakers.is_empty() {
                page.line("people", &card.speakers)?;
            }
        }
        Ok(())
    })
}

/// Everything that is known of one corpus.
pub(super) fn card(typed: &data::Card) -> Result<ExitCode> {
    let card = limbic_corpus::card(&typed.name)?;
    show(|page| whole(page, &card))
}

fn whole(page: &mut Page<impl Write>, card: &Card) -> io::Result<()> {
    page.head(&card.name, &card.title)?;
    page.line("licence", &card.licence)?;
    page.line("citation", &card.citation)?;
    if !card.speakers.is_empty() {
        page.line("people", &card.speakers)?;
    }
    for (place, trap) in card.traps.iter().enumerate() {
        page.line(if place == 0 { "traps" } else { "" }, trap)?;
    }
    for map in &card.labels {
        page.line("labels", &format!("labels/{}.toml, {}", map.name, target(map.target)))?;
        page.line("source", &map.source)?;
        let row = |(class, emotion): &(String, String)| {
            let counts = card.counts.get(class).map(|count| thousands(*count)).unwrap_or_default();
            let emotion = if emotion.is_empty() { "none" } else { emotion };
            vec![class.clone(), emotion.to_owned(), counts]
        };
        let rows: Vec<Vec<String>> = map.classes.iter().map(row).collect();
        page.table("", &["class", "counts as", "published"], &rows)?;
    }
    Ok(())
}

fn show(print: impl FnOnce(&mut Page<&mut Destination>) -> io::Result<()>) -> Result<ExitCode> {
    write(None, |out| {
        let terminal = out.is_terminal();
        let colours = Colours::choose(When::Auto, terminal);
        print(&mut Page::new(out, width(terminal), colours))
    })?;
    Ok(ExitCode::SUCCESS)
}
