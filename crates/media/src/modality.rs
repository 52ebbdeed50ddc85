//! The four ways an emotion can be expressed, and a container indexed by them.

use serde::{Deserialize, Serialize};

/// One channel of expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Modality {
    /// Words, spoken or written.
    Text,
    /// The voice.
    Audio,
    /// The face as pixels.
    Vision,
    /// Landmarks, posture, gait.
    Body,
}

impl Modality {
    /// Every modality, in storage order.
    pub const ALL: [Self; 4] = [Self::Text, Self::Audio, Self::Vision, Self::Body];

    /// The lower-case name used in recipes, on the command line and in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Audio => "audio",
            Self::Vision => "vision",
            Self::Body => "body",
        }
    }
}

impl std::fmt::Display for Modality {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for Modality {
    type Err = String;

    fn from_str(name: &str) -> std::result::Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|m| m.name() == name)
            .ok_or_else(|| format!("`{name}` is not a modality; use text, audio, vision or body"))
    }
}

/// A value for each modality that is there. Absence is `None`, never a zero-filled value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PerModality<T>([Option<T>; 4]);

impl<T> Default for PerModality<T> {
    fn default() -> Self {
        Self([None, None, None, None])
    }
}

impl<T> PerModality<T> {
    /// Nothing present.
    pub fn none() -> Self {
        Self::default()
    }

    /// The value of `modality`, if it is there.
    pub const fn get(&self, modality: Modality) -> Option<&T> {
        self.0[modality as usize].as_ref()
    }

    /// The value of `modality` for change, if it is there.
    pub const fn get_mut(&mut self, modality: Modality) -> Option<&mut T> {
        self.0[modality as usize].as_mut()
    }

    /// Puts a value in place and returns the one it replaces.
    pub const fn insert(&mut self, modality: Modality, value: T) -> Option<T> {
        self.0[modality as usize].replace(value)
    }

    /// Takes a value out; the modality is then absent.
    pub const fn remove(&mut self, modality: Modality) -> Option<T> {
        self.0[modality as usize].take()
    }

    /// What is present, in storage order.
    pub fn iter(&self) -> impl Iterator<Item = (Modality, &T)> {
        Modality::ALL.into_iter().zip(&self.0).filter_map(|(m, value)| Some((m, value.as_ref()?)))
    }

    /// What is present, in storage order, for change.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (Modality, &mut T)> {
        Modality::ALL
            .into_iter()
            .zip(&mut self.0)
            .filter_map(|(m, value)| Some((m, value.as_mut()?)))
    }

    /// The same modalities with other values.
    pub fn map<U>(self, mut f: impl FnMut(Modality, T) -> U) -> PerModality<U> {
        let mut modalities = Modality::ALL.into_iter();
        PerModality(self.0.map(|value| {
            let modality = modalities.next()?;
            value.map(|value| f(modality, value))
        }))
    }

    /// How many modalities are present.
    pub fn len(&self) -> usize {
        self.0.iter().flatten().count()
    }

    /// Whether nothing is present.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T> FromIterator<(Modality, T)> for PerModality<T> {
    fn from_iter<I: IntoIterator<Item = (Modality, T)>>(items: I) -> Self {
        let mut all = Self::none();
        for (modality, value) in items {
            all.insert(modality, value);
        }
        all
    }
}
