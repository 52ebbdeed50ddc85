//! Timelines as CSV (RFC 4180): one line a row, the same columns whatever the clip holds.

use std::borrow::Cow;
use std::io::{self, Write};

use limbic::{Emotion, PerEmotion, Reading, Row};
use limbic_media::Modality;

/// The modalities whose evidence has columns.
const MODALITIES: [Modality; 3] = [Modality::Text, Modality::Audio, Modality::Vision];

/// The first line.
pub(super) fn header(out: &mut impl Write) -> io::Result<()> {
    write!(out, "source,model,target,start,end,track,emotion")?;
    for emotion in Emotion::ALL {
        write!(out, ",p_{emotion}")?;
    }
    write!(out, ",valence,arousal")?;
    for modality in MODALITIES {
        for emotion in Emotion::ALL {
            write!(out, ",{modality}_{emotion}")?;
        }
    }
    writeln!(out, ",flags")
}

/// One line for each row of the timeline; what is absent is an empty field.
pub(super) fn write(out: &mut impl Write, reading: &Reading) -> io::Result<()> {
    for row in &reading.timeline {
        line(out, reading, row)?;
    }
    Ok(())
}

fn line(out: &mut impl Write, reading: &Reading, row: &Row) -> io::Result<()> {
    let estimate = row.estimate.as_ref();
    write!(out, "{},{},perceived", field(&reading.source), field(&reading.model))?;
    write!(out, ",{},{}", seconds(row.start), seconds(row.end))?;
    write!(out, ",{}", field(row.track.as_deref().unwrap_or_default()))?;
    write!(out, ",{}", estimate.map_or("", |e| e.top.name()))?;
    numbers(out, estimate.map(|e| &e.probabilities))?;
    for number in [estimate.and_then(|e| e.valence), estimate.and_then(|e| e.arousal)] {
        write!(out, ",{}", number.map(four).unwrap_or_default())?;
    }
    for modality in MODALITIES {
        numbers(out, estimate.and_then(|e| e.evidence.get(modality)))?;
    }
    let flags: Vec<&str> = row.flags.iter().map(|flag| flag.name()).collect();
    writeln!(out, ",{}", flags.join(" "))
}

fn numbers(out: &mut impl Write, numbers: Option<&PerEmotion>) -> io::Result<()> {
    for emotion in Emotion::ALL {
        write!(out, ",{}", numbers.map(|n| four(n[emotion])).unwrap_or_default())?;
    }
    Ok(())
}

/// Four decimals, and never a negative zero.
fn four(x: f32) -> String {
    let text = format!("{x:.4}");
    if text == "-0.0000" { "0.0000".into() } else { text }
}

fn seconds(x: f64) -> f64 {
    (x * 1e4).round() / 1e4
}

/// A text field, quoted where it has to be.
fn field(text: &str) -> Cow<'_, str> {
    if text.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\"")).into()
    } else {
        text.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::sample;

    #[test]
    fn a_timeline_as_csv() {
        let mut out = Vec::new();
        header(&mut out).unwrap();
        write(&mut out, &sample::talk()).unwrap();
        let text = String::from_utf8(out).unwrap();
        let columns: Vec<usize> = text.lines().map(|line| line.split(',').count()).collect();
        assert!(columns.iter().all(|n| *n == columns[0]), "{columns:?}");
        insta::assert_snapshot!(text);
    }

    #[test]
    fn awkward_names_are_quoted() {
        assert_eq!(field("a,b\"c.wav"), "\"a,b\"\"c.wav\"");
        assert_eq!(field("plain.wav"), "plain.wav");
    }
}
