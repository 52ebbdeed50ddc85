//! Classes that training never saw: zero-shot by their words (Dai et al. 2020, section 4).

use std::collections::BTreeMap;
use std::path::Path;

use limbic_media::Modality;
use limbic_model::{LabelKind, LabelMap, Model};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

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
    score: f64,
    random: Vec<f64>,
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
    /// ROC AUC of the scores against the word; over several folds, the mean of theirs.
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

/// Scores the clips of `test` against the classes of `hold_out`, which `model` was trained
/// without, for each choice of modalities in `subsets`; `fold` is the one left out.
///
/// # Errors
/// Those of [`revealed`] and of the model.
pub fn unseen(
    model: &Model,
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
                let known = map.classes.len()
                    - map.classes.iter().filter(|(c, _)| hold_out.contains(c)).count();
                let mut asked = model.clone().with_class(&map.name, class, &row)?;
                for (draw, row) in strangers(&row, class).iter().enumerate() {
                    asked = asked.with_class(&map.name, &format!("{class} {draw}"), row)?;
                }
                for subset in subsets {
                    let mut answers = Vec::new();
                    each_batch(&asked, dataset, &own, subset, |batch, views| {
                        let scores = rows(logits(&asked, views, Some(&map.name))?);
                        for (item, scores) in batch.iter().zip(scores) {
                            let item = &dataset.items[*item];
                            let Some(label) = &item.labels[set] else { continue };
                            let Some(yes) = is(label, map, index) else { continue };
                            let scores: Vec<f64> =
                                scores[known..].iter().copied().map(f64::from).collect();
                            answers.push(Answer {
                                fold,
                                speaker: item.speaker.clone().unwrap_or_else(|| item.id.clone()),
                                yes,
                                score: scores[0],
                                random: scores[1..].to_vec(),
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
        .map(|([labels, class, inputs], (word, answers))| {
            let speakers: Vec<Option<&str>> = answers.iter().map(|a| Some(&*a.speaker)).collect();
            let auc = |chosen: &[usize], score: &dyn Fn(&Answer) -> f64| {
                area(chosen.iter().map(|i| answers[*i]), score)
            };
            let found = intervals(&speakers, |chosen| {
                vec![("auc".to_owned(), auc(chosen, &|answer| answer.score))]
            });
            let whole: Vec<usize> = (0..answers.len()).collect();
            let mut random: Vec<f64> =
                (0..DRAWS).map(|draw| auc(&whole, &|answer| answer.random[draw])).collect();
            random.sort_by(f64::total_cmp);
            let mean = random.iter().sum::<f64>() / DRAWS as f64;
            ZeroShot {
                inputs: inputs.to_owned(),
                labels: labels.to_owned(),
                class: class.to_owned(),
                word: word.to_owned(),
                clips: answers.len(),
                positives: answers.iter().filter(|answer| answer.yes).count(),
                auc: auc(&whole, &|answer| answer.score),
                interval: found.get("auc").copied().unwrap_or([f64::NAN; 2]),
                random: [mean, quantile(&random, 0.025), quantile(&random, 0.975)],
            }
        })
        .collect()
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
                score: shift + f64::from(i % 2 == 0) + f64::from(i % 3),
                random: vec![f64::from(i * 7 % 11); DRAWS],
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
        let alone = zero_shot(&of(first.clone()))[0].auc;
        let both: Vec<Answer> = first.into_iter().chain(second).collect();
        let pooled = zero_shot(&of(both));
        assert_eq!(pooled[0].auc, alone);
        assert_eq!((pooled[0].clips, pooled[0].positives), (80, 40));
        assert!(alone > 0.6 && pooled[0].interval[0] <= alone && alone <= pooled[0].interval[1]);
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
