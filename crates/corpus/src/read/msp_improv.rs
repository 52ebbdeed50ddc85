//! MSP-IMPROV as published: recordings and films below `session1` to `session6`, and one file with
//! the majority label, mean ratings and every rater's answer for each turn. The publication spells
//! its name `Evalution.txt`.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use super::acted::takes;
use super::lines::{bad, each_line};
use super::{naming, spelling};
use crate::{Card, Corpus, Error, Example, Label, LabelMap, Result};

/// What the file of evaluations is called.
const EVALUATIONS: [&str; 2] = ["Evalution.txt", "Evaluation.txt"];
/// The label sets of `corpora/msp_improv.toml`, in its order.
const MAJORITY: usize = 0;
const VOTES: usize = 1;
const RATINGS: usize = 2;

pub(crate) struct MspImprov {
    folder: PathBuf,
    card: Card,
}

fn evaluations(folder: &Path) -> Option<PathBuf> {
    EVALUATIONS.iter().map(|name| folder.join(name)).find(|path| path.is_file())
}

/// Whether a folder holds the evaluations beside the sessions.
pub(crate) fn is(folder: &Path) -> bool {
    let session = ["session1", "Audio/session1"].iter().any(|name| folder.join(name).is_dir());
    session && evaluations(folder).is_some()
}

/// The labels of the turn that is being read, and who has rated it.
struct Turn {
    id: String,
    labels: Vec<Option<Label>>,
    raters: HashSet<String>,
}

impl MspImprov {
    pub(crate) fn new(card: Card, folder: PathBuf) -> Self {
        Self { folder, card }
    }

    fn map(&self, set: usize) -> &LabelMap {
        &self.card.labels[set]
    }

    /// The labels of every turn.
    fn labels(&self, path: &Path) -> Result<BTreeMap<String, Vec<Option<Label>>>> {
        let mut turns: BTreeMap<String, Vec<Option<Label>>> = BTreeMap::new();
        let mut open: Option<Turn> = None;
        each_line(path, |number, line| {
            let cells: Vec<&str> = line.split(';').map(str::trim).collect();
            if cells[0].contains("-IMPROV-") {
                let turn = self.turn(&cells).map_err(|reason| bad(path, number, &reason))?;
                turns.extend(open.take().map(|done| (done.id, done.labels)));
                if turns.contains_key(&turn.id) {
                    return Err(bad(path, number, &format!("`{}` for the second time", turn.id)));
                }
                open = Some(turn);
            } else if let Some(turn) = &mut open {
                self.rate(turn, &cells);
            } else {
                return Err(bad(path, number, "a rater before the first turn"));
            }
            Ok(())
        })?;
        turns.extend(open.map(|done| (done.id, done.labels)));
        Ok(turns)
    }

    /// A line such as `UTD-IMPROV-S01A-F01-S-FM01.avi; N; A:3.0; V:3.5; D:3.0 ; N:4.3;`.
    fn turn(&self, cells: &[&str]) -> std::result::Result<Turn, String> {
        let name = naming::msp_improv(Path::new(cells[0]))
            .ok_or_else(|| format!("`{}` is not named like a turn of MSP-IMPROV", cells[0]))?;
        let class = match cells.get(1).copied().unwrap_or_default() {
            "A" => Some("anger"),
            "H" => Some("happiness"),
            "N" => Some("neutral"),
            "S" => Some("sadness"),
            // Something else, and no agreement.
            "O" | "X" => None,
            other => return Err(format!("`{other}` is none of A, H, N, S, O and X")),
        };
        let rating = |letter: &str| {
            let cell = cells[2..].iter().find_map(|cell| cell.strip_prefix(letter));
            let number = cell.and_then(|cell| cell.trim().parse::<f32>().ok());
            number.ok_or_else(|| format!("no number after `{letter}`"))
        };
        let ratings = [rating("V:")?, rating("A:")?, rating("D:")?];
        let rated = ratings.iter().all(|rating| (1.0..=5.0).contains(rating));
        if !rated && ratings.iter().any(|rating| !rating.is_nan()) {
            return Err("ratings go from 1 to 5".to_owned());
        }
        let mut labels = vec![None; self.card.labels.len()];
        labels[MAJORITY] =
            class.and_then(|class| self.map(MAJORITY).index(class)).map(Label::Class);
        let scaled = || Label::Rating(ratings.map(|rating| (rating - 3.0) / 2.0).to_vec());
        labels[RATINGS] = rated.then(scaled);
        Ok(Turn { id: name.take, labels, raters: HashSet::new() })
    }

    /// Adds a line such as `R1_7; Angry; Frustrated; A:4; V:2; D:4; N:3;`. Some are there twice.
    /// Words that are no class, such as Other, are left out.
    fn rate(&self, turn: &mut Turn, cells: &[&str]) {
        let map = self.map(VOTES);
        let class = cells.get(1).and_then(|word| spelling::class(map, word));
        if let Some(class) = class
            && turn.raters.insert(cells[0].to_owned())
        {
            let none = || Label::Votes(vec![0.0; map.classes.len()]);
            if let Label::Votes(votes) = turn.labels[VOTES].get_or_insert_with(none) {
                votes[class] += 1.0;
            }
        }
    }
}

impl Corpus for MspImprov {
    fn examples(&self) -> Result<Vec<Example>> {
        let path = evaluations(&self.folder).ok_or_else(|| {
            Error::corpus(&self.folder, format!("has no file {}", EVALUATIONS.join(" or ")))
        })?;
        let mut labels = self.labels(&path)?;
        let takes = takes(&self.folder, naming::msp_improv, &self.card.title)?;
        let examples = takes.into_iter().map(|(id, take)| {
            let name = take.name.clone();
            let none = || vec![None; self.card.labels.len()];
            Example {
                speaker: Some(name.speaker),
                dialogue: name.dialogue,
                source: name.source,
                groups: name.groups,
                media: take.media(),
                labels: labels.remove(&id).unwrap_or_else(none),
                ..Example::new(id)
            }
        });
        Ok(examples.collect())
    }

    fn card(&self) -> &Card {
        &self.card
    }
}
