//! Readings as JSON; the form is documented in `docs/reading.md`.

use std::io::{self, Write};

use limbic::Reading;

/// One reading over many lines, without a line end.
pub(super) fn pretty(out: &mut impl Write, reading: &Reading) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, reading)?;
    Ok(())
}

/// One reading on one line.
pub(super) fn line(out: &mut impl Write, reading: &Reading) -> io::Result<()> {
    serde_json::to_writer(&mut *out, reading)?;
    out.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::sample;

    #[test]
    fn a_reading_as_json() {
        let mut out = Vec::new();
        pretty(&mut out, &sample::talk()).unwrap();
        insta::assert_snapshot!(String::from_utf8(out).unwrap());
    }

    #[test]
    fn json_lines_hold_one_reading_each_and_come_back_whole() {
        let mut out = Vec::new();
        line(&mut out, &sample::talk()).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.matches('\n').count(), 1);
        let back: Reading = serde_json::from_str(&text).unwrap();
        assert_eq!(back.timeline.len(), sample::talk().timeline.len());
        assert_eq!(back.summary.flags, sample::talk().summary.flags);
    }
}
