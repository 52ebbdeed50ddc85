//! What is in vectors that a linear model can read: the probe of a representation.
//!
//! Both fits standardise with the statistics of their own training rows and draw nothing at
//! random: the same rows give the same probe.

mod read;

pub use read::probed;

/// Steps of L-BFGS, and how many of them it remembers.
const STEPS: usize = 200;
const MEMORY: usize = 10;
/// A gradient this short is at the optimum.
const FLAT: f64 = 1e-9;

/// A linear model of standardised vectors.
#[derive(Debug, Clone, PartialEq)]
pub struct Probe {
    mean: Vec<f64>,
    deviation: Vec<f64>,
    /// A row an output: one weight a feature, then the bias.
    weights: Vec<Vec<f64>>,
}

impl Probe {
    /// The outputs for a vector: logits of a logistic probe, predictions of a ridge.
    pub fn scores(&self, vector: &[f32]) -> Vec<f64> {
        let x = standardised(vector, &self.mean, &self.deviation);
        self.weights.iter().map(|row| dot(row, &x)).collect()
    }

    /// The output that is highest.
    pub fn class(&self, vector: &[f32]) -> usize {
        let first = (0, f64::NEG_INFINITY);
        let scores = self.scores(vector).into_iter().enumerate();
        scores.fold(first, |best, next| if next.1 > best.1 { next } else { best }).0
    }
}

/// Multinomial logistic regression: the weights W and free biases that minimise
///
/// ```text
/// mean cross-entropy + penalty / 2 * |W|^2
/// ```
///
/// by full-batch L-BFGS (Nocedal and Wright 2006, algorithm 7.5). `penalty` is `1 / (C n)` of
/// scikit-learn.
pub fn logistic(vectors: &[&[f32]], labels: &[usize], classes: usize, penalty: f64) -> Probe {
    let (mean, deviation, rows) = prepared(vectors);
    let size = mean.len() + 1;
    let n = rows.len().max(1) as f64;
    // Loss and gradient at flat weights, a class after the other.
    let at = |flat: &[f64]| {
        let mut loss = 0.0;
        let mut gradient = vec![0.0; flat.len()];
        for (x, label) in rows.iter().zip(labels) {
            let z: Vec<f64> = flat.chunks_exact(size).map(|row| dot(row, x)).collect();
            let top = z.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let log_sum = top + z.iter().map(|z| (z - top).exp()).sum::<f64>().ln();
            loss += (log_sum - z[*label]) / n;
            for (class, row) in gradient.chunks_exact_mut(size).enumerate() {
                let error = (z[class] - log_sum).exp() - f64::from(u8::from(class == *label));
                row.iter_mut().zip(x).for_each(|(g, x)| *g += error / n * x);
            }
        }
        for (row, own) in gradient.chunks_exact_mut(size).zip(flat.chunks_exact(size)) {
            let (row, own) = (&mut row[..size - 1], &own[..size - 1]);
            loss += penalty / 2.0 * dot(own, own);
            row.iter_mut().zip(own).for_each(|(g, w)| *g += penalty * w);
        }
        (loss, gradient)
    };
    let flat = minimised(at, vec![0.0; classes * size], STEPS, FLAT);
    Probe { mean, deviation, weights: flat.chunks_exact(size).map(<[f64]>::to_vec).collect() }
}

/// Ridge regression: the weights W and free biases that minimise `|Y - XW|^2 + penalty |W|^2`,
/// in closed form. `targets` holds the same number of values for each vector.
pub fn ridge(vectors: &[&[f32]], targets: &[Vec<f64>], penalty: f64) -> Probe {
    let (mean, deviation, rows) = prepared(vectors);
    let (size, n) = (mean.len(), rows.len().max(1) as f64);
    let outputs = targets.first().map_or(0, Vec::len);
    let centre: Vec<f64> =
        (0..outputs).map(|o| targets.iter().map(|t| t[o]).sum::<f64>() / n).collect();
    let mut gram = vec![vec![0.0; size]; size];
    let mut moment = vec![vec![0.0; size]; outputs];
    for (x, target) in rows.iter().zip(targets) {
        let x = &x[..size];
        for (i, line) in gram.iter_mut().enumerate() {
            line[..=i].iter_mut().zip(x).for_each(|(cell, other)| *cell += x[i] * other);
        }
        for (o, line) in moment.iter_mut().enumerate() {
            line.iter_mut().zip(x).for_each(|(cell, x)| *cell += (target[o] - centre[o]) * x);
        }
    }
    for (i, line) in gram.iter_mut().enumerate() {
        // The floor keeps features that follow from others from dividing by nothing.
        line[i] += penalty.max(1e-9);
    }
    factorised(&mut gram);
    let weights = moment.into_iter().zip(centre).map(|(line, bias)| {
        let mut row = solved(&gram, line);
        row.push(bias);
        row
    });
    Probe { weights: weights.collect(), mean, deviation }
}

