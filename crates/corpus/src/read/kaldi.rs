//! Kaldi's lists: `wav.scp` with a name and a recording a line, and beside it what is known of each
//! name: `segments`, `utt2spk`, `text`, and the class in `utt2emo`, `utt2lab` or a `.emo` file of
//! the same stem. Recordings that are the output of a command are refused: nothing is run.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use limbic_media::Span;

use super::found;
use super::lines::{bad, each_line};
use crate::{Card, Corpus, Error, Example, Label, Media, Result};

pub(crate) struct Kaldi {
    file: PathBuf,
    classes: BTreeMap<String, String>,
    card: Card,
}

/// Whether a file is a list of recordings by its name.
pub(crate) fn is(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "scp")
}

/// A list of a name and something about it a line; empty where there is no such file.
fn about(path: &Path) -> Result<BTreeMap<String, String>> {
    let mut about = BTreeMap::new();
    if !path.is_file() {
        return Ok(about);
    }
    each_line(path, |number, line| {
        let (name, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        if about.insert(name.to_owned(), rest.trim().to_owned()).is_some() {
            return Err(bad(path, number, &format!("`{name}` for the second time")));
        }
        Ok(())
    })?;
    Ok(about)
}

/// The recording of a line; its folder is that of the list where it does not begin at the root.
fn recording(folder: &Path, path: &str) -> std::result::Result<PathBuf, String> {
    if path.ends_with('|') || path.starts_with('|') {
        return Err("the recording is the output of a command; save it to a file".to_owned());
    }
    match Path::new(path) {
        whole if whole.is_absolute() => Ok(whole.to_owned()),
        _ => found::below(folder, path),
    }
}

impl Kaldi {
    pub(crate) fn open(file: PathBuf) -> Result<Self> {
        let beside = |name: &str| file.with_file_name(name);
        let lists = [beside("utt2emo"), beside("utt2lab"), file.with_extension("emo")];
        let list = lists.iter().find(|list| list.is_file());
        let classes = list.map(|list| about(list)).transpose()?.unwrap_or_default();
        let words: BTreeSet<String> = classes.values().cloned().collect();
        let name = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or("list").to_owned();
        let maps = list.map(|list| {
            let source = format!("the words of {}", list.display());
            found::labels(&name, &words, &source)
        });
        let card = found::card(&name, maps.into_iter().collect());
        Ok(Self { file, classes, card })
    }
}

impl Corpus for Kaldi {
    fn examples(&self) -> Result<Vec<Example>> {
        let folder = self.file.parent().unwrap_or(Path::new(""));
        let (speakers, texts) = (about(&folder.join("utt2spk"))?, about(&folder.join("text"))?);
        let mut recordings = BTreeMap::new();
        each_line(&self.file, |number, line| {
            let fail = |reason: String| bad(&self.file, number, &reason);
            let (name, path) = line
                .split_once(char::is_whitespace)
                .ok_or_else(|| fail("a name and a file belong in a line".to_owned()))?;
            let path = recording(folder, path.trim()).map_err(fail)?;
            if recordings.insert(name.to_owned(), path).is_some() {
                return Err(fail(format!("`{name}` for the second time")));
            }
            Ok(())
        })?;
        let segments = folder.join("segments");
        let mut clips = Vec::new();
        if segments.is_file() {
            each_line(&segments, |number, line| {
                let clip = segment(line).filter(|(_, _, span)| span.duration() > 0.0);
                let (name, of, span) = clip.ok_or_else(|| {
                    bad(&segments, number, "name, recording, start and end belong in a line")
                })?;
                let path = recordings.get(of).ok_or_else(|| {
                    bad(&segments, number, &format!("`{of}` is not in {}", self.file.display()))
                })?;
                clips.push((name.to_owned(), path.clone(), Some((of.to_owned(), span))));
                Ok(())
            })?;
        } else {
            clips.extend(recordings.into_iter().map(|(name, path)| (name, path, None)));
        }
        if clips.is_empty() {
            return Err(Error::corpus(&self.file, "names no recording"));
        }
        let set = self.card.labels.first();
        let examples = clips.into_iter().map(|(name, path, cut)| {
            let class = self.classes.get(&name).zip(set).and_then(|(word, map)| map.index(word));
            let text = texts.get(&name).filter(|text| !text.is_empty());
            let words = text.map(|text| Media::Text(text.clone()));
            let (source, span) = cut.unzip();
            Example {
                speaker: speakers.get(&name).filter(|speaker| !speaker.is_empty()).cloned(),
                source,
                span,
                media: std::iter::once(Media::Audio(path)).chain(words).collect(),
                labels: set.map(|_| class.map(Label::Class)).into_iter().collect(),
                ..Example::new(name)
            }
        });
        Ok(examples.collect())
    }

    fn card(&self) -> &Card {
        &self.card
    }
}

/// Name, recording and stretch of a line of `segments`.
fn segment(line: &str) -> Option<(&str, &str, Span)> {
    let [name, of, start, end] = line.split_whitespace().collect::<Vec<_>>()[..] else {
        return None;
    };
    let time = |cell: &str| cell.parse().ok().filter(|time: &f64| time.is_finite() && *time >= 0.0);
    Some((name, of, Span::new(time(start)?, time(end)?)))
}
