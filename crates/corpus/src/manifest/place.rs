//! Where the files of a manifest may lie: in its root and nowhere else, links included.

use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};

use super::rows::shown;
use crate::{Error, Result};

/// Folders whose real place is remembered.
const REMEMBERED: usize = 65_536;

/// The folder that all files of a manifest lie in.
pub(super) struct Root {
    folder: PathBuf,
    real: PathBuf,
    /// Whether a folder that exists lies in it.
    known: HashMap<PathBuf, bool>,
}

impl Root {
    pub(super) fn new(folder: PathBuf) -> Result<Self> {
        let real = folder.canonicalize().map_err(Error::io(&folder))?;
        Ok(Self { folder, real, known: HashMap::new() })
    }

    /// The file that a cell names.
    ///
    /// # Errors
    /// The reason where it lies outside, in words and by links.
    pub(super) fn place(&mut self, cell: &str) -> std::result::Result<PathBuf, String> {
        if cell.contains("://") {
            return Err(format!("`{}` is an address; download it and name the file", shown(cell)));
        }
        if cell.contains('\0') {
            return Err(format!("`{}` is no file name", shown(cell)));
        }
        let path = self.folder.join(cell);
        if self.stays(Path::new(cell)) && self.really_stays(&path) {
            return Ok(path);
        }
        Err(format!(
            "`{}` lies outside of {}; give the folder that holds all files as `root`",
            shown(cell),
            self.folder.display()
        ))
    }

    /// Whether the words of a path stay in the root.
    fn stays(&self, cell: &Path) -> bool {
        let inside = if cell.has_root() || cell.is_absolute() {
            cell.strip_prefix(&self.real).or_else(|_| cell.strip_prefix(&self.folder))
        } else {
            Ok(cell)
        };
        let Ok(inside) = inside else { return false };
        let mut depth = 0usize;
        for component in inside.components() {
            let next = match component {
                Component::ParentDir => depth.checked_sub(1),
                Component::CurDir => Some(depth),
                Component::Normal(_) => Some(depth + 1),
                Component::RootDir | Component::Prefix(_) => None,
            };
            let Some(next) = next else { return false };
            depth = next;
        }
        true
    }

    /// Whether a path stays in the root once its links are followed. What is not there yet
    /// cannot lead anywhere.
    fn really_stays(&mut self, path: &Path) -> bool {
        let Some(parent) = path.parent() else { return false };
        let known = self.known.get(parent).copied();
        let inside = known.unwrap_or_else(|| {
            parent.canonicalize().map_or(true, |real| real.starts_with(&self.real))
        });
        if known.is_none() && self.known.len() < REMEMBERED {
            self.known.insert(parent.to_owned(), inside);
        }
        let link = || std::fs::symlink_metadata(path).is_ok_and(|file| file.is_symlink());
        inside && (!link() || path.canonicalize().map_or(true, |real| real.starts_with(&self.real)))
    }
}
