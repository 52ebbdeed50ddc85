//! How near to their start rows are held, and how sure they may be: by cross-validation within the
//! clips that are learned from.

use limbic_model::Rows;

use super::folds::Folds;
use super::head::{Head, Layout, Task, likelihood, temperature};

/// Penalties that are tried, from the one that holds most.
const PENALTIES: [f64; 9] = [100.0, 10.0, 3.0, 1.0, 0.3, 0.1, 0.03, 0.01, 0.003];

/// The penalty where there are too few clips to choose one.
const USUAL: f64 = 0.1;

/// The same for rows that start at words.
const NEAR_WORDS: f64 = 10.0;

/// Numbers of a fit (clips, directions, classes) from which fewer ways are tried.
const LARGE: usize = 2_000_000;

/// Clips from which three folds do instead of five.
const MANY: usize = 600;

/// Labelled views of one modality.
#[derive(Debug, Clone)]
pub struct Labelled<'a> {
    /// The views.
    pub views: Vec<&'a [f32]>,
    /// What the words of the classes say of each; nothing where rows are not words.
    pub starts: Option<Vec<&'a [f64]>>,
    /// The class of each.
    pub classes: Vec<usize>,
    /// Who each is of.
    pub speakers: Vec<Option<&'a str>>,
    /// How many classes there are.
    pub count: usize,
}

/// Fitted rows with all that was chosen for them.
#[derive(Debug, Clone, PartialEq)]
pub struct Chosen {
    layout: Layout,
    head: Head,
    /// How much rows are held near their start.
    pub penalty: f64,
    /// What the scores of the words are scaled by; `None` where they are not started from.
    pub strength: Option<f64>,
    /// What scores are divided by.
    pub temperature: f64,
    /// Mean negative log-likelihood of held-out clips; `None` where there were too few to hold any
    /// out.
    pub loss: Option<f64>,
}

impl Labelled<'_> {
    /// How many classes any clip is of.
    fn occurring(&self) -> usize {
        (0..self.count).filter(|class| self.classes.contains(class)).count()
    }

    /// Fits rows, choosing by cross-validation: as near to the words as held-out clips allow.
    /// `layout` is that of the views.
    pub fn choose(&self, layout: &Layout) -> Chosen {
        let placed: Vec<Vec<f64>> = self.views.iter().map(|view| layout.place(view)).collect();
        let most = if self.views.len() > MANY { 3 } else { 5 };
        // With hardly two clips a class there is nothing to hold out.
        let folds = if self.classes.len() < 2 * self.occurring() {
            None
        } else {
            Folds::deal(&self.classes, &self.speakers, most)
        };
        // What the words say, made as sure as it is right, where clips can tell.
        let strength = self.starts.as_ref().map(|starts| {
            if folds.is_none() {
                return 1.0;
            }
            let said: Vec<Vec<f64>> = starts.iter().map(|start| start.to_vec()).collect();
            temperature(&said, &self.classes).0.recip()
        });
        let scaled: Option<Vec<Vec<f64>>> =
            strength.zip(self.starts.as_ref()).map(|(by, starts)| {
                starts.iter().map(|start| start.iter().map(|z| by * z).collect()).collect()
            });
        let large = self.views.len() * layout.size() * self.count > LARGE;
        let mut ways: Vec<Option<&[Vec<f64>]>> = vec![scaled.as_deref()];
        if scaled.is_some() && !large {
            ways.push(None);
        }
        let tried: Vec<f64> = PENALTIES.into_iter().step_by(if large { 2 } else { 1 }).collect();
        let mut all_ways = Vec::new();
        if let Some(folds) = &folds {
            for start in ways {
                all_ways.extend(self.tried(&placed, start, folds, &tried));
            }
        }
        let way = careful(&all_ways);
        let worded = way.map_or(scaled.is_some(), |way| way.worded);
        let usual = if worded { NEAR_WORDS } else { USUAL };
        let penalty = way.map_or(usual, |way| way.penalty);
        let start = scaled.as_deref().filter(|_| worded);
        let all: Vec<usize> = (0..placed.len()).collect();
        Chosen {
            layout: layout.clone(),
            head: self.fit(&placed, start, &all, penalty, None),
            penalty,
            strength: strength.filter(|_| worded),
            temperature: way.map_or(1.0, |way| way.temperature),
            loss: way.map(Way::loss),
        }
    }

    /// Scores held-out clips under every penalty of `tried`, in its order.
    fn tried(
        &self,
        placed: &[Vec<f64>],
        start: Option<&[Vec<f64>]>,
        folds: &Folds,
        tried: &[f64],
    ) -> Vec<Way> {
        let mut said = vec![vec![Vec::new(); placed.len()]; tried.len()];
        for fold in 0..folds.count {
            let (known, out) = folds.sides(fold);
            let mut last: Option<Head> = None;
            for (penalty, said) in tried.iter().zip(&mut said) {
                let head = self.fit(placed, start, &known, *penalty, last.as_ref());
                for clip in &out {
                    let start = start.map(|start| &*start[*clip]);
                    said[*clip] = head.scores(&placed[*clip], start);
                }
                last = Some(head);
            }
        }
        let way = |(penalty, said): (&f64, &Vec<Vec<f64>>)| {
            let (temperature, _) = temperature(said, &self.classes);
            let one = |(z, class): (&Vec<f64>, &usize)| {
                likelihood(std::slice::from_ref(z), &[*class], temperature)
            };
            let losses = said.iter().zip(&self.classes).map(one).collect();
            Way { worded: start.is_some(), penalty: *penalty, temperature, losses }
        };
        tried.iter().zip(&said).map(way).collect()
    }

    fn fit(
        &self,
        placed: &[Vec<f64>],
        start: Option<&[Vec<f64>]>,
        clips: &[usize],
        penalty: f64,
        from: Option<&Head>,
    ) -> Head {
        let views: Vec<&[f64]> = clips.iter().map(|clip| &*placed[*clip]).collect();
        let starts: Option<Vec<&[f64]>> =
            start.map(|start| clips.iter().map(|clip| &*start[*clip]).collect());
        let classes: Vec<usize> = clips.iter().map(|clip| self.classes[*clip]).collect();
        let task =
            Task { views: &views, start: starts.as_deref(), classes: &classes, count: self.count };
        Head::fit(task, penalty, from)
    }
}

