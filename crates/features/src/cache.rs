//! Features that have been computed before are not computed again.
//!
//! A folder holds one file for each pair of content and extractor, named by the BLAKE3 hash of
//! both. A clip's name, place and date do not matter; a new version of an extractor has a new id
//! and so a new file. Files appear whole or not at all, so any number of processes may share the
//! folder; a file that is damaged or not ours is computed again. The cache is a convenience:
//! where it cannot be written, the features are still returned.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use blake3::Hasher;
use limbic_media::Clip;

pub use blake3::Hash as ContentHash;

use crate::replace::{UNFINISHED, replace_file};
use crate::store::{Stored, decode, encode};
use crate::{Error, Extract, Features, Result};

/// The first bytes of every file; the last one is the version of the format.
const MAGIC: &[u8; 8] = b"limbicF1";
const ENDING: &str = "features";

/// What a folder may hold if nothing else is said: 4 GB.
const DEFAULT_LIMIT: u64 = 4 << 30;

/// A file that has been unfinished for so long belongs to a process that was killed.
const ABANDONED: Duration = Duration::from_hours(1);

/// A folder of computed features.
#[derive(Debug)]
pub struct Cache {
    root: PathBuf,
    limit: u64,
    /// Bytes in the folder as far as this process knows, `u64::MAX` before it has looked.
    held: AtomicU64,
}

impl Cache {
    /// The folder that `LIMBIC_CACHE` names, or else `limbic` in the user's cache folder
    /// (`~/.cache` on Linux, `~/Library/Caches` on macOS, `%LOCALAPPDATA%` on Windows). `None`
    /// where the system names no such folder.
    pub fn open() -> Option<Self> {
        root(|name| std::env::var_os(name).filter(|value| !value.is_empty())).map(Self::at)
    }

    /// The folder `root`, made when it is first needed.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), limit: DEFAULT_LIMIT, held: AtomicU64::new(u64::MAX) }
    }

    /// The same folder with room for `bytes`. When they are used up, the oldest files go.
    #[must_use]
    pub fn with_limit(mut self, bytes: u64) -> Self {
        self.limit = bytes;
        self
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The features that `extractor` finds in `clip`, computed only if they are not here yet.
    pub fn extract(&self, extractor: &dyn Extract, clip: &Clip) -> Result<Features> {
        self.get_or(hash_clip(clip)?, extractor.id(), || extractor.extract(clip))
    }

    /// The features of `content` under `extractor`, or else those that `compute` gives.
    pub fn get_or(
        &self,
        content: ContentHash,
        extractor: &str,
        compute: impl FnOnce() -> Result<Features>,
    ) -> Result<Features> {
        let path = self.path(content, extractor);
        if let Some(features) = read(&path, content, extractor) {
            return Ok(features);
        }
        let features = compute()?;
        if let Err(error) = self.write(&path, content, extractor, &features) {
            tracing::debug!(%error, "the features are not kept");
        }
        Ok(features)
    }

    fn path(&self, content: ContentHash, extractor: &str) -> PathBuf {
        let key = Hasher::new().update(content.as_bytes()).update(extractor.as_bytes()).finalize();
        let key = key.to_hex();
        self.root.join(&key[..2]).join(&key[2..]).with_extension(ENDING)
    }

    fn write(
        &self,
        path: &Path,
        content: ContentHash,
        extractor: &str,
        features: &Features,
    ) -> Result<()> {
        let clip = content.to_hex().to_string();
        let item = Stored { clip, extractor: extractor.to_owned(), features: features.clone() };
        let body = encode(&[item])?;
        let bytes = [MAGIC.as_slice(), blake3::hash(&body).as_bytes(), &body].concat();
        let folder = path.parent().unwrap_or(&self.root);
        fs::create_dir_all(folder).map_err(|e| Error::io(folder, e))?;
        replace_file(path, |new| fs::write(new, &bytes).map_err(|e| Error::io(new, e)))?;
        let held = self.held.load(Ordering::Relaxed).saturating_add(bytes.len() as u64);
        if held > self.limit {
            self.held.store(self.make_room(), Ordering::Relaxed);
        } else {
            self.held.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Removes the oldest files until the others fit, and returns how many bytes these have.
    fn make_room(&self) -> u64 {
        let now = SystemTime::now();
        let mut files = Vec::new();
        for folder in entries(&self.root) {
            for file in entries(&folder) {
                let Ok(about) = fs::metadata(&file) else { continue };
                let written = about.modified().unwrap_or(now);
                let age = now.duration_since(written).unwrap_or_default();
                match file.extension().and_then(|ending| ending.to_str()) {
                    Some(ENDING) => files.push((written, file, about.len())),
                    Some(UNFINISHED) if age > ABANDONED => drop(fs::remove_file(file)),
                    _ => {}
                }
            }
        }
        files.sort();
        let mut held = files.iter().map(|(.., size)| size).sum::<u64>();
        for (_, file, size) in files {
            if held <= self.limit {
                break;
            }
            if fs::remove_file(file).is_ok() {
                held -= size;
            }
        }
        held
    }
}

/// The BLAKE3 hash of a file's bytes, read in pieces.
pub fn hash_file(path: impl AsRef<Path>) -> Result<ContentHash> {
    let path = path.as_ref();
    let mut hasher = Hasher::new();
    fs::File::open(path)
        .and_then(|file| hasher.update_reader(file).map(|_| ()))
        .map_err(|e| Error::io(path, e))?;
    Ok(hasher.finalize())
}

/// The BLAKE3 hash of what is in memory.
pub fn hash_bytes(bytes: &[u8]) -> ContentHash {
    blake3::hash(bytes)
}

/// The hash of all that a clip holds: the bytes of its file, and its words, which may come from
/// elsewhere.
pub fn hash_clip(clip: &Clip) -> Result<ContentHash> {
    let mut hasher = Hasher::new();
    if let Some(path) = clip.path() {
        hasher.update(hash_file(path)?.as_bytes());
    }
    if let Some(face) = clip.face() {
        hasher.update(face.pixels());
    }
    if let Some(variant) = clip.variant() {
        hasher.update(variant.as_bytes());
    }
    for cue in clip.cues() {
        let (start, end) = cue.span.map_or((f64::NAN, f64::NAN), |span| (span.start, span.end));
        hasher.update(&start.to_le_bytes()).update(&end.to_le_bytes());
        hasher.update(&(cue.text.len() as u64).to_le_bytes()).update(cue.text.as_bytes());
    }
    Ok(hasher.finalize())
}

/// What a file holds, if it is whole and about this very content and extractor.
fn read(path: &Path, content: ContentHash, extractor: &str) -> Option<Features> {
    let bytes = fs::read(path).ok()?;
    let (sum, body) = bytes.strip_prefix(MAGIC)?.split_at_checked(blake3::OUT_LEN)?;
    if blake3::hash(body).as_bytes() != sum {
        return None;
    }
    let item = decode(body).ok()?.pop()?;
    (item.clip == content.to_hex().as_str() && item.extractor == extractor).then_some(item.features)
}

fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path())
}

fn root(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let below = |name, folders: &str| Some(PathBuf::from(variable(name)?).join(folders));
    below("LIMBIC_CACHE", "").or_else(|| {
        if cfg!(windows) {
            below("LOCALAPPDATA", "limbic")
        } else if cfg!(target_os = "macos") {
            below("HOME", "Library/Caches/limbic")
        } else {
            below("XDG_CACHE_HOME", "limbic").or_else(|| below("HOME", ".cache/limbic"))
        }
    })
}

#[cfg(test)]
mod tests;
