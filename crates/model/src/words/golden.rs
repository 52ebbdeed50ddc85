//! The authors' numbers: forward, losses, gradients, trajectories, unseen classes.

use burn::module::Module;
use burn::tensor::{Device, Tensor, activation::sigmoid};
use limbic_media::{Modality, PerModality};

use super::mtee::{Clips, Inputs, Mtee, Training, inner, origin, weight, whole};
use crate::encode::recurrent::{Cell, Padding, Readout, RecurrentConfig};
use crate::fusion::LateFusion;
use crate::golden::{Golden, open};

const FORWARD: f64 = 2e-5;
const LOSS: f64 = 1e-5;
const TRAJECTORY: f64 = 1e-4;

/// Modalities in the authors' order, with the names of their tensors.
const ORDER: [(Modality, &str); 3] =
    [(Modality::Text, "text"), (Modality::Audio, "audio"), (Modality::Vision, "vision")];

/// The model whose weights lie under `param.` + `prefix`, with the rows of `table`.
fn model(golden: &Golden, prefix: &str, table: &str, device: &Device) -> Mtee {
    let encoders = ORDER.iter().enumerate().map(|(index, (modality, _))| {
        let name = |rest: &str| format!("param.{prefix}RNNs.{index}.{rest}");
        let [gates, size] = *golden.shape(&name("weight_ih_l0")) else { panic!("not a matrix") };
        let hidden = golden.shape(&name("weight_hh_l0"))[1];
        let layers = name("weight_ih_l");
        let forward = golden.names(&layers).into_iter().filter(|n| !n.ends_with("_reverse"));
        let config = RecurrentConfig {
            cell: if gates == 4 * hidden { Cell::Lstm } else { Cell::Gru },
            hidden,
            layers: forward.count(),
            bidirectional: golden.has(&name("weight_ih_l0_reverse")),
            dropout: 0.0,
            read: Readout::LastStep,
            padding: Padding::Read,
        };
        (*modality, (size, config))
    });
    let rows = rows(golden, table);
    let fresh = Mtee::new(&encoders.collect(), &rows, device);
    golden.fill(fresh, prefix, |path| {
        let mut origin = origin(path)?;
        if origin.name == "textEmoEmbs.weight" {
            table.strip_prefix("param.")?.strip_prefix(prefix)?.clone_into(&mut origin.name);
        }
        Some(origin)
    })
}

fn rows(golden: &Golden, name: &str) -> Vec<Vec<f32>> {
    let size = golden.shape(name)[1];
    golden.values(name).chunks(size).map(|row| row.iter().map(|v| *v as f32).collect()).collect()
}

fn inputs(golden: &Golden, prefix: &str, device: &Device) -> Inputs {
    let one = |(m, name): &(Modality, &str)| {
        (*m, golden.tensor(&format!("input.{prefix}{name}"), device))
    };
    ORDER.iter().map(one).collect()
}

fn clips(golden: &Golden, prefix: &str, labels: &str, positive: &str, device: &Device) -> Clips {
    Clips {
        inputs: inputs(golden, prefix, device),
        labels: golden.tensor(labels, device),
        positive: golden.tensor(positive, device),
    }
}

fn close_all(golden: &Golden, name: &str, got: &[f64], tolerance: f64) {
    let got: Vec<f32> = got.iter().map(|v| *v as f32).collect();
    golden.close(name, Tensor::<1>::from_data(&got[..], &Device::flex()), tolerance);
}

