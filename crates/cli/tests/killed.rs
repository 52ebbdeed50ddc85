//! A training that is killed goes on where it was when the same command is given again, and ends
//! with the same bytes as one that nobody disturbed.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::bad_recipe::{RECIPE, corpus};

/// Trains in `folder` at one thread; `None` where the program was killed after `wait`.
fn train(folder: &Path, wait: Option<Duration>) -> Option<Vec<u8>> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_limbic"))
        .args(["train", "recipe.toml", "--data", "data", "-o", "model.safetensors", "-q"])
        .current_dir(folder)
        .env("RAYON_NUM_THREADS", "1")
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    if let Some(wait) = wait {
        std::thread::sleep(wait);
        // SIGKILL on Unix: nothing is told, nothing is tidied up.
        child.kill().unwrap();
    }
    let ended = child.wait().unwrap().success();
    ended.then(|| fs::read(folder.join("model.safetensors")).unwrap())
}

#[test]
fn a_killed_training_ends_bit_identical_when_it_is_given_again() {
    let recipe = RECIPE
        .replace("epochs = 2", "epochs = 200\naverage = 0.9")
        .replace("kind = \"sgd\"", "kind = \"adamw\"")
        .replace("dropout = 0.0", "dropout = 0.2");
    let folder = || {
        let folder = tempfile::tempdir().unwrap();
        corpus(&folder.path().join("data"), 0.0);
        fs::write(folder.path().join("recipe.toml"), &recipe).unwrap();
        folder
    };
    let whole = train(folder().path(), None).unwrap();
    let cut = folder();
    let mut kills = 0;
    // Each time a little later, until it gets to its end; it keeps its state after every epoch.
    let bytes = loop {
        match train(cut.path(), Some(Duration::from_millis(20 + 30 * kills))) {
            None => kills += 1,
            Some(bytes) => break bytes,
        }
    };
    assert!(kills > 0, "the first 20 ms cannot do");
    assert!(bytes == whole, "after {kills} kills");
    assert!(!cut.path().join("model.safetensors.state").exists());
}
