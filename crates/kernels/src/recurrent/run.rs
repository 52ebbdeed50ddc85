//! What one direction of a layer reads, and the slopes of it.

use crate::product::{Matrix, multiply};
use crate::wide::wide;

/// Steps lie one after the other, `[t, b, ...]`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run<'a> {
    pub(super) steps: usize,
    pub(super) batch: usize,
    /// Numbers a step.
    pub(super) size: usize,
    /// Numbers a state, `h`.
    pub(super) width: usize,
    /// `[t, b, size]`.
    pub(super) x: &'a [f32],
    /// `[size, gates * h]`.
    pub(super) input: &'a [f32],
    /// `[h, gates * h]`.
    pub(super) hidden: &'a [f32],
    /// Of the input and of the state, `[gates * h]` each.
    pub(super) biases: [&'a [f32]; 2],
    /// `[t, b]`: where it is zero, the step never happened; none where all happened.
    pub(super) real: Option<&'a [f32]>,
    /// Whether it goes from the last step to the first.
    pub(super) reverse: bool,
}

/// Slopes of what a run read.
#[derive(Debug)]
pub(super) struct Slopes {
    /// `[t, b, size]`; empty where nobody asked.
    pub(super) x: Vec<f32>,
    pub(super) input: Vec<f32>,
    pub(super) hidden: Vec<f32>,
    pub(super) biases: [Vec<f32>; 2],
}

impl Run<'_> {
    /// The step that comes as the `n`-th, and the one before it.
    pub(super) fn order(&self, n: usize) -> (usize, Option<usize>) {
        if self.reverse {
            (self.steps - 1 - n, (n > 0).then(|| self.steps - n))
        } else {
            (n, n.checked_sub(1))
        }
    }

    /// The rows of a step that never happened for their clip.
    pub(super) fn skipped(&self, step: usize) -> impl Iterator<Item = usize> {
        let real = self.real.map(|real| &real[step * self.batch..][..self.batch]);
        real.into_iter().flatten().enumerate().filter(|(_, real)| **real == 0.0).map(|(row, _)| row)
    }

    /// The product of every step with the input's weights, `[t, b, gates * h]`.
    pub(super) fn inputs(&self) -> Vec<f32> {
        let (rows, gates) = (self.steps * self.batch, self.biases[0].len());
        let mut all = vec![0.0; rows * gates];
        let x = Matrix::new(self.x, rows, self.size);
        multiply(&mut all, x, Matrix::new(self.input, self.size, gates), false);
        all
    }

    /// Adds to `said` `[b, h]` the slope of what the layer said at a step; `slope` is `[t, b, wide]`,
    /// and this direction's part begins at `first` of each row.
    pub(super) fn add_slope(
        &self,
        said: &mut [f32],
        slope: &[f32],
        step: usize,
        (first, wide): (usize, usize),
    ) {
        let of_step = slope[step * self.batch * wide..].chunks_exact(wide);
        for (said, own) in said.chunks_exact_mut(self.width).zip(of_step) {
            said.iter_mut().zip(&own[first..first + self.width]).for_each(|(s, x)| *s += x);
        }
    }

    /// The slopes of weights and inputs, from those of the products with the input and of those with
    /// the state, `[t, b, gates * h]` each.
    pub(super) fn slopes(
        &self,
        states: &[f32],
        (of_input, of_hidden): (&[f32], &[f32]),
        of_x: bool,
    ) -> Slopes {
        let (gates, h, d) = (self.biases[0].len(), self.width, self.size);
        let rows = self.steps * self.batch;
        // Each state met the slopes of the step that came after it.
        let (first, last) = (0..rows - self.batch, self.batch..rows);
        let (earlier, later) = if self.reverse { (last, first) } else { (first, last) };
        let count = later.len();
        let states = Matrix::new(&states[earlier.start * h..earlier.end * h], count, h);
        let after = &of_hidden[later.start * gates..later.end * gates];
        let mut hidden = vec![0.0; h * gates];
        multiply(&mut hidden, states.transposed(), Matrix::new(after, count, gates), false);
        let all = Matrix::new(of_input, rows, gates);
        let mut input = vec![0.0; d * gates];
        multiply(&mut input, Matrix::new(self.x, rows, d).transposed(), all, false);
        let sum = |rows| {
            let mut bias = vec![0.0; gates];
            sum_rows(rows, &mut bias);
            bias
        };
        let mut x = Vec::new();
        if of_x {
            x.resize(rows * d, 0.0);
            multiply(&mut x, all, Matrix::new(self.input, d, gates).transposed(), false);
        }
        Slopes { x, input, hidden, biases: [sum(of_input), sum(of_hidden)] }
    }
}

wide! {
    /// The sum of rows as long as `sum`, added to it.
    fn sum_rows(rows: &[f32], sum: &mut [f32]) {
        let n = sum.len();
        for row in rows.chunks_exact(n) {
            for k in 0..n {
                sum[k] += row[k];
            }
        }
    }
}