#[test]
fn golden_forward_and_every_intermediate() {
    let Some(golden) = open("mtee_tav") else { return };
    let device = Device::flex();
    let model = model(&golden, "", "param.textEmoEmbs.weight", &device);
    let inputs = inputs(&golden, "", &device);
    let scores = model.scores(&inputs);
    for (modality, name) in ORDER {
        let x = inputs.get(modality).unwrap();
        let mid = |part: &str| format!("mid.{name}.{part}");
        let encoder = model.encoder(modality);
        golden.close(&mid("rnn_out"), encoder.steps(x.clone(), &whole(x)), FORWARD);
        golden.close(&mid("sum_directions_last"), model.view(modality, x), FORWARD);
        golden.close(&mid("emotion_vectors"), model.words.rows(modality).unwrap(), FORWARD);
        golden.close(&mid("similarity"), scores.get(modality).unwrap().clone(), FORWARD);
    }
    let logits = model.logits(&inputs);
    golden.close("out.logits", logits.clone(), FORWARD);
    golden.close("out.prob", sigmoid(logits), FORWARD);
    let one = model.logits(&inputs.map(|_, x| x.narrow(0, 0, 1)));
    assert_eq!(one.dims()[0], 1);
    golden.close("out.batch1.logits_as_returned", one.squeeze_dim::<1>(0), FORWARD);
}

#[test]
fn golden_subsets_of_modalities() {
    let Some(golden) = open("mtee_tav") else { return };
    let device = Device::flex();
    let model = model(&golden, "", "param.textEmoEmbs.weight", &device);
    let scores = model.scores(&inputs(&golden, "", &device));
    let all = LateFusion::new(&ORDER.map(|(m, _)| m), &device);
    let fresh = Mtee { fusion: all.clone(), ..model };
    let even: Vec<f64> =
        weight(&fresh, "modality_weights.weight").into_iter().map(f64::from).collect();
    close_all(&golden, "const.initial_modality_weights", &even, FORWARD);
    let names = golden.names("out.subset_");
    assert!(!names.is_empty());
    for name in names {
        let letters = name["out.subset_".len()..].split('.').next().unwrap();
        let some: PerModality<Tensor<2>> = ORDER
            .into_iter()
            .filter(|(_, name)| letters.contains(&name[..1]))
            .map(|(m, _)| (m, scores.get(m).unwrap().clone()))
            .collect();
        let modalities: Vec<Modality> = some.iter().map(|(m, _)| m).collect();
        let own = LateFusion::new(&modalities, &device);
        golden.close(name, own.forward(&some).unwrap(), FORWARD);
        // A model of all modalities that is given only these answers the same.
        golden.close(name, all.forward(&some).unwrap(), FORWARD);
    }
}

#[test]
fn golden_loss_and_gradients() {
    let Some(golden) = open("mtee_tav") else { return };
    let device = Device::flex().autodiff();
    let model = model(&golden, "", "param.textEmoEmbs.weight", &device);
    let clips = clips(&golden, "", "input.labels", "const.pos_weight", &device);
    let loss = clips.loss(&model);
    golden.close_scalar("loss.bce", f64::from(loss.clone().into_scalar::<f32>()), LOSS);
    golden.gradients(&model, &loss.backward(), "", 1e-6, origin);
    let (_, gradient) = clips.gradient(&model);
    golden.close_scalar("mid.grad_global_norm", inner(&gradient, &gradient).sqrt(), LOSS);
}

#[test]
fn golden_cells() {
    let Some(golden) = open("mtee_cells") else { return };
    let device = Device::flex().autodiff();
    let losses = golden.names("loss.");
    assert!(!losses.is_empty());
    for name in losses {
        let variant = name.split('.').nth(1).unwrap();
        let prefix = format!("{variant}.");
        let model = model(&golden, &prefix, &format!("param.{prefix}textEmoEmbs.weight"), &device);
        let clips = clips(&golden, "", "input.labels", "const.pos_weight", &device);
        golden.close(&format!("out.{variant}.logits"), model.logits(&clips.inputs), FORWARD);
        let loss = clips.loss(&model);
        golden.close_scalar(name, f64::from(loss.clone().into_scalar::<f32>()), LOSS);
        golden.gradients(&model, &loss.backward(), &prefix, 1e-6, origin);
    }
}

