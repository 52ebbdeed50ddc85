//! Sums along rows that come out the same on every processor.

/// Numbers that are summed side by side, whatever the width of the processor's vectors.
pub(crate) const LANES: usize = 16;

/// The sum of so many sums, always in the same order.
#[inline(always)]
#[allow(clippy::inline_always, reason = "it has to be compiled for the vectors of its caller")]
pub(crate) fn together(mut lanes: [f32; LANES]) -> f32 {
    let mut half = LANES / 2;
    while half > 0 {
        for i in 0..half {
            lanes[i] += lanes[i + half];
        }
        half /= 2;
    }
    lanes[0]
}
