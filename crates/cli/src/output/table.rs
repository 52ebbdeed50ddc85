//! A reading for people at a terminal.

mod evidence;
mod remarks;

use std::io::{self, Write};

use console::{measure_text_width, truncate_str};
use limbic::{Estimate, LabelKind, PerLabel, Presence, Reading};
use limbic_media::Modality;

use self::evidence::{evidence, face, faces};
use self::remarks::remarks;
use super::palette::Colours;
use super::strip::Cell;
use super::wrap::wrap;
use super::{strip, visible};

/// Width of the names at the beginning of each line.
const MARGIN: usize = 11;
/// A longer label is cut.
const LONGEST: usize = 24;
/// So many yes/no labels are drawn.
const MOST: usize = 12;
/// Labels less probable than this are not drawn.
const LEAST: f32 = 0.05;

/// How the table may look.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    pub(super) width: usize,
    pub(super) colours: Colours,
}

/// One reading: head, strip, bars, evidence, remarks.
pub(super) fn write(out: &mut impl Write, reading: &Reading, look: Look) -> io::Result<()> {
    head(out, reading, look)?;
    picture(out, reading, look)?;
    match &reading.summary.estimate {
        Some(estimate) => {
            if estimate.uncertain {
                named(out, "answer", &answer(estimate), look)?;
            }
            match &estimate.probabilities {
                Some(probabilities) => bars(out, probabilities, estimate, look)?,
                None => ratings(out, &estimate.logits, look)?,
            }
            dimensions(out, estimate, look)?;
        }
        None => named(out, "", "nothing here to read an emotion from", look)?,
    }
    evidence(out, reading, look)?;
    faces(out, reading, look)?;
    remarks(out, reading, look)
}

/// The one sentence on what the numbers are.
pub(super) fn footnote(out: &mut impl Write, look: Look) -> io::Result<()> {
    writeln!(out)?;
    for line in wrap(
        "Estimates of the emotion that others would perceive; not of what anyone feels.",
        look.width,
    ) {
        writeln!(out, "{}", look.colours.dim().apply_to(line))?;
    }
    Ok(())
}

fn head(out: &mut impl Write, reading: &Reading, look: Look) -> io::Result<()> {
    let length = reading.duration.map_or_else(|| "no times".to_owned(), clock_or_seconds);
    let read: Vec<&str> = reading
        .modalities
        .each()
        .into_iter()
        .filter(|(_, presence)| *presence == Presence::Read)
        .map(|(modality, _)| name(modality))
        .collect();
    let read = if read.is_empty() { "nothing read".to_owned() } else { read.join(", ") };
    let rest = format!("  {length} · {read}");
    let room = look.width.saturating_sub(measure_text_width(&rest)).max(12);
    let source = visible(&reading.source);
    let source = shortened(&source, room);
    writeln!(out, "{}{}", look.colours.bold().apply_to(source), look.colours.dim().apply_to(rest))
}

/// The end of a path says more than its beginning.
fn shortened(source: &str, room: usize) -> String {
    if measure_text_width(source) <= room {
        return source.to_owned();
    }
    let mut kept: Vec<char> = Vec::new();
    let mut width = 1;
    for c in source.chars().rev() {
        width += measure_text_width(c.encode_utf8(&mut [0; 4]));
        if width > room {
            break;
        }
        kept.push(c);
    }
    std::iter::once('…').chain(kept.into_iter().rev()).collect()
}

fn picture(out: &mut impl Write, reading: &Reading, look: Look) -> io::Result<()> {
    let Some(duration) = reading.duration else { return Ok(()) };
    if reading.labels.kind == LabelKind::Rating {
        return Ok(());
    }
    let count = reading.labels.names.len();
    let lanes = strip::lanes(reading);
    let many = lanes.len() > 1;
    let cells = look.width - MARGIN;
    let (mut seen, mut uncertain) = (vec![false; count], false);
    for lane in &lanes {
        let drawn = lane.cells(duration, cells, count);
        for cell in &drawn {
            match cell {
                Cell::Label(place) => seen[*place] = true,
                Cell::Uncertain => uncertain = true,
                Cell::Nothing => {}
            }
        }
        let label = match lane.track {
            Some(track) => face(track),
            None if many => "all".to_owned(),
            None => String::new(),
        };
        label_of(out, &label, look)?;
        writeln!(out, "{}", strip::draw(&drawn, &reading.labels, look.colours))?;
    }
    let end = clock(duration);
    let axis = format!("{:<width$}{end}", clock(0.0), width = cells.saturating_sub(end.len()));
    label_of(out, "", look)?;
    writeln!(out, "{}", look.colours.dim().apply_to(axis))?;
    if look.colours == Colours::None && (uncertain || seen.contains(&true)) {
        let letters = strip::letters(&reading.labels);
        let mut legend: Vec<String> = (0..count)
            .filter(|place| seen[*place])
            .map(|place| format!("{} {}", letters[place], short(&reading.labels.names[place])))
            .collect();
        legend.extend(uncertain.then(|| "? uncertain".to_owned()));
        named(out, "", &legend.join(" · ").replace("· ", " "), look)?;
    }
    Ok(())
}

