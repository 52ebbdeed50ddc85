//! Rows for new classes on frozen views: logistic regression that starts at an answer given before
//! it and is held near it.

use limbic_model::Rows;

use crate::probe::minimised;

/// Biases are held this much less than rows, so that a class without clips stays a number.
const BIAS: f64 = 1e-3;

/// Steps of the fit.
const STEPS: usize = 100;

/// How views are laid out before rows are fitted to them: their mean is taken off, and one number
/// scales all of their directions alike, so that what varies little keeps counting little.
#[derive(Debug, Clone, PartialEq)]
pub struct Layout {
    mean: Vec<f64>,
    scale: f64,
}

impl Layout {
    /// That of some views; labels are not needed for it.
    pub fn of(views: &[&[f32]]) -> Self {
        let (size, n) = (views.first().map_or(0, |view| view.len()), views.len().max(1) as f64);
        let mut mean = vec![0.0; size];
        for view in views {
            mean.iter_mut().zip(*view).for_each(|(mean, x)| *mean += f64::from(*x) / n);
        }
        let square = |view: &&[f32]| -> f64 {
            view.iter().zip(&mean).map(|(x, mean)| (f64::from(*x) - mean).powi(2)).sum()
        };
        let power = views.iter().map(square).sum::<f64>() / (n * size.max(1) as f64);
        Self { scale: if power > 1e-20 { power.sqrt().recip() } else { 0.0 }, mean }
    }

    /// How many directions views have.
    pub const fn size(&self) -> usize {
        self.mean.len()
    }

    /// A view as it is fitted.
    pub fn place(&self, view: &[f32]) -> Vec<f64> {
        let centred = view.iter().zip(&self.mean).map(|(x, mean)| f64::from(*x) - mean);
        centred.map(|x| x * self.scale).collect()
    }

    /// Rows for views as they come, from rows for [placed](Self::place) ones.
    fn undone(&self, row: &[f64]) -> Vec<f64> {
        let (weights, bias) = row.split_at(self.mean.len());
        let weights: Vec<f64> = weights.iter().map(|w| w * self.scale).collect();
        let bias = bias.first().unwrap_or(&0.0) - dot(&weights, &self.mean);
        weights.into_iter().chain([bias]).collect()
    }
}

/// An inner product, in eight sums that a processor makes side by side.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let mut sums = [0.0; 8];
    for (a, b) in a.iter().zip(b) {
        for lane in 0..8 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f64>() + rest
}

/// What is fitted: placed views with their classes.
#[derive(Debug, Clone, Copy)]
pub struct Task<'a> {
    /// The views.
    pub views: &'a [&'a [f64]],
    /// What the answer starts from, a number a class for each view; nothing without.
    pub start: Option<&'a [&'a [f64]]>,
    /// The class of each.
    pub classes: &'a [usize],
    /// How many classes there are.
    pub count: usize,
}

/// Fitted rows: a number for each direction of a placed view and one for the bias.
#[derive(Debug, Clone, PartialEq)]
pub struct Head {
    rows: Vec<Vec<f64>>,
}

