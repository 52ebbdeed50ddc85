//! What holds of scores whatever the answers.

use std::collections::BTreeMap;

use limbic_corpus::{Label, LabelKind, LabelMap, Objectivity};
use limbic_evaluate::{Answer, Scored, Task, Unit, compare, score, worst};
use proptest::prelude::*;

fn map(kind: LabelKind, classes: &[&str]) -> LabelMap {
    LabelMap {
        name: "made-up".into(),
        kind,
        target: Objectivity::Perceived,
        source: "a rule".into(),
        classes: classes.iter().map(|class| ((*class).to_owned(), String::new())).collect(),
        words: BTreeMap::new(),
        merge: BTreeMap::new(),
    }
}

const NAMES: [&str; 4] = ["one", "two", "three", "four"];

fn answer(index: usize, speaker: usize, truth: Label, said: Vec<f64>) -> Answer {
    Answer {
        clip: format!("clip-{index:03}"),
        speaker: Some(format!("speaker {speaker}")),
        groups: BTreeMap::from([("side".to_owned(), (speaker % 2).to_string())]),
        truth,
        said,
    }
}

fn shares(weights: &[f64]) -> Vec<f64> {
    let total: f64 = weights.iter().sum();
    weights.iter().map(|weight| weight / total).collect()
}

/// Speaker, label, weights over the classes.
type Row = (usize, usize, Vec<f64>);

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let row = (0..5usize, 0..4usize, prop::collection::vec(0.01..1.0f64, 4));
    prop::collection::vec(row, 2..40)
}

fn single(rows: &[Row]) -> Vec<Answer> {
    let one = |(index, (speaker, truth, said)): (usize, &Row)| {
        let said = shares(said).iter().map(|p| (p * 1e6).round() / 1e6).collect();
        answer(index, *speaker, Label::Class(*truth), said)
    };
    rows.iter().enumerate().map(one).collect()
}

fn several(rows: &[Row]) -> Vec<Answer> {
    let one = |(index, (speaker, truth, said)): (usize, &Row)| {
        let truth = (0..4).filter(|class| (truth + index) >> class & 1 == 1).collect();
        answer(index, *speaker, Label::Multi(truth), said.clone())
    };
    rows.iter().enumerate().map(one).collect()
}

fn ratings(rows: &[Row]) -> Vec<Answer> {
    let one = |(index, (speaker, truth, said)): (usize, &Row)| {
        let truth = (0..4).map(|d| ((truth * 3 + d * 5 + index) % 7) as f32 / 6.0).collect();
        answer(index, *speaker, Label::Rating(truth), said.clone())
    };
    rows.iter().enumerate().map(one).collect()
}

fn kinds(rows: &[Row]) -> [(LabelMap, Vec<Answer>); 3] {
    [
        (map(LabelKind::Class, &NAMES), single(rows)),
        (map(LabelKind::Multi, &NAMES), several(rows)),
        (map(LabelKind::Rating, &NAMES), ratings(rows)),
    ]
}

