//! Attention, clip by clip and head by head.

use burn::backend::flex::FlexTensor;
use burn::tensor::TensorData;
use rayon::prelude::*;

use super::Numbers;
use crate::dropout::{Mask, masked_here};
use crate::product::{Matrix, multiply};
use crate::squash::exp;
use crate::sums::{LANES, together};
use crate::wide::wide;

/// What is in work, kept from head to head.
#[derive(Debug, Default)]
struct Scratch {
    content: Vec<f32>,
    place: Vec<f32>,
    scores: Vec<f32>,
    raw: Vec<f32>,
    seen: Vec<f32>,
}

/// What is seen, and with `keep` the weights before dropout, `[b, heads, t, t]`.
pub(super) fn attended(of: &Numbers<'_>, keep: bool) -> (FlexTensor, Vec<f32>) {
    let (b, t, d) = (of.how.lengths.len(), of.t, of.d);
    let mut out = vec![0f32; b * t * d];
    let square = of.heads * t * t;
    let mut weights = vec![0f32; if keep { b * square } else { 0 }];
    // A clip without weights to keep has an empty place for them.
    let places: Vec<&mut [f32]> = if keep && square > 0 {
        weights.chunks_mut(square).collect()
    } else {
        (0..b).map(|_| Default::default()).collect()
    };
    out.par_chunks_mut((t * d).max(1)).zip(places).enumerate().for_each_init(
        Scratch::default,
        |scratch, (clip, (out, weights))| {
            for head in 0..of.heads {
                let weights = match weights.len() {
                    0 => &mut [][..],
                    _ => &mut weights[head * t * t..][..t * t],
                };
                one_head(of, (clip, head), scratch, weights, out);
            }
        },
    );
    (FlexTensor::from_data(TensorData::new(out, [b, t, d])), weights)
}

fn one_head(
    of: &Numbers<'_>,
    (clip, head): (usize, usize),
    work: &mut Scratch,
    weights: &mut [f32],
    out: &mut [f32],
) {
    let (n, t, size) = (of.how.lengths[clip], of.t, of.size());
    if n == 0 {
        return;
    }
    of.queries(clip, head, n, of.content_bias, &mut work.content);
    of.queries(clip, head, n, of.place_bias, &mut work.place);
    let first = of.first(clip, head);
    let keys = Matrix::spaced(&of.k[first..], n, size, of.d);
    let values = Matrix::spaced(&of.v[first..], n, size, of.d);
    let places = Matrix::spaced(&of.table[head * size..], n, size, of.d);
    work.scores.resize(n * n, 0.0);
    work.raw.resize(n * n, 0.0);
    let content = Matrix::new(&work.content, n, size);
    multiply(&mut work.scores, content, keys.transposed(), false);
    multiply(&mut work.raw, Matrix::new(&work.place, n, size), places.transposed(), false);
    softmax_shifted(&mut work.scores, &work.raw, n, of.how.scale);
    if !weights.is_empty() {
        for (kept, row) in weights.chunks_exact_mut(t).zip(work.scores.chunks_exact(n)) {
            kept[..n].copy_from_slice(row);
        }
    }
    if let Some(mask) = of.how.mask {
        drop_rows(&mut work.scores, mask, of.square(clip, head), (n, t));
    }
    work.seen.resize(n * size, 0.0);
    multiply(&mut work.seen, Matrix::new(&work.scores, n, n), values, false);
    for (step, row) in work.seen.chunks_exact(size).enumerate() {
        out[step * of.d + head * size..][..size].copy_from_slice(row);
    }
}

/// Drops weights `[n, n]` where rows of `[t, t]` that begin at `first` say so.
pub(super) fn drop_rows(weights: &mut [f32], mask: Mask, first: usize, (n, t): (usize, usize)) {
    for (row, weights) in weights.chunks_exact_mut(n).enumerate() {
        masked_here(weights, mask, (first + row * t) as u32);
    }
}

wide! {
    /// `softmax(scale (scores + shifted(raw)))` in each of the `n` rows.
    fn softmax_shifted(scores: &mut [f32], raw: &[f32], n: usize, scale: f32) {
        for i in 0..n {
            let row = &mut scores[i * n..][..n];
            let behind = &raw[i * n + n - 1 - i..][..=i];
            for j in 0..=i {
                row[j] += behind[j];
            }
            if i + 2 < n {
                let ahead = &raw[(i + 1) * n..][..n - i - 2];
                let row = &mut row[i + 2..];
                for j in 0..ahead.len() {
                    row[j] += ahead[j];
                }
            }
            softmax(row, scale);
        }
    }
}

/// `softmax(scale x)` of a row, in place.
#[inline(always)]
#[allow(clippy::inline_always, reason = "it has to be compiled for the vectors of its caller")]
fn softmax(row: &mut [f32], scale: f32) {
    let mut most = [f32::NEG_INFINITY; LANES];
    let (whole, rest) = row.as_chunks_mut::<LANES>();
    for part in whole.iter_mut() {
        for i in 0..LANES {
            part[i] *= scale;
            most[i] = if part[i] > most[i] { part[i] } else { most[i] };
        }
    }
    let mut top = most.into_iter().fold(f32::NEG_INFINITY, f32::max);
    for x in rest.iter_mut() {
        *x *= scale;
        top = top.max(*x);
    }
    let mut sums = [0f32; LANES];
    for part in whole.iter_mut() {
        for i in 0..LANES {
            part[i] = exp(part[i] - top);
            sums[i] += part[i];
        }
    }
    let mut sum = together(sums);
    for x in rest.iter_mut() {
        *x = exp(*x - top);
        sum += *x;
    }
    let share = 1.0 / sum;
    for x in row {
        *x *= share;
    }
}
