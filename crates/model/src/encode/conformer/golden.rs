//! The conformers of VAVL's reference files, step by step.

use burn::module::{Flag, Module, ModuleMapper, Param};
use burn::tensor::{Device, Tensor};

use super::places::sinusoids;
use super::*;
use crate::golden::{Golden, open};

pub(crate) const FILES: [&str; 2] = ["vavl_categorical", "vavl_dimensional"];

/// Both axes, as the files call them.
pub(crate) const AXES: [(&str, Axes); 2] = [("ref", Axes::Reference), ("fixed", Axes::Time)];

/// One modality, as the files call it.
pub(crate) struct Modal {
    pub(crate) path: &'static str,
    pub(crate) features: &'static str,
    model: &'static str,
    frame: &'static str,
    encoder: &'static str,
    pub(crate) label: &'static str,
    pub(crate) reconstruction: &'static str,
}

pub(crate) const ACOUSTIC: Modal = Modal {
    path: "acoustic",
    features: "input.audio_features",
    model: "acoustic_model",
    frame: "conv_1d_a.weight",
    encoder: "x_acoustic.encoder",
    label: "MLP_a",
    reconstruction: "MLP_rec_a",
};

pub(crate) const VISUAL: Modal = Modal {
    path: "visual",
    features: "input.visual_features",
    model: "visual_model",
    frame: "conv_1d_v.weight",
    encoder: "x_visual.encoder",
    label: "MLP_v",
    reconstruction: "MLP_rec_v",
};

const ACTIVATIONS: f64 = 2e-5;

impl Modal {
    /// Where the file keeps a weight of this modality's encoder.
    pub(crate) fn origin(&self, path: &str) -> Option<Origin> {
        let found = match path {
            "frame.weight" => Origin::transposed(self.frame),
            _ => origin(path)?.within(self.encoder),
        };
        Some(found.within(self.model))
    }

    /// What goes in: every step counts, as in the reference run.
    pub(crate) fn input(&self, golden: &Golden, device: &Device) -> (Tensor<3>, Tensor<2>) {
        let x = golden.tensor::<3>(self.features, device);
        let [b, t, _] = x.dims();
        (x, Tensor::ones([b, t], device))
    }

    /// This modality's encoder, with sizes and weights of the file.
    pub(crate) fn encoder(&self, golden: &Golden, axes: Axes, device: &Device) -> Conformer {
        let frame = &golden.shape(&format!("param.{}.{}", self.model, self.frame))[..2];
        let (mut config, width) = config(golden, &format!("{}.{}", self.model, self.encoder), axes);
        config.frame = Some(frame[0]);
        golden.fill(config.init(frame[1], width, device), "", |path| self.origin(path))
    }
}

/// The sizes of the conformer whose weights begin with `prefix`, and its width.
pub(crate) fn config(golden: &Golden, prefix: &str, axes: Axes) -> (ConformerConfig, usize) {
    let shape = |name: &str| golden.shape(&format!("param.{prefix}.{name}"));
    let layer = "layers.0.sequential";
    let width = shape("input_projection.0.linear.bias")[0];
    let norms = golden.names(&format!("param.{prefix}.layers."));
    let config = ConformerConfig {
        layers: norms.iter().filter(|name| name.ends_with("sequential.4.bias")).count(),
        heads: shape(&format!("{layer}.1.module.attention.u_bias"))[0],
        kernel: shape(&format!("{layer}.2.module.sequential.4.conv.weight"))[2],
        expansion: shape(&format!("{layer}.0.module.sequential.1.linear.bias"))[0] / width,
        dropout: 0.0,
        frame: None,
        axes,
    };
    (config, width)
}

/// A module that keeps its gradients and stops training in every other way.
pub(crate) fn still<M: Module>(module: M) -> M {
    struct Still;
    impl ModuleMapper for Still {
        fn map_flag(&mut self, flag: Param<Flag>) -> Param<Flag> {
            flag.with_value(false)
        }
    }
    module.map(&mut Still)
}

