//! Texts that stand alone: GoEmotions (Demszky et al. 2020), CARER (Saravia et al. 2018), EmoBank
//! (Buechel and Hahn 2017) and ISEAR (Scherer and Wallbott 1994).

use std::path::Path;

use super::{class, keep_dev, one, parts, stem};
use crate::manifest::rows::each_as;
use crate::manifest::separated::Format;
use crate::read::texts::{ISEAR_VALID, fnv};
use crate::{Card, Example, Label, Media, Part, Result};

fn text(words: &str) -> Vec<Media> {
    vec![Media::Text(words.to_owned())]
}

/// `train.tsv`, `dev.tsv` and `test.tsv`: text, numbers of classes, name of the comment.
pub(super) fn goemotions(folder: &Path, card: &Card) -> Result<Vec<Example>> {
    let columns = Some(["text", "labels", "id"].as_slice());
    let format = Format { columns, ..Format::TSV };
    let count = card.labels[0].classes.len();
    let mut examples = Vec::new();
    let files = [("train.tsv", Part::Train), ("dev.tsv", Part::Dev), ("test.tsv", Part::Valid)];
    for (file, part) in parts(folder, files) {
        each_as(&file, format, &mut |record| {
            let number = |cell: &str| match cell.trim().parse() {
                Ok(number) if number < count => Ok(number),
                _ => Err(record.bad(format!("`{cell}` is no number of a class below {count}"))),
            };
            let labels: Vec<usize> =
                record.under("labels")?.split(',').map(number).collect::<Result<_>>()?;
            examples.push(Example {
                media: text(record.under("text")?),
                labels: vec![Some(Label::Multi(labels))],
                part,
                ..Example::new(format!("{}:{}", stem(&file), record.under("id")?))
            });
            Ok(())
        })?;
    }
    Ok(keep_dev(examples))
}

/// `train.txt`, `val.txt` and `test.txt`: text, `;`, class.
pub(super) fn dair_emotion(folder: &Path, card: &Card) -> Result<Vec<Example>> {
    let columns = Some(["text", "emotion"].as_slice());
    let format = Format { delimiter: b';', quotes: false, columns, ragged: false };
    let mut examples = Vec::new();
    let files = [("train.txt", Part::Train), ("val.txt", Part::Dev), ("test.txt", Part::Valid)];
    for (file, part) in parts(folder, files) {
        each_as(&file, format, &mut |record| {
            examples.push(Example {
                media: text(record.under("text")?),
                labels: one(card, record, record.under("emotion")?)?,
                part,
                ..Example::new(format!("{}:{}", stem(&file), record.number - 1))
            });
            Ok(())
        })?;
    }
    Ok(keep_dev(examples))
}

/// `emobank.csv`: id, split, V, A and D from 1 to 5, text.
pub(super) fn emobank(folder: &Path, _: &Card) -> Result<Vec<Example>> {
    let mut examples = Vec::new();
    each_as(&folder.join("emobank.csv"), Format::CSV, &mut |record| {
        let part = match record.under("split")? {
            "train" => Part::Train,
            "dev" => Part::Dev,
            "test" => Part::Valid,
            other => return Err(record.bad(format!("`{other}` is not train, dev or test"))),
        };
        let rating = |column: &str| {
            let cell = record.under(column)?;
            let rating = cell.parse::<f32>().ok().filter(|rating| (1.0..=5.0).contains(rating));
            let reason = || format!("`{cell}` under `{column}` is not within 1 to 5");
            Ok((rating.ok_or_else(|| record.bad(reason()))? - 3.0) / 2.0)
        };
        let ratings = ["V", "A", "D"].into_iter().map(rating).collect::<Result<_>>()?;
        examples.push(Example {
            media: text(record.under("text")?),
            labels: vec![Some(Label::Rating(ratings))],
            part,
            ..Example::new(record.under("id")?)
        });
        Ok(())
    })?;
    if examples.iter().all(|example| example.part != Part::Valid) {
        let dev = examples.iter_mut().filter(|example| example.part == Part::Dev);
        dev.for_each(|example| example.part = Part::Valid);
    }
    Ok(keep_dev(examples))
}

/// `isear.csv`: 43 columns between `|`. A single `á` stands where the paper form broke a line.
pub(super) fn isear(folder: &Path, card: &Card) -> Result<Vec<Example>> {
    let format = Format { delimiter: b'|', quotes: false, ..Format::CSV };
    let mut examples = Vec::new();
    each_as(&folder.join("isear.csv"), format, &mut |record| {
        let writer = record.under("ID")?;
        let words = record.under("SIT")?.split_whitespace().filter(|word| *word != "á");
        let sex = match record.under("SEX")? {
            "1" => Some("male"),
            "2" => Some("female"),
            _ => None,
        };
        let sex = sex.map(|sex| ("sex".to_owned(), sex.to_owned()));
        let country = ("country".to_owned(), record.under("COUN")?.to_owned());
        let held_out = fnv(writer).is_multiple_of(ISEAR_VALID);
        examples.push(Example {
            speaker: Some(writer.to_owned()),
            groups: sex.into_iter().chain([country]).collect(),
            media: text(&words.collect::<Vec<_>>().join(" ")),
            labels: vec![Some(Label::Class(class(card, record, record.under("Field1")?)?))],
            part: if held_out { Part::Valid } else { Part::Train },
            ..Example::new(record.under("MYKEY")?)
        });
        Ok(())
    })?;
    Ok(examples)
}
