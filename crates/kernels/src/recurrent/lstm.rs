//! An LSTM through all steps and back: gates in the order input, forget, candidate, output.

use super::run::{Run, Slopes};
use crate::product::{Matrix, multiply};
use crate::squash::{sigmoid, tanh};
use crate::wide::wide;

/// What a run leaves behind for the way back.
#[derive(Debug)]
pub(super) struct Trace {
    /// How far the gates were open, `[t, b, 4h]`.
    gates: Vec<f32>,
    /// `[t, b, h]`.
    memory: Vec<f32>,
    /// Its hyperbolic tangent, `[t, b, h]`.
    squashed: Vec<f32>,
    /// What the layer says, `[t, b, h]`.
    pub(super) states: Vec<f32>,
}

pub(super) fn forward(run: &Run<'_>) -> Trace {
    let (b, h) = (run.batch, run.width);
    let (rows, part) = (run.steps * b, b * h);
    let bias: Vec<f32> = run.biases[0].iter().zip(run.biases[1]).map(|(x, y)| x + y).collect();
    let mut gates = run.inputs();
    let weights = Matrix::new(run.hidden, h, 4 * h);
    let (mut memory, mut squashed) = (vec![0.0; rows * h], vec![0.0; rows * h]);
    let mut states = vec![0.0; rows * h];
    // Memory and state so far.
    let (mut kept, mut said) = (vec![0.0; part], vec![0.0; part]);
    for n in 0..run.steps {
        let (step, before) = run.order(n);
        let gates = &mut gates[step * 4 * part..][..4 * part];
        if before.is_some() {
            multiply(gates, Matrix::new(&said, b, h), weights, true);
        }
        let own = step * part..(step + 1) * part;
        let (memory, state) = (&mut memory[own.clone()], &mut states[own.clone()]);
        let squashed = &mut squashed[own];
        open(gates, &bias, &kept, Left { memory, squashed, state });
        for row in run.skipped(step) {
            let row = row * h..(row + 1) * h;
            memory[row.clone()].copy_from_slice(&kept[row.clone()]);
            state[row.clone()].copy_from_slice(&said[row]);
        }
        kept.copy_from_slice(memory);
        said.copy_from_slice(state);
    }
    Trace { gates, memory, squashed, states }
}

/// `slope` `[t, b, wide]` is that of what the layer said, of which this direction's part begins
/// at `first` of each row.
pub(super) fn backward(
    run: &Run<'_>,
    trace: &Trace,
    slope: &[f32],
    place: (usize, usize),
    of_x: bool,
) -> Slopes {
    let (b, h) = (run.batch, run.width);
    let part = b * h;
    let weights = Matrix::new(run.hidden, h, 4 * h);
    let mut slopes = vec![0.0; run.steps * 4 * part];
    // Slopes of the state and of the memory, as they come from the steps after.
    let (mut said, mut kept) = (vec![0.0; part], vec![0.0; part]);
    let nothing = vec![0.0; part];
    let mut held = Vec::new();
    for n in (0..run.steps).rev() {
        let (step, before) = run.order(n);
        run.add_slope(&mut said, slope, step, place);
        // A step that never happened hands on what it was handed.
        held.clear();
        for row in run.skipped(step) {
            let own = row * h..(row + 1) * h;
            held.push((row, said[own.clone()].to_vec(), kept[own].to_vec()));
        }
        let gates = &trace.gates[step * 4 * part..][..4 * part];
        let squashed = &trace.squashed[step * part..][..part];
        let memory = before.map_or(&nothing[..], |step| &trace.memory[step * part..][..part]);
        let known = Known { gates, before: memory, squashed, slope: &said };
        let own = &mut slopes[step * 4 * part..][..4 * part];
        shut(&known, h, &mut kept, own);
        for (row, _, _) in &held {
            own[row * 4 * h..(row + 1) * 4 * h].fill(0.0);
        }
        if before.is_some() {
            multiply(&mut said, Matrix::new(own, b, 4 * h), weights.transposed(), false);
        }
        for (row, state, memory) in &held {
            said[row * h..(row + 1) * h].copy_from_slice(state);
            kept[row * h..(row + 1) * h].copy_from_slice(memory);
        }
    }
    run.slopes(&trace.states, (&slopes, &slopes), of_x)
}

/// What the rows of one step leave behind, `[b, h]` each.
struct Left<'a> {
    /// The memory.
    memory: &'a mut [f32],
    /// The hyperbolic tangent of it.
    squashed: &'a mut [f32],
    /// The state.
    state: &'a mut [f32],
}

