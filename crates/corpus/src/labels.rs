//! Label sets, and how each corpus's labels become the ones shown to users.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// The label space shown to users, in the order of every probability vector.
pub const EMOTIONS: [&str; 8] =
    ["neutral", "happiness", "sadness", "anger", "fear", "disgust", "surprise", "calm"];

/// Name of the head for [`EMOTIONS`].
pub const SHARED: &str = "limbic";

/// What kind of answer a label set asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LabelKind {
    /// One class a clip, or a distribution over classes.
    Class,
    /// Any number of classes a clip.
    Multi,
    /// Real numbers.
    Rating,
}

/// Whose judgement a label is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Objectivity {
    /// What the actor was asked to express.
    Intended,
    /// What listeners, viewers or readers saw in it.
    Perceived,
    /// What the writer said of themself.
    SelfReported,
    /// A manifest that does not say.
    Unstated,
}

impl Objectivity {
    /// Its name as it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Intended => "intended",
            Self::Perceived => "perceived",
            Self::SelfReported => "self-reported",
            Self::Unstated => "unstated",
        }
    }
}

/// The labels of one corpus.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelSet {
    /// Its name, usually the corpus's.
    pub name: String,
    /// The kind of answer.
    pub kind: LabelKind,
    /// Class or dimension names, in the order of the head's rows.
    pub classes: Vec<String>,
    /// Which of [`EMOTIONS`] the classes speak of; all false for ratings.
    pub covered: Vec<bool>,
}

/// A label file (`labels/*.toml`): one corpus's classes and what each becomes in [`EMOTIONS`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabelMap {
    /// The corpus.
    pub name: String,
    /// The kind of answer.
    pub kind: LabelKind,
    /// Whose judgement the labels are.
    pub target: Objectivity,
    /// Where the classes and the mapping come from.
    pub source: String,
    /// Each class and the emotion it counts as; an empty string counts as none.
    pub classes: Vec<(String, String)>,
    /// The word that stands for a class where rows are word vectors, for classes whose own name
    /// is not the word to look up.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub words: BTreeMap<String, String>,
    /// Labels of the corpus that are no classes here and count as one, such as excitement as
    /// happiness.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub merge: BTreeMap<String, String>,
}

impl LabelMap {
    /// Reads a label file.
    ///
    /// # Errors
    /// [`Error::Labels`] where it does not parse or names an emotion that does not exist.
    pub fn parse(name: &str, text: &str) -> Result<Self> {
        let bad = |reason: String| Error::Labels { name: name.to_owned(), reason };
        let map: Self = toml::from_str(text).map_err(|error| bad(error.to_string()))?;
        for (class, emotion) in &map.classes {
            if !emotion.is_empty() && !EMOTIONS.contains(&emotion.as_str()) {
                return Err(bad(format!(
                    "`{class}` maps to `{emotion}`; use one of {}",
                    EMOTIONS.join(", ")
                )));
            }
        }
        if let Some(class) = map.words.keys().find(|class| map.index(class).is_none()) {
            return Err(bad(format!("`words` names `{class}`, which is none of the classes")));
        }
        let class = |name: &String| map.classes.iter().any(|(class, _)| class == name);
        if let Some((from, to)) = map.merge.iter().find(|(from, to)| class(from) || !class(to)) {
            return Err(bad(format!(
                "`merge` counts `{from}` as `{to}`: none or both are classes"
            )));
        }
        Ok(map)
    }

    /// The head's side of it.
    pub fn set(&self) -> LabelSet {
        LabelSet {
            name: self.name.clone(),
            kind: self.kind,
            classes: self.classes.iter().map(|(class, _)| class.clone()).collect(),
            covered: EMOTIONS.iter().map(|e| self.classes.iter().any(|(_, to)| to == e)).collect(),
        }
    }

    /// The words whose vectors stand for a class.
    pub fn word<'a>(&'a self, class: &'a str) -> &'a str {
        self.words.get(class).map_or(class, String::as_str)
    }

    /// Row of a class, or of the class that a merged label counts as.
    pub fn index(&self, class: &str) -> Option<usize> {
        let class = self.merge.get(class).map_or(class, String::as_str);
        self.classes.iter().position(|(name, _)| name == class)
    }

    /// Weights over the classes become probabilities over [`EMOTIONS`]; `None` where nothing of
    /// them maps.
    pub fn share(&self, weights: &[f32]) -> Option<[f32; 8]> {
        let mut shared = [0.0; 8];
        for ((_, emotion), weight) in self.classes.iter().zip(weights) {
            if let Some(index) = EMOTIONS.iter().position(|e| e == emotion) {
                shared[index] += weight;
            }
        }
        let total: f32 = shared.iter().sum();
        (total > 0.0).then(|| shared.map(|w| w / total))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_shared_out_and_normalised() {
        let map = LabelMap::parse(
            "test",
            r#"
            name = "t"
            kind = "multi"
            target = "perceived"
            source = "here"
            classes = [["joy", "happiness"], ["love", "happiness"], ["grief", "sadness"], ["odd", ""]]
            "#,
        )
        .unwrap();
        assert_eq!(map.share(&[1.0, 1.0, 2.0, 9.0]).unwrap()[..3], [0.0, 0.5, 0.5]);
        assert_eq!(map.share(&[0.0, 0.0, 0.0, 1.0]), None);
        assert_eq!(map.set().covered.iter().filter(|c| **c).count(), 2);
    }

    #[test]
    fn a_class_may_be_looked_up_under_another_word() {
        let text =
            "name='t'\nkind='class'\ntarget='intended'\nsource=''\nclasses=[['amusement','']]";
        let map =
            LabelMap::parse("t", &format!("{text}\nwords = {{ amusement = 'fun' }}")).unwrap();
        assert_eq!((map.word("amusement"), map.word("joy")), ("fun", "joy"));
        let error = LabelMap::parse("t", &format!("{text}\nwords = {{ joy = 'fun' }}"));
        assert!(error.unwrap_err().to_string().contains("`joy`"));
    }

    #[test]
    fn a_merged_label_counts_as_its_class() {
        let text =
            "name='t'\nkind='class'\ntarget='intended'\nsource=''\nclasses=[['joy','happiness']]";
        let merged = |rule: &str| LabelMap::parse("t", &format!("{text}\nmerge = {{ {rule} }}"));
        let map = merged("glee = 'joy'").unwrap();
        assert_eq!(
            (map.index("glee"), map.index("joy"), map.index("fun")),
            (Some(0), Some(0), None)
        );
        assert!(merged("glee = 'fun'").unwrap_err().to_string().contains("`glee` as `fun`"));
        assert!(merged("joy = 'joy'").is_err());
    }

    #[test]
    fn an_unknown_emotion_is_refused_by_name() {
        let text = "name='t'\nkind='class'\ntarget='intended'\nsource=''\nclasses=[['a','joy']]";
        assert!(LabelMap::parse("t", text).unwrap_err().to_string().contains("`joy`"));
    }
}
