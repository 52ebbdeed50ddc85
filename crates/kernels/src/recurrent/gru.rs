//! A GRU (Cho et al. 2014) through all steps and back: gates in the order reset, update, candidate;
//! the reset gate scales what the state adds to the candidate, its bias too.

use super::run::{Run, Slopes};
use crate::product::{Matrix, multiply};
use crate::squash::{sigmoid, tanh};
use crate::wide::wide;

/// What a run leaves behind for the way back.
#[derive(Debug)]
pub(super) struct Trace {
    /// How far the gates were open, and the candidate, `[t, b, 3h]`.
    gates: Vec<f32>,
    /// What the state added to the candidate before the reset gate, `[t, b, h]`.
    added: Vec<f32>,
    /// What the layer says, `[t, b, h]`.
    pub(super) states: Vec<f32>,
}

pub(super) fn forward(run: &Run<'_>) -> Trace {
    let (b, h) = (run.batch, run.width);
    let (rows, part) = (run.steps * b, b * h);
    let mut gates = run.inputs();
    let weights = Matrix::new(run.hidden, h, 3 * h);
    let (mut added, mut states) = (vec![0.0; rows * h], vec![0.0; rows * h]);
    let mut said = vec![0.0; part];
    let mut products = vec![0.0; 3 * part];
    for n in 0..run.steps {
        let (step, before) = run.order(n);
        if before.is_some() {
            multiply(&mut products, Matrix::new(&said, b, h), weights, false);
        }
        let gates = &mut gates[step * 3 * part..][..3 * part];
        let own = step * part..(step + 1) * part;
        let (added, state) = (&mut added[own.clone()], &mut states[own]);
        open(gates, &products, run.biases, &said, added, state);
        for row in run.skipped(step) {
            let row = row * h..(row + 1) * h;
            state[row.clone()].copy_from_slice(&said[row]);
        }
        said.copy_from_slice(state);
    }
    Trace { gates, added, states }
}

/// `slope` is that of what the layer said; `place` says where in its rows this direction's part lies.
pub(super) fn backward(
    run: &Run<'_>,
    trace: &Trace,
    slope: &[f32],
    place: (usize, usize),
    of_x: bool,
) -> Slopes {
    let (b, h) = (run.batch, run.width);
    let part = b * h;
    let weights = Matrix::new(run.hidden, h, 3 * h);
    let mut of_input = vec![0.0; run.steps * 3 * part];
    let mut of_hidden = vec![0.0; run.steps * 3 * part];
    let (mut said, nothing) = (vec![0.0; part], vec![0.0; part]);
    let mut past_gates = vec![0.0; part];
    let mut held = Vec::new();
    for n in (0..run.steps).rev() {
        let (step, before) = run.order(n);
        run.add_slope(&mut said, slope, step, place);
        // A step that never happened hands on what it was handed.
        held.clear();
        held.extend(run.skipped(step).map(|row| (row, said[row * h..(row + 1) * h].to_vec())));
        let known = Known {
            gates: &trace.gates[step * 3 * part..][..3 * part],
            added: &trace.added[step * part..][..part],
            before: before.map_or(&nothing[..], |step| &trace.states[step * part..][..part]),
            slope: &said,
        };
        let all = step * 3 * part..(step + 1) * 3 * part;
        let (input, hidden) = (&mut of_input[all.clone()], &mut of_hidden[all]);
        shut(&known, h, &mut past_gates, input, hidden);
        for (row, _) in &held {
            input[row * 3 * h..(row + 1) * 3 * h].fill(0.0);
            hidden[row * 3 * h..(row + 1) * 3 * h].fill(0.0);
        }
        said.copy_from_slice(&past_gates);
        if before.is_some() {
            multiply(&mut said, Matrix::new(hidden, b, 3 * h), weights.transposed(), true);
        }
        for (row, state) in &held {
            said[row * h..(row + 1) * h].copy_from_slice(state);
        }
    }
    run.slopes(&trace.states, (&of_input, &of_hidden), of_x)
}

wide! {
    /// `gates` `[b, 3h]` hold the products with the input, and are then open as far as they say;
    /// `products` those with the state `before` `[b, h]`.
    fn open(
        gates: &mut [f32],
        products: &[f32],
        biases: [&[f32]; 2],
        before: &[f32],
        added: &mut [f32],
        state: &mut [f32],
    ) {
        let h = biases[0].len() / 3;
        let rows = gates.chunks_exact_mut(3 * h).zip(products.chunks_exact(3 * h));
        let rows = rows.zip(before.chunks_exact(h));
        let out = added.chunks_exact_mut(h).zip(state.chunks_exact_mut(h));
        for (((gates, products), before), (added, state)) in rows.zip(out) {
            let (r, rest) = gates.split_at_mut(h);
            let (z, c) = rest.split_at_mut(h);
            row(r, z, c, products, biases[0], biases[1], before, added, state);
        }
    }
}

