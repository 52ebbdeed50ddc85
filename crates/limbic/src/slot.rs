//! The small results that are kept while a clip streams by: one slot for each row-to-be.
//!
//! The passes over sound, pictures and words drop their answers here and forget the media, so
//! memory grows by a few hundred bytes a slot and by nothing else.

use limbic_media::Span;

use crate::reading::FaceBox;
use crate::scores::{MeanScores, Scores};

/// A clip of more slots than this has a broken clock; what lies beyond is left out.
const MOST_SLOTS: usize = 400_000;

/// What was found in one stretch of the clip.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Slot {
    /// Seconds of sound that were listened to.
    pub(crate) heard: f64,
    /// Seconds of speech in them.
    pub(crate) speech: f64,
    /// What the voice expert said.
    pub(crate) voice: MeanScores,
    /// What the word expert said about words with times.
    pub(crate) words: MeanScores,
    /// How many pictures were looked at.
    pub(crate) pictures: u32,
    /// The faces in them, one entry a track, in the order in which the tracks appeared.
    pub(crate) faces: Vec<SlotFace>,
}

/// One person's face in one slot.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SlotFace {
    /// Index into [`Board::tracks`].
    pub(crate) track: usize,
    /// What the face expert said.
    pub(crate) scores: MeanScores,
    /// In how many pictures.
    pub(crate) pictures: u32,
    /// In how many of those it was small.
    pub(crate) small: u32,
}

/// One person's face through the clip.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct BoardTrack {
    pub(crate) id: u32,
    pub(crate) span: Span,
    pub(crate) scores: MeanScores,
    pub(crate) pictures: u32,
    pub(crate) small: u32,
    /// Where it was seen.
    pub(crate) boxes: Vec<FaceBox>,
}

/// One sight of one face.
#[derive(Debug, Clone)]
pub(crate) struct Sight {
    /// When, and where in the picture.
    pub(crate) place: FaceBox,
    pub(crate) track: u32,
    pub(crate) small: bool,
    pub(crate) scores: Option<Scores>,
}

/// Every slot and every track of a clip.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Board {
    every: f64,
    slots: Vec<Slot>,
    tracks: Vec<BoardTrack>,
}

impl Board {
    /// Empty, with slots of `every` seconds.
    pub(crate) const fn new(every: f64) -> Self {
        Self { every, slots: Vec::new(), tracks: Vec::new() }
    }

    /// Seconds of one slot.
    pub(crate) const fn every(&self) -> f64 {
        self.every
    }

    /// The slot at `time` in seconds; `None` for a time that no clock can have shown.
    pub(crate) fn at(&mut self, time: f64) -> Option<&mut Slot> {
        let index = (time.is_finite() && time >= 0.0).then(|| (time / self.every) as usize)?;
        self.slot(index)
    }

    /// The slot of that number, made where there was none.
    pub(crate) fn slot(&mut self, index: usize) -> Option<&mut Slot> {
        if index >= MOST_SLOTS {
            return None;
        }
        if index >= self.slots.len() {
            self.slots.resize_with(index + 1, Slot::default);
        }
        self.slots.get_mut(index)
    }

    /// Lays a stretch over the slots: calls `add` with each slot it touches and the seconds
    /// that they share.
    pub(crate) fn spread(&mut self, span: Span, mut add: impl FnMut(&mut Slot, f64)) {
        if !(span.start.is_finite() && span.end.is_finite()) {
            return;
        }
        let first = (span.start.max(0.0) / self.every) as usize;
        let last = (span.end.max(0.0) / self.every) as usize;
        for index in first..=last.min(MOST_SLOTS - 1) {
            let stretch = Span::new(index as f64 * self.every, (index + 1) as f64 * self.every);
            let shared = stretch.overlap(span);
            if shared > 0.0
                && let Some(slot) = self.slot(index)
            {
                add(slot, shared);
            }
        }
    }

    /// Notes one sight of a face.
    pub(crate) fn see(&mut self, sight: &Sight) {
        let time = sight.place.at;
        let known = self.tracks.iter().rposition(|t| t.id == sight.track);
        let track = known.unwrap_or_else(|| {
            self.tracks.push(BoardTrack {
                id: sight.track,
                span: Span::new(time, time),
                scores: MeanScores::default(),
                pictures: 0,
                small: 0,
                boxes: Vec::new(),
            });
            self.tracks.len() - 1
        });
        let whole = &mut self.tracks[track];
        whole.span.end = whole.span.end.max(time);
        whole.pictures += 1;
        whole.small += u32::from(sight.small);
        if let Some(scores) = &sight.scores {
            whole.scores.add(scores, 1.0);
        }
        if self.at(time).is_some() {
            self.tracks[track].boxes.push(sight.place);
        }
        let Some(slot) = self.at(time) else { return };
        let face = face_of(slot, track);
        face.pictures += 1;
        face.small += u32::from(sight.small);
        if let Some(scores) = &sight.scores {
            face.scores.add(scores, 1.0);
        }
    }

