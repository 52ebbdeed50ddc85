//! A whole model from the authors' state dict.

use burn::module::{ModuleMapper, Param};
use burn::tensor::Tensor;

use super::{Layout, Origin};
use crate::checkpoint::{replaced, stable};
use crate::encode::{conformer, graph, r2plus1d, recurrent, tcn, transformer};
use crate::head::Stack;
use crate::{Error, Model, Result, fusion, project, trunk, words};

/// A weight of a state dict: its shape and its values, row by row.
pub type Found = (Vec<usize>, Vec<f32>);

impl Model {
    /// Where the authors of MPUC, VAVL or MTEE keep the weight at `path`; `None` for what they do
    /// not have: input statistics, and heads for the label space shown to users.
    pub fn origin(&self, path: &str) -> Option<Origin> {
        let (part, rest) = path.split_once('.')?;
        match part {
            "trunk" => Some(trunk::origin(rest)?.within("shared_model")),
            "words" => words::origin(rest),
            "fusion" => fusion::origin(rest),
            "joint" => match rest.strip_prefix("heads.1.")?.split_once('.')? {
                ("mlp", rest) => Some(project::fused_origin(rest)?.within("head_fused")),
                ("stack", rest) => Some(Stack::origin(rest)?.within("weights")),
                _ => None,
            },
            modality => self.own(modality, rest),
        }
    }

    /// The origin of a weight of a branch.
    fn own(&self, modality: &str, path: &str) -> Option<Origin> {
        if let Some((body, rest)) =
            path.strip_prefix("encoder.body.").and_then(|p| p.split_once('.'))
        {
            return match body {
                "tcn" => Some(tcn::origin(rest)?.within("audio_encoder")),
                "graph" => Some(graph::origin(rest)?.within("stgcn")),
                "r2plus1d" => Some(r2plus1d::origin(rest)?.within("video_encoder.model")),
                "transformer" => transformer::origin(rest),
                "recurrent" => {
                    let own = [&self.text, &self.audio, &self.vision];
                    let names = ["text", "audio", "vision"];
                    let mut there =
                        names.into_iter().zip(own).filter(|(_, branch)| branch.is_some());
                    let place = there.position(|(name, _)| name == modality)?;
                    Some(recurrent::origin(rest)?.within(&format!("RNNs.{place}")))
                }
                "conformer" => {
                    let (model, letter) = acoustic_or_visual(modality)?;
                    let found = match rest {
                        "frame.weight" => Origin::transposed(format!("conv_1d_{letter}.weight")),
                        _ => conformer::origin(rest)?.within(&format!("x_{model}.encoder")),
                    };
                    Some(found.within(&format!("{model}_model")))
                }
                _ => None,
            };
        }
        if let Some(rest) = path.strip_prefix("projector.") {
            let name = if modality == "body" { "ld" } else { graph_or_video(modality) };
            return Some(project::origin(rest)?.within(&format!("proj_{name}")));
        }
        if let Some(rest) = path.strip_prefix("reconstruction.") {
            let (_, letter) = acoustic_or_visual(modality)?;
            return Some(Stack::origin(rest)?.within(&format!("MLP_rec_{letter}")));
        }
        match path.strip_prefix("heads.1.")?.split_once('.')? {
            ("mlp", rest) => {
                let name = graph_or_video(modality);
                Some(project::origin(rest)?.within(&format!("head_{name}")))
            }
            ("stack", rest) => {
                let (_, letter) = acoustic_or_visual(modality)?;
                Some(Stack::origin(rest)?.within(&format!("MLP_{letter}")))
            }
            _ => None,
        }
    }

    /// This model with the weights of an author's state dict, which `find` looks up by the names
    /// that [`origin`](Self::origin) gives.
    ///
    /// # Errors
    /// [`Error::Reference`], calling the state dict `name`, where a weight is missing or of
    /// another shape.
    pub fn adopted(self, name: &str, find: impl Fn(&str) -> Option<Found>) -> Result<Self> {
        self.adopted_but(name, &[], find)
    }