fn bars(
    out: &mut impl Write,
    probabilities: &PerLabel,
    estimate: &Estimate,
    look: Look,
) -> io::Result<()> {
    let yes = estimate.yes.as_ref().map_or(0, Vec::len).min(MOST);
    let shown: Vec<(usize, f32)> = probabilities
        .ranked()
        .into_iter()
        .take(yes.max(4))
        .enumerate()
        .take_while(|(rank, (_, p))| *rank == 0 || *p >= LEAST)
        .map(|(_, label)| label)
        .collect();
    let names: Vec<String> =
        shown.iter().map(|(place, _)| short(probabilities.name(*place))).collect();
    let margin = margin(&names);
    let room = (look.width - margin - 6).min(60);
    for (rank, ((place, p), name)) in shown.into_iter().zip(names).enumerate() {
        let bar = bar(p, room);
        let pad = " ".repeat(room - measure_text_width(&bar));
        let ink = look.colours.ink(probabilities.name(place), place);
        let own = probabilities.name(place);
        let counts = match &estimate.yes {
            Some(yes) => yes.iter().any(|label| label == own),
            None => rank == 0,
        };
        let label = padded(&name, margin);
        let label = if counts {
            look.colours.bold().apply_to(label)
        } else {
            look.colours.ink(own, place).apply_to(label)
        };
        writeln!(out, "{label}{}{pad}  {p:.2}", ink.apply_to(bar))?;
    }
    Ok(())
}

/// A line for each rating.
fn ratings(out: &mut impl Write, ratings: &PerLabel, look: Look) -> io::Result<()> {
    let names: Vec<String> = ratings.iter().map(|(name, _)| short(name)).collect();
    let margin = margin(&names);
    for (name, (_, rating)) in names.iter().zip(ratings.iter()) {
        let label = padded(name, margin);
        writeln!(out, "{}{rating:+.2}", look.colours.bold().apply_to(label))?;
    }
    Ok(())
}

/// Room for the longest of these names.
fn margin(names: &[String]) -> usize {
    let longest = names.iter().map(|name| measure_text_width(name)).max().unwrap_or(0);
    MARGIN.max(longest + 1)
}

fn padded(name: &str, width: usize) -> String {
    format!("{name}{}", " ".repeat(width.saturating_sub(measure_text_width(name))))
}

/// A label that fits.
fn short(label: &str) -> String {
    truncate_str(&visible(label), LONGEST, "…").into_owned()
}

/// The answer in words.
fn answer(estimate: &Estimate) -> String {
    match estimate.best() {
        Some((top, _)) if estimate.uncertain => {
            format!("uncertain (most likely: {})", short(top))
        }
        Some((top, p)) => format!("{} {p:.2}", short(top)),
        None => {
            let rated = estimate.logits.iter().map(|(name, x)| format!("{} {x:+.2}", short(name)));
            rated.collect::<Vec<_>>().join(" · ")
        }
    }
}

/// A bar of eighths of a cell.
fn bar(share: f32, cells: usize) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = ((share.clamp(0.0, 1.0) * cells as f32 * 8.0).round() as usize).max(1);
    format!("{}{}", "█".repeat(eighths / 8), EIGHTHS[eighths % 8])
}

fn dimensions(out: &mut impl Write, estimate: &Estimate, look: Look) -> io::Result<()> {
    let said = |x: f32, low, high| match x {
        x if x > 0.15 => high,
        x if x < -0.15 => low,
        _ => "middling",
    };
    let mut parts = Vec::new();
    if let Some(v) = estimate.valence {
        parts.push(format!("valence {v:+.2} {}", said(v, "unpleasant", "pleasant")));
    }
    if let Some(a) = estimate.arousal {
        parts.push(format!("arousal {a:+.2} {}", said(a, "subdued", "excited")));
    }
    if parts.is_empty() { Ok(()) } else { named(out, "", &parts.join(" · "), look) }
}

