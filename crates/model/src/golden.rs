//! The reference numbers of the three seed systems, and how parts are compared with them.
//!
//! Files come from the folder that `LIMBIC_GOLDEN` names, else from `references/golden`. A file
//! that is not there is named with the test that it would have been for.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use burn::module::{Flag, Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Bool, Device, Gradients, Int, Tensor, TensorData};
use safetensors::{Dtype, SafeTensors};

use crate::reference::{Layout, Origin};

pub(crate) mod mpuc;

/// One file of reference numbers.
pub(crate) struct Golden {
    file: String,
    tensors: BTreeMap<String, (Vec<usize>, Vec<f64>)>,
}

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
            Dtype::I32 => {
                data.as_chunks().0.iter().map(|b| i32::from_le_bytes(*b).into()).collect()
            }
            Dtype::BOOL | Dtype::U8 => data.iter().map(|b| f64::from(*b)).collect(),
            other => panic!("{name} is of type {other:?}"),
        };
        (name, (view.shape().to_vec(), values))
    });
    Some(Golden { file: name.to_owned(), tensors: tensors.collect() })
}

impl Golden {
    /// The same numbers, with `from` at the beginning of their names replaced by `to`.
    pub(crate) fn renamed(mut self, from: &str, to: &str) -> Self {
        let name = |name: String| match name.strip_prefix(from) {
            Some(rest) => format!("{to}{rest}"),
            None => name,
        };
        self.tensors = self.tensors.into_iter().map(|(key, value)| (name(key), value)).collect();
        self
    }

    /// Whether the file holds `name`.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// Names that begin with `prefix`.
    pub(crate) fn names(&self, prefix: &str) -> Vec<&str> {
        self.tensors.keys().map(String::as_str).filter(|name| name.starts_with(prefix)).collect()
    }

    /// Shape of a tensor.
    pub(crate) fn shape(&self, name: &str) -> &[usize] {
        &self.get(name).0
    }

    /// Values of a tensor, row by row.
    pub(crate) fn values(&self, name: &str) -> &[f64] {
        &self.get(name).1
    }

    /// The one value of a scalar.
    pub(crate) fn scalar(&self, name: &str) -> f64 {
        self.values(name)[0]
    }

    fn get(&self, name: &str) -> &(Vec<usize>, Vec<f64>) {
        self.tensors.get(name).unwrap_or_else(|| panic!("{} holds no {name}", self.file))
    }

    /// A tensor of reals.
    pub(crate) fn tensor<const D: usize>(&self, name: &str, device: &Device) -> Tensor<D> {
        let (shape, values) = self.get(name);
        let values: Vec<f32> = values.iter().map(|v| *v as f32).collect();
        Tensor::from_data(TensorData::new(values, shape.clone()), device)
    }

    /// A tensor of integers.
    pub(crate) fn integers<const D: usize>(&self, name: &str, device: &Device) -> Tensor<D, Int> {
        let (shape, values) = self.get(name);
        let values: Vec<i64> = values.iter().map(|v| *v as i64).collect();
        Tensor::from_data(TensorData::new(values, shape.clone()), device)
    }

    /// Asserts that `got` equals the tensor `name` within `tolerance`, shape included.
    #[track_caller]
    pub(crate) fn close<const D: usize>(&self, name: &str, got: Tensor<D>, tolerance: f64) {
        let data = got.into_data();
        assert_eq!(data.shape().to_vec(), self.shape(name), "{}: {name}", self.file);
        let values: Vec<f64> = data.iter::<f64>().collect();
        self.near(name, &values, tolerance);
    }

    /// Asserts that `got` equals the scalar `name` within `tolerance`.
    #[track_caller]
    pub(crate) fn close_scalar(&self, name: &str, got: f64, tolerance: f64) {
        self.near(name, &[got], tolerance);
    }

    #[track_caller]
    fn near(&self, name: &str, got: &[f64], tolerance: f64) {
        let expected = self.values(name);
        assert_eq!(got.len(), expected.len(), "{}: {name}", self.file);
        for (i, (g, e)) in got.iter().zip(expected).enumerate() {
            let same = (g - e).abs() <= tolerance || (g.is_nan() && e.is_nan());
            assert!(same, "{}: {name}[{i}] is {g}, not {e} (tolerance {tolerance:e})", self.file);
        }
    }

    /// `module` with the weights `param.` + `prefix` + what `origin` names for each of its paths
    /// (field names joined by dots, in lower case). Every weight has to be found.
    pub(crate) fn fill<M: Module>(
        &self,
        module: M,
        prefix: &str,
        origin: impl Fn(&str) -> Option<Origin>,
    ) -> M {
        module.map(&mut Fill { golden: self, prefix, origin, path: Vec::new() })
    }

