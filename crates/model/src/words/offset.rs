//! What words with learned offsets promise, at small sizes.

use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor};
use limbic_media::{Modality, PerModality};

use super::*;
use crate::{Input, LabelKind, LabelSet, Model, Recipe, Sequence};

fn set(classes: &[&str]) -> LabelSet {
    LabelSet {
        name: "own".to_owned(),
        kind: LabelKind::Class,
        classes: classes.iter().map(|class| (*class).to_owned()).collect(),
        covered: vec![false; 8],
    }
}

fn built(drop: f64, device: &Device) -> Model {
    let text = format!(
        "about = 'small'\nseed = 1\n[data]\ncorpora = ['a']\nsplit = 'official'\n[model]\nwidth = 6\n\
         trunk = {{ kind = 'dense', hidden = 5, dropout = 0.0 }}\n\
         head.words = {{ size = 4, offset = {{ drop = {drop} }} }}\n\
         [model.encoder.text]\nfeatures = 'x@1'\ninput = {{ kind = 'series', size = 3 }}\n\
         body = {{ kind = 'mlp', layers = 1, dropout = 0.0 }}\n\
         [model.encoder.audio]\nfeatures = 'y@1'\ninput = {{ kind = 'series', size = 2 }}\n\
         body = {{ kind = 'mlp', layers = 1, dropout = 0.0 }}\n\
         [[stage]]\nname = 's'\nepochs = 1\nbatch = 2\noptimizer = {{ kind = 'adamw', lr = 0.1 }}\n\
         objective.labels = {{}}"
    );
    let recipe = Recipe::parse("small", &text).unwrap();
    let model = recipe.model.init(&[set(&["joy", "fear", "awe"])], device);
    let row = |i: usize| (0..4).map(|j| ((i * 7 + j * 3) % 5) as f32).collect::<Vec<_>>();
    let rows: Vec<Vec<f32>> = (0..model.worded().len()).map(row).collect();
    model.with_class_vectors(&rows).unwrap()
}

fn views(model: &Model, device: &Device) -> PerModality<Tensor<2>> {
    let x = |size: usize| {
        let numbers = (0..2 * size).map(|i| (i as f32 * 0.7).sin()).collect::<Vec<_>>();
        let rows: Vec<Vec<f32>> = numbers.chunks(size).map(<[f32]>::to_vec).collect();
        Input::Series(Sequence::padded(&rows, size, device))
    };
    let inputs = [(Modality::Text, x(3)), (Modality::Audio, x(2))];
    model.view(&inputs.into_iter().collect()).unwrap().each
}

fn scores(model: &Model, modality: Modality, device: &Device) -> Vec<f32> {
    let view = views(model, device).remove(modality).unwrap();
    model.logits(modality, &view, "own").unwrap().into_data().iter::<f32>().collect()
}

#[test]
fn a_class_added_by_its_word_scores_by_its_word_alone() {
    let device = Device::flex();
    let model = built(0.0, &device);
    for modality in [Modality::Text, Modality::Audio] {
        let before = scores(&model, modality, &device);
        let word = [1.0, -2.0, 0.5, 3.0];
        let more = model.clone().with_class("own", "pride", &word).unwrap();
        let after = scores(&more, modality, &device);
        for row in 0..2 {
            for class in 0..3 {
                let (old, new) = (before[row * 3 + class], after[row * 4 + class]);
                assert!((old - new).abs() < 1e-5, "{old} {new}");
            }
        }
        // The same row twice, once with an offset: they differ by the offset alone.
        let again = more.with_class("own", "pride again", &word).unwrap();
        let twice = scores(&again, modality, &device);
        assert!((twice[3] - twice[4]).abs() < 1e-5);
        let back = again.with_classes("own", &[2, 0]).unwrap();
        let chosen = scores(&back, modality, &device);
        assert!((chosen[0] - before[2]).abs() < 1e-5 && (chosen[1] - before[0]).abs() < 1e-5);
    }
}

#[test]
fn offsets_are_dropped_in_training_alone() {
    let training = Device::flex().autodiff();
    let model = built(0.5, &training);
    let mut seen = BTreeMap::new();
    for _ in 0..64 {
        let scores = scores(&model, Modality::Audio, &training);
        *seen.entry(scores.iter().map(|x| x.to_bits()).collect::<Vec<_>>()).or_insert(0) += 1;
    }
    assert_eq!(seen.len(), 2, "with offsets and without");
    let used = model.valid();
    let once = scores(&used, Modality::Audio, &Device::flex());
    assert!((0..16).all(|_| scores(&used, Modality::Audio, &Device::flex()) == once));
}

#[test]
fn a_missing_modality_changes_no_other_view() {
    let device = Device::flex();
    let model = built(0.0, &device);
    let both = views(&model, &device);
    let rows = vec![vec![0.0, 0.7f32.sin()], vec![1.4f32.sin(), 2.1f32.sin()]];
    let alone = Input::Series(Sequence::padded(&rows, 2, &device));
    let alone = model.view(&std::iter::once((Modality::Audio, alone)).collect()).unwrap().each;
    assert_eq!(
        alone.get(Modality::Audio).unwrap().to_data(),
        both.get(Modality::Audio).unwrap().to_data()
    );
}
