//! `references/onnx_picture.py` made the numbers; other models lie outside of the repository.

use std::io::Write;
use std::path::{Path, PathBuf};

use limbic_backbones::Onnx;
use limbic_features::{Error, Extract};
use limbic_media::{Clip, RgbImage};

use crate::fixture::{Numbers, path, refused};

/// A folder with `model.onnx` and the TOML beside it.
fn beside(model: &Path, toml: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(model, folder.path().join("model.onnx")).unwrap();
    std::fs::write(folder.path().join("model.toml"), toml).unwrap();
    folder
}

fn toml() -> String {
    std::fs::read_to_string(path("picture.toml")).unwrap()
}

#[test]
fn a_picture_gives_the_feature_of_the_original() {
    let numbers = Numbers::open("picture-expected.safetensors");
    let bytes = numbers.get("picture").iter().map(|light| *light as u8).collect();
    let picture = RgbImage::new(20, 16, bytes).unwrap();
    let network = Onnx::open(path("picture.onnx")).unwrap();
    numbers.close("feature", &network.picture(&picture).unwrap());
    let other = network.picture(&picture.resized(16, 20));
    assert!(matches!(other, Err(Error::Shape { .. })));
    let folder = beside(&path("picture.onnx"), &toml().replace("\"feature\"", "\"places\""));
    let places = Onnx::open(folder.path().join("model.onnx")).unwrap();
    assert_eq!(places.picture(&picture).unwrap().len(), 6 * 8 * 10);
}

#[test]
fn a_film_has_a_row_for_every_face_or_picture() {
    let clip = Clip::open(path("../../../../samples/hello.mp4")).unwrap();
    let rows = |view: &str| {
        let toml = format!("{}rate = 4.0\nview = {{ {view} }}\n", toml());
        let folder = beside(&path("picture.onnx"), &toml);
        Onnx::open(folder.path().join("model.onnx")).unwrap().extract(&clip).unwrap()
    };
    let pictures = rows("kind = \"picture\"");
    let faces = rows("kind = \"face\", margin = 0.2");
    assert_eq!(pictures.shape()[1], 5);
    assert!(!faces.is_empty() && faces.len() <= pictures.len());
    assert_ne!(faces.row(0), pictures.row(0));
    let blind = Onnx::open(path("picture.onnx")).unwrap().extract(&Clip::from_text("blind"));
    assert!(matches!(blind, Err(Error::Absent { .. })));
}

#[test]
fn the_id_follows_from_network_and_settings() {
    let id = |toml: &str| {
        let folder = beside(&path("picture.onnx"), toml);
        Onnx::open(folder.path().join("model.onnx")).unwrap().id().to_owned()
    };
    assert_eq!(id(&toml()), id(&toml()));
    assert_ne!(id(&toml()), id(&toml().replace("bgr", "rgb")));
    assert_ne!(id(&toml()), id(&(toml() + "rate = 1.0\n")));
}

#[test]
fn what_is_wrong_is_said_with_file_and_key() {
    let open = |toml: &str| {
        let folder = beside(&path("picture.onnx"), toml);
        Onnx::open(folder.path().join("model.onnx"))
    };
    for (from, to, what) in [
        ("width = 20", "width = 21", "[1, 3, 16, 21]"),
        ("width = 20", "width = 0", "`width`"),
        ("width = 20", "width = -1", "line 1"),
        ("\"planes\"", "\"pixels\"", "[1, 16, 20, 3]"),
        ("\"bgr\"", "\"gray\"", "`mean`"),
        ("\"feature\"", "\"nothing\"", "places, feature"),
        ("0.0175", "nan", "`scale`"),
        ("output", "outputs", "outputs"),
    ] {
        refused(open(&toml().replace(from, to)), "model.toml", what);
    }
    refused(open(&(toml() + "rate = 0.0\n")), "rate", "0");
    let folder = beside(&path("picture.onnx"), &toml());
    let model = folder.path().join("model.onnx");
    let whole = std::fs::read(&model).unwrap();
    // Behind the graph only versions follow, which it can do without.
    for length in 0..whole.len() - 20 {
        std::fs::write(&model, &whole[..length]).unwrap();
        refused(Onnx::open(&model), "model.", "");
    }
    std::fs::write(&model, [0xff; 300]).unwrap();
    refused(Onnx::open(&model), "model.onnx", "");
    std::fs::write(&model, whole).unwrap();
    std::fs::remove_file(folder.path().join("model.toml")).unwrap();
    refused(Onnx::open(&model), "model.toml", "it is not there");
}

/// A model of the shared folder, or one line on why the test is skipped.
fn shared(test: &str, name: &str) -> Option<PathBuf> {
    let root = std::env::var_os("LIMBIC_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let path = root.join("models").join(name);
    if !path.exists() {
        let _ = writeln!(
            std::io::stderr(),
            "skipped {test}: {} is not there; set LIMBIC_SHARED",
            path.display()
        );
        return None;
    }
    Some(path)
}

/// The largest score of a face in each picture of the sample clip and in its negative.
fn scores(model: &Path, toml: &str, step: usize) -> [f32; 2] {
    let folder = beside(model, toml);
    let network = Onnx::open(folder.path().join("model.onnx")).unwrap();
    let clip = Clip::open(path("../../../../samples/hello.mp4")).unwrap();
    let features = network.extract(&clip).unwrap();
    assert!(!features.is_empty());
    let largest =
        |row: &[f32]| row.iter().skip(step - 1).step_by(step).copied().fold(0.0, f32::max);
    let face = features.rows().map(largest).fold(1.0, f32::min);
    let noise =
        (0..320u32 * 320 * 3).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let side = |key: &str| {
        let value = toml.split(&format!("{key} = ")).nth(1).unwrap();
        value.lines().next().unwrap().parse::<u32>().unwrap()
    };
    let noise = RgbImage::new(320, 320, noise).unwrap().resized(side("width"), side("height"));
    [face, largest(&network.picture(&noise).unwrap())]
}

#[test]
fn ultraface_finds_the_face_of_the_sample() {
    for name in ["version-slim-320_simplified.onnx", "version-RFB-320.onnx"] {
        let Some(model) =
            shared("ultraface_finds_the_face_of_the_sample", &format!("ultraface/{name}"))
        else {
            continue;
        };
        let toml = "width = 320\nheight = 240\nmean = [127, 127, 127]\n\
            scale = [0.0078125, 0.0078125, 0.0078125]\noutput = \"scores\"\nrate = 1.0\n\
            view = { kind = \"picture\" }\n";
        let [face, noise] = scores(&model, toml, 2);
        assert!(face > 0.7 && noise < 0.5, "{name}: {face} and {noise}");
    }
}

#[test]
fn yunet_finds_the_face_of_the_sample() {
    for name in ["yunet_n_320_320.onnx", "yunet_n_dynamic.onnx"] {
        let Some(model) = shared("yunet_finds_the_face_of_the_sample", &format!("yunet/{name}"))
        else {
            continue;
        };
        let toml = "width = 320\nheight = 320\nchannels = \"bgr\"\nmean = [0, 0, 0]\n\
            scale = [1, 1, 1]\noutput = \"cls_32\"\nrate = 1.0\nview = { kind = \"picture\" }\n";
        let [face, noise] = scores(&model, toml, 1);
        assert!(face > 0.5 && noise < face, "{name}: {face} and {noise}");
    }
}
