//! `limbic data check-split`: what two parts share.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use limbic_corpus::leak::{Overlap, Prints, Side, Tie, overlaps};
use limbic_corpus::split::Split;
use limbic_corpus::{Card, Example, Media, names};
use serde::Serialize;

use super::audit::write;
use super::page::{Page, count};
use super::sources::one;
use crate::args::{When, data};
use crate::output::{Colours, width};
use crate::progress::Waiting;

/// Exit code of an overlap.
const LEAK: u8 = 3;

/// What came of comparing.
#[derive(Serialize)]
struct Checked {
    /// Whether anything is shared.
    leak: bool,
    /// Media files that were not there, whose clips were compared by name alone.
    absent_files: usize,
    /// Media files that were compared by their content.
    compared_files: usize,
    /// One for two lists or two parts, one for each fold.
    rounds: Vec<Compared>,
}

/// Training and test clips.
#[derive(Serialize)]
struct Compared {
    /// The fold that was left out, if it is one.
    fold: Option<usize>,
    /// How many training clips.
    train_clips: usize,
    /// How many test clips.
    test_clips: usize,
    /// What they share.
    overlaps: Vec<Overlap>,
    /// Copies within the parts that a corpus itself publishes, which every score leaves out.
    copies: Vec<Overlap>,
}

/// The two sides of one comparison.
struct Sides<'a> {
    fold: Option<usize>,
    train: Side<'a>,
    test: Side<'a>,
    /// Whether a known corpus publishes these parts.
    published: bool,
}

/// Compares two lists, or the parts or folds of one corpus.
pub(super) fn run(typed: &data::CheckSplit) -> Result<ExitCode> {
    let checked = match typed.paths.as_slice() {
        [train, test] => lists(typed, train, test)?,
        paths => parts(typed, &paths[0])?,
    };
    write(None, |out| {
        if typed.json {
            serde_json::to_writer_pretty(&mut *out, &checked)?;
            return writeln!(out);
        }
        let terminal = out.is_terminal();
        let colours = Colours::choose(When::Auto, terminal);
        text(&mut Page::new(out, width(terminal), colours), &checked)
    })?;
    Ok(if checked.leak { ExitCode::from(LEAK) } else { ExitCode::SUCCESS })
}

/// Two lists. Where both name no known corpus, or the same one, a speaker of one is the speaker
/// of that name of the other.
fn lists(typed: &data::CheckSplit, train: &Path, test: &Path) -> Result<Checked> {
    if typed.fold.is_some() || typed.split.is_some() || typed.group.is_some() {
        bail!("--fold, --split and --group divide one corpus; give one path with them");
    }
    let (ours, theirs) = (one(train, &typed.manifest)?, one(test, &typed.manifest)?);
    let (train, test) = (ours.corpus.examples()?, theirs.corpus.examples()?);
    let (our_card, their_card) = (ours.corpus.card(), theirs.corpus.card());
    let known = |card: &Card| names().contains(&card.name.as_str());
    let side = Side::new(their_card, &test);
    let two = known(our_card) && known(their_card);
    let test_side = if two { side } else { side.named(&our_card.name) };
    let train_side = Side::new(our_card, &train);
    let sides = Sides { fold: None, train: train_side, test: test_side, published: false };
    compare(typed, train.iter().chain(&test), vec![sides])
}

