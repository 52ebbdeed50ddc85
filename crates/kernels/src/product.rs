//! Matrix products in place: no operand is copied to be transposed, nothing is allocated.

use std::mem::MaybeUninit;

use gemm::{Parallelism, gemm};
use rayon::prelude::*;

use crate::watch::timed;
use crate::wide::wide;

/// Row-major numbers, read as they are or as their transpose.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Matrix<'a> {
    values: &'a [f32],
    rows: usize,
    columns: usize,
    row_step: usize,
    column_step: usize,
}

impl<'a> Matrix<'a> {
    /// `rows` rows of `columns` numbers.
    ///
    /// # Panics
    /// Where there are not as many.
    pub(crate) fn new(values: &'a [f32], rows: usize, columns: usize) -> Self {
        assert_eq!(values.len(), rows * columns, "a matrix holds rows times columns numbers");
        Self { values, rows, columns, row_step: columns, column_step: 1 }
    }

    /// `rows` rows of `columns` numbers, each row beginning `row_step` numbers after the one before.
    ///
    /// # Panics
    /// Where there are not as many.
    pub(crate) fn spaced(values: &'a [f32], rows: usize, columns: usize, row_step: usize) -> Self {
        let last = if rows == 0 || columns == 0 { 0 } else { (rows - 1) * row_step + columns };
        assert!(values.len() >= last, "a matrix holds its last row");
        Self { values, rows, columns, row_step, column_step: 1 }
    }

    /// Some of its rows.
    ///
    /// # Panics
    /// Where it has fewer.
    fn part(self, from: usize, rows: usize) -> Self {
        assert!(from + rows <= self.rows, "a part of a matrix lies inside of it");
        let values = self.values.get(from * self.row_step..).unwrap_or_default();
        Self { values, rows, ..self }
    }

    /// Rows as columns.
    pub(crate) fn transposed(self) -> Self {
        Self {
            rows: self.columns,
            columns: self.rows,
            row_step: self.column_step,
            column_step: self.row_step,
            ..self
        }
    }
}

/// As much work as is worth another thread, in products.
const SHARE: usize = 1 << 20;

/// Rows that are multiplied together.
const TOGETHER: usize = 16;

/// Up to so many rows of `a`, it takes longer to lay `b` out for a product than to read it once.
const FEW: usize = 4;

/// `a b` row by row, by all threads, each of which makes some of the rows.
///
/// # Panics
/// Where the sizes do not fit.
pub(crate) fn product(a: Matrix<'_>, b: Matrix<'_>) -> Vec<f32> {
    let count = a.rows * b.columns;
    if is_thin(a, b) {
        let mut out = vec![0.0; count];
        thin(&mut out, a, b);
        return out;
    }
    let mut out = Vec::with_capacity(count);
    apart(&mut out.spare_capacity_mut()[..count], a, b, false);
    // SAFETY: there is room for `count` numbers, and `apart` without `add` has written all of them.
    #[expect(unsafe_code, reason = "the product writes what nothing has written before")]
    unsafe {
        out.set_len(count);
    }
    out
}

/// `out += a b`, by all threads.
///
/// # Panics
/// Where the sizes do not fit.
pub(crate) fn add_product(out: &mut [f32], a: Matrix<'_>, b: Matrix<'_>) {
    if is_thin(a, b) {
        return thin(out, a, b);
    }
    apart(room(out), a, b, true);
}

/// `out = a b`, or `out += a b` where `add` is set; `out` is row-major. One thread.
///
/// # Panics
/// Where the sizes do not fit.
pub(crate) fn multiply(out: &mut [f32], a: Matrix<'_>, b: Matrix<'_>, add: bool) {
    if is_thin(a, b) {
        if !add {
            out.fill(0.0);
        }
        return thin(out, a, b);
    }
    fill(room(out), a, b, add);
}

/// Whether `a` has few rows and `b` is row-major.
const fn is_thin(a: Matrix<'_>, b: Matrix<'_>) -> bool {
    a.rows <= FEW && b.column_step == 1
}

/// `out += a b`, reading `b` once, some rows at a time.
fn thin(out: &mut [f32], a: Matrix<'_>, b: Matrix<'_>) {
    assert_eq!(a.columns, b.rows, "the inner sizes of a product are equal");
    assert_eq!(out.len(), a.rows * b.columns, "a product has the outer sizes");
    if out.is_empty() {
        return;
    }
    timed(a.rows * a.columns * b.columns, || {
        for from in (0..a.columns).step_by(SOME) {
            let rows = SOME.min(a.columns - from);
            let read = b.part(from, rows).values;
            for (row, out) in out.chunks_exact_mut(b.columns).enumerate() {
                let mut factors = [0.0; SOME];
                for (at, factor) in factors[..rows].iter_mut().enumerate() {
                    *factor = a.values[row * a.row_step + (from + at) * a.column_step];
                }
                if rows == SOME {
                    add_rows(out, factors, read, b.row_step);
                } else {
                    for (factor, read) in factors[..rows].iter().zip(read.chunks(b.row_step)) {
                        out.iter_mut().zip(read).for_each(|(out, x)| *out += factor * x);
                    }
                }
            }
        }
    });
}

