//! What a reading may cost: `cargo bench -p limbic-cli --bench budgets`.
//!
//! Runs the program itself on whole files and prints, beside each bound, what was reached:
//! processor time from start to the answer on four seconds of sound, speed on a minute of film on
//! one thread, and peak memory on ten minutes and on an hour of film. Reads `/proc`, so Linux.

#![allow(clippy::unwrap_used, reason = "a measurement that cannot go on has failed")]
#![allow(clippy::print_stdout, reason = "it prints what it measures")]
#![allow(missing_docs, reason = "a program")]

mod film;

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

/// Seconds of `samples/hello.mp4`.
const HELLO: u32 = 5;
/// How often the cold start is measured.
const RUNS: u32 = 20;
/// Ticks a second of the times in `/proc`; Linux has no other on the machines we know.
const TICKS: f64 = 100.0;

fn main() -> ExitCode {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("budgets");
    fs::create_dir_all(&folder).unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let hello = fs::read(root.join("samples/hello.mp4")).unwrap();
    let load = fs::read_to_string("/proc/loadavg").unwrap();
    println!("load before: {}", load.trim());
    let mut kept = true;
    let mut line = |what: &str, reached: String, bound: &str, ok: bool| {
        kept &= ok;
        println!("{:4} {what:42} {reached:>24}   bound {bound}", if ok { "ok" } else { "OVER" });
    };

    let sound = folder.join("four-seconds.wav");
    fs::write(&sound, wav(&tone(4.0))).unwrap();
    let before = children();
    for _ in 0..RUNS {
        run(&sound, None);
    }
    let each = (children() - before) / f64::from(RUNS);
    line(
        "cold start, 4 s wav: processor time",
        format!("{:.0} ms", each * 1e3),
        "150 ms",
        each < 0.150,
    );

    let minute = folder.join("minute.mp4");
    fs::write(&minute, film::repeated(&hello, HELLO, 60 / HELLO)).unwrap();
    let mut walls: Vec<f64> = (0..3).map(|_| run(&minute, Some(1)).wall).collect();
    walls.sort_by(f64::total_cmp);
    let speed = 60.0 / walls[1];
    line(
        "60 s of 640x360 film, one core: speed",
        format!("{speed:.1}x ({:.2} s)", walls[1]),
        "10x",
        speed >= 10.0,
    );

    let mut peaks = Vec::new();
    for minutes in [10, 60] {
        let long = folder.join(format!("{minutes}-minutes.mp4"));
        fs::write(&long, film::repeated(&hello, HELLO, minutes * 60 / HELLO)).unwrap();
        let cost = run(&long, None);
        let speed = f64::from(minutes) * 60.0 / cost.wall;
        let reached = format!("{:.0} MB ({speed:.0}x)", cost.peak);
        line(&format!("{minutes} min of film: peak memory"), reached, "300 MB", cost.peak < 300.0);
        peaks.push(cost.peak);
    }
    let growth = peaks[1] / peaks[0] - 1.0;
    line(
        "60 min over 10 min: growth",
        format!("{:+.1} %", growth * 100.0),
        "10 %",
        growth.abs() <= 0.10,
    );
    if kept { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

struct Cost {
    /// Seconds from start to end.
    wall: f64,
    /// Most memory held, in MB.
    peak: f64,
}

/// Reads `path` with the default model and settings, on one core where `threads` is one.
fn run(path: &Path, threads: Option<usize>) -> Cost {
    let program = env!("CARGO_BIN_EXE_limbic");
    let mut command = match threads {
        Some(1) => {
            let mut command = Command::new("taskset");
            command.args(["-c", "0", program]);
            command
        }
        _ => Command::new(program),
    };
    let begin = Instant::now();
    let mut child = command
        .args(["predict", "--quiet", "--format", "json"])
        .arg(path)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0.0f64;
    let end = loop {
        if let Some(end) = child.try_wait().unwrap() {
            break end;
        }
        peak = peak.max(high_water(&status));
        std::thread::sleep(Duration::from_millis(2));
    };
    assert!(end.success(), "{}: {end}", path.display());
    Cost { wall: begin.elapsed().as_secs_f64(), peak }
}

/// `VmHWM` in MB; 0 once the process has ended.
fn high_water(status: &str) -> f64 {
    let text = fs::read_to_string(status).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|l| l.trim().trim_end_matches(" kB").parse::<f64>().ok());
    kilobytes.unwrap_or(0.0) / 1e3
}

/// Processor seconds of all children that have ended.
fn children() -> f64 {
    let text = fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = text[text.rfind(')').unwrap() + 2..].split(' ').collect();
    let ticks = |i: usize| fields[i].parse::<f64>().unwrap();
    (ticks(13) + ticks(14)) / TICKS
}

/// Pulses that glide through a formant, in syllables: to the speech detector, somebody talks.
fn tone(seconds: f32) -> Vec<i16> {
    let (mut phase, mut y1, mut y2) = (0.0f32, 0.0f32, 0.0f32);
    (0..(seconds * 16_000.0) as usize)
        .map(|i| {
            let t = i as f32 / 16_000.0;
            phase += (140.0 + 30.0 * (t * 4.4).sin()) / 16_000.0;
            let pulse = if phase >= 1.0 { 1.0 } else { 0.0 };
            phase = phase.fract();
            let angle = std::f32::consts::TAU * (600.0 + 200.0 * (t * 8.2).sin()) / 16_000.0;
            let y = pulse + 1.96 * angle.cos() * y1 - 0.9604 * y2;
            (y2, y1) = (y1, y);
            (y * (t * 12.6).sin().max(0.0).sqrt() * 3000.0) as i16
        })
        .collect()
}

fn wav(samples: &[i16]) -> Vec<u8> {
    let bytes = samples.len() as u32 * 2;
    let mut file = b"RIFF".to_vec();
    file.extend((36 + bytes).to_le_bytes());
    file.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0\x80\x3e\0\0\0\x7d\0\0\x02\0\x10\0data");
    file.extend(bytes.to_le_bytes());
    file.extend(samples.iter().flat_map(|s| s.to_le_bytes()));
    file
}
