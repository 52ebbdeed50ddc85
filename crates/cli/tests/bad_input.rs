//! Every kind of bad input ends in one sentence that names the file, and costs the others
//! nothing.

use std::fs;
use std::path::Path;

use crate::media::{self, PLAIN, Wav};
use crate::program::{Run, predict, repository, skipped};

const RESULT: &str = "readings.jsonl";

/// Reads `bad` and a good text into one file, in `folder`.
fn together(folder: &Path, bad: &str) -> Run {
    fs::write(folder.join("good.txt"), "what a lovely day").unwrap();
    predict(folder, &[bad, "good.txt", "-o", RESULT])
}

/// The good input was read, nothing is half-written, and nobody panicked.
fn unharmed(folder: &Path, bad: &str, run: &Run) -> usize {
    let Run { stderr, .. } = run;
    assert!(!stderr.contains("panicked"), "{bad}: {stderr}");
    assert!(!stderr.contains('\u{1b}'), "{bad}: {stderr}");
    let readings = fs::read_to_string(folder.join(RESULT)).unwrap();
    let good = readings.lines().last().unwrap();
    let good: serde_json::Value = serde_json::from_str(good).unwrap();
    assert_eq!(good["source"], "good.txt", "{bad}");
    let names = folder.read_dir().unwrap().map(|e| e.unwrap().file_name());
    assert!(!names.into_iter().any(|n| n.to_string_lossy().ends_with(".part")), "{bad}");
    readings.lines().count()
}

/// `bad` is refused with one sentence.
fn refused(folder: &Path, bad: &str) {
    let run = together(folder, bad);
    let readings = unharmed(folder, bad, &run);
    assert_eq!(run.code, Some(1), "{bad}: {}", run.stderr);
    assert_eq!(readings, 1, "{bad}");
    one_sentence(bad, &run);
}

fn one_sentence(bad: &str, run: &Run) {
    let lines: Vec<&str> = run.stderr.lines().collect();
    let [line] = lines[..] else { panic!("{bad}: not one sentence: {}", run.stderr) };
    assert!(line.starts_with("error: ") && line.contains(bad), "{bad}: {line}");
    assert!(line.len() < 400, "{bad}: {line}");
}

/// `bad` is refused with one sentence, or what is left of it is read.
fn refused_or_read(folder: &Path, bad: &str) {
    let run = together(folder, bad);
    let readings = unharmed(folder, bad, &run);
    match run.code {
        Some(0) => assert_eq!(readings, 2, "{bad}"),
        Some(1) => one_sentence(bad, &run),
        other => panic!("{bad}: {other:?}"),
    }
}

fn refused_file(name: &str, content: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(name), content).unwrap();
    refused(folder.path(), name);
}

#[test]
fn an_empty_file() {
    for name in ["empty.wav", "empty.mp4", "empty.txt", "empty.png"] {
        refused_file(name, b"");
    }
}

#[test]
fn a_missing_file() {
    let folder = tempfile::tempdir().unwrap();
    refused(folder.path(), "nowhere.wav");
}

#[cfg(unix)]
#[test]
fn a_file_that_may_not_be_read() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("locked.wav");
    fs::write(&path, PLAIN.file(&media::babble(1.0))).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o0)).unwrap();
    if fs::File::open(&path).is_ok() {
        return skipped("this user may read every file");
    }
    refused(folder.path(), "locked.wav");
}

#[cfg(unix)]
#[test]
fn links_that_lead_nowhere_and_devices_that_never_end() {
    let folder = tempfile::tempdir().unwrap();
    let link = |from: &str, to: &str| {
        std::os::unix::fs::symlink(from, folder.path().join(to)).unwrap();
    };
    link("nowhere.wav", "broken.wav");
    link("loop.wav", "loop.wav");
    link("/dev/zero", "endless.wav");
    for name in ["broken.wav", "loop.wav", "endless.wav"] {
        refused(folder.path(), name);
    }
}

#[test]
fn a_folder_without_media() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("desk/drawer")).unwrap();
    fs::write(folder.path().join("desk/letter.pdf"), "%PDF-1.7").unwrap();
    refused(folder.path(), "desk");
}

#[test]
fn a_pattern_that_matches_nothing() {
    let folder = tempfile::tempdir().unwrap();
    refused(folder.path(), "*.flac");
}

#[test]
fn content_of_no_known_kind_whatever_its_name() {
    let noise = media::flipped(&[0; 5000], 20_000, 7);
    for name in ["noise.wav", "noise.mp4", "noise.png", "noise.mp3", "noise.txt", "noise"] {
        refused_file(name, &noise);
    }
    refused_file("archive.mp4", b"PK\x03\x04\x14\x00\x00\x00\x08\x00and so on and so on and so on");
    refused_file("document.wav", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< >>\nendobj\n");
    refused_file("animation.png", b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!");
}

#[test]
fn a_wrong_ending_alone_is_no_harm() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("sound.mp3"), PLAIN.file(&media::babble(2.0))).unwrap();
    let run = together(folder.path(), "sound.mp3");
    assert_eq!(
        (run.code, unharmed(folder.path(), "sound.mp3", &run)),
        (Some(0), 2),
        "{}",
        run.stderr
    );
}