fn number(scored: &Scored, name: &str) -> f64 {
    scored.metric(name).and_then(|value| value.value).expect(name)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_clips_changes_nothing(rows in rows(), by in 0..40usize) {
        for (map, answers) in kinds(&rows) {
            let mut turned = answers.clone();
            turned.rotate_left(by % answers.len());
            turned.reverse();
            let task = Task::new(&map);
            prop_assert_eq!(score(&task, &answers, 20), score(&task, &turned, 20));
        }
    }

    #[test]
    fn a_score_reads_back_from_json_to_the_last_bit(rows in rows()) {
        for (map, answers) in kinds(&rows) {
            let task = Task::new(&map);
            let scored = score(&task, &answers, 20);
            let read: Scored = serde_json::from_str(&serde_json::to_string(&scored).unwrap()).unwrap();
            prop_assert_eq!(&read, &scored);
            let kept = serde_json::to_string(&answers).unwrap();
            let read: Vec<Answer> = serde_json::from_str(&kept).unwrap();
            prop_assert_eq!(score(&task, &read, 20), scored);
        }
    }

    #[test]
    fn scores_and_intervals_lie_within_bounds(rows in rows()) {
        for (map, answers) in kinds(&rows) {
            for value in score(&Task::new(&map), &answers, 20).metrics {
                let (low, high) = match value.metric.as_str() {
                    "nll" => (0.0, 37.0),
                    "brier" => (0.0, 2.0),
                    name if name.starts_with("ccc") || name.starts_with("pearson") => (-1.0, 1.0),
                    _ => (0.0, 1.0),
                };
                for found in value.value.into_iter().chain(value.interval.into_iter().flatten()) {
                    prop_assert!((low - 1e-9..=high + 1e-9).contains(&found), "{}: {found}", value.metric);
                }
            }
        }
    }

    #[test]
    fn other_names_for_the_classes_permute_what_is_said_of_each(rows in rows(), by in 1..4usize) {
        let (map, answers) = (map(LabelKind::Class, &NAMES), single(&rows));
        let mut turned = map.clone();
        turned.classes.rotate_left(by);
        let moved: Vec<Answer> = answers
            .iter()
            .cloned()
            .map(|mut answer| {
                answer.said.rotate_left(by);
                let Label::Class(class) = answer.truth else { unreachable!() };
                answer.truth = Label::Class((class + 4 - by) % 4);
                answer
            })
            .collect();
        let (own, other) = (score(&Task::new(&map), &answers, 0), score(&Task::new(&turned), &moved, 0));
        for (a, b) in own.metrics.iter().zip(&other.metrics) {
            let same = a.value.zip(b.value).map(|(a, b)| (a - b).abs() < 1e-9);
            prop_assert!(same == Some(true) || a.value == b.value, "{a:?} {b:?}");
        }
        let mut classes = own.per_class.clone();
        classes.rotate_left(by);
        prop_assert_eq!(classes, other.per_class);
    }

    #[test]
    fn perfect_answers_score_full_marks(rows in rows()) {
        let perfect: Vec<Answer> = rows
            .iter()
            .enumerate()
            .map(|(index, (speaker, truth, _))| {
                let said = (0..4).map(|class| f64::from(u8::from(class == *truth))).collect();
                answer(index, *speaker, Label::Class(*truth), said)
            })
            .collect();
        let scored = score(&Task::new(&map(LabelKind::Class, &NAMES)), &perfect, 0);
        for name in ["uar", "accuracy", "macro_f1", "weighted_f1", "macro_precision"] {
            prop_assert_eq!(number(&scored, name), 1.0);
        }
        for name in ["ece_10", "ece_15", "brier", "nll", "aurc"] {
            prop_assert!(number(&scored, name).abs() < 1e-12);
        }
        let mut same = ratings(&rows);
        for answer in &mut same {
            let Label::Rating(truth) = &answer.truth else { unreachable!() };
            answer.said = truth.iter().map(|value| f64::from(*value)).collect();
        }
        let scored = score(&Task::new(&map(LabelKind::Rating, &NAMES)), &same, 0);
        prop_assert!((number(&scored, "ccc_mean") - 1.0).abs() < 1e-6);
        prop_assert!(number(&scored, "mae_one") < 1e-6);
    }

    #[test]
    fn a_comparison_turned_round_turns_its_differences(rows in rows()) {
        let (map, a) = (map(LabelKind::Class, &NAMES), single(&rows));
        let b: Vec<Answer> = a
            .iter()
            .cloned()
            .map(|mut answer| {
                answer.said.rotate_left(1);
                answer
            })
            .collect();
        let task = Task::new(&map);
        let (one, other) = (compare(&task, &a, &b, 50), compare(&task, &b, &a, 50));
        for (one, other) in one.differences.iter().zip(&other.differences) {
            prop_assert_eq!(one.difference, other.difference.map(|gap| if gap == 0.0 { gap } else { -gap }));
            prop_assert_eq!(one.p, other.p);
        }
        let itself = compare(&task, &a, &a, 50);
        prop_assert!(itself.differences.iter().all(|own| own.difference == Some(0.0) && own.p.is_none_or(|p| p == 1.0)));
        prop_assert_eq!(itself.mcnemar.map(|test| test.p), Some(1.0));
    }

    #[test]
    fn hostile_answers_are_counted_and_never_panic(
        said in prop_oneof![
            Just(vec![0.25; 4]),
            prop::collection::vec(prop_oneof![Just(f64::NAN), Just(f64::INFINITY), -2.0..2.0f64], 0..6),
        ],
        class in 0..9usize,
        votes in prop::collection::vec(prop_oneof![1 => Just(f32::NAN), 6 => -0.5..3.0f32], 0..6),
    ) {
        let labels = [
            Label::Class(class),
            Label::Votes(votes.clone()),
            Label::Multi(vec![class, 0]),
            Label::Rating(votes),
        ];
        for (map, good) in kinds(&[(0, 1, vec![0.1; 4]), (1, 2, vec![0.2; 4])]) {
            let bad = labels.iter().cloned().enumerate();
            let bad = bad.map(|(index, label)| answer(50 + index, 3, label, said.clone()));
            let answers: Vec<Answer> = good.into_iter().chain(bad).collect();
            let task = Task::new(&map);
            let scored = score(&task, &answers, 5);
            let out = scored.left_out;
            prop_assert_eq!(scored.clips + out.ties + out.unlabelled + out.unanswered, 6);
            prop_assert!(worst(&task, &answers, 9).len() <= scored.clips);
            let itself = compare(&task, &answers, &answers, 5);
            prop_assert_eq!(itself.clips + out.unlabelled + out.unanswered + itself.relabelled, 6);
        }
    }
}

