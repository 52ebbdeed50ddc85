//! Sound of every format: length, waveform, damage, refusals. One long file, because the formats
//! share their recordings, their table of references and their checks.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use limbic_media::{AudioStream, Clip, Error, Kind, SAMPLE_RATE, audio, speech_spans};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

fn has_ffmpeg() -> bool {
    let Some(path) = std::env::var_os("PATH") else { return false };
    std::env::split_paths(&path)
        .any(|folder| folder.is_absolute() && folder.join("ffmpeg").is_file())
}

/// Reproducible numbers (splitmix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// Names and the number of samples that ffmpeg decodes from each.
fn references() -> Vec<(String, usize)> {
    let table = std::fs::read_to_string(fixture("reference.txt")).unwrap();
    let row = |line: &str| {
        let (name, samples) = line.split_once(' ').unwrap();
        (name.to_owned(), samples.parse().unwrap())
    };
    table.lines().map(row).collect()
}

fn needs_ffmpeg(name: &str) -> bool {
    matches!(name, "ac3.mkv" | "film.avi")
}

/// Cosine of two waveforms, the second `lag` samples later.
fn correlation(a: &[f32], b: &[f32], lag: usize) -> f64 {
    let pairs =
        || a.iter().zip(&b[lag.min(b.len())..]).map(|(a, b)| (f64::from(*a), f64::from(*b)));
    let sum = |f: fn((f64, f64)) -> f64| pairs().map(f).sum::<f64>();
    sum(|(a, b)| a * b) / (sum(|(a, _)| a * a) * sum(|(_, b)| b * b)).sqrt()
}

/// Says so past the test runner, which keeps what a passing test prints to itself.
fn skipped(why: &str) {
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("a test");
    let _ = writeln!(std::io::stderr(), "skipped {test}: {why}");
}

#[test]
fn every_format_has_the_length_that_ffmpeg_finds() {
    for (name, expected) in references() {
        if needs_ffmpeg(&name) && !has_ffmpeg() {
            skipped(&format!("{name} needs ffmpeg"));
            continue;
        }
        let (samples, skipped) = audio::read(&fixture(&name)).unwrap();
        // libavformat keeps the padding of Vorbis; 8,000 samples were encoded.
        let expected = if name.starts_with("vorbis.ogg") { 8_000 } else { expected };
        // Webm tells the padding of Opus in a field that symphonia does not hand on: one packet.
        let more = if matches!(name.as_str(), "opus.webm" | "film.mkv") { 320 } else { 0 };
        let rounding = usize::from(name.contains('_'));
        let range = expected - rounding..=expected + rounding + more;
        assert!(range.contains(&samples.len()), "{name}: {} not {expected}", samples.len());
        assert!(skipped.is_empty(), "{name}: {skipped:?}");
    }
}

#[test]
fn lossless_formats_are_bit_exact() {
    let original = audio::read(&fixture("pcm16.wav")).unwrap().0;
    assert_eq!(original.len(), 8_000);
    for name in ["flac.flac", "alac.m4a"] {
        assert_eq!(audio::read(&fixture(name)).unwrap().0, original, "{name}");
    }
    assert_eq!(audio::read(&fixture("float.wav")).unwrap().0, original[..3_200]);
    assert_eq!(audio::read(&fixture("pcm16.aiff")).unwrap().0, original[..4_800]);
}

#[test]
fn the_delay_of_every_encoder_that_declares_it_is_gone() {
    let original = audio::read(&fixture("pcm16.wav")).unwrap().0;
    let names = [
        ("pcm8_8k.wav", 0.97),
        ("pcm24_22k.wav", 0.99),
        ("pcm32_44k.wav", 0.99),
        ("pcm16_192k.wav", 0.99),
        ("eight_channels.wav", 0.97),
        ("mp3.mp3", 0.97),
        ("mp3_44k.mp3", 0.97),
        ("aac.m4a", 0.95),
        ("aac_44k.m4a", 0.95),
        ("film.mp4", 0.95),
        ("vorbis.ogg", 0.97),
        ("vorbis.webm", 0.97),
        ("opus.opus", 0.9),
        ("opus.webm", 0.9),
        ("film.mkv", 0.9),
    ];
    for (name, least) in names {
        let samples = audio::read(&fixture(name)).unwrap().0;
        let at = correlation(&samples, &original, 0);
        println!("{name}: {at:.4}");
        assert!(at > least, "{name}: {at}");
        // Opus itself moves a wave by a sample or two.
        let nearest = if least < 0.95 { 8 } else { 1 };
        for lag in nearest..40 {
            assert!(correlation(&samples, &original, lag) < at, "{name} is {lag} early");
            assert!(correlation(&original, &samples, lag) < at, "{name} is {lag} late");
        }
    }
}

