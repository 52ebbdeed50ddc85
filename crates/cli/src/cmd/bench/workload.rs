//! Models and batches at published sizes; the same weights and inputs in every process.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};
use burn::tensor::{Device, Tensor, TensorData};
use limbic_media::{Modality, PerModality};
use limbic_model::objective::PositiveWeights;
use limbic_model::{Batch, Input, LabelKind, LabelSet, Layout, Model, Recipe, Sequence, Target};
use safetensors::tensor::{Dtype, TensorView};

use crate::args::{Case, Workload};

/// The label set.
pub(super) const SET: &str = "set";

/// MTEE as published (Dai et al. 2020), with 64 clips of 20 steps.
const D1: &str = r#"
about = "MTEE at its published sizes"
[data]
corpora = ["none"]
split = "official"
[model]
width = 300
head.words = { size = 300, metric = "dot" }
fusion = { kind = "late" }
[model.encoder.text]
features = "word-vectors@1"
input = { kind = "series", size = 300, scale = "raw" }
body = { kind = "recurrent", layers = 2, bidirectional = true, dropout = DROPOUT }
[model.encoder.audio]
features = "covarep@1"
input = { kind = "series", size = 74, scale = "raw" }
body = { kind = "recurrent", layers = 2, bidirectional = true, dropout = DROPOUT }
width = 200
[model.encoder.vision]
features = "facet@1"
input = { kind = "series", size = 35, scale = "raw" }
body = { kind = "recurrent", layers = 2, bidirectional = true, dropout = DROPOUT }
width = 100
[[stage]]
name = "train"
epochs = 1
batch = 64
optimizer = { kind = "adam", lr = 0.001 }
clip = 1.0
objective.labels = { on = "joint", shared = 0.0, balanced = true }
"#;

/// VAVL as published (Goncalves et al. 2024), with 8 clips of 150 steps of voice and 90 of face.
const D2: &str = r#"
about = "VAVL at its published sizes"
[data]
corpora = ["none"]
split = "official"
[model]
width = 512
head.stack = { wide = 512, narrow = 256, dropout = HEADS }
reconstruction = { wide = 512, narrow = 256, dropout = HEADS }
trunk = { kind = "shared", layers = 2, dropout = DROPOUT }
fusion = { kind = "concat", order = ["audio", "vision"] }
[model.encoder.audio]
features = "wav2vec2-large-robust-12@1"
input = { kind = "series", size = 1024, scale = "raw" }
body = { kind = "conformer", layers = 3, frame = 50, dropout = DROPOUT }
[model.encoder.vision]
features = "efficientnet-b2-affect@1"
input = { kind = "series", size = 1408, scale = "raw" }
body = { kind = "conformer", layers = 3, frame = 50, dropout = DROPOUT }
[[stage]]
name = "train"
epochs = 1
batch = 8
optimizer = { kind = "adam", lr = 5e-5, betas = [0.95, 0.999], weight_decay = 5e-7 }
[[stage.steps]]
name = "vision"
learns = ["vision", "trunk"]
sees = ["vision"]
objective = { labels = { shared = 0.0, hard = true }, predict = { weight = 2.0 } }
[[stage.steps]]
name = "audio"
learns = ["audio", "trunk"]
sees = ["audio"]
objective = { labels = { shared = 0.0, hard = true }, predict = { weight = 2.0 } }
[[stage.steps]]
name = "fusion"
learns = ["joint"]
views = "still"
objective.labels = { on = "joint", detach = true, shared = 0.0, hard = true }
"#;

/// MPUC as published (Franceschini et al. 2022), of its encoders those of voice and landmarks, with two
/// views of 32 clips of 90 steps.
const D3: &str = r#"
about = "MPUC at its published sizes"
[data]
corpora = ["none"]
split = "official"
[model]
width = 512
projector = { hidden = 1024, out = 512 }
[model.encoder.audio]
features = "mel@1"
input = { kind = "series", size = 128, scale = "raw" }
body = { kind = "tcn", dropout = DROPOUT }
[model.encoder.body]
features = "landmarks@1"
input = { kind = "series", size = 102, scale = "raw" }
body = { kind = "graph", steps = STEPS, dropout = DROPOUT }
[[stage]]
name = "train"
epochs = 1
batch = 32
optimizer = { kind = "sgd", lr = 0.001, momentum = 0.9, weight_decay = 0.001 }
objective.contrast = { form = "reference", temperature = 0.07 }
"#;