/// A line with a name in the margin, wrapped under itself.
fn named(out: &mut impl Write, label: &str, text: &str, look: Look) -> io::Result<()> {
    for (place, line) in wrap(text, look.width - MARGIN).into_iter().enumerate() {
        label_of(out, if place == 0 { label } else { "" }, look)?;
        writeln!(out, "{line}")?;
    }
    Ok(())
}

fn label_of(out: &mut impl Write, label: &str, look: Look) -> io::Result<()> {
    if label.is_empty() {
        return write!(out, "{:MARGIN$}", "");
    }
    let label = truncate_str(label, MARGIN - 1, "…");
    let pad = " ".repeat(MARGIN - measure_text_width(&label));
    write!(out, "{}{pad}", look.colours.dim().apply_to(label))
}

/// A modality in everyday words.
const fn name(modality: Modality) -> &'static str {
    match modality {
        Modality::Text => "words",
        Modality::Audio => "voice",
        Modality::Vision => "face",
        Modality::Body => "body",
    }
}

/// A short length in seconds, a long one as a clock.
fn clock_or_seconds(seconds: f64) -> String {
    if seconds < 60.0 { format!("{seconds:.1} s") } else { clock(seconds) }
}

/// `0:04`, `1:02:33`; tenths where they say something.
fn clock(seconds: f64) -> String {
    let tenths = (seconds * 10.0).round() as u64;
    let (whole, tenth) = (tenths / 10, tenths % 10);
    let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60);
    let tail = if tenth > 0 && whole < 600 { format!(".{tenth}") } else { String::new() };
    if hours > 0 {
        format!("{hours}:{minutes:02}:{rest:02}")
    } else {
        format!("{minutes}:{rest:02}{tail}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::sample;

    fn table(reading: &Reading, width: usize, colours: Colours) -> String {
        let mut out = Vec::new();
        let look = Look { width, colours };
        write(&mut out, reading, look).unwrap();
        footnote(&mut out, look).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_talk_with_two_faces() {
        insta::assert_snapshot!(table(&sample::talk(), 80, Colours::None));
    }

    #[test]
    fn a_talk_in_a_narrow_terminal() {
        insta::assert_snapshot!(table(&sample::talk(), 60, Colours::None));
    }

    #[test]
    fn a_talk_in_colour() {
        insta::assert_snapshot!(
            table(&sample::talk(), 80, Colours::Indexed).replace('\u{1b}', "␛")
        );
    }

    #[test]
    fn a_sentence_without_times() {
        insta::assert_snapshot!(table(&sample::note(), 80, Colours::None));
    }

    #[test]
    fn an_answer_that_is_withheld_says_what_is_most_likely() {
        insta::assert_snapshot!(table(&sample::doubt(), 80, Colours::None));
    }

    #[test]
    fn ratings_are_lines() {
        insta::assert_snapshot!(table(&sample::rated(), 80, Colours::None));
    }

    #[test]
    fn labels_that_each_hold_or_not_are_bars_of_their_own() {
        insta::assert_snapshot!(table(&sample::several(), 80, Colours::None));
    }

    #[test]
    fn nothing_to_read_is_said_plainly() {
        insta::assert_snapshot!(table(&sample::nothing(), 80, Colours::None));
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        let mut long = sample::talk();
        long.source = "recordings/2024/".repeat(9) + "talk \u{1b}[31m übung 日本語.mp4";
        let readings = [
            long,
            sample::talk(),
            sample::note(),
            sample::nothing(),
            sample::doubt(),
            sample::rated(),
            sample::several(),
        ];
        for reading in readings {
            for width in [40, 60, 80, 120] {
                for colours in [Colours::None, Colours::Indexed, Colours::True] {
                    for line in table(&reading, width, colours).lines() {
                        assert!(measure_text_width(line) <= width, "{width}: {line}");
                    }
                }
            }
        }
    }

    #[test]
    fn clocks() {
        for (seconds, shown) in [
            (0.0, "0:00"),
            (4.25, "0:04.3"),
            (59.96, "1:00"),
            (615.5, "10:15"),
            (3725.0, "1:02:05"),
        ] {
            assert_eq!(clock(seconds), shown);
        }
    }
}
