//! Faces found, followed, told apart and cut out.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use limbic_media::{Face, FaceTracker, Frame, FrameStream, RgbImage, Square};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Says so past the test runner, which keeps what a passing test prints to itself.
fn skipped(why: &str) {
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("a test");
    let _ = writeln!(std::io::stderr(), "skipped {test}: {why}");
}

fn still(path: &Path) -> Frame {
    FrameStream::open(path, 1.0).unwrap().unwrap().next_frame().unwrap().unwrap()
}

fn drawn_face() -> RgbImage {
    still(&root().join("crates/media/tests/fixtures/video_face.jpg")).rgb()
}

/// A picture of 640x360 with the drawn face, 120 pixels wide, at each of `places`.
fn picture(face: &RgbImage, places: &[(i64, i64)], time: f64) -> Frame {
    let face = face.resized(150, 178);
    let mut pixels: Vec<u8> = (0..360)
        .flat_map(|y| (0..640).flat_map(move |x| [((x / 5 + y / 3) % 90 + 60) as u8; 3]))
        .collect();
    for &(left, top) in places {
        for y in 0..178_i64 {
            for x in 0..150_i64 {
                let at = ((top + y) * 640 + left + x) as usize * 3;
                pixels[at..at + 3].copy_from_slice(face.nearest(x, y));
            }
        }
    }
    Frame::from_rgb(&RgbImage::new(640, 360, pixels).unwrap(), time)
}

#[test]
fn one_moving_face_keeps_one_number_in_every_frame() {
    let face = drawn_face();
    let mut tracker = FaceTracker::seeded(1);
    let mut numbers = BTreeSet::new();
    for step in 0..25 {
        let left = 30 + 17 * step;
        let frame = picture(&face, &[(left, 80 + step)], step as f64 / 5.0);
        let found = tracker.step(&frame);
        assert_eq!(found.len(), 1, "frame {step}");
        let (x, _) = found[0].region.centre();
        assert!((x - (left as f32 + 75.0)).abs() < 20.0, "frame {step}: {:?}", found[0]);
        numbers.insert(found[0].track);
    }
    assert_eq!(numbers.len(), 1);
}

#[test]
fn two_faces_bear_two_numbers() {
    let face = drawn_face();
    let mut tracker = FaceTracker::seeded(2);
    let mut numbers = BTreeSet::new();
    for step in 0..12 {
        let places = [(30 + 6 * step, 70), (440 - 6 * step, 90)];
        let found = tracker.step(&picture(&face, &places, step as f64 / 5.0));
        assert_eq!(found.len(), 2, "frame {step}: {found:?}");
        numbers.extend(found.iter().map(|face| face.track));
    }
    assert_eq!(numbers.len(), 2);
}

#[test]
fn a_face_gone_for_longer_than_a_second_is_somebody_new() {
    let face = drawn_face();
    let mut tracker = FaceTracker::seeded(3);
    let first = tracker.step(&picture(&face, &[(200, 90)], 0.0))[0].track;
    for step in 1..10 {
        let gone = tracker.step(&picture(&face, &[], step as f64 / 5.0));
        assert!(gone.is_empty(), "{gone:?}");
    }
    let mut back = Vec::new();
    for step in 10..14 {
        back.extend(tracker.step(&picture(&face, &[(60, 90)], step as f64 / 5.0)));
    }
    assert!(!back.is_empty());
    assert!(back.iter().all(|face| face.track != first && face.track == back[0].track));
}

#[test]
fn pictures_too_small_for_a_face_hold_none() {
    let mut tracker = FaceTracker::new();
    for (width, height) in [(1, 1), (1, 500), (48, 48), (39, 4000)] {
        let pixels = vec![120; width as usize * height as usize * 3];
        let frame = Frame::from_rgb(&RgbImage::new(width, height, pixels).unwrap(), 0.0);
        assert!(tracker.step(&frame).is_empty(), "{width}x{height}");
    }
}

#[test]
fn a_crop_at_the_border_repeats_the_border() {
    let pixels: Vec<u8> = (0..20 * 10).flat_map(|i| [(i % 20 * 10) as u8; 3]).collect();
    let frame = Frame::from_rgb(&RgbImage::new(20, 10, pixels).unwrap(), 0.0);
    let region = |left: f32, top: f32, side: f32| Face {
        track: 1,
        region: Square { left, top, side },
        score: 5.0,
        detected: true,
    };
    let left = region(-8.0, 0.0, 8.0).crop(&frame, 0.0, 8);
    assert!(left.pixels().iter().all(|&pixel| pixel == 0), "{left:?}");
    let right = region(24.0, -30.0, 8.0).crop(&frame, 0.0, 8);
    assert!(right.pixels().iter().all(|&pixel| pixel == 190), "{right:?}");
    let inside = region(4.0, 2.0, 6.0).crop(&frame, 0.0, 6);
    assert_eq!(&inside.pixels()[..6], [40, 50, 60, 70, 80, 90]);
    let with_margin = region(5.0, 3.0, 4.0).crop(&frame, 0.25, 6);
    assert_eq!(with_margin, inside);
    let colour = region(4.0, 2.0, 6.0).crop_rgb(&frame, 0.0, 6);
    assert_eq!((colour.width(), colour.pixels().len()), (6, 108));
    for side in [0.0, f32::NAN, f32::INFINITY, 1e9, -5.0] {
        assert_eq!(region(side, side, side).crop(&frame, 0.1, 4).pixels().len(), 16);
    }
}

/// The share of frames at `rate` in which a face is there, and the number of tracks.
fn share_with_face(path: &Path, rate: f64) -> (f64, usize) {
    let mut stream = FrameStream::open(path, rate).unwrap().unwrap();
    let mut tracker = FaceTracker::seeded(4);
    let (mut all, mut with, mut numbers) = (0, 0, BTreeSet::new());
    while let Some(frame) = stream.next_frame().unwrap() {
        let faces = tracker.step(&frame);
        all += 1;
        with += usize::from(!faces.is_empty());
        numbers.extend(faces.iter().map(|face| face.track));
    }
    (with as f64 / f64::from(all), numbers.len())
}

#[test]
fn the_face_of_the_sample_is_found_in_nearly_every_frame() {
    let (share, tracks) = share_with_face(&root().join("samples/hello.mp4"), 5.0);
    assert!(share >= 0.9, "{share}");
    assert_eq!(tracks, 1);
}

#[test]
fn the_actor_of_the_real_clip_is_found_in_nearly_every_frame() {
    let shared =
        std::env::var_os("LIMBIC_SHARED").map_or_else(|| root().join("../shared"), PathBuf::from);
    let clip = shared.join("data/ravdess/video/01-01-01-01-01-01-01.mp4");
    if !clip.is_file() {
        return skipped(&format!("{} is not there; set LIMBIC_SHARED", clip.display()));
    }
    for rate in [1.0, 4.0, 5.0, f64::INFINITY] {
        let (share, tracks) = share_with_face(&clip, rate);
        assert!(share >= 0.95, "{share} at {rate}");
        assert_eq!(tracks, 1, "at {rate}");
    }
}
