//! The four encoders together, their heads, and the norms that training leaves running.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Gradients, Tensor};

use super::{FORWARD, LOSS, MODALITIES, all, audio, landmarks, projector, text, two_layers, video};
use crate::encode::graph::{self, Graph};
use crate::encode::r2plus1d::{self, R2plus1d};
use crate::encode::tcn::{self, Tcn};
use crate::encode::transformer::{self, Positions, Transformer};
use crate::golden::{Golden, learned, open, stable, still};
use crate::objective::contrast::{Contrast, Projections};
use crate::objective::weighted_binary_cross_entropy;
use crate::project::{self, Projector, ProjectorConfig};
use crate::{Origin, Target};

/// Prefixes of the encoders' weights, in the order of [`MODALITIES`].
const PREFIXES: [&str; 4] = ["audio_encoder.", "stgcn.", "video_encoder.model.", ""];

#[derive(Module, Debug)]
struct Whole {
    audio: Tcn,
    graph: Graph,
    video: R2plus1d,
    text: Transformer,
    projectors: Vec<Projector>,
}

impl Whole {
    fn read(golden: &Golden, positions: Positions, device: &Device) -> Self {
        let [a, g, v, t] = PREFIXES;
        Self {
            audio: golden.fill(audio(golden).init(device), a, tcn::origin),
            graph: golden.fill(landmarks(golden).init(device), g, graph::origin),
            video: golden.fill(video(golden).init(device), v, r2plus1d::origin),
            text: golden.fill(text(golden, positions).init(device), t, transformer::origin),
            projectors: MODALITIES.map(|(_, name)| projector(golden, name, device)).to_vec(),
        }
    }

    fn features(&self, golden: &Golden, view: usize, device: &Device) -> [Tensor<2>; 4] {
        let name = |kind: &str| format!("input.view{view}.{kind}");
        let mel = golden.tensor::<3>(&name("mel"), device);
        let points = golden.tensor::<4>(&name("landmarks"), device);
        let words = golden.tensor::<3>(&name("text"), device);
        [
            self.audio.forward(mel.clone(), &all(&mel)),
            self.graph.forward(points.clone(), &all(&points)),
            self.video.forward(golden.tensor(&name("video"), device)),
            self.text.forward(words.clone(), &all(&words)),
        ]
    }
}

/// The origin of a weight of [`Whole`] in the authors' state dict.
fn origin(path: &str) -> Option<Origin> {
    let (part, rest) = path.split_once('.')?;
    let (prefix, origin) = match part {
        "audio" => (PREFIXES[0], tcn::origin(rest)?),
        "graph" => (PREFIXES[1], graph::origin(rest)?),
        "video" => (PREFIXES[2], r2plus1d::origin(rest)?),
        "text" => (PREFIXES[3], transformer::origin(rest)?),
        "projectors" => {
            let (index, rest) = rest.split_once('.')?;
            (MODALITIES[index.parse::<usize>().ok()?].1, project::origin(rest)?)
        }
        _ => return None,
    };
    Some(Origin { name: format!("{prefix}{}", origin.name), ..origin })
}

#[test]
fn golden_mpuc_full_features_contrast_and_gradient_norms() {
    let Some(golden) = open("mpuc_full") else { return };
    let device = Device::flex().autodiff();
    let whole = still(Whole::read(&golden, Positions::Reference, &device));
    let views = [1, 2].map(|view| whole.features(&golden, view, &device));
    let projections: Vec<Projections> = MODALITIES
        .iter()
        .enumerate()
        .map(|(index, (modality, _))| {
            let [first, second] = [0, 1].map(|view| {
                let feature = views[view][index].clone();
                let projection = whole.projectors[index].forward(feature.clone());
                let name = |kind| format!("out.view{}.{kind}_{modality}", view + 1);
                golden.close(&name("feat"), feature.clone(), FORWARD);
                golden.close(&name("proj"), projection.clone(), FORWARD);
                if view == 0 {
                    golden.close(&format!("mid.{modality}.feat"), feature, FORWARD);
                }
                projection
            });
            Projections { first, second: Some(second) }
        })
        .collect();
    let fixed = Whole::read(&golden, Positions::Time, &device);
    let [_, _, _, fixed] = still(fixed).features(&golden, 1, &device);
    golden.close("out_fixed.view1.feat_text_time_positions", fixed, FORWARD);
    let loss = Contrast::default().loss(&projections, &Target::None).unwrap();
    golden.close_scalar("loss.contrastive", loss.clone().into_scalar::<f64>(), LOSS);
    let gradients = loss.backward();
    let mut norms = Norms { golden: &golden, gradients, path: Vec::new() };
    whole.visit(&mut norms);
    assert_eq!(golden.names("gradnorm.").len(), learned(&whole).len());
}