#[test]
fn waveforms_are_those_of_ffmpeg() {
    if !has_ffmpeg() {
        return skipped("it needs ffmpeg");
    }
    for (name, _) in references() {
        // ffmpeg's own Opus decoder differs from the reference (0.97); libopus is the reference.
        let opus = name.starts_with("opus") || name == "film.mkv";
        let decoder = if opus { ["-c:a", "libopus", "-i"].as_slice() } else { &["-i"] };
        let run = Command::new("ffmpeg")
            .args(["-nostdin", "-loglevel", "quiet"])
            .args(decoder)
            .arg(fixture(&name))
            .args(["-map", "0:a:0", "-ac", "1", "-ar", "16000", "-f", "f32le", "pipe:1"])
            .output()
            .unwrap();
        let theirs: Vec<f32> =
            run.stdout.chunks_exact(4).map(|s| f32::from_le_bytes(s.try_into().unwrap())).collect();
        let ours = audio::read(&fixture(&name)).unwrap().0;
        let at = correlation(&ours, &theirs, 0);
        println!("{name}: {} and {} samples, correlation {at:.5}", ours.len(), theirs.len());
        assert!(at > 0.999, "{name}: {at}");
    }
}

#[test]
fn content_decides_and_not_the_name() {
    let folder = tempfile::tempdir().unwrap();
    for (name, disguise) in
        [("pcm16.wav", "-sound.mp3"), ("mp3.mp3", "%d;x'.wav"), ("aac.m4a", "a b.flac")]
    {
        let path = folder.path().join(disguise);
        std::fs::copy(fixture(name), &path).unwrap();
        assert_eq!(audio::read(&path).unwrap().0, audio::read(&fixture(name)).unwrap().0);
        assert_eq!(Clip::open(&path).unwrap().kind(), Kind::Audio);
    }
}

#[test]
fn a_film_without_sound_has_none() {
    assert!(AudioStream::open(&fixture("mute.mp4")).unwrap().is_none());
    let clip = Clip::open(fixture("mute.mp4")).unwrap();
    assert_eq!(clip.kind(), Kind::Video);
    assert!(clip.audio().unwrap().is_none());
    assert!(matches!(audio::read(&fixture("mute.mp4")), Err(Error::Unsupported { .. })));
}

#[test]
fn subtitles_inside_a_film_are_read() {
    for name in ["film.mp4", "film.mkv"] {
        let clip = Clip::open(fixture(name)).unwrap();
        assert_eq!(clip.kind(), Kind::Video);
        let cues: Vec<_> =
            clip.cues().iter().map(|cue| (cue.span.unwrap(), cue.text.as_str())).collect();
        assert_eq!(cues.len(), 2, "{name}");
        assert_eq!((cues[0].1, cues[1].1), ("Oh, how", "nice!"), "{name}");
        assert!(
            (cues[0].0.start - 0.05).abs() < 0.01 && (cues[0].0.end - 0.3).abs() < 0.01,
            "{name}: {cues:?}"
        );
    }
}

#[test]
fn words_beside_a_recording_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clip.wav");
    std::fs::copy(fixture("pcm16.wav"), &path).unwrap();
    assert!(Clip::open(&path).unwrap().cues().is_empty());
    std::fs::write(folder.path().join("clip.txt"), "Oh, how\nnice!").unwrap();
    let clip = Clip::open(&path).unwrap().with_text("Really.");
    let words: Vec<_> = clip.cues().iter().map(|cue| cue.text.as_str()).collect();
    assert_eq!(words, ["Oh, how nice!", "Really."]);
    assert_eq!(clip.duration(), Some(0.5));
}