/// One row. That its slices do not overlap is known to the compiler because they are arguments.
#[inline(always)]
#[allow(clippy::inline_always, clippy::too_many_arguments, reason = "compiled for its caller")]
fn row(
    r: &mut [f32],
    z: &mut [f32],
    c: &mut [f32],
    products: &[f32],
    bias: &[f32],
    state_bias: &[f32],
    before: &[f32],
    added: &mut [f32],
    state: &mut [f32],
) {
    let h = r.len();
    let (z, c, before) = (&mut z[..h], &mut c[..h], &before[..h]);
    let (added, state) = (&mut added[..h], &mut state[..h]);
    let (pr, pz, pc) = (&products[..h], &products[h..2 * h], &products[2 * h..3 * h]);
    let (ir, iz, ic) = (&bias[..h], &bias[h..2 * h], &bias[2 * h..3 * h]);
    let (sr, sz, sc) = (&state_bias[..h], &state_bias[h..2 * h], &state_bias[2 * h..3 * h]);
    for k in 0..h {
        let reset = sigmoid(r[k] + ir[k] + (pr[k] + sr[k]));
        let update = sigmoid(z[k] + iz[k] + (pz[k] + sz[k]));
        let of_state = pc[k] + sc[k];
        let candidate = tanh(c[k] + ic[k] + reset * of_state);
        (r[k], z[k], c[k], added[k]) = (reset, update, candidate, of_state);
        state[k] = candidate + update * (before[k] - candidate);
    }
}

/// What is known of the rows of one step on the way back, `[b, h]` each but the first.
struct Known<'a> {
    /// `[b, 3h]`.
    gates: &'a [f32],
    added: &'a [f32],
    /// The state before the step.
    before: &'a [f32],
    /// The slope of the state after it.
    slope: &'a [f32],
}

wide! {
    /// Writes the slopes of the products with the input and with the state, `[b, 3h]` each, and what
    /// of the slope of the state passes by the gates, `[b, h]`.
    fn shut(
        known: &Known<'_>,
        h: usize,
        past: &mut [f32],
        of_input: &mut [f32],
        of_hidden: &mut [f32],
    ) {
        let rows = known.gates.chunks_exact(3 * h).zip(known.added.chunks_exact(h));
        let rows = rows.zip(known.before.chunks_exact(h)).zip(known.slope.chunks_exact(h));
        let out = past.chunks_exact_mut(h).zip(of_input.chunks_exact_mut(3 * h));
        let out = out.zip(of_hidden.chunks_exact_mut(3 * h));
        for ((((gates, added), before), slope), ((past, of_input), of_hidden)) in rows.zip(out) {
            row_back(gates, added, before, slope, past, of_input, of_hidden);
        }
    }
}

#[inline(always)]
#[allow(clippy::inline_always, clippy::too_many_arguments, reason = "compiled for its caller")]
fn row_back(
    gates: &[f32],
    added: &[f32],
    before: &[f32],
    slope: &[f32],
    past: &mut [f32],
    of_input: &mut [f32],
    of_hidden: &mut [f32],
) {
    let h = added.len();
    let (r, z, c) = (&gates[..h], &gates[h..2 * h], &gates[2 * h..3 * h]);
    let (before, slope, past) = (&before[..h], &slope[..h], &mut past[..h]);
    let (ir, rest) = of_input.split_at_mut(h);
    let (iz, ic) = rest.split_at_mut(h);
    let (hr, rest) = of_hidden.split_at_mut(h);
    let (hz, hc) = rest.split_at_mut(h);
    let (ic, hc) = (&mut ic[..h], &mut hc[..h]);
    for k in 0..h {
        let candidate = slope[k] * (1.0 - z[k]) * (1.0 - c[k] * c[k]);
        let update = slope[k] * (before[k] - c[k]) * z[k] * (1.0 - z[k]);
        let reset = candidate * added[k] * r[k] * (1.0 - r[k]);
        (ir[k], iz[k], ic[k]) = (reset, update, candidate);
        (hr[k], hz[k], hc[k]) = (reset, update, candidate * r[k]);
        past[k] = slope[k] * z[k];
    }
}
