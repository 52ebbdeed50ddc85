//! Weights that authors published become checkpoints that give the authors' numbers.

use std::fs;
use std::path::Path;

use limbic_media::{Modality, PerModality};
use limbic_model::Input;

use crate::program::limbic;
use crate::state::{
    HEAD, STAGE, Weights, below, checkpoint, close, convert, fixture, golden, read, recurrent,
    safetensors, series, small, tensor,
};
use crate::torch::saved;

fn mtee() -> String {
    let encoders =
        recurrent("text", 30, 30) + &recurrent("audio", 12, 20) + &recurrent("vision", 8, 10);
    format!(
        "{HEAD}[model]\nwidth = 30\nhead.words = {{ size = 30 }}\nfusion = {{ kind = \"late\" }}\n{encoders}{STAGE}"
    )
}

fn mtee_inputs(numbers: &Weights) -> PerModality<Input> {
    [(Modality::Text, "text"), (Modality::Audio, "audio"), (Modality::Vision, "vision")]
        .into_iter()
        .map(|(modality, name)| (modality, series(numbers, &format!("input.{name}"))))
        .collect()
}

#[test]
fn golden_mtee_converts_from_both_kinds_of_file() {
    let Some(numbers) = golden("mtee_tav") else { return };
    let state = below(&numbers, "param.");
    let folder = tempfile::tempdir().unwrap();
    let mut converted = Vec::new();
    for (file, bytes) in [("m.safetensors", safetensors(&state)), ("m.pt", saved(&state, b""))] {
        fs::write(folder.path().join(file), &bytes).unwrap();
        let run = convert(folder.path(), &mtee(), 6, &[file]);
        assert_eq!(run.code, Some(0), "{file}: {}", run.stderr);
        // Rows for the emotions shown to users; every name of the file was taken.
        assert!(run.stderr.starts_with("warning: 1 of 54 weights"), "{}", run.stderr);
        assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
        let found = checkpoint(folder.path());
        let views = found.model.view(&mtee_inputs(&numbers)).unwrap();
        close(&numbers, "out.logits", found.model.joint(&views.each, "set").unwrap().unwrap());
        for (modality, provenance) in &found.provenance {
            assert_eq!(provenance.converted[file], blake3::hash(&bytes).to_hex().as_str());
            assert!(provenance.corpora.is_empty(), "{modality}");
        }
        converted.push(found.model.weights());
    }
    assert_eq!(converted[0], converted[1]);
}

fn vavl() -> String {
    let layers = "heads = 8, kernel = 31, dropout = 0.0";
    let stack = "{ wide = 32, narrow = 16, dropout = 0.0 }";
    let encoder = |modality: &str, size: usize| {
        format!(
            r#"
            [model.encoder.{modality}]
            features = "{modality}@1"
            input = {{ kind = "series", size = {size}, scale = "raw" }}
            body = {{ kind = "conformer", frame = 10, layers = 3, {layers} }}
            "#
        )
    };
    format!(
        r#"{HEAD}
        [model]
        width = 32
        head.stack = {stack}
        reconstruction = {stack}
        fusion = {{ kind = "concat" }}
        trunk = {{ kind = "shared", layers = 2, {layers} }}
        {}{}{STAGE}"#,
        encoder("audio", 24),
        encoder("vision", 20)
    )
}

/// VAVL's authors save one file a part.
const FILES: [(&str, &str); 8] = [
    ("final_acoustic_head.pt", "acoustic_model."),
    ("final_visual_head.pt", "visual_model."),
    ("final_shared_head.pt", "shared_model."),
    ("final_weights_head.pt", "weights."),
    ("MLP_a_head.pt", "MLP_a."),
    ("MLP_v_head.pt", "MLP_v."),
    ("MLP_rec_a_head.pt", "MLP_rec_a."),
    ("MLP_rec_v_head.pt", "MLP_rec_v."),
];

