//! Held-out clips are of speakers that training never met: checked, not believed.

use std::collections::HashMap;

use limbic_model::Split;

use crate::{Dataset, Error, Item, Result};
use limbic_corpus::Part;

/// Corpora whose own split has the same people on both sides: MELD is one series.
const SHARED: [&str; 1] = ["meld"];

impl Dataset {
    /// Refuses a split that has clips of one speaker on both sides: in two folds, or in the
    /// official part for scoring and in another. Clips of nobody known are not compared.
    ///
    /// # Errors
    /// [`Error::Recipe`] naming the corpus, the speaker and the way out.
    pub(crate) fn check_speakers(&self, split: Split) -> Result<()> {
        let mut sides: HashMap<(usize, &str), String> = HashMap::new();
        for item in &self.items {
            let name = self.cards[item.corpus].name.as_str();
            let (Some(speaker), Some(side)) = (item.speaker.as_deref(), side(item, split)) else {
                continue;
            };
            if split == Split::Official && SHARED.contains(&name) {
                continue;
            }
            let first = sides.entry((item.corpus, speaker)).or_insert_with(|| side.clone());
            if *first != side {
                return Err(Error::Recipe {
                    key: "data.split".to_owned(),
                    reason: format!(
                        "speaker `{speaker}` of {name} is in {first} and in {side}, so scores \
                         would be of people that training knows; put all clips of a speaker on \
                         one side in the manifest of {name}, or write another split"
                    ),
                });
            }
        }
        Ok(())
    }
}

/// Which side of a split a clip is on, in words.
fn side(item: &Item, split: Split) -> Option<String> {
    match (split, item.part) {
        (Split::LeaveSpeakersOut, _) => item.fold.map(|fold| format!("fold {fold}")),
        (Split::Official, Part::Valid) => Some("the part for scoring".to_owned()),
        (Split::Official, _) => Some("the part for training".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::made_up;

    /// The sentence, where there is one.
    fn said(dataset: &Dataset, split: Split) -> Option<String> {
        dataset.check_speakers(split).err().map(|error| error.to_string())
    }

    #[test]
    fn vavl_v10_a_speaker_in_two_folds_is_refused() {
        let mut dataset = made_up(12);
        for (i, item) in dataset.items.iter_mut().enumerate() {
            item.fold = Some(i % 4 % 2);
        }
        assert_eq!(said(&dataset, Split::LeaveSpeakersOut), None);
        dataset.items[8].fold = Some(3);
        let sentence = said(&dataset, Split::LeaveSpeakersOut).unwrap();
        for word in ["data.split", "speaker `0`", "made-up", "fold 0", "fold 3"] {
            assert!(sentence.contains(word), "{sentence}");
        }
        dataset.items[8].speaker = None;
        assert_eq!(said(&dataset, Split::LeaveSpeakersOut), None);
    }

    #[test]
    fn vavl_v10_a_speaker_on_both_sides_of_an_official_split_is_refused() {
        let mut dataset = made_up(12);
        for (i, item) in dataset.items.iter_mut().enumerate() {
            item.part = [Part::Valid, Part::Train, Part::Dev, Part::Valid][i % 4];
        }
        assert_eq!(said(&dataset, Split::Official), None);
        dataset.items[4].part = Part::Dev;
        let sentence = said(&dataset, Split::Official).unwrap();
        assert!(sentence.contains("speaker `0`") && sentence.contains("scoring"), "{sentence}");
        // The same number in another corpus is another person.
        let other = dataset.cards[0].clone();
        dataset.cards.push(other);
        dataset.items[4].corpus = 1;
        assert_eq!(said(&dataset, Split::Official), None);
        for card in &mut dataset.cards {
            card.name = "meld".into();
        }
        dataset.items[4].corpus = 0;
        assert_eq!(said(&dataset, Split::Official), None);
    }
}