/// How many classes the workloads have that have labels.
const CLASSES: usize = 6;

/// A model, and what it is shown.
pub(super) struct Made {
    pub(super) model: Model,
    pub(super) shown: Shown,
    /// What its label rows are.
    table: Vec<f32>,
    /// Inputs and targets by name.
    given: Given,
}

/// What a model is shown, and how it learns.
pub(super) struct Shown {
    pub(super) batch: Batch,
    pub(super) positives: PositiveWeights,
    pub(super) recipe: Recipe,
}

impl Made {
    /// With the published dropout, or with none, so that losses can be compared.
    pub(super) fn new(case: Case, dropout: bool) -> Result<Self> {
        let steps = |published: usize| published * case.longer;
        let text = |text: &str, all: &str, heads: &str| {
            let [all, heads] = if dropout { [all, heads] } else { ["0.0"; 2] };
            let text = text.replace("DROPOUT", all).replace("HEADS", heads);
            text.replace("STEPS", &steps(90).to_string())
        };
        match case.workload {
            Workload::D1 | Workload::I1 => {
                let given = [(Modality::Text, 300), (Modality::Audio, 74), (Modality::Vision, 35)];
                let given = given.map(|(modality, size)| (modality, steps(20), size));
                Self::of(case, &text(D1, "0.15", "0.0"), LabelKind::Multi, &given)
            }
            Workload::D2 | Workload::I2 => {
                let given =
                    [(Modality::Audio, steps(150), 1024), (Modality::Vision, steps(90), 1408)];
                Self::of(case, &text(D2, "0.1", "0.2"), LabelKind::Class, &given)
            }
            Workload::F1 | Workload::F1t | Workload::F2 => {
                bail!("{} has no model", case.workload.name())
            }
            Workload::D3 | Workload::I3 => {
                let given = [(Modality::Audio, steps(90), 128), (Modality::Body, steps(90), 102)];
                let made = Self::of(case, &text(D3, "0.1", "0.0"), LabelKind::Class, &given)?;
                Ok(if case.workload.learns() { made.with_second(case, &given) } else { made })
            }
        }
    }

    /// `given` are steps and numbers a step of each modality.
    fn of(
        case: Case,
        recipe: &str,
        kind: LabelKind,
        modalities: &[(Modality, usize, usize)],
    ) -> Result<Self> {
        let (device, clips) = (Device::flex().autodiff(), case.clips);
        let recipe = Recipe::parse("bench", recipe)?;
        let set = LabelSet {
            name: SET.to_owned(),
            kind,
            classes: (0..CLASSES).map(|class| class.to_string()).collect(),
            covered: vec![false; 8],
        };
        device.seed(1);
        let mut model = recipe.model.init(&[set], &device);
        let mut table = Vec::new();
        if let Some(words) = &recipe.model.head.words {
            let own = (0..CLASSES).map(|class| wave(words.size, class as f32 + 0.3));
            let own: Vec<Vec<f32>> = own.collect();
            table = own.concat();
            // Rows of the classes that readings show come first.
            let shown = model.worded().len() - CLASSES;
            let rows = [vec![vec![0.0; words.size]; shown], own].concat();
            model = model.with_class_vectors(&rows)?;
        }
        let (mut given, inputs) = look(case, modalities, 0.1);
        let labels: Vec<f32> = match kind {
            LabelKind::Class => (0..clips * CLASSES)
                .map(|place| {
                    f32::from(u8::from((place / CLASSES * 5) % CLASSES == place % CLASSES))
                })
                .collect(),
            _ => wave(clips * CLASSES, 0.7).iter().map(|x| f32::from(u8::from(*x > 0.4))).collect(),
        };
        let tensor = Tensor::from_data(TensorData::new(labels.clone(), [clips, CLASSES]), &device);
        let target = match kind {
            LabelKind::Class => Target::Class(tensor),
            _ => Target::Multi(tensor),
        };
        given.insert("labels".to_owned(), (vec![clips, CLASSES], labels));
        let targets = vec![(SET.to_owned(), target)];
        let batch = Batch { inputs, second: None, targets, shared: None, taught: Vec::new() };
        let positives = BTreeMap::from([(SET.to_owned(), vec![3.0; CLASSES])]);
        Ok(Self { model, shown: Shown { batch, positives, recipe }, table, given })
    }

