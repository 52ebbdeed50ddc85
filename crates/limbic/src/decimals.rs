//! Numbers as they are written: four decimals, never a negative zero.

use serde::{Serialize, Serializer};

/// `x` with four decimals.
pub(crate) fn rounded(x: f64) -> f64 {
    // Adding zero turns -0.0 into 0.0.
    (x * 1e4).round() / 1e4 + 0.0
}

/// Writes seconds with four decimals.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
pub(crate) fn seconds<S: Serializer>(x: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(rounded(*x))
}

/// Writes a share with four decimals.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
pub(crate) fn share<S: Serializer>(x: &f32, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(rounded((*x).into()))
}

/// Writes seconds with four decimals where they are known.
#[expect(clippy::ref_option, reason = "serde calls it so")]
pub(crate) fn maybe_seconds<S: Serializer>(x: &Option<f64>, s: S) -> Result<S::Ok, S::Error> {
    x.map(rounded).serialize(s)
}

/// Writes a number with four decimals where there is one.
#[expect(clippy::ref_option, clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
pub(crate) fn maybe<S: Serializer>(x: &Option<f32>, serializer: S) -> Result<S::Ok, S::Error> {
    x.map(|x| rounded(x.into())).serialize(serializer)
}
