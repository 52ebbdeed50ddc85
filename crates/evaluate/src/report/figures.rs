//! The figures of a report, each with a table that says the same.

mod answers;

use super::plot::{Anchor, Plot, escaped, shortened, table};
use super::words;
use crate::{Condition, Section};

pub(super) use answers::{confusion, reliability, risk_coverage};

/// Characters of a name beside a plot.
const NAME: usize = 18;
/// Rows of a table of speakers.
const SPEAKERS: usize = 200;

/// A drawing, what is to be said about it, and the table that says the same. `beside` stands
/// beside everything that holds numbers.
fn figure(svg: &str, caption: &str, table: &str, beside: Option<&str>) -> String {
    let beside = beside.map(|why| format!("<span class=\"leak\">{}</span>", escaped(why)));
    format!(
        "<figure><div class=\"wide\">{svg}</div><figcaption>{}{}</figcaption>\
         <details><summary>As a table</summary>{table}</details></figure>\n",
        escaped(caption),
        beside.unwrap_or_default()
    )
}

/// The headline score for all that the model was shown.
pub(super) fn matrix(section: &Section, beside: Option<&str>) -> Option<String> {
    let conditions = &section.conditions;
    let first = conditions.first().filter(|_| conditions.len() > 1)?;
    let (mut inputs, mut changes): (Vec<&str>, Vec<Option<&str>>) = (Vec::new(), Vec::new());
    for own in conditions {
        if !inputs.contains(&own.inputs.as_str()) {
            inputs.push(&own.inputs);
        }
        if !changes.contains(&own.change.as_deref()) {
            changes.push(own.change.as_deref());
        }
    }
    changes.sort_by_key(Option::is_some);
    let (wide, high, left, top) = (76.0, 30.0, 170.0, 100.0);
    let width = left + wide * changes.len() as f64 + 90.0;
    let mut plot = Plot::new(width, top + high * inputs.len() as f64 + 10.0);
    for (x, change) in changes.iter().enumerate() {
        let place = [left + (x as f64 + 0.5) * wide, top - 8.0];
        plot.slanted(place, &shortened(change.unwrap_or("as it is"), NAME));
    }
    for (y, shown) in inputs.iter().enumerate() {
        let middle = top + (y as f64 + 0.5) * high + 4.0;
        plot.text(
            "",
            [left - 10.0, middle],
            Anchor::End,
            shortened(&shown.replace('+', " + "), 26),
        );
        for (x, change) in changes.iter().enumerate() {
            let found =
                conditions.iter().find(|c| c.inputs == *shown && c.change.as_deref() == *change);
            let Some(score) = found.and_then(Condition::score) else { continue };
            let place = [left + x as f64 * wide, top + y as f64 * high];
            plot.bar(
                "mark",
                [place[0] + 1.0, place[1] + 1.0, wide - 2.0, high - 2.0],
                score.max(0.06),
            );
            let class = if score > 0.5 { "on" } else { "" };
            plot.text(
                class,
                [place[0] + wide / 2.0, middle],
                Anchor::Middle,
                words::number(Some(score)),
            );
        }
    }
    let name = words::headline(&first.scored);
    let rows: Vec<Vec<String>> = conditions.iter().map(|own| row(own, beside)).collect();
    let head = ["shown", "clips", name, "95 % interval", "best of them alone", "gain"];
    let table = table(&head, &[false, true, true, true, true, true], &rows);
    let svg = plot.finish("Modality matrix", "a row what was shown, a column what was done to it");
    let caption = format!("{name} by what the model is shown, and how it was changed.");
    Some(figure(&svg, &caption, &table, beside).replace("<details>", "<details open>"))
}

fn row(own: &Condition, beside: Option<&str>) -> Vec<String> {
    let best = own.baseline.as_ref();
    let gain = own.score().zip(best).map(|(score, best)| score - best.score);
    let alone = best.map(|best| {
        format!("{} {}", escaped(&best.inputs), shown(words::number(Some(best.score)), beside))
    });
    let interval = own.scored.headline().and_then(|value| value.interval);
    vec![
        escaped(&words::condition(own)),
        own.scored.clips.to_string(),
        shown(words::number(own.score()), beside),
        shown(words::interval(interval), beside),
        alone.unwrap_or_else(|| "-".to_owned()),
        shown(words::signed(gain), beside),
    ]
}

