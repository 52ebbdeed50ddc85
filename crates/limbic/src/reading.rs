//! The answer: what limbic writes for one clip. Its JSON form is documented in `docs/reading.md`.

use limbic_media::{Cue, Face, Frame, Modality, PerModality, Skipped, Span};
use limbic_model::LabelKind;
use serde::{Deserialize, Serialize};

use crate::decimals::{maybe, maybe_seconds, seconds, share};
use crate::flag::Flag;
use crate::fusion::Fused;
use crate::labels::{Labels, PerLabel};

/// The version of the JSON form. The number changes when a field changes its meaning or goes;
/// fields may be added without a change.
pub const SCHEMA: &str = "limbic.reading/1";

/// What every reading says of itself once.
pub const NOTE: &str = "An estimate of the emotion that others would perceive in this recording. \
    It does not tell what a person feels and is no basis for a diagnosis.";

/// What a reading is about: the emotion that observers perceive.
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Target {
    /// What observers perceive in the expression, not what is felt.
    Perceived,
}

/// A clip, read.
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// [`SCHEMA`].
    pub schema: String,
    /// Which model answered.
    pub model: String,
    /// What is estimated.
    pub target: Target,
    /// [`NOTE`].
    pub note: String,
    /// The file as it was given.
    pub source: String,
    /// Length in seconds; `None` for a picture or words without times.
    #[serde(serialize_with = "maybe_seconds")]
    pub duration: Option<f64>,
    /// Seconds between the rows of the timeline.
    #[serde(serialize_with = "seconds")]
    pub every: f64,
    /// The labels that every estimate speaks of.
    pub labels: Labels,
    /// What became of text, audio and vision.
    pub modalities: Presences,
    /// Parts of the file that could not be read.
    #[cfg_attr(feature = "schema", schema(value_type = Vec<crate::schema::Skipped>))]
    pub skipped: Vec<Skipped>,
    /// The whole clip.
    pub summary: Summary,
    /// The persons seen, in the order in which they appear.
    pub tracks: Vec<Track>,
    /// The clip from its beginning to its end.
    pub timeline: Vec<Row>,
    /// The words that were read, in the order of the clip; empty where none were.
    #[serde(default)]
    pub transcript: Vec<Line>,
}

/// Words as they were read, and when they are said.
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// First second; `None` for words without times.
    #[serde(serialize_with = "maybe_seconds")]
    pub start: Option<f64>,
    /// Last second; `None` for words without times.
    #[serde(serialize_with = "maybe_seconds")]
    pub end: Option<f64>,
    /// The words, on one line.
    pub text: String,
}

impl From<Cue> for Line {
    fn from(cue: Cue) -> Self {
        let (start, end) = cue.span.map(|span| (span.start, span.end)).unzip();
        Self { start, end, text: cue.text }
    }
}

/// What became of each modality of a clip.
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presences {
    /// The words.
    pub text: Presence,
    /// The voice.
    pub audio: Presence,
    /// The face.
    pub vision: Presence,
}

impl Presences {
    /// Each modality with what became of it.
    pub const fn each(&self) -> [(Modality, Presence); 3] {
        [
            (Modality::Text, self.text),
            (Modality::Audio, self.audio),
            (Modality::Vision, self.vision),
        ]
    }
}

/// Whether a modality had a part in the answer, and why not.
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// It was read and spoke.
    Read,
    /// Left out by the options.
    NotRequested,
    /// The clip holds nothing of this kind.
    NotInFile,
    /// The clip holds it, and nothing of it could be decoded.
    Unreadable,
    /// The model has no expert for it.
    NoExpert,
    /// There are pictures, and no face in them.
    NoFace,
    /// There is sound, and no speech in it.
    NoSpeech,
    /// There is speech, too little of it anywhere.
    TooShort,
    /// There is text, and no words in it.
    NoWords,
}

impl Presence {
    /// Whether nothing of the modality was looked at.
    pub(crate) const fn is_void(self) -> bool {
        matches!(self, Self::NotRequested | Self::NotInFile | Self::Unreadable | Self::NoExpert)
    }
}

impl std::fmt::Display for Presence {
    /// In words, for people.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Read => "read",
            Self::NotRequested => "not requested",
            Self::NotInFile => "not in the file",
            Self::Unreadable => "not readable",
            Self::NoExpert => "no expert in the model",
            Self::NoFace => "no face",
            Self::NoSpeech => "no speech",
            Self::TooShort => "too short",
            Self::NoWords => "no words",
        })
    }
}

/// The emotions of one stretch, and how the answer came about.
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The answer: the most probable label; `None` for ratings, and where the model is not sure
    /// enough.
    pub answer: Option<String>,
    /// Whether the model is not sure enough to give an answer.
    pub uncertain: bool,
    /// The most probable label; `None` for ratings.
    pub top: Option<String>,
    /// The labels that count as yes, where each label has a yes or no of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub yes: Option<Vec<String>>,
    /// Probabilities of classes, which sum to one, or of each yes; `None` for ratings.
    #[cfg_attr(feature = "schema", schema(value_type = Option<HashMap<String, f64>>))]
    pub probabilities: Option<PerLabel>,
    /// The fused logits, of which the probabilities are made; of ratings the ratings.
    #[cfg_attr(feature = "schema", schema(value_type = HashMap<String, f64>))]
    pub logits: PerLabel,
    /// What each modality added to each logit; the sum over the modalities is the logit.
    #[serde(with = "by_name")]
    #[cfg_attr(feature = "schema", schema(value_type = HashMap<String, HashMap<String, f64>>))]
    pub evidence: PerModality<PerLabel>,
    /// Unpleasant (-1) to pleasant (1).
    #[serde(serialize_with = "maybe")]
    pub valence: Option<f32>,
    /// Sleepy (-1) to excited (1).
    #[serde(serialize_with = "maybe")]
    pub arousal: Option<f32>,
}

