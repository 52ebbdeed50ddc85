//! State dicts of the reference files, and checkpoints made of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use burn::tensor::{Device, Tensor, TensorData};
use limbic_model::{Checkpoint, Input, Sequence};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};

use crate::program::{Run, limbic, repository, skipped};

pub(crate) const STAGE: &str = r#"
[[stage]]
name = "train"
epochs = 1
batch = 4
optimizer = { kind = "adam", lr = 0.001 }
objective.labels = { on = "joint" }
"#;

pub(crate) const HEAD: &str =
    "about = \"as the reference file\"\n[data]\ncorpora = [\"none\"]\nsplit = \"official\"\n";

/// A recurrent encoder of a reference file.
pub(crate) fn recurrent(modality: &str, size: usize, width: usize) -> String {
    format!(
        r#"
        [model.encoder.{modality}]
        features = "{modality}@1"
        input = {{ kind = "series", size = {size}, scale = "raw" }}
        body = {{ kind = "recurrent", layers = 2, bidirectional = true, padding = "read" }}
        width = {width}
        "#
    )
}

/// The network of `references/state_dicts.py`.
pub(crate) fn small() -> String {
    let encoder = recurrent("text", 5, 4).replace("layers = 2", "layers = 1");
    let stage = STAGE.replace("{ on = \"joint\" }", "{}");
    format!("{HEAD}[model]\nwidth = 4\nhead.words = {{ size = 4 }}\n{encoder}{stage}")
}

pub(crate) fn fixture(name: &str) -> String {
    let path = repository("crates/cli/tests/fixtures/state").join(name);
    path.canonicalize().unwrap().to_str().unwrap().to_owned()
}

/// Shapes and values by name.
pub(crate) type Weights = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

/// The floats of a reference file; `None`, with a line, where it is not there.
pub(crate) fn golden(name: &str) -> Option<Weights> {
    let kept = || repository("references/golden");
    let folder = std::env::var_os("LIMBIC_GOLDEN").map_or_else(kept, PathBuf::from);
    let path = folder.join(name).with_extension("safetensors");
    if !path.exists() {
        skipped(&format!("{} is not there", path.display()));
        return None;
    }
    Some(read(&path))
}

/// The floats of a file.
pub(crate) fn read(path: &Path) -> Weights {
    let bytes = std::fs::read(path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let floats = file.tensors().into_iter().filter(|(_, view)| view.dtype() == Dtype::F32);
    let values = |view: &TensorView<'_>| {
        view.data().as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
    };
    floats.map(|(name, view)| (name, (view.shape().to_vec(), values(&view)))).collect()
}

/// The weights whose names begin with `prefix`, without it.
pub(crate) fn below(weights: &Weights, prefix: &str) -> Weights {
    let own = |(name, found): (&String, &(Vec<usize>, Vec<f32>))| {
        Some((name.strip_prefix(prefix)?.to_owned(), found.clone()))
    };
    weights.iter().filter_map(own).collect()
}

/// Weights as a safetensors file.
pub(crate) fn safetensors(weights: &Weights) -> Vec<u8> {
    let bytes = |values: &[f32]| values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>();
    let raw: Vec<_> = weights.iter().map(|(name, (shape, v))| (name, shape, bytes(v))).collect();
    let views = raw.iter().map(|(name, shape, bytes)| {
        (name.as_str(), TensorView::new(Dtype::F32, (*shape).clone(), bytes).unwrap())
    });
    safetensors::serialize(views, None).unwrap()
}

/// `limbic convert` in `folder`, with a label file of so many classes, to `out.safetensors`.
pub(crate) fn convert(folder: &Path, recipe: &str, classes: usize, arguments: &[&str]) -> Run {
    std::fs::write(folder.join("recipe.toml"), recipe).unwrap();
    let classes: Vec<String> = (0..classes).map(|class| format!("[\"c{class}\", \"\"]")).collect();
    let labels = format!(
        "name = \"set\"\nkind = \"multi\"\ntarget = \"perceived\"\nsource = \"\"\nclasses = [{}]",
        classes.join(", ")
    );
    std::fs::write(folder.join("labels.toml"), labels).unwrap();
    let mut all = vec!["convert", "recipe.toml", "--labels", "labels.toml"];
    all.extend(["-o", "out.safetensors"]);
    all.extend(arguments);
    limbic(folder, &all, b"")
}

/// What it wrote.
pub(crate) fn checkpoint(folder: &Path) -> Checkpoint {
    Checkpoint::load(&folder.join("out.safetensors"), &Device::flex()).unwrap()
}

/// A tensor of a reference file.
pub(crate) fn tensor<const D: usize>(weights: &Weights, name: &str) -> Tensor<D> {
    let (shape, values) = weights[name].clone();
    Tensor::from_data(TensorData::new(values, shape), &Device::flex())
}

/// A series of a reference file, without padding; axes behind the second become one.
pub(crate) fn series(weights: &Weights, name: &str) -> Input {
    let (shape, values) = weights[name].clone();
    let size = shape[2..].iter().product();
    let data = TensorData::new(values, [shape[0], shape[1], size]);
    let x = Tensor::from_data(data, &Device::flex());
    Input::Series(Sequence { x, mask: Tensor::ones([shape[0], shape[1]], &Device::flex()) })
}

/// Asserts that `got` is the beginning of the reference tensor `name`.
#[track_caller]
pub(crate) fn close(weights: &Weights, name: &str, got: Tensor<2>) {
    let got: Vec<f32> = got.into_data().iter::<f32>().collect();
    let expected = &weights[name].1;
    assert!(!got.is_empty() && got.len() <= expected.len(), "{name}");
    for (i, (g, e)) in got.iter().zip(expected).enumerate() {
        assert!((g - e).abs() <= 2e-5, "{name}[{i}] is {g}, not {e}");
    }
}
