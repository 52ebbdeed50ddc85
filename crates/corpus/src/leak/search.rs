//! Which fingerprints resemble each other, without comparing all with all.
//!
//! Fingerprints are unit vectors, their most telling coordinates first, so that the squared
//! distance of two of them, `2 - 2 r` for a correlation `r`, is beyond the wanted one after a few
//! coordinates for nearly every pair. A second number (a length, say) keeps most pairs from being
//! looked at at all.

use rayon::prelude::*;

/// Coordinates compared between two looks at the distance so far.
const BLOCK: usize = 8;

/// Neighbours kept of one fingerprint; a group of copies is connected by far fewer.
const MOST: usize = 16;

/// Fingerprints in the order of their second number.
pub(crate) struct Gallery<'a> {
    /// The second number, the vector, and whose it is.
    entries: Vec<(f32, &'a [f32], usize)>,
    /// Two fingerprints resemble each other only where their second numbers are this close.
    reach: f32,
    /// The least squared distance that is too far.
    far: f32,
}

impl<'a> Gallery<'a> {
    /// Takes (second number, unit vector, owner); pairs count from the correlation `threshold` on.
    pub(crate) fn new(
        entries: impl IntoIterator<Item = (f32, &'a [f32], usize)>,
        reach: f32,
        threshold: f32,
    ) -> Self {
        let mut entries: Vec<_> = entries.into_iter().collect();
        entries.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.2.cmp(&b.2)));
        Self { entries, reach, far: 2.0 - 2.0 * threshold }
    }

    /// The owners of up to 16 fingerprints that resemble this one and are accepted.
    pub(crate) fn like(
        &self,
        key: f32,
        vector: &[f32],
        accept: impl Fn(usize) -> bool,
    ) -> Vec<usize> {
        let first = self.entries.partition_point(|entry| entry.0 < key - self.reach);
        self.from(first, key, vector, accept)
    }

    /// Pairs of owners within the gallery that resemble each other and are accepted.
    pub(crate) fn pairs(
        &self,
        accept: impl Fn(usize, usize) -> bool + Sync,
    ) -> Vec<(usize, usize)> {
        let each = self.entries.par_iter().enumerate().map(|(index, (key, vector, owner))| {
            let found = self.from(index + 1, *key, vector, |other| accept(*owner, other));
            found.into_iter().map(|other| (*owner, other)).collect::<Vec<_>>()
        });
        each.flatten_iter().collect()
    }

    fn from(
        &self,
        first: usize,
        key: f32,
        vector: &[f32],
        accept: impl Fn(usize) -> bool,
    ) -> Vec<usize> {
        self.entries[first..]
            .iter()
            .take_while(|entry| entry.0 <= key + self.reach)
            .filter(|(_, other, owner)| within(vector, other, self.far) && accept(*owner))
            .map(|(_, _, owner)| *owner)
            .take(MOST)
            .collect()
    }
}

/// Whether the squared distance of two vectors is at most `far`; no longer looked at once it is
/// more.
fn within(a: &[f32], b: &[f32], far: f32) -> bool {
    let mut sum = 0.0;
    a.chunks(BLOCK).zip(b.chunks(BLOCK)).all(|(a, b)| {
        sum += a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f32>();
        sum <= far
    })
}

/// The two-dimensional cosine transform (DCT-II, orthonormal) of a grid of `rows` x `columns`:
/// the slow waves, which tell most, first. Each with its number of half waves down and across.
pub(crate) fn waves(grid: &[f32], rows: usize, columns: usize) -> Vec<(usize, usize, f32)> {
    let wave = |count: usize| -> Vec<f32> {
        (0..count * count)
            .map(|i| {
                let (k, n) = ((i / count) as f32, (i % count) as f32);
                let scale = if i < count { 1.0 } else { 2.0 } / count as f32;
                let turn = std::f32::consts::PI * k * (n + 0.5) / count as f32;
                scale.sqrt() * turn.cos()
            })
            .collect()
    };
    let (down, across) = (wave(rows), wave(columns));
    // Along the rows, then along the columns of what came out.
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    let half: Vec<Vec<f32>> = across
        .chunks_exact(columns)
        .map(|wave| grid.chunks_exact(columns).map(|row| dot(row, wave)).collect())
        .collect();
    let mut waves: Vec<(usize, usize, f32)> = (0..rows)
        .flat_map(|u| (0..columns).map(move |v| (u, v)))
        .map(|(u, v)| (u, v, dot(&half[v], &down[u * rows..(u + 1) * rows])))
        .collect();
    waves.sort_by_key(|(u, v, _)| (u * columns + v * rows, *u));
    waves
}

/// The vector at length 1; `None` where it is nothing but rounding, below `least`.
pub(crate) fn unit(vector: Vec<f32>, least: f32) -> Option<Box<[f32]>> {
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    if !(length > least && length.is_finite()) {
        return None;
    }
    Some(vector.into_iter().map(|x| x / length).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waves_keep_the_length_and_come_slow_ones_first() {
        let grid: Vec<f32> = (0..6 * 4).map(|i| ((i * 7) % 5) as f32).collect();
        let found = waves(&grid, 6, 4);
        let energy: f32 = found.iter().map(|(_, _, x)| x * x).sum();
        assert!((energy - grid.iter().map(|x| x * x).sum::<f32>()).abs() < 1e-3);
        let mean: f32 = grid.iter().sum::<f32>() / 24.0;
        assert_eq!((found[0].0, found[0].1), (0, 0));
        assert!((found[0].2 - mean * 24f32.sqrt()).abs() < 1e-4);
    }

    #[test]
    fn the_search_finds_what_comparing_all_with_all_finds() {
        let vectors: Vec<Box<[f32]>> = (0..60u32)
            .map(|i| {
                let value = |j: u32| ((i / 3 * 31 + j * 17) % 23) as f32 + (i % 3) as f32 * 0.01;
                unit((0..20).map(value).collect(), 0.0).unwrap()
            })
            .collect();
        let keys: Vec<f32> = (0..60).map(|i| (i % 3) as f32 * 0.1).collect();
        let entries = || (0..60).map(|i| (keys[i], &*vectors[i], i));
        let gallery = Gallery::new(entries(), 0.15, 0.999);
        let mut found: Vec<_> =
            gallery.pairs(|_, _| true).iter().map(|(a, b)| (*a.min(b), *a.max(b))).collect();
        found.sort_unstable();
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
        let all: Vec<_> = (0..60)
            .flat_map(|i| (i + 1..60).map(move |j| (i, j)))
            .filter(|(i, j)| (keys[*i] - keys[*j]).abs() <= 0.15)
            .filter(|(i, j)| dot(&vectors[*i], &vectors[*j]) >= 0.999)
            .collect();
        assert!(!all.is_empty());
        assert_eq!(found, all);
        assert!(gallery.like(keys[4], &vectors[4], |_| true).contains(&4));
        assert!(gallery.like(keys[4], &vectors[4], |owner| owner != 4).iter().all(|i| *i != 4));
    }
}