/// Compares the length of every weight's gradient.
struct Norms<'a> {
    golden: &'a Golden,
    gradients: Gradients,
    path: Vec<String>,
}

impl ModuleVisitor for Norms<'_> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let path = stable(&self.path);
        if path.contains("running_") {
            return;
        }
        let name = format!("gradnorm.{}", origin(&path).unwrap().name);
        let gradient = param.val().grad(&self.gradients).unwrap();
        let got = f64::from(gradient.square().sum().sqrt().into_scalar::<f32>());
        // As the gradients themselves; the landmark encoder's are the least exact.
        let floor = if path.starts_with("graph.") { 3e-6 } else { 1e-6 };
        self.golden.close_scalar(&name, got, 1e-4 * self.golden.scalar(&name) + floor);
    }
}

#[test]
fn golden_mpuc_full_heads() {
    let Some(golden) = open("mpuc_full") else { return };
    let device = Device::flex().autodiff();
    let stacked = |modality: &str| {
        let view = |view| golden.tensor(&format!("out.view{view}.feat_{modality}"), &device);
        Tensor::<2>::cat(vec![view(1), view(2)], 0)
    };
    let labels = golden.tensor::<2>("input.labels", &device).repeat(&[2, 1]);
    let positive = golden.tensor::<1>("const.bce_pos_weight", &device);
    let check =
        |name: &str, head: &Projector, x: Tensor<2>, of: &dyn Fn(&str) -> Option<Origin>| {
            let logits = head.forward(x);
            let output = if name == "fused" { "fused".to_owned() } else { format!("head_{name}") };
            golden.close(&format!("out.{output}_logits"), logits.clone(), FORWARD);
            if name == "fused" {
                let yes = logits.clone().greater_elem(0.0).float();
                golden.close("out.fused_pred", yes, 0.0);
            }
            let loss =
                weighted_binary_cross_entropy(logits, labels.clone(), Some(positive.clone()));
            let got = f64::from(loss.clone().into_scalar::<f32>());
            golden.close_scalar(&format!("loss.bce_{name}"), got, LOSS);
            golden.gradients(head, &loss.backward(), &format!("head_{name}."), 1e-6, of);
            learned(head).len()
        };
    let mut seen = 0;
    for (modality, _) in MODALITIES {
        let head = projector(&golden, &format!("head_{modality}."), &device);
        seen += check(modality, &head, stacked(modality), &project::origin);
    }
    let names = ["linear1", "linear2"];
    let fused = two_layers(&golden, "head_fused.", names, project::fused_origin, &device);
    let features = MODALITIES.map(|(modality, _)| stacked(modality));
    let features = Tensor::cat(features.to_vec(), 1);
    seen += check("fused", &fused, features, &project::fused_origin);
    assert_eq!(seen, golden.names("grad.").len());
}

#[test]
fn golden_mpuc_full_running_statistics_after_a_training_pass() {
    let Some(golden) = open("mpuc_full") else { return };
    let device = Device::flex().autodiff();
    let whole = Whole::read(&golden, Positions::Reference, &device);
    for view in [1, 2] {
        whole.features(&golden, view, &device);
    }
    let mut running = Running { golden: &golden, path: Vec::new(), seen: 0 };
    // The copy for use brings the last update in.
    whole.valid().visit(&mut running);
    assert_eq!(running.seen, golden.names("traj_trainbn.after_step1.").len());
}

/// Compares running statistics.
struct Running<'a> {
    golden: &'a Golden,
    path: Vec<String>,
    seen: usize,
}

impl ModuleVisitor for Running<'_> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let path = stable(&self.path);
        if path.contains("running_") {
            let name = format!("traj_trainbn.after_step1.{}", origin(&path).unwrap().name);
            self.golden.close(&name, param.val(), FORWARD);
            self.seen += 1;
        }
    }
}

#[test]
fn mpuc_published_projectors_and_classifiers() {
    let sizes = |config: ProjectorConfig| {
        let learned = learned(&config.init(&Device::flex()));
        learned.into_iter().map(|(_, size)| size).collect::<Vec<_>>()
    };
    assert_eq!(sizes(ProjectorConfig::default()), [512 * 1024, 1024, 1024 * 512, 512]);
    let classifier =
        |modalities: usize, out| ProjectorConfig { size: 512 * modalities, hidden: 512, out };
    let fused = classifier(4, 6);
    assert_eq!(sizes(fused), [2048 * 512, 512, 512 * 6, 6]);
    assert_eq!(sizes(classifier(1, 8)), [512 * 512, 512, 512 * 8, 8]);
}