#[test]
fn golden_unseen_class() {
    let Some(golden) = open("mtee_tav") else { return };
    let golden = golden
        .renamed("param_zsl.", "param.zsl.")
        .renamed("input.zsl.emotion_table_6", "param.zsl.textEmoEmbs.weight");
    let device = Device::flex();
    let six = model(&golden, "zsl.", "param.zsl.textEmoEmbs.weight", &device);
    let inputs = inputs(&golden, "", &device);
    golden.close("out.zsl.logits_6_with_unseen_last", six.logits(&inputs), FORWARD);
    let rows = rows(&golden, "param.zsl.textEmoEmbs.weight");
    let (unseen, seen) = rows.split_last().unwrap();
    let kept: Vec<usize> = (0..seen.len()).collect();
    let mut five = six.clone();
    five.words = five.words.select(&kept);
    let logits = five.logits(&inputs);
    golden.close("out.zsl.logits_5_seen", logits.clone(), FORWARD);
    five.words = five.words.with_row(unseen).unwrap();
    let again = five.logits(&inputs).narrow(1, 0, kept.len());
    assert_eq!(again.into_data(), logits.into_data());
}

/// The limit on the gradient in the name of a trajectory, 1 where it names none.
fn limit(name: &str) -> f64 {
    name.split_once("clip").map_or(1.0, |(_, limit)| limit.replace('p', ".").parse().unwrap())
}

#[test]
fn golden_trajectories() {
    let Some(golden) = open("mtee_tav") else { return };
    let device = Device::flex().autodiff();
    let clips = clips(&golden, "", "input.labels", "const.pos_weight", &device);
    let names: Vec<&str> =
        golden.names("traj").into_iter().filter_map(|name| name.strip_suffix(".lr")).collect();
    assert!(!names.is_empty());
    for name in names {
        let key = |rest: &str| format!("{name}.{rest}");
        let mut model = model(&golden, "", "param.textEmoEmbs.weight", &device);
        let table = weight(&model, "textEmoEmbs.weight");
        let mut training = Training::new(golden.scalar(&key("lr")), limit(name));
        let (mut losses, mut lengths) = (Vec::new(), Vec::new());
        for _ in 0..golden.shape(&key("loss"))[0] {
            let (loss, gradient) = clips.gradient(&model);
            let length;
            (model, length) = training.step(model, gradient);
            losses.push(loss);
            lengths.push(length);
        }
        close_all(&golden, &key("loss"), &losses, TRAJECTORY);
        close_all(&golden, &key("grad_norm_before_clip"), &lengths, TRAJECTORY);
        let finals = key("final.");
        for tensor in golden.names(&finals) {
            if let Some(author) = tensor[finals.len()..].strip_suffix("_unchanged") {
                let same = f64::from(u8::from(weight(&model, author) == table));
                golden.close_scalar(tensor, same, 0.0);
            } else {
                let values: Vec<f64> =
                    weight(&model, &tensor[finals.len()..]).into_iter().map(f64::from).collect();
                close_all(&golden, tensor, &values, TRAJECTORY);
            }
        }
    }
}

/// Old clips with the rows of the seen classes, new ones with one class more.
struct Fewshot {
    golden: Golden,
    seen: Vec<usize>,
    old: Clips,
    new: Clips,
    device: Device,
}

impl Fewshot {
    fn open() -> Option<Self> {
        let golden = open("mtee_fewshot")?;
        let device = Device::flex().autodiff();
        let old = clips(&golden, "old.", "input.old.labels5", "const.pos_weight_old5", &device);
        let new = clips(&golden, "new.", "input.new.labels6", "const.pos_weight_new6", &device);
        let seen = (0..old.labels.dims()[1]).collect();
        Some(Self { golden, seen, old, new, device })
    }

    fn model(&self) -> Mtee {
        model(&self.golden, "", "param.ft_textEmoEmbs.weight", &self.device)
    }

    fn seen(&self, model: &Mtee) -> Mtee {
        let mut seen = model.clone();
        seen.words = seen.words.select(&self.seen);
        seen
    }

