//! The emotions a reading speaks of, and a number for each of them.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::decimals::rounded;

/// One expressed emotion. The set is closed and its order fixed: it is the order of every
/// score, column and JSON object.
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

/// A number for each emotion, in the order of [`Emotion::ALL`]. In JSON an object keyed by the
/// names, with four decimals.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PerEmotion(pub [f32; Emotion::COUNT]);

impl PerEmotion {
    /// Each emotion with its number.
    pub fn iter(&self) -> impl Iterator<Item = (Emotion, f32)> {
        Emotion::ALL.into_iter().zip(self.0)
    }

    /// The emotions from the greatest number to the smallest; the fixed order breaks ties.
    pub fn ranked(&self) -> [(Emotion, f32); Emotion::COUNT] {
        let mut ranked = Emotion::ALL.map(|emotion| (emotion, self[emotion]));
        ranked.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        ranked
    }

    /// The emotion with the greatest number.
    pub fn top(&self) -> Emotion {
        self.ranked()[0].0
    }
}

impl std::ops::Index<Emotion> for PerEmotion {
    type Output = f32;

    fn index(&self, emotion: Emotion) -> &f32 {
        &self.0[emotion as usize]
    }
}

impl Serialize for PerEmotion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter().map(|(emotion, value)| (emotion, rounded(value.into()))))
    }
}

impl<'de> Deserialize<'de> for PerEmotion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let named = std::collections::BTreeMap::<Emotion, f32>::deserialize(deserializer)?;
        let mut all = [0.0; Emotion::COUNT];
        for emotion in Emotion::ALL {
            all[emotion as usize] = *named.get(&emotion).ok_or_else(|| {
                D::Error::custom(format!("the number for `{emotion}` is missing"))
            })?;
        }
        Ok(Self(all))
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

    #[test]
    fn ties_are_broken_by_the_fixed_order() {
        let mut numbers = PerEmotion([0.0; 8]);
        assert_eq!(numbers.top(), Emotion::Neutral);
        numbers.0[Emotion::Calm as usize] = 0.5;
        numbers.0[Emotion::Anger as usize] = 0.5;
        assert_eq!(numbers.top(), Emotion::Anger);
    }

    #[test]
    fn json_is_an_object_in_the_fixed_order_with_four_decimals() {
        let json = serde_json::to_string(&PerEmotion([
            0.123_456, -0.000_01, 0.0, 0.5, 1.0, -2.25, 0.1, 0.333_333,
        ]))
        .unwrap();
        assert_eq!(
            json,
            r#"{"neutral":0.1235,"happiness":0.0,"sadness":0.0,"anger":0.5,"fear":1.0,"disgust":-2.25,"surprise":0.1,"calm":0.3333}"#
        );
        let back: PerEmotion = serde_json::from_str(&json).unwrap();
        assert_eq!(back[Emotion::Disgust], -2.25);
        assert!(serde_json::from_str::<PerEmotion>(r#"{"neutral":0.1}"#).is_err());
    }
}
