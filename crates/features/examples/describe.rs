//! Describes every recording of a manifest, for `references/descriptors_uar.py`.
//!
//! ```text
//! cargo run --release -p limbic-features --example describe -- MANIFEST OUT
//! ```
//!
//! `MANIFEST` is a CSV file whose first column, `path`, is relative to its folder. `OUT` becomes a
//! CSV file: `path`, then one column a functional. Recordings without speech have no row.

use std::error::Error;
use std::fs;
use std::io::{self, BufWriter, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use limbic_features::{DESCRIPTORS_ID, describe, functional_names};
use limbic_media::{AudioStream, SAMPLE_RATE};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [manifest, out] = arguments.as_slice() else {
        return Err("usage: describe MANIFEST OUT".into());
    };
    let folder = Path::new(manifest).parent().unwrap_or(Path::new("."));
    let mut table = BufWriter::new(fs::File::create(out)?);
    writeln!(table, "path,{}", functional_names().join(","))?;
    let (mut seconds, mut spent, mut without) = (0.0, Duration::ZERO, 0);
    for line in fs::read_to_string(manifest)?.lines().skip(1) {
        let path = line.split(',').next().unwrap_or_default();
        let samples = read(&folder.join(path))?;
        let start = Instant::now();
        let values = describe(&samples);
        spent += start.elapsed();
        seconds += samples.len() as f64 / f64::from(SAMPLE_RATE);
        let Some(values) = values else {
            without += 1;
            continue;
        };
        let values: Vec<String> = values.iter().map(f32::to_string).collect();
        writeln!(table, "{path},{}", values.join(","))?;
    }
    table.flush()?;
    writeln!(
        io::stdout(),
        "{DESCRIPTORS_ID}: {seconds:.0} s of sound, {:.2} ms of wall time a second, {without} without speech",
        spent.as_secs_f64() * 1000.0 / seconds
    )?;
    Ok(())
}

fn read(path: &Path) -> Result<Vec<f32>, Box<dyn Error>> {
    let mut samples = Vec::new();
    if let Some(mut sound) = AudioStream::open(path)? {
        while let Some(block) = sound.next_block()? {
            samples.extend(block);
        }
    }
    Ok(samples)
}
