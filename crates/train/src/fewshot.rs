//! A new class from a few clips, without losing the old ones (Dai et al. 2020, section 5).
//!
//! A gradient is a map from the path of a weight to its values; a weight that is missing has a
//! gradient of zeros. Nothing here knows a model.

#[cfg(test)]
mod golden;

use std::collections::BTreeMap;

use limbic_model::Tuning;

/// The gradients of a model's weights, by path.
pub type Gradient = BTreeMap<String, Vec<f32>>;

/// The gradient that a step of an optimiser is given.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Update {
    /// That of a batch of old clips.
    Old,
    /// That of a batch of new clips.
    New,
    /// That of a batch of new clips, turned by [`project`] with this margin against that of a
    /// fresh batch of old clips under the same weights.
    Projected(f64),
}

impl Update {
    /// The steps of one iteration of `tuning`, in order; each sees the weights that the one
    /// before left.
    pub fn of(tuning: Tuning) -> Vec<Self> {
        match tuning {
            Tuning::Naive {} => vec![Self::New],
            Tuning::Joint {} => vec![Self::Old, Self::New],
            Tuning::Gem { margin } => vec![Self::Projected(margin)],
        }
    }

    /// The gradient to step along. `old` and `new` are called at most once, and only where their
    /// batch counts.
    ///
    /// # Errors
    /// Those of `old` and `new`.
    pub fn gradient<E>(
        self,
        old: impl FnOnce() -> Result<Gradient, E>,
        new: impl FnOnce() -> Result<Gradient, E>,
    ) -> Result<Gradient, E> {
        match self {
            Self::Old => old(),
            Self::New => new(),
            Self::Projected(margin) => {
                let old = old()?;
                let mut new = new()?;
                project(&mut new, &old, margin);
                Ok(new)
            }
        }
    }
}

/// The ridge that the quadratic program of gradient episodic memory is solved with, and how far
/// its margin is shrunk by it.
const RIDGE: f64 = 1e-3;
const SHRINK: f64 = 1e-7;

/// Turns `new` where it disagrees with `old`: if `new . old < 0`, adds `v old` with
/// `v = max(-new . old / (|old|^2 + 1e-3), margin / (1 + 1e-7))`, the closed form of the quadratic
/// program with one constraint. Returns `v`, or 0 where nothing was changed.
pub fn project(new: &mut Gradient, old: &Gradient, margin: f64) -> f64 {
    let dot = inner(new, old);
    // Written so that what is not a number changes nothing here and is caught with the loss.
    if dot < 0.0 {
        let multiplier = (-dot / (inner(old, old) + RIDGE)).max(margin / (1.0 + SHRINK));
        for (path, old) in old {
            let new = new.entry(path.clone()).or_insert_with(|| vec![0.0; old.len()]);
            for (new, old) in new.iter_mut().zip(old) {
                *new = (f64::from(*new) + multiplier * f64::from(*old)) as f32;
            }
        }
        return multiplier;
    }
    0.0
}

/// The inner product of two gradients.
pub fn inner(a: &Gradient, b: &Gradient) -> f64 {
    a.iter()
        .filter_map(|(path, a)| Some(a.iter().zip(b.get(path)?)))
        .flatten()
        .map(|(a, b)| f64::from(*a) * f64::from(*b))
        .sum()
}

/// Scales a gradient that is longer than `limit` down to it, as a whole. Returns its length
/// before.
pub fn clip(gradient: &mut Gradient, limit: f64) -> f64 {
    let length = inner(gradient, gradient).sqrt();
    // The small number is PyTorch's, and makes a clipped gradient shorter by as little.
    let factor = limit / (length + 1e-6);
    if factor < 1.0 {
        gradient.values_mut().flatten().for_each(|g| *g *= factor as f32);
    }
    length
}

/// Indices of the few clips that stand for a new class, in their order: the first
/// `ceil(share * positives)` with it and the first as many without it. `parity` takes one more
/// of each, as the code of Dai et al. 2020 does.
pub fn choose(labels: &[bool], share: f64, parity: bool) -> Vec<usize> {
    let positives = labels.iter().filter(|label| **label).count();
    let count = (share * positives as f64).ceil() as usize + usize::from(parity);
    let count = count.min(positives);
    let first = |side: bool| {
        let own = labels.iter().enumerate().filter(move |(_, label)| **label == side);
        own.map(|(index, _)| index).take(count)
    };
    let mut chosen: Vec<usize> = first(true).chain(first(false)).collect();
    chosen.sort_unstable();
    chosen
}
