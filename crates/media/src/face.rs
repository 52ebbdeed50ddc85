//! Who is in the picture: faces found now and then, followed in between.
//!
//! [`FaceTracker`] takes the frames of one clip in order. Finding faces is dear and is done about
//! once a second, when a face is lost and when the scene changes; between, each face is followed
//! by matching its small image against the neighbourhood where it was last. One person keeps one
//! number as long as the face is not out of sight for more than a second. The numbers are drawn
//! at random for every file: they say who is who within it and nothing beyond.

mod detect;
mod follow;
mod track;

use std::hash::{BuildHasher, Hasher, RandomState};

use detect::Detector;
use track::Track;

use crate::video::{Frame, GrayImage, RgbImage};

/// Seconds between two searches while every known face is in sight.
const SEARCH_INTERVAL: f64 = 1.0;

/// Seconds between two searches while no face is in sight.
const EMPTY_SEARCH_INTERVAL: f64 = 0.5;

/// Every so many searches also look for small faces, and all do while no face is in sight.
const SMALL_FACE_INTERVAL: u32 = 3;

/// Seconds out of sight after which a track ends.
const LONGEST_ABSENCE: f64 = 1.0;

/// Seconds for which a face is followed without being found again: it may have turned aside.
const LONGEST_UNCONFIRMED: f64 = 3.0;

/// Mean change of brightness between two frames that counts as a new scene, of 255.
const SCENE_CHANGE: f64 = 40.0;

/// Pixels on the long side of the picture in which faces are followed.
const FOLLOW_SIDE: u32 = 320;

/// A square in pixels of the frame. It may reach beyond the border.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Square {
    /// Left edge.
    pub left: f32,
    /// Upper edge.
    pub top: f32,
    /// Length of the sides.
    pub side: f32,
}

impl Square {
    /// A square around a centre.
    pub(crate) fn around((x, y): (f32, f32), side: f32) -> Self {
        Self { left: x - side / 2.0, top: y - side / 2.0, side }
    }

    /// Its centre (x, y).
    pub fn centre(self) -> (f32, f32) {
        (self.left + self.side / 2.0, self.top + self.side / 2.0)
    }

    /// Intersection over union, 0 to 1.
    pub fn overlap(self, other: Self) -> f32 {
        let shared = |a: f32, b: f32| (a + self.side).min(b + other.side) - a.max(b);
        let width = shared(self.left, other.left).max(0.0);
        let height = shared(self.top, other.top).max(0.0);
        let both = width * height;
        both / (self.side.powi(2) + other.side.powi(2) - both).max(f32::MIN_POSITIVE)
    }

    /// The same square in a picture that is `factor` times as large.
    fn scaled(self, factor: f32) -> Self {
        Self { left: self.left * factor, top: self.top * factor, side: self.side * factor }
    }
}

/// One face in one frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Face {
    /// Who, within this file.
    pub track: u32,
    /// Where: about from brow to chin, ear to ear.
    pub region: Square,
    /// The detector's score when this face was last found. No probability: it has no upper end,
    /// grows with the size of the face, and lies near 3 for doubtful and above 10 for plain faces.
    pub score: f32,
    /// Whether it was found in this very frame rather than followed from an earlier one.
    pub detected: bool,
}

impl Face {
    /// The whole of a picture that is known to be nothing but a face, as in sets of cropped
    /// faces. The caller answers for that; the score is zero and `detected` false.
    pub fn whole_frame(frame: &Frame) -> Self {
        let (width, height) = (frame.width() as f32, frame.height() as f32);
        let region = Square::around((width / 2.0, height / 2.0), width.min(height));
        Self { track: 0, region, score: 0.0, detected: false }
    }

    /// The face alone in `size` x `size` pixels of brightness, with `margin` (a share of the
    /// region's side) added on every side. Beyond the frame its border is repeated.
    pub fn crop(&self, frame: &Frame, margin: f32, size: u32) -> GrayImage {
        let (x, y, side) = self.area(margin);
        frame.gray().square(x, y, side, size)
    }

    /// The same in colour.
    pub fn crop_rgb(&self, frame: &Frame, margin: f32, size: u32) -> RgbImage {
        let (x, y, side) = self.area(margin);
        frame.rgb().square(x, y, side, size)
    }

    fn area(&self, margin: f32) -> (f64, f64, f64) {
        let (x, y) = self.region.centre();
        (x.into(), y.into(), (self.region.side * (1.0 + 2.0 * margin)).into())
    }
}

/// Finds and follows the faces of one clip.
pub struct FaceTracker {
    detector: Detector,
    tracks: Vec<Track>,
    seed: u64,
    born: u64,
    searches: u32,
    searched_at: Option<f64>,
    /// The scene as 16x9 pixels, to notice a cut.
    scene: Option<GrayImage>,
}

impl Default for FaceTracker {
    fn default() -> Self {
        Self::new()
    }
}

