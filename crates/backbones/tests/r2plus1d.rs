//! `references/r2plus1d.py` made the numbers.

use burn::tensor::Device;
use limbic_backbones::{R2plus1d, R2plus1dConfig, View};
use limbic_features::{Error, Extract};
use limbic_media::{Clip, RgbImage};
use safetensors::Dtype;
use safetensors::tensor::TensorView;

use crate::fixture::{Numbers, path, refused, rewrite};

const WEIGHTS: &str = "r2plus1d.safetensors";
const SMALL: R2plus1dConfig =
    R2plus1dConfig { rate: 30.0, steps: 90, frames: 8, size: 40, view: View::Picture {} };

fn open(
    path: impl AsRef<std::path::Path>,
    config: &R2plus1dConfig,
) -> limbic_features::Result<R2plus1d> {
    R2plus1d::open(path, config, &Device::flex())
}

#[test]
fn eight_pictures_give_the_feature_of_the_original() {
    let numbers = Numbers::open("r2plus1d-expected.safetensors");
    let bytes: Vec<u8> = numbers.get("pictures").iter().map(|light| *light as u8).collect();
    let picture = |bytes: &[u8]| RgbImage::new(40, 40, bytes.to_vec()).unwrap();
    let pictures: Vec<RgbImage> = bytes.chunks(40 * 40 * 3).map(picture).collect();
    let seen: Vec<&RgbImage> = pictures.iter().collect();
    let network = open(path(WEIGHTS), &SMALL).unwrap();
    numbers.close("feature", &network.window(&seen).unwrap());
    assert!(matches!(network.window(&seen[..7]), Err(Error::Shape { .. })));
    let other = picture(&bytes[..4800]).resized(30, 30);
    assert!(matches!(network.window(&[&other; 8]), Err(Error::Shape { .. })));
}

#[test]
fn a_film_is_seen_window_by_window() {
    let clip = Clip::open(path("../../../../samples/hello.mp4")).unwrap();
    let rows = |steps, view| {
        let config = R2plus1dConfig { rate: 10.0, steps, view, ..SMALL };
        open(path(WEIGHTS), &config).unwrap().extract(&clip).unwrap()
    };
    let mut film = clip.frames(10.0).unwrap().unwrap();
    let count = std::iter::from_fn(|| film.next_frame().unwrap()).count();
    assert!(count >= 16, "{count} frames");
    let windows = rows(8, View::Picture {});
    assert_eq!(windows.shape(), [(count + 4) / 8, 16]);
    // A frame is the one on view at its moment, and began before it.
    assert!((windows.time(1).unwrap() - 1.2).abs() < 0.1);
    assert!(windows.data().iter().all(|x| x.is_finite()));
    assert_ne!(windows.row(0), windows.row(1));
    assert_eq!(rows(1000, View::Picture {}).len(), 1);
    let faces = rows(8, View::Face { margin: 0.2 });
    assert!(!faces.is_empty() && faces.row(0) != windows.row(0));
    let network = open(path(WEIGHTS), &SMALL).unwrap();
    assert!(matches!(network.extract(&Clip::from_text("blind")), Err(Error::Absent { .. })));
}

#[test]
fn what_is_wrong_is_said_with_file_and_weight() {
    let damaged = |damage: &dyn Fn(&std::path::Path)| {
        let folder = tempfile::tempdir().unwrap();
        let copy = folder.path().join(WEIGHTS);
        std::fs::copy(path(WEIGHTS), &copy).unwrap();
        damage(&copy);
        open(&copy, &SMALL)
    };
    for name in [
        "stem.0.weight",
        "layer1.0.conv1.0.3.weight",
        "layer2.0.downsample.0.weight",
        "layer3.1.conv2.0.0.weight",
        "layer4.1.conv2.1.running_var",
    ] {
        refused(damaged(&|f| rewrite(f, name, None)), WEIGHTS, &format!("`{name}` is missing"));
    }
    let wide = TensorView::new(Dtype::F32, vec![1 << 60, 0], &[]).unwrap();
    let stem = "stem.0.weight";
    refused(damaged(&|f| rewrite(f, stem, Some(wide.clone()))), WEIGHTS, stem);
    let slim = TensorView::new(Dtype::F32, vec![5, 1], &[0; 20]).unwrap();
    refused(damaged(&|f| rewrite(f, stem, Some(slim.clone()))), WEIGHTS, "belongs");
    refused(damaged(&|f| std::fs::write(f, "").unwrap()), WEIGHTS, "cut off");
    refused(open(path("bert/model.safetensors"), &SMALL), "model.safetensors", stem);
    refused(open(path(WEIGHTS), &R2plus1dConfig { steps: 0, ..SMALL }), "steps", "0");
    refused(open(path(WEIGHTS), &R2plus1dConfig { size: 4096, ..SMALL }), "size", "4096");
    refused(open(path(WEIGHTS), &R2plus1dConfig { rate: 0.0, ..SMALL }), "rate", "0");
    let view = View::Face { margin: f32::NAN };
    refused(open(path(WEIGHTS), &R2plus1dConfig { view, ..SMALL }), "margin", "NaN");
}

#[test]
fn the_id_follows_from_weights_and_settings() {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join(WEIGHTS);
    std::fs::copy(path(WEIGHTS), &copy).unwrap();
    let id = |config: &R2plus1dConfig| open(&copy, config).unwrap().id().to_owned();
    let mut ids = vec![id(&SMALL), id(&R2plus1dConfig { steps: 30, ..SMALL })];
    assert_eq!(ids[0], open(path(WEIGHTS), &SMALL).unwrap().id());
    let mut bytes = std::fs::read(&copy).unwrap();
    let last = bytes.len() - 4;
    bytes[last] ^= 1;
    std::fs::write(&copy, bytes).unwrap();
    ids.push(id(&SMALL));
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 3, "{ids:?}");
}
