//! What the file names of acted corpora say: who speaks, what was to be expressed, which take.
//!
//! The same names occur in the corpora's own folders and in the fold files of others, which carry
//! no speakers; both read them here.

use std::collections::BTreeMap;
use std::path::Path;

/// What a file name says.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Name {
    /// Who speaks.
    pub(crate) speaker: String,
    /// The class, in the words of the corpus's label file; nothing where the name has none.
    pub(crate) class: Option<&'static str>,
    /// What all files of one take share.
    pub(crate) take: String,
    /// The recording that it was cut from, where others were too.
    pub(crate) source: Option<String>,
    /// The conversation that it is a turn of.
    pub(crate) dialogue: Option<String>,
    pub(crate) groups: BTreeMap<String, String>,
    /// Which of two files of one take and one kind is read: the one with the lower rank.
    pub(crate) rank: u8,
    /// Part of the publication and of another task, such as song.
    pub(crate) apart: bool,
}

/// Reads a file name; `None` where it is not one of the corpus's.
pub(crate) type Naming = fn(&Path) -> Option<Name>;

fn groups<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn stem(path: &Path) -> Option<&str> {
    path.file_stem()?.to_str()
}

fn coded(codes: &[(&str, &'static str)], code: &str) -> Option<&'static str> {
    codes.iter().find(|(own, _)| *own == code).map(|(_, name)| *name)
}

/// RAVDESS: seven two-digit numbers, modality-channel-emotion-intensity-statement-repetition-actor
/// (Livingstone and Russo 2018, Table 1). Men have odd numbers.
pub(crate) fn ravdess(path: &Path) -> Option<Name> {
    const EMOTIONS: [&str; 8] =
        ["neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised"];
    let stem = stem(path)?;
    let parts: Vec<&str> = stem.split('-').collect();
    let numbers = parts
        .iter()
        .map(|part| (part.len() == 2).then(|| part.parse::<usize>().ok()).flatten())
        .collect::<Option<Vec<_>>>()?;
    let &[modality, channel, emotion, intensity, statement, repetition, actor] = &numbers[..]
    else {
        return None;
    };
    let two = |number: usize| (1..=2).contains(&number);
    let known = (1..=3).contains(&modality) && (1..=24).contains(&actor);
    if !(known && two(channel) && two(intensity) && two(statement) && two(repetition)) {
        return None;
    }
    Some(Name {
        speaker: parts[6].to_owned(),
        class: Some(*EMOTIONS.get(emotion.checked_sub(1)?)?),
        take: parts[1..].join("-"),
        source: Some(parts[1..].join("-")),
        groups: groups([
            ("gender", if actor % 2 == 1 { "male" } else { "female" }),
            ("intensity", if intensity == 1 { "normal" } else { "strong" }),
            ("repetition", parts[5]),
            ("statement", if statement == 1 { "kids" } else { "dogs" }),
        ]),
        // The film with sound before the one without.
        rank: modality as u8,
        apart: channel == 2,
        ..Name::default()
    })
}

/// CREMA-D: actor, sentence, emotion and level, as in `1001_IEO_ANG_HI` (Cao et al. 2014).
pub(crate) fn cremad(path: &Path) -> Option<Name> {
    let stem = stem(path)?;
    let mut parts = stem.split('_');
    let (actor, sentence, emotion, level) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let digits = actor.len() == 4 && actor.bytes().all(|b| b.is_ascii_digit());
    let letters = sentence.len() == 3 && sentence.bytes().all(|b| b.is_ascii_uppercase());
    if parts.next().is_some() || !digits || !letters {
        return None;
    }
    let class = coded(
        &[
            ("ANG", "anger"),
            ("DIS", "disgust"),
            ("FEA", "fear"),
            ("HAP", "happiness"),
            ("NEU", "neutral"),
            ("SAD", "sadness"),
        ],
        emotion,
    )?;
    let level = coded(
        // One file of the publication ends in X, not XX.
        &[
            ("LO", "low"),
            ("MD", "medium"),
            ("HI", "high"),
            ("XX", "unspecified"),
            ("X", "unspecified"),
        ],
        level,
    )?;
    Some(Name {
        speaker: actor.to_owned(),
        class: Some(class),
        take: stem.to_owned(),
        groups: groups([("intensity", level), ("sentence", sentence)]),
        ..Name::default()
    })
}

/// EMO-DB: speaker, sentence, the letter of the German word for the emotion, and the version, as
/// in `03a01Fa` (Burkhardt et al. 2005).
pub(crate) fn emodb(path: &Path) -> Option<Name> {
    const MEN: [&str; 5] = ["03", "10", "11", "12", "15"];
    let stem = stem(path)?;
    let bytes = stem.as_bytes();
    let shape = matches!(bytes, [a, b, c, d, e, _, v]
        if a.is_ascii_digit() && b.is_ascii_digit() && c.is_ascii_lowercase()
            && d.is_ascii_digit() && e.is_ascii_digit() && v.is_ascii_lowercase());
    if !shape {
        return None;
    }
    let class = match bytes[5] {
        b'W' => "anger",
        b'L' => "boredom",
        b'E' => "disgust",
        b'A' => "fear",
        b'F' => "happiness",
        b'T' => "sadness",
        b'N' => "neutral",
        _ => return None,
    };
    let (speaker, sentence) = (stem.get(..2)?, stem.get(2..5)?);
    Some(Name {
        speaker: speaker.to_owned(),
        class: Some(class),
        take: stem.to_owned(),
        groups: groups([
            ("gender", if MEN.contains(&speaker) { "male" } else { "female" }),
            ("sentence", sentence),
        ]),
        ..Name::default()
    })
}

/// SAVEE: `DC/a01.wav`, or `DC_a01.wav` in one folder (Haq and Jackson 2010). The letters before
/// the number of the sentence name the emotion.
pub(crate) fn savee(path: &Path) -> Option<Name> {
    let stem = stem(path)?;
    let folder = || path.parent().and_then(Path::file_name).and_then(|name| name.to_str());
    let (speaker, clip) = match stem.split_once('_') {
        Some(parts) => parts,
        None => (folder()?, stem),
    };
    let letters = clip.trim_end_matches(|c: char| c.is_ascii_digit());
    let number = &clip[letters.len()..];
    if !["DC", "JE", "JK", "KL"].contains(&speaker) || number.len() != 2 {
        return None;
    }
    let class = coded(
        &[
            ("a", "anger"),
            ("d", "disgust"),
            ("f", "fear"),
            ("h", "happiness"),
            ("n", "neutral"),
            ("sa", "sadness"),
            ("su", "surprise"),
        ],
        letters,
    )?;
    Some(Name {
        speaker: speaker.to_owned(),
        class: Some(class),
        take: format!("{speaker}_{clip}"),
        ..Name::default()
    })
}

/// TESS: actress, word, emotion, as in `OAF_back_angry`; `ps` is pleasant surprise
/// (Pichora-Fuller and Dupuis 2020). One file of the publication begins with OA, not OAF.
pub(crate) fn tess(path: &Path) -> Option<Name> {
    let stem = stem(path)?;
    let (speaker, rest) = stem.split_once('_')?;
    let (word, emotion) = rest.split_once('_')?;
    let speaker = coded(&[("OAF", "OAF"), ("OA", "OAF"), ("YAF", "YAF")], speaker)?;
    let class = match super::spelling::emotion(emotion)? {
        "surprise" => "pleasant surprise",
        class @ ("anger" | "disgust" | "fear" | "happiness" | "neutral" | "sadness") => class,
        _ => return None,
    };
    Some(Name {
        speaker: speaker.to_owned(),
        class: Some(class),
        take: format!("{speaker}_{word}_{}", emotion.to_lowercase()),
        groups: groups([("age", if speaker == "OAF" { "older" } else { "younger" })]),
        ..Name::default()
    })
}

/// IEMOCAP: the session, the sex of the one who wears the markers, the dialogue, and the turn of
/// one of the two speakers, as in `Ses01F_impro01_M003` (Busso et al. 2008).
pub(crate) fn iemocap(path: &Path) -> Option<Name> {
    let stem = stem(path)?;
    let (dialogue, turn) = stem.rsplit_once('_')?;
    let session = dialogue.get(..5).filter(|session| session.starts_with("Ses0"))?;
    let speaker = turn.get(..1).filter(|letter| ["F", "M"].contains(letter))?;
    let kind = dialogue.get(7..)?;
    let kind = ["impro", "script"].into_iter().find(|known| kind.starts_with(known))?;
    Some(Name {
        speaker: format!("{session}{speaker}"),
        take: stem.to_owned(),
        source: Some(dialogue.to_owned()),
        dialogue: Some(dialogue.to_owned()),
        groups: groups([
            ("gender", if speaker == "M" { "male" } else { "female" }),
            ("kind", if kind == "impro" { "improvised" } else { "scripted" }),
            ("session", session),
        ]),
        ..Name::default()
    })
}

/// MSP-IMPROV: sentence with target emotion, speaker by sex and session, portion, turn, as in
/// `MSP-IMPROV-S01A-F01-S-FM01` (Busso et al. 2017). Films begin with `UTD`. Portion `R` was read
/// alone; `P`, `S` and `T` are stretches of dialogues.
pub(crate) fn msp_improv(path: &Path) -> Option<Name> {
    let stem = stem(path)?;
    let rest = stem.strip_prefix("MSP-IMPROV-").or_else(|| stem.strip_prefix("UTD-IMPROV-"))?;
    let [scene, speaker, portion, turn] = rest.split('-').collect::<Vec<_>>()[..] else {
        return None;
    };
    let scene_shape = matches!(scene.as_bytes(), [b'S', a, b, b'A' | b'H' | b'N' | b'S']
        if a.is_ascii_digit() && b.is_ascii_digit());
    let speaker_shape = matches!(speaker.as_bytes(), [b'F' | b'M', b'0', b'1'..=b'6']);
    let portions = ["P", "R", "S", "T"].contains(&portion);
    if !(scene_shape && speaker_shape && portions) || turn.len() < 4 {
        return None;
    }
    let session = speaker.get(1..)?;
    let dialogue = (portion != "R").then(|| format!("{session}-{scene}"));
    Some(Name {
        speaker: speaker.to_owned(),
        take: format!("MSP-IMPROV-{rest}"),
        source: dialogue.clone(),
        dialogue,
        groups: groups([
            ("gender", if speaker.starts_with('M') { "male" } else { "female" }),
            ("portion", portion),
            ("session", session),
        ]),
        ..Name::default()
    })
}
