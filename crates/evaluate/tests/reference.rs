//! Every score against the numbers of scikit-learn, `scipy` and `numpy` that
//! `references/metrics.py` made.

use std::collections::BTreeMap;

use limbic_evaluate::mcnemar;
use limbic_evaluate::metric::{self, Cut};
use serde::Deserialize;
use serde_json::Value;

const CASES: &str = include_str!("../../../references/golden/metrics_cases.json");
const TOLERANCE: f64 = 1e-6;

#[derive(Deserialize)]
struct File {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    kind: String,
    #[serde(default)]
    classes: usize,
    truth: Value,
    said: Value,
    expected: BTreeMap<String, Value>,
}

type Found = Vec<(&'static str, Vec<f64>)>;

fn read<T: serde::de::DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).expect("the shape of its kind")
}

fn open(values: &[Option<f64>]) -> Vec<f64> {
    values.iter().map(|value| value.unwrap_or(f64::NAN)).collect()
}

fn yes(rows: &[Vec<u8>]) -> Vec<Vec<bool>> {
    rows.iter().map(|row| row.iter().map(|yes| *yes == 1).collect()).collect()
}

fn column(truth: &[Vec<bool>], said: &[Vec<bool>], class: usize) -> Vec<(bool, bool)> {
    truth.iter().zip(said).map(|(truth, said)| (truth[class], said[class])).collect()
}

fn classes(case: &Case) -> Found {
    let (truth, said): (Vec<usize>, Vec<usize>) = (read(&case.truth), read(&case.said));
    let pairs: Vec<_> = truth.into_iter().zip(said).collect();
    let f1 = metric::f1_per_class(&pairs, case.classes);
    let precision = metric::precision_per_class(&pairs, case.classes);
    let confusion = metric::Confusion::of(&pairs, case.classes);
    vec![
        ("accuracy", vec![metric::accuracy(&pairs)]),
        ("micro_f1", vec![confusion.accuracy()]),
        ("uar", vec![metric::uar(&pairs, case.classes)]),
        ("weighted_f1", vec![metric::weighted_f1(&pairs, case.classes)]),
        ("macro_f1", vec![metric::macro_mean(&f1)]),
        ("macro_precision", vec![metric::macro_mean(&precision)]),
        ("f1", open(&f1)),
        ("precision", open(&precision)),
        ("recall", open(&metric::recall_per_class(&pairs, case.classes))),
        ("confusion", confusion.rows().flatten().copied().collect()),
    ]
}

fn multi(case: &Case) -> Found {
    let (truth, said) = (yes(&read::<Vec<_>>(&case.truth)), yes(&read::<Vec<_>>(&case.said)));
    let count = truth[0].len();
    let columns: Vec<_> = (0..count).map(|class| column(&truth, &said, class)).collect();
    let f1 = |own: &Vec<(bool, bool)>| metric::f1(own.iter().copied()).unwrap_or(f64::NAN);
    vec![
        ("macro_f1", vec![metric::macro_f1(&truth, &said, count)]),
        ("micro_f1", vec![metric::micro_f1(&truth, &said)]),
        ("weighted_f1", vec![metric::support_f1(&truth, &said, count)]),
        ("samples_f1", vec![metric::samples_f1(&truth, &said)]),
        ("exact_match", vec![metric::exact_match(&truth, &said)]),
        ("balanced", columns.iter().map(|own| metric::weighted_accuracy(own)).collect()),
        ("f1", columns.iter().map(f1).collect()),
        ("yes_no_accuracy", columns.iter().map(|own| metric::binary_accuracy(own)).collect()),
        ("yes_no_weighted_f1", columns.iter().map(|own| metric::binary_weighted_f1(own)).collect()),
    ]
}

fn yes_no(case: &Case) -> Vec<(bool, f64)> {
    let (truth, said): (Vec<f64>, Vec<f64>) = (read(&case.truth), read(&case.said));
    truth.into_iter().map(|truth| truth > 0.5).zip(said).collect()
}

fn sentiment(case: &Case) -> Found {
    let (truth, said): (Vec<f64>, Vec<f64>) = (read(&case.truth), read(&case.said));
    let third = |values: &[f64]| -> Vec<f64> { values.iter().map(|v| v / 3.0).collect() };
    let (low_truth, low_said) = (third(&truth), third(&said));
    let both = |cut: Cut, truth: &[f64], said: &[f64]| {
        let pairs = cut.pairs(truth, said);
        let weighted = metric::weighted_f1(&pairs, cut.classes());
        (vec![metric::accuracy(&pairs)], vec![weighted])
    };
    let (has0, non0) = (both(Cut::Has0, &truth, &said), both(Cut::Non0, &truth, &said));
    let sims = both(Cut::Sims2, &low_truth, &low_said);
    vec![
        ("acc2_has0", has0.0),
        ("f1_has0", has0.1),
        ("acc2_non0", non0.0),
        ("f1_non0", non0.1),
        ("acc5", both(Cut::Five, &truth, &said).0),
        ("acc7", both(Cut::Seven, &truth, &said).0),
        ("sims_acc2", sims.0),
        ("sims_f1", sims.1),
        ("sims_acc3", both(Cut::Sims3, &low_truth, &low_said).0),
        ("sims_acc5", both(Cut::Sims5, &low_truth, &low_said).0),
    ]
}

