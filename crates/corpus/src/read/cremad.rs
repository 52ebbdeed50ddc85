//! CREMA-D as published: recordings and films named by actor, sentence, emotion and level, and the
//! votes of those who heard the voice, saw the face, or both. The votes are read from the
//! publication's `processedResults/tabulatedVotes.csv` or from a table with one row a clip, and
//! need no clips.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use super::acted::{Take, takes};
use super::naming;
use super::table::{Row, Table};
use crate::{Card, Corpus, Error, Example, Label, Result};

/// The votes of the publication: three rows a clip.
const TABULATED: &str = "processedResults/tabulatedVotes.csv";
/// The same votes with one row a clip.
const BY_MODALITY: &str = "votes_by_modality.csv";
/// Who the actors are.
const DEMOGRAPHICS: &str = "VideoDemographics.csv";
/// The folders of recordings and films that are read, of those there are.
const FOLDERS: [&str; 4] = ["AudioWAV", "AudioMP3", "VideoMP4", "VideoFlash"];
/// The letters of the votes, in the order of the label files.
const LETTERS: [&str; 6] = ["A", "D", "F", "H", "N", "S"];

/// The votes for voice, face, and both.
type Votes = [Option<Vec<f32>>; 3];

pub(crate) struct Cremad {
    folder: PathBuf,
    card: Card,
}

/// Whether a folder holds the recordings as published.
pub(crate) fn is(folder: &Path) -> bool {
    let recordings = folder.join("AudioWAV");
    let Ok(mut entries) = std::fs::read_dir(recordings) else { return false };
    entries.any(|entry| entry.is_ok_and(|entry| naming::cremad(&entry.path()).is_some()))
}

/// Whether a folder holds the votes and no recordings.
pub(crate) fn is_ratings(folder: &Path) -> bool {
    !is(folder) && folder.join(BY_MODALITY).is_file()
}

impl Cremad {
    pub(crate) fn new(card: Card, folder: PathBuf) -> Self {
        Self { folder, card }
    }

    fn takes(&self) -> Result<BTreeMap<String, Take>> {
        let mut all: BTreeMap<String, Take> = BTreeMap::new();
        for folder in FOLDERS.map(|folder| self.folder.join(folder)) {
            if !folder.is_dir() {
                continue;
            }
            for (stem, take) in takes(&folder, naming::cremad, &self.card.title)? {
                all.entry(stem).or_default().join(take);
            }
        }
        Ok(all)
    }

    fn votes(&self) -> Result<BTreeMap<String, Votes>> {
        let (tabulated, wide) = (self.folder.join(TABULATED), self.folder.join(BY_MODALITY));
        let mut votes: BTreeMap<String, Votes> = BTreeMap::new();
        if tabulated.is_file() {
            for row in Table::read(&tabulated)?.rows() {
                // The first column has no name. Its number begins with what was shown.
                let shown = match row.get("")?.as_bytes().first() {
                    Some(b'1') => 0,
                    Some(b'2') => 1,
                    Some(b'3') => 2,
                    _ => return Err(row.bad("the number of the row begins with 1, 2 or 3")),
                };
                let cast = cast(&row, str::to_owned)?;
                votes.entry(clip(&row, "fileName")?).or_default()[shown] = cast;
            }
        } else if wide.is_file() {
            for row in Table::read(&wide)?.rows() {
                let of = |shown| cast(&row, |letter| format!("{shown}_{letter}"));
                let own = [of("voice")?, of("face")?, of("multi")?];
                votes.insert(clip(&row, "stem")?, own);
            }
        }
        Ok(votes)
    }

    /// Sex and race of the actors, in the words of the publication, by actor.
    fn actors(&self) -> Result<HashMap<String, [(String, String); 2]>> {
        let path = self.folder.join(DEMOGRAPHICS);
        if !path.is_file() {
            return Ok(HashMap::new());
        }
        let actor = |row: Row<'_>| {
            let of = |column| Ok::<_, Error>(row.get(column)?.trim().to_lowercase());
            let groups = [("gender".to_owned(), of("Sex")?), ("race".to_owned(), of("Race")?)];
            Ok((row.get("ActorID")?.to_owned(), groups))
        };
        Table::read(&path)?.rows().map(actor).collect()
    }
}

/// The clip that a row is about.
fn clip(row: &Row<'_>, column: &str) -> Result<String> {
    let stem = row.get(column)?;
    match naming::cremad(Path::new(stem)) {
        Some(name) => Ok(name.take),
        None => Err(row.bad(&format!("`{stem}` is not named like a clip of CREMA-D"))),
    }
}

/// The votes of a row; none where nobody voted.
fn cast(row: &Row<'_>, column: impl Fn(&str) -> String) -> Result<Option<Vec<f32>>> {
    let votes = LETTERS
        .iter()
        .map(|letter| row.number::<u16>(&column(letter)).map(f32::from))
        .collect::<Result<Vec<_>>>()?;
    Ok(votes.iter().any(|vote| *vote > 0.0).then_some(votes))
}

impl Corpus for Cremad {
    fn examples(&self) -> Result<Vec<Example>> {
        let (mut takes, mut votes) = (self.takes()?, self.votes()?);
        let actors = self.actors()?;
        // Clips without votes and, where only the votes are there, votes without clips.
        if takes.is_empty() {
            let stems = votes.keys().filter_map(|stem| naming::cremad(Path::new(stem)));
            takes = stems.map(|name| (name.take.clone(), Take::of(name))).collect();
        }
        let map = &self.card.labels[0];
        let examples = takes.into_iter().map(|(stem, take)| {
            let name = take.name.clone();
            let mut groups = name.groups;
            groups.extend(actors.get(&name.speaker).cloned().into_iter().flatten());
            let class = name.class.and_then(|class| map.index(class)).map(Label::Class);
            let cast = votes.remove(&stem).unwrap_or_default();
            let cast = cast.into_iter().map(|votes| votes.map(Label::Votes));
            Example {
                speaker: Some(name.speaker),
                groups,
                media: take.media(),
                labels: std::iter::once(class).chain(cast).collect(),
                ..Example::new(stem)
            }
        });
        Ok(examples.collect())
    }

    fn card(&self) -> &Card {
        &self.card
    }
}
