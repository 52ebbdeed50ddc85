//! Known sounds give known contours; any sound gives finite numbers, whatever the blocks.

use std::f32::consts::TAU;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// A sum of harmonics falling by 1/h, whose pitch follows `hertz` (time in seconds).
fn voice(seconds: f32, hertz: impl Fn(f32) -> f32) -> Vec<f32> {
    let mut phase = 0.0;
    (0..(seconds * RATE) as usize)
        .map(|i| {
            let f = hertz(i as f32 / RATE);
            phase = (phase + f / RATE).fract();
            let partials = (1..=30).filter(|h| *h as f32 * f < 7000.0);
            partials.map(|h| (TAU * phase * h as f32).sin() / h as f32).sum::<f32>() * 0.1
        })
        .collect()
}

fn noise(seconds: f32) -> Vec<f32> {
    let mut state = 1u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..(seconds * RATE) as usize).map(|_| 0.2 * next()).collect()
}

fn frames(samples: &[f32]) -> Vec<Frame> {
    let mut stream = DescriptorStream::new();
    let mut frames = stream.push(samples);
    frames.extend(stream.finish());
    frames
}

/// Two words of a made-up voice with a pause between them, in a quiet room.
fn phrase() -> Vec<f32> {
    let mut sound = voice(0.5, |t| 140.0 + 80.0 * t);
    sound.extend(vec![0.0; 2400]);
    sound.extend(noise(0.1));
    sound.extend(voice(0.4, |t| 200.0 - 100.0 * t));
    sound.iter().zip(noise(2.0)).map(|(s, n)| s + 0.01 * n).collect()
}

#[test]
fn pitch_of_harmonic_tones_is_within_two_percent() {
    for hertz in [80.0, 97.0, 120.0, 151.0, 190.0, 233.0, 287.0, 340.0, 400.0] {
        let contours = contours(&frames(&voice(0.6, |_| hertz)));
        for (pitch, voicing) in contours.pitch_hz.iter().zip(&contours.voicing).skip(4).take(50) {
            let pitch = pitch.unwrap_or_else(|| panic!("{hertz} Hz is heard as unvoiced"));
            assert!((pitch / hertz - 1.0).abs() < 0.02, "{hertz} Hz is heard as {pitch} Hz");
            assert!(*voicing > 0.9, "{hertz} Hz has a voicing of {voicing}");
        }
    }
}

#[test]
fn pitch_follows_a_glide_over_two_octaves() {
    let course = |t: f32| 90.0 * 4.0_f32.powf(t / 2.0);
    let contours = contours(&frames(&voice(2.0, course)));
    for (time, pitch) in contours.time.iter().zip(&contours.pitch_hz).skip(4).take(190) {
        let (pitch, truth) = (pitch.expect("a glide is voiced"), course(*time as f32));
        assert!((pitch / truth - 1.0).abs() < 0.02, "{truth} Hz is heard as {pitch} Hz");
    }
}

#[test]
fn noise_and_silence_have_no_voice() {
    for sound in [noise(1.0), vec![0.0; 16_000], vec![0.3; 16_000]] {
        let contours = contours(&frames(&sound));
        let inner = 4..96;
        let voiced = contours.pitch_hz[inner.clone()].iter().flatten().count();
        assert!(voiced <= 3, "{voiced} of 92 frames are voiced");
        let voicing = statistics::mean(&contours.voicing[inner]);
        assert!(voicing < 0.05, "mean voicing is {voicing}");
    }
}

#[test]
fn energy_is_the_power_in_decibels_of_full_scale() {
    let tone: Vec<f32> = (0..8000).map(|i| (TAU * 1000.0 * i as f32 / RATE).sin()).collect();
    let energy = contours(&frames(&tone)).energy_db;
    assert!((energy[25] + 3.01).abs() < 0.1, "a full-scale sine has {} dB", energy[25]);
}

#[test]
fn centroid_and_first_formant_follow_the_sound() {
    let tone: Vec<f32> = (0..8000).map(|i| (TAU * 2000.0 * i as f32 / RATE).sin()).collect();
    let centroid = frames(&tone)[25][Descriptor::Centroid];
    assert!((centroid - 2.0).abs() < 0.02, "2 kHz is heard as {centroid} kHz");
    for formant in [400.0_f32, 700.0] {
        let vowel = resonate(&voice(0.5, |_| 110.0), formant);
        let heard = frames(&vowel)[25][Descriptor::Formant1] * 1000.0;
        assert!((heard / formant - 1.0).abs() < 0.15, "{formant} Hz is heard as {heard} Hz");
    }
}

