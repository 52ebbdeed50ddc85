//! Which clips a training learns from and what it sees of them: parts, held-out classes, broken
//! and shuffled pairs.

use std::borrow::Cow;

use limbic_media::Modality;
use limbic_model::{Data, LabelKind, LabelMap, Split};
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::dataset::weights;
use crate::{Dataset, Error, Item, Result, fewshot};
use limbic_corpus::{Label, Part};

/// Keeps these draws apart from those of the training.
const STREAM: u64 = 0x7061_6972;

/// A side of a split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Learned from.
    Train,
    /// Scored.
    Test,
}

/// The side of a split that a clip of this official part and published fold is on, with `fold`
/// left out; none where it is kept for choosing thresholds.
pub fn side(split: Split, fold: Option<usize>, part: Part, own: Option<usize>) -> Option<Side> {
    match (split, part) {
        (Split::LeaveSpeakersOut, _) if fold.is_some() && own == fold => Some(Side::Test),
        (Split::LeaveSpeakersOut, _) | (Split::Official, Part::Train | Part::Whole) => {
            Some(Side::Train)
        }
        (Split::Official, Part::Valid) => Some(Side::Test),
        (Split::Official, Part::Dev) => None,
    }
}

impl Dataset {
    /// Items to train on and items to score on, under the split of `data` with `fold` left out.
    /// Without a fold, leave-speakers-out trains on everyone and scores nobody. Clips with a
    /// held-out class are only scored.
    pub fn parts(&self, data: &Data, fold: Option<usize>) -> (Vec<usize>, Vec<usize>) {
        let (mut train, test) = self.split(data.split, fold);
        train.retain(|i| !self.is_held_out(&self.items[*i], &data.hold_out));
        (train, test)
    }

    /// Items kept aside to choose thresholds by, without those of a held-out class.
    pub fn development(&self, data: &Data) -> Vec<usize> {
        let dev = (0..self.items.len()).filter(|i| self.items[*i].part == Part::Dev);
        dev.filter(|i| !self.is_held_out(&self.items[*i], &data.hold_out)).collect()
    }

    /// The few clips of the training part that stand for the held-out classes: `data.shots` of
    /// those with one and as many without (Dai et al. 2020, section 5).
    pub fn shots(&self, data: &Data, fold: Option<usize>) -> Vec<usize> {
        let Some(share) = data.shots else { return Vec::new() };
        let (train, _) = self.split(data.split, fold);
        let new: Vec<bool> =
            train.iter().map(|i| self.is_held_out(&self.items[*i], &data.hold_out)).collect();
        fewshot::choose(&new, share, false).into_iter().map(|index| train[index]).collect()
    }

    fn split(&self, split: Split, fold: Option<usize>) -> (Vec<usize>, Vec<usize>) {
        let side = |index: &usize| {
            let item = &self.items[*index];
            side(split, fold, item.part, item.fold)
        };
        let all = || 0..self.items.len();
        let of = |wanted| all().filter(|index| side(index) == Some(wanted)).collect();
        (of(Side::Train), of(Side::Test))
    }

