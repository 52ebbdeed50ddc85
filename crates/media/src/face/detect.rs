//! The face detector: the funnel-structured cascade of `SeetaFace`, through `rustface`.

use rustface::ImageData;

use super::Square;
use crate::video::GrayImage;

/// The frontal model of `SeetaFace`; see `assets/README.md`.
const MODEL: &[u8] = include_bytes!("../../assets/seeta_fd_frontal_v1.0.bin");

/// Detections below this score are noise.
const DOUBTFUL: f64 = 2.0;

/// Detections from this score on begin a new track.
pub(super) const SURE: f32 = 4.0;

/// The smallest face that the cascade sees, in pixels: the size of its window.
const WINDOW: u32 = 40;

/// Pixels on the long side when looking for faces that fill the picture.
const LARGE_FACE_SIDE: f32 = 320.0;

/// Pixels of height when looking for small faces: one tenth of it is the window.
const SMALL_FACE_HEIGHT: f32 = 400.0;

/// Pixels of height when looking closely, once, for the smallest faces.
const CLOSE_LOOK_HEIGHT: f32 = 1200.0;

/// Pictures are searched at no more pixels on the long side.
const LONGEST_SIDE: f32 = 2000.0;

/// The largest face that the search for small ones looks for, in its own pixels.
const LARGEST_SMALL_FACE: u32 = 110;

/// Small pictures are not blown up by more than this.
const LARGEST_ENLARGEMENT: f32 = 1.2;

/// One face found.
#[derive(Debug, Clone, Copy)]
pub(super) struct Detection {
    /// In pixels of the picture given.
    pub(super) region: Square,
    pub(super) score: f32,
}

/// Finds frontal faces. Two passes: large faces in a small picture with a fine step, small faces
/// in a large one with a coarse step. Both together take about 25 ms of one core.
pub(super) struct Detector {
    large: Box<dyn rustface::Detector>,
    small: Box<dyn rustface::Detector>,
}

impl Detector {
    pub(super) fn new() -> Self {
        let build = |step: u32| {
            let model = rustface::read_model(MODEL).expect("the model compiled in is whole");
            let mut detector = rustface::create_detector_with_model(model);
            detector.set_slide_window_step(step, step);
            detector.set_pyramid_scale_factor(0.8);
            detector.set_score_thresh(DOUBTFUL);
            detector
        };
        let (large, mut small) = (build(4), build(8));
        small.set_max_face_size(LARGEST_SMALL_FACE);
        Self { large, small }
    }

    /// The faces from about a fifth of the picture's height on, or from a tenth on where
    /// `small_faces` are wanted or nothing larger is there.
    pub(super) fn detect(&mut self, picture: &GrayImage, small_faces: bool) -> Vec<Detection> {
        let (width, height) = (picture.width() as f32, picture.height() as f32);
        let mut found = detect_in(&mut *self.large, picture, LARGE_FACE_SIDE / width.max(height));
        if small_faces {
            for face in detect_in(&mut *self.small, picture, SMALL_FACE_HEIGHT / height) {
                if found.iter().all(|other| other.region.overlap(face.region) < 0.3) {
                    found.push(face);
                }
            }
        }
        found
    }

    /// The faces from a thirtieth of the picture's height on, as in group photographs. Dear: up to
    /// a quarter of a second.
    pub(super) fn look_closely(&mut self, picture: &GrayImage) -> Vec<Detection> {
        let scale = CLOSE_LOOK_HEIGHT / picture.height() as f32;
        detect_in(&mut *self.small, picture, scale.min(1.0))
    }
}

fn detect_in(
    detector: &mut dyn rustface::Detector,
    picture: &GrayImage,
    scale: f32,
) -> Vec<Detection> {
    let longest = picture.width().max(picture.height()) as f32;
    let scale = scale.min(LARGEST_ENLARGEMENT).min(LONGEST_SIDE / longest);
    let scaled = |side: u32| (side as f32 * scale).round() as u32;
    let (width, height) = (scaled(picture.width()), scaled(picture.height()));
    if width <= WINDOW || height <= WINDOW {
        return Vec::new();
    }
    let picture = picture.resized(width, height);
    detector
        .detect(&ImageData::new(picture.pixels(), width, height))
        .iter()
        .map(|face| {
            let area = face.bbox();
            let (left, top, side) = (area.x() as f32, area.y() as f32, area.width() as f32);
            Detection {
                region: Square { left, top, side }.scaled(1.0 / scale),
                score: face.score() as f32,
            }
        })
        .filter(|face| face.region.side >= 8.0 && face.score.is_finite())
        .collect()
}
