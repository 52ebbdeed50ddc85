//! A running `limbic serve`, and requests to it byte by byte. Reads `/proc`, so Linux.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

/// For how long a request may take before it counts as lost.
const PATIENCE: Duration = Duration::from_mins(1);

/// A server of the program, on a port of its own.
pub(crate) struct Served {
    child: Child,
    pub(crate) address: String,
    pub(crate) scratch: PathBuf,
}

/// What the system says of the server.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Usage {
    pub(crate) files: usize,
    pub(crate) threads: usize,
    /// Resident memory in megabytes.
    pub(crate) memory: f64,
}

/// A status and a body.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

impl Served {
    /// Starts `program` with uploads in `scratch`; `before` comes before it on the command line.
    pub(crate) fn start(
        program: &Path,
        scratch: &Path,
        before: &[&str],
        arguments: &[&str],
    ) -> Result<Self> {
        fs::create_dir_all(scratch)?;
        let mut words: Vec<_> = before.iter().map(std::ffi::OsStr::new).collect();
        words.push(program.as_os_str());
        let mut child = Command::new(words[0])
            .args(&words[1..])
            .args(["serve", "--listen", "127.0.0.1:0", "--audit", "none", "--scratch"])
            .arg(scratch)
            .args(arguments)
            .env_remove("LIMBIC_TOKEN")
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("{} cannot be started", program.display()))?;
        let mut line = String::new();
        let said = child.stderr.take().context("it has no standard error")?;
        let mut said = BufReader::new(said);
        said.read_line(&mut line)?;
        let Some(address) = line.trim().strip_prefix("listening on http://") else {
            bail!("the server said: {line}");
        };
        let address = address.to_owned();
        // Nobody else reads what it says, and it must not wait for that.
        std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
        let served = Self { child, address, scratch: scratch.to_owned() };
        let began = Instant::now();
        while served.get("/readyz")?.status != 200 {
            ensure!(began.elapsed() < PATIENCE, "the server does not get ready");
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(served)
    }

    pub(crate) fn connect(&self) -> Result<TcpStream> {
        let stream = TcpStream::connect(&self.address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    pub(crate) fn get(&self, path: &str) -> Result<Answer> {
        let mut stream = self.connect()?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")?;
        answer(&mut stream)
    }

    pub(crate) fn post(&self, kind: &str, body: &[u8]) -> Result<Answer> {
        let mut stream = self.connect()?;
        stream.write_all(&request(kind, body))?;
        answer(&mut stream)
    }

    /// What the system says of the server.
    pub(crate) fn usage(&self) -> Result<Usage> {
        let place = PathBuf::from(format!("/proc/{}", self.child.id()));
        let status = fs::read_to_string(place.join("status"))?;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = resident.and_then(|rest| rest.split_whitespace().next());
        let memory = kilobytes.context("/proc does not tell the memory")?.parse::<f64>()? / 1024.0;
        let count = |name: &str| -> Result<usize> { Ok(fs::read_dir(place.join(name))?.count()) };
        Ok(Usage { files: count("fd")?, threads: count("task")?, memory })
    }

    /// Files of uploads that lie there.
    pub(crate) fn uploads(&self) -> usize {
        let below = |path: &Path| -> Vec<PathBuf> {
            fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
        };
        below(&self.scratch).iter().map(|folder| below(folder).len()).sum()
    }

    /// The number that a metric has.
    pub(crate) fn metric(&self, name: &str) -> Result<f64> {
        let text = String::from_utf8(self.get("/metrics")?.body)?;
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        Ok(line.with_context(|| format!("there is no metric {name}"))?.parse()?)
    }

    /// Asks it to end.
    pub(crate) fn terminate(&self) -> Result<()> {
        let killed = Command::new("kill").arg(self.child.id().to_string()).status()?;
        ensure!(killed.success(), "the server is gone already");
        Ok(())
    }

    /// Waits for its end; its exit code.
    pub(crate) fn ended(&mut self) -> Result<Option<i32>> {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status.code());
            }
            ensure!(began.elapsed() < 2 * PATIENCE, "the server does not end");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A request to read a body, on a connection that stays open.
pub(crate) fn request(kind: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST /v1/predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {kind}\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// The next answer on a connection.
pub(crate) fn answer(stream: &mut TcpStream) -> Result<Answer> {
    let mut bytes = Vec::new();
    let mut piece = [0; 16 << 10];
    let end = loop {
        if let Some(place) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break place;
        }
        let count = stream.read(&mut piece)?;
        ensure!(count > 0, "the connection closed before an answer");
        bytes.extend_from_slice(&piece[..count]);
    };
    let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
    let status = head.split_whitespace().nth(1).and_then(|status| status.parse().ok());
    let status = status.context("the answer has no status")?;
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    let length: usize = length.context("the answer has no length")?.trim().parse()?;
    let mut body = bytes.split_off(end + 4);
    while body.len() < length {
        let count = stream.read(&mut piece)?;
        ensure!(count > 0, "the connection closed within an answer");
        body.extend_from_slice(&piece[..count]);
    }
    Ok(Answer { status, body })
}