#[test]
fn golden_vavl_converts_from_one_file_a_part() {
    let Some(numbers) = golden("vavl_categorical") else { return };
    let folder = tempfile::tempdir().unwrap();
    for (file, part) in FILES {
        let part = below(&below(&numbers, "param."), part);
        fs::write(folder.path().join(file), saved(&part, b"")).unwrap();
    }
    // A name of one's own needs its part.
    fs::rename(folder.path().join("MLP_v_head.pt"), folder.path().join("own.pt")).unwrap();
    let files = FILES.map(|(file, _)| if file == "MLP_v_head.pt" { "MLP_v=own.pt" } else { file });
    let run = convert(folder.path(), &vavl(), 6, &files);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    // The heads for the emotions shown to users.
    assert!(run.stderr.contains("untrained: `audio.heads.0."), "{}", run.stderr);
    assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
    let model = checkpoint(folder.path()).model;
    let inputs = [(Modality::Audio, "audio"), (Modality::Vision, "visual")];
    let inputs = inputs.map(|(m, name)| (m, series(&numbers, &format!("input.{name}_features"))));
    let views = model.view(&inputs.into_iter().collect()).unwrap();
    for (modality, name) in [(Modality::Audio, "acoustic"), (Modality::Vision, "visual")] {
        let view = views.each.get(modality).unwrap();
        let logits = model.logits(modality, view, "set").unwrap();
        close(&numbers, &format!("out.fixed.{name}.pred"), logits);
    }
    let joint = model.joint(&views.each, "set").unwrap().unwrap();
    close(&numbers, "out.fixed.audiovisual.pred", joint);

    let without = convert(folder.path(), &vavl(), 6, &files[1..]);
    assert_eq!(without.code, Some(1));
    assert!(
        without.stderr.contains("is missing") && without.stderr.contains("the files hold `MLP_a`"),
        "{}",
        without.stderr
    );
}

const MPUC: &str = r#"
[model]
width = 16
head.mlp = {}
fusion = { kind = "concat", order = ["audio", "body", "vision", "text"] }
projector = { hidden = 64, out = 16 }
[model.encoder.audio]
features = "mel@1"
input = { kind = "series", size = 128, scale = "raw" }
body = { kind = "tcn" }
[model.encoder.body]
features = "landmarks@1"
input = { kind = "series", size = 102, scale = "raw" }
body = { kind = "graph", steps = 30 }
[model.encoder.vision]
features = "video@1"
input = { kind = "video", size = 40, frames = 8, channels = 3 }
body = { kind = "r2plus1d", stem = [6, 8], widths = [8, 8, 12, 16] }
[model.encoder.text]
features = "vectors@1"
input = { kind = "series", size = 20, scale = "raw" }
body = { kind = "transformer", layers = 2, heads = 5, hidden = 64, positions = "reference" }
"#;

const MPUC_HEADS: [(Modality, &str, &str); 4] = [
    (Modality::Audio, "mel", "audio"),
    (Modality::Body, "landmarks", "graph"),
    (Modality::Vision, "video", "video"),
    (Modality::Text, "text", "text"),
];

