//! Figures of how answers meet labels.

use super::super::plot::{Anchor, Plot, escaped, shortened, table};
use super::super::words;
use super::{NAME, figure};
use crate::Condition;

/// Side of a square plot, in pixels.
const SIDE: f64 = 240.0;

/// How often each class was answered for each label: counts, and what share of the row they are.
pub(in crate::report) fn confusion(main: &Condition, beside: Option<&str>) -> Option<String> {
    let rows = main.scored.confusion.as_ref()?;
    let names: Vec<&str> = main.scored.per_class.iter().map(|own| own.class.as_str()).collect();
    let cell = if rows.len() <= 10 { 46.0 } else { 30.0 };
    let (left, top) = (130.0, 96.0);
    let side = cell * rows.len() as f64;
    let mut plot = Plot::new(left + side + 100.0, top + side + 16.0);
    plot.text("small", [0.0, top - 8.0], Anchor::Start, "label ↓  answer →");
    for (index, name) in names.iter().enumerate() {
        let middle = (index as f64 + 0.5) * cell;
        plot.slanted([left + middle, top - 8.0], &shortened(name, NAME));
        plot.text("", [left - 10.0, top + middle + 4.0], Anchor::End, shortened(name, NAME));
    }
    let mut lines = Vec::new();
    for (y, row) in rows.iter().enumerate() {
        let all: usize = row.iter().sum();
        let mut line = vec![escaped(names.get(y).unwrap_or(&""))];
        for (x, clips) in row.iter().enumerate() {
            let share = if all == 0 { 0.0 } else { *clips as f64 / all as f64 };
            let place = [left + x as f64 * cell, top + y as f64 * cell];
            plot.bar(
                "mark",
                [place[0] + 0.5, place[1] + 0.5, cell - 1.0, cell - 1.0],
                share.max(0.04),
            );
            let class = if share > 0.5 { "on" } else { "" };
            let middle = [place[0] + cell / 2.0, place[1] + cell / 2.0];
            if cell > 40.0 {
                plot.text(class, [middle[0], middle[1] - 1.0], Anchor::Middle, clips);
                let class = if share > 0.5 { "small on" } else { "small" };
                let percent = format!("{:.0} %", 100.0 * share);
                plot.text(class, [middle[0], middle[1] + 13.0], Anchor::Middle, percent);
            } else if *clips > 0 {
                plot.text(class, [middle[0], middle[1] + 4.0], Anchor::Middle, clips);
            }
            line.push(format!("{clips} ({:.0} %)", 100.0 * share));
        }
        lines.push(line);
    }
    let head: Vec<&str> = std::iter::once("label").chain(names.iter().copied()).collect();
    let numbers: Vec<bool> = (0..head.len()).map(|column| column > 0).collect();
    let svg = plot.finish("Confusion matrix", "a row a label, a column an answer, darker is more");
    let caption = "Confusion matrix: clips, and their share of the label's clips.";
    Some(figure(&svg, caption, &table(&head, &numbers, &lines), beside))
}

/// How often answers are right that claim to be right so often.
pub(in crate::report) fn reliability(main: &Condition, beside: Option<&str>) -> Option<String> {
    let bins = &main.scored.reliability;
    let most = bins.iter().map(|bin| bin.answers).max().filter(|most| *most > 0)?;
    let (left, bottom) = (46.0, 30.0 + SIDE);
    let mut plot = Plot::new(left + SIDE + 20.0, bottom + 44.0);
    plot.axes([left, bottom], SIDE, ["probability said", "share that is right"]);
    plot.line("ideal", &[[left, bottom], [left + SIDE, bottom - SIDE]]);
    let mut curve = Vec::new();
    let mut lines = Vec::new();
    for bin in bins {
        lines.push(vec![
            format!("{:.2} to {:.2}", bin.low, bin.high),
            bin.answers.to_string(),
            words::number(bin.confidence),
            words::number(bin.right),
        ]);
        let Some((confidence, right)) = bin.confidence.zip(bin.right) else { continue };
        let height = 0.25 * SIDE * bin.answers as f64 / most as f64;
        let (x, width) = (left + bin.low * SIDE, (bin.high - bin.low) * SIDE);
        plot.bar("other", [x + 1.0, bottom - height, width - 2.0, height], 0.35);
        curve.push([left + confidence * SIDE, bottom - right * SIDE]);
    }
    plot.line("curve", &curve);
    for (place, bin) in curve.iter().zip(bins.iter().filter(|bin| bin.answers > 0)) {
        let title = format!("{} answers", bin.answers);
        plot.dot("mark", *place, &title);
    }
    let svg = plot.finish("Reliability curve", "on the diagonal, probabilities are what they say");
    let table =
        table(&["probability", "answers", "mean", "right"], &[false, true, true, true], &lines);
    let caption = "Reliability: on the dashed line probabilities are what they say, below it they \
         promise too much. Bars: how many answers.";
    Some(figure(&svg, caption, &table, beside))
}

/// How many answers are wrong when only the surest are given.
pub(in crate::report) fn risk_coverage(main: &Condition, beside: Option<&str>) -> Option<String> {
    let curve = &main.scored.risk_coverage;
    curve.first()?;
    let (left, bottom) = (46.0, 30.0 + SIDE);
    let mut plot = Plot::new(left + SIDE + 20.0, bottom + 44.0);
    plot.axes([left, bottom], SIDE, ["share answered, surest first", "share that is wrong"]);
    let place = |[coverage, risk]: &[f64; 2]| [left + coverage * SIDE, bottom - risk * SIDE];
    plot.line("curve", &curve.iter().map(place).collect::<Vec<_>>());
    let step = curve.len().div_ceil(20);
    let lines: Vec<Vec<String>> = curve
        .iter()
        .rev()
        .step_by(step)
        .map(|[coverage, risk]| vec![words::percent(*coverage), words::percent(*risk)])
        .collect();
    let svg = plot.finish("Risk-coverage curve", "lower is better");
    let table = table(&["answered", "wrong"], &[true, true], &lines);
    let caption = "Risk and coverage: errors among the answers given, when the least sure are \
         withheld.";
    Some(figure(&svg, caption, &table, beside))
}