    /// Forgets what was said of words.
    pub(crate) fn forget_words(&mut self) {
        self.slots.iter_mut().for_each(|slot| slot.words = MeanScores::default());
    }

    /// Fits the slots to the clip's length: what lies past it and a tail shorter than half a
    /// slot join the slot before. There is always at least one slot.
    pub(crate) fn close(&mut self, duration: f64) {
        let wanted = ((duration / self.every).round() as usize).clamp(1, MOST_SLOTS);
        self.slots.resize_with(wanted.max(self.slots.len()), Slot::default);
        while self.slots.len() > wanted
            && let Some(tail) = self.slots.pop()
            && let Some(last) = self.slots.last_mut()
        {
            last.merge(tail);
        }
    }

    /// The slots, in order.
    pub(crate) fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// The tracks, in the order in which they appeared.
    pub(crate) fn tracks(&self) -> &[BoardTrack] {
        &self.tracks
    }
}

impl Slot {
    fn merge(&mut self, tail: Self) {
        self.heard += tail.heard;
        self.speech += tail.speech;
        self.voice.merge(&tail.voice);
        self.words.merge(&tail.words);
        self.pictures += tail.pictures;
        for face in tail.faces {
            let own = face_of(self, face.track);
            own.scores.merge(&face.scores);
            own.pictures += face.pictures;
            own.small += face.small;
        }
    }
}

/// The entry of `track` in `slot`, made where there was none.
fn face_of(slot: &mut Slot, track: usize) -> &mut SlotFace {
    let place = match slot.faces.binary_search_by_key(&track, |f| f.track) {
        Ok(place) => place,
        Err(place) => {
            let new = SlotFace { track, scores: MeanScores::default(), pictures: 0, small: 0 };
            // Mostly there is one face, and a first insertion would make room for four.
            slot.faces.reserve_exact(1);
            slot.faces.insert(place, new);
            place
        }
    };
    &mut slot.faces[place]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sight(time: f64, track: u32) -> Sight {
        Sight { place: FaceBox::whole(time), track, small: false, scores: None }
    }

    #[test]
    fn a_short_tail_joins_the_slot_before_and_a_long_one_stands_alone() {
        for (duration, slots) in [(0.0, 1), (0.4, 1), (4.016, 4), (4.4, 4), (4.6, 5), (5.0, 5)] {
            let mut board = Board::new(1.0);
            board.close(duration);
            assert_eq!(board.slots().len(), slots, "{duration}");
        }
    }

    #[test]
    fn closing_keeps_what_the_tail_held() {
        let mut board = Board::new(1.0);
        board.see(&sight(0.5, 7));
        board.see(&sight(1.1, 7));
        board.see(&sight(1.2, 9));
        board.spread(Span::new(0.5, 1.25), |slot, seconds| slot.speech += seconds);
        board.close(1.25);
        let [slot] = board.slots() else { panic!("one slot") };
        assert_eq!(slot.faces.iter().map(|f| f.pictures).collect::<Vec<_>>(), [2, 1]);
        assert_eq!(slot.speech, 0.75);
        assert_eq!(board.tracks()[0].span, Span::new(0.5, 1.1));
        assert_eq!(board.tracks()[0].boxes.iter().map(|b| b.at).collect::<Vec<_>>(), [0.5, 1.1]);
    }

    #[test]
    fn a_clock_that_runs_wild_costs_no_memory() {
        let mut board = Board::new(1.0);
        for time in [1e18, f64::NAN, f64::INFINITY, -3.0] {
            assert!(board.at(time).is_none());
            board.see(&sight(time, 7));
        }
        board.spread(Span::new(f64::NAN, f64::INFINITY), |_, _| panic!("nothing to add to"));
        assert!(board.slots().is_empty() && board.tracks()[0].boxes.is_empty());
    }

    #[test]
    fn a_stretch_is_shared_out_by_seconds() {
        let mut board = Board::new(0.5);
        board.spread(Span::new(0.25, 1.1), |slot, seconds| slot.heard += seconds);
        let heard: Vec<f64> = board.slots().iter().map(|s| s.heard).collect();
        for (found, wanted) in heard.iter().zip([0.25, 0.5, 0.1]) {
            assert!((found - wanted).abs() < 1e-9);
        }
        assert_eq!(heard.len(), 3);
    }
}
