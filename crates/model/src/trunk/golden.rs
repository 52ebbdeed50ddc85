//! VAVL's paths from features to losses, against the reference files.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use super::*;
use crate::encode::conformer::golden::{
    ACOUSTIC, AXES, FILES, Modal, VISUAL, config, steps, still,
};
use crate::golden::{Golden, open};
use crate::head::{Stack, StackConfig};
use crate::objective::{PredictLoss, concordances, cross_entropy, hardest};

const ACTIVATIONS: f64 = 2e-5;
const LOSSES: f64 = 1e-5;
const GRADIENTS: f64 = 1e-6;

/// One modality's way to its prediction and its reconstruction.
#[derive(Module, Debug)]
pub(super) struct Path {
    pub(super) encoder: Conformer,
    pub(super) trunk: Trunk,
    pub(super) label: Stack,
    pub(super) reconstruction: Stack,
}

impl Path {
    fn read(golden: &Golden, modal: &Modal, axes: Axes, device: &Device) -> Self {
        let path = Self {
            encoder: modal.encoder(golden, axes, device),
            trunk: trunk(golden, axes, device),
            label: stack(golden, modal.label, device),
            reconstruction: stack(golden, modal.reconstruction, device),
        };
        still(golden.fill(path, "", |path| origin_of(modal, path)))
    }

    pub(super) fn view(&self, x: Tensor<3>, mask: &Tensor<2>) -> Tensor<2> {
        self.trunk.view(self.encoder.forward(x, mask), mask)
    }
}

fn origin_of(modal: &Modal, path: &str) -> Option<Origin> {
    let (part, rest) = path.split_once('.')?;
    match part {
        "encoder" => modal.origin(rest),
        "trunk" => Some(origin(rest)?.within("shared_model")),
        "label" => Some(Stack::origin(rest)?.within(modal.label)),
        "reconstruction" => Some(Stack::origin(rest)?.within(modal.reconstruction)),
        _ => None,
    }
}

fn trunk(golden: &Golden, axes: Axes, device: &Device) -> Trunk {
    let (config, width) = config(golden, "shared_model.x_shared.encoder", axes);
    let ConformerConfig { layers, heads, kernel, expansion, dropout, .. } = config;
    let config = TrunkConfig { layers, heads, kernel, expansion, dropout, residual: true, axes };
    config.init(width, device)
}

fn stack(golden: &Golden, name: &str, device: &Device) -> Stack {
    let shape = |layer: &str| golden.shape(&format!("param.{name}.{layer}.weight")).to_vec();
    let (first, last) = (shape("projav1"), shape("out_layer"));
    let config = StackConfig { wide: first[0], narrow: last[1], dropout: 0.0 };
    config.init(first[1], last[0], device)
}

/// Factor on the reconstruction: 2 beside classes, 1 beside ratings.
fn weight(golden: &Golden) -> f32 {
    if golden.has("loss.fixed.visual.ce") { 2.0 } else { 1.0 }
}

/// The loss of a prediction, compared with what the file holds of it under `loss`.
fn label_loss(golden: &Golden, loss: &str, prediction: Tensor<2>) -> Tensor<1> {
    let labels = golden.tensor::<2>("input.labels", &prediction.device());
    let name = format!("{loss}ce");
    if golden.has(&name) {
        let entropy = cross_entropy(prediction, hardest(labels));
        golden.close_scalar(&name, scalar(&entropy), LOSSES);
        return entropy;
    }
    let each = concordances(prediction, labels);
    golden.close(&format!("{loss}ccc"), each.clone(), LOSSES);
    (-each + 1.0).sum()
}

fn scalar(loss: &Tensor<1>) -> f64 {
    loss.clone().into_scalar::<f32>().into()
}

#[test]
fn golden_vavl_one_modality() {
    let device = Device::flex().autodiff();
    for file in FILES {
        let Some(golden) = open(file) else { continue };
        for (axes_name, axes) in AXES {
            for modal in [ACOUSTIC, VISUAL] {
                one_modality(&golden, axes_name, axes, &modal, &device);
            }
        }
    }
}