/// A number, and what stands beside it.
pub(super) fn shown(number: String, beside: Option<&str>) -> String {
    match beside {
        Some(why) if number != "-" => {
            format!("{number}<span class=\"leak\">{}</span>", escaped(why))
        }
        _ => number,
    }
}

/// The headline score of every speaker.
pub(super) fn speakers(main: &Condition, beside: Option<&str>) -> Option<String> {
    let mut all: Vec<_> =
        main.scored.per_speaker.iter().filter_map(|own| Some((own, own.score?))).collect();
    all.sort_by(|a, b| a.1.total_cmp(&b.1));
    let (lowest, highest) = (all.first().filter(|_| all.len() > 1)?.1, all.last()?.1);
    let (left, bottom, wide, high) = (46.0, 190.0, 560.0, 160.0);
    let floor = lowest.min(0.0);
    let place = |score: f64| bottom - (score - floor) / (1.0 - floor) * high;
    let mut plot = Plot::new(left + wide + 20.0, bottom + 30.0);
    for tick in [floor, 0.25, 0.5, 0.75, 1.0] {
        plot.line("grid", &[[left, place(tick)], [left + wide, place(tick)]]);
        plot.text("small", [left - 6.0, place(tick) + 4.0], Anchor::End, format!("{tick:.2}"));
    }
    let step = wide / all.len() as f64;
    for (rank, (own, score)) in all.iter().enumerate() {
        let title = format!("{}: {score:.3}, {}", own.speaker, words::count(own.clips, "clip"));
        plot.dot("mark", [left + (rank as f64 + 0.5) * step, place(*score)], &title);
    }
    plot.text("small", [left, bottom + 18.0], Anchor::Start, "speakers, from the lowest score");
    let name = words::headline(&main.scored);
    let rows: Vec<Vec<String>> = all
        .iter()
        .take(SPEAKERS)
        .map(|(own, score)| {
            let score = shown(words::number(Some(*score)), beside);
            vec![escaped(&own.speaker), own.clips.to_string(), score]
        })
        .collect();
    let svg = plot.finish("Spread over speakers", "a dot a speaker");
    let caption = format!(
        "{name} of each speaker's clips, from {lowest:.3} to {highest:.3}{}.",
        if all.len() > SPEAKERS { "; the table has the lowest 200" } else { "" }
    );
    let table = table(&["speaker", "clips", name], &[false, true, true], &rows);
    Some(figure(&svg, &caption, &table, beside))
}

/// F1, precision and recall of every class.
pub(super) fn classes(main: &Condition, beside: Option<&str>) -> Option<String> {
    let all = &main.scored.per_class;
    all.first()?;
    let (left, row, wide) = (150.0, 22.0, 360.0);
    let bottom = 14.0 + row * all.len() as f64;
    let mut plot = Plot::new(left + wide + 70.0, bottom + 24.0);
    for tick in [0.0, 0.25, 0.5, 0.75, 1.0] {
        let x = left + tick * wide;
        plot.line("grid", &[[x, 8.0], [x, bottom]]);
        plot.text("small", [x, bottom + 15.0], Anchor::Middle, tick);
    }
    let mut rows = Vec::new();
    for (index, own) in all.iter().enumerate() {
        let y = 12.0 + row * index as f64;
        plot.text("", [left - 10.0, y + 13.0], Anchor::End, shortened(&own.class, NAME));
        if let Some(f1) = own.f1 {
            plot.bar("mark", [left, y + 2.0, f1 * wide, row - 8.0], 0.75);
            plot.text("small", [left + wide + 8.0, y + 13.0], Anchor::Start, words::number(own.f1));
        }
        for (class, end) in [("mark", own.precision), ("other", own.recall)] {
            if let Some(end) = end {
                plot.bar(class, [left + end * wide - 1.5, y - 1.0, 3.0, row - 2.0], 1.0);
            }
        }
        let scores = [own.precision, own.recall, own.f1, own.auc]
            .map(|score| shown(words::number(score), beside));
        let mut line = vec![escaped(&own.class), own.clips.to_string(), own.said.to_string()];
        line.extend(scores);
        rows.push(line);
    }
    let head = ["class", "clips", "said", "precision", "recall", "F1", "AUC"];
    let table = table(&head, &[false, true, true, true, true, true, true], &rows);
    let svg = plot.finish("Scores of each class", "a bar the F1, marks precision and recall");
    let caption = "F1 of each class (bar), its precision (mark in the bar's colour) and recall \
         (mark in the other colour).";
    Some(figure(&svg, caption, &table, beside))
}
