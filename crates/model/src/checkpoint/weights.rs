//! Weights by their stable names: gathered from a model, and put in place.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::tensor::{Tensor, TensorData};
use half::f16;
use safetensors::{Dtype, SafeTensors, tensor::TensorView};

use crate::Model;

impl Model {
    /// Every weight by its stable name, running statistics included.
    pub fn weights(&self) -> BTreeMap<String, Vec<f32>> {
        // A copy for use brings in the last update of running statistics.
        drop(self.valid());
        let mut gathered = Gather::default();
        self.visit(&mut gathered);
        gathered.found.into_iter().map(|(name, (_, values))| (name, values)).collect()
    }

    /// This model with its parameters numbered in the order of the layers, so that the state of
    /// an optimiser saved by one process belongs to the same parameters in another.
    #[must_use]
    pub fn numbered(self) -> Self {
        self.mapped(&mut Number(0))
    }

    /// This model with other values in the weights that `values` names.
    #[must_use]
    pub fn with_weights(self, values: &BTreeMap<String, Vec<f32>>) -> Self {
        // An update of running statistics that is still under way would replace them later.
        drop(self.valid());
        self.mapped(&mut Replace { values, path: Vec::new() })
    }
}

/// Gives parameters the identities 1, 2, 3 and so on.
struct Number(u64);

impl ModuleMapper for Number {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        self.0 += 1;
        let (_, tensor, mapper) = param.consume();
        Param::from_mapped_value(ParamId::from(self.0), tensor, mapper)
    }
}

/// Puts other values in place by path.
struct Replace<'a> {
    values: &'a BTreeMap<String, Vec<f32>>,
    path: Vec<String>,
}

impl ModuleMapper for Replace<'_> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        match self.values.get(&stable(&self.path)) {
            Some(values) => replaced(param, values.clone()),
            None => param,
        }
    }
}

/// The same parameter with other values of the same shape.
pub(crate) fn replaced<const D: usize>(
    param: Param<Tensor<D>>,
    values: Vec<f32>,
) -> Param<Tensor<D>> {
    let (shape, device) = (param.lazy_shape().to_vec(), param.lazy_device());
    let (id, old, mapper) = param.consume();
    let tensor = Tensor::from_data(TensorData::new(values, shape), &device);
    // What could learn can still learn.
    Param::from_mapped_value(id, tensor.set_require_grad(old.is_require_grad()), mapper)
}

/// Collects weights by path.
#[derive(Default)]
pub(super) struct Gather {
    path: Vec<String>,
    pub(super) found: BTreeMap<String, (Vec<usize>, Vec<f32>)>,
}

impl ModuleVisitor for Gather {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let data = param.val().into_data().convert::<f32>();
        let shape = data.shape().to_vec();
        if let Ok(values) = data.try_into_vec() {
            self.found.insert(stable(&self.path), (shape, values));
        }
    }
}

/// Puts weights in place by path.
pub(super) struct Fill<'a> {
    pub(super) tensors: &'a SafeTensors<'a>,
    pub(super) path: Vec<String>,
    pub(super) problem: Option<String>,
}

impl ModuleMapper for Fill<'_> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let name = stable(&self.path);
        let expected = param.lazy_shape().to_vec();
        let values = match self.tensors.tensor(&name) {
            Ok(view) if view.shape() == expected.as_slice() => decode(&view),
            Ok(view) => {
                Err(format!("`{name}` is {:?}, the recipe asks for {expected:?}", view.shape()))
            }
            Err(_) => Err(format!("the weight `{name}` is missing")),
        };
        match values {
            Ok(values) => replaced(param, values),
            Err(problem) => {
                self.problem.get_or_insert(problem);
                param
            }
        }
    }
}

pub(super) fn decode(view: &TensorView<'_>) -> std::result::Result<Vec<f32>, String> {
    let data = view.data();
    match view.dtype() {
        Dtype::F32 => {
            Ok(data.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
        }
        Dtype::F16 => {
            Ok(data.as_chunks().0.iter().map(|bytes| f16::from_le_bytes(*bytes).to_f32()).collect())
        }
        other => Err(format!("weights of type {other:?} are not read")),
    }
}

/// Field names joined by dots; enum variants in lower case.
pub(crate) fn stable(path: &[String]) -> String {
    path.join(".").to_lowercase()
}
