//! How far a score could be off with other speakers.

use std::collections::BTreeMap;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::Unit;

/// How often speakers are drawn.
pub const RESAMPLES: usize = 1000;
/// Share of the resamples that lie below the interval, and above it.
const TAIL: f64 = 0.025;

/// Draws speakers with replacement, as many as there are, each with all of their clips.
pub(crate) struct Resampler {
    /// The clips of each speaker.
    units: Vec<Vec<usize>>,
    clips: usize,
    /// What is drawn.
    pub(crate) unit: Unit,
}

impl Resampler {
    /// Draws speakers where each clip has one and there are two, else single clips; `None` where
    /// there are no two clips either.
    pub(crate) fn new(speakers: &[Option<&str>]) -> Option<Self> {
        let clips = speakers.len();
        let (units, unit) = match by_speaker(speakers) {
            Some(units) => (units, Unit::Speakers),
            None => ((0..clips).map(|clip| vec![clip]).collect(), Unit::Clips),
        };
        (units.len() > 1).then_some(Self { units, clips, unit })
    }

    /// Hands over `resamples` times how often each clip was drawn, the same ones each time.
    pub(crate) fn each(&self, resamples: usize, mut read: impl FnMut(&[f64])) {
        let mut random = ChaCha8Rng::seed_from_u64(0);
        let mut weights = vec![0.0; self.clips];
        for _ in 0..resamples {
            weights.fill(0.0);
            for _ in 0..self.units.len() {
                for clip in &self.units[random.random_range(0..self.units.len())] {
                    weights[*clip] += 1.0;
                }
            }
            read(&weights);
        }
    }
}

/// The clips of each speaker, by name; `None` where one is unknown or alone.
fn by_speaker(speakers: &[Option<&str>]) -> Option<Vec<Vec<usize>>> {
    let mut clips: BTreeMap<Option<&str>, Vec<usize>> = BTreeMap::new();
    for (clip, speaker) in speakers.iter().enumerate() {
        clips.entry(*speaker).or_default().push(clip);
    }
    let known = clips.len() > 1 && !clips.contains_key(&None);
    known.then(|| clips.into_values().collect())
}

/// Between which values 95 % of the resampled ones that are numbers lie (the percentile interval
/// of Efron and Tibshirani 1993, chapter 13); none without any.
pub(crate) fn interval(mut values: Vec<f64>) -> Option<[f64; 2]> {
    values.retain(|value| !value.is_nan());
    values.sort_by(f64::total_cmp);
    (!values.is_empty()).then(|| [quantile(&values, TAIL), quantile(&values, 1.0 - TAIL)])
}

/// For each metric, the values between which 95 % of its resamples lie (the percentile interval
/// of Efron and Tibshirani 1993, chapter 13): as many speakers as there are are drawn with
/// replacement, each with all of their clips. `speakers` names the speaker of each clip, and
/// `metrics` scores a choice of clips. Nothing where a speaker is unknown or alone; a resample
/// without a value for a metric does not count for it.
pub fn intervals(
    speakers: &[Option<&str>],
    metrics: impl Fn(&[usize]) -> Vec<(String, f64)>,
) -> BTreeMap<String, [f64; 2]> {
    let Some(clips) = by_speaker(speakers) else { return BTreeMap::new() };
    let mut random = ChaCha8Rng::seed_from_u64(0);
    let mut values: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for _ in 0..RESAMPLES {
        let drawn: Vec<usize> = (0..clips.len())
            .flat_map(|_| clips[random.random_range(0..clips.len())].iter().copied())
            .collect();
        for (name, value) in metrics(&drawn) {
            values.entry(name).or_default().push(value);
        }
    }
    values.into_iter().filter_map(|(name, values)| Some((name, interval(values)?))).collect()
}

/// The value below which a share of sorted values lies, on a straight line between neighbours.
pub fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    let (low, high) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    low + (high - low) * place.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The mean of the numbers of the clips drawn.
    fn of(speakers: &[Option<&str>], numbers: &[f64]) -> BTreeMap<String, [f64; 2]> {
        intervals(speakers, |drawn| {
            let sum: f64 = drawn.iter().map(|clip| numbers[*clip]).sum();
            vec![("mean".to_owned(), sum / drawn.len() as f64), ("never".to_owned(), f64::NAN)]
        })
    }

    #[test]
    fn a_few_speakers_make_a_wide_interval_however_many_clips_they_have() {
        // Two speakers, one always right and one always wrong: both are drawn twice in a quarter
        // of the resamples each.
        let speakers: Vec<_> = (0..400).map(|i| Some(["a", "b"][i % 2])).collect();
        let numbers: Vec<f64> = (0..400).map(|i| (i % 2) as f64).collect();
        assert_eq!(of(&speakers, &numbers), BTreeMap::from([("mean".to_owned(), [0.0, 1.0])]));
        // The same clips from a speaker each: one standard error is 1/40.
        let names: Vec<String> = (0..400).map(|i| i.to_string()).collect();
        let speakers: Vec<_> = names.iter().map(|name| Some(name.as_str())).collect();
        let [low, high] = of(&speakers, &numbers)["mean"];
        assert!((low - (0.5 - 1.96 / 40.0)).abs() < 0.006, "{low}");
        assert!((high - (0.5 + 1.96 / 40.0)).abs() < 0.006, "{high}");
    }

    #[test]
    fn without_two_known_speakers_there_is_no_interval() {
        assert!(of(&[Some("a"), Some("a")], &[0.0, 1.0]).is_empty());
        assert!(of(&[Some("a"), None], &[0.0, 1.0]).is_empty());
        assert!(of(&[], &[]).is_empty());
    }

    #[test]
    fn quantiles_lie_between_neighbours() {
        assert_eq!(quantile(&[1.0, 2.0, 4.0], 0.75), 3.0);
        assert_eq!(quantile(&[7.0], 0.975), 7.0);
    }
}
