//! The pass over the pictures of a clip.

use std::path::Path;

use limbic_media::{Clip, FaceTracker, Frame, Skipped};

use crate::error::{Failure, Halt};
use crate::experts::{Expert, Shown};
use crate::reading::{FaceBox, Presence};
use crate::slot::{Board, Sight};

/// Pictures looked at a second: an expression takes about half a second to come and go.
const RATE: f64 = 4.0;
/// And at most so many, for rows shorter than a picture.
const MOST_RATE: f64 = 10.0;
/// Added to a face on every side, as a share of it, so that it looks like those of the training
/// set, which show brow and chin.
const MARGIN: f32 = 0.1;
/// A picture narrower or lower than this cannot hold a face that could be found.
const LEAST_SIDE: u32 = 20;

/// What there was to see.
#[derive(Debug)]
pub(crate) struct Seen {
    /// Seconds of film; zero for a single picture.
    pub(crate) seconds: f64,
    /// Whether any picture was looked at.
    pub(crate) looked: bool,
    pub(crate) presence: Presence,
    /// Why nothing could be decoded.
    pub(crate) error: Option<limbic_media::Error>,
}

impl Seen {
    /// Nothing, for a reason.
    pub(crate) const fn nothing(presence: Presence) -> Self {
        Self { seconds: 0.0, looked: false, presence, error: None }
    }
}

/// Looks at the whole clip: what is seen goes to the slots of `board`, what could not be read to
/// `skipped`. `batch` faces are judged at once; `progress` is told the share done and the seconds
/// seen.
pub(crate) fn look(
    clip: &Clip,
    expert: &Expert,
    batch: usize,
    board: &mut Board,
    skipped: &mut Vec<Skipped>,
    mut progress: impl FnMut(f64, f64) -> Result<(), Halt>,
) -> Result<Seen, Halt> {
    let unreadable = |error| Seen { error: Some(error), ..Seen::nothing(Presence::Unreadable) };
    if let Some(face) = clip.face() {
        let scores = expert.faces(vec![expert.cut_out(&face)?])?.into_iter().next().flatten();
        if let Some(slot) = board.at(0.0) {
            slot.pictures += 1;
        }
        let small = face.width() < expert.side();
        let presence = if scores.is_some() { Presence::Read } else { Presence::NoFace };
        board.see(&Sight { place: FaceBox::whole(0.0), track: 0, small, scores });
        return Ok(Seen { looked: true, ..Seen::nothing(presence) });
    }
    let mut eye = Looker::new(batch, board.every());
    let mut stream = match clip.frames(eye.rate) {
        Ok(Some(stream)) => stream,
        Ok(None) => return Ok(Seen::nothing(Presence::NotInFile)),
        Err(error) => return Ok(unreadable(error)),
    };
    let declared = stream.duration().or(clip.duration()).filter(|seconds| *seconds > 0.0);
    loop {
        let frame = match stream.next_frame() {
            Ok(Some(frame)) => frame,
            Ok(None) => break,
            Err(error) if eye.last.is_none() => return Ok(unreadable(error)),
            Err(error) => {
                skipped.push(Skipped { span: None, reason: error.to_string() });
                break;
            }
        };
        if let Some(found) = too_small(&frame) {
            return Ok(unreadable(limbic_media::Error::Unsupported {
                path: clip.path().unwrap_or(Path::new("")).to_owned(),
                found,
                expected: format!("at least {LEAST_SIDE}x{LEAST_SIDE} pixels"),
            }));
        }
        let time = frame.time();
        eye.see(&frame, expert, board)?;
        progress(declared.map_or(0.0, |declared| time / declared), time)?;
    }
    skipped.extend_from_slice(stream.skipped());
    Ok(eye.finish(declared, stream.is_still(), expert, board)?)
}

/// What is wrong with a picture in which no face could be found.
pub(crate) fn too_small(frame: &Frame) -> Option<String> {
    let (width, height) = (frame.width(), frame.height());
    (width.min(height) < LEAST_SIDE).then(|| format!("its pictures measure {width}x{height}"))
}

