//! Squashing functions that vectors of any processor compute.

/// The hyperbolic tangent, to within 4e-7: a ratio of two polynomials, which vectors can compute.
#[inline(always)]
#[allow(clippy::inline_always, reason = "it has to be compiled for the vectors of its caller")]
pub(super) fn tanh(x: f32) -> f32 {
    let x = x.clamp(-7.905_311, 7.905_311);
    let s = x * x;
    let p = s * -2.760_768_5e-16 + 2.000_188e-13;
    let p = s * p + -8.604_672e-11;
    let p = s * p + 5.122_297_3e-8;
    let p = s * p + 1.485_722_4e-5;
    let p = s * p + 6.372_619_3e-4;
    let p = (s * p + 4.893_524_6e-3) * x;
    let q = s * 1.198_258_4e-6 + 1.185_347_1e-4;
    let q = s * q + 2.268_434_7e-3;
    let q = s * q + 4.893_525e-3;
    p / q
}

#[inline(always)]
#[allow(clippy::inline_always, reason = "it has to be compiled for the vectors of its caller")]
pub(super) fn sigmoid(x: f32) -> f32 {
    tanh(0.5 * x) * 0.5 + 0.5
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squashing_is_as_exact_as_single_precision_needs() {
        for step in -30_000..30_000_i16 {
            let x = f32::from(step) * 4e-4;
            let exact = f64::from(x);
            assert!((f64::from(tanh(x)) - exact.tanh()).abs() < 4e-7, "tanh {x}");
            let open = 1.0 / (1.0 + (-exact).exp());
            assert!((f64::from(sigmoid(x)) - open).abs() < 3e-7, "sigmoid {x}");
        }
        assert!(tanh(f32::NAN).is_nan() && sigmoid(f32::NAN).is_nan());
    }
}
