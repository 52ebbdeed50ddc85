//! A model that never saw voice and face together says so when it is asked for both.

use crate::bad_recipe::{RECIPE, corpus, train};
use crate::program::limbic;

#[test]
fn vavl_v3_a_fusion_that_was_never_trained_is_reported_and_not_asked() {
    let folder = tempfile::tempdir().unwrap();
    corpus(&folder.path().join("data"), 0.0);
    let voice = RECIPE.lines().find(|line| line.starts_with("encoder.audio")).unwrap();
    let face = voice.replace("audio", "vision").replace("mosi-vision", "mosi-video");
    let paired = RECIPE
        .replace("width = 4", "width = 4\nfusion = { kind = \"concat\" }")
        .replace("[[stage]]", &format!("{face}\n[[stage]]"))
        .replace("labels = {}", "labels = { on = \"both\" }");
    let unpaired = paired.replace("\"official\"", "\"official\"\nunpaired = 1.0");
    let eval = || {
        limbic(folder.path(), &["eval", "model.safetensors", "--data", "data", "-q", "--json"], b"")
    };
    for (recipe, told) in [(&unpaired, 1), (&paired, 0)] {
        for run in [train(folder.path(), recipe, &[]), eval()] {
            assert_eq!(run.code, Some(0), "{}", run.stderr);
            let says = "the fusion head for audio+vision was never trained";
            let all = format!("{}{}", run.stdout, run.stderr);
            assert_eq!(all.matches(says).count(), told, "{all}");
            assert!(run.stdout.contains("\"inputs\":\"audio+vision\""), "{}", run.stdout);
        }
    }
}
