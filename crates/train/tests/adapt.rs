//! A model bent to new labels: what it answered before it still answers, what was done can be
//! undone, and neither the order of clips nor a missing modality matters.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use burn::tensor::{Device, Tensor, TensorData};
use limbic_media::{Modality, PerModality};
use limbic_model::{
    Adapted, Checkpoint, LabelKind, LabelMap, LabelSet, Precision, Provenance, Recipe,
};
use limbic_train::adapt::{Clips, Layer, Report, Request, adapt, contrast, curve, named};
use limbic_train::{Card, Example, Label, Media};
use proptest::prelude::*;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Numbers of a clip in each modality.
const SIZE: usize = 6;

/// One test at a time: all draw from burn's generator, and what one draws another would miss.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

const NAMES: [(Modality, &str); 3] = [
    (Modality::Text, "mosi-text@1"),
    (Modality::Audio, "mosi-audio@1"),
    (Modality::Vision, "mosi-video@1"),
];

fn recipe(words: bool) -> Recipe {
    let encoder = |(modality, features): &(Modality, &str)| {
        format!(
            "[model.encoder.{modality}]\nfeatures = '{features}'\n\
             input = {{ kind = 'series', size = {SIZE} }}\n\
             body = {{ kind = 'mlp', layers = 2, dropout = 0.1 }}\n"
        )
    };
    let encoders = NAMES.iter().map(encoder).collect::<Vec<_>>().concat();
    let head = if words { "head.words = { size = 8 }" } else { "" };
    let text = format!(
        "about = 'a test'\n[data]\ncorpora = ['made-up']\nsplit = 'official'\n\
         [model]\nwidth = 8\n{head}\n{encoders}\
         [[stage]]\nname = 'train'\nepochs = 1\nbatch = 8\n\
         optimizer = {{ kind = 'adamw', lr = 0.001 }}\nobjective.labels = {{}}\n"
    );
    Recipe::parse("a test", &text).unwrap()
}

/// A model that learned something else, or nothing: its rows are learned, or words.
fn checkpoint(words: bool) -> Checkpoint {
    let device = Device::flex();
    device.seed(7);
    let recipe = recipe(words);
    let set = LabelSet {
        name: "other".to_owned(),
        kind: LabelKind::Multi,
        classes: vec!["one".to_owned(), "two".to_owned()],
        covered: vec![false; 8],
    };
    let mut model = recipe.model.init(&[set], &device);
    for (modality, _) in NAMES {
        model = model.standardised(modality, &[0.0; SIZE], &[1.0; SIZE]);
    }
    if words {
        let vectors: Vec<Vec<f32>> =
            model.worded().iter().map(|word| lexicon(word).unwrap()).collect();
        model = model.with_class_vectors(&vectors).unwrap();
    }
    Checkpoint {
        model,
        recipes: NAMES.map(|(modality, _)| (modality, recipe.clone())).into(),
        provenance: NAMES.map(|(modality, _)| (modality, Provenance::default())).into(),
        met: [[1, 2, 3, 4, 5, 6]].into(),
        ..Checkpoint::default()
    }
}

/// A vector a word, always the same; words with an x have none.
fn lexicon(word: &str) -> Option<Vec<f32>> {
    let seed = word.bytes().fold(1u64, |seed, byte| seed.wrapping_mul(31) + u64::from(byte));
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    (!word.contains('x')).then(|| (0..8).map(|_| random.random_range(-1.0..1.0)).collect())
}

const CLASSES: [&str; 3] = ["awe", "boredom", "calm"];

fn card() -> Card {
    let labels = "name = 'mine'\nkind = 'class'\ntarget = 'perceived'\nsource = 'a rule'\n\
                  classes = [['awe', ''], ['boredom', ''], ['calm', 'calm']]";
    Card::new("mine", vec![LabelMap::parse("mine", labels).unwrap()])
}

/// Clips whose class can be seen in every modality that they have.
fn examples(count: usize, seed: u64, has: impl Fn(usize, Modality) -> bool) -> Vec<Example> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    (0..count)
        .map(|i| {
            let class = i % 3;
            let mut media = Vec::new();
            for (modality, name) in NAMES {
                let vector: Vec<f32> = (0..SIZE)
                    .map(|k| random.random_range(-1.0f32..1.0) + if k == class { 1.5 } else { 0.0 })
                    .collect();
                if has(i, modality) {
                    media.push(Media::Vector(Cow::Borrowed(name), vector.into()));
                }
            }
            Example {
                speaker: Some(format!("s{}", i / 6)),
                media,
                labels: vec![Some(Label::Class(class))],
                ..Example::new(format!("clip {i:03}"))
            }
        })
        .collect()
}