#[test]
fn text_files_are_clips_of_words() {
    let folder = tempfile::tempdir().unwrap();
    let wide: Vec<u8> = "\u{feff}How nice!".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let megabyte = "How nice! ".repeat(100_000);
    let cases = [
        ("a.txt", b"How nice!".to_vec(), None),
        ("b.mp4", wide, None),
        ("c.srt", b"1\n00:00:01,000 --> 00:00:02,000\nHow nice!\n".to_vec(), Some(1.0)),
        ("d.txt", b"WEBVTT\n\n00:03.000 --> 00:04.000\nHow nice!\n".to_vec(), Some(3.0)),
        ("e.txt", megabyte.into_bytes(), None),
    ];
    for (name, bytes, start) in cases {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let clip = Clip::open(&path).unwrap();
        assert_eq!(clip.kind(), Kind::Text, "{name}");
        assert_eq!(clip.cues().len(), 1, "{name}");
        assert!(clip.cues()[0].text.starts_with("How nice!"), "{name}");
        assert_eq!(clip.cues()[0].span.map(|span| span.start), start, "{name}");
        assert!(clip.audio().unwrap().is_none());
    }
    let long = folder.path().join("long.txt");
    std::fs::write(&long, vec![b'a'; (64 << 20) + 1]).unwrap();
    let error = Clip::open(&long).unwrap_err().to_string();
    assert!(error.contains("longer than 64 MB"), "{error}");
}

/// A RIFF wave file around `data`.
fn wav(format: u16, channels: u16, rate: u32, bits: u16, data: &[u8]) -> Vec<u8> {
    let frame = channels * bits / 8;
    let mut bytes = b"RIFF".to_vec();
    bytes.extend((36 + data.len() as u32).to_le_bytes());
    bytes.extend(b"WAVEfmt \x10\0\0\0");
    bytes.extend(format.to_le_bytes());
    bytes.extend(channels.to_le_bytes());
    bytes.extend(rate.to_le_bytes());
    bytes.extend((rate.wrapping_mul(frame.into())).to_le_bytes());
    bytes.extend(frame.to_le_bytes());
    bytes.extend(bits.to_le_bytes());
    bytes.extend(b"data");
    bytes.extend((data.len() as u32).to_le_bytes());
    bytes.extend(data);
    bytes
}

fn read_bytes(bytes: &[u8]) -> limbic_media::Result<(Vec<f32>, Vec<limbic_media::Skipped>)> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clip.wav");
    std::fs::write(&path, bytes).unwrap();
    audio::read(&path)
}

fn float_wav(samples: &[f32]) -> Vec<u8> {
    wav(3, 1, SAMPLE_RATE, 32, &samples.iter().flat_map(|s| s.to_le_bytes()).collect::<Vec<_>>())
}

#[test]
fn samples_that_are_no_numbers_become_silence_and_are_told() {
    let mut samples = vec![0.25f32; 48_000];
    samples[20_000] = f32::NAN;
    samples[20_001] = f32::INFINITY;
    let (read, skipped) = read_bytes(&float_wav(&samples)).unwrap();
    assert_eq!(read.len(), 48_000);
    assert!(read.iter().all(|sample| sample.is_finite()));
    let silent = read.iter().filter(|sample| **sample == 0.0).count();
    assert!((2..5_000).contains(&silent), "{silent}");
    let span = skipped[0].span.unwrap();
    assert!(skipped.len() == 1 && span.start <= 1.25 && span.end >= 1.25 && span.duration() < 0.5);

    let all = read_bytes(&float_wav(&vec![f32::NAN; 16_000])).unwrap_err();
    assert!(matches!(all, Error::Damaged { .. }), "{all}");
}

#[test]
fn a_recording_of_no_length_is_an_answer() {
    assert_eq!(read_bytes(&float_wav(&[])).unwrap().0, []);
}

#[test]
fn absurd_sample_rates_are_refused() {
    for rate in [0, 1, 10_000_000, u32::MAX] {
        let error = read_bytes(&wav(1, 1, rate, 16, &[0; 3_200])).unwrap_err().to_string();
        println!("{rate}: {error}");
        assert!(error.contains("clip.wav: ") && error.contains("; "), "{error}");
    }
}