#[test]
fn golden_mpuc_converts_with_and_without_its_heads() {
    let Some(numbers) = golden("mpuc_full") else { return };
    let recipe = format!("{HEAD}{MPUC}{STAGE}");
    let folder = tempfile::tempdir().unwrap();
    let state = below(&numbers, "param.");
    fs::write(folder.path().join("all.pt"), saved(&state, b"")).unwrap();
    let run = convert(folder.path(), &recipe, 6, &["all.pt"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let model = checkpoint(folder.path()).model;
    let inputs = MPUC_HEADS.map(|(modality, kind, _)| {
        let name = format!("input.view1.{kind}");
        let video = modality == Modality::Vision;
        let input =
            if video { Input::Video(tensor(&numbers, &name)) } else { series(&numbers, &name) };
        (modality, input)
    });
    let inputs = inputs.into_iter().collect();
    let views = model.view(&inputs).unwrap();
    for (modality, _, name) in MPUC_HEADS {
        let view = views.each.get(modality).unwrap();
        close(&numbers, &format!("out.view1.feat_{name}"), view.clone());
        let logits = model.logits(modality, view, "set").unwrap();
        close(&numbers, &format!("out.head_{name}_logits"), logits);
    }
    let fused = model.joint(&views.each, "set").unwrap().unwrap();
    close(&numbers, "out.fused_logits", fused);

    // The authors save the encoders below a key, and no heads.
    let encoders: Weights = state
        .iter()
        .filter(|(name, _)| !name.starts_with("head_"))
        .map(|(name, found)| (format!("model_state_dict.module.{name}"), found.clone()))
        .collect();
    fs::write(folder.path().join("encoders.safetensors"), safetensors(&encoders)).unwrap();
    let run = convert(folder.path(), &recipe, 6, &["encoders.safetensors"]);
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("`head_"), "{}", run.stderr);
    let run = convert(folder.path(), &recipe, 6, &["encoders.safetensors", "--fresh", "head_"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let views = checkpoint(folder.path()).model.view(&inputs).unwrap();
    for (modality, _, name) in MPUC_HEADS {
        let view = views.each.get(modality).unwrap().clone();
        close(&numbers, &format!("out.view1.feat_{name}"), view);
    }
}

#[test]
fn files_of_torch_give_the_numbers_that_torch_gives() {
    let folder = tempfile::tempdir().unwrap();
    let weights = |file: &str| {
        let run = convert(folder.path(), &small(), 3, &[&fixture(file)]);
        assert_eq!(run.code, Some(0), "{file}: {}", run.stderr);
        assert!(run.stderr.contains("`modality_weights.weight`"), "{file}: {}", run.stderr);
        let mut numbers = Weights::new();
        for (name, values) in checkpoint(folder.path()).model.weights() {
            numbers.insert(name, (Vec::new(), values));
        }
        numbers
    };
    let expected = weights("expected.safetensors");
    let rows = &read(Path::new(&fixture("expected.safetensors")))["textEmoEmbs.weight"].1;
    assert_eq!(&expected["words.table"].1[8 * 4..], rows);
    assert_eq!(weights("new.pt"), expected);
    assert_eq!(weights("old.pt"), expected);
    assert_eq!(weights("kinds.pt"), weights("kinds.safetensors"));
}

#[test]
fn nothing_that_is_read_is_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = fs::read(fixture("expected.safetensors")).unwrap();
    fs::write(folder.path().join("out.safetensors"), &bytes).unwrap();
    let run = convert(folder.path(), &small(), 3, &["./out.safetensors"]);
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("is one of the files to read"), "{}", run.stderr);
    assert_eq!(fs::read(folder.path().join("out.safetensors")).unwrap(), bytes);
}

#[test]
fn labels_come_from_the_corpora_or_from_files() {
    let folder = tempfile::tempdir().unwrap();
    let file = fixture("expected.safetensors");
    let convert = |recipe: String, more: &[&str]| {
        fs::write(folder.path().join("recipe.toml"), recipe).unwrap();
        let all = [&["convert", "recipe.toml", &file, "-o", "out.safetensors"], more].concat();
        limbic(folder.path(), &all, b"")
    };
    let run = convert(small(), &[]);
    assert!(run.stderr.contains("--labels FILE") && run.code == Some(1), "{}", run.stderr);
    let run = convert(small(), &["--labels", "nobody"]);
    assert!(run.stderr.contains("`nobody`") && run.code == Some(1), "{}", run.stderr);
    let run = convert(small(), &["--labels", "gone.toml"]);
    assert!(run.stderr.contains("gone.toml") && run.code == Some(1), "{}", run.stderr);
    // EmoBank has three ratings.
    let run = convert(small().replace("\"none\"", "\"emobank\""), &[]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let sets = |modality| checkpoint(folder.path()).model.branch(modality).unwrap().sets().to_vec();
    assert_eq!(sets(Modality::Text)[1].name, "emobank");
    let run = convert(small(), &["--labels", "emobank"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_eq!(sets(Modality::Text)[1].classes.len(), 3);
}
