//! Which clips a checkpoint is scored on, and whether it may be.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use limbic_corpus::leak::{Overlap, Prints, Side, duplicated_in, overlaps};
use limbic_corpus::split::Split;
use limbic_corpus::{Card, Corpus, Example, Part, fingerprints, names, open, person};
use limbic_model::{Checkpoint, Split as Kind};
use limbic_train::side;

use crate::args::Scope;
use crate::progress::Waiting;

/// Clips to score, and those of the same corpus that training had.
pub(super) struct Plan {
    /// As it was named.
    pub(super) path: PathBuf,
    pub(super) card: Card,
    pub(super) test: Vec<Example>,
    pub(super) train: Vec<Example>,
    /// How the clips were chosen, in words.
    pub(super) chosen: String,
    /// Whether training left nothing out.
    pub(super) exhausted: bool,
    /// Whether the split is the corpus's own, whose copies are left out rather than refused.
    official: bool,
}

/// What training and the clips to score share.
pub(super) struct Found {
    /// What was looked for.
    pub(super) checked: Vec<String>,
    /// What was found, a sentence each.
    pub(super) overlaps: Vec<String>,
    /// Whether anything was.
    pub(super) any: bool,
    /// How many clips are not scored because training holds a copy.
    pub(super) left_out: usize,
}

impl Plan {
    /// The clips of `corpus` that training left out: all of them where it never met the corpus.
    pub(super) fn new(
        path: PathBuf,
        corpus: &dyn Corpus,
        checkpoint: &Checkpoint,
        scope: Scope,
    ) -> Result<Self> {
        let card = corpus.card().clone();
        let mut examples = corpus.examples()?;
        if let Some(split) = files(checkpoint, &card.name)? {
            split.deal(&mut examples)?;
        }
        // How each branch that learned from this corpus split it.
        let learned: Vec<(Kind, Option<usize>)> = checkpoint
            .recipes
            .iter()
            .filter(|(_, recipe)| recipe.data.corpora.contains(&card.name))
            .map(|(modality, recipe)| {
                let fold = checkpoint.provenance.get(modality).and_then(|p| p.fold);
                (recipe.data.split, fold)
            })
            .collect();
        let sides = |example: &Example| -> Vec<Option<limbic_train::Side>> {
            let of = |(split, fold): &(Kind, Option<usize>)| {
                side(*split, *fold, example.part, example.fold)
            };
            learned.iter().map(of).collect()
        };
        let has_parts = examples.iter().any(|example| example.part == Part::Valid);
        let (mut train, mut test) = (Vec::new(), Vec::new());
        for example in examples {
            let sides = sides(&example);
            // What chose thresholds was learned from, too.
            let known = sides.iter().any(|side| *side != Some(limbic_train::Side::Test));
            let free = sides.iter().all(|side| *side == Some(limbic_train::Side::Test));
            let wanted = match scope {
                Scope::All => true,
                Scope::HeldOut if learned.is_empty() => !has_parts || example.part == Part::Valid,
                Scope::HeldOut => free,
            };
            if known {
                train.push(example.clone());
            }
            if wanted {
                test.push(example);
            }
        }
        let exhausted = test.is_empty();
        if exhausted {
            test.clone_from(&train);
        }
        let chosen = match scope {
            _ if exhausted => "all clips, all of which training had".to_owned(),
            Scope::All => "all clips".to_owned(),
            Scope::HeldOut if learned.is_empty() && has_parts => {
                "the official part for scoring".to_owned()
            }
            Scope::HeldOut if learned.is_empty() => "all clips".to_owned(),
            Scope::HeldOut => "the clips that training left out".to_owned(),
        };
        let official = learned.iter().all(|(split, _)| *split == Kind::Official);
        Ok(Self { path, card, test, train, chosen, exhausted, official })
    }

