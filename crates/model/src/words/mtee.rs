//! The whole model of Dai et al. 2020, put together from its parts, and one step of training.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Gradients, Tensor, TensorData};
use limbic_media::{Modality, PerModality};

use super::{Words, WordsConfig};
use crate::encode::recurrent::{self, Recurrent, RecurrentConfig};
use crate::fusion::{self, LateFusion};
use crate::objective::weighted_binary_cross_entropy;
use crate::{Layout, Origin};

/// Series of each modality, without padding.
pub(super) type Inputs = PerModality<Tensor<3>>;

#[derive(Module, Debug)]
pub(super) struct Mtee {
    pub(super) text: Option<Recurrent>,
    pub(super) audio: Option<Recurrent>,
    pub(super) vision: Option<Recurrent>,
    pub(super) words: Words,
    pub(super) fusion: LateFusion,
}

impl Mtee {
    /// Encoders for inputs of the given sizes, and classes of the given rows.
    pub(super) fn new(
        encoders: &PerModality<(usize, RecurrentConfig)>,
        rows: &[Vec<f32>],
        device: &Device,
    ) -> Self {
        let encoder = |modality: Modality| {
            encoders.get(modality).map(|(size, config)| config.init(*size, device))
        };
        let widths = encoders.clone().map(|_, (_, config)| config.hidden);
        let modalities: Vec<Modality> = encoders.iter().map(|(m, _)| m).collect();
        let words = WordsConfig { size: rows[0].len(), ..WordsConfig::default() };
        Self {
            text: encoder(Modality::Text),
            audio: encoder(Modality::Audio),
            vision: encoder(Modality::Vision),
            words: words.empty(&widths, rows.len(), device).with_rows(rows).unwrap(),
            fusion: LateFusion::new(&modalities, device),
        }
    }

    pub(super) fn encoder(&self, modality: Modality) -> &Recurrent {
        match modality {
            Modality::Text => self.text.as_ref().unwrap(),
            Modality::Audio => self.audio.as_ref().unwrap(),
            Modality::Vision => self.vision.as_ref().unwrap(),
            Modality::Body => panic!("nobody reads bodies here"),
        }
    }

    pub(super) fn view(&self, modality: Modality, x: &Tensor<3>) -> Tensor<2> {
        self.encoder(modality).forward(x.clone(), &whole(x))
    }

    pub(super) fn scores(&self, inputs: &Inputs) -> PerModality<Tensor<2>> {
        inputs.clone().map(|m, x| self.words.forward(m, self.view(m, &x)).unwrap())
    }

    pub(super) fn logits(&self, inputs: &Inputs) -> Tensor<2> {
        self.fusion.forward(&self.scores(inputs)).unwrap()
    }
}

/// The mask of series without padding.
pub(super) fn whole(x: &Tensor<3>) -> Tensor<2> {
    let [b, t, _] = x.dims();
    Tensor::ones([b, t], &x.device())
}

/// Where a weight lies in the authors' model of text, audio and vision.
pub(super) fn origin(path: &str) -> Option<Origin> {
    let (part, rest) = path.split_once('.')?;
    let network = |index: usize| {
        let Origin { name, layout } = recurrent::origin(rest)?;
        Some(Origin { name: format!("RNNs.{index}.{name}"), layout })
    };
    match part {
        "text" => network(0),
        "audio" => network(1),
        "vision" => network(2),
        "words" => super::origin(rest),
        "fusion" => fusion::origin(rest),
        _ => None,
    }
}

/// A batch: what is there, what it should be answered with, and how often positives count.
pub(super) struct Clips {
    pub(super) inputs: Inputs,
    pub(super) labels: Tensor<2>,
    pub(super) positive: Tensor<1>,
}

impl Clips {
    pub(super) fn loss(&self, model: &Mtee) -> Tensor<1> {
        let logits = model.logits(&self.inputs);
        weighted_binary_cross_entropy(logits, self.labels.clone(), Some(self.positive.clone()))
    }

    /// The loss, and its gradient by path.
    pub(super) fn gradient(&self, model: &Mtee) -> (f64, Gradient) {
        let loss = self.loss(model);
        let value = loss.clone().into_scalar::<f32>();
        (f64::from(value), flatten(model, &loss.backward()))
    }
}

/// Gradients by path; a weight without one is not there.
pub(super) type Gradient = BTreeMap<String, Vec<f32>>;

/// Adam as the authors set it, with the whole gradient clipped.
pub(super) struct Training {
    pub(super) lr: f64,
    pub(super) clip: f64,
    optimizer: ModuleOptimizer,
}

impl Training {
    pub(super) fn new(lr: f64, clip: f64) -> Self {
        Self { lr, clip, optimizer: AdamConfig::new().with_epsilon(1e-8).init() }
    }

    /// One step; returns the model and the length of the gradient before it was clipped.
    pub(super) fn step(&mut self, model: Mtee, mut gradient: Gradient) -> (Mtee, f64) {
        let length = inner(&gradient, &gradient).sqrt();
        let factor = (self.clip / (length + 1e-6)).min(1.0) as f32;
        gradient.values_mut().flatten().for_each(|g| *g *= factor);
        let mut restore =
            Restore { gradient: &gradient, path: Vec::new(), found: GradientsParams::new() };
        model.visit(&mut restore);
        let found = restore.found;
        (self.optimizer.step(self.lr, model, found), length)
    }
}

/// The inner product over the weights that both have.
pub(super) fn inner(a: &Gradient, b: &Gradient) -> f64 {
    a.iter()
        .filter_map(|(path, a)| Some(a.iter().zip(b.get(path)?)))
        .flatten()
        .map(|(a, b)| f64::from(*a) * f64::from(*b))
        .sum()
}

pub(super) fn flatten(model: &Mtee, gradients: &Gradients) -> Gradient {
    let mut all = Flatten { gradients, path: Vec::new(), found: BTreeMap::new() };
    model.visit(&mut all);
    all.found
}

struct Flatten<'a> {
    gradients: &'a Gradients,
    path: Vec<String>,
    found: Gradient,
}

impl ModuleVisitor for Flatten<'_> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = param.val().grad(self.gradients) {
            let values = gradient.into_data().iter::<f32>().collect();
            self.found.insert(self.path.join("."), values);
        }
    }
}

struct Restore<'a> {
    gradient: &'a Gradient,
    path: Vec<String>,
    found: GradientsParams,
}

impl ModuleVisitor for Restore<'_> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(values) = self.gradient.get(&self.path.join(".")) {
            let data = TensorData::new(values.clone(), param.val().dims());
            self.found.register(param.id, Tensor::<D>::from_data(data, &Device::flex()));
        }
    }
}

/// The values of a weight of the authors, by its name there.
pub(super) fn weight(model: &Mtee, name: &str) -> Vec<f32> {
    let mut one = One { name, path: Vec::new(), found: None };
    model.visit(&mut one);
    one.found.unwrap_or_else(|| panic!("no weight comes from {name}"))
}

struct One<'a> {
    name: &'a str,
    path: Vec<String>,
    found: Option<Vec<f32>>,
}

impl ModuleVisitor for One<'_> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let origin = origin(&self.path.join(".")).unwrap();
        if origin.name == self.name {
            let rows = param.val();
            let values: Vec<f32> = match origin.layout {
                Layout::Same => rows.into_data().iter::<f32>().collect(),
                Layout::Transposed => rows.transpose().into_data().iter::<f32>().collect(),
            };
            self.found = Some(values);
        }
    }
}
