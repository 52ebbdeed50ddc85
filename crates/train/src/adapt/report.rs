//! What an adaptation is worth, before and after, on clips that were held out.

use std::collections::BTreeMap;

use limbic_evaluate::{intervals, mcnemar};
use limbic_media::{Modality, PerModality};
use serde::Serialize;

use super::choose::sureness;
use super::clips::Clip;
use super::head::best;
use super::learn::{joined, subsets, summed};
use crate::metric;

/// Scores of one class a clip.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Numbers {
    /// Share of the clips that are right.
    pub accuracy: f64,
    /// Mean over the classes of the share of each that is found.
    pub uar: f64,
    /// Mean over the classes of the F1 of each.
    pub macro_f1: f64,
    /// Between which values 95 % of the resamples of each lie: of speakers, or of clips where
    /// speakers are not known.
    pub intervals: BTreeMap<String, [f64; 2]>,
}

/// Before and after, for one choice of modalities.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Compared {
    /// The modalities, joined by `+`; `whatever is there` of clips as they are.
    pub inputs: String,
    /// How many clips.
    pub clips: usize,
    /// By the words of the classes, or the commonest class where rows are not words.
    pub before: Numbers,
    /// With the fitted rows.
    pub after: Numbers,
    /// Expected calibration error of the fitted rows.
    pub ece: f64,
    /// How likely as large a difference would be if there were none (McNemar's exact test).
    pub p: f64,
}

/// How a class fared.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PerClass {
    /// Its name.
    pub name: String,
    /// How many labelled clips there are.
    pub clips: usize,
    /// The share of them that is found, where some were held out.
    pub recall: Option<f64>,
}

/// What every clip was answered by models that had not learned from it.
#[derive(Debug, Clone, Default)]
pub struct HeldOut {
    /// Calibrated scores before, by clip.
    pub before: Vec<PerModality<Vec<f64>>>,
    /// Calibrated scores after, by clip.
    pub after: Vec<PerModality<Vec<f64>>>,
}

/// The class of a clip, what was said before and after, and whose it is.
type Row<'a> = (usize, usize, usize, Option<&'a str>);

/// The name of what is told of clips as they are, whatever they have.
pub const WHATEVER: &str = "whatever is there";

/// Scores of pairs of class and answer, with intervals over `units`.
pub(super) fn numbers(pairs: &[(usize, usize)], units: &[Option<&str>], count: usize) -> Numbers {
    let scored = |chosen: &[usize]| -> Vec<(String, f64)> {
        let own: Vec<(usize, usize)> = chosen.iter().map(|i| pairs[*i]).collect();
        let f1 = metric::f1_per_class(&own, count);
        vec![
            ("accuracy".to_owned(), metric::accuracy(&own)),
            ("uar".to_owned(), metric::uar(&own, count)),
            ("macro_f1".to_owned(), metric::macro_mean(&f1)),
        ]
    };
    let whole = scored(&(0..pairs.len()).collect::<Vec<_>>());
    let value = |name: &str| whole.iter().find(|(own, _)| own == name).map_or(f64::NAN, |v| v.1);
    Numbers {
        accuracy: value("accuracy"),
        uar: value("uar"),
        macro_f1: value("macro_f1"),
        intervals: intervals(units, scored),
    }
}

impl HeldOut {
    /// Tables for every choice of modalities that some clips have, and for clips as they are;
    /// temperatures of summed scores beside them. `by_speaker` says what is resampled.
    pub fn compare(
        &self,
        clips: &[Clip],
        modalities: &[Modality],
        count: usize,
        by_speaker: bool,
    ) -> (Vec<Compared>, BTreeMap<String, f32>) {
        let mut all = Vec::new();
        let mut temperatures = BTreeMap::new();
        let mut choices: Vec<Option<Vec<Modality>>> =
            subsets(modalities).into_iter().map(Some).collect();
        if modalities.len() > 1 {
            choices.push(None);
        }
        for choice in choices {
            let (mut scores, mut rows) = (Vec::new(), Vec::new());
            for (index, clip) in clips.iter().enumerate() {
                let Some(class) = clip.class else { continue };
                let own: Vec<Modality> = match &choice {
                    Some(subset) => subset.clone(),
                    None => self.after.get(index).map_or_else(Vec::new, there),
                };
                let answer = |said: &[PerModality<Vec<f64>>]| summed(said.get(index)?, &own);
                let (Some(before), Some(after)) = (answer(&self.before), answer(&self.after))
                else {
                    continue;
                };
                let unit = if by_speaker { clip.speaker.as_deref() } else { Some(&*clip.id) };
                rows.push((class, best(&before), best(&after), unit));
                scores.push(after);
            }
            if rows.is_empty() {
                continue;
            }
            let classes: Vec<usize> = rows.iter().map(|row| row.0).collect();
            let temperature = match &choice {
                Some(subset) if subset.len() == 1 => 1.0,
                _ => sureness(&scores, &classes),
            };
            let inputs = choice.as_deref().map_or_else(|| WHATEVER.to_owned(), joined);
            if choice.is_some() {
                temperatures.insert(inputs.clone(), temperature as f32);
            }
            let sure: Vec<(f64, bool)> = scores
                .iter()
                .zip(&classes)
                .map(|(z, class)| sure(z, *class, temperature))
                .collect();
            let units: Vec<Option<&str>> = rows.iter().map(|row| row.3).collect();
            let pairs = |of: fn(&Row<'_>) -> usize| {
                let pairs: Vec<_> = rows.iter().map(|row| (row.0, of(row))).collect();
                numbers(&pairs, &units, count)
            };
            let only = |first: fn(&Row<'_>) -> bool| rows.iter().filter(|row| first(row)).count();
            let lost = only(|row| row.1 == row.0 && row.2 != row.0);
            let won = only(|row| row.2 == row.0 && row.1 != row.0);
            all.push(Compared {
                inputs,
                clips: rows.len(),
                before: pairs(|row| row.1),
                after: pairs(|row| row.2),
                ece: metric::ece(&sure),
                p: mcnemar(lost, won),
            });
        }
        (all, temperatures)
    }

    /// The share of each class that is found in clips as they are.
    pub fn recalls(&self, clips: &[Clip], count: usize) -> Vec<Option<f64>> {
        let mut found = vec![(0.0, 0.0); count];
        for (clip, said) in clips.iter().zip(&self.after) {
            let (Some(class), Some(z)) = (clip.class, summed(said, &there(said))) else { continue };
            found[class].0 += f64::from(u8::from(best(&z) == class));
            found[class].1 += 1.0;
        }
        found.into_iter().map(|(hits, all)| (all > 0.0).then(|| hits / all)).collect()
    }
}

/// The modalities that something was said of.
fn there(said: &PerModality<Vec<f64>>) -> Vec<Modality> {
    said.iter().map(|(modality, _)| modality).collect()
}

/// The probability of the likeliest class, and whether it is right.
fn sure(z: &[f64], class: usize, temperature: f64) -> (f64, bool) {
    let top = best(z);
    let sum: f64 = z.iter().map(|own| ((own - z[top]) / temperature).exp()).sum();
    (sum.recip(), top == class)
}
