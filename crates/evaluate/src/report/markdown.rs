//! A result as Markdown tables.

use super::words;
use crate::{Comparison, Condition, Evaluation, Section, Unit};

/// A result as Markdown: every score with its interval and its definition, and each fusion with
/// the best single modality beside it. Where a leak was allowed, its reason stands beside every
/// number.
pub fn markdown(evaluation: &Evaluation) -> String {
    let mut page = Page { text: String::new(), beside: words::beside(&evaluation.leak) };
    let data = &evaluation.data;
    let title = [&evaluation.checkpoint.name, &data.name].map(|name| cell(name));
    page.line(&format!("# {} on {}", title[0], title[1]));
    page.line(&cell(&words::targets(evaluation)));
    page.line(&cell(&words::leak(&evaluation.leak)));
    let split = evaluation.split.as_ref();
    let split = split.map(|own| format!(" Split {} ({}).", cell(&own.name), short(&own.hash)));
    let skipped = match data.skipped.len() {
        0 => String::new(),
        skipped => format!(" {} could not be read.", words::count(skipped, "clip")),
    };
    page.line(&format!(
        "Data: {}, {} ({}), licence: {}.{skipped}{}",
        cell(&data.name),
        words::count(data.clips, "clip"),
        short(&data.hash),
        cell(&data.licence),
        split.unwrap_or_default()
    ));
    page.line(&format!(
        "Made by limbic {} with checkpoint {} ({}), seed {}, {}: {}",
        cell(&evaluation.limbic),
        cell(&evaluation.checkpoint.name),
        short(&evaluation.checkpoint.blake3),
        evaluation.seed,
        words::count(evaluation.threads, "thread"),
        code(&evaluation.command.join(" "))
    ));
    for section in &evaluation.sections {
        page.section(section);
    }
    page.line(words::NOTE);
    page.text.trim_end().to_owned() + "\n"
}

/// Two results side by side, as a Markdown table.
pub fn comparison(found: &Comparison, a: &str, b: &str) -> String {
    let mut page = Page { text: String::new(), beside: None };
    let (a, b) = (cell(a), cell(b));
    page.line(&format!("# {a} and {b}"));
    let unit = match found.interval_unit {
        None => "no intervals".to_owned(),
        Some(Unit::Speakers) => format!("{} paired resamples of speakers", found.resamples),
        Some(Unit::Clips) => {
            format!("{} paired resamples of single clips", found.resamples)
        }
    };
    page.line(&format!(
        "{} that both answered; {} only by {a}, {} only by {b}, {} with different labels left \
         out; {unit}.",
        words::count(found.clips, "clip"),
        found.only_a,
        found.only_b,
        found.relabelled
    ));
    page.row(&["metric", &a, &b, "difference", "95 % interval", "p", "definition"]);
    page.row(&["---", "---:", "---:", "---:", "---:", "---:", "---"]);
    for own in &found.differences {
        page.row(&[
            &cell(&own.label),
            &words::number(own.a),
            &words::number(own.b),
            &words::signed(own.difference),
            &words::interval(own.interval),
            &own.p.map_or_else(|| "-".to_owned(), |p| format!("{p:.3}")),
            &cell(&words::definition(&own.definition, own.better)),
        ]);
    }
    page.text.push('\n');
    if let Some(test) = &found.mcnemar {
        page.line(&format!(
            "McNemar's exact test of the accuracies: {} right only by {a}, {} only by {b}, \
             p = {:.4}.",
            test.only_a, test.only_b, test.p
        ));
    }
    page.line(
        "The difference is the second less the first; p is two-sided, from the share of resampled \
         differences on the other side of 0.",
    );
    page.text.trim_end().to_owned() + "\n"
}

struct Page {
    text: String,
    /// What stands beside every number.
    beside: Option<String>,
}

impl Page {
    fn line(&mut self, line: &str) {
        self.text += line;
        self.text += "\n\n";
    }

    fn row(&mut self, cells: &[&str]) {
        self.text += "| ";
        self.text += &cells.join(" | ");
        self.text += " |\n";
    }

    /// A number, and the reason why it should not be there.
    fn shown(&self, number: String) -> String {
        match &self.beside {
            Some(beside) if number != "-" => format!("{number} ({})", cell(beside)),
            _ => number,
        }
    }

