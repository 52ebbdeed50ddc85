//! Timelines as CSV (RFC 4180): one line a row, the same columns whatever the clip holds.

use std::borrow::Cow;
use std::io::{self, Write};

use limbic::{LabelKind, Labels, PerLabel, Reading, Row};
use limbic_media::Modality;

/// The modalities whose evidence has columns.
const MODALITIES: [Modality; 3] = [Modality::Text, Modality::Audio, Modality::Vision];

/// What the answer is called where the model is not sure enough to give one.
const UNCERTAIN: &str = "uncertain";

/// The first line of readings about `labels`.
pub(super) fn header(out: &mut impl Write, labels: &Labels) -> io::Result<()> {
    write!(out, "source,model,target,start,end,track,emotion")?;
    // Ratings are no probabilities.
    let prefix = if labels.kind == LabelKind::Rating { "r" } else { "p" };
    for label in labels.names.iter() {
        column(out, prefix, label)?;
    }
    write!(out, ",valence,arousal")?;
    for modality in MODALITIES {
        for label in labels.names.iter() {
            column(out, modality.name(), label)?;
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

fn column(out: &mut impl Write, prefix: &str, label: &str) -> io::Result<()> {
    let name = format!("{prefix}_{label}");
    write!(out, ",{}", field(&name))
}

fn line(out: &mut impl Write, reading: &Reading, row: &Row) -> io::Result<()> {
    let estimate = row.estimate.as_ref();
    write!(out, "{},{},perceived", field(&reading.source), field(&reading.model))?;
    write!(out, ",{},{}", seconds(row.start), seconds(row.end))?;
    write!(out, ",{}", field(row.track.as_deref().unwrap_or_default()))?;
    let answer = estimate.and_then(|e| match &e.yes {
        Some(yes) if !e.uncertain => Some(yes.join(";")),
        _ if e.uncertain => Some(UNCERTAIN.to_owned()),
        _ => e.answer.clone(),
    });
    write!(out, ",{}", field(&answer.unwrap_or_default()))?;
    let count = reading.labels.names.len();
    numbers(out, estimate.map(|e| e.probabilities.as_ref().unwrap_or(&e.logits)), count)?;
    for number in [estimate.and_then(|e| e.valence), estimate.and_then(|e| e.arousal)] {
        write!(out, ",{}", number.map(four).unwrap_or_default())?;
    }
    for modality in MODALITIES {
        numbers(out, estimate.and_then(|e| e.evidence.get(modality)), count)?;
    }
    let flags: Vec<&str> = row.flags.iter().map(|flag| flag.name()).collect();
    writeln!(out, ",{}", flags.join(" "))
}

fn numbers(out: &mut impl Write, numbers: Option<&PerLabel>, count: usize) -> io::Result<()> {
    for place in 0..count {
        let number = numbers.and_then(|numbers| numbers.values().get(place).copied());
        write!(out, ",{}", number.map(four).unwrap_or_default())?;
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
        header(&mut out, &Labels::emotions()).unwrap();
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
