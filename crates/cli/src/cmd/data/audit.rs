//! `limbic data audit`: what is wrong with clips, as text, JSON and HTML.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use limbic_corpus::audit::{Audit, Fault, Finding, audit};
use limbic_evaluate::Events;
use serde::Serialize;

use super::page::{Page, count, duration, thousands};
use super::sources::{Loose, all};
use super::{cards, html};
use crate::args::data;
use crate::output::{Colours, Destination, width};
use crate::progress::Waiting;

/// Items named of one finding.
const NAMED: usize = 3;

/// Speakers named.
const SPEAKERS: usize = 6;

/// Everything that was found at a path.
#[derive(Serialize)]
pub(super) struct Audits {
    /// The path.
    pub(super) path: PathBuf,
    /// One for each corpus.
    pub(super) corpora: Vec<Audit>,
    /// Files that belong to none, a row a folder.
    pub(super) unrecognised: Vec<Loose>,
}

/// Audits every corpus at a path.
pub(super) fn run(typed: &data::Audit) -> Result<ExitCode> {
    let (found, unrecognised) = all(&typed.path, &typed.manifest)?;
    let waiting = Waiting::new(found.len(), typed.quiet);
    let mut corpora = Vec::with_capacity(found.len());
    for (index, found) in found.iter().enumerate() {
        let name = &found.corpus.card().name;
        waiting.at(index, name, 0.0);
        let done = |files: usize, all: usize| {
            waiting.at(index, name, files as f64 / all.max(1) as f64);
        };
        corpora.push(audit(found.corpus.as_ref(), &found.folder, &done)?);
    }
    drop(waiting);
    let audits = Audits { path: typed.path.clone(), corpora, unrecognised };
    if let Some(folder) = &typed.tensorboard {
        events(folder, &audits)?;
    }
    if let Some(path) = &typed.html {
        write(Some(path), |out| html::write(out, &audits))?;
    }
    write(typed.output.as_deref(), |out| {
        if typed.json {
            serde_json::to_writer_pretty(&mut *out, &audits)?;
            return writeln!(out);
        }
        let terminal = out.is_terminal();
        let colours = Colours::choose(crate::args::When::Auto, terminal);
        text(&mut Page::new(out, width(terminal), colours), &audits)
    })?;
    let broken = audits.corpora.iter().any(Audit::is_broken);
    Ok(if broken { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Writes the size of each corpus and of each of its findings and classes as events.
fn events(folder: &Path, audits: &Audits) -> Result<()> {
    let mut events = Events::create(folder)?;
    for audit in &audits.corpora {
        let mut tell = |tag: &str, count: usize| {
            events.scalar(&format!("{}/{tag}", audit.corpus), 0, count as f32)
        };
        tell("clips", audit.clips)?;
        for finding in &audit.findings {
            // By the names of the JSON.
            let name = serde_json::to_value(finding.fault)?;
            let name = name.as_str().unwrap_or_default();
            tell(&format!("findings/{name}"), finding.count)?;
        }
        for class in &audit.classes {
            tell(&format!("classes/{}", class.class), class.clips)?;
        }
    }
    events.finish()?;
    Ok(())
}

/// Writes to a file or to standard output; a reader that has gone away is no error.
pub(super) fn write(
    path: Option<&Path>,
    print: impl FnOnce(&mut Destination) -> io::Result<()>,
) -> Result<()> {
    let mut out = Destination::open(path)?;
    match print(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(error).context("the output cannot be written"),
        Ok(()) => out.finish(),
    }
}

fn text(page: &mut Page<impl Write>, audits: &Audits) -> io::Result<()> {
    for audit in &audits.corpora {
        one(page, audit)?;
        writeln!(page.out)?;
    }
    let clips: usize = audits.corpora.iter().map(|audit| audit.clips).sum();
    let corpora = count(audits.corpora.len(), "corpus", "corpora");
    page.head("in all", &format!("{corpora}, {}", count(clips, "clip", "clips")))?;
    let broken: usize = audits
        .corpora
        .iter()
        .flat_map(|audit| &audit.findings)
        .filter(|finding| finding.fault.is_broken())
        .map(|finding| finding.count)
        .sum();
    let verdict = match broken {
        0 => "every clip can be read".to_owned(),
        n => format!("{} missing, empty or corrupt", count(n, "clip is", "clips are")),
    };
    page.line("", &verdict)?;
    for loose in &audits.unrecognised {
        page.line("not opened", &unopened(loose))?;
    }
    Ok(())
}

/// What is said of files that belong to no corpus.
pub(super) fn unopened(loose: &Loose) -> String {
    let folder = match loose.folder.display().to_string() {
        here if here.is_empty() => ".".to_owned(),
        folder => folder,
    };
    let more = if loose.files > loose.names.len() { ", ..." } else { "" };
    format!("{} in {folder}: {}{more}", count(loose.files, "file", "files"), loose.names.join(", "))
}

fn one(page: &mut Page<impl Write>, audit: &Audit) -> io::Result<()> {
    page.head(&audit.corpus, &audit.title)?;
    page.line("clips", &size(audit))?;
    page.line("labels", audit.target.map_or("whose judgement is not stated", cards::target))?;
    page.line("licence", &format!("{} ({})", audit.licence, audit.citation))?;
    if audit.findings.is_empty() {
        page.line("found", "nothing wrong")?;
    }
    for (place, finding) in audit.findings.iter().enumerate() {
        page.line(if place == 0 { "found" } else { "" }, &sentence(finding, NAMED))?;
    }
    for (place, overlap) in audit.overlaps.iter().enumerate() {
        page.line(if place == 0 { "official split" } else { "" }, &overlap.to_string())?;
    }
    if !audit.classes.is_empty() {
        page.table("classes", &["class", "clips", "sound", "published"], &class_rows(audit))?;
    }
    if !audit.speakers.is_empty() {
        let head = ["speaker", "clips", "sound", "classes"];
        page.table("speakers", &head, &speaker_rows(audit, SPEAKERS))?;
        if audit.speakers.len() > SPEAKERS {
            page.line("", &format!("and {} more", thousands(audit.speakers.len() - SPEAKERS)))?;
        }
    }
    for (place, trap) in audit.traps.iter().enumerate() {
        page.line(if place == 0 { "traps" } else { "" }, trap)?;
    }
    Ok(())
}

/// How much there is.
pub(super) fn size(audit: &Audit) -> String {
    let files = (audit.files > 0).then(|| format!(" in {}", count(audit.files, "file", "files")));
    let sound = (audit.seconds > 0.0).then(|| format!(", {} of sound", duration(audit.seconds)));
    let people = audit.speakers.len();
    let people = (people > 0).then(|| format!(", {}", count(people, "speaker", "speakers")));
    let clips = count(audit.clips, "clip", "clips");
    [Some(clips), files, sound, people].into_iter().flatten().collect()
}

/// The cells of the table of classes.
pub(super) fn class_rows(audit: &Audit) -> Vec<Vec<String>> {
    let row = |row: &limbic_corpus::audit::ClassRow| {
        let sound = if row.seconds > 0.0 { duration(row.seconds) } else { String::new() };
        vec![
            row.class.clone(),
            thousands(row.clips),
            sound,
            row.published.map(thousands).unwrap_or_default(),
        ]
    };
    audit.classes.iter().map(row).collect()
}

/// The cells of the table of speakers, the first `most` of them.
pub(super) fn speaker_rows(audit: &Audit, most: usize) -> Vec<Vec<String>> {
    let row = |row: &limbic_corpus::audit::SpeakerRow| {
        let sound = if row.seconds > 0.0 { duration(row.seconds) } else { String::new() };
        vec![row.speaker.clone(), thousands(row.clips), sound, row.classes.to_string()]
    };
    audit.speakers.iter().take(most).map(row).collect()
}

/// What was found, with the first few items.
fn sentence(finding: &Finding, named: usize) -> String {
    let item = |item: &limbic_corpus::audit::Item| match item.note.as_str() {
        "" => item.name.clone(),
        note => format!("{} ({note})", item.name),
    };
    let items: Vec<String> = finding.items.iter().take(named).map(item).collect();
    let more = if finding.count > named { ", ..." } else { "" };
    format!("{} {}: {}{more}", thousands(finding.count), words(finding.fault), items.join(", "))
}

/// The name of a finding for people.
pub(super) const fn words(fault: Fault) -> &'static str {
    match fault {
        Fault::Missing => "missing",
        Fault::Empty => "empty",
        Fault::Corrupt => "corrupt",
        Fault::Silent => "silent",
        Fault::Clipped => "clipped",
        Fault::OverLong => "over-long",
        Fault::OverShort => "over-short",
        Fault::Blank => "blank",
        Fault::Duplicate => "duplicate",
        Fault::NearDuplicate => "near-duplicate",
        Fault::LabelConflict => "with a copy that is labelled otherwise",
        Fault::Unlabelled => "without a label",
        Fault::ClassCount => "classes unlike the published counts",
    }
}
