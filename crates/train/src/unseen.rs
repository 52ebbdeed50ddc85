//! Classes that training never saw: zero-shot by their words (Dai et al. 2020, section 4).

mod asked;

use std::collections::BTreeMap;
use std::path::Path;

use limbic_media::Modality;
use limbic_model::{Checkpoint, LabelKind, LabelMap, Model};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use self::asked::Asked;
use crate::augment::normal;
use crate::dataset::weights;
use crate::score::{each_batch, logits, rows, winner};
use crate::text::Words;
use crate::{Dataset, Result, metric};
use limbic_corpus::Label;
use limbic_evaluate::{intervals, quantile};

/// Random rows that a class's own word is compared with.
const DRAWS: usize = 50;

/// How the clips of held-out classes score against the words of these, and against random vectors
/// of the same length.
#[derive(Debug, Clone)]
pub struct Unseen {
    inputs: String,
    labels: String,
    class: String,
    word: String,
    answers: Vec<Answer>,
}

/// One clip against one held-out class.
#[derive(Debug, Clone)]
struct Answer {
    fold: Option<usize>,
    speaker: String,
    yes: bool,
    /// Against the word's row.
    alone: Score,
    /// By all that speaks for a name, among the words of the known classes.
    asked: Score,
}

/// Of the word's own vector, and of random ones.
#[derive(Debug, Clone)]
struct Score {
    own: f64,
    random: Vec<f64>,
}

impl Score {
    /// The first is the word's.
    fn of(all: &[f64]) -> Self {
        let (own, random) = all.split_first().map_or((f64::NAN, &[][..]), |(o, r)| (*o, r));
        Self { own, random: random.to_vec() }
    }
}

/// How well the word of a class that was never seen finds its clips.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ZeroShot {
    /// The modalities that the model was shown, joined by `+`.
    pub inputs: String,
    /// The label set.
    pub labels: String,
    /// The class.
    pub class: String,
    /// The words whose vectors stand for it.
    pub word: String,
    /// How many clips were scored.
    pub clips: usize,
    /// How many of them are of the class.
    pub positives: usize,
    /// By the row that the word is mapped to, as published.
    #[serde(flatten)]
    pub alone: Area,
    /// By the probability that the word has among the words of the known classes where a user asks
    /// for them all: known classes that mean the same speak for it, too. A random vector may do
    /// better than by chance here, for it is left the clips that no known class fits.
    pub asked: Area,
}

/// How well scores tell the clips of a class from the others.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Area {
    /// ROC AUC; over several folds, the mean of theirs.
    pub auc: f64,
    /// Where 95 % of its resamples lie: of speakers, or of clips where no speaker is known.
    pub interval: [f64; 2],
    /// The same AUC of each of 50 random vectors as long as the word's: their mean, and the
    /// bounds within which 95 % of them lie.
    pub random: [f64; 3],
}

/// `model`, trained without the classes of `hold_out`, with a row for each of them, and its rows
/// in the order of the label sets of `dataset`, which holds all of them.
///
/// # Errors
/// [`Error::Recipe`](crate::Error::Recipe) where a class has no word vector.
pub fn revealed(
    mut model: Model,
    dataset: &Dataset,
    hold_out: &[String],
    words: Option<&Path>,
) -> Result<Model> {
    let words = Words::open(words)?;
    for map in dataset.cards.iter().flat_map(|card| &card.labels) {
        let (held, kept): (Vec<&String>, Vec<&String>) =
            map.classes.iter().map(|(class, _)| class).partition(|class| hold_out.contains(class));
        for class in &held {
            model = model.with_class(&map.name, class, &words.row(dataset, class)?)?;
        }
        let known: Vec<&String> = kept.into_iter().chain(held).collect();
        let order =
            map.classes.iter().filter_map(|(class, _)| known.iter().position(|k| *k == class));
        model = model.with_classes(&map.name, &order.collect::<Vec<_>>())?;
    }
    Ok(model)
}

