//! Numbers that read back from JSON bit for bit.
//!
//! A number of up to 15 digits and 22 places is a ratio of two whole numbers that both fit into a
//! double, and every reader of JSON finds it exactly; the sixteenth and seventeenth digit of
//! others are lost on some. Scores and answers are rounded to that before anything is made of
//! them, so that a file scores the same as what was written into it.

/// Digits that every double keeps.
const DIGITS: i32 = 15;
/// The largest power of ten that is a double.
const PLACES: i32 = 22;

/// The nearest number of 15 digits and at most 22 places; what is no number stays as it is.
pub fn exact(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    let above = value.abs().log10().floor() as i32 + 1;
    let places = (DIGITS - above).min(PLACES);
    let text = match usize::try_from(places) {
        Ok(places) => format!("{value:.places$}"),
        Err(_) => format!("{value:.14e}"),
    };
    text.parse().unwrap_or(value)
}

/// Lists in which what is no number is `null`.
pub(crate) mod each {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(values: &[f64], to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(values.iter().map(|value| value.is_finite().then(|| super::exact(*value))))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<f64>, D::Error> {
        let values = Vec::<Option<f64>>::deserialize(from)?;
        Ok(values.into_iter().map(|value| value.unwrap_or(f64::NAN)).collect())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn rounded_numbers_read_back_bit_for_bit(
            value in prop_oneof![-1.0..1.0, -1e7..1e7, (-40.0..6.0f64).prop_map(|e| 10f64.powf(e))],
        ) {
            let value = exact(value);
            let text = serde_json::to_string(&value).unwrap();
            let read: f64 = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(read.to_bits(), value.to_bits(), "{}", text);
            prop_assert_eq!(exact(value).to_bits(), value.to_bits());
        }

        #[test]
        fn rounding_moves_a_number_by_no_more_than_its_last_digits(value in -1e3..1e3f64) {
            prop_assert!((exact(value) - value).abs() <= value.abs() * 1e-14);
        }
    }

    #[test]
    fn what_is_no_number_stays() {
        assert!(exact(f64::NAN).is_nan());
        assert_eq!((exact(0.0), exact(f64::INFINITY)), (0.0, f64::INFINITY));
        assert_eq!((exact(0.1 + 0.2), exact(1e-40)), (0.3, 0.0));
    }
}
