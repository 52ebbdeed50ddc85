//! Projections against the solver of the reference, and what must hold of every update.

use std::convert::Infallible;

use super::*;
use crate::golden::open;

/// That of Dai et al. 2020.
const MARGIN: f64 = 0.01;

fn gradient(values: &[f64]) -> Gradient {
    // Cut in two, since a gradient is made of several weights.
    let values: Vec<f32> = values.iter().map(|v| *v as f32).collect();
    let (a, b) = values.split_at(values.len() / 3);
    BTreeMap::from([("a".to_owned(), a.to_vec()), ("b".to_owned(), b.to_vec())])
}

fn flat(gradient: &Gradient) -> Vec<f64> {
    gradient.values().flatten().map(|v| f64::from(*v)).collect()
}

#[test]
fn golden_projections() {
    let Some(golden) = open("mtee_fewshot") else { return };
    let cases = golden.names("gem.").into_iter().filter_map(|name| name.strip_suffix(".gradient"));
    let mut conflicts = 0;
    for case in cases {
        let values = |part: &str| golden.values(&format!("{case}.{part}"));
        let mut new = gradient(values("gradient"));
        let multiplier = project(&mut new, &gradient(values("memory")), MARGIN);
        golden.close(&format!("{case}.multiplier"), &[multiplier], 1e-5);
        golden.close(&format!("{case}.projected"), &flat(&new), 1e-5);
        conflicts += usize::from(multiplier > 0.0);
    }
    assert!(conflicts > 0);
}

#[test]
fn mtee_m8_a_projected_gradient_does_not_work_against_the_old_one() {
    let new = gradient(&[1.0, -2.0, 0.5, 1.0]);
    for scale in [0.01, 1.0, 30.0] {
        let old = gradient(&[-scale, scale, 0.0, -0.5 * scale]);
        let dot = inner(&new, &old);
        assert!(dot < 0.0);
        let mut turned = new.clone();
        project(&mut turned, &old, MARGIN);
        let bound = dot * RIDGE / (inner(&old, &old) + RIDGE);
        assert!(inner(&turned, &old) >= bound - 1e-6, "{scale}");
        // Only along the old gradient is anything changed.
        let across = gradient(&[1.0, 1.0, 3.0, 0.0]);
        assert!((inner(&turned, &across) - inner(&new, &across)).abs() < 1e-6);
    }
}

#[test]
fn mtee_m8_without_conflict_a_gradient_stays_bit_for_bit() {
    for old in [gradient(&[1.0, -1.0, 0.0]), gradient(&[0.0; 3]), gradient(&[f64::NAN; 3])] {
        let mut new = gradient(&[0.1, -0.3, 0.7]);
        assert_eq!(project(&mut new, &old, MARGIN), 0.0);
        assert_eq!(new, gradient(&[0.1, -0.3, 0.7]));
    }
}

#[test]
fn a_slight_conflict_adds_at_least_the_margin() {
    let mut new = gradient(&[-1e-4, 1.0, 0.0]);
    let multiplier = project(&mut new, &gradient(&[1.0, 0.0, 0.0]), 0.01);
    assert!((multiplier - 0.01).abs() < 1e-8);
}

#[test]
fn weights_without_gradient_count_as_zeros() {
    let mut new = Gradient::from([("a".to_owned(), vec![-1.0])]);
    let old = Gradient::from([("a".to_owned(), vec![1.0]), ("b".to_owned(), vec![2.0])]);
    let multiplier = project(&mut new, &old, 0.01);
    assert!((multiplier - 1.0 / 5.001).abs() < 1e-9);
    assert_eq!(new["b"], [(2.0 * multiplier) as f32]);
}

#[test]
fn mtee_m8_naive_tuning_forgets_what_joint_and_gem_keep() {
    // Two losses over two weights: the old one wants (1, 0), the new one (-1, 2) and little of it.
    let slope = |w: &Gradient, wanted: [f32; 2]| {
        let own = w["w"].iter().zip(wanted).map(|(w, v)| w - v).collect();
        Ok::<_, Infallible>(Gradient::from([("w".to_owned(), own)]))
    };
    let loss = |w: &Gradient, wanted: [f32; 2]| -> f32 {
        w["w"].iter().zip(wanted).map(|(w, v)| (w - v).powi(2) / 2.0).sum()
    };
    let (old, new) = ([1.0, 0.0], [-1.0, 2.0]);
    let tuned = |tuning: Tuning| {
        let mut w = Gradient::from([("w".to_owned(), vec![1.2, 0.1])]);
        for _ in 0..40 {
            for update in Update::of(tuning) {
                let mut gradient = update.gradient(|| slope(&w, old), || slope(&w, new)).unwrap();
                clip(&mut gradient, 1.0);
                let w = w.get_mut("w").unwrap();
                w.iter_mut().zip(&gradient["w"]).for_each(|(w, g)| *w -= 0.05 * g);
            }
        }
        (loss(&w, old), loss(&w, new))
    };
    let start = loss(&Gradient::from([("w".to_owned(), vec![1.2, 0.1])]), new);
    let naive = tuned(Tuning::Naive {});
    for kept in [tuned(Tuning::Joint {}), tuned(Tuning::Gem { margin: 0.01 })] {
        assert!(kept.0 < 0.7 * naive.0, "{kept:?} {naive:?}");
        assert!(kept.1 < start, "{kept:?} {start}");
    }
}

#[test]
fn a_long_gradient_is_cut_and_a_short_one_left() {
    let mut long = gradient(&[3.0, 0.0, 4.0]);
    assert!((clip(&mut long, 1.0) - 5.0).abs() < 1e-6);
    assert!((inner(&long, &long).sqrt() - 1.0).abs() < 1e-6);
    let mut short = gradient(&[0.3, 0.0, 0.4]);
    clip(&mut short, 1.0);
    assert_eq!(short, gradient(&[0.3, 0.0, 0.4]));
}

#[test]
fn few_clips_are_the_first_of_the_class_and_as_many_others() {
    let labels: Vec<bool> = (0..1000).map(|i| i % 4 == 3).collect();
    // 2.5 of 250 positives are three.
    assert_eq!(choose(&labels, 0.01, false), [0, 1, 2, 3, 7, 11]);
    assert_eq!(choose(&labels, 0.01, true), [0, 1, 2, 3, 4, 7, 11, 15]);
    assert_eq!(choose(&[false, true], 1.0, true), [0, 1]);
    assert!(choose(&[false, false], 0.5, false).is_empty());
}

#[test]
fn a_tuning_is_read_from_a_recipe() {
    let read = |text: &str| toml::from_str::<Tuning>(text);
    assert_eq!(read("kind = \"gem\"").unwrap(), Tuning::Gem { margin: 0.01 });
    assert_eq!(Update::of(read("kind = \"joint\"").unwrap()), [Update::Old, Update::New]);
    assert!(read("kind = \"naive\"\nmargin = 1.0").is_err());
}
