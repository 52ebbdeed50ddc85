//! What one would try without any trained encoder: logistic regression on TF-IDF of the words, or
//! on functionals of acoustic descriptors, with its penalty chosen by cross-validation.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use limbic_corpus::{Example, Media};
use limbic_features::normalise_text;
use limbic_media::Modality;

use super::choose::Labelled;
use super::folds::Folds;
use super::head::{Layout, likelihood};
use crate::Value;
use crate::probe::minimised;
use crate::reader::Reader;

/// Penalties that are tried: `1 / (C n)` of scikit-learn for C from 0.1 to 1000.
const STRENGTHS: [f64; 5] = [0.1, 1.0, 10.0, 100.0, 1000.0];

/// What is known of a clip without an encoder.
#[derive(Debug, Clone, PartialEq)]
pub enum Classical {
    /// Its words and pairs of neighbours, each with how often it occurs.
    Words(BTreeMap<String, f64>),
    /// The functionals of its voice.
    Voice(Vec<f32>),
}

impl Classical {
    /// The features of one modality of a clip; `None` where it has none, or they cannot be read.
    pub fn read(example: &Example, modality: Modality) -> Option<Self> {
        match modality {
            Modality::Text => example.media.iter().find_map(|medium| match medium {
                Media::Text(text) => Some(Self::Words(words(text))),
                _ => None,
            }),
            Modality::Audio => match Reader::Descriptors.read(example, None, 0) {
                Ok(Some(Value::Vectors(vectors))) => Some(Self::Voice(vectors.first()?.clone())),
                _ => None,
            },
            Modality::Vision | Modality::Body => None,
        }
    }
}

/// Words and pairs of neighbours, with one plus the logarithm of how often each occurs.
fn words(text: &str) -> BTreeMap<String, f64> {
    let text = normalise_text(text).to_lowercase();
    let words: Vec<&str> =
        text.split(|c: char| !c.is_alphanumeric() && c != '\'').filter(|w| !w.is_empty()).collect();
    let mut counts: BTreeMap<String, f64> = BTreeMap::new();
    let pairs = words.windows(2).map(|pair| pair.join(" "));
    for word in words.iter().map(|word| (*word).to_owned()).chain(pairs) {
        *counts.entry(word).or_insert(0.0) += 1.0;
    }
    for count in counts.values_mut() {
        *count = 1.0 + count.ln();
    }
    counts
}

/// Clips that a regression learns from, all of one kind, and what is known of each.
pub struct Known<'a> {
    /// Their features.
    pub clips: Vec<&'a Classical>,
    /// Their classes.
    pub classes: Vec<usize>,
    /// Their speakers, where they are known.
    pub speakers: Vec<Option<&'a str>>,
    /// How many classes there are.
    pub count: usize,
}

impl Known<'_> {
    /// The scores that logistic regression on these clips gives `asked` ones; clips of another
    /// kind answer with zeros.
    pub fn answers(&self, asked: &[&Classical]) -> Vec<Vec<f64>> {
        match self.clips.first() {
            Some(Classical::Words(_)) => of_words(self, asked),
            Some(Classical::Voice(_)) => of_voices(self, asked),
            None => vec![vec![0.0; self.count]; asked.len()],
        }
    }
}

/// A text as the weights of known words.
type Sparse = Vec<(usize, f64)>;

fn of_words(known: &Known<'_>, asked: &[&Classical]) -> Vec<Vec<f64>> {
    let Known { clips, classes, count, .. } = known;
    let mut documents: BTreeMap<&str, f64> = BTreeMap::new();
    for clip in clips {
        let Classical::Words(words) = clip else { continue };
        for word in words.keys() {
            *documents.entry(word).or_insert(0.0) += 1.0;
        }
    }
    let n = clips.len() as f64;
    // Smoothed, as scikit-learn has it: ln((1 + n) / (1 + df)) + 1.
    let places: HashMap<&str, (usize, f64)> = documents
        .iter()
        .enumerate()
        .map(|(place, (word, df))| (*word, (place, ((1.0 + n) / (1.0 + df)).ln() + 1.0)))
        .collect();
    let weighed = |clip: &&Classical| -> Sparse {
        let Classical::Words(words) = clip else { return Vec::new() };
        let own = words.iter().filter_map(|(word, tf)| {
            let (place, idf) = places.get(word.as_str())?;
            Some((*place, tf * idf))
        });
        let own: Sparse = own.collect();
        let length = own.iter().map(|(_, w)| w * w).sum::<f64>().sqrt().max(1e-12);
        own.into_iter().map(|(place, w)| (place, w / length)).collect()
    };
    let rows: Vec<Sparse> = clips.iter().map(weighed).collect();
    let size = places.len() + 1;
    let strength = known.strength(&STRENGTHS, |some, out, strength| {
        let own: Vec<&Sparse> = some.iter().map(|clip| &rows[*clip]).collect();
        let own_classes: Vec<usize> = some.iter().map(|clip| classes[*clip]).collect();
        let flat = sparse(&own, &own_classes, *count, size, strength);
        out.iter().map(|clip| answer(&flat, &rows[*clip], size)).collect()
    });
    let flat = sparse(&rows.iter().collect::<Vec<_>>(), classes, *count, size, strength);
    asked.iter().map(|clip| answer(&flat, &weighed(clip), size)).collect()
}

