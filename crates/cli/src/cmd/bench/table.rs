//! Times beside each other.

use limbic_evaluate::quantile;
use serde::Serialize;

use super::side::Products;
use crate::args::Case;

/// What was found of one workload on so many threads.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    workload: &'static str,
    told: &'static str,
    /// How many clips a step sees.
    clips: usize,
    /// How many times as long as published they are.
    longer: usize,
    threads: usize,
    /// Milliseconds a step: median, first and third quartile.
    limbic_ms: [f64; 3],
    /// The same of the peer.
    peer_ms: Option<[f64; 3]>,
    /// Ours over theirs, step by step: median, first and third quartile.
    ratio: Option<[f64; 3]>,
    /// Most memory held, in MiB.
    limbic_mib: Option<f64>,
    /// The same of the peer.
    peer_mib: Option<f64>,
    /// How many processes wanted a core in the minute before the first and before the last step.
    load: [Option<f64>; 2],
    /// What matrix products are of our step.
    products: Products,
}

impl Row {
    pub(super) fn new(
        case: Case,
        threads: usize,
        [own, other]: [Vec<f64>; 2],
        [limbic_mib, peer_mib]: [Option<f64>; 2],
        load: [Option<f64>; 2],
        products: Products,
    ) -> Self {
        let ratios: Vec<f64> = own.iter().zip(&other).map(|(a, b)| a / b).collect();
        let some = |all: &[f64]| (!all.is_empty()).then(|| quartiles(all));
        Self {
            workload: case.workload.name(),
            told: case.workload.told(),
            clips: case.clips,
            longer: case.longer,
            threads,
            limbic_ms: quartiles(&own),
            peer_ms: some(&other),
            ratio: some(&ratios),
            limbic_mib: limbic_mib.filter(|x| x.is_finite()),
            peer_mib: peer_mib.filter(|x| x.is_finite()),
            load,
            products,
        }
    }
}

/// Median, first and third quartile of at least one value.
fn quartiles(values: &[f64]) -> [f64; 3] {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    [0.5, 0.25, 0.75].map(|share| quantile(&sorted, share))
}

/// The load of the last minute, where the system tells.
pub(super) fn load() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/loadavg").ok()?;
    text.split_whitespace().next()?.parse().ok()
}

/// For people.
pub(super) fn text(rows: &[Row]) -> String {
    let mut lines = vec![format!(
        "{:<10}{:>7}{:>9}  {:<27}{:<27}{:<20}{:<16}{}",
        "workload",
        "clips",
        "threads",
        "limbic, ms a step",
        "PyTorch, ms a step",
        "ratio",
        "MiB, ours/its",
        "load"
    )];
    for row in rows {
        let three = |[median, low, high]: [f64; 3], digits: usize| {
            format!("{median:.digits$} [{low:.digits$}, {high:.digits$}]")
        };
        let maybe = |x: Option<f64>, digits: usize| {
            x.map_or_else(|| "-".to_owned(), |x| format!("{x:.digits$}"))
        };
        let peak = [row.limbic_mib, row.peer_mib].map(|mib| maybe(mib, 0)).join("/");
        let line = format!(
            "{:<10}{:>7}{:>9}  {:<27}{:<27}{:<20}{peak:<16}{} -> {}",
            row.workload,
            clips(row),
            row.threads,
            three(row.limbic_ms, digits(row.limbic_ms)),
            row.peer_ms.map_or_else(|| "-".to_owned(), |ms| three(ms, digits(ms))),
            row.ratio.map_or_else(|| "-".to_owned(), |ratio| three(ratio, 2)),
            maybe(row.load[0], 1),
            maybe(row.load[1], 1),
        );
        lines.push(line.trim_end().to_owned());
    }
    lines.push(String::new());
    for row in rows.iter().filter(|row| row.products.share > 0.0) {
        let Row { workload, threads, products: Products { share, rate, best }, .. } = row;
        lines.push(format!(
            "{workload}, clips {}, threads {threads}: matrix products take {:.0} % of our step, at \
             {:.0} % of the best rate ({rate:.0} of {best:.0} GFLOP/s a core)",
            clips(row),
            share * 100.0,
            rate / best * 100.0
        ));
    }
    lines.push("Medians of steps taken in turn, with their quartiles.".to_owned());
    lines.join("\n")
}

/// How many clips, and how many times as long as published.
fn clips(row: &Row) -> String {
    if row.longer == 1 { row.clips.to_string() } else { format!("{}x{}", row.clips, row.longer) }
}

/// So many that a hundredth of the median shows.
fn digits(milliseconds: [f64; 3]) -> usize {
    if milliseconds[0] < 10.0 { 3 } else { 1 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Workload;

    #[test]
    fn a_ratio_is_of_steps_that_were_taken_in_turn() {
        let products = Products { share: 0.66, rate: 72.0, best: 90.0 };
        let times = [vec![1.0, 4.0, 3.0], vec![2.0, 4.0, 12.0]];
        let case = Case { workload: Workload::D1, clips: 64, longer: 2 };
        let row = Row::new(case, 2, times, [Some(10.0), None], [None, Some(0.5)], products);
        assert_eq!(row.ratio, Some([0.5, 0.375, 0.75]));
        insta::assert_snapshot!(text(&[row]));
    }
}
