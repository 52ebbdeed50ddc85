//! Matrix products in place: no operand is copied to be transposed, nothing is allocated.

use gemm::{Parallelism, gemm};

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
    // `k < a.columns`. `Matrix` is made by `new`, which asserts `rows * columns` numbers with steps
    // of (columns, 1), and changed by `transposed` alone, which swaps both pairs; so the farthest
    // place read is `rows * columns - 1`, inside of `values`. The same holds for `rhs`. It writes
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
