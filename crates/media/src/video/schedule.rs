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
    order.sort_unstable_by_key(|&sample| (samples[sample as usize].time, sample));
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

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(times: &[i64], rate: f64) -> Vec<u32> {
        let sample = |&time: &i64| Sample { offset: 0, time, size: 1, sync: false };
        let samples: Vec<Sample> = times.iter().map(sample).collect();
        let end = times.iter().max().map_or(0.0, |last| *last as f64 / 1000.0 + 0.1);
        wanted(&samples, rate, end, |sample| sample.time as f64 / 1000.0)
    }

    #[test]
    fn each_moment_shows_the_picture_that_has_begun_by_then() {
        let decoding_order = [0, 400, 200, 100, 300];
        let cases: [(f64, &[u32]); 5] = [
            (10.0, &[0, 3, 2, 4, 1]),
            (5.0, &[0, 2, 1]),
            (f64::INFINITY, &[0, 3, 2, 4, 1]),
            (0.1, &[0]),
            (100.0, &[0, 3, 2, 4, 1]),
        ];
        for (rate, expected) in cases {
            assert_eq!(shown(&decoding_order, rate), expected, "at {rate}");
        }
    }

    #[test]
    fn clocks_that_stand_still_run_backwards_or_leap_end_all_the_same() {
        assert_eq!(shown(&[0, 0, 0], 5.0), [0, 2]);
        assert_eq!(shown(&[-500, -100, 0, 200], 5.0), [2, 3]);
        assert_eq!(shown(&[-500, -100], 5.0).first(), Some(&0));
        assert_eq!(shown(&[0, i64::MAX / 2, i64::MAX], 5.0), [0, 1]);
        assert!(shown(&[], 5.0).is_empty());
    }
}
