//! Parts of a model, as recipes name them.

use std::fmt;
use std::str::FromStr;

use limbic_media::Modality;
use serde::{Deserialize, Serialize};

use crate::{Error, Fusion, ModelConfig, Result, TrunkKind};

/// Parts of each modality's branch.
const INNER: [&str; 4] = ["encoder", "heads", "projector", "reconstruction"];
/// Parts beside the branches.
const OUTER: [&str; 4] = ["trunk", "joint", "fusion", "words"];

/// A part of a model, by the beginning of its weights' names: a modality, with all that is its
/// own (`vision`); a part of every modality (`encoder`, `heads`, `projector`, `reconstruction`) or
/// of one (`vision.encoder`); or what the modalities share (`trunk`, `joint`, `fusion`, `words`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Part {
    modality: Option<Modality>,
    layer: Option<String>,
}

impl Part {
    /// All parts there are.
    pub(crate) fn all() -> Vec<Self> {
        let branches = Modality::ALL.map(|m| Self { modality: Some(m), layer: None });
        let outer = OUTER.map(|layer| Self { modality: None, layer: Some(layer.to_owned()) });
        branches.into_iter().chain(outer).collect()
    }

    /// Whether the weight at `path` belongs to it.
    pub(crate) fn covers(&self, path: &str) -> bool {
        let mut names = path.split('.');
        let (Some(first), second) = (names.next(), names.next().unwrap_or_default()) else {
            return false;
        };
        let own = |m: &Modality| first == m.to_string();
        match (&self.modality, self.layer.as_deref()) {
            // The map of words into a modality's space is the modality's.
            (Some(m), None) => own(m) || (first == "words" && second == m.to_string()),
            (Some(m), Some(layer)) => own(m) && second == layer,
            (None, Some(layer)) if OUTER.contains(&layer) => first == layer,
            (None, Some(layer)) => Modality::ALL.iter().any(own) && second == layer,
            (None, None) => false,
        }
    }

    /// Refuses a part that `model` does not have; `key` is where in the recipe it is named.
    pub(super) fn check(&self, key: &str, model: &ModelConfig) -> Result<()> {
        let missing = |what: &str| {
            let reason = format!("names `{self}`; {what}");
            Err(Error::Key { key: key.to_owned(), reason })
        };
        if let Some(modality) = self.modality
            && !model.encoder.contains_key(&modality)
        {
            return missing(&format!("the model has no {modality} encoder; add it to [model]"));
        }
        let there = match self.layer.as_deref() {
            Some("heads") => model.head.words.is_none(),
            Some("projector") => model.projector.is_some(),
            Some("reconstruction") => model.reconstruction.is_some(),
            Some("trunk") => matches!(model.trunk, TrunkKind::Shared(_)),
            Some("joint") => matches!(model.fusion, Fusion::Concat { .. }),
            Some("fusion") => matches!(model.fusion, Fusion::Late {}),
            Some("words") => model.head.words.is_some(),
            _ => true,
        };
        if there { Ok(()) } else { missing("[model] builds no such part; add it or name another") }
    }
}

impl FromStr for Part {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let modality = |name: &str| Modality::ALL.into_iter().find(|m| m.to_string() == name);
        let layer = |name: &str, known: &[&str]| known.contains(&name).then(|| name.to_owned());
        let found = match text.split_once('.') {
            Some((first, second)) => modality(first).zip(layer(second, &INNER)),
            None => None,
        };
        if let Some((modality, layer)) = found {
            return Ok(Self { modality: Some(modality), layer: Some(layer) });
        }
        let part = Self {
            modality: modality(text),
            layer: layer(text, &INNER).or_else(|| layer(text, &OUTER)),
        };
        if part.modality.is_some() || part.layer.is_some() {
            return Ok(part);
        }
        let (inner, outer) = (INNER.join(", "), OUTER.join(", "));
        Err(format!(
            "there is no part `{text}`; write a modality, one of {inner}, both as in \
             `vision.encoder`, or one of {outer}"
        ))
    }
}

impl TryFrom<String> for Part {
    type Error = String;

    fn try_from(text: String) -> std::result::Result<Self, String> {
        text.parse()
    }
}

impl From<Part> for String {
    fn from(part: Part) -> Self {
        part.to_string()
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.modality, &self.layer) {
            (Some(modality), Some(layer)) => write!(f, "{modality}.{layer}"),
            (Some(modality), None) => write!(f, "{modality}"),
            (None, layer) => f.write_str(layer.as_deref().unwrap_or_default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_the_beginning_of_names() {
        for (part, inside, outside) in [
            ("vision", "vision.encoder.view.weight", "audio.encoder.view.weight"),
            ("encoder", "vision.encoder.view.weight", "vision.heads.0.rows.weight"),
            ("heads", "audio.heads.0.rows.weight", "joint.heads.0.rows.weight"),
            ("audio.heads", "audio.heads.0.rows.weight", "vision.heads.0.rows.weight"),
            ("trunk", "trunk.norm.gamma", "audio.encoder.trunk"),
            ("audio", "words.audio.weight", "words.table"),
        ] {
            let part: Part = part.parse().unwrap();
            assert!(part.covers(inside), "{part} {inside}");
            assert!(!part.covers(outside), "{part} {outside}");
            assert_eq!(part.to_string().parse::<Part>().unwrap(), part);
        }
        for wrong in ["encoders", "vision.trunk", "", "face"] {
            assert!(wrong.parse::<Part>().unwrap_err().contains("write"), "{wrong}");
        }
    }
}
