//! Running the program.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::model;

/// What a run left behind.
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// `limbic predict` with the untrained model, in `folder`.
pub(crate) fn predict(folder: &Path, arguments: &[&str]) -> Run {
    let mut all = vec!["predict", "--model", model::untrained()];
    all.extend(arguments);
    limbic(folder, &all, b"")
}

/// The program with these arguments, in `folder`, with `input` on standard input.
pub(crate) fn limbic(folder: &Path, arguments: &[&str], input: &[u8]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_limbic"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("LIMBIC_") {
            command.env_remove(name);
        }
    }
    let mut child = command
        .args(arguments)
        .current_dir(folder)
        .env("COLUMNS", "80")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that refuses its arguments does not wait for its input.
    let _ = child.stdin.take().unwrap().write_all(input);
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    Run {
        code: status.code(),
        stdout: String::from_utf8(stdout).unwrap(),
        stderr: String::from_utf8(stderr).unwrap(),
    }
}

impl Run {
    /// Standard output as one JSON value.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}: {} {}", self.stdout, self.stderr))
    }
}

/// A file of the repository.
pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

/// A file of the shared recordings, or a line on why the test is skipped.
pub(crate) fn shared(path: &str) -> Option<PathBuf> {
    present(path).map_err(|why| skipped(&why)).ok()
}

/// A file of the shared folder, or why there is none.
pub(crate) fn present(path: &str) -> Result<PathBuf, String> {
    let root =
        std::env::var_os("LIMBIC_SHARED").map_or_else(|| repository("../shared"), PathBuf::from);
    let path = root.join(path);
    let gone = || format!("{} is not there; set LIMBIC_SHARED", path.display());
    if path.exists() { Ok(path) } else { Err(gone()) }
}

/// Says so past the test runner, which keeps what a passing test prints to itself.
pub(crate) fn skipped(why: &str) {
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("a test");
    let _ = writeln!(std::io::stderr(), "skipped {test}: {why}");
}
