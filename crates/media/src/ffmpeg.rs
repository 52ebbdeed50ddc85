//! Decoding by an `ffmpeg` found on the PATH: for formats that are not built in, and for files
//! too damaged for the built-in readers. Nothing here is needed for ordinary mp4, wav, flac,
//! mp3, ogg or webm audio.

use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::OnceLock;
use std::thread::JoinHandle;

use crate::error::{Error, Result};

/// How many bytes of one complaint are kept.
const LINE_LIMIT: usize = 200;

/// Where `ffmpeg` is, looked for once.
pub(crate) fn available() -> Option<&'static Path> {
    static FOUND: OnceLock<Option<PathBuf>> = OnceLock::new();
    FOUND.get_or_init(|| find_in(&std::env::var_os("PATH")?)).as_deref()
}

fn find_in(path: &OsStr) -> Option<PathBuf> {
    let name = format!("ffmpeg{}", std::env::consts::EXE_SUFFIX);
    // An empty or relative entry would run whatever lies in the folder of the recordings.
    let folders = std::env::split_paths(path).filter(|folder| folder.is_absolute());
    folders.map(|folder| folder.join(&name)).find(|candidate| candidate.is_file())
}

/// A running `ffmpeg` whose standard output is read here. Dropping it ends the process.
pub(crate) struct Ffmpeg {
    child: Child,
    stdout: BufReader<ChildStdout>,
    complaints: Option<JoinHandle<Complaints>>,
}

/// What `ffmpeg` wrote to its standard error.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Complaints {
    /// Number of lines.
    pub(crate) lines: usize,
    /// The first line, cut to a sentence's length.
    pub(crate) first: String,
}

impl Ffmpeg {
    /// Decodes `path` with `output` (options and format) to the pipe that this reads from.
    ///
    /// The name is passed as `file:NAME`, so that one like `-y` or `concat:a` stays a name, and
    /// only files and pipes may be opened, whatever the content refers to.
    ///
    /// # Errors
    /// [`Error::NeedsFfmpeg`], naming `format`, where none is installed; [`Error::Io`] where it
    /// cannot be started.
    pub(crate) fn spawn(path: &Path, format: &str, output: &[&str]) -> Result<Self> {
        let Some(program) = available() else {
            return Err(Error::NeedsFfmpeg { path: path.to_owned(), format: format.to_owned() });
        };
        let mut input = OsString::from("file:");
        input.push(path);
        let mut child = Command::new(program)
            .args(["-nostdin", "-hide_banner", "-loglevel", "error"])
            .args(["-protocol_whitelist", "file,pipe", "-i"])
            .arg(input)
            .args(output)
            .arg("pipe:1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|source| Error::io(program, source))?;
        let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
            return Err(Error::io(program, std::io::Error::other("its output is not a pipe")));
        };
        let complaints = std::thread::spawn(move || Complaints::collect(BufReader::new(stderr)));
        Ok(Self { child, stdout: BufReader::new(stdout), complaints: Some(complaints) })
    }

    /// Waits for the end and tells what was wrong. Call it once the output is read to its end.
    ///
    /// The exit code tells nothing: it is zero for most damaged files.
    pub(crate) fn finish(mut self) -> Complaints {
        let ended = self.child.wait();
        let complaints = self.complaints.take().filter(|_| ended.is_ok());
        complaints.and_then(|thread| thread.join().ok()).unwrap_or_default()
    }
}

impl Read for Ffmpeg {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.stdout.read(buffer)
    }
}

impl Drop for Ffmpeg {
    fn drop(&mut self) {
        // Both fail only for a process that has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Complaints {
    fn collect(mut stderr: impl BufRead) -> Self {
        let mut all = Self::default();
        let mut line = Vec::new();
        while matches!(stderr.read_until(b'\n', &mut line), Ok(1..)) {
            let text = String::from_utf8_lossy(&line);
            let text = without_source(text.trim());
            if !text.is_empty() {
                all.lines += 1;
                if all.first.is_empty() {
                    all.first = text.chars().take(LINE_LIMIT).collect();
                }
            }
            line.clear();
        }
        all
    }
}

/// Drops the `[aac @ 0x55d0]` before a message: the address differs from run to run.
fn without_source(line: &str) -> &str {
    match line.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((source, message)) if source.contains('@') => message.trim_start(),
        _ => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaints_are_counted_and_the_first_is_kept_without_its_address() {
        let lines = "[aac @ 0x7f] channel element 1.0 is not allocated\n\nError while decoding\n";
        let found = Complaints::collect(lines.as_bytes());
        assert_eq!(found.lines, 2);
        assert_eq!(found.first, "channel element 1.0 is not allocated");
    }

    #[test]
    fn only_absolute_folders_are_searched() {
        assert_eq!(find_in(OsStr::new("")), None);
        assert_eq!(find_in(OsStr::new(".:bin")), None);
    }
}
