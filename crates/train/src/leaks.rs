//! Held-out clips are new to training: checked, not believed.

use std::collections::BTreeSet;

use limbic_corpus::leak::{Side, Tie, duplicated_in, overlaps};
use limbic_corpus::{Card, Example, Part};
use limbic_model::{Data, Split};
use serde::Serialize;

use crate::{Error, Result};

/// What the two sides of a corpus's split share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Leak {
    /// The corpus.
    pub corpus: String,
    /// What is shared, a sentence each.
    pub found: Vec<String>,
    /// Why that was allowed; none where nothing is shared but copies.
    pub allowed: Option<String>,
    /// Clips of the official part for scoring that are not scored, since training holds a copy.
    pub left_out: usize,
}

/// The clips of a corpus under the split of `data`: refused where speakers, dialogues or
/// recordings are on both sides, or copies in a split of folds, unless `data.allow-leak` says
/// why. Copies in an official split leave the part for scoring. Files are compared by their
/// names; `limbic data check-split` listens to them.
///
/// # Errors
/// [`Error::Leak`] naming the corpus, what is shared and the way out.
pub(crate) fn checked(
    card: &Card,
    examples: Vec<Example>,
    data: &Data,
) -> Result<(Vec<Example>, Option<Leak>)> {
    let (mut found, mut copies) = (Vec::new(), BTreeSet::new());
    for test in sides(&examples, data.split) {
        let both = |wanted: bool| {
            let own = examples.iter().zip(&test).filter(move |(_, side)| **side == Some(wanted));
            Side::new(card, own.map(|(example, _)| example))
        };
        let (train, held_out) = (both(false), both(true));
        let official = data.split == Split::Official;
        if official {
            let places: Vec<usize> =
                (0..examples.len()).filter(|i| test[*i] == Some(true)).collect();
            let copied = duplicated_in(&train, &held_out, None);
            copies.extend(copied.into_iter().map(|index| places[index]));
        }
        for overlap in overlaps(&train, &held_out, None) {
            let copy = matches!(overlap.tie, Tie::SameBytes | Tie::NearDuplicate);
            if !(official && copy) {
                found.push(overlap.to_string());
            }
        }
        // One fold tells it all.
        if !found.is_empty() {
            break;
        }
    }
    let allowed = data.allow_leak.get(&card.name);
    if !found.is_empty() && allowed.is_none() {
        let found = found.join("; ");
        return Err(Error::Leak { corpus: card.name.clone(), found });
    }
    let left_out = copies.len();
    let leak = Leak {
        corpus: card.name.clone(),
        allowed: allowed.cloned().filter(|_| !found.is_empty()),
        found,
        left_out,
    };
    let told = !leak.found.is_empty() || left_out > 0;
    let kept = examples.into_iter().enumerate().filter(|(index, _)| !copies.contains(index));
    Ok((kept.map(|(_, example)| example).collect(), told.then_some(leak)))
}

/// For each way of holding out that a split has: whether each clip is held out, trained on, or
/// neither.
fn sides(examples: &[Example], split: Split) -> Vec<Vec<Option<bool>>> {
    match split {
        Split::Official => {
            let side = |example: &Example| Some(example.part == Part::Valid);
            vec![examples.iter().map(side).collect()]
        }
        Split::LeaveSpeakersOut => {
            let folds: BTreeSet<usize> = examples.iter().filter_map(|e| e.fold).collect();
            let held_out = |fold: &usize| {
                examples.iter().map(|example| Some(example.fold? == *fold)).collect()
            };
            folds.iter().map(held_out).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use limbic_corpus::Media;

    use super::*;

    fn data(split: &str) -> Data {
        toml::from_str(&format!("corpora = ['made-up']\nsplit = '{split}'")).unwrap()
    }

    /// Clip `i` of speaker `i % 4`, in fold `i % 2`, in the part for scoring where `i % 4` is 0.
    fn examples() -> Vec<Example> {
        let example = |i: usize| Example {
            speaker: Some((i % 4).to_string()),
            fold: Some(i % 2),
            part: [Part::Valid, Part::Train, Part::Dev, Part::Train][i % 4],
            ..Example::new(i.to_string())
        };
        (0..12).map(example).collect()
    }

    fn said(examples: Vec<Example>, data: &Data) -> Option<String> {
        let card = Card::new("made-up", Vec::new());
        checked(&card, examples, data).err().map(|error| error.to_string())
    }

    #[test]
    fn vavl_v10_a_speaker_in_two_folds_is_refused() {
        let data = data("leave-speakers-out");
        assert_eq!(said(examples(), &data), None);
        let mut leaky = examples();
        leaky[8].fold = Some(3);
        let sentence = said(leaky.clone(), &data).unwrap();
        for word in ["made-up", "1 speaker is on both sides", "allow-leak"] {
            assert!(sentence.contains(word), "{sentence}");
        }
        leaky[8].speaker = None;
        assert_eq!(said(leaky, &data), None);
    }

    #[test]
    fn vavl_v10_a_speaker_on_both_sides_of_an_official_split_is_refused_or_given_a_reason() {
        let mut data = data("official");
        assert_eq!(said(examples(), &data), None);
        let mut leaky = examples();
        leaky[4].part = Part::Dev;
        assert!(said(leaky.clone(), &data).unwrap().contains("speaker"));
        data.allow_leak.insert("made-up".into(), "one series has one cast".into());
        let card = Card::new("made-up", Vec::new());
        let (kept, leak) = checked(&card, leaky, &data).unwrap();
        let leak = leak.unwrap();
        assert_eq!((kept.len(), leak.left_out), (12, 0));
        assert_eq!(leak.allowed.as_deref(), Some("one series has one cast"));
    }

    #[test]
    fn copies_leave_the_official_part_for_scoring_and_refuse_folds() {
        let words = "these are eight words that only one says";
        let mut copied = examples();
        copied[0].media = vec![Media::Text(words.into())];
        copied[1].media = vec![Media::Text(words.to_uppercase())];
        let card = Card::new("made-up", Vec::new());
        let (kept, leak) = checked(&card, copied.clone(), &data("official")).unwrap();
        assert_eq!((kept.len(), leak.map(|leak| leak.left_out)), (11, Some(1)));
        assert!(kept.iter().all(|example| example.id != "0"));
        assert!(said(copied, &data("leave-speakers-out")).is_some());
    }
}