/// A way to fit rows, and what held-out clips say of it.
#[derive(Debug, Clone)]
struct Way {
    worded: bool,
    penalty: f64,
    temperature: f64,
    /// The negative log-likelihood of each clip.
    losses: Vec<f64>,
}

impl Way {
    fn loss(&self) -> f64 {
        self.losses.iter().sum::<f64>() / self.losses.len().max(1) as f64
    }

    /// Whether clips tell it from `best` by no more than one standard error of the difference.
    fn is_as_good_as(&self, best: &Self) -> bool {
        let n = self.losses.len().max(1) as f64;
        let gaps: Vec<f64> = self.losses.iter().zip(&best.losses).map(|(a, b)| a - b).collect();
        let mean = gaps.iter().sum::<f64>() / n;
        let square = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0);
        mean <= (square / n).sqrt()
    }
}

/// The first of `ways`, which begin with those that stay nearest to the words, that is as good as
/// the best (the one-standard-error rule of Breiman et al. 1984): few clips say little, and what
/// they say by chance is not followed.
fn careful(ways: &[Way]) -> Option<&Way> {
    let best = ways.iter().min_by(|a, b| a.loss().total_cmp(&b.loss()))?;
    ways.iter().find(|way| way.is_as_good_as(best))
}

impl Chosen {
    /// Calibrated scores of a view, from what the words say of it.
    pub fn scores(&self, view: &[f32], start: Option<&[f64]>) -> Vec<f64> {
        let start: Option<Vec<f64>> = self
            .strength
            .zip(start)
            .map(|(strength, start)| start.iter().map(|z| strength * z).collect());
        let scores = self.head.scores(&self.layout.place(view), start.as_deref());
        scores.into_iter().map(|z| z / self.temperature).collect()
    }

    /// The same as rows of a model; `words` are the rows that it started from.
    pub fn rows(&self, words: Option<&Rows>, unit: bool) -> Rows {
        let start = words.zip(self.strength);
        self.head.rows(&self.layout, start, self.temperature, unit)
    }
}