    /// The same, leaving the weights as they are whose names there begin with one of `fresh`.
    ///
    /// # Errors
    /// Those of [`adopted`](Self::adopted).
    pub fn adopted_but(
        self,
        name: &str,
        fresh: &[String],
        find: impl Fn(&str) -> Option<Found>,
    ) -> Result<Self> {
        let (path, taken, problem) = (Vec::new(), 0, None);
        let mut adopt = Adopt { model: &self, fresh, find, path, taken, problem };
        let model = self.clone().mapped(&mut adopt);
        let problem = match adopt.problem {
            None if adopt.taken == 0 => {
                Some("the recipe has no part of MPUC, VAVL or MTEE to read it into".to_owned())
            }
            problem => problem,
        };
        match problem {
            Some(reason) => Err(Error::Reference { name: name.to_owned(), reason }),
            None => Ok(model),
        }
    }
}

/// What VAVL's authors call a modality, and the letter that ends the names of its parts.
fn acoustic_or_visual(modality: &str) -> Option<(&'static str, char)> {
    match modality {
        "audio" => Some(("acoustic", 'a')),
        "vision" => Some(("visual", 'v')),
        _ => None,
    }
}

/// What MPUC's authors call a modality.
fn graph_or_video(modality: &str) -> &str {
    match modality {
        "body" => "graph",
        "vision" => "video",
        other => other,
    }
}

struct Adopt<'a, F> {
    model: &'a Model,
    fresh: &'a [String],
    find: F,
    path: Vec<String>,
    taken: usize,
    problem: Option<String>,
}

impl<F: Fn(&str) -> Option<Found>> Adopt<'_, F> {
    /// The values for the weight of shape `ours` at `path`; `None` where the authors have none.
    fn values(
        &self,
        path: &str,
        ours: &[usize],
        old: impl Fn() -> Vec<f32>,
    ) -> std::result::Result<Option<Vec<f32>>, String> {
        let Some(origin) = self.model.origin(path) else { return Ok(None) };
        if self.fresh.iter().any(|beginning| origin.name.starts_with(beginning)) {
            return Ok(None);
        }
        let Some((mut there, values)) = (self.find)(&origin.name) else {
            return Err(format!("the weight `{}` is missing", origin.name));
        };
        let found = there.clone();
        // A linear layer may be a convolution of kernel 1 there.
        while there.len() > ours.len() && there.last() == Some(&1) {
            there.pop();
        }
        if origin.layout == Layout::Transposed {
            there.truncate(2);
            there.reverse();
        }
        let count: usize = found.iter().product();
        if path == "words.table" && there.len() == 2 && there[1] == ours[1] && there[0] <= ours[0] {
            // The classes shown to users come first, and the authors do not have them.
            let mut table = old();
            let start = table.len() - values.len();
            table.splice(start.., values);
            return Ok(Some(table));
        }
        if there != ours || count != ours.iter().product::<usize>() {
            let mut wanted = ours.to_vec();
            if origin.layout == Layout::Transposed {
                wanted.reverse();
            }
            return Err(format!(
                "`{}` is {found:?}, the recipe's `{path}` asks for {wanted:?}",
                origin.name
            ));
        }
        Ok(Some(origin.layout.bring(values, ours)))
    }
}

impl<F: Fn(&str) -> Option<Found>> ModuleMapper for Adopt<'_, F> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let path = stable(&self.path);
        let old = || param.val().into_data().iter::<f32>().collect();
        match self.values(&path, &param.lazy_shape().to_vec(), old) {
            Ok(Some(values)) => {
                self.taken += 1;
                replaced(param, values)
            }
            Ok(None) => param,
            Err(problem) => {
                self.problem.get_or_insert(problem);
                param
            }
        }
    }
}