wide! {
    /// `gates` `[b, 4h]` hold the products of input and state in the order input, forget,
    /// candidate, output, and are then open as far as they say; `before` `[b, h]` is the memory so
    /// far.
    fn open(gates: &mut [f32], bias: &[f32], before: &[f32], left: Left<'_>) {
        let h = bias.len() / 4;
        let (bi, rest) = bias.split_at(h);
        let (bf, rest) = rest.split_at(h);
        let (bu, bo) = rest.split_at(h);
        let rows = gates.chunks_exact_mut(4 * h).zip(before.chunks_exact(h));
        let left = left
            .memory
            .chunks_exact_mut(h)
            .zip(left.squashed.chunks_exact_mut(h))
            .zip(left.state.chunks_exact_mut(h));
        for ((gates, before), ((memory, squashed), state)) in rows.zip(left) {
            let (i, rest) = gates.split_at_mut(h);
            let (f, rest) = rest.split_at_mut(h);
            let (u, o) = rest.split_at_mut(h);
            row(i, f, u, o, bi, bf, bu, bo, before, memory, squashed, state);
        }
    }
}

/// One row. That its slices do not overlap is known to the compiler because they are arguments.
#[inline(always)]
#[allow(clippy::inline_always, clippy::too_many_arguments, reason = "compiled for its caller")]
fn row(
    i: &mut [f32],
    f: &mut [f32],
    u: &mut [f32],
    o: &mut [f32],
    bi: &[f32],
    bf: &[f32],
    bu: &[f32],
    bo: &[f32],
    before: &[f32],
    memory: &mut [f32],
    squashed: &mut [f32],
    state: &mut [f32],
) {
    let h = i.len();
    let (f, u, o) = (&mut f[..h], &mut u[..h], &mut o[..h]);
    let (bi, bf, bu, bo) = (&bi[..h], &bf[..h], &bu[..h], &bo[..h]);
    let before = &before[..h];
    let (memory, squashed, state) = (&mut memory[..h], &mut squashed[..h], &mut state[..h]);
    for k in 0..h {
        let (open, forget) = (sigmoid(i[k] + bi[k]), sigmoid(f[k] + bf[k]));
        let (candidate, out) = (tanh(u[k] + bu[k]), sigmoid(o[k] + bo[k]));
        let kept = forget * before[k] + open * candidate;
        let told = tanh(kept);
        (i[k], f[k], u[k], o[k]) = (open, forget, candidate, out);
        (memory[k], squashed[k], state[k]) = (kept, told, out * told);
    }
}

/// What is known of the rows of one step on the way back, `[b, h]` each but the first.
struct Known<'a> {
    /// How far the gates were open, `[b, 4h]`.
    gates: &'a [f32],
    /// The memory before the step.
    before: &'a [f32],
    /// The hyperbolic tangent of the memory after it.
    squashed: &'a [f32],
    /// The slope of the state after it.
    slope: &'a [f32],
}

wide! {
    /// Writes the slopes of what goes into the gates, `[b, 4h]`, and carries the slope of the memory,
    /// `[b, h]`, from after the step to before it.
    fn shut(known: &Known<'_>, h: usize, memory: &mut [f32], slopes: &mut [f32]) {
        let rows = known
            .gates
            .chunks_exact(4 * h)
            .zip(known.before.chunks_exact(h))
            .zip(known.squashed.chunks_exact(h))
            .zip(known.slope.chunks_exact(h));
        let out = memory.chunks_exact_mut(h).zip(slopes.chunks_exact_mut(4 * h));
        for ((((gates, before), squashed), slope), (memory, slopes)) in rows.zip(out) {
            let (di, rest) = slopes.split_at_mut(h);
            let (df, rest) = rest.split_at_mut(h);
            let (du, d_out) = rest.split_at_mut(h);
            let (i, rest) = gates.split_at(h);
            let (f, rest) = rest.split_at(h);
            let (u, o) = rest.split_at(h);
            row_back(i, f, u, o, before, squashed, slope, memory, di, df, du, d_out);
        }
    }
}

#[inline(always)]
#[allow(clippy::inline_always, clippy::too_many_arguments, reason = "compiled for its caller")]
fn row_back(
    i: &[f32],
    f: &[f32],
    u: &[f32],
    o: &[f32],
    before: &[f32],
    squashed: &[f32],
    slope: &[f32],
    memory: &mut [f32],
    di: &mut [f32],
    df: &mut [f32],
    du: &mut [f32],
    d_out: &mut [f32],
) {
    let h = i.len();
    let (f, u, o) = (&f[..h], &u[..h], &o[..h]);
    let (before, squashed, slope) = (&before[..h], &squashed[..h], &slope[..h]);
    let (di, df, du, d_out) = (&mut di[..h], &mut df[..h], &mut du[..h], &mut d_out[..h]);
    let memory = &mut memory[..h];
    for k in 0..h {
        let told = squashed[k];
        let kept = slope[k] * o[k] * (1.0 - told * told) + memory[k];
        di[k] = kept * u[k] * i[k] * (1.0 - i[k]);
        df[k] = kept * before[k] * f[k] * (1.0 - f[k]);
        du[k] = kept * i[k] * (1.0 - u[k] * u[k]);
        d_out[k] = slope[k] * told * o[k] * (1.0 - o[k]);
        memory[k] = kept * f[k];
    }
}