impl Estimate {
    /// The answer of the experts to `labels`, however unsure they are.
    pub fn new(fused: Fused, labels: &Labels) -> Self {
        let named = |values: Vec<f32>| PerLabel::new(labels, values);
        let probabilities = match fused.kind {
            LabelKind::Class | LabelKind::Multi => Some(named(fused.probabilities)),
            LabelKind::Rating => None,
        };
        let top = probabilities.as_ref().and_then(PerLabel::top).map(|(top, _)| top.to_owned());
        Self {
            answer: top.clone(),
            uncertain: false,
            top,
            yes: None,
            probabilities,
            logits: named(fused.logits),
            evidence: fused.evidence.map(|_, share| named(share)),
            valence: fused.valence,
            arousal: fused.arousal,
        }
    }

    /// The most probable label with its probability; `None` for ratings.
    pub fn best(&self) -> Option<(&str, f32)> {
        self.probabilities.as_ref()?.top()
    }
}

/// One stretch of the timeline: everything together where one person is seen or none; where
/// several are seen, a row for each face and one without a track for voice and words.
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// First second.
    #[serde(serialize_with = "seconds")]
    pub start: f64,
    /// Last second.
    #[serde(serialize_with = "seconds")]
    pub end: f64,
    /// Whose face had a part in this row.
    pub track: Option<String>,
    /// The answer; `None` where there was nothing to go by, and the flags say why.
    pub estimate: Option<Estimate>,
    /// Remarks, in the order of [`Flag`].
    pub flags: Vec<Flag>,
}

/// The clip as a whole.
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Whose face had a part in the summary.
    pub track: Option<String>,
    /// The answer; `None` where there was nothing to go by, and the flags say why.
    pub estimate: Option<Estimate>,
    /// Remarks, in the order of [`Flag`].
    pub flags: Vec<Flag>,
}

/// One person's face through the clip.
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Track {
    /// Names the person within this reading and nowhere else.
    pub id: String,
    /// From the first to the last time it was seen.
    #[serde(serialize_with = "span")]
    #[cfg_attr(feature = "schema", schema(value_type = crate::schema::Span))]
    pub span: Span,
    /// In how many of the pictures looked at.
    pub pictures: u32,
    /// The face alone.
    pub estimate: Option<Estimate>,
    /// Where it was, one entry for each picture looked at in which it was found.
    #[serde(default)]
    pub boxes: Vec<FaceBox>,
}

/// Where a face is in one picture, in shares of the picture's width and height from its upper
/// left corner. What reaches beyond the picture is cut off.
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FaceBox {
    /// The moment of the picture, in seconds.
    #[serde(serialize_with = "seconds")]
    pub at: f64,
    /// Left edge.
    #[serde(serialize_with = "share")]
    pub x: f32,
    /// Upper edge.
    #[serde(serialize_with = "share")]
    pub y: f32,
    /// Width.
    #[serde(serialize_with = "share")]
    pub w: f32,
    /// Height.
    #[serde(serialize_with = "share")]
    pub h: f32,
}

impl FaceBox {
    /// The whole of a picture.
    pub(crate) const fn whole(at: f64) -> Self {
        Self { at, x: 0.0, y: 0.0, w: 1.0, h: 1.0 }
    }

    /// Where `face` is in `frame`.
    pub(crate) fn of(face: &Face, frame: &Frame) -> Self {
        let region = face.region;
        let cut = |start: f32, length: u32| {
            let length = length as f32;
            let (start, end) = (start.clamp(0.0, length), (start + region.side).clamp(0.0, length));
            (start / length, (end - start) / length)
        };
        let (x, w) = cut(region.left, frame.width());
        let (y, h) = cut(region.top, frame.height());
        Self { at: frame.time(), x, y, w, h }
    }
}

/// Writes a stretch with four decimals.
fn span<S: serde::Serializer>(span: &Span, serializer: S) -> Result<S::Ok, S::Error> {
    let four = crate::decimals::rounded;
    Span::new(four(span.start), four(span.end)).serialize(serializer)
}

/// A value for each present modality as a JSON object keyed by the modality's name.
mod by_name {
    use super::{Deserialize, Modality, PerLabel, PerModality};
    use serde::{Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(
        evidence: &PerModality<PerLabel>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_map(evidence.iter())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<PerModality<PerLabel>, D::Error> {
        let named = std::collections::BTreeMap::<Modality, PerLabel>::deserialize(deserializer)?;
        Ok(named.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fusion::Fusion;
    use crate::scores::Scores;

    #[test]
    fn evidence_in_json_sums_to_the_logit_in_json() {
        let said = |x: f32| {
            let log_probs: Vec<f32> = (0..8).map(|c| (c as f32 * 1.7 + x).sin() * 3.0).collect();
            Scores::new(log_probs, Some(x / 4.0), None).unwrap()
        };
        let experts: PerModality<Scores> = [
            (Modality::Text, said(0.3)),
            (Modality::Audio, said(1.1)),
            (Modality::Vision, said(2.9)),
        ]
        .into_iter()
        .collect();
        let fused = Fusion::new(PerModality::none()).fuse(&experts).unwrap();
        let json = serde_json::to_value(Estimate::new(fused, &Labels::emotions())).unwrap();
        for emotion in limbic_model::EMOTIONS {
            let number = |value: &serde_json::Value| value[emotion].as_f64().unwrap();
            let sum: f64 =
                ["text", "audio", "vision"].iter().map(|m| number(&json["evidence"][m])).sum();
            assert!((sum - number(&json["logits"])).abs() < 1e-3);
        }
        assert_eq!(json["arousal"], serde_json::Value::Null);
    }
}
