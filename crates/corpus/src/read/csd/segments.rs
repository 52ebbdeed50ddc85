//! Segments of videos with their labels, and of every other sequence the rows that fall in them.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use limbic_media::Span;

use super::sequence::{Cells, Rows, Sequence};
use super::{files, lower};
use crate::{Card, Error, Example, Label, LabelKind, Media, Part, Result};

/// Bytes of all vectors together; those of all of CMU-MOSEI at full rate are many times more.
const HELD: usize = 4 << 30;

/// A word that stands for a pause.
const PAUSE: &str = "sp";

/// All segments of the folder's videos.
pub(super) fn read(folder: &Path, card: &Card) -> Result<Vec<Example>> {
    let paths = files(folder);
    let (labels, others): (Vec<_>, Vec<_>) =
        paths.iter().partition(|path| lower(path).contains("label"));
    let [labels] = labels.as_slice() else {
        let reason = format!("has {} files of labels; keep one `*Labels.csd`", labels.len());
        return Err(Error::corpus(folder, reason));
    };
    let opened = Sequence::open(labels)?;
    let sequences =
        others.into_iter().map(|path| Sequence::open(path)).collect::<Result<Vec<_>>>()?;
    let folds = folds(folder)?;
    let (mut examples, mut held) = (Vec::new(), 0);
    for video in &opened.videos {
        let Some(rows) = opened.rows(video)? else { continue };
        let mut segments = segments(labels, card, video, &rows)?;
        for segment in &mut segments {
            segment.part = match folds.get(video.as_str()) {
                Some(part) => *part,
                None => Part::Whole,
            };
        }
        for sequence in &sequences {
            let Some(rows) = sequence.rows(video)? else { continue };
            for segment in &mut segments {
                segment.media.extend(within(sequence, &rows, segment.span, &mut held));
                if held > HELD {
                    let reason = format!(
                        "has more than {} MiB of vectors; keep only the sequences that you need",
                        HELD >> 20
                    );
                    return Err(Error::corpus(folder, reason));
                }
            }
        }
        examples.append(&mut segments);
    }
    if examples.is_empty() {
        return Err(Error::corpus(labels, "has no segments; get it anew"));
    }
    Ok(examples)
}

/// The labelled segments of one video: a sentiment from -3 to 3, and where the card has emotions,
/// six of them from 0 to 3.
fn segments(file: &Path, card: &Card, video: &str, rows: &Rows) -> Result<Vec<Example>> {
    let bad = |reason: String| Error::corpus(file, format!("`{video}`: {reason}"));
    let emotions = card.labels[0].kind == LabelKind::Multi;
    let expected = if emotions { 7 } else { 1 };
    let Cells::Numbers(numbers, width) = &rows.cells else {
        return Err(bad("its labels are words".to_owned()));
    };
    if *width != expected {
        return Err(bad(format!("has {width} labels a segment, not {expected}")));
    }
    let mut segments = Vec::with_capacity(rows.intervals.len());
    for (index, (scores, [start, end])) in
        numbers.chunks_exact(expected).zip(&rows.intervals).enumerate()
    {
        if *start < 0.0 || start >= end {
            return Err(bad(format!("segment {index} is from {start} to {end} s")));
        }
        if let Some(odd) = scores.iter().find(|score| !(-3.0..=3.0).contains(*score)) {
            return Err(bad(format!("segment {index} is rated {odd}, not within -3 to 3")));
        }
        let sentiment = Some(Label::Rating(vec![scores[0] / 3.0]));
        let present: Vec<usize> =
            scores[1..].iter().enumerate().filter(|(_, s)| **s > 0.0).map(|(i, _)| i).collect();
        segments.push(Example {
            speaker: Some(video.to_owned()),
            source: Some(video.to_owned()),
            span: Some(Span::new(*start, *end)),
            labels: if emotions {
                vec![Some(Label::Multi(present)), sentiment]
            } else {
                vec![sentiment]
            },
            ..Example::new(format!("{video}[{index}]"))
        });
    }
    Ok(segments)
}

/// The rows whose middle lies in a segment: words become a text, numbers a series.
fn within(sequence: &Sequence, rows: &Rows, span: Option<Span>, held: &mut usize) -> Option<Media> {
    let span = span?;
    let inside = |[start, end]: &[f64; 2]| {
        let middle = f64::midpoint(*start, *end);
        span.start <= middle && middle < span.end
    };
    let inside: Vec<usize> =
        (0..rows.intervals.len()).filter(|row| inside(&rows.intervals[*row])).collect();
    match &rows.cells {
        Cells::Words(words) => {
            let words: Vec<&str> = inside
                .iter()
                .map(|row| words[*row].trim_matches(['\0', ' ']))
                .filter(|word| !word.is_empty() && *word != PAUSE)
                .collect();
            *held += words.iter().map(|word| word.len() + 1).sum::<usize>();
            (!words.is_empty()).then(|| Media::Text(words.join(" ")))
        }
        Cells::Numbers(_, 0) => None,
        Cells::Numbers(numbers, width) => {
            let row = |row: &usize| numbers[row * width..(row + 1) * width].iter();
            let series: Vec<f32> =
                inside.iter().flat_map(row).map(|n| if n.is_finite() { *n } else { 0.0 }).collect();
            *held += size_of_val(series.as_slice());
            let name = sequence.name.to_lowercase().replace([' ', '_'], "-");
            (!series.is_empty())
                .then(|| Media::Series(format!("csd-{name}@1").into(), Arc::from(series), *width))
        }
    }
}

/// The official parts, where the SDK's list of them (`*std_folds.py`) lies beside the sequences:
/// three lists of names in quotes. It is read as text.
fn folds(folder: &Path) -> Result<HashMap<String, Part>> {
    let entries = std::fs::read_dir(folder).map_err(Error::io(folder))?;
    let found = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| lower(path).ends_with("std_folds.py"));
    let Some(path) = found else { return Ok(HashMap::new()) };
    let text = std::fs::read_to_string(&path).map_err(Error::io(&path))?;
    let names = BTreeMap::from([
        ("standard_train_fold", Part::Train),
        ("standard_valid_fold", Part::Dev),
        ("standard_test_fold", Part::Valid),
    ]);
    let mut folds = HashMap::new();
    for (name, part) in names {
        let list = text.split_once(name).and_then(|(_, rest)| rest.split_once('['));
        let Some((list, _)) = list.and_then(|(_, rest)| rest.split_once(']')) else {
            return Err(Error::corpus(&path, format!("has no list `{name}`")));
        };
        for video in list.split(['\'', '"']).skip(1).step_by(2) {
            if folds.insert(video.to_owned(), part).is_some_and(|other| other != part) {
                return Err(Error::corpus(&path, format!("has `{video}` in two parts")));
            }
        }
    }
    Ok(folds)
}