fn one_modality(golden: &Golden, axes_name: &str, axes: Axes, modal: &Modal, device: &Device) {
    let name = |kind: &str, what: &str| format!("{kind}.{axes_name}.{}.{what}", modal.path);
    let path = Path::read(golden, modal, axes, device);
    let (x, mask) = modal.input(golden, device);
    let h = path.encoder.forward(x.clone(), &mask);
    let inside = path.trunk.conformer.as_ref().unwrap();
    for (index, step) in steps(inside, h.clone(), &mask).into_iter().enumerate() {
        let what = match index {
            0 => "shared_input_projection".to_owned(),
            _ => format!("shared_block{}", index - 1),
        };
        golden.close(&name("mid", &what), step, ACTIVATIONS);
    }
    let shared = axes.turned(path.trunk.forward(h.clone(), &mask));
    golden.close(&name("mid", "shared_residual_ln"), shared, ACTIVATIONS);
    let view = path.trunk.view(h, &mask);
    golden.close(&name("mid", "rep"), view.clone(), ACTIVATIONS);
    let prediction = path.label.forward(view.clone());
    golden.close(&name("out", "pred"), prediction.clone(), ACTIVATIONS);
    let reconstruction = path.reconstruction.forward(view);
    golden.close(&name("out", "reconstruction"), reconstruction.clone(), ACTIVATIONS);
    let target = PredictLoss::target(x.clone(), &mask);
    golden.close(&name("mid", "reconstruction_target"), target.clone(), ACTIVATIONS);
    let label = label_loss(golden, &name("loss", ""), prediction);
    let squared = PredictLoss { weight: 1.0 }.term(reconstruction.clone(), target.clone()).unwrap();
    golden.close_scalar(&name("loss", "mse"), scalar(&squared), LOSSES);
    let total =
        label + PredictLoss { weight: weight(golden) }.term(reconstruction, target).unwrap();
    golden.close_scalar(&name("loss", "total"), scalar(&total), LOSSES);
    let prefix = format!("{axes_name}.{}.", modal.path);
    let origin = |path: &str| origin_of(modal, path);
    golden.gradients(&path, &total.backward(), &prefix, GRADIENTS, origin);
    let alone = name("out", "pred_first_sample_alone");
    if golden.has(&alone) {
        let view = path.view(x.narrow(0, 0, 1), &mask.narrow(0, 0, 1));
        golden.close(&alone, path.label.forward(view), ACTIVATIONS);
    }
}

/// What the mask is for: a clip in a padded batch reads as it does alone and unpadded, where the
/// numbers above hold.
#[test]
fn golden_vavl_masked_clips_read_as_they_do_alone() {
    let device = Device::flex();
    for file in FILES {
        let Some(golden) = open(file) else { continue };
        let path = Path::read(&golden, &VISUAL, Axes::Time, &device);
        let (x, every) = VISUAL.input(&golden, &device);
        let [b, t, _] = x.dims();
        let lengths = golden.integers::<1>("input.visual_len", &device);
        let steps = Tensor::arange(0..t as i64, &device).unsqueeze::<2>().expand([b, t]);
        let mask = steps.lower(lengths.clone().unsqueeze_dim::<2>(1).expand([b, t])).float();
        let together = path.view(x.clone(), &mask);
        for (clip, length) in lengths.into_data().iter::<i64>().enumerate() {
            let cut = x.clone().narrow(0, clip, 1).narrow(1, 0, length as usize);
            let alone =
                path.view(cut, &every.clone().narrow(0, 0, 1).narrow(1, 0, length as usize));
            let gap = (alone - together.clone().narrow(0, clip, 1)).abs().max();
            assert!(gap.into_scalar::<f32>() < ACTIVATIONS as f32, "{file}: clip {clip}");
        }
    }
}

#[test]
fn golden_vavl_both_modalities() {
    let device = Device::flex().autodiff();
    for file in FILES {
        let Some(golden) = open(file) else { continue };
        for (axes_name, axes) in AXES {
            let views = [ACOUSTIC, VISUAL].map(|modal| {
                let (x, mask) = modal.input(&golden, &device);
                Path::read(&golden, &modal, axes, &device).view(x, &mask).detach()
            });
            let origin = |path: &str| Some(Stack::origin(path)?.within("weights"));
            let fused = golden.fill(stack(&golden, "weights", &device), "", origin);
            let prediction = fused.forward(Tensor::cat(views.to_vec(), 1));
            let name = |kind: &str, what: &str| format!("{kind}.{axes_name}.audiovisual.{what}");
            golden.close(&name("out", "pred"), prediction.clone(), ACTIVATIONS);
            let loss = label_loss(&golden, &name("loss", ""), prediction);
            golden.close_scalar(&name("loss", "total"), scalar(&loss), LOSSES);
            let prefix = format!("{axes_name}.audiovisual.");
            golden.gradients(&fused, &loss.backward(), &prefix, GRADIENTS, origin);
        }
    }
}