impl FaceTracker {
    /// A tracker for one file, with track numbers that no other file shares.
    pub fn new() -> Self {
        Self::seeded(RandomState::new().build_hasher().finish())
    }

    /// A tracker whose track numbers follow from `seed`.
    pub fn seeded(seed: u64) -> Self {
        Self {
            detector: Detector::new(),
            tracks: Vec::new(),
            seed,
            born: 0,
            searches: 0,
            searched_at: None,
            scene: None,
        }
    }

    /// The faces in the next frame of the clip, the largest first.
    pub fn step(&mut self, frame: &Frame) -> Vec<Face> {
        let gray = frame.gray();
        let shrink = (FOLLOW_SIDE as f32 / gray.width().max(gray.height()) as f32).min(1.0);
        let small = gray.resized(
            (gray.width() as f32 * shrink).round() as u32,
            (gray.height() as f32 * shrink).round() as u32,
        );
        let cut = self.notice_cut(&small);
        let time = frame.time();
        for track in &mut self.tracks {
            track.follow(&small, shrink, time, cut);
        }
        if cut || self.search_is_due(time) {
            self.search(gray, &small, shrink, time);
        }
        self.tracks.retain(|track| {
            time - track.seen_at <= LONGEST_ABSENCE && time - track.found_at <= LONGEST_UNCONFIRMED
        });
        self.drop_doubles();
        let mut faces: Vec<Face> = self
            .tracks
            .iter()
            .filter(|track| track.seen_at >= time)
            .map(|track| Face {
                track: track.number,
                region: track.region,
                score: track.score,
                detected: track.found_at >= time,
            })
            .collect();
        faces.sort_by(|a, b| b.region.side.total_cmp(&a.region.side));
        faces
    }

    fn notice_cut(&mut self, small: &GrayImage) -> bool {
        let scene = small.resized(16, 9);
        let change = self.scene.as_ref().map_or(0.0, |before| {
            let pairs = before.pixels().iter().zip(scene.pixels());
            pairs.map(|(a, b)| f64::from(a.abs_diff(*b))).sum::<f64>() / 144.0
        });
        self.scene = Some(scene);
        change > SCENE_CHANGE
    }

    fn search_is_due(&self, time: f64) -> bool {
        let Some(before) = self.searched_at else {
            return true;
        };
        let lost = self.tracks.iter().any(|track| track.seen_at < time);
        let interval = if self.tracks.is_empty() { EMPTY_SEARCH_INTERVAL } else { SEARCH_INTERVAL };
        // A frame rarely falls on the very moment; half a usual step early is early enough.
        lost || time < before || time - before >= interval - 0.05
    }

    fn search(&mut self, gray: &GrayImage, small: &GrayImage, shrink: f32, time: f64) {
        self.searched_at = Some(time);
        let small_faces = self.searches.is_multiple_of(SMALL_FACE_INTERVAL)
            || self.tracks.is_empty() && self.searches.is_multiple_of(2);
        let mut found = self.detector.detect(gray, small_faces);
        if found.is_empty() && self.searches == 0 {
            found = self.detector.look_closely(gray);
        }
        self.searches = self.searches.saturating_add(1);
        let mut claimed = vec![false; self.tracks.len()];
        // Sure faces choose first; each takes the track that it resembles most.
        found.sort_by(|a, b| b.score.total_cmp(&a.score));
        for detection in found {
            let region = detection.region.scaled(shrink);
            let look = follow::Template::cut(small, region);
            let likeness = |track: &Track| track.likeness(detection.region, &look);
            let best = (0..claimed.len())
                .filter(|&i| !claimed[i])
                .map(|i| (i, likeness(&self.tracks[i])))
                .filter(|(_, likeness)| *likeness > 0.0)
                .max_by(|a, b| a.1.total_cmp(&b.1));
            if let Some((i, _)) = best {
                claimed[i] = true;
                self.tracks[i].confirm(detection, look, time);
            } else if detection.score >= detect::SURE {
                let number = self.number();
                self.tracks.push(Track::new(number, detection, look, time));
            }
        }
    }

    /// Of two tracks that have come to lie on one face, the one found last stays.
    fn drop_doubles(&mut self) {
        self.tracks
            .sort_by(|a, b| b.found_at.total_cmp(&a.found_at).then(a.born.total_cmp(&b.born)));
        let mut kept: Vec<Track> = Vec::with_capacity(self.tracks.len());
        for track in self.tracks.drain(..) {
            if kept.iter().all(|other| other.region.overlap(track.region) < 0.5) {
                kept.push(track);
            }
        }
        self.tracks = kept;
    }

    /// A number that no earlier track of this file bears (`SplitMix64`, Steele et al. 2014).
    fn number(&mut self) -> u32 {
        loop {
            self.born += 1;
            let mut mixed = self.seed.wrapping_add(self.born.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
            let number = (mixed ^ mixed >> 31) as u32;
            if number != 0 && self.tracks.iter().all(|track| track.number != number) {
                return number;
            }
        }
    }
}