/// Rows of `b` that are read together.
const SOME: usize = 8;

wide! {
    /// `out += factors rows`, the rows `step` numbers apart.
    fn add_rows(out: &mut [f32], factors: [f32; SOME], rows: &[f32], step: usize) {
        let count = out.len();
        let [r0, r1, r2, r3, r4, r5, r6, r7]: [&[f32]; SOME] =
            std::array::from_fn(|row| &rows[row * step..][..count]);
        let [f0, f1, f2, f3, f4, f5, f6, f7] = factors;
        for at in 0..count {
            let early = f0 * r0[at] + f1 * r1[at] + (f2 * r2[at] + f3 * r3[at]);
            let late = f4 * r4[at] + f5 * r5[at] + (f6 * r6[at] + f7 * r7[at]);
            out[at] += early + late;
        }
    }
}

/// Numbers as room for numbers. Private to this file, where nothing but numbers is written to it.
fn room(out: &mut [f32]) -> &mut [MaybeUninit<f32>] {
    let (start, count) = (out.as_mut_ptr().cast::<MaybeUninit<f32>>(), out.len());
    // SAFETY: `MaybeUninit<f32>` has the layout of `f32`; the slice is the one that was borrowed, for
    // as long; and only `fill` writes to it, whole numbers.
    #[expect(unsafe_code, reason = "a slice of numbers is one of room for numbers")]
    unsafe {
        std::slice::from_raw_parts_mut(start, count)
    }
}

fn apart(out: &mut [MaybeUninit<f32>], a: Matrix<'_>, b: Matrix<'_>, add: bool) {
    let threads = rayon::current_num_threads();
    let work = a.rows.saturating_mul(a.columns).saturating_mul(b.columns);
    if threads < 2 || work < 2 * SHARE || a.rows < 2 * TOGETHER {
        return fill(out, a, b, add);
    }
    assert_eq!(out.len(), a.rows * b.columns, "a product has the outer sizes");
    let share = a.rows.div_ceil(threads).next_multiple_of(TOGETHER);
    out.par_chunks_mut(share * b.columns).enumerate().for_each(|(index, out)| {
        fill(out, a.part(index * share, out.len() / b.columns), b, add);
    });
}

/// Writes all of `out`; reads it only with `add`.
fn fill(out: &mut [MaybeUninit<f32>], a: Matrix<'_>, b: Matrix<'_>, add: bool) {
    assert_eq!(a.columns, b.rows, "the inner sizes of a product are equal");
    assert_eq!(out.len(), a.rows * b.columns, "a product has the outer sizes");
    if out.is_empty() {
        return;
    }
    if a.columns == 0 {
        if !add {
            out.fill(MaybeUninit::new(0.0));
        }
        return;
    }
    timed(a.rows * a.columns * b.columns, || reckon(out, a, b, add));
}

