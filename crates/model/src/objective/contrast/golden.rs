use burn::tensor::{Device, Tensor};

use super::{Contrast, Form, Projections, likeness, others, spread, unit, unlikely};
use crate::Target;
use crate::golden::mpuc::{FORWARD, LOSS, MODALITIES};
use crate::golden::{Golden, open};

fn read(golden: &Golden, modality: &str, device: &Device) -> Projections {
    let view = |view: usize| {
        let name = format!("input.proj_{modality}_view{view}");
        golden.tensor::<2>(&name, device).require_grad()
    };
    Projections { first: view(1), second: Some(view(2)) }
}

fn contrast(golden: &Golden, form: Form, skip_last: bool) -> Contrast {
    let temperature = golden.scalar("const.temperature") as f32;
    Contrast { weight: 1.0, form, temperature, skip_last }
}

fn scalar(loss: Tensor<1>) -> f64 {
    loss.into_scalar::<f32>().into()
}

#[test]
fn golden_mpuc_contrast_totals_pairs_and_gradients() {
    let Some(golden) = open("mpuc_contrastive") else { return };
    let device = Device::flex().autodiff();
    let mut seen = 0;
    for count in 2..=4 {
        let names = &MODALITIES[..count];
        let all: Vec<_> = names.iter().map(|(name, _)| read(&golden, name, &device)).collect();
        let reference = contrast(&golden, Form::Reference, false);
        let mut check = |name: &str, loss: Tensor<1>| {
            golden.close_scalar(&format!("loss.m{count}.{name}"), scalar(loss), LOSS);
            seen += 1;
        };
        let total = reference.loss(&all, &Target::None).unwrap();
        check("total", total.clone());
        let clips = all[0].first.dims()[0];
        for (from, a) in all.iter().enumerate() {
            for (to, b) in all.iter().enumerate().filter(|(to, _)| *to != from) {
                let rows = [unit(a.stacked()), unit(b.stacked())];
                let asks = Contrast { skip_last: true, ..reference };
                let loss = asks.total(&rows, Tensor::eye(clips, &device)).unwrap();
                check(&format!("pair_{}_to_{}", names[from].0, names[to].0), loss);
            }
        }
        let once: Vec<_> =
            all.iter().map(|m| Projections { first: m.first.clone(), second: None }).collect();
        check("same_view_total", reference.loss(&once, &Target::None).unwrap());
        let gradients = total.backward();
        for ((name, _), views) in names.iter().zip(&all) {
            for (view, leaf) in [(1, Some(&views.first)), (2, views.second.as_ref())] {
                let name = format!("grad.m{count}.proj_{name}_view{view}");
                let largest = golden.values(&name).iter().fold(0.0f64, |most, v| most.max(v.abs()));
                let got = leaf.unwrap().grad(&gradients).unwrap();
                golden.close(&name, got, 1e-4 * largest + 1e-6);
                seen += 1;
            }
        }
        let textbook = contrast(&golden, Form::Clip, false).loss(&all, &Target::None).unwrap();
        golden.close_scalar(&format!("loss_textbook.m{count}.total"), scalar(textbook), LOSS);
        // Cosines that are none: lengths of about four make losses of about sixty.
        let raw: Vec<_> = all.iter().map(Projections::stacked).collect();
        let raw = scalar(reference.total(&raw, Tensor::eye(clips, &device)).unwrap());
        let name = format!("loss.m{count}.eval_unnormalised_total");
        golden.close_scalar(&name, raw, LOSS * golden.scalar(&name).abs().max(1.0));
        seen += 1;
    }
    let labels = golden.names("loss.").iter().filter(|name| name.contains(".sup_")).count();
    assert_eq!(seen + labels, golden.names("loss.").len() + golden.names("grad.").len());
}

#[test]
fn golden_mpuc_contrast_by_label() {
    let Some(golden) = open("mpuc_contrastive") else { return };
    let device = Device::flex().autodiff();
    let labels = golden.integers::<1>("input.labels_single", &device);
    let classes = labels.clone().max().into_scalar::<i64>() as usize + 1;
    let single = Target::Class(labels.one_hot::<2>(classes).float());
    let multi = Target::Multi(golden.tensor("input.labels_multi", &device));
    let mut seen = 0;
    for count in 2..=4 {
        let names = &MODALITIES[..count];
        let all: Vec<_> = names.iter().map(|(name, _)| read(&golden, name, &device)).collect();
        for (kind, target) in [("single", &single), ("multi", &multi)] {
            for (rule, skip_last) in [("allpairs", false), ("train", true)] {
                let name = format!("loss.m{count}.sup_{kind}_{rule}_total");
                let loss = contrast(&golden, Form::Supervised, skip_last).loss(&all, target);
                golden.close_scalar(&name, scalar(loss.unwrap()), LOSS);
                seen += 1;
            }
        }
    }
    assert_eq!(seen, golden.names("loss.").iter().filter(|name| name.contains(".sup_")).count());
    assert!(likeness(&Target::None).is_none());
}

#[test]
fn golden_mpuc_contrast_of_one_pair_step_by_step() {
    let Some(golden) = open("mpuc_contrastive") else { return };
    let device = Device::flex().autodiff();
    let [asks, answers] =
        [0, 1].map(|index| unit(read(&golden, MODALITIES[index].0, &device).stacked()));
    let contrast = contrast(&golden, Form::Reference, false);
    let rows = asks.dims()[0];
    let positives = spread(Tensor::eye(rows / 2, &device));
    let log_probabilities = contrast.log_probabilities(&asks, &answers);
    let steps = [
        ("anchor", asks.clone()),
        ("contrast", answers.clone()),
        ("logits", contrast.logits(&asks, &answers)),
        ("logits_mask", others(rows, &device)),
        ("pos_mask", positives.clone()),
        ("log_prob", log_probabilities.clone()),
    ];
    assert_eq!(steps.len() + 1, golden.names("mid.pair01.").len());
    for (name, got) in steps {
        golden.close(&format!("mid.pair01.{name}"), got, FORWARD);
    }
    let losses = unlikely(log_probabilities, &positives);
    golden.close("mid.pair01.per_anchor_loss", losses, FORWARD);
}
