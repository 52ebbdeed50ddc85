//! Squashing functions that vectors of any processor compute.

/// The hyperbolic tangent, to within 4e-7: a ratio of two polynomials, which vectors can compute.
#[inline(always)]
#[allow(clippy::inline_always, reason = "it has to be compiled for the vectors of its caller")]
pub(crate) fn tanh(x: f32) -> f32 {
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
pub(crate) fn sigmoid(x: f32) -> f32 {
    tanh(0.5 * x) * 0.5 + 0.5
}

/// The exponential, to within 2 units of the last place between -87 and 88; what lies outside is
/// taken for the nearer of the two.
#[inline(always)]
#[allow(clippy::inline_always, reason = "it has to be compiled for the vectors of its caller")]
pub(crate) fn exp(x: f32) -> f32 {
    // Added to a number below 2^22, it leaves the nearest integer in the last bits.
    const ROUND: f32 = 12_582_912.0;
    let x = x.clamp(-87.0, 88.0);
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let whole = shifted - ROUND;
    // The logarithm of 2 in two parts: products with the first are exact.
    let r = x - whole * 0.693_359_4 - whole * -2.121_944_4e-4;
    let p = r * 1.987_569_1e-4 + 1.398_199_9e-3;
    let p = p * r + 8.333_452e-3;
    let p = p * r + 4.166_579_6e-2;
    let p = p * r + 0.166_666_65;
    let p = p * r + 0.5;
    let fraction = p * (r * r) + r + 1.0;
    let power = shifted.to_bits().wrapping_sub(ROUND.to_bits()).wrapping_add(127) << 23;
    fraction * f32::from_bits(power)
}

/// The logistic function by its definition: exact where it is small, too.
#[inline(always)]
#[allow(clippy::inline_always, reason = "it has to be compiled for the vectors of its caller")]
pub(crate) fn logistic(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponentials_are_exact_and_end_at_their_bounds() {
        for step in -86_900..87_900_i32 {
            let x = step as f32 * 1e-3;
            let exact = f64::from(x).exp();
            assert!((f64::from(exp(x)) / exact - 1.0).abs() < 2.5e-7, "exp {x}");
            let open = 1.0 / (1.0 + (-f64::from(x)).exp());
            assert!((f64::from(logistic(x)) / open - 1.0).abs() < 4e-7, "logistic {x}");
        }
        assert!(exp(f32::NAN).is_nan());
        assert_eq!(exp(f32::NEG_INFINITY), exp(-87.0));
        assert_eq!(exp(f32::INFINITY), exp(88.0));
        assert_eq!(exp(0.0), 1.0);
    }

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
