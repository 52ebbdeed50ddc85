//! What the columns of a manifest mean, by their names in any case.

/// What a column says of a clip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Meaning {
    Id,
    Audio,
    Film,
    Picture,
    File,
    Text,
    Start,
    End,
    Speaker,
    Dialogue,
    Source,
    Part,
    Fold,
    Emotion,
    Labels,
    Votes,
    Valence,
    Arousal,
    Dominance,
}

/// The names of each meaning. Where a manifest has several of one meaning, the first counts and
/// the others are columns like any other.
const NAMES: [(Meaning, &[&str]); 19] = [
    (Meaning::Id, &["id", "key", "name"]),
    (Meaning::Audio, &["audio", "wav"]),
    (Meaning::Film, &["video", "film"]),
    (Meaning::Picture, &["vision", "image", "face"]),
    (Meaning::File, &["path", "file"]),
    (Meaning::Text, &["text", "transcript", "sentence"]),
    (Meaning::Start, &["start"]),
    (Meaning::End, &["end"]),
    (Meaning::Speaker, &["speaker", "spk", "subject"]),
    (Meaning::Dialogue, &["dialogue"]),
    (Meaning::Source, &["source"]),
    (Meaning::Part, &["split", "part"]),
    (Meaning::Fold, &["fold"]),
    (Meaning::Emotion, &["emotion", "label"]),
    (Meaning::Labels, &["labels"]),
    (Meaning::Votes, &["votes"]),
    (Meaning::Valence, &["valence"]),
    (Meaning::Arousal, &["arousal"]),
    (Meaning::Dominance, &["dominance"]),
];

impl Meaning {
    /// What a column of this name would mean.
    pub(super) fn of(column: &str) -> Option<Self> {
        let is = |names: &[&str]| names.iter().any(|name| name.eq_ignore_ascii_case(column));
        NAMES.iter().find(|(_, names)| is(names)).map(|(meaning, _)| *meaning)
    }

    /// The column of this meaning.
    pub(super) fn place(self, columns: &[String]) -> Option<usize> {
        let (_, names) = NAMES.iter().find(|(meaning, _)| *meaning == self)?;
        names.iter().find_map(|name| named(name, columns))
    }
}

/// The column of a name.
pub(super) fn named(name: &str, columns: &[String]) -> Option<usize> {
    columns.iter().position(|column| column.eq_ignore_ascii_case(name))
}

/// What a file is by its ending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileKind {
    Audio,
    Film,
    Picture,
}

impl FileKind {
    pub(super) fn of(ending: &str) -> Option<Self> {
        match ending {
            "wav" | "flac" | "mp3" | "m4a" | "aac" | "ogg" | "oga" | "opus" | "aif" | "aiff"
            | "caf" | "mka" => Some(Self::Audio),
            "mp4" | "m4v" | "mov" | "mkv" | "webm" | "avi" | "mpg" | "mpeg" | "ts" | "flv" => {
                Some(Self::Film)
            }
            "png" | "jpg" | "jpeg" => Some(Self::Picture),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_count_in_any_case_and_the_first_of_several_wins() {
        let columns = ["Name", "KEY", "x"].map(str::to_owned);
        assert_eq!(Meaning::Id.place(&columns), Some(1));
        assert_eq!(Meaning::of("Transcript"), Some(Meaning::Text));
        assert_eq!(Meaning::of("x"), None);
        assert_eq!(Meaning::Speaker.place(&columns), None);
    }
}