    /// What training shares with the clips to score. Copies in a corpus's own split, which
    /// everybody scores on, leave the test side instead.
    pub(super) fn compare(&mut self, checkpoint: &Checkpoint, quiet: bool) -> Result<Found> {
        let name = self.card.name.clone();
        let mut checked: Vec<String> =
            ["clips", "speakers", "dialogues", "sources", "bytes"].map(str::to_owned).into();
        let known: BTreeSet<&str> = self.train.iter().map(|clip| clip.id.as_str()).collect();
        let same = self.test.iter().filter(|clip| known.contains(clip.id.as_str())).count();
        if same > 0 {
            let all = self.test.len();
            let overlaps = vec![format!("training had {same} of these {all} clips themselves")];
            checked.truncate(1);
            return Ok(Found { checked, overlaps, any: true, left_out: 0 });
        }
        let all = || self.train.iter().chain(&self.test);
        let prints = if self.train.is_empty() {
            None
        } else {
            let (waiting, total) = (Waiting::new(1, quiet), Prints::count(all()).max(1));
            let done = |done: usize| {
                waiting.at(0, "comparing with training", done as f64 / total as f64);
            };
            checked.push("sound and pictures".to_owned());
            Some(Prints::take(all(), &done)?)
        };
        let sides = |train: &[Example], test: &[Example]| -> Vec<Overlap> {
            overlaps(&Side::new(&self.card, train), &Side::new(&self.card, test), prints.as_ref())
        };
        let mut left_out = 0;
        if self.official && !self.train.is_empty() {
            let (train, test) =
                (Side::new(&self.card, &self.train), Side::new(&self.card, &self.test));
            let copies: BTreeSet<usize> =
                duplicated_in(&train, &test, prints.as_ref()).into_iter().collect();
            left_out = copies.len();
            let mut index = 0;
            self.test.retain(|_| {
                index += 1;
                !copies.contains(&(index - 1))
            });
        }
        let mut found: Vec<String> =
            sides(&self.train, &self.test).iter().map(ToString::to_string).collect();
        let people: BTreeSet<&String> = checkpoint
            .provenance
            .values()
            .filter_map(|provenance| provenance.people.get(&name))
            .chain(checkpoint.adapted.iter().filter_map(|own| own.people.get(&name)))
            .flatten()
            .collect();
        if self.train.is_empty() {
            let known = |example: &&Example| {
                let speaker = example.speaker.as_deref();
                speaker.is_some_and(|speaker| people.contains(&person(&name, speaker)))
            };
            let clips = self.test.iter().filter(known).count();
            if clips > 0 {
                found.push(format!("{clips} test clips are of speakers that it learned from"));
            }
            if checkpoint.met.is_empty() {
                checked = vec!["names of corpora (the checkpoint keeps no fingerprints)".into()];
            } else {
                let met = |example: &&Example| {
                    let prints = fingerprints(example);
                    prints.iter().any(|print| checkpoint.met.contains(print))
                };
                let clips = self.test.iter().filter(met).count();
                if clips > 0 {
                    found.push(format!(
                        "{clips} test clips are among those that it learned from, byte for byte \
                         or word for word"
                    ));
                }
            }
        }
        Ok(Found { checked, any: !found.is_empty(), overlaps: found, left_out })
    }
}

/// The split file that a checkpoint's training followed for a corpus, if it did.
///
/// # Errors
/// Where the file is gone or another one.
fn files(checkpoint: &Checkpoint, corpus: &str) -> Result<Option<Split>> {
    let recipes = checkpoint.recipes.values();
    let noted = checkpoint.provenance.values().find_map(|own| own.splits.get(corpus));
    let Some(noted) = noted else { return Ok(None) };
    for file in recipes.flat_map(|recipe| &recipe.data.files) {
        let split = Split::read(file)
            .with_context(|| "training followed this split; put it back".to_owned())?;
        if split.corpus == corpus {
            if split.hash() != *noted {
                bail!("{}: is not the split that training followed; put it back", file.display());
            }
            return Ok(Some(split));
        }
    }
    Ok(None)
}

/// The corpora that a checkpoint learned from, by name.
pub(super) fn own(checkpoint: &Checkpoint, only: &[String]) -> Result<Vec<String>> {
    let mut all: Vec<String> = Vec::new();
    for name in checkpoint.recipes.values().flat_map(|recipe| &recipe.data.corpora) {
        if !all.contains(name) && (only.is_empty() || only.contains(name)) {
            all.push(name.clone());
        }
    }
    if let Some(stranger) = only.iter().find(|name| !all.contains(name)) {
        bail!(
            "this checkpoint did not learn from `{stranger}`; give its folder or manifest as DATA \
             (known corpora: {})",
            names().join(", ")
        );
    }
    Ok(all)
}

/// Opens one of them below the folder that holds all.
pub(super) fn corpus(name: &str, root: &Path) -> Result<Box<dyn Corpus>> {
    Ok(open(name, root)?)
}
