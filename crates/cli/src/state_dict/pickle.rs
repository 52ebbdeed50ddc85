//! What a pickle would have Python import. A pickle is a program for a stack machine; this walks
//! over its instructions and carries out none.
//!
//! Instructions and their arguments: `CPython`, `Lib/pickletools.py`.

use std::collections::{BTreeSet, HashMap};

/// A module and a name in it.
pub(super) type Import = (String, String);

/// Why a pickle cannot be walked over.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It ends in the middle of an instruction, or without its last one.
    Cut,
    /// An instruction that does not exist.
    Unknown(u8),
    /// It puts the name of an import together while it runs, which no honest writer does.
    Hidden,
}

/// How the argument of an instruction is written.
enum Argument {
    Bytes(usize),
    /// A length of so many bytes, then that many.
    Counted(usize),
    Line,
}

/// The imports of one pickle. Leaves `rest` behind its end.
pub(super) fn imports(rest: &mut &[u8]) -> Result<BTreeSet<Import>, Fault> {
    let mut walk = Walk { rest, top: [None, None], memo: HashMap::new() };
    let mut found = BTreeSet::new();
    loop {
        let code = walk.take(1)?[0];
        match code {
            b'.' => return Ok(found),
            // GLOBAL and INST write module and name as two lines.
            b'c' | b'i' => {
                found.insert((walk.line()?, walk.line()?));
                walk.top = [None, None];
            }
            // STACK_GLOBAL takes them from the stack.
            0x93 => {
                let [Some(module), Some(name)] = std::mem::take(&mut walk.top) else {
                    return Err(Fault::Hidden);
                };
                found.insert((module, name));
            }
            // EXT1, EXT2 and EXT4 name an import by a number of the machine that reads them.
            0x82..=0x84 => return Err(Fault::Hidden),
            _ => walk.step(code)?,
        }
    }
}

struct Walk<'a, 'b> {
    rest: &'a mut &'b [u8],
    /// The two values on top of the stack where both are strings that were just put there.
    top: [Option<String>; 2],
    memo: HashMap<u32, Option<String>>,
}

impl<'b> Walk<'_, 'b> {
    fn take(&mut self, count: usize) -> Result<&'b [u8], Fault> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(Fault::Cut)?;
        *self.rest = rest;
        Ok(taken)
    }

    fn line(&mut self) -> Result<String, Fault> {
        let end = self.rest.iter().position(|byte| *byte == b'\n').ok_or(Fault::Cut)?;
        let line = String::from_utf8_lossy(&self.take(end + 1)?[..end]).trim_end().to_owned();
        Ok(line)
    }

    fn number(&mut self, width: usize) -> Result<usize, Fault> {
        let bytes = self.take(width)?;
        let number = bytes.iter().rev().fold(0u64, |sum, byte| sum << 8 | u64::from(*byte));
        usize::try_from(number).map_err(|_| Fault::Cut)
    }

    fn argument(&mut self, code: u8) -> Result<&'b [u8], Fault> {
        match argument(code).ok_or(Fault::Unknown(code))? {
            Argument::Bytes(count) => self.take(count),
            Argument::Counted(width) => {
                let count = self.number(width)?;
                self.take(count)
            }
            Argument::Line => {
                let end = self.rest.iter().position(|b| *b == b'\n').ok_or(Fault::Cut)?;
                Ok(&self.take(end + 1)?[..end])
            }
        }
    }

    fn step(&mut self, code: u8) -> Result<(), Fault> {
        let argument = self.argument(code)?;
        let number = || argument.iter().rev().fold(0u32, |sum, byte| sum << 8 | u32::from(*byte));
        let text = || std::str::from_utf8(argument).ok().and_then(|text| text.parse().ok());
        match code {
            // Strings.
            b'X' | b'U' | b'T' | b'V' | 0x8c | 0x8d => {
                self.push(Some(String::from_utf8_lossy(argument).into_owned()));
            }
            // Values that were put aside.
            b'h' | b'j' => self.push(self.memo.get(&number()).cloned().flatten()),
            b'g' => self.push(text().and_then(|index| self.memo.get(&index).cloned().flatten())),
            b'q' | b'r' => drop(self.memo.insert(number(), self.top[1].clone())),
            b'p' => drop(text().map(|index| self.memo.insert(index, self.top[1].clone()))),
            0x94 => drop(self.memo.insert(self.memo.len() as u32, self.top[1].clone())),
            // Marks for the reader alone.
            0x80 | 0x95 => {}
            _ => self.top = [None, None],
        }
        Ok(())
    }

    fn push(&mut self, value: Option<String>) {
        self.top.swap(0, 1);
        self.top[1] = value;
    }
}