    fn section(&mut self, section: &Section) {
        self.line(&format!("## {} ({})", cell(&section.labels), words::kind(section.kind)));
        let Some(main) = section.main().or(section.conditions.first()) else {
            self.line("No clip could be scored.");
            return;
        };
        self.line(&format!(
            "With {}: {}",
            cell(&words::condition(main)),
            words::drawn(&main.scored)
        ));
        self.metrics(main);
        if section.conditions.len() > 1 {
            self.matrix(section);
        }
        self.classes(main);
        self.groups(main);
    }

    fn metrics(&mut self, main: &Condition) {
        self.row(&["metric", "score", "95 % interval", "definition"]);
        self.row(&["---", "---:", "---:", "---"]);
        for value in &main.scored.metrics {
            let definition = words::definition(&value.definition, value.better);
            self.row(&[
                &cell(&value.label),
                &self.shown(words::number(value.value)),
                &self.shown(words::interval(value.interval)),
                &cell(&definition),
            ]);
        }
        self.text.push('\n');
    }

    fn matrix(&mut self, section: &Section) {
        let headline = section.conditions.first().map_or("", |own| words::headline(&own.scored));
        self.line(&format!("### {} by what the model is shown", cell(headline)));
        self.row(&["shown", "clips", headline, "95 % interval", "best of them alone", "gain"]);
        self.row(&["---", "---:", "---:", "---:", "---:", "---:"]);
        for own in &section.conditions {
            let interval = own.scored.headline().and_then(|value| value.interval);
            let best = own.baseline.as_ref();
            let alone = best.map(|best| {
                let score = self.shown(words::number(Some(best.score)));
                format!("{} {score}", cell(&best.inputs))
            });
            let gain = own.score().zip(best).map(|(score, best)| score - best.score);
            self.row(&[
                &cell(&words::condition(own)),
                &own.scored.clips.to_string(),
                &self.shown(words::number(own.score())),
                &self.shown(words::interval(interval)),
                &alone.unwrap_or_else(|| "-".to_owned()),
                &self.shown(words::signed(gain)),
            ]);
        }
        self.text.push('\n');
        if let Some(matrix) = &section.matrix {
            let said = cell(&words::disparity(matrix));
            let said = self.shown(said);
            self.line(&said);
        }
    }

    fn classes(&mut self, main: &Condition) {
        if main.scored.per_class.is_empty() {
            return;
        }
        self.row(&["class", "clips", "said", "precision", "recall", "F1", "AUC"]);
        self.row(&["---", "---:", "---:", "---:", "---:", "---:", "---:"]);
        for own in &main.scored.per_class {
            let scores = [own.precision, own.recall, own.f1, own.auc]
                .map(|score| self.shown(words::number(score)));
            self.row(&[
                &cell(&own.class),
                &own.clips.to_string(),
                &own.said.to_string(),
                &scores[0],
                &scores[1],
                &scores[2],
                &scores[3],
            ]);
        }
        self.text.push('\n');
    }

    fn groups(&mut self, main: &Condition) {
        if main.scored.per_group.is_empty() {
            return;
        }
        self.row(&["group", "clips", words::headline(&main.scored), "95 % interval"]);
        self.row(&["---", "---:", "---:", "---:"]);
        for own in &main.scored.per_group {
            self.row(&[
                &cell(&format!("{}: {}", own.group, own.value)),
                &own.clips.to_string(),
                &self.shown(words::number(own.score)),
                &self.shown(words::interval(own.interval)),
            ]);
        }
        self.text.push('\n');
    }
}

/// The first digits of a hash.
fn short(hash: &str) -> String {
    cell(&hash.chars().take(12).collect::<String>())
}

/// A text that means nothing to Markdown.
fn cell(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' | '|' | '`' | '*' | '_' | '<' | '[' | ']' | '#' | '~' => {
                safe.push('\\');
                safe.push(character);
            }
            character if character.is_control() => safe.push(' '),
            character => safe.push(character),
        }
    }
    safe
}

/// A text as it was typed.
fn code(text: &str) -> String {
    let safe: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let longest = safe.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    format!("{fence} {safe} {fence}")
}
