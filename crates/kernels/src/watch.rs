//! How long matrix products take, for who asks.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use crate::product::{Matrix, multiply};

static WATCHED: AtomicBool = AtomicBool::new(false);
static OPERATIONS: AtomicU64 = AtomicU64::new(0);
static NANOSECONDS: AtomicU64 = AtomicU64::new(0);

/// What products of this crate took while they were watched, all threads together.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Products {
    /// Multiplications and additions.
    pub operations: f64,
    /// Seconds in them.
    pub seconds: f64,
}

/// Does `work` and watches the products meanwhile, those of other threads too.
pub fn watch_products<R>(work: impl FnOnce() -> R) -> (R, Products) {
    OPERATIONS.store(0, Ordering::Relaxed);
    NANOSECONDS.store(0, Ordering::Relaxed);
    WATCHED.store(true, Ordering::Relaxed);
    let done = work();
    WATCHED.store(false, Ordering::Relaxed);
    let operations = OPERATIONS.load(Ordering::Relaxed) as f64;
    let seconds = NANOSECONDS.load(Ordering::Relaxed) as f64 * 1e-9;
    (done, Products { operations, seconds })
}

/// Does a product of so many multiplications.
pub(crate) fn timed(multiplications: usize, product: impl FnOnce()) {
    if !WATCHED.load(Ordering::Relaxed) {
        return product();
    }
    let start = Instant::now();
    product();
    NANOSECONDS.fetch_add(start.elapsed().as_nanos() as u64, Ordering::Relaxed);
    OPERATIONS.fetch_add(2 * multiplications as u64, Ordering::Relaxed);
}

/// The most multiplications and additions a second that one core reaches here in a product of large
/// square matrices.
pub fn best_product_rate() -> f64 {
    const SIZE: usize = 1024;
    const TRIES: usize = 15;
    let numbers = |salt: usize| -> Vec<f32> {
        (0..SIZE * SIZE).map(|i| ((i + salt) % 17) as f32 * 0.1).collect()
    };
    let (a, b, mut out) = (numbers(0), numbers(5), vec![0f32; SIZE * SIZE]);
    let mut least = f64::INFINITY;
    for _ in 0..TRIES {
        let start = Instant::now();
        multiply(&mut out, Matrix::new(&a, SIZE, SIZE), Matrix::new(&b, SIZE, SIZE), false);
        least = least.min(start.elapsed().as_secs_f64());
    }
    2.0 * (SIZE * SIZE * SIZE) as f64 / least
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_counted_while_they_are_watched() {
        let (a, b, mut out) = ([1f32; 12], [1f32; 20], [0f32; 15]);
        let mut work = || multiply(&mut out, Matrix::new(&a, 3, 4), Matrix::new(&b, 4, 5), false);
        let ((), watched) = watch_products(&mut work);
        // Other tests may multiply meanwhile.
        assert!(
            watched.operations >= 2.0 * 3.0 * 4.0 * 5.0 && watched.seconds > 0.0,
            "{watched:?}"
        );
    }
}