#[test]
fn nothing_and_a_single_clip_have_scores_without_intervals() {
    for (map, answers) in kinds(&[(0, 1, vec![0.1, 0.7, 0.1, 0.1])]) {
        let none = score(&Task::new(&map), &[], 100);
        assert!(none.clips == 0 && none.interval_unit.is_none());
        let one = score(&Task::new(&map), &answers, 100);
        assert!(one.clips == 1 && one.metrics.iter().all(|value| value.interval.is_none()));
        let both = compare(&Task::new(&map), &answers, &[], 100);
        assert!(both.clips == 0 && both.only_a == 1);
    }
}

#[test]
fn without_two_known_speakers_single_clips_are_drawn_and_it_is_said() {
    let map = map(LabelKind::Class, &NAMES);
    let mut answers = single(&vec![(0, 1, vec![0.1, 0.7, 0.1, 0.1]); 6]);
    let alone = score(&Task::new(&map), &answers, 10);
    assert_eq!((alone.interval_unit, alone.speakers), (Some(Unit::Clips), 1));
    answers[0].speaker = Some("another".into());
    let two = score(&Task::new(&map), &answers, 10);
    assert_eq!((two.interval_unit, two.speakers), (Some(Unit::Speakers), 2));
    answers[0].speaker = None;
    assert_eq!(score(&Task::new(&map), &answers, 10).interval_unit, Some(Unit::Clips));
}

#[test]
fn tied_votes_count_only_against_votes() {
    let map = map(LabelKind::Class, &NAMES);
    let said = vec![0.5, 0.5, 0.0, 0.0];
    let answers = [
        answer(0, 0, Label::Votes(vec![5.0, 5.0, 0.0, 0.0]), said.clone()),
        answer(1, 1, Label::Votes(vec![6.0, 4.0, 0.0, 0.0]), said),
    ];
    let scored = score(&Task::new(&map), &answers, 0);
    assert_eq!((scored.clips, scored.left_out.ties), (1, 1));
    assert_eq!(number(&scored, "accuracy"), 1.0);
    assert!((number(&scored, "soft_cross_entropy") - 2f64.ln()).abs() < 1e-12);
}

#[test]
fn a_class_the_model_does_not_know_has_no_area() {
    let map = map(LabelKind::Multi, &["one", "two"]);
    let answers = [
        answer(0, 0, Label::Multi(vec![0, 1]), vec![0.9, 0.0]),
        answer(1, 1, Label::Multi(vec![]), vec![0.2, 0.0]),
    ];
    let scored = score(&Task::new(&map), &answers, 0);
    assert_eq!((scored.per_class[0].auc, scored.per_class[1].auc), (Some(1.0), None));
    assert_eq!(number(&scored, "auc_mean"), 1.0);
    assert_eq!(number(&scored, "weighted_accuracy"), 1.0);
    assert_eq!(number(&scored, "macro_f1"), 0.5);
    let thresholds = [0.95, 0.5];
    let strict = score(&Task { thresholds: Some(&thresholds), ..Task::new(&map) }, &answers, 0);
    assert_eq!((number(&strict, "macro_f1"), strict.per_class[0].threshold), (0.0, Some(0.95)));
}

