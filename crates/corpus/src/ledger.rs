//! The label ledger: every label file of `labels/`, compiled in.

use crate::{Error, LabelMap, Result};

/// Name and text of every label file.
const LEDGER: &[(&str, &str)] = &[
    ("dair_emotion", include_str!("../../../labels/dair_emotion.toml")),
    ("emobank", include_str!("../../../labels/emobank.toml")),
    ("emodb", include_str!("../../../labels/emodb.toml")),
    ("fer2013", include_str!("../../../labels/fer2013.toml")),
    ("ferplus", include_str!("../../../labels/ferplus.toml")),
    ("goemotions", include_str!("../../../labels/goemotions.toml")),
    ("isear", include_str!("../../../labels/isear.toml")),
    ("meld", include_str!("../../../labels/meld.toml")),
    ("mosi", include_str!("../../../labels/mosi.toml")),
    ("mosi_sentiment", include_str!("../../../labels/mosi_sentiment.toml")),
    ("nemo", include_str!("../../../labels/nemo.toml")),
    ("ravdess", include_str!("../../../labels/ravdess.toml")),
];

/// The label file `labels/NAME.toml`.
///
/// # Errors
/// [`Error::Labels`] where there is none of that name.
pub fn labels(name: &str) -> Result<LabelMap> {
    let file = format!("labels/{name}.toml");
    if let Some((_, text)) = LEDGER.iter().find(|(known, _)| *known == name) {
        return LabelMap::parse(&file, text);
    }
    let known: Vec<&str> = LEDGER.iter().map(|(name, _)| *name).collect();
    let reason = format!("there is no such label file; there are {}", known.join(", "));
    Err(Error::Labels { name: file, reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_label_file_parses_and_maps_to_known_emotions() {
        for (name, _) in LEDGER {
            assert_eq!(labels(name).unwrap().name, *name);
        }
        let error = labels("iemocap9").unwrap_err().to_string();
        assert!(error.contains("labels/iemocap9.toml") && error.contains("ravdess"), "{error}");
    }
}