/// A two-pole resonator of 80 Hz bandwidth.
fn resonate(sound: &[f32], hertz: f32) -> Vec<f32> {
    let radius = (-std::f32::consts::PI * 80.0 / RATE).exp();
    let (a, b) = (2.0 * radius * (TAU * hertz / RATE).cos(), -radius * radius);
    let (mut before, mut earlier) = (0.0, 0.0);
    sound
        .iter()
        .map(|x| {
            let y = 0.05 * x + a * before + b * earlier;
            (earlier, before) = (before, y);
            y
        })
        .collect()
}

#[test]
fn jitter_and_shimmer_are_small_in_a_steady_voice_and_rise_when_it_is_rough() {
    let steady = frames(&voice(0.6, |_| 150.0));
    let uneven = |t: f32| 150.0 + 9.0 * (2.4 * (t * 150.0).floor().powi(2)).sin();
    let rough = frames(&voice(0.6, uneven));
    let middle = |frames: &[Frame], d: Descriptor| {
        statistics::mean(&frames[10..50].iter().map(|f| f[d]).collect::<Vec<f32>>())
    };
    assert!(middle(&steady, Descriptor::Jitter) < 0.003);
    assert!(middle(&steady, Descriptor::Shimmer) < 0.3);
    assert!(middle(&rough, Descriptor::Jitter) > 0.01);
}

#[test]
fn a_stretch_without_a_quarter_second_of_sound_has_no_functionals() {
    for sound in [vec![], vec![0.5], vec![0.0; 32_000], voice(0.2, |_| 150.0), vec![1.0; 16_000]] {
        assert_eq!(describe(&sound), None);
    }
    for sound in [voice(0.3, |_| 150.0), noise(0.3), phrase()] {
        assert!(describe(&sound).is_some());
    }
}

#[test]
fn names_match_values_and_are_distinct() {
    let mut names = functional_names();
    assert_eq!(describe(&phrase()).map(|values| values.len()), Some(names.len()));
    names.sort();
    names.dedup();
    assert_eq!(names.len(), functional_names().len());
    for (place, descriptor) in Descriptor::ALL.iter().enumerate() {
        assert_eq!(*descriptor as usize, place);
    }
}

/// Fails where a functional chosen by `chosen` differs between the phrase and `sound`.
fn same_functionals(sound: &[f32], chosen: impl Fn(&str) -> bool) {
    let plain = describe(&phrase()).expect("a phrase");
    let other = describe(sound).expect("a phrase");
    for ((name, a), b) in functional_names().iter().zip(&plain).zip(&other) {
        let close = (a - b).abs() <= 0.05 * (1.0 + a.abs());
        assert!(close || !chosen(name), "{name} was {a} and is {b}");
    }
}

#[test]
fn functionals_do_not_depend_on_the_gain() {
    let quiet: Vec<f32> = phrase().iter().map(|s| s * 0.25).collect();
    same_functionals(&quiet, |_| true);
}

#[test]
fn medians_of_the_voice_do_not_depend_on_silence_around_it() {
    let mut padded = vec![0.0; 32_000];
    padded.extend(phrase());
    padded.extend(vec![0.0; 32_000]);
    same_functionals(&padded, |name| name.starts_with("voiced") && name.ends_with("p50"));
}

fn sound() -> impl Strategy<Value = Vec<f32>> {
    let any = prop_oneof![
        -1.0f32..1.0,
        Just(0.0),
        Just(f32::MAX),
        Just(f32::MIN_POSITIVE),
        Just(f32::NAN),
        Just(f32::NEG_INFINITY),
    ];
    prop_oneof![
        vec(any, 0..6000),
        vec(-1e-6f32..1e-6, 5000..9000),
        (60.0f32..700.0, 0.001f32..50.0, 0.05f32..0.8).prop_map(|(hertz, gain, seconds)| {
            voice(seconds, |_| hertz).iter().map(|s| (s * gain).clamp(-1.0, 1.0)).collect()
        }),
        (-2.0f32..2.0, 0usize..9000).prop_map(|(level, n)| vec![level; n]),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_number_is_finite(sound in sound()) {
        for frame in frames(&sound) {
            prop_assert!(frame.values.iter().all(|v| v.is_finite()), "{frame:?}");
        }
        if let Some(values) = describe(&sound) {
            for (name, value) in functional_names().iter().zip(values) {
                prop_assert!(value.is_finite(), "{name} is {value}");
            }
        }
    }

    #[test]
    fn blocks_of_any_size_give_the_same_frames(
        sound in sound(),
        sizes in vec(0usize..2500, 1..20),
    ) {
        let mut stream = DescriptorStream::new();
        let mut pieces = Vec::new();
        let mut rest = &sound[..];
        for size in sizes {
            let (block, after) = rest.split_at(size.min(rest.len()));
            pieces.extend(stream.push(block));
            rest = after;
        }
        pieces.extend(stream.push(rest));
        pieces.extend(stream.finish());
        prop_assert_eq!(pieces.len(), sound.len() / HOP);
        prop_assert_eq!(pieces, frames(&sound));
    }
}