/// How sure summed scores of several modalities may be.
pub fn sureness(scores: &[Vec<f64>], classes: &[usize]) -> f64 {
    let (found, loss) = temperature(scores, classes);
    if loss < likelihood(scores, classes, 1.0) { found } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_help_are_kept_and_words_that_mislead_are_dropped() {
        let views: Vec<Vec<f32>> =
            (0..60).map(|i| vec![(i * 7 % 13) as f32, (i * 5 % 11) as f32]).collect();
        let classes: Vec<usize> = (0..60).map(|i| i % 3).collect();
        let right: Vec<Vec<f64>> = classes
            .iter()
            .map(|c| (0..3).map(|k| if k == *c { 3.0 } else { 0.0 }).collect())
            .collect();
        let noise: Vec<Vec<f64>> =
            (0..60).map(|i| (0..3).map(|k| f64::from((i * 11 + k * 17) % 19)).collect()).collect();
        let labelled = |starts: &'_ [Vec<f64>]| -> Chosen {
            let labelled = Labelled {
                views: views.iter().map(Vec::as_slice).collect(),
                starts: Some(starts.iter().map(Vec::as_slice).collect()),
                classes: classes.clone(),
                speakers: vec![None; 60],
                count: 3,
            };
            let layout = Layout::of(&labelled.views);
            labelled.choose(&layout)
        };
        let helped = labelled(&right);
        assert!(helped.strength.is_some() && helped.loss.unwrap() < 0.2, "{helped:?}");
        let misled = labelled(&noise);
        assert!(misled.loss.unwrap() > 1.0, "{misled:?}");
        assert!(misled.strength.is_none_or(|strength| strength < 0.1), "{misled:?}");
    }

    #[test]
    fn what_chance_may_have_said_is_not_followed() {
        let way = |worded, penalty, losses: [f64; 4]| Way {
            worded,
            penalty,
            temperature: 1.0,
            losses: losses.into(),
        };
        let words = way(true, 100.0, [1.0, 1.0, 1.0, 1.0]);
        // Better by a mean of 0.1 with an error of 0.12, then by 0.4 with one of 0.04.
        let luck = way(false, 0.1, [0.6, 1.1, 0.9, 1.0]);
        let sure = way(false, 0.1, [0.5, 0.6, 0.6, 0.7]);
        let chosen = |ways: &[Way]| careful(ways).unwrap().worded;
        assert!(chosen(&[words.clone(), luck]));
        assert!(!chosen(&[words, sure]));
        assert!(careful(&[]).is_none());
    }

    #[test]
    fn one_clip_a_class_is_learned_from_without_choosing() {
        let views = [vec![0.0f32, 1.0], vec![1.0, 0.0]];
        let labelled = Labelled {
            views: views.iter().map(Vec::as_slice).collect(),
            starts: None,
            classes: vec![0, 1],
            speakers: vec![None; 2],
            count: 2,
        };
        let chosen = labelled.choose(&Layout::of(&labelled.views));
        assert_eq!((chosen.penalty, chosen.temperature, chosen.loss), (USUAL, 1.0, None));
        assert_eq!(super::super::head::best(&chosen.scores(&views[0], None)), 0);
    }

    #[test]
    fn one_clip_a_class_moves_the_words_little() {
        let views = [vec![0.0f32, 1.0], vec![1.0, 0.0]];
        // The words have it the wrong way round.
        let starts = [vec![0.0, 2.0], vec![2.0, 0.0]];
        let labelled = Labelled {
            views: views.iter().map(Vec::as_slice).collect(),
            starts: Some(starts.iter().map(Vec::as_slice).collect()),
            classes: vec![0, 1],
            speakers: vec![None; 2],
            count: 2,
        };
        let chosen = labelled.choose(&Layout::of(&labelled.views));
        assert_eq!((chosen.strength, chosen.penalty), (Some(1.0), NEAR_WORDS));
        let said = chosen.scores(&views[0], Some(&starts[0]));
        assert!(said[1] > said[0] && said[1] - said[0] < 2.0, "{said:?}");
    }
}
