//! Folds of somebody's clips: no speaker in two of them where speakers are known.

use std::collections::BTreeMap;

/// Which clips are held out together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folds {
    /// The fold of each clip.
    pub of: Vec<usize>,
    /// How many there are.
    pub count: usize,
    /// Whether each speaker is in one fold; else each clip was dealt on its own.
    pub by_speaker: bool,
}

impl Folds {
    /// At most `most` folds with classes as even as they come: by speaker where every clip has
    /// one and there are two, else by clip. `None` with fewer than two clips.
    pub fn deal(classes: &[usize], speakers: &[Option<&str>], most: usize) -> Option<Self> {
        let mut groups: BTreeMap<Option<&str>, Vec<usize>> = BTreeMap::new();
        for (clip, speaker) in speakers.iter().enumerate() {
            groups.entry(*speaker).or_default().push(clip);
        }
        let by_speaker = groups.len() > 1 && !groups.contains_key(&None);
        let mut groups: Vec<Vec<usize>> = if by_speaker {
            groups.into_values().collect()
        } else {
            let mut clips: Vec<usize> = (0..classes.len()).collect();
            clips.sort_by_key(|clip| classes[*clip]);
            clips.into_iter().map(|clip| vec![clip]).collect()
        };
        let count = most.min(groups.len());
        if count < 2 {
            return None;
        }
        groups.sort_by_key(|clips| std::cmp::Reverse(clips.len()));
        let kinds = classes.iter().max().map_or(0, |most| most + 1);
        let mut totals = vec![0.0f64; kinds];
        for class in classes {
            totals[*class] += 1.0;
        }
        let mut held = vec![vec![0.0f64; kinds]; count];
        let mut of = vec![0; classes.len()];
        for clips in groups {
            let mut own = vec![0.0; kinds];
            for clip in &clips {
                own[classes[*clip]] += 1.0;
            }
            // What the squares of the shares of each class grow by; then the emptier fold.
            let cost = |fold: &Vec<f64>| -> (f64, f64) {
                let each = fold.iter().zip(&own).zip(&totals).filter(|((_, own), _)| **own > 0.0);
                let grows = each.map(|((held, own), all)| (2.0 * held + own) * own / (all * all));
                (grows.sum(), fold.iter().sum())
            };
            let costs: Vec<(f64, f64)> = held.iter().map(cost).collect();
            let best = (0..count).min_by(|a, b| {
                let ((a, full), (b, other)) = (costs[*a], costs[*b]);
                a.total_cmp(&b).then(full.total_cmp(&other))
            });
            let fold = best.unwrap_or(0);
            held[fold].iter_mut().zip(&own).for_each(|(held, own)| *held += own);
            for clip in clips {
                of[clip] = fold;
            }
        }
        Some(Self { of, count, by_speaker })
    }

    /// The clips that are learned from and those that are held out with `fold`.
    pub fn sides(&self, fold: usize) -> (Vec<usize>, Vec<usize>) {
        (0..self.of.len()).partition(|clip| self.of[*clip] != fold)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_speaker_is_in_one_fold_and_classes_are_in_all() {
        let classes: Vec<usize> = (0..60).map(|clip| clip % 3).collect();
        let names: Vec<String> = (0..60).map(|clip| (clip / 5).to_string()).collect();
        let speakers: Vec<Option<&str>> = names.iter().map(|name| Some(name.as_str())).collect();
        let folds = Folds::deal(&classes, &speakers, 5).unwrap();
        assert!(folds.by_speaker && folds.count == 5);
        for clip in 0..60 {
            assert_eq!(folds.of[clip], folds.of[clip - clip % 5]);
        }
        for fold in 0..5 {
            let (_, out) = folds.sides(fold);
            assert!((0..3).all(|class| out.iter().any(|clip| classes[*clip] == class)));
        }
    }

    #[test]
    fn without_speakers_each_clip_is_dealt_on_its_own() {
        let classes: Vec<usize> = (0..20).map(|clip| usize::from(clip >= 10)).collect();
        let folds = Folds::deal(&classes, &[None; 20], 5).unwrap();
        assert!(!folds.by_speaker);
        for fold in 0..5 {
            let (_, out) = folds.sides(fold);
            assert_eq!(out.iter().filter(|clip| classes[**clip] == 0).count(), 2, "{folds:?}");
        }
        assert_eq!(Folds::deal(&[0], &[None], 5), None);
    }
}
