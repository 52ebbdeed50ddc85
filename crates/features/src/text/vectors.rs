//! Word vectors that somebody else has learned.

use std::collections::HashMap;
use std::path::Path;

use blake3::Hasher;
use limbic_media::{Clip, Modality};

mod compact;
mod phrase;
mod spelling;

pub use phrase::Phrase;

use crate::extract::absent;
use crate::npy;
use crate::{Error, Extract, Features, Result, Times};

/// Version of the numbers: it goes up when a change here alters any of them.
const VERSION: u32 = 1;

/// Words and their vectors.
///
/// As an extractor it gives a row for each word of a clip that has a vector, with the time of the
/// cue that holds the word.
#[derive(Debug, Clone)]
pub struct WordVectors {
    id: String,
    words: Vec<String>,
    index: HashMap<String, usize>,
    width: usize,
    vectors: Vec<f32>,
    /// One over the length of each vector; 0 for a vector of zeros.
    scales: Vec<f32>,
}

impl WordVectors {
    /// Reads `words` (one word a line) and `vectors` (a `.npy` matrix of f16 or f32 with a row
    /// for each line).
    pub fn open(words: impl AsRef<Path>, vectors: impl AsRef<Path>) -> Result<Self> {
        let (words, vectors) = (words.as_ref(), vectors.as_ref());
        let read = |path: &Path| std::fs::read(path).map_err(|e| Error::io(path, e));
        let damaged = |path: &Path, reason: String| Error::Damaged {
            path: path.to_owned(),
            reason,
            way_out: "give a list of words, one a line, and an f16 or f32 matrix in .npy format \
                      with a row for each",
        };
        let text = String::from_utf8(read(words)?)
            .map_err(|_| damaged(words, "it is not UTF-8 text".to_owned()))?;
        let matrix = read(vectors)?;
        let print = Hasher::new().update(text.as_bytes()).update(&matrix).finalize().to_hex();
        let id = format!("words/{}@{VERSION}", &print[..12]);
        let ([rows, width], numbers) =
            npy::matrix(&matrix).map_err(|reason| damaged(vectors, reason))?;
        let words_read: Vec<String> = text.lines().map(str::to_owned).collect();
        if words_read.len() != rows {
            let found = words_read.len();
            return Err(damaged(words, format!("it has {found} words for {rows} vectors")));
        }
        if width == 0 {
            return Err(damaged(vectors, "its vectors have no numbers".to_owned()));
        }
        Ok(Self::of(id, words_read, width, numbers))
    }

    /// `words` with their vectors of `width` numbers, end to end.
    fn of(id: String, words: Vec<String>, width: usize, vectors: Vec<f32>) -> Self {
        // Where a word is listed twice, the first vector is its vector.
        let index = (0..words.len()).rev().map(|i| (words[i].clone(), i)).collect();
        let scales = vectors.chunks_exact(width).map(reciprocal_length).collect();
        Self { id, words, index, width, vectors, scales }
    }

    /// How many words there are.
    pub const fn len(&self) -> usize {
        self.words.len()
    }

    /// Whether there is no word.
    pub const fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// How many numbers a vector has.
    pub const fn width(&self) -> usize {
        self.width
    }

    /// The words in the order of the file, most frequent first as a rule.
    pub fn words(&self) -> &[String] {
        &self.words
    }

    /// The vector of `word`, spelled exactly so or, failing that, in lower case.
    pub fn get(&self, word: &str) -> Option<&[f32]> {
        self.find(word).map(|i| self.vector(i))
    }

    /// The cosine of the angle between two words, -1 to 1; `None` if either is not known.
    pub fn cosine(&self, a: &str, b: &str) -> Option<f32> {
        let (a, b) = (self.find(a)?, self.find(b)?);
        Some(dot(self.vector(a), self.vector(b)) * self.scales[a] * self.scales[b])
    }

    /// The `count` words nearest to `vector` by cosine, nearest first.
    pub fn nearest(&self, vector: &[f32], count: usize) -> Vec<(&str, f32)> {
        if vector.len() != self.width {
            return Vec::new();
        }
        let scale = reciprocal_length(vector);
        let mut near: Vec<(usize, f32)> = (0..self.words.len())
            .map(|i| (i, dot(vector, self.vector(i)) * scale * self.scales[i]))
            .collect();
        near.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        near.truncate(count);
        near.into_iter().map(|(i, cosine)| (self.words[i].as_str(), cosine)).collect()
    }

