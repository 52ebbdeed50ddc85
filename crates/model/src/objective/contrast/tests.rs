use burn::tensor::{Device, Distribution, Tensor};

use super::{Contrast, Form, Projections};
use crate::Target;

const REFERENCE: Contrast =
    Contrast { weight: 1.0, form: Form::Reference, temperature: 0.07, skip_last: false };
const CLIP: Contrast = Contrast { form: Form::Clip, ..REFERENCE };

fn random(clips: usize) -> Projections {
    let normal = Distribution::Normal(0.0, 1.0);
    let view = || Tensor::random([clips, 5], normal, &Device::flex());
    Projections { first: view(), second: Some(view()) }
}

fn loss(contrast: Contrast, modalities: &[Projections]) -> f32 {
    contrast.loss(modalities, &Target::None).unwrap().into_scalar()
}

#[track_caller]
fn near(got: f32, expected: f32) {
    assert!((got - expected).abs() < 1e-5, "{got}, not {expected}");
}

#[test]
fn mpuc_t3_the_total_is_the_mean_over_directed_pairs_in_any_order() {
    for count in 2..=4 {
        let modalities: Vec<_> = (0..count).map(|_| random(4)).collect();
        for contrast in [REFERENCE, CLIP] {
            let total = loss(contrast, &modalities);
            let directed = Contrast { skip_last: true, ..contrast };
            let mut sum = 0.0;
            for from in 0..count {
                for to in (0..count).filter(|to| *to != from) {
                    sum += loss(directed, &[modalities[from].clone(), modalities[to].clone()]);
                }
            }
            near(total, sum / (count * (count - 1)) as f32);
            let backwards: Vec<_> = modalities.iter().rev().cloned().collect();
            near(loss(contrast, &backwards), total);
        }
    }
}

#[test]
fn mpuc_t3_one_modality_has_nothing_to_contrast() {
    for contrast in [REFERENCE, CLIP] {
        assert!(contrast.loss(&[], &Target::None).is_none());
        assert!(contrast.loss(&[random(3)], &Target::None).is_none());
    }
    let supervised = Contrast { form: Form::Supervised, ..REFERENCE };
    assert!(supervised.loss(&[random(3), random(3)], &Target::None).is_none());
}

#[test]
fn mpuc_t4_lengths_and_the_order_of_views_do_not_count() {
    let modalities = [random(4), random(4), random(4)];
    for contrast in [REFERENCE, CLIP] {
        let mut scaled = modalities.clone();
        scaled[1].first = scaled[1].first.clone() * 30.0;
        scaled[2].second = scaled[2].second.clone().map(|view| view * 0.01);
        near(loss(contrast, &scaled), loss(contrast, &modalities));
    }
    let swapped = modalities.clone().map(|Projections { first, second }| Projections {
        first: second.unwrap(),
        second: Some(first),
    });
    near(loss(REFERENCE, &swapped), loss(REFERENCE, &modalities));
}

#[test]
fn mpuc_t5_the_loss_of_perfect_and_of_blind_projections() {
    let device = Device::flex();
    let clips = 6;
    let twice = |view: Tensor<2>| Projections { first: view.clone(), second: Some(view) };
    let rows = 2.0 * clips as f32;
    let perfect = vec![twice(Tensor::eye(clips, &device)); 3];
    near(loss(CLIP, &perfect), 0.0);
    near(loss(REFERENCE, &perfect), 0.5 * ((rows - 2.0) * (-1.0f32 / 0.07).exp()).ln_1p());
    let warm = Contrast { temperature: 1.0, ..REFERENCE };
    near(loss(warm, &perfect), 0.5 * ((rows - 2.0) * (-1.0f32).exp()).ln_1p());
    let blind = vec![twice(Tensor::ones([clips, 5], &device)); 3];
    near(loss(REFERENCE, &blind), 0.5 * (rows - 1.0).ln());
    near(loss(CLIP, &blind), (clips as f32).ln());
}

#[test]
fn labels_that_all_differ_are_the_unsupervised_contrast() {
    let modalities = [random(4), random(4)];
    let supervised = Contrast { form: Form::Supervised, ..REFERENCE };
    for target in [Target::Class, Target::Multi] {
        let target = target(Tensor::eye(4, &Device::flex()));
        let got = supervised.loss(&modalities, &target).unwrap().into_scalar::<f32>();
        near(got, loss(REFERENCE, &modalities));
    }
}
