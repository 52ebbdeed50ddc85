//! CMU-MOSI, CMU-MOSEI and CH-SIMS as the pickles of MMSA (Mao et al. 2022): `train`, `valid` and
//! `test`, each with texts, labels and three arrays of vectors over time, one matrix a clip.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use crate::pickle::{Limits, Numbers, Pickle, View};
use crate::{Card, Corpus, Error, Example, Label, Media, Part, Result};

/// The arrays, what their steps are counted by, and the names of their features.
const SERIES: [(&str, &str, &str); 3] = [
    ("text", "text_lengths", "mmsa-text@1"),
    ("audio", "audio_lengths", "mmsa-audio@1"),
    ("vision", "vision_lengths", "mmsa-vision@1"),
];

const PARTS: [(&str, Part); 3] =
    [("train", Part::Train), ("valid", Part::Dev), ("test", Part::Valid)];

/// The labels beside the one of the whole clip, in the order of the card of CH-SIMS.
const APART: [&str; 3] = ["regression_labels_T", "regression_labels_A", "regression_labels_V"];

/// From this many clips on a file is CMU-MOSEI (22,856) and not CMU-MOSI (2,199), which look the
/// same otherwise.
const MANY: usize = 10_000;

/// Clips that were read with their file.
struct Mmsa {
    card: Card,
    examples: Vec<Example>,
}

/// Opens a pickle in the layout of MMSA. Nothing in it is run.
///
/// Ratings are rescaled to -1 to 1. The video stands for the source and, in CMU-MOSI and
/// CMU-MOSEI, for the speaker, since each review is by one person.
///
/// # Errors
/// [`Error::Corpus`] with the key that is missing or odd, or for a pickle that asks for more than
/// values and numpy arrays.
pub fn pickled(path: &Path) -> Result<Box<dyn Corpus>> {
    let pickle = Pickle::read(path, Limits::USUAL)?;
    let top = pickle.top();
    let parts: Vec<_> =
        PARTS.iter().filter_map(|(key, part)| Some((*key, *part, top.get(key)?))).collect();
    if parts.is_empty() {
        let reason = "has none of `train`, `valid` and `test`, as the files of MMSA have";
        return Err(Error::corpus(path, reason));
    }
    let apart = parts.iter().any(|(_, _, part)| part.get(APART[0]).is_some());
    let scale = if apart { 1.0 } else { 3.0 };
    let mut examples = Vec::new();
    for (key, official, part) in parts {
        let table = Columns { path, key, part, apart };
        table.read(official, scale, &mut examples)?;
    }
    let mut seen = BTreeSet::new();
    if let Some(twice) = examples.iter().find(|example| !seen.insert(example.id.as_str())) {
        let reason = format!("`{}` is there twice; keep one", short(&twice.id));
        return Err(Error::corpus(path, reason));
    }
    let (name, card) = match (apart, examples.len() >= MANY) {
        (true, _) => ("sims_features", include_str!("../../../../corpora/sims_features.toml")),
        (false, true) => {
            ("mosei_features", include_str!("../../../../corpora/mosei_features.toml"))
        }
        (false, false) => ("mosi_features", include_str!("../../../../corpora/mosi_features.toml")),
    };
    let card = Card::parse(&format!("corpora/{name}.toml"), card)?;
    Ok(Box::new(Mmsa { card, examples }))
}

fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(60).collect()
}

/// One part of the file: a column a key, all of one length.
struct Columns<'a> {
    path: &'a Path,
    key: &'a str,
    part: View<'a>,
    /// Whether text, sound and film were rated apart.
    apart: bool,
}

impl<'a> Columns<'a> {
    fn bad(&self, column: &str, reason: &str) -> Error {
        Error::corpus(self.path, format!("`{}` / `{column}` {reason}", self.key))
    }

