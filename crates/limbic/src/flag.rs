//! What a reader should know about the quality of an answer.

use serde::{Deserialize, Serialize};

/// A remark on one row or on the whole clip. A flag is an answer and not an error: where there
/// is no face, "no face" is what was found.
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flag {
    /// Pictures were looked at and no face was found.
    NoFace,
    /// Sound was listened to and no speech was found.
    NoSpeech,
    /// There are words for other stretches, none for this one.
    NoWords,
    /// There was speech, too little to say anything about it.
    TooShort,
    /// A modality that was asked for is not in the file.
    ModalityAbsent,
    /// More than one face was seen.
    SeveralFaces,
    /// Several faces, so nobody knows whose voice and words these are.
    SpeakerUnknown,
    /// The face has few pixels; its reading is rougher.
    FaceSmall,
    /// Part of the file could not be read and was left out.
    DamagedPartSkipped,
}

impl Flag {
    /// The stable name used in JSON and CSV.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoFace => "no_face",
            Self::NoSpeech => "no_speech",
            Self::NoWords => "no_words",
            Self::TooShort => "too_short",
            Self::ModalityAbsent => "modality_absent",
            Self::SeveralFaces => "several_faces",
            Self::SpeakerUnknown => "speaker_unknown",
            Self::FaceSmall => "face_small",
            Self::DamagedPartSkipped => "damaged_part_skipped",
        }
    }
}

impl std::fmt::Display for Flag {
    /// In words, for people.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::NoFace => "no face",
            Self::NoSpeech => "no speech",
            Self::NoWords => "no words",
            Self::TooShort => "too short",
            Self::ModalityAbsent => "modality absent",
            Self::SeveralFaces => "several faces",
            Self::SpeakerUnknown => "speaker unknown",
            Self::FaceSmall => "face small",
            Self::DamagedPartSkipped => "damaged part skipped",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_json_name_is_the_stable_name() {
        for flag in [Flag::NoFace, Flag::ModalityAbsent, Flag::DamagedPartSkipped] {
            assert_eq!(serde_json::to_string(&flag).unwrap(), format!("\"{}\"", flag.name()));
        }
    }
}
