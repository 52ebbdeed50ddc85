//! `references/wav2vec2.py` made the numbers.

use burn::tensor::Device;
use limbic_backbones::{Normalise, Wav2vec2, Wav2vec2Config};
use limbic_features::{Error, Extract, Times};
use limbic_media::Clip;
use safetensors::Dtype;
use safetensors::tensor::TensorView;

use crate::fixture::{Numbers, close, copy, path, refused, rewrite};

const LAYOUTS: [&str; 2] = ["wav2vec2-base", "wav2vec2-large"];

fn open(
    folder: impl AsRef<std::path::Path>,
    config: &Wav2vec2Config,
) -> limbic_features::Result<Wav2vec2> {
    Wav2vec2::open(folder, config, &Device::flex())
}

#[test]
fn both_layouts_give_the_hidden_states_of_the_original() {
    for layout in LAYOUTS {
        let numbers = Numbers::open(&format!("{layout}/expected.safetensors"));
        let network = open(path(layout), &Wav2vec2Config::default()).unwrap();
        for wave in 0..2 {
            let features = network.frames(numbers.get(&format!("wave.{wave}"))).unwrap();
            assert_eq!(features.shape(), [[19, 12][wave], 24], "{layout}");
            numbers.close(&format!("alone.{wave}"), features.data());
        }
    }
}

#[test]
fn the_first_layers_are_those_of_the_original_cut_short() {
    for layout in LAYOUTS {
        let numbers = Numbers::open(&format!("{layout}/expected.safetensors"));
        let config = Wav2vec2Config { layers: Some(2), ..Default::default() };
        let network = open(path(layout), &config).unwrap();
        numbers.close("cut.0", network.frames(numbers.get("wave.0")).unwrap().data());
    }
}

#[test]
fn clips_heard_together_are_masked_as_in_the_original_and_equal_each_alone() {
    for layout in LAYOUTS {
        let numbers = Numbers::open(&format!("{layout}/expected.safetensors"));
        let network = open(path(layout), &Wav2vec2Config::default()).unwrap();
        let waves = [numbers.get("wave.0"), numbers.get("wave.1"), &[0.5; 300]];
        let both = network.batch(&waves).unwrap();
        assert_eq!(both[2].shape(), [0, 24]);
        for (index, features) in both.iter().take(2).enumerate() {
            numbers.close(&format!("alone.{index}"), features.data());
            if layout == "wav2vec2-large" {
                // Rows of 19 frames, of which the second clip fills 12.
                let expected = &numbers.get("batch")[index * 19 * 24..][..features.data().len()];
                close("batch", features.data(), expected);
            }
        }
    }
}

#[test]
fn a_recording_longer_than_a_window_has_every_frame_once() {
    let config = Wav2vec2Config { window: 1.0, ..Default::default() };
    let network = open(path("wav2vec2-large"), &config).unwrap();
    let samples: Vec<f32> = (0..40_000).map(|i| (i as f32 * 0.1).sin()).collect();
    let features = network.frames(&samples).unwrap();
    assert_eq!(features.shape(), [(40_000 - 400) / 320 + 1, 24]);
    assert_eq!(*features.times(), Times::Steps { start: 0.0125, hop: 0.02 });
    assert!(features.data().iter().all(|x| x.is_finite()));
    // The first window is heard as if there were no more.
    let first = network.frames(&samples[..16_000]).unwrap();
    close("first", &features.data()[..first.data().len()], first.data());
}

#[test]
fn the_sound_of_a_clip_is_heard_and_a_text_has_none() {
    let network = open(path("wav2vec2-base"), &Wav2vec2Config::default()).unwrap();
    let clip = path("../../../../samples/hello.mp4");
    let (samples, _) = limbic_media::audio::read(&clip).unwrap();
    let features = network.extract(&Clip::open(&clip).unwrap()).unwrap();
    assert_eq!(features, network.frames(&samples).unwrap());
    assert!(features.len() > 50);
    let text = network.extract(&Clip::from_text("no sound"));
    assert!(matches!(text, Err(Error::Absent { .. })));
}

