//! VAVL's pre-processing, against the reference file.

use burn::tensor::{Device, Tensor, TensorData};

use super::*;
use crate::Sequence;
use crate::golden::{Golden, open};

const TOLERANCE: f64 = 2e-5;

/// Inputs whose names begin with `prefix` and go on with a number, with the numbers a step.
fn clips(golden: &Golden, prefix: &str) -> (Vec<Vec<f32>>, usize) {
    let names = (0..).map(|index| format!("{prefix}{index}")).take_while(|name| golden.has(name));
    let names: Vec<String> = names.collect();
    let size = golden.shape(&names[0]).get(1).copied().unwrap_or(1);
    let values = |name: &String| golden.values(name).iter().map(|v| *v as f32).collect();
    (names.iter().map(values).collect(), size)
}

/// Statistics over all steps of all clips, and the clips normalised with them, then padded.
fn prepared(clips: &[Vec<f32>], size: usize) -> (Moments, Sequence) {
    let moments = Moments::of(clips.iter().flat_map(|clip| clip.chunks(size))).unwrap();
    let normalised: Vec<Vec<f32>> = clips
        .iter()
        .map(|clip| clip.chunks(size).flat_map(|row| moments.normalised(row)).collect())
        .collect();
    let sequence = Sequence::padded(&normalised, size, &Device::flex());
    (moments, sequence)
}

fn vector(values: &[f32]) -> Tensor<1> {
    let data = TensorData::new(values.to_vec(), [values.len()]);
    Tensor::from_data(data, &Device::flex())
}

#[test]
fn golden_vavl_waves_and_faces_are_normalised_then_padded() {
    let Some(golden) = open("vavl_preproc") else { return };
    let (waves, one) = clips(&golden, "input.wav");
    let (moments, sequence) = prepared(&waves, one);
    golden.close_scalar("mid.wav_mean", moments.mean[0].into(), TOLERANCE);
    golden.close_scalar("mid.wav_std", moments.deviation[0].into(), TOLERANCE);
    golden.close("out.wav_padded", sequence.x.squeeze_dim::<2>(2), TOLERANCE);
    golden.close("out.attention_mask", sequence.mask, 0.0);
    let (faces, size) = clips(&golden, "input.vid");
    let (moments, sequence) = prepared(&faces, size);
    golden.close("mid.vid_mean", vector(&moments.mean), TOLERANCE);
    golden.close("mid.vid_std", vector(&moments.deviation), TOLERANCE);
    golden.close("out.vid_padded", sequence.x, TOLERANCE);
}

#[test]
fn golden_vavl_labels_are_scaled_once() {
    let Some(golden) = open("vavl_preproc") else { return };
    let raw = golden.tensor::<2>("input.labels_raw_act_dom_val", &Device::flex());
    let [clips, attributes] = raw.dims();
    let raw: Vec<f32> = raw.into_data().iter().collect();
    // Arousal, the first attribute, is rated on a reversed scale.
    let scale = |attribute: usize| RatingScale { low: 1.0, high: 5.0, reversed: attribute == 0 };
    let access = || {
        let units = raw.iter().enumerate().map(|(i, answer)| scale(i % attributes).unit(*answer));
        let data = TensorData::new(units.collect::<Vec<f32>>(), [clips, attributes]);
        Tensor::<2>::from_data(data, &Device::flex())
    };
    golden.close("out.labels_first_access", access(), TOLERANCE);
    golden.close("out.labels_first_access", access(), TOLERANCE);
    // The reference turned arousal over again in place; nothing else differs there.
    let units: Vec<f32> = access().into_data().iter().collect();
    let turned = units.into_iter().enumerate();
    let turned = turned.map(|(i, unit)| if i % attributes == 0 { 1.0 - unit } else { unit });
    let data = TensorData::new(turned.collect::<Vec<f32>>(), [clips, attributes]);
    let turned = Tensor::<2>::from_data(data, &Device::flex());
    golden.close("out.labels_second_access_reference_bug", turned, TOLERANCE);
}

#[test]
fn statistics_of_nothing_and_of_a_constant() {
    assert_eq!(Moments::of(std::iter::empty()), None);
    let constant = Moments::of([&[3.0f32][..], &[3.0]]).unwrap();
    assert_eq!(constant.normalised(&[3.0]), [0.0]);
}