/// The parts or folds of one corpus.
fn parts(typed: &data::CheckSplit, path: &Path) -> Result<Checked> {
    let found = one(path, &typed.manifest)?;
    let (examples, card) = (found.corpus.examples()?, found.corpus.card());
    if let Some(group) = &typed.group {
        let (name, value) = group
            .split_once('=')
            .with_context(|| format!("--group {group}: write NAME=VALUE, as in cmu_split=test"))?;
        let is = |example: &&Example| example.groups.get(name).is_some_and(|own| own == value);
        let (test, train): (Vec<_>, Vec<_>) = examples.iter().partition(is);
        if test.is_empty() {
            let known: BTreeSet<_> = examples.iter().flat_map(|e| e.groups.keys()).collect();
            let known: Vec<_> = known.into_iter().map(String::as_str).collect();
            let known = if known.is_empty() { "nothing".to_owned() } else { known.join(", ") };
            bail!("no clip has {group}; what is known of the clips by name: {known}");
        }
        let (train, test) = (Side::new(card, train), Side::new(card, test));
        let sides = Sides { fold: None, train, test, published: false };
        return compare(typed, examples.iter(), vec![sides]);
    }
    let split = match &typed.split {
        Some(path) => Split::read(path)?,
        None => Split::official(&card.name, &examples)?,
    };
    let folds: Vec<Option<usize>> = match (typed.fold, split.folds()) {
        (None, 0) => vec![None],
        (None, folds) => (0..folds).map(Some).collect(),
        (fold, _) => vec![fold],
    };
    let mut sides = Vec::new();
    for fold in folds {
        let round = split.round(&examples, fold)?;
        // What chooses thresholds is learned from too.
        let train = Side::new(card, round.train).and(Side::new(card, round.dev));
        let published =
            typed.split.is_none() && fold.is_none() && names().contains(&card.name.as_str());
        sides.push(Sides { fold, train, test: Side::new(card, round.test), published });
    }
    compare(typed, examples.iter(), sides)
}

fn compare<'a>(
    typed: &data::CheckSplit,
    examples: impl Iterator<Item = &'a Example> + Clone,
    sides: Vec<Sides<'_>>,
) -> Result<Checked> {
    let there = |media: &Media| match media {
        Media::Audio(path) | Media::Film(path) | Media::Image(path) => {
            Some((path.clone(), path.is_file()))
        }
        _ => None,
    };
    let files: BTreeSet<_> =
        examples.clone().flat_map(|example| example.media.iter().filter_map(there)).collect();
    let absent_files = files.iter().filter(|(_, there)| !there).count();
    let mut compared_files = 0;
    let prints = if typed.quick {
        None
    } else {
        let waiting = Waiting::new(1, typed.quiet);
        let total = files.len().max(1) as f64;
        let done = |files: usize| waiting.at(0, "reading the media", files as f64 / total);
        let prints = Prints::take(examples, &done)?;
        compared_files = files.len() - prints.unread();
        Some(prints)
    };
    let compared = |Sides { fold, train, test, published }: Sides<'_>| {
        let copy = |overlap: &Overlap| matches!(overlap.tie, Tie::SameBytes | Tie::NearDuplicate);
        let (copies, overlaps): (Vec<Overlap>, Vec<Overlap>) =
            overlaps(&train, &test, prints.as_ref())
                .into_iter()
                .partition(|overlap| published && copy(overlap));
        let (train_clips, test_clips) = (train.len(), test.len());
        Compared { fold, train_clips, test_clips, overlaps, copies }
    };
    let rounds: Vec<Compared> = sides.into_iter().map(compared).collect();
    let leak = rounds.iter().any(|round| !round.overlaps.is_empty());
    Ok(Checked { leak, absent_files, compared_files, rounds })
}

fn text(page: &mut Page<impl Write>, checked: &Checked) -> io::Result<()> {
    for round in &checked.rounds {
        let name = round.fold.map_or_else(|| "split".to_owned(), |fold| format!("fold {fold}"));
        let train = count(round.train_clips, "training clip", "training clips");
        page.head(
            &name,
            &format!("{train}, {}", count(round.test_clips, "test clip", "test clips")),
        )?;
        for (place, overlap) in round.overlaps.iter().enumerate() {
            page.line(if place == 0 { "shared" } else { "" }, &overlap.to_string())?;
        }
        if round.overlaps.is_empty() {
            page.line("shared", "nothing")?;
        }
        for copies in &round.copies {
            page.line("copies", &format!("{copies}; scores leave these test clips out"))?;
        }
    }
    let files = count(checked.compared_files, "media file", "media files");
    let absent = match checked.absent_files {
        0 => String::new(),
        n => {
            let files = count(n, "file is", "files are");
            format!("; {files} not there and could only be compared by name")
        }
    };
    let how = "names, speakers, dialogues, recordings and texts";
    page.line("compared", &format!("{how}, and {files} by content{absent}"))
}
