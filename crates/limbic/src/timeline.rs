//! Slots become the rows that a user sees.

use std::ops::Range;

use limbic_media::{Modality, PerModality, Skipped, Span};

use crate::flag::Flag;
use crate::reading::{Estimate, Row};
use crate::scores::Scores;
use crate::slot::{Board, Slot, SlotFace};
use crate::summary::name_of;

/// Speech shorter than this within a slot is a click or a breath.
const LEAST_SPEECH: f64 = 0.1;

/// Which passes went over the clip, and what is known beyond the slots.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Findings {
    /// The words.
    pub(crate) words: Words,
    /// Whether sound was listened to.
    pub(crate) listened: bool,
    /// Whether pictures were looked at.
    pub(crate) looked: bool,
    /// What could not be read.
    pub(crate) skipped: Vec<Skipped>,
}

/// What the words expert was given.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Words {
    /// Nothing.
    None,
    /// Words without times, which cover the whole clip.
    Whole(Scores),
    /// Words with times, which the slots hold; and all of them read as one text.
    Timed(Scores),
}

/// Makes one answer of what the experts said.
pub(crate) type Join<'a> = &'a dyn Fn(&PerModality<Scores>) -> Option<Estimate>;

/// One row a slot, or several where several faces are seen. `duration` in seconds.
pub(crate) fn rows(board: &Board, findings: &Findings, join: Join<'_>, duration: f64) -> Vec<Row> {
    let last = board.slots().len().saturating_sub(1);
    let mut rows = settled(board, findings, join, 0..last);
    let start = last as f64 * board.every();
    let span = Span::new(start.min(duration), duration);
    if let Some(slot) = board.slots().get(last) {
        Stretch { span, slot, board, findings, join }.rows(&mut rows);
    }
    rows
}

/// The rows of some slots that are not the last one.
pub(crate) fn settled(
    board: &Board,
    findings: &Findings,
    join: Join<'_>,
    slots: Range<usize>,
) -> Vec<Row> {
    let mut rows = Vec::with_capacity(slots.len() + 1);
    for index in slots {
        let Some(slot) = board.slots().get(index) else { break };
        let start = index as f64 * board.every();
        let span = Span::new(start, start + board.every());
        Stretch { span, slot, board, findings, join }.rows(&mut rows);
    }
    rows
}

/// One slot with all that is needed to say what it means.
struct Stretch<'a> {
    span: Span,
    slot: &'a Slot,
    board: &'a Board,
    findings: &'a Findings,
    join: Join<'a>,
}

impl Stretch<'_> {
    fn rows(&self, rows: &mut Vec<Row>) {
        let mut flags = self.flags_of_the_picture();
        let mut experts = self.voice_and_words();
        if let [face] = &self.slot.faces[..] {
            if let Some(scores) = face.scores.mean() {
                experts.insert(Modality::Vision, scores);
            }
            flags.extend(small(face));
            flags.extend(self.flags_of_voice_and_words());
            rows.push(self.row(Some(face), &experts, flags));
            return;
        }
        for face in &self.slot.faces {
            let vision = face.scores.mean().map(|scores| (Modality::Vision, scores));
            let mut flags = flags.clone();
            flags.extend(small(face));
            rows.push(self.row(Some(face), &vision.into_iter().collect(), flags));
        }
        let spoken = self.findings.listened || self.findings.words != Words::None;
        if self.slot.faces.is_empty() || spoken {
            if !self.slot.faces.is_empty() && !experts.is_empty() {
                flags.push(Flag::SpeakerUnknown);
            }
            flags.extend(self.flags_of_voice_and_words());
            rows.push(self.row(None, &experts, flags));
        }
    }

    fn row(
        &self,
        face: Option<&SlotFace>,
        experts: &PerModality<Scores>,
        mut flags: Vec<Flag>,
    ) -> Row {
        flags.sort_unstable();
        flags.dedup();
        Row {
            start: self.span.start,
            end: self.span.end,
            track: face.map(|face| name_of(self.board.tracks()[face.track].id)),
            estimate: (self.join)(experts),
            flags,
        }
    }

    fn voice_and_words(&self) -> PerModality<Scores> {
        let words = match &self.findings.words {
            Words::None => None,
            Words::Whole(scores) => Some(scores.clone()),
            Words::Timed(_) => self.slot.words.mean(),
        };
        let mut experts = PerModality::none();
        if let Some(words) = words {
            experts.insert(Modality::Text, words);
        }
        if let Some(voice) = self.slot.voice.mean() {
            experts.insert(Modality::Audio, voice);
        }
        experts
    }

    fn flags_of_the_picture(&self) -> Vec<Flag> {
        let mut flags = Vec::new();
        if self.findings.looked {
            match (self.slot.pictures, self.slot.faces.len()) {
                (0, 0) => flags.push(Flag::ModalityAbsent),
                (_, 0) => flags.push(Flag::NoFace),
                (_, 1) => {}
                _ => flags.push(Flag::SeveralFaces),
            }
        }
        let hurt = |skipped: &Skipped| skipped.span.is_some_and(|s| touches(s, self.span));
        if self.findings.skipped.iter().any(hurt) {
            flags.push(Flag::DamagedPartSkipped);
        }
        flags
    }

    fn flags_of_voice_and_words(&self) -> impl Iterator<Item = Flag> {
        let voice = match self.slot {
            _ if !self.findings.listened => None,
            slot if slot.voice.weight() > 0.0 => None,
            slot if slot.heard <= 0.0 => Some(Flag::ModalityAbsent),
            slot if slot.speech < LEAST_SPEECH => Some(Flag::NoSpeech),
            _ => Some(Flag::TooShort),
        };
        let silent =
            matches!(self.findings.words, Words::Timed(_)) && self.slot.words.weight() <= 0.0;
        voice.into_iter().chain(silent.then_some(Flag::NoWords))
    }
}

