//! How near to their start rows are held, and how sure they may be: by cross-validation within the
//! clips that are learned from.

use limbic_model::Rows;

use super::folds::Folds;
use super::head::{Head, Layout, Task, likelihood, temperature};

/// Penalties that are tried, from the one that holds most.
const PENALTIES: [f64; 8] = [10.0, 3.0, 1.0, 0.3, 0.1, 0.03, 0.01, 0.003];

/// The penalty where there are too few clips to choose one.
const USUAL: f64 = 0.1;

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

    /// Fits rows, choosing by cross-validation. `layout` is that of the views.
    pub fn choose(&self, layout: &Layout) -> Chosen {
        let placed: Vec<Vec<f64>> = self.views.iter().map(|view| layout.place(view)).collect();
        // What the words say, made as sure as it is right.
        let strength = self.starts.as_ref().map(|starts| {
            let said: Vec<Vec<f64>> = starts.iter().map(|start| start.to_vec()).collect();
            temperature(&said, &self.classes).0.recip()
        });
        let scaled: Option<Vec<Vec<f64>>> =
            strength.zip(self.starts.as_ref()).map(|(by, starts)| {
                starts.iter().map(|start| start.iter().map(|z| by * z).collect()).collect()
            });
        let large = self.views.len() * layout.size() * self.count > LARGE;
        let most = if self.views.len() > MANY { 3 } else { 5 };
        // With hardly two clips a class there is nothing to hold out.
        let folds = if self.classes.len() < 2 * self.occurring() {
            None
        } else {
            Folds::deal(&self.classes, &self.speakers, most)
        };
        let mut ways: Vec<Option<&[Vec<f64>]>> = vec![scaled.as_deref()];
        if scaled.is_some() && !large {
            ways.push(None);
        }
        let tried: Vec<f64> = PENALTIES.into_iter().step_by(if large { 2 } else { 1 }).collect();
        let mut found =
            Found { loss: None, penalty: USUAL, worded: scaled.is_some(), temperature: 1.0 };
        if let Some(folds) = &folds {
            for start in ways {
                found.try_all(self, &placed, start, folds, &tried);
            }
        }
        let start = scaled.as_deref().filter(|_| found.worded);
        let all: Vec<usize> = (0..placed.len()).collect();
        let head = self.fit(&placed, start, &all, found.penalty, None);
        Chosen {
            layout: layout.clone(),
            head,
            penalty: found.penalty,
            strength: strength.filter(|_| found.worded),
            temperature: found.temperature,
            loss: found.loss,
        }
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

/// The best so far.
struct Found {
    loss: Option<f64>,
    penalty: f64,
    worded: bool,
    temperature: f64,
}

impl Found {
    /// Scores held-out clips under every penalty of `tried`.
    fn try_all(
        &mut self,
        labelled: &Labelled<'_>,
        placed: &[Vec<f64>],
        start: Option<&[Vec<f64>]>,
        folds: &Folds,
        tried: &[f64],
    ) {
        let mut said = vec![vec![Vec::new(); placed.len()]; tried.len()];
        for fold in 0..folds.count {
            let (known, out) = folds.sides(fold);
            let mut last: Option<Head> = None;
            for (penalty, said) in tried.iter().zip(&mut said) {
                let head = labelled.fit(placed, start, &known, *penalty, last.as_ref());
                for clip in &out {
                    let start = start.map(|start| &*start[*clip]);
                    said[*clip] = head.scores(&placed[*clip], start);
                }
                last = Some(head);
            }
        }
        for (penalty, said) in tried.iter().zip(&said) {
            let (temperature, loss) = temperature(said, &labelled.classes);
            if self.loss.is_none_or(|best| loss < best) {
                let worded = start.is_some();
                *self = Self { loss: Some(loss), penalty: *penalty, worded, temperature };
            }
        }
    }
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
}
