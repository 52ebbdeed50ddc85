use limbic_media::Modality;

use super::*;
use crate::Times;

fn features(value: f32, count: usize) -> Features {
    let times = Times::Steps { start: 0.0, hop: 0.01 };
    Features::new(Modality::Audio, [count, 1], vec![value; count], times).unwrap()
}

fn must_be_there() -> Result<Features> {
    panic!("it was computed again")
}

fn files(cache: &Cache) -> Vec<PathBuf> {
    entries(cache.root()).flat_map(|folder| entries(&folder).collect::<Vec<_>>()).collect()
}

#[test]
fn what_was_computed_once_is_not_computed_again() {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::at(folder.path().join("new"));
    let content = blake3::hash(b"a clip");
    let first = cache.get_or(content, "mel@1", || Ok(features(1.0, 3))).unwrap();
    assert_eq!(cache.get_or(content, "mel@1", must_be_there).unwrap(), first);
    let other = cache.get_or(content, "mel@2", || Ok(features(2.0, 3))).unwrap();
    assert_eq!(other, features(2.0, 3));
    let other = cache.get_or(blake3::hash(b"b"), "mel@1", || Ok(features(3.0, 3))).unwrap();
    assert_eq!(other, features(3.0, 3));
    assert_eq!(Cache::at(cache.root()).get_or(content, "mel@1", must_be_there).unwrap(), first);
}

#[test]
fn damaged_and_foreign_files_are_computed_again() {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::at(folder.path());
    let content = blake3::hash(b"a clip");
    let path = cache.path(content, "mel@1");
    let make = |value| cache.get_or(content, "mel@1", || Ok(features(value, 40))).unwrap();
    assert_eq!(make(1.0), features(1.0, 40));
    let whole = fs::read(&path).unwrap();
    for at in (0..whole.len()).step_by(7) {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        fs::write(&path, bytes).unwrap();
        assert_eq!(make(2.0), features(2.0, 40), "byte {at}");
        fs::write(&path, &whole[..at]).unwrap();
        assert_eq!(make(3.0), features(3.0, 40), "cut at {at}");
    }
    let other = cache.path(content, "mel@2");
    cache.get_or(content, "mel@2", || Ok(features(4.0, 1))).unwrap();
    fs::rename(other, &path).unwrap();
    assert_eq!(make(5.0), features(5.0, 40));
}

#[test]
fn an_error_is_not_kept_and_a_folder_that_cannot_be_written_is_no_error() {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::at(folder.path().join("taken"));
    let content = blake3::hash(b"a clip");
    let fail = || Err(Error::setting("x", 1, "2"));
    assert!(cache.get_or(content, "mel@1", fail).is_err());
    assert!(files(&cache).is_empty());
    fs::write(folder.path().join("taken"), b"a file").unwrap();
    assert_eq!(cache.get_or(content, "mel@1", || Ok(features(1.0, 2))).unwrap(), features(1.0, 2));
}

#[test]
fn the_oldest_files_go_when_the_folder_is_full() {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::at(folder.path()).with_limit(6000);
    let old = SystemTime::now() - Duration::from_hours(24);
    for number in 0u8..12 {
        let content = blake3::hash(&[number]);
        cache.get_or(content, "mel@1", || Ok(features(1.0, 250))).unwrap();
        let path = cache.path(content, "mel@1");
        let file = fs::File::options().append(true).open(path).unwrap();
        file.set_modified(old + Duration::from_secs(u64::from(number))).unwrap();
    }
    let kept = files(&cache);
    let held = kept.iter().map(|file| fs::metadata(file).unwrap().len()).sum::<u64>();
    assert!(held <= 6000 && kept.len() >= 3, "{} files of {held} bytes", kept.len());
    assert!(kept.contains(&cache.path(blake3::hash(&[11]), "mel@1")));
    assert!(!kept.contains(&cache.path(blake3::hash(&[0]), "mel@1")));
}

#[test]
fn files_that_are_not_ours_stay_and_abandoned_ones_go() {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::at(folder.path()).with_limit(1);
    fs::create_dir(folder.path().join("aa")).unwrap();
    let [foreign, dead, fresh] =
        ["notes.txt", "x.part", "y.part"].map(|name| folder.path().join("aa").join(name));
    for path in [&foreign, &dead, &fresh] {
        fs::write(path, b"something").unwrap();
    }
    let file = fs::File::options().append(true).open(&dead).unwrap();
    file.set_modified(SystemTime::now() - 2 * ABANDONED).unwrap();
    cache.get_or(blake3::hash(b"clip"), "mel@1", || Ok(features(1.0, 9))).unwrap();
    let mut left = files(&cache);
    left.sort();
    assert_eq!(left, [foreign, fresh]);
}

#[test]
fn many_threads_may_share_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            scope.spawn(move || {
                let cache = Cache::at(root).with_limit(4000);
                for round in 0..40u8 {
                    let content = blake3::hash(&[round % 5]);
                    let value = f32::from(round % 5);
                    let found = cache.get_or(content, "mel@1", || Ok(features(value, 100)));
                    assert_eq!(found.unwrap(), features(value, 100), "thread {thread}");
                }
            });
        }
    });
    assert!(files(&Cache::at(root)).iter().all(|file| file.extension() == Some(ENDING.as_ref())));
}

#[test]
fn a_file_is_hashed_as_its_bytes_and_a_clip_with_its_words() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("words.txt");
    let words = "so happy ".repeat(50_000);
    fs::write(&path, &words).unwrap();
    assert_eq!(hash_file(&path).unwrap(), blake3::hash(words.as_bytes()));
    assert!(hash_file(folder.path().join("none")).unwrap_err().to_string().contains("none"));
    let hash = |clip: &Clip| hash_clip(clip).unwrap();
    assert_ne!(hash(&Clip::from_text("one")), hash(&Clip::from_text("two")));
    assert_ne!(hash(&Clip::from_text("one")), hash(&Clip::from_text("one").with_text("two")));
    assert_eq!(hash(&Clip::from_text("one")), hash(&Clip::from_text("one")));
}

#[test]
fn the_folder_comes_from_the_environment() {
    let home = |name: &str| (name == "HOME").then(|| OsString::from("/home/x"));
    let both = |name: &str| match name {
        "LIMBIC_CACHE" => Some(OsString::from("/fast/disk")),
        name => home(name),
    };
    assert_eq!(root(both), Some(PathBuf::from("/fast/disk")));
    assert_eq!(root(|_| None), None);
    if cfg!(target_os = "linux") {
        assert_eq!(root(home), Some(PathBuf::from("/home/x/.cache/limbic")));
    }
}
