//! `cargo xtask load`: many clients at once for some minutes, beside what `predict` does alone.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::served::{Served, answer, request};
use crate::sound::voice;

/// Seconds of each recording.
const SECONDS: f32 = 4.0;

/// Different recordings.
const VOICES: usize = 16;

/// Recordings of the batch that `predict` reads alone.
const ALONE: usize = 400;

/// Requests after which memory is compared.
const WARM: usize = 500;
const LATE: usize = 10_000;

/// What is asked of the server.
pub(crate) struct Load {
    pub(crate) clients: usize,
    pub(crate) seconds: u64,
    /// Goes on for so many requests even if the time is over.
    pub(crate) requests: usize,
}

impl Load {
    /// Prints the figures beside their bounds; whether all are kept.
    pub(crate) fn run(&self, program: &Path, more: &[&str]) -> Result<bool> {
        let folder = tempfile::tempdir()?;
        let voices: Vec<Vec<u8>> =
            (0..VOICES).map(|number| voice(SECONDS, 100.0 + 8.0 * number as f32)).collect();
        let before = alone(program, folder.path(), &voices)?;
        println!("predict, one batch of {ALONE}: {before:.1} recordings a second");
        let served = Served::start(program, &folder.path().join("scratch"), &[], more)?;
        let found = self.ask(&served, &voices)?;
        let after = alone(program, folder.path(), &voices)?;
        println!("predict once more: {after:.1} recordings a second");
        let alone = f64::midpoint(before, after);

        let count = found.times.len();
        let at =
            |share: f64| found.times[((count - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
        let (median, late) = (at(0.5), at(0.99));
        let rate = count as f64 / found.took.as_secs_f64();
        println!(
            "{} clients, {:.0} s, {count} requests: median {median:.0} ms, p99 {late:.0} ms, \
             slowest {:.0} ms",
            self.clients,
            found.took.as_secs_f64(),
            at(1.0)
        );
        let calls = served.metric("limbic_model_calls")?;
        let items = served.metric("limbic_model_items")?;
        println!("the model: {calls} calls for {items} windows, {:.2} a call", items / calls);
        let mut kept = true;
        let mut line = |what: &str, reached: String, bound: &str, ok: bool| {
            kept &= ok;
            println!(
                "{:4} {what:28} {reached:>24}   bound {bound}",
                if ok { "ok" } else { "OVER" }
            );
        };
        line("errors", found.errors.to_string(), "0", found.errors == 0);
        let ratio = late / median;
        line("p99 / median", format!("{ratio:.2}"), "5", ratio < 5.0);
        let share = rate / alone;
        line(
            "recordings a second",
            format!("{rate:.1} ({share:.2}x)"),
            "0.9x of predict",
            share >= 0.9,
        );
        match found.memory {
            [Some(warm), Some(late)] => {
                let grown = late / warm - 1.0;
                let reached = format!("{warm:.0} to {late:.0} MB ({:+.1} %)", grown * 100.0);
                line("memory, 500 to 10,000", reached, "+5 %", grown < 0.05);
            }
            _ => println!("     fewer than {LATE} requests: give --requests {LATE}"),
        }
        Ok(kept)
    }

    fn ask(&self, served: &Served, voices: &[Vec<u8>]) -> Result<Found> {
        let asked: Vec<Vec<u8>> = voices.iter().map(|voice| request("audio/wav", voice)).collect();
        let (done, errors) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let (times, memory) = (Mutex::new(Vec::new()), Mutex::new([None, None]));
        let began = Instant::now();
        let ends = began + Duration::from_secs(self.seconds);
        let client = |number: usize| -> Result<()> {
            let mut stream = served.connect()?;
            let mut turn = number;
            while Instant::now() < ends || done.load(Ordering::Relaxed) < self.requests {
                let sent = Instant::now();
                stream.write_all(&asked[turn % asked.len()])?;
                let answer = answer(&mut stream)?;
                let took = sent.elapsed();
                let whole = answer.body.starts_with(b"{\"schema\":\"limbic.reading/1\"");
                if answer.status != 200 || !whole {
                    errors.fetch_add(1, Ordering::Relaxed);
                }
                times.lock().unwrap_or_else(PoisonError::into_inner).push(took);
                let count = done.fetch_add(1, Ordering::Relaxed) + 1;
                if let Some(place) = [WARM, LATE].iter().position(|at| *at == count) {
                    let usage = served.usage()?;
                    memory.lock().unwrap_or_else(PoisonError::into_inner)[place] =
                        Some(usage.memory);
                }
                turn += 1;
            }
            Ok(())
        };
        std::thread::scope(|scope| {
            for number in 0..self.clients {
                let (client, errors) = (&client, &errors);
                scope.spawn(move || {
                    if let Err(error) = client(number) {
                        eprintln!("a client: {error:#}");
                        errors.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
        });
        let took = began.elapsed();
        let mut times = times.into_inner().unwrap_or_else(PoisonError::into_inner);
        ensure!(!times.is_empty(), "not one request was answered");
        times.sort_unstable();
        let memory = memory.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok(Found { times, took, errors: errors.into_inner(), memory })
    }
}

struct Found {
    /// In order of length.
    times: Vec<Duration>,
    took: Duration,
    errors: usize,
    /// After [`WARM`] and [`LATE`] requests, in megabytes.
    memory: [Option<f64>; 2],
}

/// Recordings a second that `predict` reads in one batch.
fn alone(program: &Path, folder: &Path, voices: &[Vec<u8>]) -> Result<f64> {
    let batch = folder.join("batch");
    fs::create_dir_all(&batch)?;
    for number in 0..ALONE {
        fs::write(batch.join(format!("{number}.wav")), &voices[number % voices.len()])?;
    }
    let began = Instant::now();
    let status = Command::new(program)
        .args(["predict", "--quiet", "--format", "jsonl"])
        .arg(&batch)
        .stdout(Stdio::null())
        .status()?;
    ensure!(status.success(), "predict ended with {status}");
    Ok(ALONE as f64 / began.elapsed().as_secs_f64())
}
