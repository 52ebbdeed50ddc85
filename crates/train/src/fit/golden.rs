//! The authors' trajectories, driven by the steps that recipes describe.

use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor};
use limbic_media::{Modality, PerModality};
use limbic_model::objective::PositiveWeights;
use limbic_model::{Batch, Input, LabelKind, LabelSet, Layout, Model, Recipe, Sequence, Target};

use super::trainer::{Before, Trainer};
use crate::golden::{Golden, open};

mod mpuc;
mod mtee;
mod vavl;

/// The label set of every file.
const SET: &str = "set";

fn scalar(golden: &Golden, name: &str) -> f64 {
    golden.values(name)[0]
}

/// The model of a recipe with the weights of a file.
fn model(golden: &Golden, recipe: &Recipe, kind: LabelKind, classes: usize) -> Model {
    let set = LabelSet {
        name: SET.to_owned(),
        kind,
        classes: (0..classes).map(|class| class.to_string()).collect(),
        covered: vec![false; 8],
    };
    let fresh = recipe.model.init(&[set], &Device::flex().autodiff());
    fresh.adopted("golden", |name| golden.weight(&format!("param.{name}"))).unwrap()
}

/// A series without padding; axes behind the second are one.
fn series<const D: usize>(golden: &Golden, name: &str, device: &Device) -> Input {
    let x = golden.tensor::<D>(name, device);
    let (b, t) = (x.dims()[0], x.dims()[1]);
    let size = x.shape().num_elements() / (b * t);
    Input::Series(Sequence { x: x.reshape([b, t, size]), mask: Tensor::ones([b, t], device) })
}

fn batch(inputs: PerModality<Input>, target: Target) -> Batch {
    let targets = vec![(SET.to_owned(), target)];
    Batch { inputs, second: None, targets, shared: None, taught: Vec::new() }
}

fn positives(golden: &Golden, name: &str) -> PositiveWeights {
    let weights = golden.values(name).iter().map(|weight| *weight as f32).collect();
    BTreeMap::from([(SET.to_owned(), weights)])
}

/// Compares every weight under `prefix` with the model's; they are called as the authors do.
fn finals(golden: &Golden, prefix: &str, model: &Model, tolerance: f64) {
    let weights = model.weights();
    let ours: BTreeMap<String, (&Vec<f32>, Layout)> = weights
        .iter()
        .filter_map(|(path, values)| {
            let origin = model.origin(path)?;
            Some((origin.name, (values, origin.layout)))
        })
        .collect();
    let names = golden.names(prefix);
    let mut compared = 0;
    for name in &names {
        let Some((values, layout)) = ours.get(&name[prefix.len()..]) else { continue };
        let (mut shape, _) = golden.weight(name).unwrap();
        shape.truncate(2);
        let there: Vec<f32> = match layout {
            Layout::Same => (*values).clone(),
            // The values as they lie there, from those that lie here.
            Layout::Transposed => Layout::Transposed.bring((*values).clone(), &shape),
        };
        let there: Vec<f64> = there.into_iter().map(f64::from).collect();
        golden.close(name, &there, tolerance);
        compared += 1;
    }
    let claims = names.iter().filter(|name| name.ends_with("_unchanged")).count();
    assert_eq!(compared + claims, names.len(), "{prefix}");
}
