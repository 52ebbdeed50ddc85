//! Words: typed in, from a text file, from subtitles.

mod embedded;
mod subtitle;

use std::io::Read as _;
use std::path::Path;

use serde::{Deserialize, Serialize};

pub(crate) use embedded::{matroska, timed_text};

use crate::error::{Error, Result};
use crate::source;
use crate::span::{Skipped, Span};

/// Longer text files are refused: a day of speech is about one megabyte.
const LIMIT: u64 = 64 << 20;

/// Words and, where known, when they are said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cue {
    /// When, for subtitles; `None` for words without times.
    pub span: Option<Span>,
    /// The words on one line: no mark-up, single spaces, never empty.
    pub text: String,
}

impl Cue {
    /// Words without a time; `None` where there are none.
    pub fn new(text: &str) -> Option<Self> {
        let text = one_line(text);
        (!text.is_empty()).then_some(Self { span: None, text })
    }

    fn timed(span: Span, text: &str) -> Option<Self> {
        Some(Self { span: Some(span), ..Self::new(text)? })
    }
}

/// Reads a text file: `SubRip` or `WebVTT` with times, anything else as one cue without.
///
/// UTF-8, with or without a byte order mark, and UTF-16 with one. A subtitle that cannot be read
/// costs that subtitle and is told in the second list.
///
/// # Errors
/// [`Error::Io`], [`Error::Empty`], [`Error::Unsupported`] for other encodings and for more than
/// 64 MB.
pub fn read(path: &Path) -> Result<(Vec<Cue>, Vec<Skipped>)> {
    let file = source::open(path)?;
    let mut bytes = Vec::new();
    let read = file.take(LIMIT + 1).read_to_end(&mut bytes);
    read.map_err(|error| Error::io(path, error))?;
    if bytes.len() as u64 > LIMIT {
        return Err(Error::unsupported(path, "the text is longer than 64 MB", "it in parts"));
    }
    Ok(parse(&decode(path, bytes)?))
}

/// The same of text in memory.
pub fn parse(text: &str) -> (Vec<Cue>, Vec<Skipped>) {
    if subtitle::is_subtitle(text) {
        return subtitle::parse(text);
    }
    (Cue::new(text).into_iter().collect(), Vec::new())
}

/// Text of any of the accepted encodings, without its mark.
fn decode(path: &Path, bytes: Vec<u8>) -> Result<String> {
    let wide = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
        String::from_utf16(&units).map_err(|_| {
            Error::unsupported(path, "the text is damaged UTF-16", "it saved as UTF-8")
        })
    };
    match bytes.as_slice() {
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => utf8(path, rest.to_vec()),
        _ => utf8(path, bytes),
    }
}

fn utf8(path: &Path, bytes: Vec<u8>) -> Result<String> {
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let found = format!("the text is not UTF-8 (byte {at})");
        Error::unsupported(path, found, "it saved as UTF-8, by an editor or `iconv -t UTF-8`")
    })
}

/// White space and control characters become single spaces.
fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len().min(1 << 16));
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty())
    {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_bytes(bytes: &[u8]) -> Result<Vec<Cue>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("words.txt");
        std::fs::write(&path, bytes).unwrap();
        read(&path).map(|(cues, _)| cues)
    }

    #[test]
    fn every_accepted_encoding_gives_the_same_words() {
        let text = "Schön,\r\n\tdich  zu sehen.\u{a0}";
        let utf16 =
            |unit: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(unit).collect::<Vec<_>>();
        let cases = [
            text.as_bytes().to_vec(),
            [b"\xef\xbb\xbf", text.as_bytes()].concat(),
            [&[0xff, 0xfe][..], &utf16(u16::to_le_bytes)].concat(),
            [&[0xfe, 0xff][..], &utf16(u16::to_be_bytes)].concat(),
        ];
        for bytes in cases {
            let cues = read_bytes(&bytes).unwrap();
            assert_eq!(cues, [Cue { span: None, text: "Schön, dich zu sehen.".into() }]);
        }
    }

    #[test]
    fn another_encoding_is_refused_with_a_way_out() {
        let error = read_bytes(b"Sch\xf6n").unwrap_err().to_string();
        assert!(
            error.contains("words.txt: the text is not UTF-8 (byte 3); give it saved as UTF-8"),
            "{error}"
        );
    }

    #[test]
    fn white_space_alone_is_no_cue() {
        assert_eq!(read_bytes(b" \n\t ").unwrap(), []);
    }
}