    fn column(&self, name: &str) -> Result<View<'a>> {
        self.part
            .get(name)
            .ok_or_else(|| self.bad(name, "is missing, which the files of MMSA have"))
    }

    fn sized<T>(&self, name: &str, found: Option<Vec<T>>, count: Option<usize>) -> Result<Vec<T>> {
        let found = found.ok_or_else(|| self.bad(name, "is not a list of one value a clip"))?;
        match count {
            Some(count) if count != found.len() => {
                let reason = format!("has {} values for {count} clips", found.len());
                Err(self.bad(name, &reason))
            }
            _ => Ok(found),
        }
    }

    /// Ratings of one label set, within -1 to 1.
    fn ratings(&self, name: &str, count: usize, scale: f64) -> Result<Vec<f32>> {
        let ratings = self.sized(name, self.column(name)?.numbers(), Some(count))?;
        match ratings.iter().find(|rating| rating.is_nan() || rating.abs() > scale) {
            Some(odd) => {
                let reason = format!("holds {odd}, which is not within -{scale} to {scale}");
                Err(self.bad(name, &reason))
            }
            None => Ok(ratings.into_iter().map(|rating| (rating / scale) as f32).collect()),
        }
    }

    /// The steps of each clip: as stated; for texts by the mask of their tokens; or all of them.
    fn lengths(&self, name: &str, array: &Numbers<'_>, column: &str) -> Result<Vec<usize>> {
        let &[count, most, width] = array.shape else {
            return Err(self.bad(column, "has not the axes clips, steps and features"));
        };
        if width == 0 {
            return Err(self.bad(column, "has no features"));
        }
        let steps = match (self.part.get(name), self.part.get("text_bert")) {
            (Some(lengths), _) => self.sized(name, lengths.numbers(), Some(count))?,
            (None, Some(tokens))
                if column == "text" || self.part.get("audio_lengths").is_none() =>
            {
                match masked(tokens, count, most) {
                    Some(steps) => steps,
                    None => return Ok(vec![most; count]),
                }
            }
            _ => return Ok(vec![most; count]),
        };
        let whole = |steps: f64| (steps >= 0.0 && steps <= most as f64).then_some(steps as usize);
        let steps: Option<Vec<usize>> = steps.into_iter().map(whole).collect();
        steps.ok_or_else(|| self.bad(name, &format!("has a length that is not within 0 to {most}")))
    }

    fn read(&self, official: Part, scale: f64, examples: &mut Vec<Example>) -> Result<()> {
        let ids = self.sized("id", self.column("id")?.texts(), None)?;
        let count = ids.len();
        let texts = self.sized("raw_text", self.column("raw_text")?.texts(), Some(count))?;
        let own = std::iter::once("regression_labels");
        let sets = own.chain(APART.into_iter().filter(|_| self.apart));
        let ratings =
            sets.map(|set| self.ratings(set, count, scale)).collect::<Result<Vec<_>>>()?;
        let mut series = Vec::new();
        for (column, lengths, name) in SERIES {
            let Some(found) = self.part.get(column) else { continue };
            let array = found.array().map_err(|reason| self.bad(column, reason))?;
            if array.shape.first() != Some(&count) {
                let reason = format!("has the shape {:?} for {count} clips", array.shape);
                return Err(self.bad(column, &reason));
            }
            series.push((column, name, array, self.lengths(lengths, &array, column)?));
        }
        for (index, (id, text)) in ids.into_iter().zip(texts).enumerate() {
            let mut media = Vec::with_capacity(series.len() + 1);
            for (column, name, array, lengths) in &series {
                let steps = lengths[index];
                if steps == 0 {
                    continue;
                }
                let numbers = array.matrix(index, steps);
                let mut numbers =
                    numbers.ok_or_else(|| self.bad(column, "is not an array of numbers"))?;
                numbers.iter_mut().filter(|n| !n.is_finite()).for_each(|n| *n = 0.0);
                let width = numbers.len() / steps;
                media.push(Media::Series((*name).into(), Arc::from(numbers), width));
            }
            if !text.trim().is_empty() {
                media.push(Media::Text(text));
            }
            let video = id.split("$_$").next().unwrap_or(&id).to_owned();
            let labels = ratings.iter().map(|set| Some(Label::Rating(vec![set[index]])));
            examples.push(Example {
                // A review is by one person; a scene of a film is not.
                speaker: (!self.apart).then(|| video.clone()),
                source: Some(video),
                media,
                labels: labels.collect(),
                part: official,
                ..Example::new(id)
            });
        }
        Ok(())
    }
}

/// How many tokens each clip has, by the second row (the attention mask) of `text_bert`, of the
/// shape clips, 3, tokens.
fn masked(tokens: View<'_>, count: usize, most: usize) -> Option<Vec<f64>> {
    let array = tokens.array().ok()?;
    let &[items, 3, length] = array.shape else { return None };
    if items != count || length != most {
        return None;
    }
    let steps = |item| {
        let rows = array.matrix(item, 2)?;
        let mask = &rows[length..];
        let steps = mask.iter().take_while(|on| **on > 0.0).count();
        // Tokens that do not come first say nothing of where the vectors are.
        mask[steps..].iter().all(|on| *on == 0.0).then_some(steps as f64)
    };
    (0..count).map(steps).collect()
}

impl Corpus for Mmsa {
    fn examples(&self) -> Result<Vec<Example>> {
        Ok(self.examples.clone())
    }

    fn card(&self) -> &Card {
        &self.card
    }
}
