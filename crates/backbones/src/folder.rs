//! The files beside a network's weights, and what names all of them.

use std::path::Path;

use limbic_features::{Error, Result, hash_file};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Reads the JSON file `name` of `folder`; `None` where it is not there.
pub(crate) fn json<T: DeserializeOwned>(folder: &Path, name: &str) -> Result<Option<T>> {
    let path = folder.join(name);
    match std::fs::read(&path) {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|error| damaged(&path, format!("it cannot be read ({error})"))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Error::Io { path, source }),
    }
}

/// The same for a file that has to be there.
pub(crate) fn needed<T: DeserializeOwned>(folder: &Path, name: &str) -> Result<T> {
    json(folder, name)?.ok_or_else(|| damaged(folder, format!("it holds no {name}")))
}

/// Reads the TOML file at `path`, with what is wrong in it told by its line; `None` where it is not
/// there.
pub(crate) fn toml<T: DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(Error::Io { path: path.to_owned(), source }),
    };
    toml::from_str(&text).map(Some).map_err(|error| {
        let before = error.span().map_or("", |span| &text[..span.start]);
        let line = before.matches('\n').count() + 1;
        Error::Damaged {
            path: path.to_owned(),
            reason: format!("line {line}: {}", error.message().replace('\n', ", ")),
            way_out: "docs/extractors.md lists the keys",
        }
    })
}

/// The error of a file that is not what was published.
pub(crate) fn damaged(path: &Path, reason: String) -> Error {
    let way_out = "give the folder of a published model, with its safetensors, downloaded whole";
    Error::Damaged { path: path.to_owned(), reason, way_out }
}

/// The error of a key of a file's configuration that no network can be built from.
pub(crate) fn impossible(path: &Path, key: &str, found: impl std::fmt::Display) -> Error {
    damaged(path, format!("its `{key}` of {found} is not one that is read here"))
}

/// `kind/hash@version`, where the hash is that of those of `files` that exist and of `settings`.
pub(crate) fn identity(
    kind: &str,
    version: u32,
    folder: &Path,
    files: &[&str],
    settings: &impl Serialize,
) -> Result<String> {
    let mut hasher = blake3::Hasher::new();
    for name in files {
        let path = folder.join(name);
        if path.exists() {
            hasher.update(&(name.len() as u64).to_le_bytes()).update(name.as_bytes());
            hasher.update(hash_file(&path)?.as_bytes());
        }
    }
    hasher.update(&serde_json::to_vec(settings).expect("settings are numbers and names"));
    Ok(format!("{kind}/{}@{version}", &hasher.finalize().to_hex()[..12]))
}
