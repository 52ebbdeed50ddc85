//! Log-mels against the reference implementations: `references/mel.py` made the numbers.

use limbic_features::{MelConfig, MelSpectrogram};
use safetensors::SafeTensors;

/// The signal of `references/mel.py`, sample by sample.
fn signal() -> Vec<f32> {
    const SAMPLES: u32 = 40_000;
    let (mut state, mut phase) = (1u64, 0.0f64);
    let sample = |i: u32| {
        let x = f64::from(i) / f64::from(SAMPLES);
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let noise = (state >> 40) as f64 / f64::from(1 << 23) - 1.0;
        phase += (60.0 + 6940.0 * x * x) / 16_000.0;
        phase -= if phase >= 1.0 { 1.0 } else { 0.0 };
        let turn = 2.0 * phase - 1.0;
        let wave = 4.0 * turn * (1.0 - turn.abs());
        let level = if x < 0.5 {
            1.0
        } else if x < 0.8 {
            0.01
        } else {
            0.0
        };
        (level * (0.4 * wave + 0.05 * noise)) as f32
    };
    (0..SAMPLES).map(sample).collect()
}

fn numbers<const N: usize, T>(file: &SafeTensors, name: &str, read: fn([u8; N]) -> T) -> Vec<T> {
    let bytes = file.tensor(name).expect(name).data();
    bytes.chunks_exact(N).map(|chunk| read(chunk.try_into().expect("a chunk of N"))).collect()
}

#[test]
fn every_preset_equals_its_reference_implementation() {
    let bytes = include_bytes!("reference/mel.safetensors");
    let file = SafeTensors::deserialize(bytes).unwrap();
    let cases = [
        ("librosa", MelConfig::librosa(), 1e-4),
        ("whisper", MelConfig::whisper(), 1e-4),
        ("ast", MelConfig::ast(), 1e-3),
        ("mpuc25", MelConfig::mpuc(25.0), 1e-4),
    ];
    let signal = signal();
    for (name, config, tolerance) in cases {
        let features = MelSpectrogram::new(&config).unwrap().frames(&signal);
        let rows = numbers(&file, &format!("{name}.rows"), i64::from_le_bytes)[0];
        assert_eq!(features.shape(), [rows as usize, config.n_mels], "{name}");
        let values = numbers(&file, &format!("{name}.values"), f32::from_le_bytes);
        let frames = numbers(&file, &format!("{name}.frames"), i64::from_le_bytes);
        let mut worst = 0.0f32;
        for (frame, expected) in frames.iter().zip(values.chunks_exact(config.n_mels)) {
            for (found, expected) in features.row(*frame as usize).unwrap().iter().zip(expected) {
                worst = worst.max((found - expected).abs());
            }
        }
        assert!(worst <= tolerance, "{name}: off by {worst}, more than {tolerance}");
    }
}
