//! Word vectors in few bytes, to be carried inside of a checkpoint.
//!
//! ```text
//! "words/1\n"  words: u32  numbers a vector: u32  bytes of text: u32
//! the words, one a line, in the order of their source
//! a scale a word: f32
//! a byte a number: i8, the number is scale * byte
//! ```
//!
//! All little endian. The greatest number of a vector becomes 127, so that the cosine between a
//! vector and what is read back is above 0.999.

use std::path::Path;

use blake3::Hasher;

use super::{VERSION, WordVectors};
use crate::{Error, Result};

/// What such bytes begin with.
const MAGIC: &[u8] = b"words/1\n";
/// The greatest byte.
const MOST: f32 = 127.0;
/// Bytes that are read when they are wanted: more words than any language has.
const MOST_BYTES: usize = 1 << 30;

impl WordVectors {
    /// The words and their vectors in about a byte a number.
    pub fn to_bytes(&self) -> Vec<u8> {
        let text = self.words.join("\n");
        let mut bytes = MAGIC.to_vec();
        for number in [self.words.len(), self.width, text.len()] {
            bytes.extend((number as u32).to_le_bytes());
        }
        bytes.extend(text.as_bytes());
        let scale = |vector: &[f32]| vector.iter().fold(0.0f32, |most, x| most.max(x.abs())) / MOST;
        let vectors = || self.vectors.chunks_exact(self.width);
        bytes.extend(vectors().flat_map(|vector| scale(vector).to_le_bytes()));
        for vector in vectors() {
            let scale = scale(vector);
            let byte = |x: &f32| if scale > 0.0 { (x / scale).round() as i8 } else { 0 };
            bytes.extend(vector.iter().map(|x| byte(x).to_le_bytes()[0]));
        }
        bytes
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote; `name` is what errors call it.
    ///
    /// # Errors
    /// [`Error::Damaged`] where the bytes are anything else.
    pub fn from_bytes(name: impl AsRef<Path>, bytes: &[u8]) -> Result<Self> {
        let damaged = |reason: &str| Error::Damaged {
            path: name.as_ref().to_owned(),
            reason: reason.to_owned(),
            way_out: "give the words of a checkpoint as `limbic train` writes them",
        };
        let cut = || damaged("its word vectors are cut short");
        if bytes.len() > MOST_BYTES {
            return Err(damaged("its word vectors are too many"));
        }
        let rest = bytes.strip_prefix(MAGIC).ok_or_else(|| damaged("it holds no word vectors"))?;
        let (head, rest) = rest.split_first_chunk::<12>().ok_or_else(cut)?;
        let number = |at: usize| {
            u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]) as usize
        };
        let (count, width, text) = (number(0), number(4), number(8));
        let (text, rest) = rest.split_at_checked(text).ok_or_else(cut)?;
        let (scales, vectors) = rest.split_at_checked(count.saturating_mul(4)).ok_or_else(cut)?;
        if count == 0 || width == 0 || count.checked_mul(width) != Some(vectors.len()) {
            return Err(damaged("the number of its word vectors is not what it says"));
        }
        let text = std::str::from_utf8(text).map_err(|_| damaged("its words are not UTF-8"))?;
        let words: Vec<String> = text.split('\n').map(str::to_owned).collect();
        if words.len() != count {
            return Err(damaged("it has not a word for each vector"));
        }
        let scales: Vec<f32> =
            scales.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        if scales.iter().any(|scale| !(scale.is_finite() && (0.0..1e6).contains(scale))) {
            return Err(damaged("the scale of a word vector is no number"));
        }
        let numbers = vectors.chunks_exact(width).zip(&scales).flat_map(|(vector, scale)| {
            vector.iter().map(move |byte| f32::from(i8::from_le_bytes([*byte])) * scale)
        });
        let print = Hasher::new().update(bytes).finalize().to_hex();
        let id = format!("words/{}@{VERSION}", &print[..12]);
        Ok(Self::of(id, words, width, numbers.collect()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn vectors() -> WordVectors {
        let words: Vec<String> =
            ["joy", "fear", "naïve", "nothing"].iter().map(ToString::to_string).collect();
        let mut numbers: Vec<f32> =
            (0..4 * 50).map(|i| (i as f32 * 0.77).sin() * (1.0 + i as f32 / 40.0)).collect();
        numbers[150..].fill(0.0);
        WordVectors::of("words/test".to_owned(), words, 50, numbers)
    }

    #[test]
    fn vectors_come_back_in_their_direction_and_length() {
        let whole = vectors();
        let bytes = whole.to_bytes();
        let back = WordVectors::from_bytes("model", &bytes).unwrap();
        assert_eq!(back.words(), whole.words());
        for word in ["joy", "fear", "naïve"] {
            let (a, b) = (whole.get(word).unwrap(), back.get(word).unwrap());
            let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>();
            let cosine = dot(a, b) / (dot(a, a) * dot(b, b)).sqrt();
            assert!(cosine > 0.999, "{word}: {cosine}");
            assert!((dot(a, a) / dot(b, b) - 1.0).abs() < 0.01, "{word}");
        }
        assert_eq!(back.get("nothing"), Some([0.0; 50].as_slice()));
        assert_eq!(back.to_bytes(), bytes, "once rounded, they stay");
        assert!(bytes.len() < 4 * (50 + 16) + 40, "{}", bytes.len());
    }

    #[test]
    fn every_cut_and_every_surplus_is_refused() {
        let bytes = vectors().to_bytes();
        for end in 0..bytes.len() {
            assert!(WordVectors::from_bytes("model", &bytes[..end]).is_err(), "{end}");
        }
        let longer = [&bytes[..], &[0]].concat();
        let error = WordVectors::from_bytes("model", &longer).unwrap_err().to_string();
        assert!(error.contains("model: the number of its word vectors"), "{error}");
    }

    #[test]
    fn sizes_that_no_memory_holds_are_refused_before_any_is_taken() {
        for sizes in [[u32::MAX; 3], [u32::MAX, u32::MAX, 0], [0, 0, 0], [1, 0, 1], [0, 1, 0]] {
            let mut bytes = MAGIC.to_vec();
            bytes.extend(sizes.iter().flat_map(|size| size.to_le_bytes()));
            bytes.push(b'x');
            assert!(WordVectors::from_bytes("model", &bytes).is_err(), "{sizes:?}");
        }
    }

    proptest! {
        #[test]
        fn bytes_of_a_stranger_are_read_or_refused(
            changes in prop::collection::vec((0usize..500, any::<u8>()), 1..20),
        ) {
            let mut bytes = vectors().to_bytes();
            for (place, byte) in changes {
                let place = place % bytes.len();
                bytes[place] = byte;
            }
            if let Ok(read) = WordVectors::from_bytes("model", &bytes) {
                prop_assert!(read.vectors.iter().all(|x| x.is_finite()));
                prop_assert_eq!(read.vectors.len(), read.len() * read.width());
            }
        }
    }
}