fn request(words: PerModality<limbic_model::Rows>) -> Request {
    Request {
        set: LabelSet {
            name: "mine".to_owned(),
            kind: LabelKind::Class,
            classes: CLASSES.map(str::to_owned).to_vec(),
            covered: vec![false; 8],
        },
        words,
        seed: 3,
        layers: None,
        precision: Precision::Full,
        record: Adapted { from: "a file".to_owned(), ..Adapted::default() },
    }
}

fn read(checkpoint: &Checkpoint, examples: Vec<Example>) -> Clips {
    let classes = CLASSES.map(str::to_owned);
    let root = Path::new(".");
    Clips::read(checkpoint, &card(), examples, Some(0), &classes, root, &mut |_| {}).unwrap()
}

fn bent(base: &Checkpoint, examples: Vec<Example>) -> (Checkpoint, Report) {
    let clips = read(base, examples);
    adapt(base, &request(PerModality::none()), &clips, &mut |_| {}).unwrap()
}

/// Every answer to the label sets of before, down to the last bit.
fn old_answers(checkpoint: &Checkpoint) -> Vec<u32> {
    let mut bits = Vec::new();
    for (modality, _) in NAMES {
        let view: Vec<f32> = (0..24).map(|i| (i * 7 % 13) as f32 / 5.0 - 1.0).collect();
        let view = Tensor::from_data(TensorData::new(view, [3, 8]), &Device::flex());
        for set in ["limbic", "other"] {
            let logits = checkpoint.model.logits(modality, &view, set).unwrap();
            bits.extend(logits.into_data().iter::<f32>().map(f32::to_bits));
        }
        bits.extend(checkpoint.model.branch(modality).unwrap().covered().map(u32::from));
    }
    bits
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn what_it_answered_before_it_answers_to_the_last_bit_and_undo_is_the_way_back(
        seed in 0u64..1000, count in 12usize..40, half in any::<bool>(), words in any::<bool>(),
    ) {
        let _turn = turn();
        let precision = if half { Precision::Half } else { Precision::Full };
        let bytes = checkpoint(words).to_bytes(precision).unwrap();
        let load = |bytes: &[u8]| {
            Checkpoint::from_bytes("a test", bytes, &Modality::ALL, &Device::flex()).unwrap()
        };
        let base = load(&bytes);
        let (adapted, _) = bent(&base, examples(count, seed, |i, m| !(i + m as usize).is_multiple_of(4)));
        prop_assert_eq!(old_answers(&adapted), old_answers(&base));
        let adapted = load(&adapted.to_bytes(precision).unwrap());
        prop_assert_eq!(old_answers(&adapted), old_answers(&base));
        prop_assert_eq!(adapted.shown.as_deref(), Some("mine"));
        // Bent once more, by other clips: the last one is taken back first.
        let clips = read(&adapted, examples(count, seed + 1, |_, _| true));
        let mut again = request(PerModality::none());
        again.set.name = "mine-2".to_owned();
        let (twice, _) = adapt(&adapted, &again, &clips, &mut |_| {}).unwrap();
        let twice = load(&twice.to_bytes(precision).unwrap());
        let (once, record) = twice.undone().unwrap();
        prop_assert_eq!(record.set.as_deref(), Some("mine-2"));
        prop_assert_eq!(
            once.to_bytes(precision).unwrap(), adapted.to_bytes(precision).unwrap()
        );
        let (before, _) = once.undone().unwrap();
        prop_assert_eq!(before.to_bytes(precision).unwrap(), bytes);
        prop_assert!(before.undone().is_none());
    }

    #[test]
    fn the_order_of_clips_changes_nothing(seed in 0u64..1000) {
        let _turn = turn();
        let base = checkpoint(false);
        let clips = examples(30, seed, |i, m| !(i + m as usize).is_multiple_of(3));
        let mut other = clips.clone();
        other.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
        let ((one, told), (two, again)) = (bent(&base, clips), bent(&base, other));
        prop_assert_eq!(told, again);
        let bytes = |checkpoint: &Checkpoint| checkpoint.to_bytes(Precision::Full).unwrap();
        prop_assert_eq!(bytes(&one), bytes(&two));
    }
}

