//! Copies against takes on every recording there is.

#![allow(clippy::print_stdout, reason = "what was measured is shown with --nocapture")]

use std::io::Write;
use std::path::PathBuf;

use rayon::prelude::*;

use super::*;

/// All recordings of the shared corpora, with one line where there are none.
fn recordings() -> Vec<PathBuf> {
    let root = std::env::var_os("LIMBIC_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let folders = ["ravdess", "emodb", "nemo"].map(|name| root.join("data").join(name));
    let entries = folders.iter().filter_map(|folder| folder.join("audio").read_dir().ok());
    let mut files: Vec<_> = entries.flatten().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    if files.is_empty() {
        let _ = writeln!(std::io::stderr(), "skipped: no recordings; set LIMBIC_SHARED");
    }
    files
}

/// A sound as it comes out of a telephone of the eighties: 8 bits on a logarithmic scale.
fn companded(samples: &[f32]) -> Vec<f32> {
    let peak = samples.iter().fold(1e-9f32, |peak, sample| peak.max(sample.abs()));
    let full = 256f32.ln();
    let pressed = samples.iter().map(|x| (x / peak, (255.0 * (x / peak).abs()).ln_1p() / full));
    pressed
        .map(|(x, level)| {
            let level = (level * 127.0).round() / 127.0;
            x.signum() * (level * full).exp_m1() / 255.0
        })
        .collect()
}

#[test]
fn copies_are_more_alike_than_the_most_similar_takes() {
    let files = recordings();
    let printer = SoundPrinter::new().unwrap();
    let prints: Vec<(SoundPrint, [f32; 2], f32)> = files
        .par_iter()
        .map(|file| {
            let (samples, _) = limbic_media::audio::read(file).unwrap();
            let print = printer.print(&samples).unwrap();
            let mut padded = vec![0.0; 5_000];
            padded.extend(&samples);
            padded.resize(padded.len() + 9_000, 0.0);
            let copies = [padded, companded(&samples)].map(|copy| printer.print(&copy).unwrap());
            let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
            let outline = copies.iter().map(|copy| dot(&copy.vector, &print.vector));
            let outline = outline.fold(1.0, f32::min);
            let detail = copies.each_ref().map(|copy| aligned(&print, copy));
            for copy in &copies {
                assert!((copy.length - print.length).abs() < SAME_LENGTH, "{}", file.display());
            }
            (print, detail, outline)
        })
        .collect();
    if prints.is_empty() {
        return;
    }
    let entries = prints.iter().enumerate().map(|(i, (p, ..))| (p.length, &*p.vector, i));
    let candidates = Gallery::new(entries, SAME_LENGTH, SAME_OUTLINE).pairs(|_, _| true);
    let mut takes: Vec<f32> =
        candidates.par_iter().map(|(a, b)| aligned(&prints[*a].0, &prints[*b].0)).collect();
    takes.sort_by(f32::total_cmp);
    let copies = prints.iter().flat_map(|(_, detail, _)| *detail).fold(1.0, f32::min);
    let outlines = prints.iter().map(|(.., outline)| *outline).fold(1.0, f32::min);
    // The last one is a take that RAVDESS published twice.
    let take = takes[takes.len() - 2];
    println!(
        "{} recordings, {} pairs compared: takes to {take:.4}, copies from {copies:.4} \
         (outlines from {outlines:.4}); one pair is {:.4}",
        prints.len(),
        takes.len(),
        takes[takes.len() - 1]
    );
    assert!(take < SAME_SOUND - 0.005 && copies > SAME_SOUND + 0.005);
    assert!(outlines > SAME_OUTLINE + 0.05);
}