    /// The data set as a training on `train` sees it: the label sets without the held-out
    /// classes, pairs shuffled and broken as `data` asks. Items keep their places, so the same
    /// indices hold. Where `data` asks for nothing, it is the data set itself.
    pub fn arranged(&self, data: &Data, seed: u64, train: &[usize]) -> Cow<'_, Self> {
        if data.hold_out.is_empty() && data.unpaired == 0.0 && !data.shuffle_pairs {
            return Cow::Borrowed(self);
        }
        let mut random = ChaCha8Rng::seed_from_u64(seed ^ STREAM);
        let mut arranged = self.clone();
        arranged.forget(&data.hold_out);
        if data.shuffle_pairs {
            arranged.shuffle(train, &mut random);
        }
        arranged.unpair(data.unpaired, train, &mut random);
        Cow::Owned(arranged)
    }

    /// Takes classes out of the label sets.
    fn forget(&mut self, classes: &[String]) {
        let Self { cards, items, .. } = self;
        for (corpus, card) in cards.iter_mut().enumerate() {
            for (set, map) in card.labels.iter_mut().enumerate().filter(|(_, m)| is_classes(m)) {
                let place: Vec<Option<usize>> = map
                    .classes
                    .iter()
                    .scan(0, |kept, (class, _)| {
                        let stays = !classes.contains(class);
                        *kept += usize::from(stays);
                        Some(stays.then(|| *kept - 1))
                    })
                    .collect();
                map.classes.retain(|(class, _)| !classes.contains(class));
                for item in items.iter_mut().filter(|item| item.corpus == corpus) {
                    item.labels[set] =
                        item.labels[set].take().and_then(|label| renumbered(label, &place));
                }
            }
        }
    }

    /// Sends the values of every modality but the first round among the clips of a corpus, so
    /// that none keeps its own (Sattolo 1986). A clip keeps its label with its first modality.
    fn shuffle(&mut self, train: &[usize], random: &mut ChaCha8Rng) {
        for corpus in 0..self.cards.len() {
            for modality in self.modalities.iter().skip(1).copied() {
                let own: Vec<usize> = train
                    .iter()
                    .copied()
                    .filter(|i| self.items[*i].corpus == corpus)
                    .filter(|i| self.items[*i].values.get(modality).is_some())
                    .collect();
                let mut values: Vec<_> =
                    own.iter().map(|i| self.items[*i].values.remove(modality)).collect();
                for last in (1..values.len()).rev() {
                    values.swap(last, random.random_range(0..last));
                }
                for (index, value) in own.into_iter().zip(values) {
                    if let Some(value) = value {
                        self.items[index].values.insert(modality, value);
                    }
                }
            }
        }
    }

    /// Leaves `share` of the clips that have several modalities only one, each in turn.
    fn unpair(&mut self, share: f64, train: &[usize], random: &mut ChaCha8Rng) {
        let mut paired: Vec<usize> =
            train.iter().copied().filter(|i| self.items[*i].values.len() > 1).collect();
        paired.shuffle(random);
        paired.truncate((share * paired.len() as f64).round() as usize);
        for (turn, index) in paired.into_iter().enumerate() {
            let values = &mut self.items[index].values;
            let kept = values.iter().nth(turn % values.len()).map(|(modality, _)| modality);
            for modality in Modality::ALL.into_iter().filter(|m| Some(*m) != kept) {
                values.remove(modality);
            }
        }
    }

    /// Whether a clip carries one of `classes`; the votes for it must outnumber all others.
    fn is_held_out(&self, item: &Item, classes: &[String]) -> bool {
        let maps = &self.cards[item.corpus].labels;
        !classes.is_empty()
            && maps.iter().zip(&item.labels).filter(|(map, _)| is_classes(map)).any(
                |(map, label)| {
                    let Some(label) = label else { return false };
                    let weights = weights(label, map.classes.len());
                    let least = match label {
                        Label::Votes(_) => {
                            weights.iter().copied().fold(f32::MIN_POSITIVE, f32::max)
                        }
                        _ => f32::MIN_POSITIVE,
                    };
                    let mut named = map.classes.iter().zip(weights);
                    named.any(|((class, _), weight)| weight >= least && classes.contains(class))
                },
            )
    }

    /// Refuses held-out classes that no label set has.
    pub(crate) fn check_held_out(&self, classes: &[String]) -> Result<()> {
        let maps = || self.cards.iter().flat_map(|card| &card.labels).filter(|map| is_classes(map));
        match classes.iter().find(|class| maps().all(|map| map.index(class).is_none())) {
            None => Ok(()),
            Some(stranger) => {
                let known = maps().flat_map(|map| &map.classes).map(|(class, _)| class.as_str());
                let known = known.collect::<Vec<_>>().join(", ");
                let reason = format!("no corpus has the class `{stranger}`; there are {known}");
                Err(Error::Recipe { key: "data.hold-out".into(), reason })
            }
        }
    }
}

fn is_classes(map: &LabelMap) -> bool {
    map.kind != LabelKind::Rating
}

/// A label after classes have moved to other places or gone; `None` where nothing of it is left.
fn renumbered(label: Label, place: &[Option<usize>]) -> Option<Label> {
    match label {
        Label::Class(class) => Some(Label::Class(place[class]?)),
        Label::Multi(several) => {
            Some(Label::Multi(several.into_iter().filter_map(|class| place[class]).collect()))
        }
        Label::Votes(votes) => {
            let kept = votes.into_iter().zip(place).filter(|(_, place)| place.is_some());
            let kept: Vec<f32> = kept.map(|(vote, _)| vote).collect();
            kept.iter().any(|vote| *vote > 0.0).then_some(Label::Votes(kept))
        }
        Label::Rating(values) => Some(Label::Rating(values)),
    }
}

#[cfg(test)]
mod tests;
