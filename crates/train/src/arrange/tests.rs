use limbic_media::Modality;

use super::*;
use crate::Value;
use crate::dataset::made_up;

fn data(lines: &str) -> Data {
    toml::from_str(&format!("corpora = ['made-up']\nsplit = 'official'\n{lines}")).unwrap()
}

fn face(dataset: &Dataset, index: usize) -> usize {
    match dataset.items[index].values.get(Modality::Vision) {
        Some(Value::Vectors(rows)) => rows[0][0] as usize,
        other => panic!("no face but {other:?}"),
    }
}

#[test]
fn nothing_asked_is_nothing_done() {
    let dataset = made_up(9);
    assert!(matches!(dataset.arranged(&data(""), 1, &[0, 1]), Cow::Borrowed(_)));
}

#[test]
fn a_share_of_the_training_clips_keeps_one_modality_each_in_turn() {
    let dataset = made_up(60);
    let train: Vec<usize> = (0..40).collect();
    for (share, broken) in [(0.5, 20), (1.0, 40)] {
        let asked = data(&format!("unpaired = {share}"));
        let arranged = dataset.arranged(&asked, 1, &train);
        let alone: Vec<&Item> = arranged.items.iter().filter(|i| i.values.len() == 1).collect();
        assert_eq!(alone.len(), broken);
        for modality in dataset.modalities.iter().copied() {
            let own = alone.iter().filter(|i| i.values.get(modality).is_some()).count();
            assert!(own.abs_diff(broken / 3) <= 1, "{modality}: {own}");
        }
        assert!(arranged.items[40..].iter().all(|item| item.values.len() == 3));
        let ids = |d: &Dataset| d.items.iter().map(|i| i.values.clone()).collect::<Vec<_>>();
        assert_eq!(ids(&dataset.arranged(&asked, 1, &train)), ids(&arranged));
        assert_ne!(ids(&dataset.arranged(&asked, 2, &train)), ids(&arranged));
    }
}

#[test]
fn shuffled_pairs_are_never_a_clip_s_own() {
    let dataset = made_up(30);
    let train: Vec<usize> = (0..20).collect();
    let asked = data("shuffle-pairs = true");
    for seed in 0..20 {
        let arranged = dataset.arranged(&asked, seed, &train);
        assert!(train.iter().all(|i| face(&arranged, *i) != *i), "seed {seed}");
    }
    let arranged = dataset.arranged(&asked, 1, &train);
    let mut faces: Vec<usize> = train.iter().map(|i| face(&arranged, *i)).collect();
    faces.sort_unstable();
    assert_eq!(faces, train);
    assert!((20..30).all(|i| face(&arranged, i) == i), "clips to be scored are left alone");
    let first = |d: &Dataset| {
        d.items.iter().map(|i| i.values.get(Modality::Text).cloned()).collect::<Vec<_>>()
    };
    assert_eq!(first(&arranged), first(&dataset));
}

#[test]
fn a_held_out_class_leaves_training_and_its_label_table_and_stays_in_scoring() {
    let mut dataset = made_up(30);
    for item in &mut dataset.items[20..] {
        item.part = Part::Valid;
    }
    dataset.items[3].part = Part::Dev;
    dataset.items[4].part = Part::Dev;
    let asked = data("hold-out = ['two']\nshots = 0.5");
    let (train, test) = dataset.parts(&asked, None);
    assert!(train.iter().all(|i| i % 3 != 1) && train.len() == 20 - 7 - 1);
    assert_eq!(test, (20..30).collect::<Vec<_>>());
    assert_eq!(dataset.development(&asked), [3]);
    // Six clips are left with the class: three of them, and the first three without it.
    assert_eq!(dataset.shots(&asked, None), [0, 1, 2, 5, 7, 10]);
    let arranged = dataset.arranged(&asked, 1, &train);
    assert_eq!(arranged.sets()[0].classes, ["one", "three"]);
    for (index, item) in arranged.items.iter().enumerate() {
        let label = [Some(Label::Class(0)), None, Some(Label::Class(1))][index % 3].clone();
        assert_eq!(item.labels[0], label);
    }
    assert_eq!(dataset.sets()[0].classes.len(), 3);
}

#[test]
fn votes_hold_a_clip_out_by_their_majority_and_several_labels_by_any() {
    let mut dataset = made_up(2);
    let held = |dataset: &Dataset, label| {
        let mut item = dataset.items[0].clone();
        item.labels = vec![Some(label)];
        dataset.is_held_out(&item, &["two".to_owned()])
    };
    assert!(held(&dataset, Label::Votes(vec![1.0, 5.0, 0.0])));
    assert!(!held(&dataset, Label::Votes(vec![5.0, 1.0, 0.0])));
    assert!(held(&dataset, Label::Multi(vec![0, 1])));
    assert!(!held(&dataset, Label::Multi(vec![0, 2])));
    dataset.items[0].labels = vec![Some(Label::Votes(vec![1.0, 5.0, 2.0]))];
    dataset.items[1].labels = vec![Some(Label::Votes(vec![0.0, 5.0, 0.0]))];
    dataset.forget(&["two".to_owned()]);
    assert_eq!(dataset.items[0].labels[0], Some(Label::Votes(vec![1.0, 2.0])));
    assert_eq!(dataset.items[1].labels[0], None);
}

#[test]
fn a_held_out_class_that_does_not_exist_is_refused_with_those_that_do() {
    let error = made_up(1).check_held_out(&["joy".to_owned()]).unwrap_err().to_string();
    assert!(error.contains("data.hold-out") && error.contains("`joy`"), "{error}");
    assert!(error.contains("one, two, three"), "{error}");
}
