use super::*;

fn rows(values: &[[f32; 2]]) -> Vec<&[f32]> {
    values.iter().map(<[f32; 2]>::as_slice).collect()
}

#[test]
fn a_logistic_probe_of_two_points_solves_its_equation() {
    // At x = -1 and 1 the optimum is W = (-w, w) with penalty * w = sigmoid(-2 w).
    for penalty in [0.01, 0.1, 1.0] {
        let probe = logistic(&[&[-1.0], &[1.0]], &[0, 1], 2, penalty);
        let [low, high] = probe.scores(&[1.0])[..] else { panic!("two classes") };
        let w = (high - low) / 2.0;
        assert!((penalty * w - 1.0 / (1.0 + (2.0 * w).exp())).abs() < 1e-7, "{penalty}: {w}");
        assert!((low + high).abs() < 1e-9);
    }
}

#[test]
fn without_features_the_biases_are_the_log_frequencies() {
    let same = rows(&[[3.0, 3.0]; 6]);
    let scores = logistic(&same, &[0, 0, 0, 1, 1, 2], 3, 0.1).scores(&[3.0, 3.0]);
    assert!((scores[0] - scores[1] - 1.5f64.ln()).abs() < 1e-7);
    assert!((scores[1] - scores[2] - 2f64.ln()).abs() < 1e-7);
}

#[test]
fn a_ridge_of_one_feature_is_the_shrunken_slope() {
    // Standardised x is (-1, 1) twice; y = 3 x + 5, so the slope is 3 * 4 / (4 + penalty).
    let vectors: [&[f32]; 4] = [&[2.0], &[6.0], &[2.0], &[6.0]];
    let targets = vec![vec![2.0], vec![8.0], vec![2.0], vec![8.0]];
    for (penalty, slope) in [(0.0, 3.0), (4.0, 1.5), (12.0, 0.75)] {
        let found = ridge(&vectors, &targets, penalty).scores(&[6.0])[0];
        assert!((found - 5.0 - slope).abs() < 1e-8, "{penalty}: {found}");
    }
}

#[test]
fn a_ridge_without_penalty_is_least_squares_even_with_a_repeated_feature() {
    let vectors = [[0.0, 1.0], [1.0, 0.0], [2.0, 2.0], [3.0, -1.0], [5.0, 0.5]];
    let target = |v: &[f32; 2]| vec![f64::from(2.0 * v[0] - 3.0 * v[1] + 1.0)];
    let targets: Vec<_> = vectors.iter().map(target).collect();
    let probe = ridge(&rows(&vectors), &targets, 0.0);
    assert!((probe.scores(&[10.0, 10.0])[0] - -9.0).abs() < 1e-6);
    let twice: Vec<[f32; 2]> = vectors.iter().map(|v| [v[0], v[0]]).collect();
    let targets: Vec<_> = twice.iter().map(|v| vec![f64::from(v[0])]).collect();
    assert!((ridge(&rows(&twice), &targets, 0.0).scores(&[4.0, 4.0])[0] - 4.0).abs() < 1e-5);
}

#[test]
fn a_probe_is_the_same_in_any_unit_and_every_time() {
    let vectors = [[0.1, 4.0], [0.9, 3.0], [0.4, 8.0], [0.7, 2.0], [0.2, 6.0], [0.5, 1.0]];
    let labels = [0, 1, 2, 1, 0, 2];
    let other: Vec<[f32; 2]> = vectors.iter().map(|v| [v[0] * 1024.0, v[1] / 8.0 - 2.0]).collect();
    for fit in [logistic, ridge_classes] {
        let probe = fit(&rows(&vectors), &labels, 3, 0.05);
        assert_eq!(probe, fit(&rows(&vectors), &labels, 3, 0.05));
        let moved = fit(&rows(&other), &labels, 3, 0.05);
        for (v, o) in vectors.iter().zip(&other) {
            for (a, b) in probe.scores(v).iter().zip(moved.scores(o)) {
                assert!((a - b).abs() < 1e-5, "{a} {b}");
            }
        }
    }
}