impl Head {
    /// The rows W and biases that minimise
    ///
    /// ```text
    /// mean cross-entropy of softmax(start + W x + b) + penalty / 2 * |W|^2
    /// ```
    ///
    /// by L-BFGS, beginning at `from` or at zero. A large penalty leaves what `start` says.
    pub fn fit(task: Task<'_>, penalty: f64, from: Option<&Self>) -> Self {
        let size = task.views.first().map_or(0, |view| view.len()) + 1;
        let n = task.views.len().max(1) as f64;
        let at = |flat: &[f64]| {
            let mut loss = 0.0;
            let mut gradient = vec![0.0; flat.len()];
            let mut z = vec![0.0; task.count];
            for (clip, (x, class)) in task.views.iter().zip(task.classes).enumerate() {
                let start = task.start.map(|start| start[clip]);
                for (index, (z, row)) in z.iter_mut().zip(flat.chunks_exact(size)).enumerate() {
                    let begin = start.map_or(0.0, |start| start[index]);
                    *z = begin + dot(&row[..size - 1], x) + row[size - 1];
                }
                let top = z.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let log_sum = top + z.iter().map(|z| (z - top).exp()).sum::<f64>().ln();
                loss += (log_sum - z[*class]) / n;
                for (index, row) in gradient.chunks_exact_mut(size).enumerate() {
                    let error = (z[index] - log_sum).exp() - f64::from(u8::from(index == *class));
                    let error = error / n;
                    row.iter_mut().zip(*x).for_each(|(g, x)| *g += error * x);
                    row[size - 1] += error;
                }
            }
            for (row, own) in gradient.chunks_exact_mut(size).zip(flat.chunks_exact(size)) {
                for (index, (g, w)) in row.iter_mut().zip(own).enumerate() {
                    let held = if index + 1 < size { penalty } else { BIAS };
                    loss += held / 2.0 * w * w;
                    *g += held * w;
                }
            }
            (loss, gradient)
        };
        let begin = from.map_or_else(|| vec![0.0; task.count * size], |head| head.rows.concat());
        let flat = minimised(at, begin, STEPS, 1e-6);
        Self { rows: flat.chunks_exact(size).map(<[f64]>::to_vec).collect() }
    }

    /// The scores of a placed view, beside what it starts from.
    pub fn scores(&self, view: &[f64], start: Option<&[f64]>) -> Vec<f64> {
        let score = |(index, row): (usize, &Vec<f64>)| {
            let begin = start.map_or(0.0, |start| start[index]);
            begin + dot(&row[..view.len()], view) + row.last().unwrap_or(&0.0)
        };
        self.rows.iter().enumerate().map(score).collect()
    }

    /// The same answers as rows of a model: those of `start`, which `strength` scales, and its
    /// own, all divided by `temperature`.
    pub fn rows(
        &self,
        layout: &Layout,
        start: Option<(&Rows, f64)>,
        temperature: f64,
        unit: bool,
    ) -> Rows {
        let (mut weights, mut bias) = (Vec::new(), Vec::new());
        for (index, row) in self.rows.iter().enumerate() {
            let mut own = layout.undone(row);
            if let Some((start, strength)) = start {
                let begin = start.weights[index].iter().chain([&start.bias[index]]);
                own.iter_mut().zip(begin).for_each(|(w, s)| *w += strength * f64::from(*s));
            }
            bias.push((own.pop().unwrap_or(0.0) / temperature) as f32);
            weights.push(own.iter().map(|w| (w / temperature) as f32).collect());
        }
        Rows { weights, bias, unit }
    }
}

/// The temperature that makes answers as sure as they are right: that of the lowest mean negative
/// log-likelihood of `softmax(z / T)` (Guo et al. 2017), and that likelihood.
pub fn temperature(scores: &[Vec<f64>], classes: &[usize]) -> (f64, f64) {
    let at = |log: f64| likelihood(scores, classes, log.exp());
    let (mut low, mut high) = (0.02f64.ln(), 50f64.ln());
    let ratio = (5f64.sqrt() - 1.0) / 2.0;
    for _ in 0..50 {
        let (a, b) = (high - ratio * (high - low), low + ratio * (high - low));
        if at(a) < at(b) { high = b } else { low = a }
    }
    let best = f64::midpoint(low, high);
    (best.exp(), at(best))
}

/// Mean negative log-likelihood of the classes under `softmax(z / temperature)`.
pub(super) fn likelihood(scores: &[Vec<f64>], classes: &[usize], temperature: f64) -> f64 {
    let one = |(z, class): (&Vec<f64>, &usize)| {
        let top = z.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = z.iter().map(|z| ((z - top) / temperature).exp()).sum();
        sum.ln() - (z[*class] - top) / temperature
    };
    scores.iter().zip(classes).map(one).sum::<f64>() / scores.len().max(1) as f64
}

