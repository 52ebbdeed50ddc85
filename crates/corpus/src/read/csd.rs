//! CMU-MOSI and CMU-MOSEI as computational sequences: one HDF5 file (`.csd`) a kind of feature,
//! with `/NAME/data/VIDEO/features` and `intervals` (start and end of each row, in seconds).

#[cfg(feature = "hdf5")]
mod segments;
#[cfg(feature = "hdf5")]
mod sequence;

use std::path::{Path, PathBuf};

use crate::{Card, Corpus, Example, Result};

pub(crate) struct Csd {
    folder: PathBuf,
    card: Card,
}

impl Csd {
    pub(crate) fn new(card: Card, folder: PathBuf) -> Self {
        Self { folder, card }
    }
}

/// The sequences of a folder, by name.
fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut files: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|ending| ending == "csd")).collect();
    files.sort();
    files
}

fn lower(path: &Path) -> String {
    path.file_name().map_or_else(String::new, |name| name.to_string_lossy().to_lowercase())
}

/// Whether a folder has sequences that bear the name of a corpus, with its labels among them.
pub(crate) fn is(folder: &Path, name: &str) -> bool {
    let files: Vec<String> = files(folder).iter().map(|path| lower(path)).collect();
    let named = |file: &String| match name {
        "mosi" => file.contains("mosi") && !file.contains("mosei"),
        name => file.contains(name),
    };
    files.iter().any(|file| named(file) && file.contains("label"))
}

impl Corpus for Csd {
    #[cfg(feature = "hdf5")]
    fn examples(&self) -> Result<Vec<Example>> {
        segments::read(&self.folder, &self.card)
    }

    #[cfg(not(feature = "hdf5"))]
    fn examples(&self) -> Result<Vec<Example>> {
        let files = files(&self.folder).len();
        let reason = format!(
            "holds {files} HDF5 files, which this build does not read; build with the feature `hdf5`"
        );
        Err(crate::Error::corpus(&self.folder, reason))
    }

    fn card(&self) -> &Card {
        &self.card
    }
}
