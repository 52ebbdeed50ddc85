//! The reference numbers of scores and few-shot updates.
//!
//! Files come from the folder that `LIMBIC_GOLDEN` names, else from `references/golden`. A file
//! that is not there is named with the test that it would have been for.

mod metric;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use burn::tensor::{Device, Tensor, TensorData};
use safetensors::{Dtype, SafeTensors};

/// One file of reference numbers: shape and values by name.
pub(crate) struct Golden(BTreeMap<String, (Vec<usize>, Vec<f64>)>);

/// Opens `NAME.safetensors`; `None`, with a line on the error stream, where it is not there.
pub(crate) fn open(name: &str) -> Option<Golden> {
    let kept = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../references/golden");
    let folder = std::env::var_os("LIMBIC_GOLDEN").map_or_else(kept, PathBuf::from);
    let path = folder.join(name).with_extension("safetensors");
    let Ok(bytes) = std::fs::read(&path) else {
        let thread = std::thread::current();
        let test = thread.name().unwrap_or("a test");
        let _ = writeln!(std::io::stderr(), "skipped {test}: {} is not there", path.display());
        return None;
    };
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let tensors = file.tensors().into_iter().map(|(name, view)| {
        let data = view.data();
        let values = match view.dtype() {
            Dtype::F32 => {
                data.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b).into()).collect()
            }
            Dtype::F64 => data.as_chunks().0.iter().map(|b| f64::from_le_bytes(*b)).collect(),
            Dtype::I64 => {
                data.as_chunks().0.iter().map(|b| i64::from_le_bytes(*b) as f64).collect()
            }
            other => panic!("{name} is of type {other:?}"),
        };
        (name, (view.shape().to_vec(), values))
    });
    Some(Golden(tensors.collect()))
}

impl Golden {
    /// Names that begin with `prefix`.
    pub(crate) fn names(&self, prefix: &str) -> Vec<&str> {
        self.0.keys().map(String::as_str).filter(|name| name.starts_with(prefix)).collect()
    }

    /// Values of a tensor, row by row.
    pub(crate) fn values(&self, name: &str) -> &[f64] {
        &self.0.get(name).unwrap_or_else(|| panic!("there is no {name}")).1
    }

    /// Whether the file holds `name`.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Shape of a tensor.
    pub(crate) fn shape(&self, name: &str) -> &[usize] {
        &self.0.get(name).unwrap_or_else(|| panic!("there is no {name}")).0
    }

    /// Shape and values of a tensor, where it is there.
    pub(crate) fn weight(&self, name: &str) -> Option<(Vec<usize>, Vec<f32>)> {
        let (shape, values) = self.0.get(name)?;
        Some((shape.clone(), values.iter().map(|v| *v as f32).collect()))
    }

    /// A tensor of reals.
    pub(crate) fn tensor<const D: usize>(&self, name: &str, device: &Device) -> Tensor<D> {
        let (shape, values) = self.weight(name).unwrap_or_else(|| panic!("there is no {name}"));
        Tensor::from_data(TensorData::new(values, shape), device)
    }

    /// The rows of a matrix.
    pub(crate) fn rows(&self, name: &str) -> Vec<&[f64]> {
        let columns = self.0.get(name).unwrap_or_else(|| panic!("there is no {name}")).0[1];
        self.values(name).chunks(columns).collect()
    }

    /// Asserts that `got` equals the tensor `name` within `tolerance`.
    #[track_caller]
    pub(crate) fn close(&self, name: &str, got: &[f64], tolerance: f64) {
        let expected = self.values(name);
        assert_eq!(got.len(), expected.len(), "{name}");
        for (i, (g, e)) in got.iter().zip(expected).enumerate() {
            let same = (g - e).abs() <= tolerance || (g.is_nan() && e.is_nan());
            assert!(same, "{name}[{i}] is {g}, not {e}");
        }
    }
}
