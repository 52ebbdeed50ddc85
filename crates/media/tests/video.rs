//! Pictures from files: the right ones, at the right times, upright, and whatever damage befalls.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::path::{Path, PathBuf};

use limbic_media::{Error, Frame, FrameStream};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

fn frames(path: &Path, rate: f64) -> Vec<Frame> {
    let mut stream = FrameStream::open(path, rate).unwrap().expect("a video track");
    std::iter::from_fn(|| stream.next_frame().unwrap()).collect()
}

fn mean(frame: &Frame, width: u32, height: u32) -> f64 {
    let rows = frame.gray().pixels().chunks(frame.width() as usize).take(height as usize);
    let sum: f64 = rows.flat_map(|row| &row[..width as usize]).map(|&pixel| f64::from(pixel)).sum();
    sum / f64::from(width * height)
}

/// Time, mean brightness, mean brightness of the upper left quarter: what ffmpeg makes of a file.
fn reference(name: &str) -> Vec<[f64; 3]> {
    let table = std::fs::read_to_string(fixture(name)).unwrap();
    let row = |line: &str| {
        let mut fields = line.split(',').map(|field| field.parse().unwrap());
        std::array::from_fn(|_| fields.next().unwrap())
    };
    table.lines().map(row).collect()
}

fn assert_is(frame: &Frame, expected: &[f64; 3], what: &str) {
    let (width, height) = (frame.width(), frame.height());
    let found = [frame.time(), mean(frame, width, height), mean(frame, width / 2, height / 2)];
    assert!((found[0] - expected[0]).abs() < 2e-6, "{what}: {found:?} for {expected:?}");
    assert!((found[1] - expected[1]).abs() < 0.1, "{what}: {found:?} for {expected:?}");
    assert!((found[2] - expected[2]).abs() < 0.1, "{what}: {found:?} for {expected:?}");
}

#[test]
fn every_picture_comes_in_display_order_with_the_time_that_ffmpeg_gives() {
    for name in ["video_pyramid", "video_main", "video_fragmented"] {
        let expected = reference(&format!("{name}.csv"));
        let found = frames(&fixture(&format!("{name}.mp4")), f64::INFINITY);
        assert_eq!(found.len(), expected.len(), "{name}");
        for (frame, expected) in found.iter().zip(&expected) {
            assert_is(frame, expected, name);
        }
    }
}

#[test]
fn a_rate_gives_the_latest_picture_at_each_moment_and_none_twice() {
    for name in ["video_pyramid", "video_main", "video_fragmented"] {
        let all = reference(&format!("{name}.csv"));
        for rate in [0.4, 1.0, 3.0, 5.0, 7.3, 24.0, 29.0, 60.0] {
            let last = all[all.len() - 1][0];
            let end = last + (last - all[0][0]) / (all.len() - 1) as f64 - 5e-4;
            let moments = (0..).map(|k| f64::from(k) / rate).take_while(|moment| *moment <= end);
            let at = |moment: f64| all.iter().rfind(|row| row[0] <= moment + 5e-4);
            let mut expected: Vec<&[f64; 3]> =
                std::iter::once(&all[0]).chain(moments.filter_map(at)).collect();
            expected.dedup_by(|a, b| a[0] == b[0]);
            let found = frames(&fixture(&format!("{name}.mp4")), rate);
            assert_eq!(found.len(), expected.len(), "{name} at {rate}");
            for (frame, expected) in found.iter().zip(expected) {
                assert_is(frame, expected, &format!("{name} at {rate}"));
            }
        }
    }
}

#[test]
fn a_turned_film_stands_upright() {
    let found = frames(&fixture("video_turned.mp4"), 5.0);
    assert_eq!((found[0].width(), found[0].height()), (48, 64));
    assert!(mean(&found[0], 48, 24) > 240.0, "white above");
    assert!(found[0].gray().nearest(24, 60)[0] < 15, "black below");
}

#[test]
fn the_duration_is_that_of_the_index() {
    let stream = FrameStream::open(&fixture("video_pyramid.mp4"), 5.0).unwrap().unwrap();
    assert!((stream.duration().unwrap() - 2.0).abs() < 0.1);
}

/// Reads all that can be read of some bytes and returns the number of pictures.
fn read_all(bytes: &[u8], rate: f64) -> (usize, usize) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    let mut stream = match FrameStream::open(file.path(), rate) {
        Ok(Some(stream)) => stream,
        Ok(None) => return (0, 0),
        Err(error) => {
            assert!(error.to_string().contains(&*file.path().to_string_lossy()), "{error}");
            return (0, 0);
        }
    };
    let mut count = 0;
    let mut before = f64::NEG_INFINITY;
    while let Ok(Some(frame)) = stream.next_frame() {
        assert!(frame.time() >= before, "order");
        before = frame.time();
        count += 1;
    }
    (count, stream.skipped().len())
}

/// Moves the index of a file to its front, as for streaming.
fn index_first(bytes: &[u8]) -> Vec<u8> {
    let name = |at: usize| &bytes[at + 4..at + 8];
    let size = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    let (mut at, mut moov, mut rest) = (0, Vec::new(), Vec::new());
    while at < bytes.len() {
        let part = &bytes[at..at + size(at)];
        if name(at) == b"moov" {
            moov.extend(part);
        } else {
            rest.extend(part);
        }
        at += size(at);
    }
    let table = moov.windows(4).position(|window| window == b"stco").unwrap() + 8;
    let count = u32::from_be_bytes(moov[table..table + 4].try_into().unwrap()) as usize;
    for entry in (0..count).map(|i| table + 4 + 4 * i) {
        let offset = u32::from_be_bytes(moov[entry..entry + 4].try_into().unwrap());
        let moved = offset + moov.len() as u32;
        moov[entry..entry + 4].copy_from_slice(&moved.to_be_bytes());
    }
    let first = size(0);
    [&rest[..first], &moov, &rest[first..]].concat()
}

