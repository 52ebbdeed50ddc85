//! The whole clip in one answer, and each person in it.

use limbic_media::{Modality, PerModality};

use crate::flag::Flag;
use crate::reading::{Presence, Presences, Summary, Track};
use crate::scores::{MeanScores, Scores};
use crate::slot::{Board, BoardTrack};
use crate::timeline::{Findings, Join, Words};

/// A face that is seen in this share of all sights is the clip's person; the rest are
/// passers-by and false finds.
const MAIN_SHARE: f64 = 0.8;

/// The summary. `voice` is what the voice expert said of all speech of a short clip; a longer
/// one is the mean over its slots, weighted by seconds of speech.
pub(crate) fn summary(
    board: &Board,
    findings: &Findings,
    join: Join<'_>,
    presences: Presences,
    voice: Option<Scores>,
) -> Summary {
    let Gathered { experts, track, mut flags } = gather(board, findings, voice);
    flags.extend(self::flags(board, findings, presences));
    flags.sort_unstable();
    flags.dedup();
    Summary { track, estimate: join(&experts), flags }
}

/// What each expert says of the whole clip.
pub(crate) struct Gathered {
    pub(crate) experts: PerModality<Scores>,
    /// The person that the face expert speaks of.
    track: Option<String>,
    flags: Vec<Flag>,
}

/// One answer a modality; `voice` as in [`summary`].
pub(crate) fn gather(board: &Board, findings: &Findings, voice: Option<Scores>) -> Gathered {
    let mut experts = PerModality::none();
    if let Words::Whole(scores) | Words::Timed(scores) = &findings.words {
        experts.insert(Modality::Text, scores.clone());
    }
    if let Some(voice) = voice.or_else(|| mean_voice(board)) {
        experts.insert(Modality::Audio, voice);
    }
    let (mut flags, mut track) = (Vec::new(), None);
    match main_track(board.tracks()) {
        Some(main) => {
            if let Some(face) = main.scores.mean() {
                track = Some(name_of(main.id));
                experts.insert(Modality::Vision, face);
            }
            if main.small * 2 > main.pictures {
                flags.push(Flag::FaceSmall);
            }
        }
        // Nobody knows who speaks: the faces speak for themselves in the tracks.
        None if !experts.is_empty() && board.tracks().len() > 1 => {
            flags.extend([Flag::SeveralFaces, Flag::SpeakerUnknown]);
        }
        // Only faces: the clip shows them all.
        None => {
            let mut all = MeanScores::default();
            board.tracks().iter().for_each(|track| all.merge(&track.scores));
            if let Some(faces) = all.mean() {
                experts.insert(Modality::Vision, faces);
                flags.push(Flag::SeveralFaces);
            }
        }
    }
    Gathered { experts, track, flags }
}

/// Each person seen, by the face alone.
pub(crate) fn tracks(board: &Board, join: Join<'_>) -> Vec<Track> {
    let alone = |track: &BoardTrack| {
        let experts = track.scores.mean().map(|scores| (Modality::Vision, scores));
        join(&experts.into_iter().collect())
    };
    board
        .tracks()
        .iter()
        .map(|track| Track {
            id: name_of(track.id),
            span: track.span,
            pictures: track.pictures,
            estimate: alone(track),
            boxes: track.boxes.clone(),
        })
        .collect()
}

fn flags(board: &Board, findings: &Findings, presences: Presences) -> Vec<Flag> {
    let mut flags: Vec<Flag> = presences
        .each()
        .into_iter()
        .filter_map(|(_, presence)| match presence {
            Presence::Read | Presence::NotRequested => None,
            Presence::NotInFile | Presence::Unreadable | Presence::NoExpert => {
                Some(Flag::ModalityAbsent)
            }
            Presence::NoFace => Some(Flag::NoFace),
            Presence::NoSpeech => Some(Flag::NoSpeech),
            Presence::TooShort => Some(Flag::TooShort),
            Presence::NoWords => Some(Flag::NoWords),
        })
        .collect();
    if board.slots().iter().any(|slot| slot.faces.len() > 1) {
        flags.push(Flag::SeveralFaces);
    }
    if !findings.skipped.is_empty() {
        flags.push(Flag::DamagedPartSkipped);
    }
    flags
}

/// Each slot's voice, weighted by its seconds of speech.
fn mean_voice(board: &Board) -> Option<Scores> {
    let mut all = MeanScores::default();
    for slot in board.slots() {
        if let Some(voice) = slot.voice.mean() {
            all.add(&voice, slot.speech);
        }
    }
    all.mean()
}

