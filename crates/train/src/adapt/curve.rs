//! What a number of labels is worth: an adapted model beside the same network trained from nothing
//! and beside logistic regression on classical features, on the same held-out speakers.

mod scratch;

use std::collections::{BTreeMap, HashMap};

use limbic_corpus::{Example, Label, LabelKind, LabelMap, Objectivity};
use limbic_evaluate::{Answer, RESAMPLES, Task, compare};
use limbic_media::{Modality, PerModality};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use super::classical::{Classical, Known};
use super::clips::Clips;
use super::folds::Folds;
use super::head::best;
use super::learn::{Side, joined, summed};
use super::{Progress, Request};
use crate::{Error, Part, Result, metric};

/// Keeps these draws apart from those of other parts.
const STREAM: u64 = 0x6375_7276;

/// A way to learn from labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// The words of the classes alone.
    Words,
    /// Rows on the views of the model.
    Adapted,
    /// The same encoder and head from nothing.
    Scratch,
    /// Logistic regression on TF-IDF, or on acoustic functionals.
    Classical,
}

impl Way {
    /// Its name for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Words => "words alone",
            Self::Adapted => "adapted",
            Self::Scratch => "from scratch",
            Self::Classical => "classical",
        }
    }
}

/// One number of labels and one way.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rung {
    /// Labels a class; 0 for words alone.
    pub labels: usize,
    /// The way.
    pub way: Way,
    /// Accuracy, UAR and macro-F1: the mean over seeds, and its spread (standard deviation).
    pub accuracy: [f64; 2],
    /// The same of UAR.
    pub uar: [f64; 2],
    /// The same of macro-F1.
    pub macro_f1: [f64; 2],
    /// By how much the adapted model has a higher UAR on the same clips, between which values 95 %
    /// of the resamples of speakers lie, and how likely as much would be by chance.
    pub behind: Option<Behind>,
}

/// How far a way is behind the adapted model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Behind {
    /// UAR of the adapted model less that of the way.
    pub uar: f64,
    /// Between which values 95 % of the resamples lie.
    pub interval: [f64; 2],
    /// Two-sided.
    pub p: f64,
}

/// A learning curve.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Curve {
    /// The modalities that were read.
    pub inputs: String,
    /// The classes.
    pub classes: Vec<String>,
    /// Clips that labels were drawn from, and clips that were scored.
    pub clips: [usize; 2],
    /// How clips were held out: `speakers`, `clips` or `official part`.
    pub held_out_by: String,
    /// How many draws of labels.
    pub seeds: usize,
    /// Every number of labels and way.
    pub rungs: Vec<Rung>,
}

/// What a way said of every held-out clip, a draw after the other.
type Said = Vec<Vec<Vec<f64>>>;