#[test]
fn a_film_cut_short_gives_the_pictures_that_are_there() {
    let whole = index_first(&std::fs::read(fixture("video_pyramid.mp4")).unwrap());
    assert_eq!(read_all(&whole, f64::INFINITY), (60, 0));
    let counts: Vec<(usize, usize)> =
        (0..20).map(|i| read_all(&whole[..whole.len() * i / 20], f64::INFINITY)).collect();
    let only_more = counts.windows(2).all(|pair| pair[0].0 <= pair[1].0);
    assert!(only_more, "{counts:?}");
    assert!(counts[19].0 >= 50 && counts[19].1 == 1, "{counts:?}");
}

#[test]
fn a_film_without_its_index_is_called_damaged() {
    let whole = std::fs::read(fixture("video_pyramid.mp4")).unwrap();
    for cut in 1..20 {
        read_all(&whole[..whole.len() * cut / 20], 5.0);
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &whole[..whole.len() / 2]).unwrap();
    let error = FrameStream::open(file.path(), 5.0).err().expect("an error");
    assert!(matches!(error, Error::Damaged { .. }), "{error}");
}

#[test]
fn flipped_bytes_cost_pictures_and_never_the_program() {
    // A linear congruential generator (Knuth) picks the places, so that a failure can be repeated.
    let mut state = 7_u64;
    let mut random = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as usize
    };
    for name in ["video_pyramid.mp4", "video_main.mp4", "video_fragmented.mp4"] {
        let whole = std::fs::read(fixture(name)).unwrap();
        for flips in [1, 1, 1, 1, 3, 10, 50, 200] {
            let mut bytes = whole.clone();
            for _ in 0..flips {
                let place = random() % bytes.len();
                bytes[place] ^= 1 << (random() % 8);
            }
            read_all(&bytes, f64::INFINITY);
        }
        // The index alone, a byte here and there.
        let index = whole.windows(4).position(|window| window == b"moov").unwrap();
        for place in (index..whole.len().min(index + 1200)).step_by(7) {
            let mut bytes = whole.clone();
            bytes[place] ^= 0xff;
            read_all(&bytes, 3.0);
        }
    }
}

#[test]
fn damage_in_the_middle_is_told_and_the_rest_is_read() {
    let mut bytes = std::fs::read(fixture("video_pyramid.mp4")).unwrap();
    let data = bytes.windows(4).position(|window| window == b"mdat").unwrap();
    // The first key picture and what follows it: the next key comes after 24 pictures.
    bytes[data + 900..data + 1400].fill(0xa5);
    let (count, skipped) = read_all(&bytes, f64::INFINITY);
    assert!((30..60).contains(&count), "{count} pictures");
    assert!(skipped >= 1);
}

#[test]
fn a_format_that_is_not_built_in_goes_through_ffmpeg_or_says_so() {
    match FrameStream::open(&fixture("video_vp9.webm"), 5.0) {
        Ok(Some(mut stream)) => {
            let found: Vec<Frame> = std::iter::from_fn(|| stream.next_frame().unwrap()).collect();
            assert_eq!(found.len(), 5);
            assert_eq!((found[1].width(), found[1].height()), (128, 72));
            assert!((found[1].time() - 0.2).abs() < 1e-9);
        }
        Err(error) => assert!(
            matches!(&error, Error::NeedsFfmpeg { format, .. } if format == "VP9"),
            "{error}"
        ),
        Ok(None) => panic!("there is video"),
    }
}

#[test]
fn an_image_is_a_film_of_one_picture() {
    let found = frames(&fixture("video_face.jpg"), 5.0);
    assert_eq!((found.len(), found[0].time()), (1, 0.0));
    assert_eq!((found[0].width(), found[0].height()), (240, 284));
}

#[test]
fn images_keep_their_colours_and_large_ones_are_scaled_down() {
    let folder = tempfile::tempdir().unwrap();
    let save = |name: &str, width: u32, height: u32| {
        let path = folder.path().join(name);
        image::RgbImage::from_fn(width, height, |x, _| {
            if x < width / 2 { image::Rgb([200, 40, 60]) } else { image::Rgb([20, 160, 220]) }
        })
        .save(&path)
        .unwrap();
        path
    };
    let small = frames(&save("small.png", 40, 20), 1.0).remove(0).rgb();
    for (x, expected) in [(4, [200, 40, 60]), (36, [20, 160, 220])] {
        for (found, expected) in small.nearest(x, 10).iter().zip(expected) {
            assert!(found.abs_diff(expected) <= 2, "{found} for {expected}");
        }
    }
    let large = frames(&save("large.png", 4000, 2000), 1.0).remove(0);
    assert!(large.width() * large.height() <= 4_000_000);
    assert!((f64::from(large.width()) / f64::from(large.height()) - 2.0).abs() < 0.01);
    let speck = frames(&save("speck.png", 1, 1), 1.0).remove(0);
    assert_eq!((speck.width(), speck.rgb().pixels().len()), (1, 3));
    let error = FrameStream::open(&save("wide.png", 9000, 1), 1.0).err().expect("an error");
    assert!(error.to_string().contains("9000x1"), "{error}");
}

#[test]
fn sound_and_words_hold_no_video() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("words.mp4");
    std::fs::write(&path, "only words").unwrap();
    assert!(FrameStream::open(&path, 5.0).unwrap().is_none());
}