#[test]
fn a_modality_that_is_missing_is_not_missed() {
    let _turn = turn();
    let base = checkpoint(false);
    // Texts everywhere, voices of every second clip, no faces.
    let has = |i: usize, m: Modality| {
        m == Modality::Text || (m == Modality::Audio && i.is_multiple_of(2))
    };
    let (adapted, report) = bent(&base, examples(60, 5, has));
    let names: Vec<&str> = report.scores.iter().map(|own| own.inputs.as_str()).collect();
    assert_eq!(names, ["text", "audio", "text+audio", "whatever is there"]);
    let clips: Vec<usize> = report.scores.iter().map(|own| own.clips).collect();
    assert_eq!(clips, [60, 30, 30, 60]);
    assert!(report.scores.iter().all(|own| own.after.uar > own.before.uar), "{report:#?}");
    assert!((report.scores[0].before.uar - 1.0 / 3.0).abs() < 1e-9, "the commonest class");
    let knows = |m: Modality| adapted.model.branch(m).unwrap().added().len();
    assert_eq!(NAMES.map(|(modality, _)| knows(modality)), [1, 1, 0]);
    // Without the other modality the answer is that of this one alone.
    let alone = adapted.adapted[0].temperature.keys().cloned().collect::<Vec<_>>();
    assert_eq!(alone, ["audio", "text", "text+audio"]);
    assert_eq!(report.held_out_by.as_deref(), Some("speakers"));
    let record = &adapted.adapted[0];
    assert_eq!((record.met.is_empty(), record.people["mine"].len()), (false, 10));
}

#[test]
fn what_no_rows_can_be_fitted_to_is_refused_by_name() {
    let _turn = turn();
    let base = checkpoint(false);
    let refused = |change: &dyn Fn(&mut Vec<Example>)| {
        let mut clips = examples(18, 1, |_, _| true);
        change(&mut clips);
        let clips = read(&base, clips);
        adapt(&base, &request(PerModality::none()), &clips, &mut |_| {}).unwrap_err().to_string()
    };
    let only = refused(&|clips| clips.retain(|clip| clip.labels[0] == Some(Label::Class(1))));
    assert!(only.contains("`boredom`") && only.contains("two classes"), "{only}");
    let two = refused(&|clips| clips.retain(|clip| clip.labels[0] != Some(Label::Class(2))));
    assert!(two.contains("calm") && two.contains("--labels"), "{two}");
    let none = refused(&|clips| clips.iter_mut().for_each(|clip| clip.labels = vec![None]));
    assert!(none.contains("awe, boredom, calm"), "{none}");
}

#[test]
fn a_clip_that_is_no_number_is_named_and_left_out() {
    let _turn = turn();
    let base = checkpoint(false);
    let mut clips = examples(18, 1, |_, _| true);
    for medium in &mut clips[4].media {
        if let Media::Vector(_, values) = medium {
            *values = vec![f32::NAN; SIZE].into();
        }
    }
    clips[5].media.clear();
    let found = read(&base, clips.clone());
    assert_eq!(found.all.len(), 16);
    for (clip, word) in [("clip 004", "NaN"), ("clip 005", "nothing")] {
        let said = |reason: &&String| reason.contains(clip) && reason.contains(word);
        assert!(found.skipped.iter().any(|reason| said(&reason)), "{:?}", found.skipped);
    }
    let (adapted, _) = bent(&base, clips);
    let weights = adapted.model.weights();
    assert!(weights.values().flatten().all(|weight| weight.is_finite()));
}

fn words(base: &Checkpoint) -> PerModality<limbic_model::Rows> {
    let vectors = CLASSES.map(|class| lexicon(class).unwrap());
    let rows = |m: Modality| base.zero_shot.rows(&base.model, m, &vectors).unwrap().unwrap();
    let each = NAMES.iter().map(|(m, _)| (*m, rows(*m)));
    each.collect()
}