    /// The same with another look at the same clips.
    fn with_second(mut self, case: Case, modalities: &[(Modality, usize, usize)]) -> Self {
        let (given, inputs) = look(case, modalities, 0.6);
        self.shown.batch.second = Some(inputs);
        let named = given.into_iter().map(|(name, given)| (format!("{name}:second"), given));
        self.given.extend(named);
        self
    }

    /// Weights, called as the authors call them, and inputs. What lies transposed there is
    /// `turned:NAME`; shapes are known to who reads.
    pub(super) fn write(&self, file: &Path) -> Result<()> {
        let mut all = Given::new();
        for (path, values) in self.model.weights() {
            let Some(origin) = self.model.origin(&path) else { continue };
            let (layout, values) = match (origin.layout, path.as_str()) {
                (_, "words.table") => ("same", self.table.clone()),
                (Layout::Same, _) => ("same", values),
                (Layout::Transposed, _) => ("turned", values),
            };
            all.insert(format!("{layout}:{}", origin.name), (vec![values.len()], values));
        }
        for (name, given) in &self.given {
            all.insert(format!("given:{name}"), given.clone());
        }
        deposit(&all, file)
    }
}

/// Writes tensors to a file for the peer.
pub(super) fn deposit(all: &Given, file: &Path) -> Result<()> {
    let bytes: BTreeMap<&String, (&Vec<usize>, Vec<u8>)> = all
        .iter()
        .map(|(name, (shape, values))| {
            (name, (shape, values.iter().flat_map(|x| x.to_le_bytes()).collect()))
        })
        .collect();
    let views = bytes
        .iter()
        .map(|(name, (shape, bytes))| {
            Ok((name.as_str(), TensorView::new(Dtype::F32, (*shape).clone(), bytes)?))
        })
        .collect::<Result<Vec<_>, safetensors::SafeTensorError>>()?;
    safetensors::serialize_to_file(views, None, file).with_context(|| file.display().to_string())
}

/// Shape and numbers of inputs and targets by name.
pub(super) type Given = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

/// Where a workload is computed; slopes are kept where it learns.
fn device(case: Case) -> Device {
    if case.workload.learns() { Device::flex().autodiff() } else { Device::flex() }
}

/// Series of each of `modalities`: its steps, and numbers a step.
fn look(
    case: Case,
    modalities: &[(Modality, usize, usize)],
    salt: f32,
) -> (Given, PerModality<Input>) {
    let (device, clips) = (device(case), case.clips);
    let (mut given, mut inputs) = (Given::new(), PerModality::none());
    for (index, (modality, steps, size)) in modalities.iter().enumerate() {
        let values = wave(clips * steps * size, index as f32 * 0.1 + salt);
        let x = TensorData::new(values.clone(), [clips, *steps, *size]);
        let mask = Tensor::ones([clips, *steps], &device);
        inputs
            .insert(*modality, Input::Series(Sequence { x: Tensor::from_data(x, &device), mask }));
        given.insert(modality.name().to_owned(), (vec![clips, *steps, *size], values));
    }
    (given, inputs)
}

/// Numbers between -1 and 1 that look random and are the same everywhere.
pub(super) fn wave(count: usize, salt: f32) -> Vec<f32> {
    let mut state = u64::from(salt.to_bits()) | 1;
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 40) as f32 / (1u64 << 23) as f32) - 1.0
    };
    (0..count).map(|_| next()).collect()
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;

    #[test]
    fn every_workload_is_built_and_what_it_learns_is_told_to_the_peer() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("step.safetensors");
        let models = Workload::value_variants().iter().filter(|workload| !workload.hears());
        for workload in models {
            let case = Case { workload: *workload, clips: 2, longer: 1 };
            let made = Made::new(case, true).unwrap();
            assert_eq!(made.shown.recipe.stage.len(), 1, "{workload:?}");
            made.write(&file).unwrap();
            let bytes = std::fs::read(&file).unwrap();
            let told = safetensors::SafeTensors::deserialize(&bytes).unwrap();
            let (given, weights): (Vec<&str>, Vec<&str>) =
                told.names().into_iter().partition(|name| name.starts_with("given:"));
            let looks = if made.shown.batch.second.is_some() { 2 } else { 1 };
            let modalities = made.shown.batch.inputs.iter().count();
            assert_eq!(given.len(), looks * modalities + 1, "{given:?}");
            assert!(weights.len() > 20, "{weights:?}");
        }
    }
}