fn probabilities(case: &Case) -> Found {
    let (truth, said): (Vec<usize>, Vec<Vec<f64>>) = (read(&case.truth), read(&case.said));
    let answers: Vec<(usize, &[f64])> =
        truth.into_iter().zip(&said).map(|(truth, said)| (truth, said.as_slice())).collect();
    let surest = |(truth, said): &(usize, &[f64])| {
        let top = said.iter().copied().fold(0.0, f64::max);
        (top, said.iter().position(|p| *p == top) == Some(*truth))
    };
    let sure: Vec<(f64, bool)> = answers.iter().map(surest).collect();
    vec![
        ("nll", vec![metric::nll(&answers)]),
        ("brier", vec![metric::brier(&answers)]),
        ("ece_10", vec![metric::ece(&sure)]),
        ("ece_15", vec![metric::ece_of(&sure, 15)]),
        ("aurc", vec![metric::aurc(&sure)]),
    ]
}

fn soft(case: &Case) -> Found {
    let (truth, said): (Vec<Vec<f64>>, Vec<Vec<f64>>) = (read(&case.truth), read(&case.said));
    let clips: Vec<(&[f64], &[f64])> =
        truth.iter().zip(&said).map(|(votes, said)| (votes.as_slice(), said.as_slice())).collect();
    vec![
        ("cross_entropy", vec![metric::cross_entropy(&clips)]),
        ("kl", vec![metric::kullback_leibler(&clips)]),
        ("js", vec![metric::jensen_shannon(&clips)]),
    ]
}

fn found(case: &Case) -> Found {
    match case.kind.as_str() {
        "classes" => classes(case),
        "multi" => multi(case),
        "ranking" => {
            let scores = yes_no(case);
            let precision = metric::average_precision(&scores);
            vec![("auc", vec![metric::roc_auc(&scores)]), ("average_precision", vec![precision])]
        }
        "ratings" => {
            let (x, y): (Vec<f64>, Vec<f64>) = (read(&case.truth), read(&case.said));
            vec![
                ("mae", vec![metric::mae(&x, &y)]),
                ("pearson", vec![metric::pearson(&x, &y)]),
                ("ccc", vec![metric::ccc(&x, &y)]),
            ]
        }
        "sentiment" => sentiment(case),
        "probabilities" => probabilities(case),
        "yes_no" => {
            let answers = yes_no(case);
            let sure: Vec<(f64, bool)> = answers.iter().map(|(truth, p)| (*p, *truth)).collect();
            vec![
                ("nll", vec![metric::yes_no_nll(&answers)]),
                ("brier", vec![metric::yes_no_brier(&answers)]),
                ("ece_10", vec![metric::ece(&sure)]),
                ("ece_15", vec![metric::ece_of(&sure, 15)]),
            ]
        }
        "soft" => soft(case),
        "mcnemar" => {
            let (a, b): (Vec<usize>, Vec<usize>) = (read(&case.truth), read(&case.said));
            vec![("p", vec![mcnemar(a[0], b[0])])]
        }
        other => panic!("no such kind of case: {other}"),
    }
}

/// A number or a list, where `null` stands for what is not defined.
fn numbers(value: &Value) -> Vec<f64> {
    let list = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
    list.iter().map(|value| value.as_f64().unwrap_or(f64::NAN)).collect()
}

#[test]
fn every_score_equals_the_reference() {
    let file: File = serde_json::from_str(CASES).unwrap();
    assert!(file.cases.len() >= 100, "{} cases", file.cases.len());
    let mut compared = 0;
    for (index, case) in file.cases.iter().enumerate() {
        let found: BTreeMap<&str, Vec<f64>> = found(case).into_iter().collect();
        for (name, expected) in &case.expected {
            let (own, expected) = (&found[name.as_str()], numbers(expected));
            assert_eq!(own.len(), expected.len(), "case {index}, {} {name}", case.kind);
            for (own, expected) in own.iter().zip(&expected) {
                let same = own.is_nan() && expected.is_nan()
                    || (own - expected).abs() <= TOLERANCE * expected.abs().max(1.0);
                assert!(same, "case {index}, {} {name}: {own} for {expected}", case.kind);
                compared += 1;
            }
        }
    }
    assert!(compared > 900, "{compared} numbers");
}
