//! Options as people type them, on a command line or in a request.

use std::str::FromStr;

use crate::options::{Options, Risk};

/// Seconds of a week.
const WEEK: f64 = 7.0 * 24.0 * 3600.0;

/// Seconds from `500ms`, `1s`, `0.5` or `2m`, within [`Options::EVERY`].
///
/// # Errors
/// A sentence on what to give.
pub fn every(typed: &str) -> Result<f64, String> {
    let seconds = length(typed)?;
    if !Options::EVERY.contains(&seconds) {
        return Err("a row of the timeline lasts between 100ms and 60m".into());
    }
    Ok(seconds)
}

/// Seconds from `500ms`, `1s`, `0.5`, `2m` or `4h`, a week at most.
///
/// # Errors
/// A sentence on what to give.
pub fn length(typed: &str) -> Result<f64, String> {
    let typed = typed.trim();
    let (number, unit) = match typed.find(|c: char| c.is_ascii_alphabetic()) {
        Some(place) => (typed[..place].trim_end(), &typed[place..]),
        None => (typed, "s"),
    };
    let scale = match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return Err(format!("`{unit}` is no unit of time; use ms, s, m or h, as in 500ms")),
    };
    let number: f64 =
        number.parse().map_err(|_| "give a length of time such as 500ms, 1s or 2m".to_owned())?;
    let seconds = number * scale;
    if !(0.0..=WEEK).contains(&seconds) {
        return Err("a length of time lies between 0s and a week".into());
    }
    Ok(seconds)
}

impl FromStr for Risk {
    type Err = String;

    /// Reads `0.2`, `20%`, `model` or `none`.
    fn from_str(typed: &str) -> Result<Self, String> {
        let share = match typed.trim() {
            "model" => return Ok(Self::Model),
            "none" => return Ok(Self::Any),
            text => match text.strip_suffix('%') {
                Some(percent) => percent.trim_end().parse::<f32>().map(|percent| percent / 100.0),
                None => text.parse(),
            },
        };
        match share {
            Ok(share) if (0.0..=1.0).contains(&share) => Ok(Self::AtMost(share)),
            _ => {
                Err("give a share of wrong answers as in 0.2 or 20%, or `model`, or `none`".into())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_ways_to_write_a_length_of_time_are_understood() {
        for (typed, seconds) in [
            ("500ms", 0.5),
            ("1s", 1.0),
            ("0.5", 0.5),
            (".25", 0.25),
            ("2m", 120.0),
            ("1h", 3600.0),
            (" 3 s ", 3.0),
        ] {
            assert_eq!(every(typed), Ok(seconds), "{typed}");
        }
    }

    #[test]
    fn lengths_that_make_no_sense_are_refused_with_a_sentence() {
        for typed in [
            "0",
            "-1",
            "-1s",
            "0ms",
            "1e99",
            "nan",
            "inf",
            "",
            "s",
            "1 fortnight",
            "99h",
            "1µs",
            "é",
        ] {
            let said = every(typed).unwrap_err();
            assert!(said.len() > 20, "{typed}: {said}");
        }
    }

    #[test]
    fn shares_and_words_are_read() {
        let risk = |typed: &str| typed.parse::<Risk>();
        assert_eq!(risk("model"), Ok(Risk::Model));
        assert_eq!(risk("none"), Ok(Risk::Any));
        assert_eq!(risk("0.25"), Ok(Risk::AtMost(0.25)));
        assert_eq!(risk("25 %"), Ok(Risk::AtMost(0.25)));
        for bad in ["", "-0.1", "101%", "NaN", "often"] {
            assert!(risk(bad).unwrap_err().contains("0.2 or 20%"), "{bad}");
        }
    }
}
