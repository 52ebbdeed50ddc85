//! Where readings go: standard output, or a file that appears when it is complete.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::{Context, Result};

/// The unfinished file of this process, for the handler of Ctrl-C to remove.
static UNFINISHED: Mutex<Option<PathBuf>> = Mutex::new(None);

/// A place for output.
pub(crate) enum Destination {
    /// Standard output.
    Stdout(io::Stdout),
    /// A device or pipe, which cannot be replaced.
    Device(File),
    /// A file beside the wanted one, which takes its name when it is complete.
    Part(Part),
}

/// An unfinished file. It is removed when it is dropped unfinished.
pub(crate) struct Part {
    file: Option<BufWriter<File>>,
    path: PathBuf,
    wanted: PathBuf,
}

impl Destination {
    /// Opens `output`, or standard output where there is none.
    pub(crate) fn open(output: Option<&Path>) -> Result<Self> {
        let Some(output) = output else { return Ok(Self::Stdout(io::stdout())) };
        let advice = || {
            format!(
                "{}: cannot write there; check the folder and its permissions",
                output.display()
            )
        };
        if output.is_dir() {
            anyhow::bail!("{}: is a folder; name a file to write to", output.display());
        }
        // Through a link to the file itself, so that the link stays a link.
        let wanted = output.canonicalize().unwrap_or_else(|_| output.to_owned());
        if wanted.exists() && !wanted.is_file() {
            let device = OpenOptions::new().write(true).open(&wanted).with_context(advice)?;
            return Ok(Self::Device(device));
        }
        Ok(Self::Part(Part::create(wanted).with_context(advice)?))
    }

    /// Whether a person looks at it directly.
    pub(crate) fn is_terminal(&self) -> bool {
        match self {
            Self::Stdout(out) => out.is_terminal(),
            Self::Device(file) => file.is_terminal(),
            Self::Part(_) => false,
        }
    }

    /// Completes the output: a file takes its name.
    pub(crate) fn finish(self) -> Result<()> {
        match self {
            Self::Part(part) => {
                let wanted = part.wanted.clone();
                part.finish().with_context(|| {
                    format!(
                        "{}: cannot be written; check the disk and its permissions",
                        wanted.display()
                    )
                })
            }
            Self::Stdout(_) | Self::Device(_) => Ok(()),
        }
    }
}

impl Write for Destination {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout(out) => out.write(bytes),
            Self::Device(file) => file.write(bytes),
            Self::Part(part) => part.open()?.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout(out) => out.flush(),
            Self::Device(file) => file.flush(),
            Self::Part(part) => part.open()?.flush(),
        }
    }
}

impl Part {
    fn create(wanted: PathBuf) -> io::Result<Self> {
        let name = wanted.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_string_lossy();
        let path = wanted.with_file_name(format!(".{name}.{}.part", std::process::id()));
        let file = OpenOptions::new().write(true).create_new(true).open(&path)?;
        remember(Some(path.clone()));
        // A second handler in one process is refused; the first does the same.
        let _ = ctrlc::set_handler(|| {
            if let Some(path) = UNFINISHED.lock().ok().and_then(|mut path| path.take()) {
                let _ = std::fs::remove_file(path);
            }
            std::process::exit(130);
        });
        Ok(Self { file: Some(BufWriter::new(file)), path, wanted })
    }

    fn open(&mut self) -> io::Result<&mut BufWriter<File>> {
        self.file.as_mut().ok_or_else(|| io::ErrorKind::BrokenPipe.into())
    }

    fn finish(mut self) -> io::Result<()> {
        if let Some(file) = self.file.take() {
            file.into_inner()?.sync_all()?;
        }
        std::fs::rename(&self.path, &self.wanted)?;
        self.path = PathBuf::new();
        remember(None);
        Ok(())
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.path.as_os_str().is_empty() {
            self.file = None;
            let _ = std::fs::remove_file(&self.path);
            remember(None);
        }
    }
}

fn remember(path: Option<PathBuf>) {
    if let Ok(mut unfinished) = UNFINISHED.lock() {
        *unfinished = path;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(folder: &Path) -> Vec<String> {
        let names = folder.read_dir().unwrap().map(|e| e.unwrap().file_name());
        let mut names: Vec<String> = names.map(|n| n.to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_appears_when_it_is_complete_and_not_before() {
        let folder = tempfile::tempdir().unwrap();
        let wanted = folder.path().join("out.csv");
        std::fs::write(&wanted, "old").unwrap();
        let mut destination = Destination::open(Some(&wanted)).unwrap();
        destination.write_all(b"new").unwrap();
        destination.flush().unwrap();
        assert_eq!(std::fs::read(&wanted).unwrap(), b"old");
        destination.finish().unwrap();
        assert_eq!(std::fs::read(&wanted).unwrap(), b"new");
        assert_eq!(files(folder.path()), ["out.csv"]);
    }

    #[test]
    fn an_unfinished_file_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let mut destination = Destination::open(Some(&folder.path().join("out.csv"))).unwrap();
        destination.write_all(b"half").unwrap();
        assert_eq!(files(folder.path()).len(), 1);
        drop(destination);
        assert!(files(folder.path()).is_empty());
    }

    #[test]
    fn places_that_cannot_be_written_are_told_before_any_work() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Destination::open(Some(folder.path())).is_err());
        assert!(Destination::open(Some(&folder.path().join("no/such/out.csv"))).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_device_is_written_to_and_never_replaced() {
        use std::os::unix::fs::FileTypeExt;
        let mut destination = Destination::open(Some(Path::new("/dev/null"))).unwrap();
        destination.write_all(b"gone").unwrap();
        destination.finish().unwrap();
        let kind = std::fs::metadata("/dev/null").unwrap().file_type();
        assert!(kind.is_char_device());
    }
}
