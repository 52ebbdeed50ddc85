//! How a share of wrong answers is typed.

use limbic::Risk;

/// Reads `0.2`, `20%`, `model` or `none`.
pub(crate) fn risk(typed: &str) -> Result<Risk, String> {
    let share = match typed.trim() {
        "model" => return Ok(Risk::Model),
        "none" => return Ok(Risk::Any),
        text => match text.strip_suffix('%') {
            Some(percent) => percent.trim_end().parse::<f32>().map(|percent| percent / 100.0),
            None => text.parse(),
        },
    };
    match share {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(Risk::AtMost(share)),
        _ => {
            Err("give a share of wrong answers as in 0.2 or 20%, or `model`, or `none`".to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_words_are_read() {
        assert_eq!(risk("model"), Ok(Risk::Model));
        assert_eq!(risk("none"), Ok(Risk::Any));
        assert_eq!(risk("0.25"), Ok(Risk::AtMost(0.25)));
        assert_eq!(risk("25 %"), Ok(Risk::AtMost(0.25)));
        for bad in ["", "-0.1", "101%", "NaN", "often"] {
            assert!(risk(bad).unwrap_err().contains("0.2 or 20%"), "{bad}");
        }
    }
}
