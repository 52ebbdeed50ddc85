//! The folder of an evaluation: numbers, answers, and two pages for people.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use limbic_corpus::{Example, Media};
use limbic_evaluate::{Events, Playable, html, markdown, write_answers};

use super::Done;
use super::plan::Plan;
use crate::args::Eval;
use crate::output::Destination;

/// Where evaluations go that were given no place.
const SCORES: &str = "scores";

/// The largest file that is put into a page, in bytes.
const LARGEST: u64 = 4 << 20;

/// The folder to write: the one named, which must be new or empty, or a new one.
///
/// # Errors
/// Where the one named holds something.
pub(super) fn folder(typed: &Eval, checkpoint: &str, plans: &[Plan]) -> Result<PathBuf> {
    if let Some(folder) = &typed.output {
        let taken = folder.is_file()
            || fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
        if taken {
            bail!("{}: is already there; name a new folder with --output", folder.display());
        }
        return Ok(folder.clone());
    }
    let stem = |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let data = match plans {
        [plan] => {
            plan.path.file_stem().map_or_else(|| plan.card.name.clone(), |_| stem(&plan.path))
        }
        _ => "its-own".to_owned(),
    };
    let name = format!("{}-{data}", stem(Path::new(checkpoint)));
    let free = |turn: usize| match turn {
        1 => Path::new(SCORES).join(&name),
        turn => Path::new(SCORES).join(format!("{name}-{turn}")),
    };
    (1..10_000).map(free).find(|path| !path.exists()).context("scores/ is full; empty it")
}

/// Writes everything.
///
/// # Errors
/// Where a file cannot be written.
pub(super) fn all(folder: &Path, done: &Done, typed: &Eval) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| {
        format!("{}: cannot be made; check the disk and its permissions", folder.display())
    })?;
    let evaluation = &done.evaluation;
    let worst = evaluation.sections.iter().flat_map(|section| &section.worst);
    let worst = worst.map(|error| error.clip.as_str());
    let clips = if typed.clips { playable(worst, &done.test) } else { BTreeMap::new() };
    write_answers(&folder.join("answers.jsonl"), &done.told)?;
    file(&folder.join("report.md"), markdown(evaluation).as_bytes())?;
    file(&folder.join("report.html"), html(evaluation, &clips).as_bytes())?;
    evaluation.write(&folder.join("result.json"))?;
    if let Some(events) = &typed.tensorboard {
        let mut events = Events::create(events)?;
        events.evaluation(evaluation)?;
        events.finish()?;
    }
    Ok(())
}

fn file(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = Destination::open(Some(path))?;
    file.write_all(bytes).with_context(|| {
        format!("{}: cannot be written; check the disk and its permissions", path.display())
    })?;
    file.finish()
}

/// The files of these clips, as far as a page can hold and play them.
fn playable<'a>(
    worst: impl Iterator<Item = &'a str>,
    test: &[Example],
) -> BTreeMap<String, Playable> {
    let mut clips = BTreeMap::new();
    for id in worst {
        let Some(example) = test.iter().find(|example| example.id == id) else { continue };
        let found = example.media.iter().find_map(|medium| {
            let (Media::Audio(path) | Media::Film(path) | Media::Image(path)) = medium else {
                return None;
            };
            let kind = match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
                "wav" => "audio/wav",
                "flac" => "audio/flac",
                "mp3" => "audio/mpeg",
                "ogg" | "opus" => "audio/ogg",
                "m4a" => "audio/mp4",
                "mp4" | "mov" => "video/mp4",
                "webm" => "video/webm",
                "png" => "image/png",
                "jpg" | "jpeg" => "image/jpeg",
                _ => return None,
            };
            if fs::metadata(path).ok()?.len() > LARGEST {
                return None;
            }
            Some(Playable { mime: kind.to_owned(), bytes: fs::read(path).ok()? })
        });
        if let Some(clip) = found {
            clips.insert(id.to_owned(), clip);
        }
    }
    clips
}
