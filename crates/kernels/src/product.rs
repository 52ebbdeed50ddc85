//! Matrix products in place: no operand is copied to be transposed, nothing is allocated.

use gemm::{Parallelism, gemm};
use rayon::prelude::*;

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

/// [`multiply`] by all threads, each of which makes some of the rows.
pub(crate) fn multiply_apart(out: &mut [f32], a: Matrix<'_>, b: Matrix<'_>, add: bool) {
    let threads = rayon::current_num_threads();
    let work = a.rows.saturating_mul(a.columns).saturating_mul(b.columns);
    if threads < 2 || work < 2 * SHARE || a.rows < 2 * TOGETHER {
        return multiply(out, a, b, add);
    }
    assert_eq!(out.len(), a.rows * b.columns, "a product has the outer sizes");
    let share = a.rows.div_ceil(threads).next_multiple_of(TOGETHER);
    out.par_chunks_mut(share * b.columns).enumerate().for_each(|(index, out)| {
        multiply(out, a.part(index * share, out.len() / b.columns), b, add);
    });
}

/// Rows that are multiplied together.
const TOGETHER: usize = 16;

/// `out = a b`, or `out += a b` where `add` is set; `out` is row-major. One thread.
///
/// # Panics
/// Where the sizes do not fit.
pub(crate) fn multiply(out: &mut [f32], a: Matrix<'_>, b: Matrix<'_>, add: bool) {
    assert_eq!(a.columns, b.rows, "the inner sizes of a product are equal");
    assert_eq!(out.len(), a.rows * b.columns, "a product has the outer sizes");
    if out.is_empty() {
        return;
    }
    if a.columns == 0 {
        if !add {
            out.fill(0.0);
        }
        return;
    }
    // SAFETY: `gemm` reads `lhs` at `r * row_step + k * column_step` for `r < a.rows` and
    // `k < a.columns`, so at most at `(rows - 1) * row_step + (columns - 1) * column_step`. `Matrix`
    // is made by `new`, which asserts `rows * columns` numbers with steps of (columns, 1), or by
    // `spaced`, which asserts `(rows - 1) * row_step + columns` with steps of (row_step, 1): that
    // place lies inside of `values`. It is changed by `transposed`, which swaps both pairs, and by
    // `part`, which begins `from * row_step` later with at most `rows - from` rows, so that the
    // farthest place stays where it was. The same holds for `rhs`. It writes
    // `dst` at `r * b.columns + c` for `r < a.rows`, `c < b.columns`, inside of `out`, whose length
    // was asserted above; `out` is borrowed for change, so it overlaps neither operand. All three
    // pointers are to `f32`, aligned and valid for the call, which does not keep them.
    #[expect(unsafe_code, reason = "the product of the `gemm` crate takes pointers")]
    unsafe {
        gemm(
            a.rows,
            b.columns,
            a.columns,
            out.as_mut_ptr(),
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
            for (place, value) in out.iter().enumerate() {
                let expected = 2.0 * at(place / 4, place % 4);
                assert!((value - expected).abs() < 1e-4, "{value} for {expected}");
            }
        }
    }

    #[test]
    #[should_panic(expected = "inner sizes")]
    fn sizes_that_do_not_fit_are_refused() {
        multiply(&mut [0.0; 4], Matrix::new(&[0.0; 4], 2, 2), Matrix::new(&[0.0; 6], 3, 2), false);
    }
}
