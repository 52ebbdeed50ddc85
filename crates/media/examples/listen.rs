//! What the sound of some files is: length, speech, damage.
//!
//! ```text
//! cargo run --release -p limbic-media --example listen -- shared/data/nemo/audio
//! ```
//!
//! Folders are searched for files. One line a file is printed for up to ten files, then totals
//! and the peak memory of the process (Linux).

use std::path::{Path, PathBuf};

use limbic_media::{AudioStream, Result, SAMPLE_RATE, Skipped, Span, SpeechSpans};

struct Heard {
    seconds: f64,
    speech: f64,
    skipped: Vec<Skipped>,
}

fn listen(path: &Path) -> Result<Option<Heard>> {
    let Some(mut sound) = AudioStream::open(path)? else { return Ok(None) };
    let mut spans = SpeechSpans::new();
    let (mut samples, mut speech) = (0, 0.0);
    while let Some(block) = sound.next_block()? {
        samples += block.len();
        speech += spans.push(&block).iter().map(|span| span.duration()).sum::<f64>();
    }
    speech += spans.finish().map_or(0.0, Span::duration);
    let seconds = samples as f64 / f64::from(SAMPLE_RATE);
    Ok(Some(Heard { seconds, speech, skipped: sound.skipped().to_vec() }))
}

fn files(path: PathBuf, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if !path.is_dir() {
        found.push(path);
        return Ok(());
    }
    for entry in std::fs::read_dir(path)? {
        files(entry?.path(), found)?;
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "an example prints what it finds")]
fn main() -> std::io::Result<()> {
    let mut paths = Vec::new();
    for argument in std::env::args_os().skip(1) {
        files(argument.into(), &mut paths)?;
    }
    paths.sort();
    let (mut read, mut spoken, mut damaged, mut refused, mut total) = (0, 0, 0, 0, 0.0);
    for path in &paths {
        let line = match listen(path) {
            Ok(Some(heard)) => {
                read += 1;
                total += heard.seconds;
                spoken += usize::from(heard.speech > 0.0);
                damaged += usize::from(!heard.skipped.is_empty());
                let Heard { seconds, speech, skipped } = heard;
                format!("{}: {seconds:.3} s, {speech:.2} s of speech, {skipped:?}", path.display())
            }
            Ok(None) => format!("{}: no sound track", path.display()),
            Err(error) => {
                refused += 1;
                error.to_string()
            }
        };
        if paths.len() <= 10 {
            println!("{line}");
        }
    }
    println!(
        "{read} of {} files read, {total:.1} s; speech in {spoken}, damage in {damaged}, {refused} refused",
        paths.len()
    );
    if let Ok(status) = std::fs::read_to_string("/proc/self/status")
        && let Some(peak) = status.lines().find(|line| line.starts_with("VmHWM"))
    {
        println!("peak memory {}", peak.trim_start_matches("VmHWM:").trim());
    }
    Ok(())
}
