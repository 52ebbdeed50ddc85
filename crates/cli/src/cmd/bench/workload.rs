//! Models and batches at published sizes; the same weights and inputs in every process.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use burn::tensor::{Device, Tensor, TensorData};
use limbic_media::Modality;
use limbic_model::objective::PositiveWeights;
use limbic_model::{
    Batch, Input, LabelKind, LabelSet, Layout, Model, Recipe, Sequence, Stage, Target,
};
use safetensors::tensor::{Dtype, TensorView};

use crate::args::Workload;

/// The label set.
const SET: &str = "set";

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

/// A model, what it is shown, and how it learns.
pub(super) struct Made {
    pub(super) model: Model,
    pub(super) batch: Batch,
    pub(super) positives: PositiveWeights,
    recipe: Recipe,
    /// What its label rows are.
    table: Vec<f32>,
    /// Inputs and targets by name.
    given: BTreeMap<&'static str, (Vec<usize>, Vec<f32>)>,
}

impl Made {
    /// With the published dropout, or with none, so that losses can be compared.
    pub(super) fn new(workload: Workload, dropout: bool) -> Result<Self> {
        match workload {
            Workload::D1 => Self::d1(dropout),
        }
    }

    fn d1(dropout: bool) -> Result<Self> {
        const CLIPS: usize = 64;
        const STEPS: usize = 20;
        const CLASSES: usize = 6;
        let device = Device::flex().autodiff();
        let text = D1.replace("DROPOUT", if dropout { "0.15" } else { "0.0" });
        let recipe = Recipe::parse("bench", &text)?;
        let set = LabelSet {
            name: SET.to_owned(),
            kind: LabelKind::Multi,
            classes: (0..CLASSES).map(|class| class.to_string()).collect(),
            covered: vec![false; 8],
        };
        device.seed(1);
        let model = recipe.model.init(&[set], &device);
        let table: Vec<Vec<f32>> =
            (0..CLASSES).map(|class| wave(300, class as f32 + 0.3)).collect();
        // Rows of the classes that readings show come first.
        let shown = model.worded().len() - CLASSES;
        let rows = [vec![vec![0.0; 300]; shown], table.clone()].concat();
        let model = model.with_class_vectors(&rows)?;
        let mut given = BTreeMap::new();
        for (name, size, salt) in [("text", 300, 0.1), ("audio", 74, 0.2), ("vision", 35, 0.3)] {
            given.insert(name, (vec![CLIPS, STEPS, size], wave(CLIPS * STEPS * size, salt)));
        }
        let labels = wave(CLIPS * CLASSES, 0.7);
        let labels = labels.iter().map(|x| if *x > 0.4 { 1.0 } else { 0.0 }).collect();
        given.insert("labels", (vec![CLIPS, CLASSES], labels));
        let series = |name: &str, size: usize| {
            let x = TensorData::new(given[name].1.clone(), [CLIPS, STEPS, size]);
            let mask = Tensor::ones([CLIPS, STEPS], &device);
            Input::Series(Sequence { x: Tensor::from_data(x, &device), mask })
        };
        let inputs = [
            (Modality::Text, series("text", 300)),
            (Modality::Audio, series("audio", 74)),
            (Modality::Vision, series("vision", 35)),
        ];
        let labels = TensorData::new(given["labels"].1.clone(), [CLIPS, CLASSES]);
        let target = Target::Multi(Tensor::from_data(labels, &device));
        let batch = Batch {
            inputs: inputs.into_iter().collect(),
            second: None,
            targets: vec![(SET.to_owned(), target)],
            shared: None,
            taught: Vec::new(),
        };
        let positives = BTreeMap::from([(SET.to_owned(), vec![3.0; CLASSES])]);
        Ok(Self { model, batch, positives, recipe, table: table.concat(), given })
    }

    /// How it learns.
    pub(super) fn stage(&self) -> Result<&Stage> {
        self.recipe.stage.first().context("a workload has a stage")
    }

    /// Weights, called as the authors call them, and inputs. What lies transposed there is
    /// `turned:NAME`; shapes are known to who reads.
    pub(super) fn write(&self, file: &Path) -> Result<()> {
        let mut all: BTreeMap<String, (Vec<usize>, Vec<f32>)> = BTreeMap::new();
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
        safetensors::serialize_to_file(views, None, file)
            .with_context(|| file.display().to_string())
    }
}

/// Numbers between -1 and 1 that look random and are the same everywhere.
fn wave(count: usize, salt: f32) -> Vec<f32> {
    let mut state = u64::from(salt.to_bits()) | 1;
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 40) as f32 / (1u64 << 23) as f32) - 1.0
    };
    (0..count).map(|_| next()).collect()
}