#[test]
fn names_alone_answer_as_the_words_do_and_a_few_clips_begin_there() {
    let _turn = turn();
    let base = checkpoint(true);
    let asked = request(words(&base));
    let adapted = named(&base, &asked).unwrap();
    let vectors = CLASSES.map(|class| lexicon(class).unwrap());
    let mut worded = base.model.clone();
    for (class, vector) in CLASSES.iter().zip(&vectors) {
        worded = worded.with_class("other", class, vector).unwrap();
    }
    let view: Vec<f32> = (0..16).map(|i| (i * 5 % 11) as f32 / 4.0 - 1.0).collect();
    let view = Tensor::from_data(TensorData::new(view, [2, 8]), &Device::flex());
    for (modality, _) in NAMES {
        let said = |model: &limbic_model::Model, set| -> Vec<f32> {
            model.logits(modality, &view, set).unwrap().into_data().iter::<f32>().collect()
        };
        let (found, wanted) = (said(&adapted.model, "mine"), said(&worded, "other"));
        for clip in 0..2 {
            for class in 0..3 {
                let (a, b) = (found[clip * 3 + class], wanted[clip * 5 + 2 + class]);
                assert!((a - b).abs() < 1e-4, "{modality} {a} {b}");
            }
        }
    }
    assert!(named(&checkpoint(false), &request(PerModality::none())).is_err());
    let clips = read(&base, examples(12, 9, |_, m| m == Modality::Text));
    let (_, report) = adapt(&base, &asked, &clips, &mut |_| {}).unwrap();
    assert_eq!(report.before, "words");
}

#[test]
fn last_layers_move_where_they_help_and_come_back() {
    let _turn = turn();
    let base = checkpoint(false);
    let bytes = base.to_bytes(Precision::Full).unwrap();
    let mut asked = request(PerModality::none());
    asked.layers = Some(Duration::from_mins(10));
    let clips = read(&base, examples(120, 2, |_, m| m == Modality::Text));
    let (adapted, report) = adapt(&base, &asked, &clips, &mut |_| {}).unwrap();
    let layer = &report.chosen[0].layer;
    assert!(matches!(layer, Layer::Stays { .. } | Layer::Moved { .. }), "{layer:?}");
    if let Layer::Moved { rows, moved, agreement, .. } = layer {
        assert!(moved < rows && *agreement > 0.5, "{layer:?}");
        assert!(!adapted.adapted[0].kept.is_empty());
    }
    assert_eq!(adapted.undone().unwrap().0.to_bytes(Precision::Full).unwrap(), bytes);
}

#[test]
fn clips_without_labels_find_each_other_and_the_old_model_comes_back() {
    let _turn = turn();
    let base = checkpoint(false);
    let bytes = base.to_bytes(Precision::Half).unwrap();
    let base = Checkpoint::from_bytes("a test", &bytes, &Modality::ALL, &Device::flex()).unwrap();
    let clips = read(&base, examples(90, 4, |_, m| m != Modality::Vision));
    let ways = (1, Precision::Half, Duration::from_mins(10));
    let (adapted, told) = contrast(&base, &clips, ways, Adapted::default(), &mut |_| {}).unwrap();
    assert_eq!(told.pairs, "text and audio each other");
    assert!(told.found[1] > told.found[0] && told.agreement > 0.5, "{told:?}");
    let saved = adapted.to_bytes(Precision::Half).unwrap();
    let loaded = Checkpoint::from_bytes("a test", &saved, &Modality::ALL, &Device::flex()).unwrap();
    let kept: BTreeMap<_, _> = loaded.adapted[0].kept.clone();
    assert!(!kept.is_empty() && kept.len() < base.model.weights().len() / 4);
    assert_ne!(loaded.model.weights(), base.model.weights());
    assert_eq!(loaded.undone().unwrap().0.to_bytes(Precision::Half).unwrap(), bytes);
}

#[test]
fn a_curve_has_every_way_and_draws_no_more_than_there_is() {
    let _turn = turn();
    let base = checkpoint(true);
    let examples = examples(90, 6, |_, m| m == Modality::Text);
    let clips = read(&base, examples.clone());
    let asked = request(words(&base));
    let found = curve(&asked, &clips, &examples, (&[1, 5], 2), &mut |_| {}).unwrap();
    // Published vectors have no classical features.
    assert_eq!(found.rungs.len(), 1 + 2 * 2);
    assert!(found.rungs.iter().all(|rung| (0.0..=1.0).contains(&rung.uar[0])));
    assert_eq!(found.held_out_by, "speakers");
    let error = curve(&asked, &clips, &examples, (&[50], 2), &mut |_| {}).unwrap_err();
    assert!(error.to_string().contains("ask for fewer"), "{error}");
}
