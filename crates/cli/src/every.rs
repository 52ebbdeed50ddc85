//! Lengths of time as people type them.

use limbic::Options;

/// Seconds from `500ms`, `1s`, `0.5` or `2m`.
pub(crate) fn every(typed: &str) -> Result<f64, String> {
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
        _ => return Err(format!("`{unit}` is no unit of time; use ms, s or m, as in 500ms")),
    };
    let number: f64 =
        number.parse().map_err(|_| "give a length of time such as 500ms, 1s or 2m".to_owned())?;
    let seconds = number * scale;
    if !Options::EVERY.contains(&seconds) {
        return Err("a row of the timeline lasts between 100ms and 60m".into());
    }
    Ok(seconds)
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
}