#[test]
fn what_is_no_recording_is_refused_in_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty.wav");
    std::fs::write(&empty, []).unwrap();
    let noise = folder.path().join("noise.mp4");
    std::fs::write(&noise, [0u8, 1, 2, 3, 200, 9, 0, 0].repeat(100)).unwrap();
    let webp = folder.path().join("face.png");
    std::fs::write(&webp, b"RIFF\x20\0\0\0WEBPVP8 ").unwrap();
    let missing = folder.path().join("missing.wav");
    let cases =
        [&empty, &noise, &webp, &missing, &folder.path().to_owned(), &PathBuf::from("/dev/zero")];
    for path in cases {
        let error = Clip::open(path).unwrap_err().to_string();
        println!("{error}");
        assert!(error.starts_with(&path.display().to_string()) && error.contains("; "), "{error}");
        assert!(!error.contains('\n'));
    }
    assert!(matches!(Clip::open(&empty), Err(Error::Empty { .. })));
}

#[test]
fn a_tone_keeps_its_frequency_and_phase_at_every_rate() {
    for rate in [8_000u32, 11_025, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000, 192_000] {
        let tone = |n: usize, rate: u32| {
            (std::f64::consts::TAU * 1000.0 * n as f64 / f64::from(rate)).sin() * 0.5
        };
        let seconds = 3;
        let data: Vec<u8> = (0..rate as usize * seconds)
            .flat_map(|n| (tone(n, rate) as f32).to_le_bytes())
            .collect();
        let (read, _) = read_bytes(&wav(3, 1, rate, 32, &data)).unwrap();
        assert_eq!(read.len(), SAMPLE_RATE as usize * seconds, "{rate}");
        // The filter rings for a moment where the tone is switched on and off.
        let inside = 1_600..read.len() - 1_600;
        let error = inside
            .clone()
            .map(|n| (f64::from(read[n]) - tone(n, SAMPLE_RATE)).powi(2))
            .sum::<f64>();
        let power = inside.map(|n| tone(n, SAMPLE_RATE).powi(2)).sum::<f64>();
        let decibels = 10.0 * (error / power).log10();
        println!("{rate} Hz: error {decibels:.1} dB");
        assert!(decibels < -60.0, "{rate}: {decibels}");
    }
}

#[test]
fn tones_below_the_filter_keep_their_level() {
    for rate in [22_050u32, 44_100, 48_000, 192_000] {
        let tone =
            |n: usize| (std::f64::consts::TAU * 7_600.0 * n as f64 / f64::from(rate)).sin() as f32;
        let data: Vec<u8> = (0..rate as usize).flat_map(|n| tone(n).to_le_bytes()).collect();
        let (read, _) = read_bytes(&wav(3, 1, rate, 32, &data)).unwrap();
        let inside = &read[1_600..14_400];
        let power = inside.iter().map(|s| f64::from(s * s)).sum::<f64>() / inside.len() as f64;
        let decibels = 10.0 * (2.0 * power).log10();
        println!("{rate} Hz: {decibels:.2} dB");
        assert!(decibels.abs() < 0.1, "{rate}: {decibels}");
    }
}

#[test]
fn tones_above_eight_kilohertz_do_not_fold_back() {
    for (rate, frequency) in [(44_100u32, 9_000.0), (48_000, 10_000.0), (22_050, 9_500.0)] {
        let tone = |n: usize| {
            (std::f64::consts::TAU * frequency * n as f64 / f64::from(rate)).sin() as f32
        };
        let data: Vec<u8> = (0..rate as usize).flat_map(|n| tone(n).to_le_bytes()).collect();
        let (read, _) = read_bytes(&wav(3, 1, rate, 32, &data)).unwrap();
        let peak = read[1_600..14_400].iter().fold(0.0f32, |peak, sample| peak.max(sample.abs()));
        assert!(peak < 1e-3, "{frequency} Hz at {rate}: {peak}");
    }
}

#[test]
fn tags_around_an_mp3_are_no_damage() {
    let bytes = std::fs::read(fixture("mp3.mp3")).unwrap();
    let (whole, _) = read_bytes(&bytes).unwrap();
    let tag = [b"TAGtitle".as_slice(), &[0; 120]].concat();
    let (read, skipped) = read_bytes(&[bytes.as_slice(), &tag].concat()).unwrap();
    assert_eq!((read, skipped), (whole, Vec::new()));
}

#[test]
fn recordings_one_after_another_in_an_ogg_are_all_read() {
    let bytes = std::fs::read(fixture("opus.opus")).unwrap();
    let (once, _) = read_bytes(&bytes).unwrap();
    let (twice, skipped) = read_bytes(&bytes.repeat(2)).unwrap();
    assert_eq!(twice.len(), 2 * once.len());
    assert!(skipped.is_empty(), "{skipped:?}");
}

