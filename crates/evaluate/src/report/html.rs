//! A result as one HTML file that needs nothing but itself.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::figures::{self, shown};
use super::plot::{escaped, table};
use super::words;
use crate::{Condition, Evaluation, Section};

const STYLE: &str = include_str!("style.css");

/// A clip that can be played from within the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Playable {
    /// Its type, such as `audio/wav`, `video/mp4` or `image/png`; others are not shown.
    pub mime: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// A result as one self-contained page: the scores with their definitions, and figures each with
/// a table that says the same. `clips` are played beside the worst errors; a recording of someone
/// is only in the page when the caller puts it there.
pub fn html(evaluation: &Evaluation, clips: &BTreeMap<String, Playable>) -> String {
    let title = format!("{} on {}", evaluation.checkpoint.name, evaluation.data.name);
    let title = escaped(&title);
    let beside = words::beside(&evaluation.leak);
    let sections: String =
        evaluation.sections.iter().map(|own| section(own, beside.as_deref(), clips)).collect();
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
         style-src 'unsafe-inline'; img-src data:; media-src data:\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n\
         <h1>{title}</h1>\n{}{sections}</main>\n<footer><p>{}</p></footer>\n</body>\n</html>\n",
        head(evaluation),
        escaped(words::NOTE)
    )
}

fn head(evaluation: &Evaluation) -> String {
    let data = &evaluation.data;
    let leak = escaped(&words::leak(&evaluation.leak));
    let class = if evaluation.leak.allowed.is_some() { " class=\"warn\"" } else { "" };
    let mut list = vec![
        ("Data", format!("{}, {}, {}", data.name, words::count(data.clips, "clip"), data.path)),
        ("Licence", data.licence.clone()),
        ("Data hash", data.hash.clone()),
        ("Checkpoint", evaluation.checkpoint.name.clone()),
        ("Checkpoint hash", evaluation.checkpoint.blake3.clone()),
        ("limbic", evaluation.limbic.clone()),
        ("Seed, threads", format!("{}, {}", evaluation.seed, evaluation.threads)),
    ];
    if let Some(split) = &evaluation.split {
        list.push(("Split", format!("{} ({})", split.name, split.hash)));
    }
    let items: Vec<String> = list
        .iter()
        .map(|(term, text)| format!("<dt>{term}</dt><dd>{}</dd>", escaped(text)))
        .collect();
    let command = escaped(&evaluation.command.join(" "));
    let skipped = if data.skipped.is_empty() {
        String::new()
    } else {
        let each: Vec<String> =
            data.skipped.iter().map(|why| format!("<li>{}</li>", escaped(why))).collect();
        let clips = words::count(data.skipped.len(), "clip");
        format!(
            "<details><summary>{clips} could not be read</summary><ul>{}</ul></details>\n",
            each.concat()
        )
    };
    let ledger: Vec<Vec<String>> = evaluation
        .ledger
        .iter()
        .flat_map(|map| map.classes.iter().map(move |(class, emotion)| (map, class, emotion)))
        .map(|(map, class, emotion)| {
            let emotion = if emotion.is_empty() { "none" } else { emotion };
            vec![escaped(&map.name), escaped(class), escaped(emotion), escaped(&map.source)]
        })
        .collect();
    let ledger = table(&["label file", "class", "counts as", "source"], &[], &ledger);
    format!(
        "<p>{}</p>\n<p{class}>{leak}</p>\n<dl>{}<dt>Command</dt><dd><code>{command}</code></dd>\
         </dl>\n{skipped}<details><summary>What the labels count as</summary>{ledger}</details>\n",
        escaped(&words::targets(evaluation)),
        items.concat()
    )
}

