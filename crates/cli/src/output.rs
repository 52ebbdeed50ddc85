//! Readings on their way out: formats, colours, files.

mod csv;
mod destination;
mod json;
mod palette;
mod report;
mod strip;
mod table;
mod wrap;

#[cfg(test)]
mod sample;

use std::io::{self, Write};

use limbic::Reading;

pub(crate) use destination::Destination;
pub(crate) use palette::{Colours, width};
pub(crate) use report::Report;
pub(crate) use wrap::wrap;

use crate::args::Format;

/// One sentence on standard error.
pub(crate) fn complain(sentence: &str) {
    // Nobody is left to tell if standard error is closed.
    let _ = writeln!(io::stderr().lock(), "error: {}", visible(sentence));
}

/// One sentence on standard error about what was done.
pub(crate) fn note(sentence: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", visible(sentence));
}

/// One sentence on standard error about something that may not be as it was meant.
pub(crate) fn warn(sentence: &str) {
    let _ = writeln!(io::stderr().lock(), "warning: {}", visible(sentence));
}

/// The text without characters that would command a terminal.
pub(crate) fn visible(text: &str) -> String {
    let shown = |c: char| match c {
        '\n' | '\t' => ' ',
        c if c.is_control() => '\u{fffd}',
        c => c,
    };
    text.chars().map(shown).collect()
}

/// Writes one reading after another in a format.
pub(crate) struct Printer<W> {
    out: W,
    format: Format,
    many: bool,
    look: table::Look,
    written: usize,
}

impl<W: Write> Printer<W> {
    /// Writes to `out`; `many` makes JSON an array, `width` and `colours` are for the table.
    pub(crate) const fn new(
        out: W,
        format: Format,
        many: bool,
        width: usize,
        colours: Colours,
    ) -> Self {
        Self { out, format, many, look: table::Look { width, colours }, written: 0 }
    }

    /// Writes one reading.
    pub(crate) fn print(&mut self, reading: &Reading) -> io::Result<()> {
        let first = self.written == 0;
        self.written += 1;
        match self.format {
            Format::Table => {
                if !first {
                    writeln!(self.out)?;
                }
                table::write(&mut self.out, reading, self.look)?;
            }
            Format::Json if self.many => {
                self.out.write_all(if first { b"[\n" } else { b",\n" })?;
                json::pretty(&mut self.out, reading)?;
            }
            Format::Json => {
                json::pretty(&mut self.out, reading)?;
                writeln!(self.out)?;
            }
            Format::Jsonl => json::line(&mut self.out, reading)?,
            Format::Csv => {
                if first {
                    csv::header(&mut self.out, &reading.labels)?;
                }
                csv::write(&mut self.out, reading)?;
            }
        }
        self.out.flush()
    }

    /// Writes what comes after the last reading, and hands the writer back.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        match self.format {
            Format::Json if self.many && self.written == 0 => self.out.write_all(b"[]\n")?,
            Format::Json if self.many => self.out.write_all(b"\n]\n")?,
            Format::Table if self.written > 0 => table::footnote(&mut self.out, self.look)?,
            _ => {}
        }
        self.out.flush()?;
        Ok(self.out)
    }
}