#[test]
fn a_film_that_was_cut_off_gives_what_is_there() {
    let bytes = std::fs::read(fixture("film.mp4")).unwrap();
    let (whole, _) = read_bytes(&bytes).unwrap();
    let (part, skipped) = read_bytes(&bytes[..bytes.len() - 1_500]).unwrap();
    assert!(part.len() > 1_000 && part.len() < whole.len(), "{} of {}", part.len(), whole.len());
    assert_eq!(part[..1_000], whole[..1_000]);
    assert!(!skipped.is_empty());
}

#[test]
fn no_damage_makes_a_panic() {
    let mut random = Random(7);
    let folder = tempfile::tempdir().unwrap();
    let (mut read, mut refused) = (0, 0);
    for (name, _) in references() {
        let bytes = std::fs::read(fixture(&name)).unwrap();
        let mut variants: Vec<Vec<u8>> =
            (0..20).map(|part| bytes[..bytes.len() * part / 20].to_vec()).collect();
        for flips in [1, 5, 20, 200, 200, 200] {
            let mut damaged = bytes.clone();
            for _ in 0..flips {
                let at = random.next() as usize % damaged.len();
                damaged[at] = random.next() as u8;
            }
            variants.push(damaged);
        }
        for variant in variants {
            let path = folder.path().join(&name);
            std::fs::write(&path, variant).unwrap();
            match (Clip::open(&path), audio::read(&path)) {
                (_, Ok((samples, _))) => {
                    assert!(samples.iter().all(|sample| sample.is_finite()), "{name}");
                    assert!(
                        samples.len() < 3_600 * SAMPLE_RATE as usize,
                        "{name}: {}",
                        samples.len()
                    );
                    read += 1;
                }
                (_, Err(error)) => {
                    assert!(error.to_string().contains(&name), "{error}");
                    refused += 1;
                }
            }
        }
    }
    println!("{read} damaged files read in part, {refused} refused");
    // Without ffmpeg, a damaged header is the end; with it, most of these are read.
    assert!(read > 150);
}

#[test]
fn speech_is_found_and_other_sound_is_not() {
    let speech = audio::read(&fixture("pcm16.wav")).unwrap().0;
    assert_eq!(speech_spans(&speech).len(), 1);
    let mut random = Random(3);
    let noise: Vec<f32> =
        (0..160_000).map(|_| random.next() as u16 as f32 / 109_226.0 - 0.3).collect();
    let tone = |frequency: f32| -> Vec<f32> {
        (0..160_000)
            .map(|n| (std::f32::consts::TAU * frequency * n as f32 / 16_000.0).sin() * 0.3)
            .collect()
    };
    for (name, sound) in [
        ("silence", vec![0.0; 160_000]),
        ("white noise", noise),
        ("100 Hz", tone(100.0)),
        ("440 Hz", tone(440.0)),
        ("1 kHz", tone(1_000.0)),
        ("4 kHz", tone(4_000.0)),
    ] {
        let found = speech_spans(&sound);
        println!("{name}: {found:?}");
        assert!(found.is_empty(), "{name}: {found:?}");
    }
}

#[test]
fn real_recordings_are_read_and_their_speech_is_found() {
    let shared = std::env::var_os("LIMBIC_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let data = shared.join("data");
    if !data.is_dir() {
        return skipped(&format!("{} is not there; set LIMBIC_SHARED", data.display()));
    }
    for corpus in ["ravdess", "emodb", "nemo"] {
        let mut paths = Vec::new();
        let mut folders = vec![data.join(corpus).join("audio")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { folders.push(path) } else { paths.push(path) }
            }
        }
        paths.sort();
        let some: Vec<_> = paths.iter().step_by(paths.len() / 60 + 1).collect();
        let mut spoken = 0;
        for path in &some {
            let (samples, skipped) = audio::read(path).unwrap();
            assert!(!samples.is_empty() && skipped.is_empty(), "{}: {skipped:?}", path.display());
            spoken += usize::from(!speech_spans(&samples).is_empty());
        }
        println!("{corpus}: speech in {spoken} of {} clips", some.len());
        assert!(spoken * 100 >= some.len() * 95);
    }
}