impl Known<'_> {
    /// The one of `tried` that answers held-out clips best; the middle one where none can be held
    /// out.
    fn strength(
        &self,
        tried: &[f64],
        fit: impl Fn(&[usize], &[usize], f64) -> Vec<Vec<f64>>,
    ) -> f64 {
        let usual = tried[tried.len() / 2];
        let occurring = self.classes.iter().collect::<BTreeSet<_>>().len();
        if self.classes.len() < 2 * occurring {
            return usual;
        }
        let Some(folds) = Folds::deal(&self.classes, &self.speakers, 3) else { return usual };
        let loss = |strength: f64| -> f64 {
            let each = (0..folds.count).map(|fold| {
                let (some, out) = folds.sides(fold);
                let own: Vec<usize> = out.iter().map(|clip| self.classes[*clip]).collect();
                likelihood(&fit(&some, &out, strength), &own, 1.0) * out.len() as f64
            });
            each.sum()
        };
        let losses = tried.iter().map(|strength| (*strength, loss(*strength)));
        losses.fold((usual, f64::INFINITY), |b, own| if own.1 < b.1 { own } else { b }).0
    }
}

/// Multinomial logistic regression of sparse rows, `C` as scikit-learn has it: flat weights, a
/// class after the other, the bias last.
fn sparse(rows: &[&Sparse], classes: &[usize], count: usize, size: usize, c: f64) -> Vec<f64> {
    let n = rows.len().max(1) as f64;
    let penalty = 1.0 / (c * n);
    let at = |flat: &[f64]| {
        let (mut loss, mut gradient) = (0.0, vec![0.0; flat.len()]);
        for (row, class) in rows.iter().zip(classes) {
            let z = answer(flat, row, size);
            let top = z.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let log_sum = top + z.iter().map(|z| (z - top).exp()).sum::<f64>().ln();
            loss += (log_sum - z[*class]) / n;
            for (index, own) in gradient.chunks_exact_mut(size).enumerate() {
                let hit = f64::from(u8::from(index == *class));
                let error = ((z[index] - log_sum).exp() - hit) / n;
                row.iter().for_each(|(place, w)| own[*place] += error * w);
                own[size - 1] += error;
            }
        }
        for (own, weights) in gradient.chunks_exact_mut(size).zip(flat.chunks_exact(size)) {
            for (g, w) in own.iter_mut().zip(weights).take(size - 1) {
                loss += penalty / 2.0 * w * w;
                *g += penalty * w;
            }
        }
        (loss, gradient)
    };
    minimised(at, vec![0.0; count * size], 60, 1e-5)
}

fn answer(flat: &[f64], row: &Sparse, size: usize) -> Vec<f64> {
    let one =
        |own: &[f64]| row.iter().map(|(place, w)| own[*place] * w).sum::<f64>() + own[size - 1];
    flat.chunks_exact(size).map(one).collect()
}

fn of_voices(known: &Known<'_>, asked: &[&Classical]) -> Vec<Vec<f64>> {
    let numbers = |clip: &&Classical| match clip {
        Classical::Voice(numbers) => numbers.clone(),
        Classical::Words(_) => Vec::new(),
    };
    let mut rows: Vec<Vec<f32>> = known.clips.iter().map(numbers).collect();
    let mut others: Vec<Vec<f32>> = asked.iter().map(numbers).collect();
    standardise(&mut rows, &mut others);
    let views: Vec<&[f32]> = rows.iter().map(Vec::as_slice).collect();
    let layout = Layout::of(&views);
    let labelled = Labelled {
        views,
        starts: None,
        classes: known.classes.clone(),
        speakers: known.speakers.clone(),
        count: known.count,
    };
    let chosen = labelled.choose(&layout);
    others.iter().map(|row| chosen.scores(row, None)).collect()
}

/// Gives each column of `rows` mean 0 and deviation 1, and `others` the same change; what never
/// varies becomes 0.
fn standardise(rows: &mut [Vec<f32>], others: &mut [Vec<f32>]) {
    let n = rows.len().max(1) as f32;
    for column in 0..rows.first().map_or(0, Vec::len) {
        let mean = rows.iter().map(|row| row[column]).sum::<f32>() / n;
        let square = rows.iter().map(|row| (row[column] - mean).powi(2)).sum::<f32>() / n;
        let scale = if square > 1e-12 { square.sqrt().recip() } else { 0.0 };
        for row in rows.iter_mut().chain(others.iter_mut()) {
            if let Some(x) = row.get_mut(column) {
                *x = ((*x - mean) * scale).clamp(-10.0, 10.0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapt::head::best;

    /// The share of clips from `known` on that are answered rightly by those before.
    fn hits(clips: &[&Classical], classes: &[usize], known: usize) -> f64 {
        let learned = Known {
            clips: clips[..known].to_vec(),
            classes: classes[..known].to_vec(),
            speakers: vec![None; known],
            count: 2,
        };
        let said = learned.answers(&clips[known..]);
        let right = said.iter().zip(&classes[known..]).filter(|(z, class)| best(z) == **class);
        right.count() as f64 / said.len().max(1) as f64
    }

    #[test]
    fn words_that_tell_classes_apart_are_found() {
        let text = |i: usize| {
            let word = ["glad", "angry"][i % 2];
            Classical::Words(words(&format!("so {word} about number {}", i / 2)))
        };
        let clips: Vec<Classical> = (0..24).map(text).collect();
        let clips: Vec<&Classical> = clips.iter().collect();
        let classes: Vec<usize> = (0..24).map(|i| i % 2).collect();
        assert_eq!(hits(&clips, &classes, 16), 1.0);
    }

    #[test]
    fn a_column_that_tells_voices_apart_is_found_among_loud_ones() {
        let voice = |i: usize| {
            Classical::Voice(vec![(i * 7919 % 97) as f32 * 1e3, (i % 2) as f32 * 1e-3, 5.0])
        };
        let clips: Vec<Classical> = (0..40).map(voice).collect();
        let clips: Vec<&Classical> = clips.iter().collect();
        let classes: Vec<usize> = (0..40).map(|i| i % 2).collect();
        assert_eq!(hits(&clips, &classes, 30), 1.0);
    }
}
