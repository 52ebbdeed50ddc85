//! A file as the demultiplexers see it, and the checks every path goes through first.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use symphonia::core::io::MediaSource;

use crate::error::{Error, Result};

/// Opens `path` for reading after refusing what is no ordinary, filled file.
///
/// # Errors
/// [`Error::Io`] for a missing or unreadable file, [`Error::Empty`] for one of zero bytes,
/// [`Error::Unsupported`] for a directory, pipe or device (which could block or never end).
pub(crate) fn open(path: &Path) -> Result<File> {
    let metadata = std::fs::metadata(path).map_err(|source| Error::io(path, source))?;
    if !metadata.is_file() {
        let found = if metadata.is_dir() { "a directory" } else { "a pipe or a device" };
        return Err(Error::unsupported(path, found, "a media or text file"));
    }
    if metadata.len() == 0 {
        return Err(Error::Empty { path: path.to_owned() });
    }
    File::open(path).map_err(|source| Error::io(path, source))
}

/// A file that claims the length its own headers declare.
///
/// An mp4 whose download stopped has a last box that reaches beyond the end of the file, and
/// demultiplexers refuse such a box whole. With the declared length they accept it and meet the
/// end of the file only at the first sample that is really missing.
pub(crate) struct DeclaredFile {
    file: File,
    declared: u64,
}

impl DeclaredFile {
    /// `declared` is the length that the headers promise; the real one if it is larger.
    pub(crate) fn new(file: File, declared: u64) -> std::io::Result<Self> {
        let declared = declared.max(file.metadata()?.len());
        Ok(Self { file, declared })
    }
}

impl Read for DeclaredFile {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.file.read(buffer)
    }
}

impl Seek for DeclaredFile {
    fn seek(&mut self, position: SeekFrom) -> std::io::Result<u64> {
        match position {
            SeekFrom::End(offset) => {
                let target = self.declared.checked_add_signed(offset).ok_or_else(|| {
                    std::io::Error::new(std::io::ErrorKind::InvalidInput, "seek before the start")
                })?;
                self.file.seek(SeekFrom::Start(target))
            }
            other => self.file.seek(other),
        }
    }
}

impl MediaSource for DeclaredFile {
    fn is_seekable(&self) -> bool {
        true
    }

    fn byte_len(&self) -> Option<u64> {
        self.file.metadata().ok().map(|metadata| metadata.len())
    }
}
