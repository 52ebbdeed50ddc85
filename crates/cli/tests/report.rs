//! `limbic predict --report`: one HTML file that holds its reading.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::media::{self, PLAIN};
use crate::program::{predict, repository};

/// What a report was given to show.
fn envelope(html: &str) -> Value {
    let (_, after) = html.split_once("<script type=\"application/json\" id=\"reading\">").unwrap();
    serde_json::from_str(after.split_once("</script>").unwrap().0).unwrap()
}

/// The report of `arguments`, and its text.
fn report(folder: &Path, arguments: &[&str]) -> (Value, String) {
    let mut all = vec!["--report", "out.html", "--quiet"];
    all.extend(arguments);
    let run = predict(folder, &all);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    let html = fs::read_to_string(folder.join("out.html")).unwrap();
    (envelope(&html), html)
}

#[test]
fn a_report_holds_its_reading_and_the_shape_of_its_sound_and_asks_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let hello = repository("samples/hello.mp4");
    let (shown, html) = report(folder.path(), &[hello.to_str().unwrap()]);
    assert_eq!(shown["reading"]["schema"], "limbic.reading/1");
    assert_eq!(shown["reading"]["timeline"].as_array().unwrap().len(), 5);
    assert_eq!(shown["media"], Value::Null);
    assert!((shown["aspect"].as_f64().unwrap() - 16.0 / 9.0).abs() < 1e-3);
    let peaks: Vec<f64> =
        shown["peaks"].as_array().unwrap().iter().map(|p| p.as_f64().unwrap()).collect();
    assert_eq!(peaks.len(), 1200);
    assert_eq!(peaks.iter().copied().fold(0.0, f64::max), 1.0);
    // The only address is the name of the drawing language, which nothing is loaded from.
    let elsewhere = html.replace("http://www.w3.org/2000/svg", "");
    assert!(!elsewhere.contains("http://") && !elsewhere.contains("https://"));
    assert!(html.contains("default-src 'none'"));
}

#[test]
fn peaks_lie_where_the_sound_is_loud() {
    let folder = tempfile::tempdir().unwrap();
    let mut samples = media::babble(4.0);
    let quarter = samples.len() / 4;
    samples[..quarter].fill(0);
    samples[2 * quarter..].fill(0);
    fs::write(folder.path().join("early.wav"), PLAIN.file(&samples)).unwrap();
    let (shown, _) = report(folder.path(), &["early.wav"]);
    let peaks = shown["peaks"].as_array().unwrap();
    let loud = |range: std::ops::Range<usize>| {
        peaks[range].iter().map(|p| p.as_f64().unwrap()).fold(0.0, f64::max)
    };
    assert_eq!(loud(300..600), 1.0);
    for quiet in [0..290, 610..1200] {
        assert!(loud(quiet.clone()) < 0.05, "{quiet:?} {}", loud(quiet.clone()));
    }
}

#[test]
fn words_have_a_report_too_and_no_name_ends_its_script() {
    let folder = tempfile::tempdir().unwrap();
    let name = "<!--<script>.txt";
    fs::write(folder.path().join(name), "what a lovely day").unwrap();
    let (shown, html) = report(folder.path(), &[name]);
    assert_eq!(shown["reading"]["source"], name);
    assert_eq!(shown["peaks"].as_array().unwrap().len(), 0);
    assert!(!html.contains(name));
}

#[test]
fn the_recording_is_in_the_report_only_where_that_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("talk.wav"), PLAIN.file(&media::babble(2.0))).unwrap();
    let (shown, _) = report(folder.path(), &["talk.wav"]);
    assert_eq!(shown["media"], Value::Null);
    let (shown, _) = report(folder.path(), &["talk.wav", "--report-media"]);
    assert!(shown["media"].as_str().unwrap().starts_with("data:audio/wav;base64,UklGR"));
}

#[test]
fn a_report_is_about_one_clip() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["one.txt", "two.txt"] {
        fs::write(folder.path().join(name), "what a lovely day").unwrap();
    }
    let run = predict(folder.path(), &["one.txt", "two.txt", "--report", "out.html"]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("--report shows one clip: give one file with it"));
    assert!(!folder.path().join("out.html").exists());
}
