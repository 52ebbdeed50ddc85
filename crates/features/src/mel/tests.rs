use proptest::prelude::*;

use super::*;

fn streamable() -> MelConfig {
    let level = Level::Decibel { floor: 1e-10, relative_to_peak: false, range: None };
    MelConfig { level, ..MelConfig::librosa() }
}

fn presets() -> [MelConfig; 5] {
    let mpuc = MelConfig::mpuc(29.97);
    [MelConfig::librosa(), MelConfig::whisper(), MelConfig::ast(), mpuc, streamable()]
}

fn mel(config: &MelConfig) -> MelSpectrogram {
    MelSpectrogram::new(config).unwrap()
}

fn sound(seed: u64, length: usize) -> Vec<f32> {
    let mut state = seed;
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..length).map(|i| 0.3 * (i as f32 * 0.1).sin() + 0.1 * next()).collect()
}

#[test]
fn no_sample_gives_no_row_and_one_sample_gives_a_row() {
    for config in presets() {
        let mel = mel(&config);
        assert_eq!(mel.frames(&[]).shape(), [0, config.n_mels]);
        for length in [1, 2, 3, 100, 399] {
            let features = mel.frames(&sound(1, length));
            assert!(!features.is_empty() || config.drop_last, "{length} samples, {config:?}");
            assert!(features.data().iter().all(|value| value.is_finite()));
        }
    }
}

#[test]
fn silence_gives_the_floor() {
    let floors = [-100.0, -1.5, -15.942_385, 0.0, -100.0];
    for (config, floor) in presets().iter().zip(floors) {
        let features = mel(config).frames(&vec![0.0; 5000]);
        assert!(features.data().iter().all(|value| (value - floor).abs() < 1e-6), "{config:?}");
    }
}

#[test]
fn samples_that_are_not_finite_count_as_silence() {
    for config in presets() {
        let mut broken = sound(3, 5000);
        broken[700] = f32::NAN;
        broken[2500] = f32::INFINITY;
        let mended =
            broken.iter().map(|x| if x.is_finite() { *x } else { 0.0 }).collect::<Vec<_>>();
        assert_eq!(mel(&config).frames(&broken), mel(&config).frames(&mended));
    }
}

#[test]
fn what_depends_on_the_whole_clip_is_not_streamed() {
    for config in [MelConfig::librosa(), MelConfig::whisper(), MelConfig::mpuc(25.0)] {
        assert!(mel(&config).stream().is_err());
    }
    assert!(mel(&MelConfig { edges: Edges::Mirror, ..streamable() }).stream().is_err());
    assert!(mel(&MelConfig { fixed_seconds: Some(1.0), ..streamable() }).stream().is_err());
}

#[test]
fn each_preset_has_a_name_and_other_settings_a_fingerprint() {
    let ids = presets().map(|config| mel(&config).id().to_owned());
    assert_eq!(ids[0], "log-mel/librosa@1");
    assert_eq!(ids[1], "log-mel/whisper@1");
    assert_eq!(ids[2], "log-mel/ast@1");
    assert_eq!(ids[3], "log-mel/mpuc-29.97fps@1");
    assert_ne!(ids[4], mel(&MelConfig { n_mels: 40, ..streamable() }).id());
}

#[test]
fn settings_that_cannot_work_are_refused_by_name() {
    let base = MelConfig::librosa;
    let level = |floor, range| Level::Decibel { floor, relative_to_peak: false, range };
    let cases = [
        ("sample_rate", MelConfig { sample_rate: 0, ..base() }),
        ("window_length", MelConfig { window_length: 1, ..base() }),
        ("window_length", MelConfig { window_length: 4096, ..base() }),
        ("fft_length", MelConfig { fft_length: 1 << 40, ..base() }),
        ("hop_length", MelConfig { hop_length: 0.5, ..base() }),
        ("hop_length", MelConfig { hop_length: f64::NAN, ..base() }),
        ("hop_length", MelConfig::mpuc(0.0)),
        ("n_mels", MelConfig { n_mels: 0, ..base() }),
        ("f_min", MelConfig { f_min: -1.0, ..base() }),
        ("f_max", MelConfig { f_max: 8001.0, ..base() }),
        ("f_max", MelConfig { f_min: 500.0, f_max: 400.0, ..base() }),
        ("preemphasis", MelConfig { preemphasis: f64::INFINITY, ..base() }),
        ("level.floor", MelConfig { level: level(0.0, None), ..base() }),
        ("level.range", MelConfig { level: level(1e-10, Some(-3.0)), ..base() }),
        ("fixed_seconds", MelConfig { fixed_seconds: Some(f64::NAN), ..base() }),
    ];
    for (setting, config) in cases {
        let message = MelSpectrogram::new(&config).err().expect(setting).to_string();
        assert!(message.contains(&format!("`{setting}`")), "{message}");
    }
}

#[test]
fn settings_survive_the_way_through_json_and_unknown_ones_are_refused() {
    for config in presets() {
        let text = serde_json::to_string(&config).unwrap();
        assert_eq!(serde_json::from_str::<MelConfig>(&text).unwrap(), config);
        let odd = text.replacen('{', "{\"hops\":1,", 1);
        assert!(serde_json::from_str::<MelConfig>(&odd).unwrap_err().to_string().contains("hops"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_gain_moves_every_level_by_the_same_decibels(seed: u64, gain in 0.1f32..3.0) {
        let mel = mel(&streamable());
        let quiet = sound(seed, 6000);
        let loud = quiet.iter().map(|x| x * gain).collect::<Vec<_>>();
        let shift = 20.0 * gain.log10();
        for (a, b) in mel.frames(&quiet).data().iter().zip(mel.frames(&loud).data()) {
            prop_assert!((a + shift - b).abs() < 1e-3, "{a} dB became {b} dB, not by {shift}");
        }
    }

    #[test]
    fn a_delay_of_one_hop_moves_the_rows_by_one(seed: u64, hop in 100usize..600) {
        let mel = mel(&MelConfig { hop_length: hop as f64, ..streamable() });
        let early = sound(seed, 6000);
        let late = [vec![0.0; hop], early.clone()].concat();
        let (early, late) = (mel.frames(&early), mel.frames(&late));
        prop_assert_eq!(early.len() + 1, late.len());
        prop_assert_eq!(early.data(), &late.data()[128..]);
    }

    #[test]
    fn a_stream_gives_the_rows_of_the_whole(
        seed: u64,
        length in 0usize..9000,
        block in 1usize..3000,
        fps in 20.0f64..60.0,
    ) {
        let fractional = MelConfig { hop_length: 16_000.0 / fps, ..streamable() };
        for config in [MelConfig::ast(), streamable(), fractional] {
            let mel = mel(&config);
            let samples = sound(seed, length);
            let mut stream = mel.stream().unwrap();
            let mut rows = Vec::new();
            for part in samples.chunks(block) {
                rows.extend(stream.push(part));
            }
            rows.extend(stream.finish());
            prop_assert_eq!(rows, mel.frames(&samples).into_data());
        }
    }
}
