//! Real corpora, and what tests ask of clips.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use limbic_corpus::{Card, Example, Label};

/// A file or folder of the shared data, or one line on why the test is skipped.
pub(crate) fn shared(name: &str) -> Option<PathBuf> {
    let root = std::env::var_os("LIMBIC_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let path = root.join("data").join(name);
    if !path.exists() {
        // Past the test runner, which keeps what a passing test prints to itself.
        let thread = std::thread::current();
        let test = thread.name().unwrap_or("a test");
        let line = format!("skipped {test}: {} is not there; set LIMBIC_SHARED", path.display());
        let _ = writeln!(std::io::stderr(), "{line}");
        return None;
    }
    Some(path)
}

/// An empty file below `root`, and the folders it lies in: readers do not decode.
pub(crate) fn touch(root: &Path, name: &str) -> PathBuf {
    let path = root.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, "").unwrap();
    path
}

/// The class of a clip in the corpus's own label set.
pub(crate) fn class<'a>(card: &'a Card, example: &Example) -> &'a str {
    let Some(Label::Class(class)) = example.labels[0] else { return "none" };
    &card.labels[0].classes[class].0
}

/// How many clips each class has.
pub(crate) fn counts(card: &Card, examples: &[Example]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for example in examples.iter().filter(|example| example.labels[0].is_some()) {
        *counts.entry(class(card, example).to_owned()).or_default() += 1;
    }
    counts
}
