//! The emotions that every model knows.

use serde::{Deserialize, Serialize};

/// One expressed emotion. The set is closed and its order fixed: it is the order of every
/// score, column and JSON object, unless other labels are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Emotion {
    /// None in particular.
    Neutral,
    /// Joy, amusement, contentment.
    Happiness,
    /// Sorrow, disappointment, grief.
    Sadness,
    /// Annoyance to rage.
    Anger,
    /// Worry to terror.
    Fear,
    /// Distaste, contempt.
    Disgust,
    /// Astonishment, pleasant or not.
    Surprise,
    /// Relaxed, soothing; neutral with a warm tone.
    Calm,
}

impl Emotion {
    /// How many there are.
    pub const COUNT: usize = 8;

    /// Every emotion, in the fixed order.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Neutral,
        Self::Happiness,
        Self::Sadness,
        Self::Anger,
        Self::Fear,
        Self::Disgust,
        Self::Surprise,
        Self::Calm,
    ];

    /// The lower-case name used in every output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Neutral => "neutral",
            Self::Happiness => "happiness",
            Self::Sadness => "sadness",
            Self::Anger => "anger",
            Self::Fear => "fear",
            Self::Disgust => "disgust",
            Self::Surprise => "surprise",
            Self::Calm => "calm",
        }
    }
}

impl std::fmt::Display for Emotion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_the_enum_is_the_order_of_the_list() {
        for (place, emotion) in Emotion::ALL.into_iter().enumerate() {
            assert_eq!(emotion as usize, place);
        }
    }
}