    fn find(&self, word: &str) -> Option<usize> {
        self.index.get(word).or_else(|| self.index.get(&word.to_lowercase())).copied()
    }

    fn vector(&self, index: usize) -> &[f32] {
        &self.vectors[index * self.width..][..self.width]
    }
}

impl Extract for WordVectors {
    fn extract(&self, clip: &Clip) -> Result<Features> {
        if clip.cues().is_empty() {
            return Err(absent(clip, Modality::Text, &self.id));
        }
        let (mut data, mut spans, mut rows) = (Vec::new(), Vec::new(), 0);
        for cue in clip.cues() {
            let text = super::normalise_text(&cue.text);
            for word in text.split(|c: char| !c.is_alphanumeric() && c != '\'') {
                if let Some(vector) = self.get(word.trim_matches('\'')) {
                    data.extend_from_slice(vector);
                    spans.extend(cue.span);
                    rows += 1;
                }
            }
        }
        let times = if spans.len() == rows { Times::Spans(spans) } else { Times::Order };
        Features::new(Modality::Text, [rows, self.width], data, times)
    }

    fn id(&self) -> &str {
        &self.id
    }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

fn reciprocal_length(vector: &[f32]) -> f32 {
    let length = dot(vector, vector).sqrt();
    if length > 0.0 { length.recip() } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(
        words: &str,
        shape: &str,
        numbers: &[f32],
    ) -> (tempfile::TempDir, Result<WordVectors>) {
        let folder = tempfile::tempdir().unwrap();
        let (list, matrix) = (folder.path().join("words.txt"), folder.path().join("v.npy"));
        let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}");
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend(numbers.iter().flat_map(|x| x.to_le_bytes()));
        std::fs::write(&list, words).unwrap();
        std::fs::write(&matrix, bytes).unwrap();
        let vectors = WordVectors::open(&list, &matrix);
        (folder, vectors)
    }

    #[test]
    fn words_are_found_compared_and_ranked() {
        let numbers = [1.0, 0.0, 2.0, 2.0, 0.0, -3.0, 0.0, 0.0];
        let (_folder, vectors) = write("east\nnortheast\nSouth\nnowhere\n", "(4, 2)", &numbers);
        let vectors = vectors.unwrap();
        assert_eq!((vectors.len(), vectors.width()), (4, 2));
        assert_eq!(vectors.get("East"), Some([1.0, 0.0].as_slice()));
        assert_eq!(vectors.get("south"), None);
        assert!((vectors.cosine("east", "northeast").unwrap() - 0.5f32.sqrt()).abs() < 1e-6);
        assert_eq!(vectors.cosine("east", "nowhere"), Some(0.0));
        let near = vectors.nearest(&[5.0, 1.0], 2);
        assert_eq!([near[0].0, near[1].0], ["east", "northeast"]);
        assert!(vectors.nearest(&[1.0], 2).is_empty());
    }

    #[test]
    fn a_clip_has_a_row_for_each_known_word() {
        let (_folder, vectors) = write("east\nsouth\n", "(2, 1)", &[1.0, 2.0]);
        let vectors = vectors.unwrap();
        let features = vectors.extract(&Clip::from_text("South, then EAST: 'south'!")).unwrap();
        assert_eq!(features.data(), [2.0, 1.0, 2.0]);
        assert_eq!(features.times(), &Times::Order);
        assert!(vectors.extract(&Clip::from_text(" ")).is_err());
        let features = vectors.extract(&Clip::from_text("nothing known")).unwrap();
        assert_eq!(features.shape(), [0, 1]);
    }

    #[test]
    fn a_list_that_does_not_fit_its_matrix_is_refused_by_name() {
        let (_folder, vectors) = write("one\ntwo\n", "(3, 1)", &[0.0; 3]);
        let message = vectors.unwrap_err().to_string();
        assert!(message.contains("words.txt: it has 2 words for 3 vectors"), "{message}");
        let (_folder, vectors) = write("one\n", "(1, 0)", &[]);
        assert!(vectors.is_err());
    }
}
