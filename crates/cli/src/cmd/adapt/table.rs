//! What came of an adaptation, for people.

use std::fmt::Write;

use limbic_features::Name;
use limbic_train::adapt::{Curve, Layer, Numbers, Report, Request, Unlabelled};

/// The new classes by their words.
pub(super) fn names(request: &Request, names: &[Name]) -> String {
    let each: Vec<&str> = request.words.iter().map(|(modality, _)| modality.name()).collect();
    let mut page = format!("`{}` by words alone, for {}:", request.set.name, each.join(", "));
    for name in names {
        let _ = write!(page, "\n  {}", name.name);
        if let Some(definition) = &name.definition {
            let _ = write!(page, " ({definition})");
        }
    }
    page
}

/// Before and after, class by class, and what was chosen.
pub(super) fn report(report: &Report) -> String {
    let mut page = String::new();
    let [labelled, unlabelled] = report.clips;
    let _ = write!(page, "`{}`: {labelled} labelled clips", report.set);
    if unlabelled > 0 {
        let _ = write!(page, ", {unlabelled} without a label");
    }
    let held_out = match report.held_out_by.as_deref() {
        Some("speakers") => format!(
            "{} speakers, each held out with all of their clips (5-fold cross-validation)",
            report.speakers
        ),
        Some(_) => "no two speakers are known, so clips were held out one by one and scores may \
                    be of voices or authors that were met before (5-fold cross-validation)"
            .to_owned(),
        None => "too few clips to hold any out, so there are no scores".to_owned(),
    };
    let _ = writeln!(page, "; {held_out}");
    if !report.scores.is_empty() {
        let _ = writeln!(
            page,
            "\n{:<22}{:>6}  {:<20}{:<20}{:<20}{:>6}  p",
            "", "clips", "accuracy", "UAR", "macro-F1", "ECE"
        );
    }
    for own in &report.scores {
        let before = format!("{}, {}", own.inputs, report.before);
        let _ = writeln!(page, "{before:<22}{:>6}  {}", own.clips, row(&own.before));
        let after = format!("{}, adapted", own.inputs);
        let _ = writeln!(
            page,
            "{after:<22}{:>6}  {}{:>6.3}  {}",
            own.clips,
            row(&own.after),
            own.ece,
            chance(own.p)
        );
    }
    let _ = writeln!(page, "\n{:<22}{:>6}  found", "class", "clips");
    for class in &report.classes {
        let found = class.recall.map_or_else(|| "-".to_owned(), |recall| format!("{recall:.2}"));
        let _ = writeln!(page, "{:<22}{:>6}  {found}", class.name, class.clips);
    }
    for own in &report.chosen {
        let _ = write!(
            page,
            "\n{}: penalty {}, temperature {:.2}, {}; ",
            own.modality,
            own.penalty,
            own.temperature,
            if own.words { "started at the words" } else { "not started at words" }
        );
        let _ = match &own.layer {
            Layer::Left { reason } => write!(page, "last layer left as it is ({reason})"),
            Layer::Stays { rows, moved } => write!(
                page,
                "last layer tried and left as it is (loss of held-out clips {rows:.3}, moved \
                 {moved:.3})"
            ),
            Layer::Moved { rows, moved, agreement, old } => {
                let _ = write!(
                    page,
                    "last layer moved (loss of held-out clips {rows:.3}, moved {moved:.3}; {:.1} % \
                     of them keep their old emotion",
                    100.0 * agreement
                );
                match old {
                    Some([before, after]) => {
                        write!(page, ", UAR of the old emotions {before:.3}, now {after:.3})")
                    }
                    None => write!(page, ")"),
                }
            }
        };
    }
    page
}

fn row(numbers: &Numbers) -> String {
    let one = |name: &str, value: f64| {
        let interval = numbers.intervals.get(name);
        let interval =
            interval.map_or_else(String::new, |[low, high]| format!(" [{low:.2}, {high:.2}]"));
        format!("{:<20}", format!("{value:.3}{interval}"))
    };
    [one("accuracy", numbers.accuracy), one("uar", numbers.uar), one("macro_f1", numbers.macro_f1)]
        .concat()
}

fn chance(p: f64) -> String {
    if p < 0.001 { "< 0.001".to_owned() } else { format!("{p:.3}") }
}

/// What came of clips without labels.
pub(super) fn unlabelled(report: &Unlabelled) -> String {
    let [known, out] = report.clips;
    format!(
        "{known} clips, {out} more held out; {} passes\n{}: {:.3} of the held-out clips before, \
         {:.3} after (chance {:.3})\n{:.1} % of them keep their old emotion",
        report.epochs,
        report.pairs,
        report.found[0],
        report.found[1],
        report.chance,
        100.0 * report.agreement
    )
}

/// A learning curve.
pub(super) fn curve(curve: &Curve) -> String {
    let [pool, test] = curve.clips;
    let mut page = format!(
        "{} classes from {}: labels drawn {} times from {pool} clips, {test} held out by {}\n\n",
        curve.classes.len(),
        curve.inputs,
        curve.seeds,
        curve.held_out_by
    );
    let _ = writeln!(
        page,
        "{:<8}{:<14}{:<17}{:<17}{:<17}adapted is better by (UAR)",
        "labels", "", "accuracy", "UAR", "macro-F1"
    );
    for rung in &curve.rungs {
        let one = |[mean, spread]: [f64; 2]| format!("{mean:.3} ± {spread:.3}");
        let behind = rung.behind.as_ref().map_or_else(String::new, |behind| {
            let [low, high] = behind.interval;
            let (by, p) = (behind.uar, chance(behind.p));
            format!("{by:+.3} [{low:+.3}, {high:+.3}], p {p}")
        });
        let line = format!(
            "{:<8}{:<14}{:<17}{:<17}{:<17}{behind}",
            rung.labels,
            rung.way.name(),
            one(rung.accuracy),
            one(rung.uar),
            one(rung.macro_f1)
        );
        let _ = writeln!(page, "{}", line.trim_end());
    }
    page.truncate(page.trim_end().len());
    page
}
