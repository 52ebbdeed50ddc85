use limbic_media::Modality::{Audio, Text, Vision};

use super::*;
use crate::dataset::made_up;
use crate::{gain, score};

fn uar(dataset: &Dataset, kind: ProbeKind, penalty: f64, subset: &[Modality]) -> f64 {
    let config = Config { kind, penalty, on: ProbeOn::Inputs };
    let (train, test): (Vec<usize>, Vec<usize>) = (0..60).partition(|i| i % 4 != 3);
    let subsets = [subset.to_vec()];
    let found = probed(config, &Model::default(), dataset, [&train, &test], &subsets).unwrap();
    assert_eq!(found.len(), test.len());
    score(dataset, &found, &std::collections::BTreeMap::new())[0].metrics["uar"]
}

#[test]
fn a_probe_reads_what_is_linear_in_the_inputs_and_nothing_from_nothing() {
    let dataset = made_up(60);
    // The second number of a face is the class; the steps of a sound only count up.
    assert_eq!(uar(&dataset, ProbeKind::Logistic, 1e-4, &[Vision]), 1.0);
    assert_eq!(uar(&dataset, ProbeKind::Logistic, 1e-4, &[Text, Audio, Vision]), 1.0);
    assert!(uar(&dataset, ProbeKind::Logistic, 1e-4, &[Audio]) < 0.6);
    // All weight on the penalty leaves the biases: one class for everyone.
    assert!((uar(&dataset, ProbeKind::Ridge, 1e12, &[Vision]) - 1.0 / 3.0).abs() < 1e-9);
}

#[test]
fn a_series_is_summed_up_by_mean_and_deviation() {
    let rows = summaries(&made_up(2), &[1], &[Text]);
    // Clip 1: three steps (100, 101), (102, 103), (104, 105).
    let spread = (8.0f32 / 3.0).sqrt();
    assert_eq!(rows, [(1, vec![102.0, 103.0, spread, spread])]);
}

#[test]
fn a_gain_is_a_difference_on_the_same_clips_and_nothing_over_oneself() {
    let dataset = made_up(60);
    let (train, test): (Vec<usize>, Vec<usize>) = (0..60).partition(|i| i % 5 != 3);
    let ask = |modality: Modality| {
        let config = Config { kind: ProbeKind::Logistic, penalty: 1e-4, on: ProbeOn::Inputs };
        let subsets = [vec![modality]];
        let mut found =
            probed(config, &Model::default(), &dataset, [&train, &test], &subsets).unwrap();
        // As if both had been shown the same.
        for outcome in &mut found {
            outcome.modalities = vec![Vision];
        }
        found
    };
    let (face, sound, none) = (ask(Vision), ask(Audio), std::collections::BTreeMap::new());
    let gained = &gain(&dataset, &face, &sound, &none)[0];
    let [face_uar, sound_uar] =
        [&face, &sound].map(|o| score(&dataset, o, &none)[0].metrics["uar"]);
    assert!((gained.metrics["uar"] - (face_uar - sound_uar)).abs() < 1e-12);
    assert!(gained.intervals["uar"][0] > 0.0, "{gained:?}");
    let same = &gain(&dataset, &face, &face, &none)[0];
    assert_eq!((same.metrics["uar"], same.intervals["uar"]), (0.0, [0.0, 0.0]));
    assert!(gain(&dataset, &face, &[], &none).is_empty(), "nothing to compare with");
}
