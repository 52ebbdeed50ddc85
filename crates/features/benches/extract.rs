//! What extraction costs: `cargo bench -p limbic-features`.

use divan::{Bencher, black_box};
use limbic_features::{
    FaceConfig, FaceNormaliser, Light, MelConfig, MelSpectrogram, Pixels, TextTokenizer,
    normalise_text,
};

fn main() {
    divan::main();
}

/// Numbers from a fixed start.
fn random() -> impl FnMut() -> u32 {
    let mut state = 1u64;
    move || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u32
    }
}

/// Sentences of made-up words, frequent ones short, `bytes` in all.
fn text(bytes: usize) -> String {
    let mut next = random();
    let mut text = String::new();
    while text.len() < bytes {
        let rank = (next() % 60_000 + 1) / (next() % 60 + 1);
        let mut word = rank + 1;
        while word > 0 {
            text.push(['a', 'e', 'i', 'o', 'u'][(word % 5) as usize]);
            text.push(['n', 's', 't', 'r', 'l', 'm', 'd'][(word % 7) as usize]);
            word /= 35;
        }
        text.push_str(if next().is_multiple_of(12) { ". " } else { " " });
    }
    text
}

#[divan::bench(args = ["librosa", "whisper", "ast"])]
fn log_mel_of_30_seconds(bencher: Bencher, preset: &str) {
    let config = match preset {
        "librosa" => MelConfig::librosa(),
        "whisper" => MelConfig::whisper(),
        _ => MelConfig::ast(),
    };
    let mel = MelSpectrogram::new(&config).expect("a preset");
    let mut next = random();
    let sound: Vec<f32> = (0..480_000).map(|_| (next() >> 8) as f32 / 4e6 - 1.0).collect();
    bencher.bench_local(|| mel.frames(black_box(&sound)));
}

#[divan::bench]
fn log_mel_set_up(bencher: Bencher) {
    let config = MelConfig::ast();
    bencher.bench_local(|| MelSpectrogram::new(black_box(&config)).expect("a preset"));
}

#[divan::bench]
fn face_of_200_by_200(bencher: Bencher) {
    let config = FaceConfig { light: Light::Stretched, pixels: Pixels::Centred {}, size: 48 };
    let normaliser = FaceNormaliser::new(&config).expect("settings that work");
    let mut next = random();
    let crop: Vec<u8> = (0..40_000).map(|_| next() as u8).collect();
    bencher.bench_local(|| normaliser.normalise(200, 200, black_box(&crop)));
}

#[divan::bench]
fn normalise_a_megabyte(bencher: Bencher) {
    let text = text(1 << 20);
    bencher.bench_local(|| normalise_text(black_box(&text)));
}

#[divan::bench(args = [128, usize::MAX >> 8], sample_count = 10)]
fn tokenise_a_megabyte(bencher: Bencher, max_length: usize) {
    let text = text(1 << 20);
    let tokenizer = TextTokenizer::train([&text], 16_000, max_length).expect("it learns");
    bencher.bench_local(|| tokenizer.encode(black_box(&text)));
}

#[divan::bench(sample_count = 10)]
fn open_a_tokenizer(bencher: Bencher) {
    let tokenizer = TextTokenizer::train([text(1 << 20)], 16_000, 128).expect("it learns");
    let json = tokenizer.to_json().expect("it was read");
    bencher.bench_local(|| TextTokenizer::from_bytes("t.json", black_box(json.as_bytes()), 128));
}