    /// Asserts that the gradients of `module` equal `grad.` + `prefix` + origin, each within
    /// `1e-4 * its largest + floor`; a weight without reference gradient must have none, or zero.
    #[track_caller]
    pub(crate) fn gradients<M: Module>(
        &self,
        module: &M,
        gradients: &Gradients,
        prefix: &str,
        floor: f64,
        origin: impl Fn(&str) -> Option<Origin>,
    ) {
        let mut compare =
            Compare { golden: self, prefix, origin, gradients, floor, path: Vec::new(), seen: 0 };
        module.visit(&mut compare);
        assert!(compare.seen > 0, "{}: nothing under grad.{prefix} was compared", self.file);
    }
}

/// The module as it answers when in use, gradients still flowing: nothing is dropped, and batch
/// norms read their running statistics.
pub(crate) fn still<M: Module>(module: M) -> M {
    module.map(&mut Still)
}

struct Still;

impl ModuleMapper for Still {
    fn map_flag(&mut self, flag: Param<Flag>) -> Param<Flag> {
        flag.with_value(false)
    }
}

/// Paths and sizes of what a module learns: everything but running statistics.
pub(crate) fn learned<M: Module>(module: &M) -> Vec<(String, usize)> {
    let mut sizes = Sizes::default();
    module.visit(&mut sizes);
    sizes.found.retain(|(path, _)| !path.contains("running_"));
    sizes.found
}

#[derive(Default)]
struct Sizes {
    path: Vec<String>,
    found: Vec<(String, usize)>,
}

impl ModuleVisitor for Sizes {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.found.push((stable(&self.path), param.lazy_shape().iter().product()));
    }
}

fn stable(path: &[String]) -> String {
    path.join(".").to_lowercase()
}

struct Fill<'a, F> {
    golden: &'a Golden,
    prefix: &'a str,
    origin: F,
    path: Vec<String>,
}

impl<F: Fn(&str) -> Option<Origin>> ModuleMapper for Fill<'_, F> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let path = stable(&self.path);
        let origin = (self.origin)(&path).unwrap_or_else(|| panic!("{path} has no origin"));
        let name = format!("param.{}{}", self.prefix, origin.name);
        let (shape, device) = (param.lazy_shape().to_vec(), param.lazy_device());
        let values: Vec<f32> = self.golden.values(&name).iter().map(|v| *v as f32).collect();
        let mut there = self.golden.shape(&name).to_vec();
        // A linear layer may be a convolution of kernel 1 there.
        while there.len() > shape.len() && there.last() == Some(&1) {
            there.pop();
        }
        if origin.layout == Layout::Transposed {
            assert!(there.drain(2..).all(|place| place == 1), "{path} from {name}");
            there.reverse();
        }
        assert_eq!(there, shape, "{path} from {name}");
        let values = origin.layout.bring(values, &shape);
        let (id, old, mapper) = param.consume();
        let tensor = Tensor::from_data(TensorData::new(values, shape), &device);
        Param::from_mapped_value(id, tensor.set_require_grad(old.is_require_grad()), mapper)
    }
}

struct Compare<'a, F> {
    golden: &'a Golden,
    prefix: &'a str,
    origin: F,
    gradients: &'a Gradients,
    floor: f64,
    path: Vec<String>,
    seen: usize,
}

impl<F: Fn(&str) -> Option<Origin>> ModuleVisitor for Compare<'_, F> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let path = stable(&self.path);
        let Some(origin) = (self.origin)(&path) else { panic!("{path} has no origin") };
        let name = format!("grad.{}{}", self.prefix, origin.name);
        let got = param.val().grad(self.gradients);
        if !self.golden.has(&name) {
            let largest = got.map_or(0.0, |g| g.abs().max().into_scalar::<f32>());
            assert!(largest == 0.0, "{path} has a gradient of {largest}, {name} does not exist");
            return;
        }
        let got = got.unwrap_or_else(|| panic!("{path} has no gradient, {name} has"));
        let expected: Vec<f32> = self.golden.values(&name).iter().map(|v| *v as f32).collect();
        let expected = origin.layout.bring(expected, &param.val().dims());
        let largest = expected.iter().fold(0.0f32, |m, v| m.max(v.abs()));
        let tolerance = 1e-4 * f64::from(largest) + self.floor;
        for (i, (g, e)) in got.into_data().iter::<f32>().zip(&expected).enumerate() {
            let gap = f64::from((g - e).abs());
            assert!(
                gap <= tolerance,
                "{path}[{i}]: gradient {g}, {name} {e} (tolerance {tolerance:e})"
            );
        }
        self.seen += 1;
    }

    fn visit_int<const D: usize>(&mut self, _param: &Param<Tensor<D, Int>>) {}

    fn visit_bool<const D: usize>(&mut self, _param: &Param<Tensor<D, Bool>>) {}
}