/// A track's number as it is written.
pub(crate) fn name_of(track: u32) -> String {
    format!("{track:08x}")
}

/// The one person of the clip, if there is one.
fn main_track(tracks: &[BoardTrack]) -> Option<&BoardTrack> {
    let all: u32 = tracks.iter().map(|track| track.pictures).sum();
    let main = tracks.iter().max_by_key(|track| track.pictures)?;
    (f64::from(main.pictures) >= MAIN_SHARE * f64::from(all)).then_some(main)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::fusion::Fusion;
    use crate::labels::Labels;
    use crate::reading::{Estimate, FaceBox};
    use crate::slot::Sight;

    fn scores(emotion: usize) -> Scores {
        let mut log_probs = [0.0; 8];
        log_probs[emotion] = 3.0;
        Scores::new(log_probs, None, None).unwrap()
    }

    /// Experts about the eight emotions, joined with equal weights.
    pub(crate) fn join(experts: &PerModality<Scores>) -> Option<Estimate> {
        let fused = Fusion::new(PerModality::none()).fuse(experts)?;
        Some(Estimate::new(fused, &Labels::emotions()))
    }

    const READ: Presences =
        Presences { text: Presence::Read, audio: Presence::Read, vision: Presence::Read };

    fn told(board: &Board, words: Words, voice: Option<Scores>) -> Summary {
        let findings = Findings { words, listened: true, looked: true, skipped: Vec::new() };
        summary(board, &findings, &join, READ, voice)
    }

    fn seen(sights: &[(u32, usize)]) -> Board {
        let mut board = Board::new(1.0);
        for (place, (track, emotion)) in sights.iter().enumerate() {
            let (place, scores) = (FaceBox::whole(place as f64), Some(scores(*emotion)));
            board.see(&Sight { place, track: *track, small: false, scores });
        }
        board
    }

    fn modalities(summary: &Summary) -> Vec<&'static str> {
        let evidence = summary.estimate.as_ref().map(|e| e.evidence.clone()).unwrap_or_default();
        evidence.iter().map(|(m, _)| m.name()).collect()
    }

    #[test]
    fn a_passer_by_does_not_take_the_face_from_the_summary() {
        let board = seen(&[(7, 1), (7, 1), (7, 1), (7, 1), (9, 2)]);
        let summary = told(&board, Words::None, Some(scores(1)));
        assert_eq!(summary.track.as_deref(), Some("00000007"));
        assert_eq!(modalities(&summary), ["audio", "vision"]);
        assert!(summary.flags.is_empty());
    }

    #[test]
    fn of_two_persons_nobody_is_said_to_be_the_speaker() {
        let board = seen(&[(7, 1), (9, 2)]);
        let summary = told(&board, Words::Whole(scores(3)), None);
        assert_eq!(summary.track, None);
        assert_eq!(modalities(&summary), ["text"]);
        assert_eq!(summary.flags, [Flag::SeveralFaces, Flag::SpeakerUnknown]);
        assert_eq!(tracks(&board, &join).len(), 2);
    }

    #[test]
    fn where_there_are_only_faces_the_summary_is_their_mean() {
        let board = seen(&[(7, 1), (9, 1)]);
        let summary = told(&board, Words::None, None);
        assert_eq!(modalities(&summary), ["vision"]);
        assert_eq!(summary.estimate.unwrap().top.as_deref(), Some("happiness"));
        assert_eq!(summary.flags, [Flag::SeveralFaces]);
    }

    #[test]
    fn the_voice_of_a_long_clip_is_weighted_by_its_speech() {
        let mut board = Board::new(1.0);
        for (index, (emotion, speech)) in [(1, 0.1), (3, 0.9)].into_iter().enumerate() {
            let slot = board.slot(index).unwrap();
            slot.speech = speech;
            slot.voice.add(&scores(emotion), 5.0);
        }
        let summary = told(&board, Words::None, None);
        assert_eq!(summary.estimate.unwrap().top.as_deref(), Some("anger"));
    }

    #[test]
    fn nothing_at_all_is_an_answer() {
        let presences = Presences {
            text: Presence::NotInFile,
            audio: Presence::NoSpeech,
            vision: Presence::NoFace,
        };
        let findings =
            Findings { words: Words::None, listened: true, looked: true, skipped: vec![] };
        let summary = summary(&Board::new(1.0), &findings, &join, presences, None);
        assert_eq!(summary.estimate, None);
        assert_eq!(summary.flags, [Flag::NoFace, Flag::NoSpeech, Flag::ModalityAbsent]);
    }
}
