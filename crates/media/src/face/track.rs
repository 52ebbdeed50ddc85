//! One person's face through time.

use super::detect::Detection;
use super::follow::Template;
use super::{LONGEST_ABSENCE, Square};
use crate::video::GrayImage;

/// A place that looks less like the face than this is not the face.
const ALIKE: f32 = 0.6;

/// A face elsewhere that looks like this one is this one.
const SAME_PERSON: f32 = 0.7;

/// Overlap from which a face found is the face followed.
const SAME_PLACE: f32 = 0.3;

/// One face, from when it was first found.
#[derive(Debug)]
pub(super) struct Track {
    pub(super) number: u32,
    pub(super) region: Square,
    pub(super) score: f32,
    /// Seconds at which it was first found.
    pub(super) born: f64,
    /// Seconds at which it was last found or followed.
    pub(super) seen_at: f64,
    /// Seconds at which it was last found.
    pub(super) found_at: f64,
    look: Template,
}

impl Track {
    pub(super) const fn new(number: u32, found: Detection, look: Template, time: f64) -> Self {
        let Detection { region, score } = found;
        Self { number, region, score, born: time, seen_at: time, found_at: time, look }
    }

    /// Looks for the face near its last place in `small`, which is the frame scaled by `shrink`.
    pub(super) fn follow(&mut self, small: &GrayImage, shrink: f32, time: f64, cut: bool) {
        if cut || time - self.seen_at > LONGEST_ABSENCE {
            return;
        }
        let (place, likeness) = self.look.find(small, self.region.scaled(shrink));
        if likeness >= ALIKE {
            self.look.adapt(&Template::cut(small, place), 0.1);
            self.region = place.scaled(1.0 / shrink);
            self.seen_at = time;
        }
    }

    /// How well a face found at `region` with this `look` continues the track; 0 for not at all.
    pub(super) fn likeness(&self, region: Square, look: &Template) -> f32 {
        let overlap = self.region.overlap(region);
        if overlap >= SAME_PLACE {
            return 1.0 + overlap;
        }
        let ((x, y), (was_x, was_y)) = (region.centre(), self.region.centre());
        let near = (x - was_x).hypot(y - was_y) < 2.0 * self.region.side;
        let alike = self.look.likeness(look);
        let as_large = (0.6..1.7).contains(&(region.side / self.region.side));
        if near && as_large && alike >= SAME_PERSON { alike } else { 0.0 }
    }

    /// Takes over what the detector found.
    pub(super) fn confirm(&mut self, found: Detection, look: Template, time: f64) {
        // The detector's boxes jitter; where they agree with the track, they correct it by half.
        let share = if self.region.overlap(found.region) >= 0.5 { 0.5 } else { 1.0 };
        let mix = |was: f32, is: f32| was + share * (is - was);
        self.region = Square {
            left: mix(self.region.left, found.region.left),
            top: mix(self.region.top, found.region.top),
            side: mix(self.region.side, found.region.side),
        };
        self.score = found.score;
        (self.look, self.seen_at, self.found_at) = (look, time, time);
    }
}
