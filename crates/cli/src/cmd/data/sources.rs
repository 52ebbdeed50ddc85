//! Finding corpora in folders, without opening what belongs to none.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use limbic_corpus::{Corpus, ManifestOptions, Objectivity, detect, manifest, open_file};
use serde::Serialize;

use crate::args::{Manifest, Target};

/// Endings of a manifest that makes its folder a corpus.
const ENDINGS: [&str; 5] = ["csv", "tsv", "jsonl", "ndjson", "parquet"];

/// Folders deeper than this below the one that was named hold no corpora.
const DEEPEST: usize = 6;

/// Names given of a folder's files.
const NAMED: usize = 3;

/// A corpus and where it lies.
pub(super) struct Found {
    pub(super) folder: PathBuf,
    pub(super) corpus: Box<dyn Corpus>,
}

/// Files of a folder that belong to no corpus.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Loose {
    /// The folder, from the one that was named.
    pub(super) folder: PathBuf,
    /// How many files.
    pub(super) files: usize,
    /// The first of their names.
    pub(super) names: Vec<String>,
}

/// The corpus in a folder, the clips that a list, a table of features or a manifest names, or the
/// media in a folder.
pub(crate) fn open(path: &Path, typed: &Manifest) -> Result<Box<dyn Corpus>> {
    let about = std::fs::metadata(path)
        .with_context(|| format!("{}: cannot be found; check the path", path.display()))?;
    let known = if about.is_dir() { detect(path)? } else { open_file(path)? };
    if let Some(corpus) = known {
        return Ok(corpus);
    }
    if let Some(file) = &typed.labels {
        let name = file.display().to_string();
        if !file.is_file() && limbic_corpus::labels(&name).is_err() {
            bail!(
                "--labels {name}: is no file and none of limbic's; give one such as labels/meld.toml"
            );
        }
    }
    let target = typed.target.map(|target| match target {
        Target::Intended => Objectivity::Intended,
        Target::Perceived => Objectivity::Perceived,
        Target::SelfReported => Objectivity::SelfReported,
    });
    let options = ManifestOptions {
        root: typed.root.clone(),
        target,
        scale: typed.scale.unwrap_or_default(),
        labels: typed.labels.clone(),
        column: None,
    };
    Ok(manifest(path, &options)?)
}

/// One corpus and where it lies.
pub(super) fn one(path: &Path, typed: &Manifest) -> Result<Found> {
    Ok(Found { folder: path.to_owned(), corpus: open(path, typed)? })
}

/// Every corpus at or below a path, and the files that belong to none.
pub(super) fn all(path: &Path, typed: &Manifest) -> Result<(Vec<Found>, Vec<Loose>)> {
    let is_manifest = || ENDINGS.iter().any(|e| path.join(format!("manifest.{e}")).is_file());
    if !path.is_dir() || detect(path)?.is_some() || is_manifest() {
        return Ok((vec![one(path, typed)?], Vec::new()));
    }
    let (mut found, mut loose) = (Vec::new(), Vec::new());
    walk(path, path, 0, &mut found, &mut loose)?;
    if found.is_empty() {
        return Ok((vec![one(path, typed)?], Vec::new()));
    }
    Ok((found, loose))
}

fn walk(
    root: &Path,
    folder: &Path,
    depth: usize,
    found: &mut Vec<Found>,
    loose: &mut Vec<Loose>,
) -> Result<()> {
    if depth > 0
        && let Some(corpus) = detect(folder)?
    {
        found.push(Found { folder: folder.to_owned(), corpus });
        return Ok(());
    }
    let cannot = || format!("{}: cannot be looked into; check its permissions", folder.display());
    let mut entries = std::fs::read_dir(folder)
        .and_then(Iterator::collect::<std::io::Result<Vec<_>>>)
        .with_context(cannot)?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    let (mut files, mut folders) = (Vec::new(), Vec::new());
    for entry in entries {
        // Links are not followed: they may lead round in a circle.
        let kind = entry.file_type().with_context(cannot)?;
        if kind.is_dir() {
            folders.push(entry.path());
        } else {
            files.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    if !files.is_empty() {
        let count = files.len();
        files.truncate(NAMED);
        let own = folder.strip_prefix(root).unwrap_or(folder).to_owned();
        loose.push(Loose { folder: own, files: count, names: files });
    }
    if depth < DEEPEST {
        for folder in folders {
            walk(root, &folder, depth + 1, found, loose)?;
        }
    }
    Ok(())
}
