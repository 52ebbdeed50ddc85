//! Text files line by line, with bounded memory.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use crate::{Error, Result};

/// Longer lines are refused: no label file has them, and a binary file may be one line.
const LONGEST: u64 = 1 << 20;

/// What is wrong with a line of a file.
pub(crate) fn bad(path: &Path, number: usize, reason: &str) -> Error {
    Error::corpus(path, format!("line {number}: {reason}"))
}

/// Hands every line that is not blank to `each`, without the white space at its ends, with its
/// number from 1. Bytes that are not UTF-8 become the replacement character.
pub(crate) fn each_line(
    path: &Path,
    mut each: impl FnMut(usize, &str) -> Result<()>,
) -> Result<()> {
    let file = std::fs::File::open(path).map_err(Error::io(path))?;
    let mut reader = BufReader::new(file);
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        let read = reader.by_ref().take(LONGEST).read_until(b'\n', &mut line);
        let read = read.map_err(Error::io(path))?;
        if read == 0 {
            break;
        }
        if read as u64 == LONGEST && line.last() != Some(&b'\n') {
            return Err(bad(path, number, "longer than a mebibyte; this is no label file"));
        }
        let text = String::from_utf8_lossy(&line);
        // A mark of the byte order may stand before the first line.
        let text = text.trim_start_matches('\u{feff}').trim();
        if !text.is_empty() {
            each(number, text)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_numbered_from_one_and_an_endless_one_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        std::fs::write(&path, b"\xef\xbb\xbfone\r\n\n three\xff").unwrap();
        let mut seen = Vec::new();
        each_line(&path, |number, line| {
            seen.push((number, line.to_owned()));
            Ok(())
        })
        .unwrap();
        assert_eq!(seen, [(1, "one".to_owned()), (3, "three\u{fffd}".to_owned())]);

        std::fs::write(&path, vec![b'x'; 3 << 20]).unwrap();
        let error = each_line(&path, |_, _| Ok(())).unwrap_err().to_string();
        assert!(error.contains("a.txt: line 1: longer than"), "{error}");
    }
}