/// Ridge regression on 1 for the class of a vector and -1 for the others.
pub fn ridge_classes(vectors: &[&[f32]], labels: &[usize], classes: usize, penalty: f64) -> Probe {
    let target =
        |label: &usize| (0..classes).map(|c| if c == *label { 1.0 } else { -1.0 }).collect();
    ridge(vectors, &labels.iter().map(target).collect::<Vec<_>>(), penalty)
}

/// Mean and deviation of each feature, and the rows standardised, with a 1 for the bias.
fn prepared(vectors: &[&[f32]]) -> (Vec<f64>, Vec<f64>, Vec<Vec<f64>>) {
    let (size, n) = (vectors.first().map_or(0, |v| v.len()), vectors.len().max(1) as f64);
    let mean_of = |value: &dyn Fn(f64, usize) -> f64| -> Vec<f64> {
        (0..size)
            .map(|i| vectors.iter().map(|v| value(f64::from(v[i]), i)).sum::<f64>() / n)
            .collect()
    };
    let mean = mean_of(&|x, _| x);
    let variance = mean_of(&|x, i| (x - mean[i]).powi(2));
    // A feature that never varies stays at zero.
    let deviation: Vec<f64> =
        variance.iter().map(|v| if *v > 1e-20 { v.sqrt() } else { f64::INFINITY }).collect();
    let rows = vectors.iter().map(|v| standardised(v, &mean, &deviation)).collect();
    (mean, deviation, rows)
}

fn standardised(vector: &[f32], mean: &[f64], deviation: &[f64]) -> Vec<f64> {
    let scaled = vector.iter().zip(mean).zip(deviation);
    scaled.map(|((x, m), d)| (f64::from(*x) - m) / d).chain([1.0]).collect()
}

/// L-BFGS from `x` for at most `steps`, until the gradient is shorter than `flat`.
pub(crate) fn minimised(
    at: impl Fn(&[f64]) -> (f64, Vec<f64>),
    mut x: Vec<f64>,
    steps: usize,
    flat: f64,
) -> Vec<f64> {
    let (mut loss, mut gradient) = at(&x);
    let mut memory: std::collections::VecDeque<(Vec<f64>, Vec<f64>)> = [].into();
    for _ in 0..steps {
        if dot(&gradient, &gradient).sqrt() < flat {
            break;
        }
        let mut direction = gradient.clone();
        let mut shares = Vec::with_capacity(memory.len());
        for (s, y) in memory.iter().rev() {
            let share = dot(s, &direction) / dot(s, y);
            direction.iter_mut().zip(y).for_each(|(d, y)| *d -= share * y);
            shares.push(share);
        }
        if let Some((s, y)) = memory.back() {
            let scale = dot(s, y) / dot(y, y);
            for d in &mut direction {
                *d *= scale;
            }
        }
        for ((s, y), share) in memory.iter().zip(shares.into_iter().rev()) {
            let back = dot(y, &direction) / dot(s, y);
            direction.iter_mut().zip(s).for_each(|(d, s)| *d += (share - back) * s);
        }
        // Halve the step until the loss falls as much as the slope promises (Armijo 1966).
        let slope = dot(&direction, &gradient);
        let step = |length: f64| -> Vec<f64> {
            x.iter().zip(&direction).map(|(x, d)| x - length * d).collect()
        };
        let lower = (0..40).map(|halving| 0.5f64.powi(halving)).find_map(|length| {
            let next = step(length);
            let found = at(&next);
            (found.0 <= loss - 1e-4 * length * slope).then_some((next, found))
        });
        let Some((next, (new_loss, new_gradient))) = lower else { break };
        let s: Vec<f64> = next.iter().zip(&x).map(|(a, b)| a - b).collect();
        let y: Vec<f64> = new_gradient.iter().zip(&gradient).map(|(a, b)| a - b).collect();
        if dot(&s, &y) > 0.0 {
            memory.push_back((s, y));
        }
        if memory.len() > MEMORY {
            memory.pop_front();
        }
        (x, loss, gradient) = (next, new_loss, new_gradient);
    }
    x
}

/// Replaces the lower triangle of a positive definite matrix by its Cholesky factor.
fn factorised(matrix: &mut [Vec<f64>]) {
    for i in 0..matrix.len() {
        let (done, rest) = matrix.split_at_mut(i);
        let line = &mut rest[0];
        for (j, other) in done.iter().enumerate() {
            line[j] = (line[j] - dot(&line[..j], &other[..j])) / other[j];
        }
        line[i] = (line[i] - dot(&line[..i], &line[..i])).max(f64::MIN_POSITIVE).sqrt();
    }
}

/// Solves `L L^T x = b`.
fn solved(factor: &[Vec<f64>], mut b: Vec<f64>) -> Vec<f64> {
    for (i, line) in factor.iter().enumerate() {
        b[i] = (b[i] - dot(&line[..i], &b[..i])) / line[i];
    }
    for i in (0..b.len()).rev() {
        b[i] /= factor[i][i];
        let (head, x) = (&factor[i][..i], b[i]);
        b.iter_mut().zip(head).for_each(|(b, l)| *b -= l * x);
    }
    b
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests;
