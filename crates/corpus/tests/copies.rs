//! Copies of real recordings and pictures are known again, and other takes are not taken for them.

use std::path::{Path, PathBuf};

use limbic_corpus::leak::{Prints, Side, Tie, overlaps};
use limbic_corpus::{Card, Example, Media};

use crate::shared::shared;
use crate::wav::wav;

fn sound(path: &Path) -> Example {
    Example { media: vec![Media::Audio(path.to_owned())], ..Example::new(path.to_string_lossy()) }
}

/// Every `step`-th file of a folder.
fn recordings(folder: &Path, step: usize) -> Vec<PathBuf> {
    let mut files: Vec<_> = folder.read_dir().unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    files.into_iter().step_by(step).collect()
}

#[test]
fn louder_longer_noisier_and_resampled_copies_are_found() {
    let folders = ["ravdess/audio", "emodb/audio", "nemo/audio"];
    let Some(folders) = folders.into_iter().map(shared).collect::<Option<Vec<_>>>() else { return };
    let files: Vec<_> = folders.iter().flat_map(|folder| recordings(folder, 60)).collect();
    let copies = tempfile::tempdir().unwrap();
    let mut test = Vec::new();
    for (index, file) in files.iter().enumerate() {
        let (samples, _) = limbic_media::audio::read(file).unwrap();
        let peak = samples.iter().fold(0f32, |peak, sample| peak.max(sample.abs()));
        let mut padded = vec![0.0; 5_000];
        padded.extend(&samples);
        padded.extend(vec![0.0; 9_000]);
        let mut random = 1u32;
        let noisy = samples.iter().map(|sample| {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            sample + peak * 0.01 * ((random >> 8) as f32 / 8_388_608.0 - 1.0)
        });
        let quiet: Vec<f32> = samples.iter().map(|sample| sample * 0.1).collect();
        let ends = samples.iter().zip(samples.iter().skip(1));
        let finer = ends.flat_map(|(a, b)| [*a, (2.0 * a + b) / 3.0, (a + 2.0 * b) / 3.0]);
        let kinds = [
            (16_000, quiet),
            (16_000, padded),
            (16_000, noisy.collect()),
            (48_000, finer.collect::<Vec<_>>()),
        ];
        for (kind, (rate, samples)) in kinds.into_iter().enumerate() {
            let path = copies.path().join(format!("{index}-{kind}.wav"));
            wav(&path, rate, &samples);
            test.push(sound(&path));
        }
    }
    let train: Vec<_> = files.iter().map(|file| sound(file)).collect();
    let prints = Prints::take(train.iter().chain(&test), &|_| ()).unwrap();
    let card = Card::new("copies", Vec::new());
    let (train, test) = (Side::new(&card, &train), Side::new(&card, &test));
    let found = overlaps(&train, &test, Some(&prints));
    assert_eq!(found.len(), 1, "{found:?}");
    println!("{} of {} copies found: {}", found[0].test_clips, test.len(), found[0]);
    assert_eq!(found[0].tie, Tie::NearDuplicate);
    assert_eq!((found[0].test_clips, found[0].train_clips), (test.len(), train.len()));
}

#[test]
fn the_sound_of_a_film_is_its_recording_and_no_other_take() {
    let Some(folder) = shared("ravdess") else { return };
    let film = folder.join("video/01-01-01-01-01-01-01.mp4");
    let test = [Example { media: vec![Media::Film(film)], ..Example::new("film") }];
    let train: Vec<_> = recordings(&folder.join("audio"), 1).iter().map(|p| sound(p)).collect();
    let prints = Prints::take(train.iter().chain(&test), &|_| ()).unwrap();
    assert_eq!(prints.unread(), 0);
    let card = Card::new("ravdess", Vec::new());
    let found = overlaps(&Side::new(&card, &train), &Side::new(&card, &test), Some(&prints));
    assert_eq!((found.len(), found[0].tie), (1, Tie::NearDuplicate));
    assert!(found[0].examples[0].ends_with("03-01-01-01-01-01-01.flac"), "{}", found[0]);
    // Of 1,200 takes, two are one: actor 7 said "dogs" sadly once, and it was published twice.
    let mut pairs = 0;
    for (index, clip) in train.iter().enumerate() {
        let others = train[..index].iter();
        let (clip, others) = (Side::new(&card, [clip]), Side::new(&card, others));
        pairs += overlaps(&others, &clip, Some(&prints)).len();
    }
    assert_eq!(pairs, 1);
}