/// The class of the highest score; the first of several.
pub fn best(scores: &[f64]) -> usize {
    let first = (0, f64::NEG_INFINITY);
    scores.iter().enumerate().fold(first, |b, (i, z)| if *z > b.1 { (i, *z) } else { b }).0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two classes along the first direction.
    fn clips() -> (Vec<Vec<f32>>, Vec<usize>) {
        let views = (0..40).map(|i| vec![if i % 2 == 0 { 3.0 } else { 1.0 }, (i % 5) as f32]);
        (views.collect(), (0..40).map(|i| i % 2).collect())
    }

    type Placed = (Layout, Vec<Vec<f32>>, Vec<Vec<f64>>, Vec<usize>);

    fn placed() -> Placed {
        let (views, classes) = clips();
        let layout = Layout::of(&views.iter().map(Vec::as_slice).collect::<Vec<_>>());
        let placed = views.iter().map(|view| layout.place(view)).collect();
        (layout, views, placed, classes)
    }

    #[test]
    fn rows_for_a_model_answer_as_the_fit_does() {
        let (layout, views, placed, classes) = placed();
        let placed: Vec<&[f64]> = placed.iter().map(Vec::as_slice).collect();
        let start = Rows {
            weights: vec![vec![0.5, -0.25], vec![0.0, 1.0]],
            bias: vec![0.125, 0.0],
            unit: false,
        };
        let begin = |view: &[f32]| -> Vec<f64> {
            let one = |c: usize| {
                let row = start.weights[c].iter().zip(view).map(|(w, x)| w * x).sum::<f32>();
                2.0 * f64::from(row + start.bias[c])
            };
            vec![one(0), one(1)]
        };
        let starts: Vec<Vec<f64>> = views.iter().map(|view| begin(view)).collect();
        let starts: Vec<&[f64]> = starts.iter().map(Vec::as_slice).collect();
        let task = Task { views: &placed, start: Some(&starts), classes: &classes, count: 2 };
        let head = Head::fit(task, 0.1, None);
        let rows = head.rows(&layout, Some((&start, 2.0)), 2.5, false);
        for clip in 0..views.len() {
            let wanted = head.scores(placed[clip], Some(starts[clip]));
            assert_eq!(best(&wanted), classes[clip]);
            for (class, wanted) in wanted.iter().enumerate() {
                let row = rows.weights[class].iter().zip(&views[clip]);
                let found = row.map(|(w, x)| w * x).sum::<f32>() + rows.bias[class];
                assert!((f64::from(found) - wanted / 2.5).abs() < 1e-4, "{found} {wanted}");
            }
        }
    }

    #[test]
    fn a_large_penalty_leaves_the_answer_it_started_from() {
        let (_, _, placed, classes) = placed();
        let placed: Vec<&[f64]> = placed.iter().map(Vec::as_slice).collect();
        // A start that is wrong everywhere.
        let starts: Vec<Vec<f64>> =
            classes.iter().map(|c| vec![*c as f64 * 4.0, 4.0 - *c as f64 * 4.0]).collect();
        let starts: Vec<&[f64]> = starts.iter().map(Vec::as_slice).collect();
        let task = Task { views: &placed, start: Some(&starts), classes: &classes, count: 2 };
        for (penalty, right) in [(1e4, 0), (1e-3, 40)] {
            let head = Head::fit(task, penalty, None);
            let hits = (0..40)
                .filter(|clip| {
                    best(&head.scores(placed[*clip], Some(starts[*clip]))) == classes[*clip]
                })
                .count();
            assert_eq!(hits, right, "{penalty}");
        }
    }

    #[test]
    fn the_temperature_undoes_a_known_overconfidence() {
        let scores = vec![vec![4.0 * 3f64.ln(), 0.0]; 4];
        let (temperature, _) = temperature(&scores, &[0, 0, 0, 1]);
        assert!((temperature - 4.0).abs() < 1e-2, "{temperature}");
    }
}
