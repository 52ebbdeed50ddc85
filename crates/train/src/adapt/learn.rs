//! Rows for every modality of some clips, and what they say of others.

use limbic_media::{Modality, PerModality};
use limbic_model::Rows;

use super::choose::{Chosen, Labelled};
use super::clips::{Clip, Clips};
use super::head::Layout;

/// What the words of the classes say of one modality of each clip.
pub(super) type Starts = Vec<Option<Vec<f64>>>;

/// A view, at length one where rows are compared with that.
fn laid(view: &[f32], unit: bool) -> Vec<f32> {
    if !unit {
        return view.to_vec();
    }
    let length = (view.iter().map(|x| x * x).sum::<f32>() + 1e-12).sqrt();
    view.iter().map(|x| x / length).collect()
}

/// One modality of all clips: views as rows are compared with them, and what the words say.
#[derive(Debug, Clone)]
pub(super) struct Side {
    /// A view a clip that has the modality.
    pub views: Vec<Option<Vec<f32>>>,
    /// The scores of the words, where rows are words.
    pub starts: Option<Starts>,
    /// The rows of the words.
    pub words: Option<Rows>,
}

impl Side {
    /// One modality of `clips`; `words` are the rows of the classes' words.
    pub(super) fn new(clips: &Clips, modality: Modality, words: Option<Rows>) -> Self {
        let views = clips.all.iter().map(|clip| clip.views.get(modality).map(Vec::as_slice));
        Self::of(views, words)
    }

    /// The same of views from elsewhere.
    pub(super) fn of<'a>(
        views: impl Iterator<Item = Option<&'a [f32]>>,
        words: Option<Rows>,
    ) -> Self {
        let unit = words.as_ref().is_some_and(|rows| rows.unit);
        let views: Vec<Option<Vec<f32>>> =
            views.map(|view| view.map(|view| laid(view, unit))).collect();
        let starts = words.as_ref().map(|rows| {
            let said = |view: &Vec<f32>| -> Vec<f64> {
                let score = |(row, bias): (&Vec<f32>, &f32)| {
                    let each = row.iter().zip(view).map(|(w, x)| f64::from(*w) * f64::from(*x));
                    each.sum::<f64>() + f64::from(*bias)
                };
                rows.weights.iter().zip(&rows.bias).map(score).collect()
            };
            views.iter().map(|view| view.as_ref().map(said)).collect()
        });
        Self { views, starts, words }
    }

    /// Whether views are compared at length one.
    pub(super) fn unit(&self) -> bool {
        self.words.as_ref().is_some_and(|rows| rows.unit)
    }

    /// What the words say of a clip.
    pub(super) fn start(&self, clip: usize) -> Option<&[f64]> {
        self.starts.as_ref()?[clip].as_deref()
    }

    /// Fits rows to the clips of `known` that have the modality; `None` where they are of fewer
    /// than two classes. Clips of `known` without a class help to lay out the views.
    pub(super) fn learn(&self, clips: &[Clip], known: &[usize], count: usize) -> Option<Chosen> {
        let there: Vec<usize> =
            known.iter().copied().filter(|clip| self.views[*clip].is_some()).collect();
        let all: Vec<&[f32]> = there.iter().filter_map(|c| self.views[*c].as_deref()).collect();
        let (mut views, mut classes, mut speakers) = (Vec::new(), Vec::new(), Vec::new());
        let mut starts: Option<Vec<&[f64]>> = self.starts.as_ref().map(|_| Vec::new());
        for clip in there {
            let (Some(class), Some(view)) = (clips[clip].class, self.views[clip].as_deref()) else {
                continue;
            };
            views.push(view);
            classes.push(class);
            speakers.push(clips[clip].speaker.as_deref());
            if let (Some(starts), Some(start)) = (&mut starts, self.start(clip)) {
                starts.push(start);
            }
        }
        let first = *classes.first()?;
        if classes.iter().all(|class| *class == first) {
            return None;
        }
        let labelled = Labelled { views, starts, classes, speakers, count };
        Some(labelled.choose(&Layout::of(&all)))
    }

    /// Calibrated scores of a clip.
    pub(super) fn scores(&self, chosen: &Chosen, clip: usize) -> Option<Vec<f64>> {
        Some(chosen.scores(self.views[clip].as_deref()?, self.start(clip)))
    }
}

/// The summed scores of the modalities of `subset`; `None` where one of them is missing.
pub(super) fn summed(said: &PerModality<Vec<f64>>, subset: &[Modality]) -> Option<Vec<f64>> {
    let mut each = subset.iter().map(|modality| said.get(*modality));
    let mut sum = each.next()??.clone();
    for one in each {
        sum.iter_mut().zip(one?).for_each(|(sum, z)| *sum += z);
    }
    Some(sum)
}

/// Every choice of some of the modalities, each alone first, all of them last.
pub(super) fn subsets(modalities: &[Modality]) -> Vec<Vec<Modality>> {
    let chosen = |bits: u32| -> Vec<Modality> {
        let own = modalities.iter().enumerate().filter(|(i, _)| bits >> i & 1 == 1);
        own.map(|(_, modality)| *modality).collect()
    };
    let mut all: Vec<_> = (1..1u32 << modalities.len()).map(chosen).collect();
    all.sort_by_key(Vec::len);
    all
}

/// The name of a choice of modalities.
pub(super) fn joined(modalities: &[Modality]) -> String {
    modalities.iter().map(|m| m.name()).collect::<Vec<_>>().join("+")
}