impl Conformer {
    /// The bias of the input projection, which every gradient that gets this far reaches.
    pub(crate) fn entry(&self) -> Tensor<1> {
        self.project.bias.as_ref().unwrap().val()
    }
}

/// What comes into the blocks and out of each, with the reference's axes.
pub(crate) fn steps(conformer: &Conformer, x: Tensor<3>, mask: &Tensor<2>) -> Vec<Tensor<3>> {
    let mut found = vec![conformer.enter(x)];
    let places = conformer.places(&found[0], mask);
    for block in &conformer.blocks {
        found.push(block.forward(found[found.len() - 1].clone(), &places));
    }
    found
}

#[test]
fn golden_vavl_sinusoids() {
    for file in FILES {
        let Some(golden) = open(file) else { continue };
        let &[places, width] = golden.shape("const.sinusoid_pe_first64") else { panic!("{file}") };
        let device = Device::flex();
        golden.close("const.sinusoid_pe_first64", sinusoids(places, width, &device), ACTIVATIONS);
    }
}

#[test]
fn golden_vavl_conformers_step_by_step() {
    let device = Device::flex();
    for file in FILES {
        let Some(golden) = open(file) else { continue };
        for (axes_name, axes) in AXES {
            for modal in [ACOUSTIC, VISUAL] {
                let close = |name: &str, got: Tensor<3>| {
                    let name = format!("mid.{axes_name}.{}.{name}", modal.path);
                    golden.close(&name, got, ACTIVATIONS);
                };
                let encoder = modal.encoder(&golden, axes, &device);
                let (x, mask) = modal.input(&golden, &device);
                let found = steps(&encoder, x.clone(), &mask);
                close("input_projection", found[0].clone());
                for (index, after) in found.iter().skip(1).enumerate() {
                    close(&format!("block{index}"), after.clone());
                }
                let last = found[found.len() - 1].clone();
                let turned = axes.turned(encoder.forward(x, &mask));
                assert_eq!(turned.into_data(), last.into_data());
                let places = encoder.places(&found[0], &mask);
                block_step_by_step(&encoder.blocks[0], found[0].clone(), &places, &close);
                let close = |name: &str, got: Tensor<4>| {
                    let name = format!("mid.{axes_name}.{}.block0_{name}", modal.path);
                    golden.close(&name, got, ACTIVATIONS);
                };
                scores_step_by_step(&encoder.blocks[0], found[0].clone(), &places, &close);
            }
        }
    }
}

fn block_step_by_step(
    block: &Block,
    x: Tensor<3>,
    places: &Places,
    close: &dyn Fn(&str, Tensor<3>),
) {
    let x = block.first.forward(x);
    close("block0_after_ff1", x.clone());
    close("block0_mhsa_out", block.attention.seen(x.clone(), places));
    let x = block.attention.forward(x, places);
    close("block0_after_mhsa", x.clone());
    let filtered = block.convolution.filtered(x.clone(), places);
    close("block0_depthwise_NCL", filtered.clone().swap_dims(1, 2));
    let normalised = block.convolution.normalised(filtered, places);
    close("block0_batchnorm_NCL", normalised.swap_dims(1, 2));
    let x = block.convolution.forward(x, places);
    close("block0_after_conv", x.clone());
    let x = block.second.forward(x);
    close("block0_after_ff2", x.clone());
    close("block0_final_ln", normed(&block.norm, x));
}

/// Scores of places as plain operations; what the kernel makes of them is part of `mhsa_out`.
fn scores_step_by_step(
    block: &Block,
    x: Tensor<3>,
    places: &Places,
    close: &dyn Fn(&str, Tensor<4>),
) {
    let query = block.attention.asking(block.first.forward(x));
    let [b, h, t, size] = query.dims();
    let table = block.attention.table(places).reshape([1, t, h, size]).swap_dims(1, 2);
    let raw = query.matmul(table.swap_dims(2, 3));
    close("pos_score_raw", raw.clone());
    let column = Tensor::zeros([b, h, t, 1], &raw.device());
    let shifted = Tensor::cat(vec![column, raw], 3).reshape([b, h, t + 1, t]).narrow(2, 1, t);
    close("pos_score_shifted", shifted);
}