/// See [`fill`], which has checked the sizes.
fn reckon(out: &mut [MaybeUninit<f32>], a: Matrix<'_>, b: Matrix<'_>, add: bool) {
    // SAFETY: `gemm` reads `lhs` at `r * row_step + k * column_step` for `r < a.rows` and
    // `k < a.columns`, so at most at `(rows - 1) * row_step + (columns - 1) * column_step`. `Matrix`
    // is made by `new`, which asserts `rows * columns` numbers with steps of (columns, 1), or by
    // `spaced`, which asserts `(rows - 1) * row_step + columns` with steps of (row_step, 1): that
    // place lies inside of `values`. It is changed by `transposed`, which swaps both pairs, and by
    // `part`, which begins `from * row_step` later with at most `rows - from` rows, so that the
    // farthest place stays where it was. The same holds for `rhs`. It writes `dst` at
    // `r * b.columns + c` for `r < a.rows`, `c < b.columns`: every place of `out`, whose length
    // `fill`, the only caller, has asserted, and none outside; `out` is borrowed for change, so it overlaps neither
    // operand. It reads `dst` with `add` alone, which `multiply` and `add_product` set for numbers
    // and `product` never sets. All three pointers are to `f32` or room for it, aligned and valid
    // for the call, which does not keep them.
    #[expect(unsafe_code, reason = "the product of the `gemm` crate takes pointers")]
    unsafe {
        gemm(
            a.rows,
            b.columns,
            a.columns,
            out.as_mut_ptr().cast::<f32>(),
            1,
            b.columns as isize,
            add,
            a.values.as_ptr(),
            a.column_step as isize,
            a.row_step as isize,
            b.values.as_ptr(),
            b.column_step as isize,
            b.row_step as isize,
            1.0f32,
            1.0f32,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_of_all_layouts_are_sums_of_products() {
        let a: Vec<f32> = (0..6).map(|i| i as f32 - 2.0).collect();
        let b: Vec<f32> = (0..12).map(|i| (i * i) as f32 * 0.1).collect();
        let at = |i: usize, j: usize| (0..3).map(|k| a[i * 3 + k] * b[k * 4 + j]).sum::<f32>();
        let mut turned_a = vec![0.0; 6];
        let mut turned_b = vec![0.0; 12];
        for i in 0..3 {
            (0..2).for_each(|j| turned_a[i * 2 + j] = a[j * 3 + i]);
            (0..4).for_each(|j| turned_b[j * 3 + i] = b[i * 4 + j]);
        }
        let left = [Matrix::new(&a, 2, 3), Matrix::new(&turned_a, 3, 2).transposed()];
        let right = [Matrix::new(&b, 3, 4), Matrix::new(&turned_b, 4, 3).transposed()];
        for (x, y) in left.iter().flat_map(|x| right.iter().map(move |y| (*x, *y))) {
            let mut out = vec![1.0; 8];
            multiply(&mut out, x, y, false);
            multiply(&mut out, x, y, true);
            let once = product(x, y);
            assert!(once.iter().zip(&out).all(|(once, twice)| (2.0 * once - twice).abs() < 1e-4));
            for (place, value) in out.iter().enumerate() {
                let expected = 2.0 * at(place / 4, place % 4);
                assert!((value - expected).abs() < 1e-4, "{value} for {expected}");
            }
        }
    }

    #[test]
    fn few_rows_come_to_what_they_come_to_among_many() {
        let a: Vec<f32> = (0..9 * 40).map(|i| (i as f32 * 0.7).sin()).collect();
        let b: Vec<f32> = (0..37 * 50).map(|i| (i as f32 * 0.3).cos()).collect();
        // Rows of `b` that lie apart, and a length that is no multiple of those read together.
        for (columns, space) in [(50, 50), (31, 50), (1, 50)] {
            let (all, b) = (Matrix::new(&a, 9, 37 + 3), Matrix::spaced(&b, 37, columns, space));
            let all = Matrix { columns: 37, ..all };
            let many = product(all, b);
            for rows in 1..=FEW {
                let some = all.part(2, rows);
                assert!(is_thin(some, b) && !is_thin(all, b));
                let expected = &many[2 * columns..(2 + rows) * columns];
                let near = |out: &[f32], times: f32| {
                    out.iter().zip(expected).all(|(x, y)| (x - times * y).abs() < 1e-4)
                };
                let mut out = product(some, b);
                assert!(near(&out, 1.0), "{rows} {columns}");
                add_product(&mut out, some, b);
                assert!(near(&out, 2.0), "{rows} {columns}");
                multiply(&mut out, some, b, true);
                assert!(near(&out, 3.0), "{rows} {columns}");
                multiply(&mut out, some, b, false);
                assert!(near(&out, 1.0), "{rows} {columns}");
            }
        }
    }

    #[test]
    fn threads_share_rows_and_come_to_the_same() {
        let a: Vec<f32> = (0..70 * 256).map(|i| (i as f32 * 0.7).sin()).collect();
        let b: Vec<f32> = (0..256 * 300).map(|i| (i as f32 * 0.3).cos()).collect();
        let (a, b) = (Matrix::new(&a, 70, 256), Matrix::new(&b, 256, 300));
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| product(a, b))
        };
        let (one, three) = (run(1), run(3));
        assert!(one.iter().zip(&three).all(|(a, b)| (a - b).abs() < 1e-3));
        let mut twice = one.clone();
        add_product(&mut twice, a, b);
        assert!(one.iter().zip(&twice).all(|(a, b)| (a * 2.0 - b).abs() < 1e-3));
    }

    #[test]
    #[should_panic(expected = "inner sizes")]
    fn sizes_that_do_not_fit_are_refused() {
        multiply(&mut [0.0; 4], Matrix::new(&[0.0; 4], 2, 2), Matrix::new(&[0.0; 6], 3, 2), false);
    }
}
