//! Which pictures a rate asks for.

use super::index::Sample;

/// Timestamps in milliseconds round; a picture this much late still counts as at its moment.
const TOLERANCE: f64 = 5e-4;

/// The samples to show at the moments 0, 1/`rate`, 2/`rate`, ..: for each the latest one that has
/// begun by then, none twice, in display order. `seconds` gives a sample's time. The first
/// picture is always among them. Pictures before time zero are cut away by the file's edit list.
pub(super) fn wanted(
    samples: &[Sample],
    rate: f64,
    end: f64,
    seconds: impl Fn(&Sample) -> f64,
) -> Vec<u32> {
    let mut order: Vec<u32> = (0..samples.len() as u32).collect();
    order.sort_by_key(|&sample| (samples[sample as usize].time, sample));
    let time = |sample: u32| seconds(&samples[sample as usize]);
    let shown = order.partition_point(|&sample| time(sample) < -TOLERANCE);
    let order = if shown < order.len() { &order[shown..] } else { &order[..] };
    if rate.is_infinite() {
        return order.to_vec();
    }
    let tick = |seconds: f64| ((seconds - TOLERANCE) * rate).ceil();
    let mut wanted = Vec::new();
    for (i, &sample) in order.iter().enumerate() {
        let next = order.get(i + 1).map_or(end, |&next| time(next));
        if i == 0 || tick(time(sample)) < tick(next) {
            wanted.push(sample);
        }
    }
    wanted
}
