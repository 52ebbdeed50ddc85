//! Which clips are learned from and which are scored on, as a file with a hash.
//!
//! A split is a file of JSON lines: the first says of which corpus it is, of what kind, with which
//! seed, and the BLAKE3 hash of all that; each other line is a clip and where it belongs, sorted by
//! clip. A file that was changed no longer has its hash and is refused.

mod deal;
mod file;

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};

use crate::{Error, Example, Part, Result};

/// How a split was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SplitKind {
    /// The parts that the authors of the corpus publish.
    Official,
    /// The folds that the authors of the corpus, or of a benchmark, publish.
    PublishedFolds,
    /// Folds that share no speaker, with similar shares of the classes.
    LeaveSpeakersOut,
}

/// Where a clip belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// It is learned from.
    Train,
    /// It chooses thresholds.
    Dev,
    /// It is scored on.
    Test,
    /// It is scored on when this fold is left out, and learned from otherwise.
    #[serde(untagged)]
    Fold(usize),
}

/// Where each clip of a corpus belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// The corpus.
    pub corpus: String,
    /// How it was made.
    pub kind: SplitKind,
    /// The seed, where chance had a part in it.
    pub seed: Option<u64>,
    /// Each clip by its name.
    pub places: BTreeMap<String, Place>,
}

/// The clips of a split in one round of training and scoring.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Round<'a> {
    /// To learn from.
    pub train: Vec<&'a Example>,
    /// To choose thresholds.
    pub dev: Vec<&'a Example>,
    /// To score on.
    pub test: Vec<&'a Example>,
}

impl Split {
    /// The parts, or else the folds, that a corpus publishes.
    ///
    /// # Errors
    /// [`Error::Split`] where it publishes none, or two clips have one name.
    pub fn official(corpus: &str, examples: &[Example]) -> Result<Self> {
        let place = |example: &Example| match (example.part, example.fold) {
            (Part::Train, _) => Some(Place::Train),
            (Part::Dev, _) => Some(Place::Dev),
            (Part::Valid, _) => Some(Place::Test),
            (Part::Whole, fold) => fold.map(Place::Fold),
        };
        let places = examples.iter().map(|example| Some((example.id.clone(), place(example)?)));
        let Some(places) = places.collect::<Option<Vec<_>>>() else {
            let reason = "publishes neither parts nor folds; leave speakers out instead";
            return Err(Error::split(corpus, reason));
        };
        let folds = places.iter().any(|(_, place)| matches!(place, Place::Fold(_)));
        let kind = if folds { SplitKind::PublishedFolds } else { SplitKind::Official };
        Self::new(corpus, kind, None, places)
    }

    /// Folds that share no speaker. Speakers who are in one dialogue or one recording stay
    /// together. The largest groups are dealt first, each to the fold that keeps the shares of
    /// the classes most even (the rule of scikit-learn's `StratifiedGroupKFold`); the seed decides
    /// among groups of one size.
    ///
    /// # Errors
    /// [`Error::Split`] where a clip has no speaker, or there are fewer groups than folds.
    pub fn leave_speakers_out(
        corpus: &str,
        examples: &[Example],
        folds: usize,
        seed: u64,
    ) -> Result<Self> {
        let unnamed = examples.iter().filter(|example| example.speaker.is_none()).count();
        if unnamed > 0 {
            let reason = format!(
                "{unnamed} of {} clips have no speaker; speakers who are not known cannot be left \
                 out",
                examples.len()
            );
            return Err(Error::split(corpus, reason));
        }
        let groups = deal::groups(examples, seed);
        if folds < 2 || groups.len() < folds {
            let reason = format!(
                "{} groups of speakers (those in one dialogue or recording are one) make no \
                 {folds} folds; ask for 2 to {}",
                groups.len(),
                groups.len()
            );
            return Err(Error::split(corpus, reason));
        }
        let dealt = deal::evenly(&groups, folds);
        let clips = groups.iter().zip(dealt).flat_map(|(group, fold)| {
            group.clips.iter().map(move |clip| (examples[*clip].id.clone(), Place::Fold(fold)))
        });
        Self::new(corpus, SplitKind::LeaveSpeakersOut, Some(seed), clips.collect())
    }

    fn new(
        corpus: &str,
        kind: SplitKind,
        seed: Option<u64>,
        clips: Vec<(String, Place)>,
    ) -> Result<Self> {
        let mut places = BTreeMap::new();
        for (id, place) in clips {
            if places.contains_key(&id) {
                return Err(Error::split(corpus, format!("two clips have the name `{id}`")));
            }
            places.insert(id, place);
        }
        Ok(Self { corpus: corpus.to_owned(), kind, seed, places })
    }

    /// How many folds it has; 0 where it has parts.
    pub fn folds(&self) -> usize {
        let fold = |place: &Place| if let Place::Fold(fold) = place { fold + 1 } else { 0 };
        self.places.values().map(fold).max().unwrap_or(0)
    }

    /// The clips of one round: those of `fold` are scored on, or those of the part for it.
    ///
    /// # Errors
    /// [`Error::Split`] where the split has folds and none is named, or the other way round, where
    /// a clip is not in the split, or a clip of the split is not there.
    pub fn round<'a>(&self, examples: &'a [Example], fold: Option<usize>) -> Result<Round<'a>> {
        let bad = |reason: String| Err(Error::split(&self.corpus, reason));
        let folds = self.folds();
        match fold {
            None if folds > 0 => return bad(format!("has {folds} folds; name one of them")),
            Some(fold) if fold >= folds => {
                return bad(match folds {
                    0 => "has parts and no folds; name none".to_owned(),
                    _ => format!("has no fold {fold}; the last one is {}", folds - 1),
                });
            }
            _ => {}
        }
        let mut round = Round::default();
        for example in examples {
            let side = match self.places.get(&example.id) {
                None => return bad(format!("says nothing of the clip `{}`", example.id)),
                Some(Place::Dev) => &mut round.dev,
                Some(Place::Test) => &mut round.test,
                Some(Place::Fold(own)) if Some(*own) == fold => &mut round.test,
                Some(Place::Train | Place::Fold(_)) => &mut round.train,
            };
            side.push(example);
        }
        let there: HashSet<&str> = examples.iter().map(|example| example.id.as_str()).collect();
        if let Some(gone) = self.places.keys().find(|id| !there.contains(id.as_str())) {
            return bad(format!("names the clip `{gone}`, which is not there"));
        }
        Ok(round)
    }
}

impl Split {
    /// Puts clips where the split says, in place of what their corpus publishes.
    ///
    /// # Errors
    /// [`Error::Split`] where a clip is not in the split.
    pub fn deal(&self, examples: &mut [Example]) -> Result<()> {
        for example in examples {
            let place = self.places.get(&example.id).ok_or_else(|| {
                Error::split(&self.corpus, format!("says nothing of the clip `{}`", example.id))
            })?;
            (example.part, example.fold) = match place {
                Place::Train => (Part::Train, None),
                Place::Dev => (Part::Dev, None),
                Place::Test => (Part::Valid, None),
                Place::Fold(fold) => (Part::Whole, Some(*fold)),
            };
        }
        Ok(())
    }
}

/// Each corpus left out in turn: its name, and the names of the others.
pub fn leave_corpus_out(names: &[String]) -> Vec<(String, Vec<String>)> {
    let others = |out: &String| names.iter().filter(|name| *name != out).cloned().collect();
    names.iter().map(|out| (out.clone(), others(out))).collect()
}
