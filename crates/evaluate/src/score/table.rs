//! All scores of some answers.

use std::collections::BTreeMap;

use super::kind::{Kind, Unusable, usable};
use super::{Answer, GroupScore, LeftOut, Scored, SpeakerScore, Task, Value};
use crate::bootstrap::{Resampler, interval};
use crate::exact;

/// Kinds of a group above which it tells single clips apart rather than groups.
const GROUPS: usize = 100;

/// Scores answers. `resamples` is how often clips are drawn for the intervals, usually
/// [`crate::RESAMPLES`]; with 0 there are none. The order of the answers does not matter, and the
/// same answers score the same to the last bit.
pub fn score(task: &Task<'_>, answers: &[Answer], resamples: usize) -> Scored {
    let mut left_out = LeftOut::default();
    let mut kept: Vec<&Answer> = Vec::with_capacity(answers.len());
    for answer in answers {
        match usable(task, answer) {
            Ok(()) => kept.push(answer),
            Err(Unusable::Unlabelled) => left_out.unlabelled += 1,
            Err(Unusable::Unanswered) => left_out.unanswered += 1,
        }
    }
    kept.sort_by(|a, b| a.clip.cmp(&b.clip));
    let kind = Kind::new(task, &kept);
    let speakers = speakers(&kept);
    let drawn = drawn(&speakers, resamples, |weights| kind.values(weights));
    let whole = kind.values(&vec![1.0; kept.len()]);
    let metrics = kind
        .metrics()
        .into_iter()
        .enumerate()
        .map(|(index, (metric, part))| Value {
            metric: metric.name_of(part.as_deref()),
            label: metric.label_of(part.as_deref()),
            value: defined(whole[index]),
            interval: drawn.as_ref().and_then(|(_, drawn)| column(drawn, index)),
            better: metric.better(),
            definition: metric.definition().to_owned(),
        })
        .collect();
    let (confusion, risk_coverage) = match &kind {
        Kind::Classes(classes) => {
            left_out.ties = classes.ties();
            let counts = classes.confusion(&vec![1.0; kept.len()]);
            let rows = counts.rows().map(|row| row.iter().map(|count| *count as usize).collect());
            (Some(rows.collect()), classes.curve())
        }
        Kind::Multi(_) | Kind::Ratings(_) => (None, Vec::new()),
    };
    let mut reliability = kind.reliability();
    for bin in &mut reliability {
        bin.confidence = bin.confidence.map(exact);
        bin.right = bin.right.map(exact);
        (bin.low, bin.high) = (exact(bin.low), exact(bin.high));
    }
    let per_speaker = per_speaker(task, &kept);
    Scored {
        clips: kind.clips(),
        speakers: per_speaker.len(),
        headline: kind.headline().name().to_owned(),
        metrics,
        interval_unit: drawn.as_ref().map(|(resampler, _)| resampler.unit),
        resamples: if drawn.is_some() { resamples } else { 0 },
        per_class: kind.per_class(&task.map.classes),
        per_group: per_group(task, &kept, resamples),
        per_speaker,
        confusion,
        reliability,
        risk_coverage,
        left_out,
    }
}

/// The values of each resample; none without two units or where nothing is to be drawn.
fn drawn(
    speakers: &[Option<&str>],
    resamples: usize,
    values: impl Fn(&[f64]) -> Vec<f64>,
) -> Option<(Resampler, Vec<Vec<f64>>)> {
    let resampler = Resampler::new(speakers).filter(|_| resamples > 0)?;
    let mut drawn = Vec::with_capacity(resamples);
    resampler.each(resamples, |weights| drawn.push(values(weights)));
    Some((resampler, drawn))
}

/// The interval of one metric.
pub(super) fn column(drawn: &[Vec<f64>], index: usize) -> Option<[f64; 2]> {
    interval(drawn.iter().map(|values| values[index]).collect()).map(|ends| ends.map(exact))
}

pub(super) fn speakers<'a>(answers: &[&'a Answer]) -> Vec<Option<&'a str>> {
    answers.iter().map(|answer| answer.speaker.as_deref()).collect()
}

/// A number as it is stored.
pub(super) fn defined(value: f64) -> Option<f64> {
    value.is_finite().then(|| exact(value))
}

/// The answers by what `key` says of them.
fn sorted<'a>(
    answers: &[&'a Answer],
    key: impl Fn(&'a Answer) -> Option<&'a str>,
) -> BTreeMap<&'a str, Vec<&'a Answer>> {
    let mut all: BTreeMap<&str, Vec<&Answer>> = BTreeMap::new();
    for answer in answers {
        if let Some(key) = key(answer) {
            all.entry(key).or_default().push(answer);
        }
    }
    all
}

fn headline(kind: &Kind, clips: usize) -> Option<f64> {
    defined(kind.headline_value(&vec![1.0; clips]))
}

fn per_speaker(task: &Task<'_>, answers: &[&Answer]) -> Vec<SpeakerScore> {
    let all = sorted(answers, |answer| answer.speaker.as_deref());
    let score = |(speaker, own): (&str, Vec<&Answer>)| {
        let kind = Kind::new(task, &own);
        let score = headline(&kind, own.len());
        SpeakerScore { speaker: speaker.to_owned(), clips: kind.clips(), score }
    };
    all.into_iter().map(score).collect()
}

fn per_group(task: &Task<'_>, answers: &[&Answer], resamples: usize) -> Vec<GroupScore> {
    let mut groups: Vec<&str> =
        answers.iter().flat_map(|answer| answer.groups.keys()).map(String::as_str).collect();
    groups.sort_unstable();
    groups.dedup();
    let mut all = Vec::new();
    for group in groups {
        let kinds = sorted(answers, |answer| answer.groups.get(group).map(String::as_str));
        if kinds.len() > GROUPS {
            continue;
        }
        for (value, own) in kinds {
            let kind = Kind::new(task, &own);
            let drawn =
                drawn(&speakers(&own), resamples, |weights| vec![kind.headline_value(weights)]);
            all.push(GroupScore {
                group: group.to_owned(),
                value: value.to_owned(),
                clips: kind.clips(),
                score: headline(&kind, own.len()),
                interval: drawn.and_then(|(_, drawn)| column(&drawn, 0)),
            });
        }
    }
    all
}
