//! A plain folder of media: the class of a clip is the subfolder that it lies in.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::columns::FileKind;
use super::plan::is_test;
use super::rows::{Limits, ending, shown};
use super::{ManifestOptions, aliases, sets};
use crate::{
    Card, Corpus, Error, Example, Label, LabelKind, LabelMap, Media, Objectivity, Part, Result,
};

/// Folders within folders.
const DEEP: usize = 16;

/// A folder, its files walked over once.
pub(super) struct Folder {
    root: PathBuf,
    /// Paths below the folder, sorted, and what each is.
    files: Vec<(PathBuf, FileKind)>,
    /// Whether its first subfolders are parts.
    parted: bool,
    has_test: bool,
    card: Card,
}

impl Folder {
    pub(super) fn open(path: &Path, options: &ManifestOptions, limits: Limits) -> Result<Self> {
        let mut files = Vec::new();
        walk(path, Path::new(""), limits, &mut files)?;
        if files.is_empty() {
            let reason =
                "holds no recordings, films or pictures; give a folder that does, or a manifest";
            return Err(Error::corpus(path, reason));
        }
        files.sort_by(|a, b| a.0.cmp(&b.0));
        let tops: BTreeSet<String> =
            files.iter().filter_map(|(file, _)| level(file, 0)).map(str::to_lowercase).collect();
        let parted = !tops.is_empty() && tops.iter().all(|name| part(name, true).is_some());
        let name = path.canonicalize().map_err(Error::io(path))?;
        let name = name.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
        let depth = usize::from(parted);
        let classes: BTreeSet<String> = files
            .iter()
            .filter_map(|(file, _)| level(file, depth))
            .map(str::to_lowercase)
            .collect();
        let (maps, traps) = label_set(&name, path, &classes, options)?;
        let mut card = Card::new(name, maps);
        card.traps = traps;
        let has_test = tops.iter().any(|name| is_test(name));
        Ok(Self { root: path.to_owned(), files, parted, has_test, card })
    }
}

/// The name of the folder at a depth of a path; `None` for the file itself.
fn level(file: &Path, depth: usize) -> Option<&str> {
    let mut parts = file.components();
    parts.next_back();
    parts.nth(depth)?.as_os_str().to_str()
}

fn part(name: &str, has_test: bool) -> Option<Part> {
    match name {
        "train" | "training" => Some(Part::Train),
        "dev" | "valid" | "val" | "validation" if has_test => Some(Part::Dev),
        "dev" | "valid" | "val" | "validation" => Some(Part::Valid),
        _ => is_test(name).then_some(Part::Valid),
    }
}

fn walk(
    root: &Path,
    below: &Path,
    limits: Limits,
    files: &mut Vec<(PathBuf, FileKind)>,
) -> Result<()> {
    let folder = root.join(below);
    if below.components().count() > DEEP {
        return Err(Error::corpus(&folder, format!("lies more than {DEEP} folders deep")));
    }
    for entry in std::fs::read_dir(&folder).map_err(Error::io(&folder))? {
        let entry = entry.map_err(Error::io(&folder))?;
        let (name, kind) = (entry.file_name(), entry.file_type().map_err(Error::io(&folder))?);
        let path = below.join(&name);
        if name.as_encoded_bytes().starts_with(b".") || name == "__MACOSX" {
            continue;
        }
        if kind.is_dir() {
            walk(root, &path, limits, files)?;
            continue;
        }
        let Some(media) = FileKind::of(&ending(&path)) else { continue };
        if path.to_str().is_none() {
            return Err(Error::corpus(&root.join(path), "its name is not UTF-8; rename it"));
        }
        // A link to a folder is not followed: it may lead back. One to a file must stay here.
        if kind.is_symlink() && !stays(root, &root.join(&path)) {
            let reason =
                "is a link that leaves the folder; copy the file, or write a manifest with `root`";
            return Err(Error::corpus(&root.join(path), reason));
        }
        files.push((path, media));
        if files.len() as u64 > limits.rows {
            let reason = format!("has more than {} files; split it into several", limits.rows);
            return Err(Error::corpus(root, reason));
        }
    }
    Ok(())
}

fn stays(root: &Path, link: &Path) -> bool {
    match (root.canonicalize(), link.canonicalize()) {
        (Ok(root), Ok(target)) => target.starts_with(root),
        _ => true,
    }
}

fn label_set(
    name: &str,
    path: &Path,
    classes: &BTreeSet<String>,
    options: &ManifestOptions,
) -> Result<(Vec<LabelMap>, Vec<String>)> {
    if let Some(file) = &options.labels {
        let map = sets::label_file(file, options.target)?;
        if map.kind != LabelKind::Class {
            let reason = format!("its folders are classes, which `{}` does not have", map.name);
            return Err(Error::corpus(path, reason));
        }
        let known =
            |class: &String| map.classes.iter().any(|(own, _)| own.to_lowercase() == *class);
        if let Some(odd) = classes.iter().find(|class| !known(class)) {
            let reason = format!("the folder `{}` is no class of `{}`", shown(odd), map.name);
            return Err(Error::corpus(path, reason));
        }
        return Ok((vec![map], Vec::new()));
    }
    if classes.is_empty() {
        return Ok((Vec::new(), vec!["Its clips have no labels".to_owned()]));
    }
    if classes.len() > super::survey::VALUES {
        let reason =
            format!("has {} subfolders, too many for classes; write a manifest", classes.len());
        return Err(Error::corpus(path, reason));
    }
    let aliases = aliases::aliases()?;
    let counts = |class: &String| aliases.get(class).cloned().unwrap_or_default();
    let classes: Vec<_> = classes.iter().map(|class| (class.clone(), counts(class))).collect();
    let target = options.target.unwrap_or(Objectivity::Unstated);
    let traps = sets::told(&classes, "the folders", target);
    let map = LabelMap {
        name: name.to_owned(),
        kind: LabelKind::Class,
        target,
        source: "names of folders, mapped by labels/aliases.toml".to_owned(),
        classes,
        words: std::collections::BTreeMap::new(),
        merge: std::collections::BTreeMap::new(),
    };
    Ok((vec![map], traps))
}

impl Corpus for Folder {
    fn examples(&self) -> Result<Vec<Example>> {
        let map = self.card.labels.first();
        let example = |(file, kind): &(PathBuf, FileKind)| {
            let path = self.root.join(file);
            let medium = match kind {
                FileKind::Audio => Media::Audio(path),
                FileKind::Film => Media::Film(path),
                FileKind::Picture => Media::Image(path),
            };
            let class = level(file, usize::from(self.parted)).map(str::to_lowercase);
            let class = map.zip(class).and_then(|(map, class)| {
                map.classes.iter().position(|(own, _)| own.to_lowercase() == class)
            });
            let top = level(file, 0).filter(|_| self.parted);
            let part = top.and_then(|top| part(&top.to_lowercase(), self.has_test));
            Example {
                media: vec![medium],
                labels: map.map(|_| class.map(Label::Class)).into_iter().collect(),
                part: part.unwrap_or(Part::Whole),
                ..Example::new(file.to_string_lossy())
            }
        };
        Ok(self.files.iter().map(example).collect())
    }

    fn card(&self) -> &Card {
        &self.card
    }
}