/// Draws each of `labels` a class, `seeds` times, and scores every way. `examples` are those that
/// `clips` were read from; they are read again for classical features.
///
/// # Errors
/// [`Error::Adapt`] where there are not labels enough; those of the model.
pub fn curve(
    request: &Request,
    clips: &Clips,
    examples: &[Example],
    (labels, seeds): (&[usize], usize),
    tell: &mut dyn FnMut(Progress<'_>),
) -> Result<Curve> {
    let count = request.set.classes.len();
    let (pool, test, held_out_by) = sides(clips)?;
    let most = labels.iter().copied().max().unwrap_or(0);
    let fewest = (0..count)
        .map(|class| pool.iter().filter(|clip| clips.all[**clip].class == Some(class)).count());
    if let Some((class, fewest)) = fewest.enumerate().min_by_key(|(_, n)| *n)
        && fewest < most
    {
        return Err(Error::Adapt(format!(
            "`{}` has {fewest} labelled clips beside those that are held out; --curve asks for \
             {most}, so ask for fewer",
            request.set.classes[class]
        )));
    }
    let modalities = clips.modalities();
    let study = Study {
        clips,
        count,
        sides: modalities
            .iter()
            .map(|m| (*m, Side::new(clips, *m, request.words.get(*m).cloned())))
            .collect(),
        classical: features(clips, examples, &modalities),
        request,
        pool,
        test,
    };
    let mut said: BTreeMap<(usize, Way), Said> = BTreeMap::new();
    if !request.words.is_empty() {
        said.insert((0, Way::Words), vec![study.words()]);
    }
    let rounds = labels.len() * seeds;
    for (rung, labels) in labels.iter().enumerate() {
        for seed in 0..seeds {
            let share = (rung * seeds + seed) as f64 / rounds.max(1) as f64;
            tell(Progress { doing: "drawing labels", share });
            let drawn = study.draw(*labels, seed as u64);
            let mut add = |way: Way, answers: Vec<Vec<f64>>| {
                said.entry((*labels, way)).or_default().push(answers);
            };
            add(Way::Adapted, study.adapted(&drawn));
            add(Way::Scratch, study.scratch(&drawn, seed as u64)?);
            if !study.classical.is_empty() {
                add(Way::Classical, study.classical(&drawn));
            }
        }
    }
    let rungs = said.iter().map(|((labels, way), answers)| {
        let adapted = said.get(&(*labels, Way::Adapted)).filter(|_| *way != Way::Adapted);
        study.rung(*labels, *way, answers, adapted)
    });
    Ok(Curve {
        inputs: joined(&modalities),
        classes: request.set.classes.clone(),
        clips: [study.pool.len(), study.test.len()],
        held_out_by,
        seeds,
        rungs: rungs.collect(),
    })
}

/// Labelled clips to draw from and to score: the official parts where there are some, else three
/// of ten speakers, or clips where speakers are not known, are held out.
fn sides(clips: &Clips) -> Result<(Vec<usize>, Vec<usize>, String)> {
    let labelled = clips.labelled();
    let part = |part: Part| -> Vec<usize> {
        labelled.iter().copied().filter(|clip| clips.all[*clip].part == part).collect()
    };
    let (train, valid) = (part(Part::Train), part(Part::Valid));
    if !train.is_empty() && !valid.is_empty() {
        return Ok((train, valid, "official part".to_owned()));
    }
    let classes: Vec<usize> = labelled.iter().filter_map(|clip| clips.all[*clip].class).collect();
    let speakers: Vec<Option<&str>> =
        labelled.iter().map(|clip| clips.all[*clip].speaker.as_deref()).collect();
    let folds = Folds::deal(&classes, &speakers, 10)
        .ok_or_else(|| Error::Adapt("there are too few labelled clips for a curve".to_owned()))?;
    let held = (folds.count * 3).div_ceil(10);
    let (test, pool): (Vec<usize>, Vec<usize>) =
        (0..labelled.len()).partition(|place| folds.of[*place] < held);
    let pick = |places: Vec<usize>| places.into_iter().map(|place| labelled[place]).collect();
    let by = if folds.by_speaker { "speakers" } else { "clips" };
    Ok((pick(pool), pick(test), by.to_owned()))
}

/// Classical features of every clip, for modalities that have some.
fn features(
    clips: &Clips,
    examples: &[Example],
    modalities: &[Modality],
) -> PerModality<Vec<Option<Classical>>> {
    let by_id: HashMap<&str, &Example> = examples.iter().map(|e| (e.id.as_str(), e)).collect();
    let all = modalities.iter().map(|modality| {
        let one = |id: &str| Classical::read(by_id.get(id)?, *modality);
        (*modality, clips.all.iter().map(|clip| one(&clip.id)).collect::<Vec<_>>())
    });
    all.filter(|(_, found)| found.iter().any(Option::is_some)).collect()
}

/// A score of pairs of class and answer.
type Metric<'a> = &'a dyn Fn(&[(usize, usize)]) -> f64;

struct Study<'a> {
    request: &'a Request,
    clips: &'a Clips,
    count: usize,
    sides: PerModality<Side>,
    classical: PerModality<Vec<Option<Classical>>>,
    pool: Vec<usize>,
    test: Vec<usize>,
}