    /// Compares a finished loop with the trajectory `name`.
    fn close(&self, name: &str, model: &Mtee, old: &[f64], new: &[f64]) {
        close_all(&self.golden, &format!("{name}.loss_old"), old, TRAJECTORY);
        close_all(&self.golden, &format!("{name}.loss"), new, TRAJECTORY);
        let finals = format!("{name}.final.");
        for tensor in self.golden.names(&finals) {
            let values = weight(model, &tensor[finals.len()..]);
            let values: Vec<f64> = values.into_iter().map(f64::from).collect();
            close_all(&self.golden, tensor, &values, TRAJECTORY);
        }
    }

    fn training(&self, name: &str) -> (Training, usize) {
        let scalar = |rest: &str| self.golden.scalar(&format!("{name}.{rest}"));
        let steps = self.golden.shape(&format!("{name}.loss"))[0];
        (Training::new(scalar("lr"), scalar("clip")), steps)
    }
}

#[test]
fn golden_fewshot_forward() {
    let Some(fewshot) = Fewshot::open() else { return };
    let (golden, model) = (&fewshot.golden, fewshot.model());
    let seen = fewshot.seen(&model);
    let five = rows(golden, "param.textEmoEmbs.weight");
    assert_eq!(weight(&seen, "textEmoEmbs.weight"), five.concat());
    golden.close("out.old.logits5", seen.logits(&fewshot.old.inputs), FORWARD);
    golden.close("out.new.logits6", model.logits(&fewshot.new.inputs), FORWARD);
    golden.close_scalar("loss.old", fewshot.old.gradient(&seen).0, LOSS);
    golden.close_scalar("loss.new", fewshot.new.gradient(&model).0, LOSS);
}

#[test]
fn golden_fewshot_joint() {
    let Some(fewshot) = Fewshot::open() else { return };
    let mut model = fewshot.model();
    let (mut training, steps) = fewshot.training("traj_joint");
    let (mut old, mut new) = (Vec::new(), Vec::new());
    for _ in 0..steps {
        let (loss, gradient) = fewshot.old.gradient(&fewshot.seen(&model));
        old.push(loss);
        (model, _) = training.step(model, gradient);
        let (loss, gradient) = fewshot.new.gradient(&model);
        new.push(loss);
        (model, _) = training.step(model, gradient);
    }
    fewshot.close("traj_joint", &model, &old, &new);
}

#[test]
fn golden_fewshot_gem() {
    let Some(fewshot) = Fewshot::open() else { return };
    let mut model = fewshot.model();
    let (mut training, steps) = fewshot.training("traj_gem");
    let (mut old, mut new, mut dots) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..steps {
        let (loss, memory) = fewshot.old.gradient(&fewshot.seen(&model));
        old.push(loss);
        let (loss, mut gradient) = fewshot.new.gradient(&model);
        new.push(loss);
        let dot = inner(&gradient, &memory);
        dots.push(dot);
        if dot < 0.0 {
            let multiplier = (-dot / (inner(&memory, &memory) + 1e-3)).max(0.01 / (1.0 + 1e-7));
            for (path, gradient) in &mut gradient {
                let memory = &memory[path];
                gradient.iter_mut().zip(memory).for_each(|(g, m)| *g += multiplier as f32 * m);
            }
        }
        (model, _) = training.step(model, gradient);
    }
    close_all(&fewshot.golden, "traj_gem.dot", &dots, TRAJECTORY);
    fewshot.close("traj_gem", &model, &old, &new);
}

#[test]
fn golden_names_are_those_of_the_authors() {
    let Some(golden) = open("mtee_tav") else { return };
    let model = model(&golden, "", "param.textEmoEmbs.weight", &Device::flex());
    let scalars: usize =
        golden.names("param.").iter().map(|n| golden.shape(n).iter().product::<usize>()).sum();
    assert_eq!(model.num_params(), scalars);
}
