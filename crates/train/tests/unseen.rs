//! A class that training never saw is found by its word, and learned from a few clips.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::Path;

use limbic_media::Modality;
use limbic_model::{LabelMap, Recipe};
use limbic_train::{
    Card, Dataset, Fit, Item, Label, Part, Standing, Value, fit, outcomes, revealed, standing,
    unseen, with_names, zero_shot,
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

const CLASSES: [&str; 6] = ["joy", "anger", "fear", "grief", "calm", "pride"];
const SIZE: usize = 4;

const RECIPE: &str = r#"
    about = "small"
    seed = 2
    [data]
    corpora = ["made-up"]
    split = "official"
    hold-out = ["grief"]
    shots = 0.2
    [model]
    width = 12
    head.words = { size = 4 }
    encoder.audio = { features = "any@1", input = { kind = "series", size = 4, scale = "raw" }, body = { kind = "recurrent", layers = 1, dropout = 0.0 } }
    [[stage]]
    name = "train"
    epochs = 30
    batch = 16
    optimizer = { kind = "adam", lr = 0.01 }
    objective.labels = { shared = 0.0, balanced = true }
    [[tune]]
    name = "naive"
    tuning = { kind = "naive" }
    epochs = 12
    batch = 8
    optimizer = { kind = "adam", lr = 0.01 }
    [[tune]]
    name = "gem"
    tuning = { kind = "gem" }
    epochs = 12
    batch = 8
    old = 16
    optimizer = { kind = "adam", lr = 0.01 }
"#;

/// The vector of a class: the held-out one lies in the span of the others.
fn vector(class: usize) -> [f32; SIZE] {
    let angle = class as f32 * 1.047;
    [angle.cos(), angle.sin(), (2.0 * angle).cos(), (2.0 * angle).sin()]
}

/// The vectors of the classes as somebody would publish them.
fn write_vectors(folder: &Path) {
    let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': (13, {SIZE}), }}");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    let shown = ["neutral", "happiness", "sadness", "disgust", "surprise", "pair", "fun"];
    let words: Vec<&str> = CLASSES.into_iter().chain(shown).collect();
    let rows = (0..words.len()).flat_map(vector);
    bytes.extend(rows.flat_map(f32::to_le_bytes));
    std::fs::write(folder.join("word2vec_gnews300_f16.npy"), bytes).unwrap();
    std::fs::write(folder.join("word2vec_gnews300_words.txt"), words.join("\n")).unwrap();
}

/// Clips with one to two classes, whose only step is the sum of their vectors and noise.
fn dataset() -> Dataset {
    let classes: Vec<String> = CLASSES.iter().map(|c| format!("['{c}', '']")).collect();
    let text = format!(
        "name = 'made-up'\nkind = 'multi'\ntarget = 'perceived'\nsource = 'a rule'\nclasses = [{}]",
        classes.join(", ")
    );
    let labels = vec![LabelMap::parse("made-up", &text).unwrap()];
    let card = Card::new("made-up", labels);
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let items = (0..600).map(|i: usize| {
        let (first, second) = (i % 6, random.random_range(0..12));
        let own: Vec<usize> =
            if second < 6 && second != first { vec![first, second] } else { vec![first] };
        let mut x = vec![0.0; SIZE];
        for class in &own {
            x.iter_mut().zip(vector(*class)).for_each(|(x, v)| *x += v);
        }
        for x in &mut x {
            *x += random.random_range(-0.5..0.5);
        }
        Item {
            prints: Vec::new(),
            id: i.to_string(),
            corpus: 0,
            speaker: None,
            values: [(Modality::Audio, Value::Vectors(vec![x]))].into_iter().collect(),
            labels: vec![Some(Label::Multi(own))],
            shared: None,
            part: if i < 420 { Part::Train } else { Part::Valid },
            fold: None,
        }
    });
    let items = items.collect();
    Dataset { modalities: vec![Modality::Audio], cards: vec![card], items, ..Dataset::default() }
}

#[test]
fn a_held_out_class_is_found_by_its_word_and_learned_from_a_few_clips() {
    let (dataset, folder) = (dataset(), tempfile::tempdir().unwrap());
    write_vectors(folder.path());
    let recipe = Recipe::parse("small", RECIPE).unwrap();
    let (train, test) = dataset.parts(&recipe.data, None);
    let grief = |i: &usize| matches!(&dataset.items[*i].labels[0], Some(Label::Multi(all)) if all.contains(&3));
    assert!(!train.iter().any(grief) && test.iter().any(grief));
    let few = dataset.shots(&recipe.data, None);
    assert!(few.iter().filter(|i| grief(i)).count() * 2 == few.len() && few.len() > 20);
    let seen = dataset.arranged(&recipe.data, recipe.seed, &train);
    let words = Some(folder.path().to_owned());
    let run = Fit {
        recipe: &recipe,
        dataset: &seen,
        train: &train,
        valid: &[],
        word_vectors: words.clone(),
        state: None,
        keep_every: 0,
    };
    let model = fit(&run, &mut |_| {}).unwrap();

    let (hold_out, subsets) = (&recipe.data.hold_out, dataset.subsets());
    let valid = run.checkpoint(&model, None);
    let valid = with_names(valid, &dataset, &train, words.as_deref()).unwrap();
    let parts = (&*test, None);
    let found = unseen(&valid, &dataset, hold_out, parts, &subsets, words.as_deref()).unwrap();
    let [told] = &zero_shot(&found)[..] else { panic!("one class, one modality") };
    assert_eq!((told.class.as_str(), told.word.as_str(), told.clips), ("grief", "grief", 180));
    assert!(told.alone.auc > 0.8 && told.alone.interval[0] > 0.7, "{told:?}");
    let random = told.alone.random[0];
    assert!((random - 0.5).abs() < 0.15, "a random vector finds nothing: {told:?}");
    // Asked for among the known classes, it gets what fits none of them.
    assert!(told.asked.auc > 0.8 && told.asked.auc - told.asked.random[0] > 0.2, "{told:?}");

    let stands = |model: &limbic_model::Model| -> Standing {
        let valid = run.checkpoint(model, None).model;
        let answers = outcomes(&valid, &dataset, &test, &subsets).unwrap();
        standing(&dataset, &answers, hold_out).remove(0)
    };
    let before = stands(&revealed(model.clone(), &dataset, hold_out, words.as_deref()).unwrap());
    // The row stands where the label set has it, and says what it said alone.
    assert!((before.metrics["auc_new"] - told.alone.auc).abs() < 1e-6);
    let after: Vec<Standing> = recipe
        .tune
        .iter()
        .map(|tune| stands(&run.tuned(model.clone(), tune, &dataset, &few).unwrap()))
        .collect();
    for tuned in &after {
        let gain = tuned.metrics["weighted_accuracy_new"] - before.metrics["weighted_accuracy_new"];
        assert!(gain > 0.02, "{before:?} {tuned:?}");
    }
    let [naive, gem] = &after[..] else { panic!("two ways") };
    let kept = |standing: &Standing| standing.metrics["weighted_accuracy_old"];
    assert!(kept(gem) >= kept(naive), "{naive:?} {gem:?}");
    // What the seen classes are called is not lost to the training that left one out.
    assert_eq!(seen.cards[0].labels[0].classes.len(), 5);
}

#[test]
fn a_class_without_a_word_vector_is_named_with_the_way_out() {
    let (mut dataset, folder) = (dataset(), tempfile::tempdir().unwrap());
    write_vectors(folder.path());
    dataset.cards[0].labels[0].classes[3].0 = "saudade".to_owned();
    let model = limbic_model::Model::default();
    let words = Some(folder.path());
    let error = revealed(model.clone(), &dataset, &["saudade".to_owned()], words).unwrap_err();
    assert!(error.to_string().contains("`saudade`") && error.to_string().contains("`words`"));
    let error = revealed(model, &dataset, &["saudade".to_owned()], None).unwrap_err();
    assert!(error.to_string().contains("wordvec"), "{error}");
}
