//! Sums down the columns of rows.

use crate::wide::wide;

/// Rows whose numbers are summed in single precision before they join the whole sum: so few that
/// nothing is lost.
const BLOCK: usize = 64;

/// The sum of each of `width` columns. Always in the same order, whatever the number of threads.
pub(crate) fn column_sums(rows: &[f32], width: usize) -> Vec<f32> {
    let mut whole = vec![0f64; width];
    let mut some = vec![0f32; width];
    for block in rows.chunks(BLOCK * width.max(1)) {
        some.fill(0.0);
        add(block, &mut some);
        whole.iter_mut().zip(&some).for_each(|(whole, some)| *whole += f64::from(*some));
    }
    whole.into_iter().map(|sum| sum as f32).collect()
}

wide! {
    fn add(rows: &[f32], sums: &mut [f32]) {
        let width = sums.len();
        for row in rows.chunks_exact(width) {
            for i in 0..width {
                sums[i] += row[i];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_many_rows_lose_nothing() {
        let rows: Vec<f32> = (0..100_000).flat_map(|_| [0.1f32, -3.0]).collect();
        let sums = column_sums(&rows, 2);
        assert!((sums[0] - 1e4).abs() < 0.01 && (sums[1] + 3e5).abs() < 0.1, "{sums:?}");
        assert_eq!(column_sums(&[], 3), [0.0; 3]);
    }
}
