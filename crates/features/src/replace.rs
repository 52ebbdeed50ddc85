//! Files that appear whole or not at all.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::{Error, Result};

/// The ending of files that are still being written.
pub(crate) const UNFINISHED: &str = "part";

/// Lets `write` fill a new file and then puts it in the place of `path` in one step. On any
/// error the new file is removed and what was at `path` stays.
pub(crate) fn replace_file(path: &Path, write: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let beside = beside(path);
    let result = write(&beside).and_then(|()| {
        File::open(&beside)
            .and_then(|file| file.sync_all())
            .and_then(|()| fs::rename(&beside, path))
            .map_err(|e| Error::io(path, e))
    });
    if result.is_err() {
        let _ = fs::remove_file(&beside);
    }
    result
}

/// A name in the same folder that no other process or thread uses.
fn beside(path: &Path) -> PathBuf {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}-{number}.{UNFINISHED}", std::process::id()))
}
