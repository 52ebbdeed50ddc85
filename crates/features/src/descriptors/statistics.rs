//! Numbers that sum up a run of values.

/// What [`summary`] returns, in order.
pub(super) const SUMMARY: [&str; 7] = ["mean", "sd", "p10", "p50", "p90", "skew", "slope"];

/// Mean, standard deviation, three percentiles, skewness (within ±5) and slope over the run
/// (rise from first to last value, about); a run of fewer than three values has no summary.
pub(super) fn summary(values: &[f32]) -> Option<[f32; 7]> {
    if values.len() < 3 {
        return None;
    }
    let n = values.len() as f32;
    let mean = mean(values);
    let sd = deviation(values) + 1e-6;
    let skew = values.iter().map(|v| ((v - mean) / sd).powi(3)).sum::<f32>() / n;
    let time = |i: usize| 2.0 * i as f32 / (n - 1.0) - 1.0;
    let rise = values.iter().enumerate().map(|(i, v)| time(i) * (v - mean)).sum::<f32>() / n;
    let mut sorted = values.to_vec();
    sorted.sort_by(f32::total_cmp);
    let at = |share| between(&sorted, share);
    Some([mean, sd, at(0.1), at(0.5), at(0.9), skew.clamp(-5.0, 5.0), 3.0 * rise])
}

/// Mean, 0 for no values.
pub(super) fn mean(values: &[f32]) -> f32 {
    values.iter().sum::<f32>() / values.len().max(1) as f32
}

/// Population standard deviation, 0 for no values.
pub(super) fn deviation(values: &[f32]) -> f32 {
    let mean = mean(values);
    let sum: f32 = values.iter().map(|v| (v - mean).powi(2)).sum();
    (sum / values.len().max(1) as f32).sqrt()
}

/// Value below which `share` (0..1) of the values lie, linear between neighbours.
pub(super) fn percentile(values: &[f32], share: f32) -> Option<f32> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f32::total_cmp);
    (!sorted.is_empty()).then(|| between(&sorted, share))
}

fn between(sorted: &[f32], share: f32) -> f32 {
    let place = share * (sorted.len() - 1) as f32;
    let low = place.floor() as usize;
    let high = (low + 1).min(sorted.len() - 1);
    sorted[low] + (sorted[high] - sorted[low]) * (place - low as f32)
}

/// Pearson correlation, 0 where one side does not vary.
pub(super) fn correlation(a: &[f32], b: &[f32]) -> f32 {
    let (ma, mb) = (mean(a), mean(b));
    let (mut cross, mut va, mut vb) = (0.0, 0.0, 0.0);
    for (x, y) in a.iter().zip(b) {
        cross += (x - ma) * (y - mb);
        va += (x - ma).powi(2);
        vb += (y - mb).powi(2);
    }
    let scale = (va * vb).sqrt();
    if scale > 1e-9 { (cross / scale).clamp(-1.0, 1.0) } else { 0.0 }
}
