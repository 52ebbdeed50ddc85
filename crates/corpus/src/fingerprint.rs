//! What training notes of a clip, so that an evaluation can tell whether it was met: a few bytes
//! that nobody can turn back into the clip or the name.

use limbic_features::{hash_bytes, hash_file};

use crate::Example;
use crate::inspect::part_of;
use crate::leak::{file_of, in_memory};

/// The first bytes of a BLAKE3 hash: enough to tell a few million contents apart.
pub type Fingerprint = [u8; 6];

/// Fingerprints of what a clip consists of: the bytes of its files, its pixels, its vectors, or
/// its words where it has nothing else and at least eight of them. Files that cannot be read have
/// none.
pub fn fingerprints(example: &Example) -> Vec<Fingerprint> {
    let files = example.media.iter().filter_map(|media| {
        let (path, cut) = file_of(media, example)?;
        Some(part_of(hash_file(path).ok()?, cut))
    });
    let hashes = in_memory(example).into_iter().chain(files);
    hashes.map(|hash| first(hash.as_bytes())).collect()
}

/// The fingerprint of a speaker of a corpus, in hexadecimal digits.
pub fn person(corpus: &str, speaker: &str) -> String {
    let hash = hash_bytes(format!("{corpus}\0{speaker}").as_bytes());
    hash.to_hex()[..2 * size_of::<Fingerprint>()].to_owned()
}

fn first(hash: &[u8; 32]) -> Fingerprint {
    std::array::from_fn(|i| hash[i])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Media;

    #[test]
    fn a_clip_is_recognised_by_its_content_and_a_person_within_a_corpus() {
        let folder = tempfile::tempdir().unwrap();
        let clip = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            fingerprints(&Example { media: vec![Media::Audio(path)], ..Example::new(name) })
        };
        let (one, copy, other) = (clip("a", b"same"), clip("b", b"same"), clip("c", b"other"));
        assert_eq!(one, copy);
        assert_ne!(one, other);
        assert_eq!(person("meld", "Rachel"), person("meld", "Rachel"));
        assert_ne!(person("meld", "Rachel"), person("emorynlp", "Rachel"));
        assert_eq!(person("meld", "Rachel").len(), 12);
    }
}