#[test]
fn samples_are_normalised_as_the_file_or_the_caller_says() {
    let numbers = Numbers::open("wav2vec2-base/expected.safetensors");
    let wave = numbers.get("wave.0");
    let mean = wave.iter().sum::<f32>() / wave.len() as f32;
    let power = wave.iter().map(|x| (x - mean).powi(2)).sum::<f32>() / wave.len() as f32;
    let fixed = Normalise::Fixed { mean, deviation: power.sqrt() };
    for (normalise, same) in [(Normalise::Window, true), (fixed, true), (Normalise::Nothing, false)]
    {
        let config = Wav2vec2Config { normalise, ..Default::default() };
        let found = open(path("wav2vec2-base"), &config).unwrap().frames(wave).unwrap();
        let gap = found.data().iter().zip(numbers.get("alone.0"));
        let gap = gap.fold(0.0f32, |gap, (a, b)| gap.max((a - b).abs()));
        assert_eq!(gap < 1e-4, same, "{normalise:?}: {gap}");
    }
}

#[test]
fn the_id_follows_from_content_and_settings_and_not_from_the_place() {
    let config = Wav2vec2Config::default();
    let original = open(path("wav2vec2-base"), &config).unwrap().id().to_owned();
    let moved = copy("wav2vec2-base");
    assert_eq!(open(moved.path(), &config).unwrap().id(), original);
    let mut ids = vec![original];
    for other in [
        Wav2vec2Config { layers: Some(2), ..config.clone() },
        Wav2vec2Config { normalise: Normalise::Nothing, ..config.clone() },
        Wav2vec2Config { window: 30.0, ..config.clone() },
    ] {
        ids.push(open(moved.path(), &other).unwrap().id().to_owned());
    }
    let weights = moved.path().join("model.safetensors");
    let mut bytes = std::fs::read(&weights).unwrap();
    let last = bytes.len() - 4;
    bytes[last] ^= 1;
    std::fs::write(&weights, bytes).unwrap();
    ids.push(open(moved.path(), &config).unwrap().id().to_owned());
    std::fs::write(moved.path().join("preprocessor_config.json"), "{}").unwrap();
    ids.push(open(moved.path(), &config).unwrap().id().to_owned());
    let count = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), count, "{ids:?}");
}

#[test]
fn what_is_wrong_with_a_folder_is_said_with_file_and_weight() {
    let config = Wav2vec2Config::default();
    let layer = "encoder.layers.1.attention.v_proj.weight";
    let damaged = |damage: &dyn Fn(&std::path::Path)| {
        let folder = copy("wav2vec2-large");
        damage(folder.path());
        open(folder.path(), &config)
    };
    let model = "model.safetensors";
    refused(damaged(&|f| rewrite(&f.join(model), layer, None)), model, "v_proj.weight` is missing");
    let small = TensorView::new(Dtype::F32, vec![1, 1], &[0; 4]).unwrap();
    let shape = damaged(&|f| rewrite(&f.join(model), layer, Some(small.clone())));
    refused(shape, model, "v_proj.weight` is [1, 1] where [24, 24] belongs");
    let cut = damaged(&|f| {
        let bytes = std::fs::read(f.join(model)).unwrap();
        std::fs::write(f.join(model), &bytes[..bytes.len() / 2]).unwrap();
    });
    refused(cut, model, "bytes of weights");
    refused(damaged(&|f| std::fs::remove_file(f.join(model)).unwrap()), model, "No such file");
    let json =
        |text: &'static str| damaged(&|f| std::fs::write(f.join("config.json"), text).unwrap());
    refused(json("{"), "config.json", "cannot be read");
    refused(json(r#"{"model_type": "bert"}"#), "config.json", "model_type");
    refused(json(r#"{"num_hidden_layers": 18446744073709551615}"#), model, "where");
    let none = damaged(&|f| std::fs::remove_file(f.join("config.json")).unwrap());
    refused(none, "", "holds no config.json");
    let rate = damaged(&|f| {
        std::fs::write(f.join("preprocessor_config.json"), r#"{"sampling_rate": 8000}"#).unwrap();
    });
    refused(rate, "preprocessor_config.json", "8000");
    let many = Wav2vec2Config { layers: Some(4), ..config.clone() };
    refused(open(path("wav2vec2-base"), &many), "layers", "4");
    let endless = Wav2vec2Config { window: f64::NAN, ..config.clone() };
    refused(open(path("wav2vec2-base"), &endless), "window", "NaN");
}