/// Scores the clips of `test` against the classes of `hold_out`, which the model of `checkpoint` was
/// trained without, for each choice of modalities in `subsets`; `fold` is the one left out. The
/// checkpoint knows its names ([`crate::with_names`]).
///
/// # Errors
/// Those of [`revealed`] and of the model.
pub fn unseen(
    checkpoint: &Checkpoint,
    dataset: &Dataset,
    hold_out: &[String],
    (test, fold): (&[usize], Option<usize>),
    subsets: &[Vec<Modality>],
    words: Option<&Path>,
) -> Result<Vec<Unseen>> {
    let words = Words::open(words)?;
    let mut all = Vec::new();
    for (corpus, card) in dataset.cards.iter().enumerate() {
        let own: Vec<usize> =
            test.iter().copied().filter(|i| dataset.items[*i].corpus == corpus).collect();
        for (set, map) in card.labels.iter().enumerate() {
            let held = map.classes.iter().enumerate().filter(|(_, (c, _))| hold_out.contains(c));
            for (index, (class, _)) in held {
                let row = words.row(dataset, class)?;
                let known = map.classes.iter().map(|(c, _)| c).filter(|c| !hold_out.contains(c));
                let known: Vec<Vec<f32>> =
                    known.map(|class| words.row(dataset, class)).collect::<Result<_>>()?;
                let vectors: Vec<Vec<f32>> =
                    std::iter::once(row.clone()).chain(strangers(&row, class)).collect();
                let asked = Asked::new(checkpoint, &dataset.modalities, &known, &vectors)?;
                let mut model = checkpoint.model.clone();
                for (draw, row) in vectors.iter().enumerate() {
                    model = model.with_class(&map.name, &format!("{class} {draw}"), row)?;
                }
                for subset in subsets {
                    let mut answers = Vec::new();
                    each_batch(&model, dataset, &own, subset, |batch, views| {
                        let scores = rows(logits(&model, views, Some(&map.name))?);
                        let all = scores.into_iter().zip(asked.answers(views));
                        for (item, (scores, asked)) in batch.iter().zip(all) {
                            let item = &dataset.items[*item];
                            let Some(label) = &item.labels[set] else { continue };
                            let Some(yes) = is(label, map, index) else { continue };
                            let alone: Vec<f64> =
                                scores[known.len()..].iter().copied().map(f64::from).collect();
                            answers.push(Answer {
                                fold,
                                speaker: item.speaker.clone().unwrap_or_else(|| item.id.clone()),
                                yes,
                                alone: Score::of(&alone),
                                asked: Score::of(&asked),
                            });
                        }
                        Ok(())
                    })?;
                    let names: Vec<&str> = subset.iter().map(|m| m.name()).collect();
                    all.push(Unseen {
                        inputs: names.join("+"),
                        labels: map.name.clone(),
                        class: class.clone(),
                        word: map.word(class).to_owned(),
                        answers,
                    });
                }
            }
        }
    }
    Ok(all)
}

/// Random vectors as long as `row`, in every direction alike; always the same for a class.
fn strangers(row: &[f32], class: &str) -> Vec<Vec<f32>> {
    let length = |v: &[f32]| v.iter().map(|x| x * x).sum::<f32>().sqrt();
    let seed = class.bytes().fold(0u64, |seed, byte| seed.wrapping_mul(257) + u64::from(byte));
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut draw = || -> Vec<f32> {
        let drawn: Vec<f32> = row.iter().map(|_| normal(&mut random) as f32).collect();
        let scale = length(row) / length(&drawn);
        drawn.into_iter().map(|x| x * scale).collect()
    };
    (0..DRAWS).map(|_| draw()).collect()
}

/// Whether a label is of a class; `None` where it says nothing of classes.
fn is(label: &Label, map: &LabelMap, class: usize) -> Option<bool> {
    match map.kind {
        LabelKind::Class => winner(label, map.classes.len()).map(|won| won == class),
        LabelKind::Multi => Some(weights(label, map.classes.len())[class] > 0.0),
        LabelKind::Rating => None,
    }
}

/// What the answers of one training, or of one a fold, come to.
pub fn zero_shot(all: &[Unseen]) -> Vec<ZeroShot> {
    let mut together: BTreeMap<[&str; 3], (&str, Vec<&Answer>)> = BTreeMap::new();
    for unseen in all {
        let key = [unseen.labels.as_str(), &unseen.class, &unseen.inputs];
        together.entry(key).or_insert((&unseen.word, Vec::new())).1.extend(&unseen.answers);
    }
    together
        .into_iter()
        .map(|([labels, class, inputs], (word, answers))| ZeroShot {
            inputs: inputs.to_owned(),
            labels: labels.to_owned(),
            class: class.to_owned(),
            word: word.to_owned(),
            clips: answers.len(),
            positives: answers.iter().filter(|answer| answer.yes).count(),
            alone: found(&answers, &|answer| &answer.alone),
            asked: found(&answers, &|answer| &answer.asked),
        })
        .collect()
}

