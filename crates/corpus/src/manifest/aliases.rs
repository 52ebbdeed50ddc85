//! What the words of a manifest count as, where it names no label file.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::{EMOTIONS, Error, Result};

const FILE: &str = "labels/aliases.toml";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    aliases: BTreeMap<String, String>,
}

/// Each word of the table, in lower case, and the emotion that it counts as.
pub(super) fn aliases() -> Result<BTreeMap<String, String>> {
    let bad = |reason: String| Error::Labels { name: FILE.to_owned(), reason };
    let table: Table = toml::from_str(include_str!("../../../../labels/aliases.toml"))
        .map_err(|error| bad(error.to_string()))?;
    let odd = |emotion: &str| !EMOTIONS.contains(&emotion);
    match table.aliases.iter().find(|(_, emotion)| odd(emotion)) {
        Some((word, emotion)) => Err(bad(format!("`{word}` counts as `{emotion}`"))),
        None => Ok(table.aliases),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_emotion_counts_as_itself_and_every_word_is_in_lower_case() {
        let aliases = aliases().unwrap();
        for emotion in EMOTIONS {
            assert_eq!(aliases[emotion], emotion);
        }
        assert!(aliases.keys().all(|word| word.to_lowercase() == *word));
        assert_eq!(aliases["joy"], "happiness");
    }
}
