//! The label ledger: every label file of `labels/`, compiled in.

use crate::{Error, LabelMap, Result};

/// Name and text of every label file.
const LEDGER: &[(&str, &str)] = &[
    ("cremad", include_str!("../../../labels/cremad.toml")),
    ("cremad_both", include_str!("../../../labels/cremad_both.toml")),
    ("cremad_face", include_str!("../../../labels/cremad_face.toml")),
    ("cremad_voice", include_str!("../../../labels/cremad_voice.toml")),
    ("dair_emotion", include_str!("../../../labels/dair_emotion.toml")),
    ("emobank", include_str!("../../../labels/emobank.toml")),
    ("emodb", include_str!("../../../labels/emodb.toml")),
    ("emorynlp", include_str!("../../../labels/emorynlp.toml")),
    ("empathetic_dialogues", include_str!("../../../labels/empathetic_dialogues.toml")),
    ("fer2013", include_str!("../../../labels/fer2013.toml")),
    ("ferplus", include_str!("../../../labels/ferplus.toml")),
    ("goemotions", include_str!("../../../labels/goemotions.toml")),
    ("iemocap", include_str!("../../../labels/iemocap.toml")),
    ("iemocap4", include_str!("../../../labels/iemocap4.toml")),
    ("iemocap_self", include_str!("../../../labels/iemocap_self.toml")),
    ("iemocap_vad", include_str!("../../../labels/iemocap_vad.toml")),
    ("iemocap_votes", include_str!("../../../labels/iemocap_votes.toml")),
    ("isear", include_str!("../../../labels/isear.toml")),
    ("meld", include_str!("../../../labels/meld.toml")),
    ("mosei", include_str!("../../../labels/mosei.toml")),
    ("mosei_sentiment", include_str!("../../../labels/mosei_sentiment.toml")),
    ("mosi", include_str!("../../../labels/mosi.toml")),
    ("mosi_sentiment", include_str!("../../../labels/mosi_sentiment.toml")),
    ("msp_improv", include_str!("../../../labels/msp_improv.toml")),
    ("msp_improv_vad", include_str!("../../../labels/msp_improv_vad.toml")),
    ("msp_improv_votes", include_str!("../../../labels/msp_improv_votes.toml")),
    ("nemo", include_str!("../../../labels/nemo.toml")),
    ("ravdess", include_str!("../../../labels/ravdess.toml")),
    ("savee", include_str!("../../../labels/savee.toml")),
    ("tess", include_str!("../../../labels/tess.toml")),
    ("sims", include_str!("../../../labels/sims.toml")),
    ("sims_audio", include_str!("../../../labels/sims_audio.toml")),
    ("sims_text", include_str!("../../../labels/sims_text.toml")),
    ("sims_vision", include_str!("../../../labels/sims_vision.toml")),
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