/// Whether two stretches meet; one without length meets what holds it.
fn touches(a: Span, b: Span) -> bool {
    a.overlap(b) > 0.0 || (a.duration() <= 0.0 && b.start <= a.start && a.start < b.end)
}

/// A face that was small in most of its pictures.
fn small(face: &SlotFace) -> Option<Flag> {
    (face.small * 2 > face.pictures).then_some(Flag::FaceSmall)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::FaceBox;
    use crate::slot::Sight;

    fn scores(emotion: usize) -> Scores {
        let mut log_probs = [0.0; 8];
        log_probs[emotion] = 3.0;
        Scores::new(log_probs, Some(0.5), None).unwrap()
    }

    fn findings() -> Findings {
        Findings { words: Words::None, listened: true, looked: true, skipped: Vec::new() }
    }

    fn see(board: &mut Board, time: f64, track: u32, emotion: usize) {
        board.at(time).unwrap().pictures += 1;
        let (place, scores) = (FaceBox::whole(time), Some(scores(emotion)));
        board.see(&Sight { place, track, small: true, scores });
    }

    fn speak(board: &mut Board, start: f64, end: f64) {
        board.spread(Span::new(start, end), |slot, seconds| {
            slot.heard += seconds;
            slot.speech += seconds;
            slot.voice.add(&scores(3), seconds);
        });
    }

    fn told(board: &Board, findings: &Findings, duration: f64) -> Vec<Row> {
        rows(board, findings, &crate::summary::tests::join, duration)
    }

    fn modalities(row: &Row) -> Vec<&'static str> {
        let evidence = row.estimate.as_ref().map(|e| e.evidence.clone()).unwrap_or_default();
        evidence.iter().map(|(m, _)| m.name()).collect()
    }

    #[test]
    fn one_face_speaks_with_its_voice_and_words() {
        let mut board = Board::new(1.0);
        see(&mut board, 0.2, 7, 1);
        speak(&mut board, 0.0, 1.0);
        board.close(1.0);
        let findings = Findings { words: Words::Whole(scores(1)), ..findings() };
        let rows = told(&board, &findings, 1.0);
        let [row] = &rows[..] else { panic!("one row") };
        assert_eq!(modalities(row), ["text", "audio", "vision"]);
        assert_eq!(row.track.as_deref(), Some("00000007"));
        assert_eq!(row.flags, [Flag::FaceSmall]);
    }

    #[test]
    fn several_faces_get_a_row_each_and_the_voice_gets_its_own() {
        let mut board = Board::new(1.0);
        see(&mut board, 0.2, 7, 1);
        see(&mut board, 0.2, 9, 2);
        speak(&mut board, 0.0, 1.0);
        board.close(1.0);
        let rows = told(&board, &findings(), 1.0);
        let found: Vec<_> = rows.iter().map(|r| (r.track.as_deref(), modalities(r))).collect();
        assert_eq!(
            found,
            [
                (Some("00000007"), vec!["vision"]),
                (Some("00000009"), vec!["vision"]),
                (None, vec!["audio"])
            ]
        );
        assert_eq!(rows[2].flags, [Flag::SeveralFaces, Flag::SpeakerUnknown]);
        assert!(rows[0].flags.contains(&Flag::SeveralFaces));
    }

    #[test]
    fn a_stretch_with_nothing_is_a_row_without_an_answer() {
        let mut board = Board::new(1.0);
        let slot = board.at(0.5).unwrap();
        slot.pictures = 4;
        slot.heard = 1.0;
        board.close(2.0);
        let rows = told(&board, &findings(), 2.0);
        assert!(rows.iter().all(|row| row.estimate.is_none()));
        assert_eq!(rows[0].flags, [Flag::NoFace, Flag::NoSpeech]);
        assert_eq!(rows[1].flags, [Flag::ModalityAbsent], "the streams ended early");
    }

    #[test]
    fn a_little_speech_is_too_short_and_silence_between_words_is_told() {
        let mut board = Board::new(1.0);
        let slot = board.at(0.5).unwrap();
        slot.heard = 1.0;
        slot.speech = 0.2;
        board.close(1.0);
        let findings = Findings { words: Words::Timed(scores(0)), looked: false, ..findings() };
        assert_eq!(told(&board, &findings, 1.0)[0].flags, [Flag::NoWords, Flag::TooShort]);
    }

    #[test]
    fn a_damaged_part_marks_the_rows_it_touches() {
        let mut board = Board::new(1.0);
        speak(&mut board, 0.0, 3.0);
        board.close(3.0);
        let skipped = |span| Skipped { span, reason: "a broken frame".into() };
        let findings = Findings {
            looked: false,
            skipped: vec![skipped(Some(Span::new(1.5, 1.5))), skipped(None)],
            ..findings()
        };
        let hurt: Vec<bool> = told(&board, &findings, 3.0)
            .iter()
            .map(|row| row.flags.contains(&Flag::DamagedPartSkipped))
            .collect();
        assert_eq!(hurt, [false, true, false]);
    }

    #[test]
    fn rows_cover_the_clip_without_gaps() {
        let mut board = Board::new(1.0);
        board.close(3.3);
        let rows = told(&board, &findings(), 3.3);
        assert_eq!(rows.len(), 3);
        assert_eq!((rows[0].start, rows[2].end), (0.0, 3.3));
        assert!(rows.windows(2).all(|pair| pair[0].end == pair[1].start));
    }
}