/// Looks at pictures as they come, and gives faces to the face expert, several at once.
pub(crate) struct Looker {
    tracker: FaceTracker,
    rate: f64,
    batch: usize,
    waiting: Vec<Waiting>,
    judged: bool,
    last: Option<f64>,
}

/// A face that has not been judged.
struct Waiting {
    place: FaceBox,
    track: u32,
    small: bool,
    shown: Shown,
}

impl Looker {
    /// For slots of `every` seconds; `batch` faces are judged at once.
    pub(crate) fn new(batch: usize, every: f64) -> Self {
        Self {
            tracker: FaceTracker::new(),
            rate: (1.0 / every).clamp(RATE, MOST_RATE),
            batch,
            waiting: Vec::new(),
            judged: false,
            last: None,
        }
    }

    /// The moment of the last picture, in seconds.
    pub(crate) const fn last(&self) -> Option<f64> {
        self.last
    }

    /// Whether a picture at `time` is one to look at: it comes after the last one, and is the
    /// first of its share of a second.
    pub(crate) fn wants(&self, time: f64) -> bool {
        let tick = |seconds: f64| (seconds * self.rate + 1e-3).floor();
        self.last.is_none_or(|last| time > last && tick(time) > tick(last))
    }

    /// Takes the next picture in order.
    pub(crate) fn see(
        &mut self,
        frame: &Frame,
        expert: &Expert,
        board: &mut Board,
    ) -> Result<(), Failure> {
        let time = frame.time();
        self.last = Some(time);
        if let Some(slot) = board.at(time) {
            slot.pictures += 1;
        }
        for face in self.tracker.step(frame) {
            let small = face.region.side < expert.side() as f32;
            let shown = expert.shown(frame, &face, MARGIN)?;
            let place = FaceBox::of(&face, frame);
            self.waiting.push(Waiting { place, track: face.track, small, shown });
            if self.waiting.len() >= self.batch {
                self.flush(expert, board)?;
            }
        }
        Ok(())
    }

    /// What was seen, when the pictures have ended: a film of `declared` seconds, where that is
    /// known, or a `still`.
    pub(crate) fn finish(
        mut self,
        declared: Option<f64>,
        still: bool,
        expert: &Expert,
        board: &mut Board,
    ) -> Result<Seen, Failure> {
        self.flush(expert, board)?;
        let seconds = match self.last {
            _ if still => 0.0,
            Some(last) => end(last, self.rate, declared),
            None => 0.0,
        };
        let presence = match self.last {
            None => Presence::NotInFile,
            Some(_) if self.judged => Presence::Read,
            Some(_) => Presence::NoFace,
        };
        Ok(Seen { seconds, looked: self.last.is_some(), presence, error: None })
    }

    fn flush(&mut self, expert: &Expert, board: &mut Board) -> Result<(), Failure> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let (faces, sights): (Vec<Shown>, Vec<_>) = std::mem::take(&mut self.waiting)
            .into_iter()
            .map(|face| (face.shown, (face.place, face.track, face.small)))
            .unzip();
        for ((place, track, small), scores) in sights.into_iter().zip(expert.faces(faces)?) {
            self.judged |= scores.is_some();
            board.see(&Sight { place, track, small, scores });
        }
        Ok(())
    }
}

/// Where a film ends whose last picture looked at was at `last`: where its index says, if that
/// is within reach of the picture, else one step on.
fn end(last: f64, rate: f64, declared: Option<f64>) -> f64 {
    let step = last + 1.0 / rate;
    declared.filter(|declared| (last..=step).contains(declared)).unwrap_or(step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_film_ends_where_its_index_says_if_that_can_be() {
        assert_eq!(end(3.75, 4.0, Some(3.96)), 3.96);
        assert_eq!(end(3.75, 4.0, Some(9.0)), 4.0, "the rest is missing");
        assert_eq!(end(3.75, 4.0, Some(1.0)), 4.0, "the index lies");
        assert_eq!(end(3.75, 4.0, None), 4.0);
    }
}
