//! Networks by their name on the Hugging Face hub, `hub:OWNER/NAME`.
//!
//! Nothing is downloaded unless such a name is given, and nothing twice: the files lie in the
//! folder that other programs use, too (`HF_HOME`, or else `~/.cache/huggingface`).

use std::path::{Path, PathBuf};

use limbic_features::{Error, Result};

/// What such names begin with.
const PREFIX: &str = "hub:";

/// The repository that `name` stands for; `None` for a path.
pub(crate) fn repository(name: &str) -> Option<&str> {
    name.strip_prefix(PREFIX)
}

/// The folder that holds the files of a repository.
pub(crate) fn folder(repository: &str) -> Result<PathBuf> {
    let sound = |part: &str| {
        let known = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        !part.is_empty() && part.chars().all(known) && !part.starts_with('.')
    };
    let parts: Vec<&str> = repository.split('/').collect();
    if parts.len() > 2 || !parts.iter().all(|part| sound(part)) {
        let reason = "it is no name of a repository".to_owned();
        return Err(refused(
            repository,
            reason,
            "write hub:OWNER/NAME, as in hub:google-bert/bert-base-uncased",
        ));
    }
    fetched(repository)
}

fn refused(repository: &str, reason: String, way_out: &'static str) -> Error {
    Error::Damaged { path: Path::new(&format!("{PREFIX}{repository}")).to_owned(), reason, way_out }
}

#[cfg(not(feature = "hub"))]
fn fetched(repository: &str) -> Result<PathBuf> {
    let reason = "this limbic was built without downloads".to_owned();
    let way_out = "build it with `cargo build --release -p limbic-cli --features hub`, or download \
                   the folder yourself and give its path";
    Err(refused(repository, reason, way_out))
}

#[cfg(feature = "hub")]
fn fetched(repository: &str) -> Result<PathBuf> {
    use hf_hub::{Cache, Repo, api::sync::ApiBuilder};

    /// The weights come last: where they are, everything is.
    const FILES: [&str; 6] = [
        "config.json",
        "preprocessor_config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "vocab.txt",
        WEIGHTS,
    ];
    const WEIGHTS: &str = "model.safetensors";

    let kept = Cache::from_env().repo(Repo::model(repository.to_owned()));
    let here = |name: &&str| kept.get(name).is_some();
    // Other programs leave a folder without what goes before the network.
    let whole = [FILES[0], WEIGHTS].iter().all(here) && FILES[1..5].iter().any(|name| here(&name));
    let folder = |weights: PathBuf| weights.parent().map(Path::to_owned).unwrap_or(weights);
    if let (true, Some(weights)) = (whole, kept.get(WEIGHTS)) {
        return Ok(folder(weights));
    }
    let failed = |reason: String| {
        let way_out = "check its name and the connection, or give the path of a downloaded folder";
        refused(
            repository,
            format!("it cannot be downloaded ({})", reason.replace('\n', " ")),
            way_out,
        )
    };
    let api = ApiBuilder::from_env().with_progress(false).build();
    let remote = api.map_err(|error| failed(error.to_string()))?.model(repository.to_owned());
    let there = remote.info().map_err(|error| failed(error.to_string()))?.siblings;
    if !there.iter().any(|file| file.rfilename == WEIGHTS) {
        return Err(failed(format!("there is no {WEIGHTS} in it")));
    }
    let mut weights = PathBuf::new();
    for name in FILES.iter().filter(|name| there.iter().any(|file| file.rfilename == **name)) {
        weights = remote.get(name).map_err(|error| failed(error.to_string()))?;
    }
    Ok(folder(weights))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_repositories_are_told_from_paths() {
        assert_eq!(repository("hub:facebook/wav2vec2-base"), Some("facebook/wav2vec2-base"));
        assert_eq!(repository("facebook/wav2vec2-base"), None);
        for bad in ["", "a/b/c", "../..", "a/..", "/a", "a/", "a b/c", "a/b?c"] {
            let message = folder(bad).unwrap_err().to_string();
            assert!(message.starts_with(&format!("hub:{bad}: it is no name")), "{message}");
        }
    }

    #[cfg(not(feature = "hub"))]
    #[test]
    fn a_program_without_downloads_says_how_to_get_them() {
        let message = folder("facebook/wav2vec2-base").unwrap_err().to_string();
        assert!(message.contains("hub:facebook/wav2vec2-base: "), "{message}");
        assert!(message.contains("--features hub"), "{message}");
    }
}
