//! IEMOCAP as published: a folder a session, in it one evaluation a dialogue with the stretch,
//! majority label and mean ratings of every turn, and below each turn what every rater said.
//!
//! Raters are told apart by their names: `C-E1` watched and listened, `C-F1` and `C-M1` are the
//! actors, who judged themselves.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::lines::{bad, each_line};
use super::{naming, spelling};
use crate::{Card, Corpus, Error, Example, Label, LabelMap, Media, Result};

/// Where evaluations, words and recordings lie in the folder of a session.
const EVALUATIONS: &str = "dialog/EmoEvaluation";
const TRANSCRIPTIONS: &str = "dialog/transcriptions";
const RECORDINGS: &str = "sentences/wav";
/// The label sets of `corpora/iemocap.toml`, in its order.
const MAJORITY: usize = 0;
const FOUR: usize = 1;
const VOTES: usize = 2;
const SELF: usize = 3;
const RATINGS: usize = 4;

pub(crate) struct Iemocap {
    folder: PathBuf,
    card: Card,
}

/// The folders of the sessions, by number.
fn sessions(folder: &Path) -> impl Iterator<Item = (usize, PathBuf)> {
    let named = (1..=5).map(|number| (number, folder.join(format!("Session{number}"))));
    named.filter(|(_, session)| session.join(EVALUATIONS).is_dir()).collect::<Vec<_>>().into_iter()
}

/// Whether a folder holds a session with evaluations.
pub(crate) fn is(folder: &Path) -> bool {
    sessions(folder).next().is_some()
}

/// The `.txt` files of a folder, by name.
fn texts(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(Error::io(folder))? {
        let path = entry.map_err(Error::io(folder))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.starts_with("Ses") && path.extension().is_some_and(|ending| ending == "txt") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// The words of every turn of a session, by its name; none where there are no transcriptions.
fn words(session: &Path) -> Result<HashMap<String, String>> {
    let folder = session.join(TRANSCRIPTIONS);
    let mut words = HashMap::new();
    if !folder.is_dir() {
        return Ok(words);
    }
    for path in texts(&folder)? {
        each_line(&path, |_, line| {
            // Notes stand between the turns, as `M: [BREATHING]`.
            if let Some((head, said)) = line.split_once("]:")
                && let Some((turn, _)) = head.split_once(" [")
            {
                words.insert(turn.to_owned(), said.trim().to_owned());
            }
            Ok(())
        })?;
    }
    Ok(words)
}

impl Iemocap {
    pub(crate) fn new(card: Card, folder: PathBuf) -> Self {
        Self { folder, card }
    }

    fn map(&self, set: usize) -> &LabelMap {
        &self.card.labels[set]
    }

    /// The turn of a line such as `[6.29 - 8.23] Ses01F_impro01_F000 neu [2.5, 2.5, 2.5]`,
    /// with tabs between its columns.
    fn turn(&self, line: &str) -> std::result::Result<Example, String> {
        let cells: Vec<&str> = line.split('\t').map(str::trim).collect();
        let &[_, turn, code, ratings] = &cells[..] else {
            return Err(format!("{} columns, not 4", cells.len()));
        };
        let name = naming::iemocap(Path::new(turn))
            .ok_or_else(|| format!("`{turn}` is not named like a turn of IEMOCAP"))?;
        let mut labels = vec![None; self.card.labels.len()];
        // No majority, and a majority for something else: the turn has no class.
        if !["xxx", "oth"].contains(&code) {
            let class = spelling::class(self.map(MAJORITY), code)
                .ok_or_else(|| format!("`{code}` is not in labels/iemocap.toml"))?;
            labels[MAJORITY] = Some(Label::Class(class));
            labels[FOUR] = spelling::class(self.map(FOUR), code).map(Label::Class);
        }
        let ratings = ratings.trim_matches(['[', ']']).split(',').map(|rating| {
            let rating: f32 =
                rating.trim().parse().ok().filter(|rating: &f32| rating.is_finite())?;
            Some(((rating - 3.0) / 2.0).clamp(-1.0, 1.0))
        });
        let ratings = ratings.collect::<Option<Vec<f32>>>().filter(|all| all.len() == 3);
        labels[RATINGS] =
            Some(Label::Rating(ratings.ok_or("three ratings belong in the brackets")?));
        Ok(Example {
            speaker: Some(name.speaker),
            dialogue: name.dialogue,
            source: name.source,
            groups: name.groups,
            labels,
            ..Example::new(turn)
        })
    }

    /// Adds what one rater said, in a line such as `C-E2: Neutral; Anger; (polite)`. Words that are
    /// no class, such as Other, are left out.
    fn rate(&self, example: &mut Example, line: &str) {
        let Some((rater, said)) = line.split_once(':') else { return };
        let set = if rater.starts_with("C-E") { VOTES } else { SELF };
        let map = self.map(set);
        let named = said.split(';').filter_map(|word| spelling::class(map, word.trim()));
        for class in named {
            let none = || Label::Votes(vec![0.0; map.classes.len()]);
            if let Label::Votes(votes) = example.labels[set].get_or_insert_with(none) {
                votes[class] += 1.0;
            }
        }
    }

    fn dialogue(&self, path: &Path) -> Result<Vec<Example>> {
        let mut turns: Vec<Example> = Vec::new();
        each_line(path, |number, line| {
            if line.starts_with('[') {
                turns.push(self.turn(line).map_err(|reason| bad(path, number, &reason))?);
            } else if line.starts_with("C-") {
                let Some(turn) = turns.last_mut() else {
                    return Err(bad(path, number, "a rater before the first turn"));
                };
                self.rate(turn, line);
            }
            Ok(())
        })?;
        Ok(turns)
    }
}

impl Corpus for Iemocap {
    fn examples(&self) -> Result<Vec<Example>> {
        let mut examples = Vec::new();
        for (number, session) in sessions(&self.folder) {
            let mut words = words(&session)?;
            for path in texts(&session.join(EVALUATIONS))? {
                for mut turn in self.dialogue(&path)? {
                    let folder = turn.dialogue.as_deref().unwrap_or_default();
                    let recording = session.join(RECORDINGS).join(folder);
                    turn.media.push(Media::Audio(recording.join(format!("{}.wav", turn.id))));
                    turn.media.extend(words.remove(&turn.id).map(Media::Text));
                    turn.fold = Some(number - 1);
                    examples.push(turn);
                }
            }
        }
        if examples.is_empty() {
            let reason = format!("has no turns in Session1..5/{EVALUATIONS}");
            return Err(Error::corpus(&self.folder, reason));
        }
        Ok(examples)
    }

    fn card(&self) -> &Card {
        &self.card
    }
}
