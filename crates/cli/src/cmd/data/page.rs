//! Lines with a margin, for people.

use std::io::{self, Write};

use console::{measure_text_width, truncate_str};

use crate::output::{Colours, visible, wrap};

/// Columns before the text.
const MARGIN: usize = 18;

/// A page of text as it is written.
pub(super) struct Page<W> {
    pub(super) out: W,
    width: usize,
    colours: Colours,
}

impl<W: Write> Page<W> {
    pub(super) const fn new(out: W, width: usize, colours: Colours) -> Self {
        Self { out, width, colours }
    }

    /// A name in bold, and what it is.
    pub(super) fn head(&mut self, name: &str, about: &str) -> io::Result<()> {
        writeln!(self.out, "{}  {}", self.colours.bold().apply_to(visible(name)), visible(about))
    }

    /// Text beside a word in the margin, over as many lines as it takes.
    pub(super) fn line(&mut self, margin: &str, text: &str) -> io::Result<()> {
        let text = visible(text);
        let room = self.width.saturating_sub(MARGIN).max(20);
        for (place, line) in wrap(&text, room).iter().enumerate() {
            let word = if place == 0 { margin } else { "" };
            self.beside(word, &truncate_str(line, room, "…"))?;
        }
        Ok(())
    }

    /// Rows of cells in columns, the first of words and the others of numbers, with a header.
    pub(super) fn table(
        &mut self,
        margin: &str,
        head: &[&str],
        rows: &[Vec<String>],
    ) -> io::Result<()> {
        let cells =
            |row: &[String]| -> Vec<String> { row.iter().map(|cell| visible(cell)).collect() };
        let head: Vec<String> = head.iter().map(|cell| (*cell).to_owned()).collect();
        let rows: Vec<Vec<String>> =
            std::iter::once(head).chain(rows.iter().map(|row| cells(row))).collect();
        let widest = |column: usize| {
            let widths = rows.iter().filter_map(|row| row.get(column));
            widths.map(|cell| measure_text_width(cell).min(28)).max().unwrap_or(0)
        };
        for (place, row) in rows.iter().enumerate() {
            let cells = row.iter().enumerate().map(|(column, cell)| {
                let cell = truncate_str(cell, 28, "…");
                let pad = " ".repeat(widest(column).saturating_sub(measure_text_width(&cell)));
                if column == 0 { format!("{cell}{pad}") } else { format!("  {pad}{cell}") }
            });
            let line: String = cells.collect();
            let line = line.trim_end();
            if place == 0 {
                let line = self.colours.dim().apply_to(line).to_string();
                self.beside(margin, &line)?;
            } else {
                self.beside("", line)?;
            }
        }
        Ok(())
    }

    fn beside(&mut self, word: &str, text: &str) -> io::Result<()> {
        if word.is_empty() {
            return writeln!(self.out, "{:MARGIN$}{text}", "");
        }
        let pad = " ".repeat(MARGIN.saturating_sub(measure_text_width(word) + 2));
        writeln!(self.out, "  {}{pad}{text}", self.colours.dim().apply_to(word))
    }
}

/// `1 clip`, `1,200 clips`.
pub(super) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{} {}", thousands(number), if number == 1 { one } else { many })
}

/// `28,709`.
pub(super) fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 h 14 min`, `3 min 20 s`, `4.2 s`.
pub(super) fn duration(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match whole {
        0..60 => format!("{seconds:.1} s"),
        60..3600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_for_people() {
        assert_eq!((thousands(7).as_str(), thousands(1_234_567).as_str()), ("7", "1,234,567"));
        assert_eq!(count(1, "clip", "clips"), "1 clip");
        assert_eq!(duration(4.23), "4.2 s");
        assert_eq!(duration(200.0), "3 min 20 s");
        assert_eq!(duration(4_440.0), "1 h 14 min");
    }
}
