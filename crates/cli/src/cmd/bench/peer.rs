//! One side of a comparison, in a process of its own: it is asked a line and answers one.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, bail};

use super::side::Products;
use crate::args::{Case, Workload};

/// D1 and I1 in `PyTorch`.
const D1: &str = include_str!("../../../../../benches/peer/d1.py");

/// D2 and I2 in `PyTorch`.
const D2: &str = include_str!("../../../../../benches/peer/d2.py");

/// D3 and I3 in `PyTorch`.
const D3: &str = include_str!("../../../../../benches/peer/d3.py");

/// F1, F1t and F2 in Python's libraries.
const SOUND: &str = include_str!("../../../../../benches/peer/sound.py");

/// What the scripts share.
const SIDE: &str = include_str!("../../../../../benches/peer/side.py");

/// A process that answers.
pub(super) struct Process {
    child: Child,
    asked: ChildStdin,
    answers: BufReader<ChildStdout>,
    name: String,
}

impl Process {
    /// This program.
    pub(super) fn ours(case: Case, threads: usize) -> Result<Self> {
        let program = std::env::current_exe().context("limbic cannot find itself")?;
        let mut command = Command::new(program);
        command.args(["bench", "--side", "--workload", case.workload.name()]);
        command.args(["--clips", &case.clips.to_string(), "--longer", &case.longer.to_string()]);
        Self::start(command, "limbic", threads)
    }

    /// `PyTorch`, on the weights and inputs of `file`.
    pub(super) fn theirs(
        python: &Path,
        case: Case,
        threads: usize,
        folder: &Path,
        file: &Path,
    ) -> Result<Self> {
        let script = match case.workload {
            Workload::D1 | Workload::I1 => D1,
            Workload::D2 | Workload::I2 => D2,
            Workload::D3 | Workload::I3 => D3,
            Workload::F1 | Workload::F1t | Workload::F2 => SOUND,
        };
        let work = match case.workload {
            workload if workload.learns() => "learn",
            workload if workload.hears() => workload.name(),
            _ => "answer",
        };
        let path = folder.join("step.py");
        std::fs::write(&path, script).with_context(|| path.display().to_string())?;
        std::fs::write(folder.join("side.py"), SIDE)?;
        let mut command = Command::new(python);
        command.arg(&path).arg(file).arg(threads.to_string()).arg(work);
        Self::start(command, &python.display().to_string(), threads)
    }

    fn start(mut command: Command, name: &str, threads: usize) -> Result<Self> {
        let threads = threads.to_string();
        let mut child = command
            .env("RAYON_NUM_THREADS", &threads)
            .env("OMP_NUM_THREADS", &threads)
            .env("MKL_NUM_THREADS", &threads)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("{name} cannot be started; give --peer a Python"))?;
        let (Some(asked), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            bail!("{name}: has no pipes");
        };
        Ok(Self { child, asked, answers: BufReader::new(answers), name: name.to_owned() })
    }

    fn ask(&mut self, question: &str) -> Result<String> {
        let mut answer = String::new();
        let asked = writeln!(self.asked, "{question}").and_then(|()| self.asked.flush());
        if asked.is_ok() {
            self.answers.read_line(&mut answer)?;
        }
        if answer.is_empty() {
            bail!(
                "{} stopped; what it said is above (the other side needs a Python with torch and \
                 numpy, for f1 and f2 with librosa and opensmile)",
                self.name
            );
        }
        Ok(answer)
    }

    /// Losses before each of so many steps without dropout, or the answers.
    pub(super) fn said(&mut self, steps: usize) -> Result<Vec<f64>> {
        let answer = self.ask(&format!("check {steps}"))?;
        serde_json::from_str(&answer).with_context(|| format!("{}: said {answer}", self.name))
    }

    /// Milliseconds of one step.
    pub(super) fn step(&mut self) -> Result<f64> {
        let answer = self.ask("step")?;
        answer.trim().parse().with_context(|| format!("{}: said {answer}", self.name))
    }

    /// What matrix products are of one more step.
    pub(super) fn products(&mut self) -> Result<Products> {
        let answer = self.ask("products")?;
        serde_json::from_str(&answer).with_context(|| format!("{}: said {answer}", self.name))
    }

    /// The most memory that it held, in MiB.
    pub(super) fn end(mut self) -> Result<f64> {
        let answer = self.ask("end")?;
        let peak = answer.trim().parse().with_context(|| format!("{}: said {answer}", self.name));
        self.child.wait()?;
        peak
    }
}