#[test]
fn a_sentiment_is_scored_on_its_published_scale() {
    let mut map = map(LabelKind::Rating, &["sentiment"]);
    // 0.5 and 2.5 as label files have them: halves must not move by their last bit.
    let rated = |index, truth: f32, said: f64| {
        answer(index, index, Label::Rating(vec![truth / 3.0]), vec![said / 3.0])
    };
    let answers =
        [rated(0, 0.5, 0.1), rated(1, 2.5, 2.0), rated(2, -1.0, 0.4), rated(3, 0.0, -0.1)];
    let scored = score(&Task::new(&map), &answers, 0);
    assert!((number(&scored, "mae_sentiment") - (0.4 + 0.5 + 1.4 + 0.1) / 4.0).abs() < 1e-6);
    assert_eq!(number(&scored, "acc7"), 0.75);
    assert_eq!(number(&scored, "acc2_has0"), 0.5);
    assert!((number(&scored, "acc2_non0") - 2.0 / 3.0).abs() < 1e-12);
    map.name = "sims_sentiment".into();
    let sims = score(&Task::new(&map), &answers, 0);
    assert!(sims.metric("acc7").is_none() && sims.metric("acc3").is_some());
    assert!(number(&sims, "mae_sentiment") < 0.3);
}

#[test]
fn answers_that_repeat_one_label_agree_with_it() {
    let map = map(LabelKind::Rating, &["valence"]);
    let sixth = 1.0f32 / 6.0;
    let rated = |index| answer(index, index, Label::Rating(vec![sixth]), vec![f64::from(sixth)]);
    let scored = score(&Task::new(&map), &[rated(0), rated(1)], 0);
    assert_eq!((number(&scored, "ccc_valence"), number(&scored, "mae_valence")), (1.0, 0.0));
    assert_eq!(scored.metric("pearson_valence").unwrap().value, None);
}

#[test]
fn groups_and_speakers_have_the_headline_of_their_own_clips() {
    let map = map(LabelKind::Class, &NAMES);
    let right = vec![0.1, 0.7, 0.1, 0.1];
    let answers = single(&[
        (0, 1, right.clone()),
        (1, 1, right.clone()),
        (2, 0, right.clone()),
        (2, 1, right.clone()),
        (3, 0, right),
    ]);
    let scored = score(&Task::new(&map), &answers, 10);
    let groups: Vec<_> =
        scored.per_group.iter().map(|g| (g.value.as_str(), g.clips, g.score)).collect();
    assert_eq!(groups, [("0", 3, Some(0.5)), ("1", 2, Some(0.5))]);
    let speakers: Vec<_> = scored.per_speaker.iter().map(|s| (s.clips, s.score)).collect();
    assert_eq!(speakers, [(1, Some(1.0)), (1, Some(1.0)), (2, Some(0.5)), (1, Some(0.0))]);
    assert_eq!(scored.headline().unwrap().value, Some(0.5));
    assert_eq!(scored.confusion.unwrap()[0], [0, 2, 0, 0]);
}

#[test]
fn clips_that_only_one_has_and_other_labels_are_told() {
    let map = map(LabelKind::Class, &NAMES);
    let rows: Vec<Row> = (0..6).map(|i| (i, i % 4, vec![0.4, 0.3, 0.2, 0.1])).collect();
    let (a, mut b) = (single(&rows), single(&rows));
    b.remove(0);
    b[0].truth = Label::Class(3);
    b.push(answer(77, 0, Label::Class(0), vec![1.0, 0.0, 0.0, 0.0]));
    let found = compare(&Task::new(&map), &a, &b, 10);
    assert_eq!((found.clips, found.only_a, found.only_b, found.relabelled), (4, 1, 1, 1));
}

/// As many clips and classes as GoEmotions has to score, in a few seconds on one core.
#[test]
fn a_large_yes_no_set_is_resampled_in_seconds() {
    let names: Vec<String> = (0..28).map(|class| format!("class {class}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let map = map(LabelKind::Multi, &names);
    let mut state = 1u64;
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / f64::from(1 << 24)
    };
    let answers: Vec<Answer> = (0..5426)
        .map(|index| {
            let truth = (0..28).filter(|_| next() < 0.05).collect();
            let said = (0..28).map(|_| next()).collect();
            Answer {
                speaker: None,
                groups: BTreeMap::new(),
                ..answer(index, 0, Label::Multi(truth), said)
            }
        })
        .collect();
    let began = std::time::Instant::now();
    let scored = score(&Task::new(&map), &answers, 1000);
    let seconds = began.elapsed().as_secs_f64();
    assert!((number(&scored, "auc_mean") - 0.5).abs() < 0.02);
    assert!(seconds < 60.0, "{seconds} s");
}