fn argument(code: u8) -> Option<Argument> {
    Some(match code {
        b'('
        | b')'
        | b'0'
        | b'1'
        | b'2'
        | b'N'
        | b'Q'
        | b'R'
        | b']'
        | b'a'
        | b'b'
        | b'd'
        | b'e'
        | b'l'
        | b's'
        | b't'
        | b'u'
        | b'}'
        | b'o'
        | 0x81
        | 0x85..=0x89
        | 0x8f..=0x92
        | 0x94
        | 0x97
        | 0x98 => Argument::Bytes(0),
        b'K' | b'h' | b'q' | 0x80 => Argument::Bytes(1),
        b'M' => Argument::Bytes(2),
        b'J' | b'j' | b'r' => Argument::Bytes(4),
        b'G' | 0x95 => Argument::Bytes(8),
        b'U' | b'C' | 0x8a | 0x8c => Argument::Counted(1),
        b'T' | b'X' | b'B' | 0x8b => Argument::Counted(4),
        0x8d | 0x8e | 0x96 => Argument::Counted(8),
        b'F' | b'I' | b'L' | b'P' | b'S' | b'V' | b'g' | b'p' => Argument::Line,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walked(mut pickle: &[u8]) -> Result<Vec<String>, Fault> {
        let found = imports(&mut pickle)?;
        Ok(found.into_iter().map(|(module, name)| format!("{module}.{name}")).collect())
    }

    #[test]
    fn imports_are_found_however_they_are_written() {
        for (pickle, expected) in [
            (&b"cos\nsystem\n(S'true'\ntR."[..], "os.system"),
            (b"\x80\x02cposix\nsystem\nq\x00X\x04\x00\x00\x00trueq\x01\x85q\x02Rq\x03.", "posix.system"),
            (b"\x80\x04\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x04true\x94\x85\x94R\x94.", "posix.system"),
            // The module is fetched from where it was put aside.
            (b"\x80\x04\x8c\x02os\x940h\x00\x8c\x06system\x93.", "os.system"),
            // An import whose value is thrown away.
            (b"\x80\x02cos\nsystem\n0}.", "os.system"),
            (b"(S'true'\nios\nsystem\n.", "os.system"),
        ] {
            assert_eq!(walked(pickle), Ok(vec![expected.to_owned()]), "{expected}");
        }
        assert_eq!(
            walked(b"\x80\x02}q\x00X\x01\x00\x00\x00aG\x40\x04\x00\x00\x00\x00\x00\x00s."),
            Ok(vec![])
        );
    }

    #[test]
    fn imports_that_are_put_together_are_hidden() {
        // The strings that were pushed last are thrown away before the import.
        let pickle =
            b"\x80\x04\x8c\x02os\x8c\x06system\x8c\x0bcollections\x8c\x0bOrderedDict00\x93.";
        assert_eq!(walked(pickle), Err(Fault::Hidden));
        assert_eq!(walked(b"\x80\x02\x82\x01."), Err(Fault::Hidden));
    }

    #[test]
    fn what_is_cut_or_no_pickle_is_told() {
        let whole = b"\x80\x04\x8c\x05posix\x94\x8c\x06system\x94\x93.";
        for end in 0..whole.len() {
            assert_eq!(walked(&whole[..end]), Err(Fault::Cut), "{end}");
        }
        assert_eq!(walked(b"\xff"), Err(Fault::Unknown(0xff)));
        // A length beyond the file's end.
        assert_eq!(walked(b"X\xff\xff\xff\xffhi."), Err(Fault::Cut));
    }
}