#[test]
fn sound_of_no_length() {
    refused_file("nothing.wav", &PLAIN.file(b""));
}

#[test]
fn samples_that_are_no_numbers() {
    let wav = Wav { format: 3, bits: 32, ..PLAIN };
    let nan: Vec<u8> = (0..16_000).flat_map(|_| f32::NAN.to_le_bytes()).collect();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("nan.wav"), wav.file(&nan)).unwrap();
    refused_or_read(folder.path(), "nan.wav");
}

#[test]
fn sample_rates_and_channels_that_cannot_be() {
    let data = media::babble(0.5);
    refused_file("rate-0.wav", &Wav { rate: 0, ..PLAIN }.file(&data));
    refused_file("rate-4-thousand-million.wav", &Wav { rate: u32::MAX, ..PLAIN }.file(&data));
    refused_file("no-channel.wav", &Wav { channels: 0, ..PLAIN }.file(&data));
    refused_file("no-bits.wav", &Wav { bits: 0, ..PLAIN }.file(&data));
}

#[test]
fn a_wav_that_promises_more_than_it_holds() {
    let folder = tempfile::tempdir().unwrap();
    let mut file = PLAIN.file(&media::babble(1.0));
    file[40..44].copy_from_slice(&u32::MAX.to_le_bytes());
    fs::write(folder.path().join("promise.wav"), file).unwrap();
    refused_or_read(folder.path(), "promise.wav");
}

#[test]
fn a_picture_of_one_pixel() {
    refused_file("dot.png", &media::png(1, 1));
}

#[test]
fn a_picture_that_is_cut_or_claims_to_be_huge() {
    let picture = media::png(64, 64);
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("cut.png"), &picture[..picture.len() / 3]).unwrap();
    refused_or_read(folder.path(), "cut.png");
    let mut huge = picture;
    huge[16..24].copy_from_slice(&[0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff]);
    refused_file("huge.png", &huge);
}

#[test]
fn a_text_of_a_megabyte() {
    refused_file("long.txt", "all work and no play ".repeat(50_000).as_bytes());
}

#[test]
fn a_text_that_is_not_unicode() {
    refused_file("latin.txt", b"Sch\xf6ne Gr\xfc\xdfe aus K\xf6ln");
}

#[test]
fn subtitles_with_broken_times_cost_those_subtitles() {
    let folder = tempfile::tempdir().unwrap();
    let subtitles =
        "1\n99:99:99,999 --> 00:00:01,000\nno\n\n2\n00:00:01,000 --> 00:00:02,000\nyes\n";
    fs::write(folder.path().join("broken.srt"), subtitles).unwrap();
    refused_or_read(folder.path(), "broken.srt");
}

#[test]
fn a_film_of_no_pictures_a_second() {
    // The boxes of a film whose clock does not tick: time scale 0 in its movie header.
    let mut film = fs::read(repository("samples/hello.mp4")).unwrap();
    let headers = [&b"mvhd"[..], b"mdhd"];
    for header in headers {
        let places: Vec<usize> =
            film.windows(4).enumerate().filter(|(_, w)| *w == header).map(|(i, _)| i).collect();
        for place in places {
            film[place + 16..place + 20].fill(0);
        }
    }
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("still.mp4"), film).unwrap();
    refused_or_read(folder.path(), "still.mp4");
}

#[test]
fn files_cut_at_twenty_places() {
    let folder = tempfile::tempdir().unwrap();
    let film = fs::read(repository("samples/hello.mp4")).unwrap();
    let sound = PLAIN.file(&media::babble(1.0));
    for (name, file) in [("film", film), ("sound", sound)] {
        for part in 1..=20 {
            let name = format!("{name}-{part}.bin");
            fs::write(folder.path().join(&name), &file[..file.len() * part / 21]).unwrap();
            refused_or_read(folder.path(), &name);
        }
    }
}

#[test]
fn files_with_two_hundred_bytes_flipped() {
    let folder = tempfile::tempdir().unwrap();
    let film = fs::read(repository("samples/hello.mp4")).unwrap();
    let sound = PLAIN.file(&media::babble(1.0));
    for (name, file) in [("film", film), ("sound", sound), ("picture", media::png(99, 99))] {
        for seed in 0..5 {
            let name = format!("{name}-{seed}.bin");
            fs::write(folder.path().join(&name), media::flipped(&file, 200, seed)).unwrap();
            refused_or_read(folder.path(), &name);
        }
    }
}

#[test]
fn where_nothing_can_be_read_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let run = predict(folder.path(), &["gone.wav", "-o", RESULT]);
    assert_eq!(run.code, Some(1));
    assert!(folder.path().read_dir().unwrap().next().is_none());
    assert!(run.stdout.is_empty());
}
