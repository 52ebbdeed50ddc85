//! Attention back: from the slope of what was seen to those of all that was read.

use rayon::prelude::*;

use super::Numbers;
use super::forward::drop_rows;
use crate::dropout::masked_here;
use crate::product::{Matrix, multiply};
use crate::sums::{LANES, together};
use crate::wide::wide;

/// Parts of a batch whose slopes of what all clips share are summed apart: always as many, so that the
/// sum does not depend on how many threads there are.
const PARTS: usize = 8;

/// What is in work, kept from head to head.
#[derive(Debug, Default)]
struct Scratch {
    content: Vec<f32>,
    place: Vec<f32>,
    /// Slope of what was seen.
    slope: Vec<f32>,
    /// Weights after dropout, then the slopes of raw scores of places.
    weights: Vec<f32>,
    /// Slopes of weights, then of scores.
    scores: Vec<f32>,
    along: Vec<f32>,
}

/// What clips share: slopes of places and of both biases.
struct Shared {
    table: Vec<f32>,
    content_bias: Vec<f32>,
    place_bias: Vec<f32>,
}

/// The slopes of queries, keys, values, places, and of the biases of content and of places.
pub(super) fn slopes(of: &Numbers<'_>, weights: &[f32], slope: &[f32]) -> [Vec<f32>; 6] {
    let (b, clip) = (of.how.lengths.len(), (of.t * of.d).max(1));
    let mut along = [(); 3].map(|()| vec![0f32; of.q.len()]);
    let part = b.div_ceil(PARTS).max(1);
    let [q, k, v] = &mut along;
    let parts = q
        .par_chunks_mut(part * clip)
        .zip(k.par_chunks_mut(part * clip))
        .zip(v.par_chunks_mut(part * clip));
    let shared: Vec<Shared> = parts
        .enumerate()
        .map(|(index, ((q, k), v))| {
            let mut shared = Shared {
                table: vec![0.0; of.table.len()],
                content_bias: vec![0.0; of.d],
                place_bias: vec![0.0; of.d],
            };
            let mut work = Scratch::default();
            let clips =
                q.chunks_mut(clip).zip(k.chunks_mut(clip)).zip(v.chunks_mut(clip)).enumerate();
            for (own, ((q, k), v)) in clips {
                for head in 0..of.heads {
                    let place = (index * part + own, head);
                    one_head(of, place, (weights, slope), [q, k, v], &mut shared, &mut work);
                }
            }
            shared
        })
        .collect();
    let mut sums = [vec![0f32; of.table.len()], vec![0f32; of.d], vec![0f32; of.d]];
    for Shared { table, content_bias, place_bias } in &shared {
        for (sum, part) in sums.iter_mut().zip([table, content_bias, place_bias]) {
            sum.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
        }
    }
    let ([q, k, v], [table, content_bias, place_bias]) = (along, sums);
    [q, k, v, table, content_bias, place_bias]
}

fn one_head(
    of: &Numbers<'_>,
    (clip, head): (usize, usize),
    (weights, slope): (&[f32], &[f32]),
    [to_q, to_k, to_v]: [&mut [f32]; 3],
    shared: &mut Shared,
    work: &mut Scratch,
) {
    let (n, t, size, d) = (of.how.lengths[clip], of.t, of.size(), of.d);
    if n == 0 {
        return;
    }
    let (first, square) = (of.first(clip, head), of.square(clip, head));
    of.queries(clip, head, n, of.content_bias, &mut work.content);
    of.queries(clip, head, n, of.place_bias, &mut work.place);
    let keys = Matrix::spaced(&of.k[first..], n, size, d);
    let values = Matrix::spaced(&of.v[first..], n, size, d);
    let places = Matrix::spaced(&of.table[head * size..], n, size, d);
    let kept = weights[square..][..t * t].chunks_exact(t);
    work.slope.clear();
    (0..n).for_each(|step| work.slope.extend(&slope[first + step * d..][..size]));
    let slope = Matrix::new(&work.slope, n, size);
    work.weights.clear();
    kept.clone().take(n).for_each(|row| work.weights.extend(&row[..n]));
    if let Some(mask) = of.how.mask {
        drop_rows(&mut work.weights, mask, square, (n, t));
    }
    work.along.resize(n * size, 0.0);
    // Values.
    multiply(&mut work.along, Matrix::new(&work.weights, n, n).transposed(), slope, false);
    put(&work.along, head, (size, d), to_v);
    // Scores.
    work.scores.resize(n * n, 0.0);
    multiply(&mut work.scores, slope, values.transposed(), false);
    for (row, (scores, kept)) in work.scores.chunks_exact_mut(n).zip(kept).enumerate() {
        if let Some(mask) = of.how.mask {
            masked_here(scores, mask, (square + row * t) as u32);
        }
        softmax_back(scores, &kept[..n], of.how.scale);
    }
    let scores = Matrix::new(&work.scores, n, n);
    // Keys.
    let content = Matrix::new(&work.content, n, size);
    multiply(&mut work.along, scores.transposed(), content, false);
    put(&work.along, head, (size, d), to_k);
    // Queries, as they meet keys.
    multiply(&mut work.along, scores, keys, false);
    put(&work.along, head, (size, d), to_q);
    gather(&work.along, &mut shared.content_bias[head * size..][..size]);
    // Places; the weights are not needed any more.
    unshifted(&work.scores, n, &mut work.weights);
    let raw = Matrix::new(&work.weights, n, n);
    multiply(&mut work.along, raw.transposed(), Matrix::new(&work.place, n, size), false);
    put(&work.along, head, (size, d), &mut shared.table);
    // Queries, as they meet places.
    multiply(&mut work.along, raw, places, false);
    put(&work.along, head, (size, d), to_q);
    gather(&work.along, &mut shared.place_bias[head * size..][..size]);
}

/// Adds rows of a head to those of all heads.
fn put(rows: &[f32], head: usize, (size, d): (usize, usize), out: &mut [f32]) {
    for (step, row) in rows.chunks_exact(size).enumerate() {
        let out = &mut out[step * d + head * size..][..size];
        out.iter_mut().zip(row).for_each(|(out, value)| *out += value);
    }
}

/// Adds rows up.
fn gather(rows: &[f32], sum: &mut [f32]) {
    for row in rows.chunks_exact(sum.len()) {
        sum.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
    }
}

wide! {
    /// The slope of a row of scores from that of its weights: `scale w (s - sum(w s))`.
    fn softmax_back(slope: &mut [f32], weights: &[f32], scale: f32) {
        let weights = &weights[..slope.len()];
        let mut sums = [0f32; LANES];
        let (whole, rest) = slope.as_chunks::<LANES>();
        let (of_whole, of_rest) = weights.as_chunks::<LANES>();
        for (s, w) in whole.iter().zip(of_whole) {
            for i in 0..LANES {
                sums[i] += s[i] * w[i];
            }
        }
        let rest = rest.iter().zip(of_rest).map(|(s, w)| s * w).sum::<f32>();
        let mean = together(sums) + rest;
        for i in 0..slope.len() {
            slope[i] = scale * weights[i] * (slope[i] - mean);
        }
    }
}

/// Where each slope of shifted scores came from; nothing came from what the shift drops.
fn unshifted(slopes: &[f32], n: usize, raw: &mut [f32]) {
    raw.fill(0.0);
    for i in 0..n {
        let row = &slopes[i * n..][..n];
        raw[i * n + n - 1 - i..][..=i].copy_from_slice(&row[..=i]);
        if i + 2 < n {
            raw[(i + 1) * n..][..n - i - 2].copy_from_slice(&row[i + 2..]);
        }
    }
}