fn found(answers: &[&Answer], score: &dyn Fn(&Answer) -> &Score) -> Area {
    let speakers: Vec<Option<&str>> = answers.iter().map(|a| Some(&*a.speaker)).collect();
    let auc = |chosen: &[usize], of: &dyn Fn(&Score) -> f64| {
        area(chosen.iter().map(|i| answers[*i]), &|answer| of(score(answer)))
    };
    let own = |score: &Score| score.own;
    let intervals = intervals(&speakers, |chosen| vec![("auc".to_owned(), auc(chosen, &own))]);
    let whole: Vec<usize> = (0..answers.len()).collect();
    let mut random: Vec<f64> =
        (0..DRAWS).map(|draw| auc(&whole, &|score| score.random[draw])).collect();
    random.sort_by(f64::total_cmp);
    let mean = random.iter().sum::<f64>() / DRAWS as f64;
    Area {
        auc: auc(&whole, &own),
        interval: intervals.get("auc").copied().unwrap_or([f64::NAN; 2]),
        random: [mean, quantile(&random, 0.025), quantile(&random, 0.975)],
    }
}

/// ROC AUC within each fold, whose scores come from one model; the mean of those that have one.
fn area<'a>(answers: impl Iterator<Item = &'a Answer>, score: &dyn Fn(&Answer) -> f64) -> f64 {
    let mut folds: BTreeMap<Option<usize>, Vec<(bool, f64)>> = BTreeMap::new();
    for answer in answers {
        folds.entry(answer.fold).or_default().push((answer.yes, score(answer)));
    }
    let areas: Vec<f64> = folds.values().map(|own| metric::roc_auc(own)).collect();
    metric::mean_defined(&areas)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(fold: usize, shift: f64) -> Vec<Answer> {
        (0..40)
            .map(|i| Answer {
                fold: Some(fold),
                speaker: (i % 4).to_string(),
                yes: i % 2 == 0,
                alone: Score {
                    own: shift + f64::from(i % 2 == 0) + f64::from(i % 3),
                    random: vec![f64::from(i * 7 % 11); DRAWS],
                },
                asked: Score { own: f64::from(i % 2 == 0), random: vec![0.0; DRAWS] },
            })
            .collect()
    }

    fn of(answers: Vec<Answer>) -> Vec<Unseen> {
        let text = |s: &str| s.to_owned();
        let (inputs, labels) = (text("text"), text("set"));
        vec![Unseen { inputs, labels, class: text("joy"), word: text("joy"), answers }]
    }

    #[test]
    fn folds_are_scored_on_their_own() {
        // The second model's scores are all above the first one's: across folds, nothing follows.
        let (first, second) = (answers(0, 0.0), answers(1, 100.0));
        let alone = zero_shot(&of(first.clone()))[0].alone.auc;
        let both: Vec<Answer> = first.into_iter().chain(second).collect();
        let pooled = zero_shot(&of(both));
        assert_eq!(pooled[0].alone.auc, alone);
        assert_eq!((pooled[0].asked.auc, pooled[0].asked.random[0]), (1.0, 0.5));
        assert_eq!((pooled[0].clips, pooled[0].positives), (80, 40));
        assert!(
            alone > 0.6
                && pooled[0].alone.interval[0] <= alone
                && alone <= pooled[0].alone.interval[1]
        );
    }

    #[test]
    fn strangers_are_as_long_as_the_word_and_always_the_same() {
        let row = vec![3.0, 4.0, 0.0, 0.0];
        let drawn = strangers(&row, "joy");
        assert_eq!((drawn.len(), &drawn), (DRAWS, &strangers(&row, "joy")));
        assert_ne!(drawn[0], strangers(&row, "fear")[0]);
        for one in drawn {
            let length = one.iter().map(|x| x * x).sum::<f32>().sqrt();
            assert!((length - 5.0).abs() < 1e-4);
        }
    }
}