fn section(section: &Section, beside: Option<&str>, clips: &BTreeMap<String, Playable>) -> String {
    let name = escaped(&section.labels);
    let heading = format!("<section>\n<h2>{name} ({})</h2>\n", words::kind(section.kind));
    let Some(main) = section.main().or(section.conditions.first()) else {
        return heading + "<p>No clip could be scored.</p>\n</section>\n";
    };
    let drawn = format!("With {}: {}", words::condition(main), words::drawn(&main.scored));
    let drawn = format!("<p>{}</p>\n", escaped(&drawn));
    let mut page = vec![heading, drawn, metrics(main, beside)];
    let parts = [
        ("By modality", figures::matrix(section, beside)),
        ("By class", figures::classes(main, beside)),
        ("Confusion", figures::confusion(main, beside)),
        ("Reliability", figures::reliability(main, beside)),
        ("Abstaining", figures::risk_coverage(main, beside)),
        ("By speaker", figures::speakers(main, beside)),
        ("By group", groups(main, beside)),
        ("Worst errors", worst(section, beside, clips)),
    ];
    for (title, part) in parts {
        if let Some(part) = part {
            page.push(format!("<h3>{title}</h3>\n{part}"));
        }
        if title == "By modality"
            && let Some(matrix) = &section.matrix
        {
            let said = escaped(&words::disparity(matrix));
            page.push(format!("<p>{}</p>\n", shown(said, beside)));
        }
    }
    page.concat() + "</section>\n"
}

fn metrics(main: &Condition, beside: Option<&str>) -> String {
    let rows: Vec<Vec<String>> = main
        .scored
        .metrics
        .iter()
        .map(|value| {
            let definition = words::definition(&value.definition, value.better);
            vec![
                escaped(&value.label),
                shown(words::number(value.value), beside),
                shown(words::interval(value.interval), beside),
                escaped(&definition),
            ]
        })
        .collect();
    table(&["metric", "score", "95 % interval", "definition"], &[false, true, true, false], &rows)
}

fn groups(main: &Condition, beside: Option<&str>) -> Option<String> {
    let all = &main.scored.per_group;
    all.first()?;
    let rows: Vec<Vec<String>> = all
        .iter()
        .map(|own| {
            vec![
                escaped(&own.group),
                escaped(&own.value),
                own.clips.to_string(),
                shown(words::number(own.score), beside),
                shown(words::interval(own.interval), beside),
            ]
        })
        .collect();
    let head = ["group", "value", "clips", words::headline(&main.scored), "95 % interval"];
    Some(table(&head, &[false, false, true, true, true], &rows))
}

fn worst(
    section: &Section,
    beside: Option<&str>,
    clips: &BTreeMap<String, Playable>,
) -> Option<String> {
    section.worst.first()?;
    let rows: Vec<Vec<String>> = section
        .worst
        .iter()
        .map(|own| {
            let source = own.source.as_deref().unwrap_or("");
            vec![
                escaped(&own.clip),
                escaped(&own.truth),
                escaped(&own.said),
                shown(words::number(own.probability), beside),
                shown(words::number(Some(own.error)), beside),
                escaped(source),
                clips.get(&own.clip).map(|clip| player(clip, &own.clip)).unwrap_or_default(),
            ]
        })
        .collect();
    let head = ["clip", "label", "answer", "probability", "error", "file", ""];
    Some(table(&head, &[false, false, false, true, true, false, false], &rows))
}

/// A player of a clip that is part of the page.
fn player(clip: &Playable, name: &str) -> String {
    let simple = |c: char| c.is_ascii_alphanumeric() || "/.+-".contains(c);
    if !clip.mime.chars().all(simple) {
        return String::new();
    }
    let data = format!("data:{};base64,{}", clip.mime, STANDARD.encode(&clip.bytes));
    let name = escaped(name);
    match clip.mime.split('/').next() {
        Some("audio") => {
            format!(
                "<audio controls preload=\"none\" aria-label=\"{name}\" src=\"{data}\"></audio>"
            )
        }
        Some("video") => {
            format!(
                "<video controls preload=\"none\" aria-label=\"{name}\" src=\"{data}\"></video>"
            )
        }
        Some("image") => format!("<img alt=\"{name}\" src=\"{data}\">"),
        _ => String::new(),
    }
}
