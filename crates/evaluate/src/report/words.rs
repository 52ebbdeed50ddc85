//! The sentences and numbers that both reports show.

use limbic_corpus::{LabelKind, Objectivity};

use crate::metric::Better;
use crate::{Condition, Evaluation, Leak, LeftOut, Matrix, Scored, Unit};

/// What stands at the foot of every report.
pub(super) const NOTE: &str = "These are scores of estimates of expressed emotion, as it was \
    acted or as others perceived it. limbic never says what someone feels.";

/// A score with three places.
pub(super) fn number(value: Option<f64>) -> String {
    // Not to print a minus before nothing.
    value.map_or_else(
        || "-".to_owned(),
        |value| format!("{:.3}", value + 0.0).replace("-0.000", "0.000"),
    )
}

/// An interval with three places.
pub(super) fn interval(ends: Option<[f64; 2]>) -> String {
    ends.map_or_else(
        || "-".to_owned(),
        |[low, high]| format!("[{}, {}]", number(Some(low)), number(Some(high))),
    )
}

/// A signed difference with three places.
pub(super) fn signed(value: Option<f64>) -> String {
    match value {
        Some(value) if value >= 0.0005 => format!("+{value:.3}"),
        other => number(other),
    }
}

/// A share in percent.
pub(super) fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

/// Some of something, in the singular where it is one.
pub(super) fn count(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// What a metric is, and which way it gets better.
pub(super) fn definition(definition: &str, better: Better) -> String {
    let better = match better {
        Better::Higher => "Higher is better.",
        Better::Lower => "Lower is better.",
    };
    format!("{definition} {better}")
}

pub(super) fn kind(kind: LabelKind) -> &'static str {
    match kind {
        LabelKind::Class => "one class a clip",
        LabelKind::Multi => "any number of classes a clip",
        LabelKind::Rating => "ratings",
    }
}

fn target(target: Objectivity) -> &'static str {
    match target {
        Objectivity::Intended => "intended (what actors were asked to express)",
        Objectivity::Perceived => "perceived (what others saw, heard or read in it)",
        Objectivity::SelfReported => "self-reported (what writers said of themselves)",
        Objectivity::Unstated => "unstated (nobody said whose judgement they are)",
    }
}

/// Whose judgement is scored, and whose was learned from.
pub(super) fn targets(evaluation: &Evaluation) -> String {
    let targets = &evaluation.targets;
    let learned: Vec<&str> = targets.learned.iter().map(|own| target(*own)).collect();
    let learned =
        if learned.is_empty() { "labels of unknown target".to_owned() } else { learned.join("; ") };
    let note = targets.note.as_ref().map(|note| format!(" {note}"));
    let scored = target(targets.labels);
    format!(
        "Scored against labels that are {scored}. Learned from: {learned}.{}",
        note.unwrap_or_default()
    )
}

/// What was checked, and what came of it.
pub(super) fn leak(leak: &Leak) -> String {
    let checked = if leak.checked.is_empty() {
        "Nothing was checked for an overlap of training and test clips.".to_owned()
    } else {
        format!("Checked for an overlap of training and test clips: {}.", leak.checked.join(", "))
    };
    let found = match (leak.found.as_slice(), leak.checked.is_empty()) {
        ([], true) => String::new(),
        ([], false) => " None was found.".to_owned(),
        (found, _) => format!(" Found: {}.", found.join("; ").trim_end_matches('.')),
    };
    let left_out = match leak.left_out {
        0 => String::new(),
        left_out => {
            format!(" Not scored: {}, of which training has a copy.", count(left_out, "clip"))
        }
    };
    let allowed = leak.allowed.as_ref();
    let allowed = allowed.map(|reason| format!(" The leak was allowed all the same: {reason}"));
    format!("{checked}{found}{left_out}{}", allowed.unwrap_or_default())
}

/// What stands beside every number of a score that should not have been.
pub(super) fn beside(leak: &Leak) -> Option<String> {
    leak.allowed.as_ref().map(|reason| format!("leak allowed: {reason}"))
}

/// What the intervals are of.
pub(super) fn drawn(scored: &Scored) -> String {
    let clips = count(scored.clips, "clip");
    let speakers = match scored.speakers {
        0 => "speakers unknown".to_owned(),
        some => count(some, "speaker"),
    };
    let how = match scored.interval_unit {
        None => "no intervals".to_owned(),
        Some(Unit::Speakers) => {
            format!("95 % intervals from {} resamples of speakers", scored.resamples)
        }
        Some(Unit::Clips) => format!(
            "95 % intervals from {} resamples of single clips, since a speaker is unknown or \
             alone: too narrow where clips share speakers",
            scored.resamples
        ),
    };
    format!("{clips}, {speakers}; {how}.{}", left_out(scored.left_out))
}

fn left_out(out: LeftOut) -> String {
    let parts = [
        (out.ties, "whose votes tie"),
        (out.unlabelled, "without a label of this set"),
        (out.unanswered, "without a usable answer"),
    ];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(clips, _)| *clips > 0)
        .map(|(clips, why)| format!("{} {why}", count(clips, "clip")))
        .collect();
    if parts.is_empty() { String::new() } else { format!(" Left out: {}.", parts.join(", ")) }
}

/// What a model was shown, in words.
pub(super) fn condition(condition: &Condition) -> String {
    let inputs = condition.inputs.replace('+', " + ");
    condition.change.as_ref().map_or_else(|| inputs.clone(), |change| format!("{inputs}, {change}"))
}

/// The disparity, with its definition.
pub(super) fn disparity(matrix: &Matrix) -> String {
    let fused = matrix.fused.as_ref().zip(matrix.gain).map(|(fused, gain)| {
        let share = matrix.gain_share.map(|share| format!(" ({})", percent(share)));
        let all = fused.inputs.replace('+', " + ");
        format!(
            " {all} {}, a gain of {}{}.",
            number(Some(fused.score)),
            signed(Some(gain)),
            share.unwrap_or_default()
        )
    });
    format!(
        "Disparity {}: best single modality {} {}, worst {} {}.{} {}",
        number(Some(matrix.spread)),
        matrix.best_single.inputs,
        number(Some(matrix.best_single.score)),
        matrix.worst_single.inputs,
        number(Some(matrix.worst_single.score)),
        fused.unwrap_or_default(),
        Matrix::DEFINITION
    )
}

/// The headline's name for people.
pub(super) fn headline(scored: &Scored) -> &str {
    scored.headline().map_or(scored.headline.as_str(), |value| value.label.as_str())
}