impl Study<'_> {
    fn class(&self, clip: usize) -> usize {
        self.clips.all[clip].class.unwrap_or(0)
    }

    /// That many clips of each class.
    fn draw(&self, labels: usize, seed: u64) -> Vec<usize> {
        let mut pool = self.pool.clone();
        pool.shuffle(&mut ChaCha8Rng::seed_from_u64(self.request.seed ^ STREAM ^ (seed << 32)));
        let mut left = vec![labels; self.count];
        pool.retain(|clip| {
            let left = &mut left[self.class(*clip)];
            let wanted = *left > 0;
            *left = left.saturating_sub(1);
            wanted
        });
        pool.sort_unstable();
        pool
    }

    /// One answer a held-out clip: the sum of those of its modalities.
    fn together(&self, each: &[PerModality<Vec<f64>>]) -> Vec<Vec<f64>> {
        let sum = |said: &PerModality<Vec<f64>>| {
            let there: Vec<Modality> = said.iter().map(|(modality, _)| modality).collect();
            summed(said, &there).unwrap_or_else(|| vec![0.0; self.count])
        };
        each.iter().map(sum).collect()
    }

    fn words(&self) -> Vec<Vec<f64>> {
        let one = |clip: &usize| -> PerModality<Vec<f64>> {
            let each = self.sides.iter();
            each.filter_map(|(m, side)| Some((m, side.start(*clip)?.to_vec()))).collect()
        };
        self.together(&self.test.iter().map(one).collect::<Vec<_>>())
    }

    fn adapted(&self, drawn: &[usize]) -> Vec<Vec<f64>> {
        let chosen: PerModality<_> = self
            .sides
            .iter()
            .filter_map(|(m, side)| Some((m, side.learn(&self.clips.all, drawn, self.count)?)))
            .collect();
        let one = |clip: &usize| -> PerModality<Vec<f64>> {
            let each = self.sides.iter();
            let said = each.filter_map(|(m, side)| Some((m, side.scores(chosen.get(m)?, *clip)?)));
            said.collect()
        };
        self.together(&self.test.iter().map(one).collect::<Vec<_>>())
    }

    fn classical(&self, drawn: &[usize]) -> Vec<Vec<f64>> {
        let mut each = vec![PerModality::none(); self.test.len()];
        for (modality, features) in self.classical.iter() {
            let known: Vec<(usize, &Classical)> =
                drawn.iter().filter_map(|c| Some((*c, features[*c].as_ref()?))).collect();
            let asked: Vec<(usize, &Classical)> = (0..self.test.len())
                .filter_map(|place| Some((place, features[self.test[place]].as_ref()?)))
                .collect();
            let rows: Vec<&Classical> = asked.iter().map(|(_, own)| *own).collect();
            let speaker = |clip: usize| self.clips.all[clip].speaker.as_deref();
            let known = Known {
                classes: known.iter().map(|(clip, _)| self.class(*clip)).collect(),
                speakers: known.iter().map(|(clip, _)| speaker(*clip)).collect(),
                clips: known.into_iter().map(|(_, own)| own).collect(),
                count: self.count,
            };
            let said = known.answers(&rows);
            for ((place, _), z) in asked.into_iter().zip(said) {
                each[place].insert(modality, z);
            }
        }
        self.together(&each)
    }

    fn map(&self) -> LabelMap {
        LabelMap {
            name: self.request.set.name.clone(),
            kind: LabelKind::Class,
            target: Objectivity::Unstated,
            source: "a manifest".to_owned(),
            classes: self.request.set.classes.iter().map(|c| (c.clone(), String::new())).collect(),
            words: BTreeMap::new(),
            merge: BTreeMap::new(),
        }
    }

    /// Scores of a way over all draws, beside the adapted model.
    fn rung(&self, labels: usize, way: Way, said: &Said, adapted: Option<&Said>) -> Rung {
        let truths: Vec<usize> = self.test.iter().map(|clip| self.class(*clip)).collect();
        let scored = |of: Metric<'_>| -> [f64; 2] {
            let each: Vec<f64> = said
                .iter()
                .map(|draw| {
                    let pairs = truths.iter().zip(draw).map(|(truth, z)| (*truth, best(z)));
                    of(&pairs.collect::<Vec<_>>())
                })
                .collect();
            let n = each.len() as f64;
            let mean = each.iter().sum::<f64>() / n;
            let square = each.iter().map(|x| (x - mean).powi(2)).sum::<f64>();
            [mean, if n > 1.0 { (square / (n - 1.0)).sqrt() } else { 0.0 }]
        };
        let count = self.count;
        Rung {
            labels,
            way,
            accuracy: scored(&|pairs| metric::accuracy(pairs)),
            uar: scored(&|pairs| metric::uar(pairs, count)),
            macro_f1: scored(&|pairs| metric::macro_mean(&metric::f1_per_class(pairs, count))),
            behind: adapted.and_then(|adapted| self.behind(said, adapted)),
        }
    }

    /// The paired bootstrap by speaker over the clips of all draws.
    fn behind(&self, said: &Said, adapted: &Said) -> Option<Behind> {
        let answers = |said: &Said| -> Vec<Answer> {
            let draws = said.iter().enumerate();
            let each = draws.flat_map(|(draw, answers)| {
                self.test.iter().zip(answers).map(move |(clip, z)| {
                    let own = &self.clips.all[*clip];
                    let mut hard = vec![0.0; self.count];
                    hard[best(z)] = 1.0;
                    Answer {
                        clip: format!("{draw} {}", own.id),
                        // A clip stands for its speaker where nobody is known.
                        speaker: own.speaker.clone().or_else(|| Some(own.id.clone())),
                        groups: BTreeMap::new(),
                        truth: Label::Class(self.class(*clip)),
                        said: hard,
                    }
                })
            });
            each.collect()
        };
        let map = self.map();
        let found = compare(&Task::new(&map), &answers(said), &answers(adapted), RESAMPLES);
        let uar = found.differences.into_iter().find(|d| d.metric == "uar")?;
        Some(Behind { uar: uar.difference?, interval: uar.interval?, p: uar.p? })
    }
}
