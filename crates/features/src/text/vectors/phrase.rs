//! Several words as one vector.

use super::WordVectors;

/// A word whose share of all text is this counts half, as Arora et al. 2017 ("A simple but
/// tough-to-beat baseline for sentence embeddings") have it.
const HALF: f64 = 1e-3;

/// Words that word vectors leave out on purpose: nothing is lost without them.
const EMPTY: [&str; 5] = ["a", "an", "and", "of", "to"];

/// What several words mean together.
#[derive(Debug, Clone, PartialEq)]
pub struct Phrase {
    /// The mean of the vectors of its words; `None` where none of them has one.
    pub vector: Option<Vec<f32>>,
    /// The words that have none, other than "a", "an", "and", "of" and "to".
    pub unknown: Vec<String>,
}

impl WordVectors {
    /// A name: the plain mean of its words, which spaces, hyphens or underscores part. All of
    /// them have to be known.
    pub fn name(&self, name: &str) -> Phrase {
        if let Some(vector) = self.known(name) {
            return Phrase { vector: Some(vector.to_vec()), unknown: Vec::new() };
        }
        let words = || name.split([' ', '_', '-']).filter(|word| !word.is_empty());
        let unknown: Vec<String> =
            words().filter(|word| self.known(word).is_none()).map(str::to_owned).collect();
        let vector = if unknown.is_empty() { self.mean(words(), |_| 1.0) } else { None };
        Phrase { vector, unknown }
    }

    /// A definition: the mean of its words, in which a frequent word counts little. The source
    /// is taken to list its most frequent words first, and their shares to fall with their rank
    /// (Zipf's law).
    pub fn definition(&self, text: &str) -> Phrase {
        let plain = super::super::normalise_text(text);
        let unknown = spoken(&plain).filter(|word| self.known(word).is_none());
        let unknown = unknown.filter(|word| !EMPTY.contains(&word.to_lowercase().as_str()));
        Phrase {
            vector: self.mean(spoken(&plain), |rank| self.rarity(rank)),
            unknown: unknown.map(str::to_owned).collect(),
        }
    }

    /// The direction of a sentence, a vector of length one: the mean of the directions of its
    /// words, in which a frequent word counts as little as in a [`definition`](Self::definition).
    /// `None` where no word is known.
    pub fn sentence(&self, text: &str) -> Option<Vec<f32>> {
        let plain = super::super::normalise_text(text);
        let weight = |rank: usize| self.rarity(rank) * f64::from(self.scales[rank]);
        let mut mean = self.mean(spoken(&plain), weight)?;
        let scale = super::reciprocal_length(&mean);
        for x in &mut mean {
            *x *= scale;
        }
        (scale > 0.0).then_some(mean)
    }

    /// How much the word of a rank counts beside others, up to 1.
    fn rarity(&self, rank: usize) -> f64 {
        let total = (self.len() as f64).ln() + 0.577;
        HALF / (HALF + 1.0 / ((rank + 1) as f64 * total))
    }

    /// The cosine between two vectors; 0 where one is all zeros.
    pub fn between(a: &[f32], b: &[f32]) -> f32 {
        super::dot(a, b) * super::reciprocal_length(a) * super::reciprocal_length(b)
    }

    /// The mean over the words that are known, each weighted by its rank.
    fn mean<'a>(
        &self,
        words: impl Iterator<Item = &'a str>,
        weight: impl Fn(usize) -> f64,
    ) -> Option<Vec<f32>> {
        let (mut sum, mut total) = (vec![0.0; self.width], 0.0);
        for rank in words.filter_map(|word| self.place(word)) {
            let weight = weight(rank);
            total += weight;
            for (sum, x) in sum.iter_mut().zip(self.vector(rank)) {
                *sum += weight * f64::from(*x);
            }
        }
        (total > 0.0).then(|| sum.into_iter().map(|x| (x / total) as f32).collect())
    }

    fn known(&self, word: &str) -> Option<&[f32]> {
        self.place(word).map(|place| self.vector(place))
    }

    /// Where the word is listed: in lower case before any other spelling, for a capital at the
    /// beginning of a name makes no other word of it.
    fn place(&self, word: &str) -> Option<usize> {
        self.index.get(&word.to_lowercase()).or_else(|| self.index.get(word)).copied()
    }
}

/// The words of a text that is already plain.
fn spoken(plain: &str) -> impl Iterator<Item = &str> {
    plain
        .split(|c: char| !c.is_alphanumeric() && c != '\'')
        .map(|word| word.trim_matches('\''))
        .filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vectors() -> WordVectors {
        let words = ["the", "fear", "Sudden", "sudden"];
        let numbers = vec![8.0, 0.0, 0.0, 1.0, -9.0, -9.0, 1.0, 0.0];
        let words = words.iter().map(ToString::to_string).collect();
        WordVectors::of("words/test".to_owned(), words, 2, numbers)
    }

    #[test]
    fn a_name_is_the_mean_of_its_words() {
        let vectors = vectors();
        for name in ["sudden fear", "Sudden-Fear", "sudden_fear", " sudden  fear"] {
            assert_eq!(vectors.name(name).vector, Some(vec![0.5, 0.5]), "{name}");
        }
        let unknown = vectors.name("sudden dread");
        assert_eq!((unknown.vector, unknown.unknown), (None, vec!["dread".to_owned()]));
        assert_eq!(vectors.name("").vector, None);
    }

    #[test]
    fn in_a_definition_frequent_words_count_little() {
        let mut words: Vec<String> = (0..13_000).map(|i| format!("w{i}")).collect();
        words[8] = "the".to_owned();
        words[3000] = "beneath".to_owned();
        let mut numbers = vec![0.0; 13_000 * 2];
        numbers[16] = 1.0;
        numbers[6001] = 1.0;
        let vectors = WordVectors::of("words/test".to_owned(), words, 2, numbers);
        let [the, beneath] = vectors.definition("the beneath").vector.unwrap()[..] else {
            panic!("two numbers")
        };
        assert!(the < 0.1 * beneath, "{the} {beneath}");
        assert!((the + beneath - 1.0).abs() < 1e-5, "{the} {beneath}");
    }

    #[test]
    fn a_sentence_is_the_direction_of_its_words() {
        let words = ["one", "east", "far", "north", "nowhere"].map(str::to_owned).to_vec();
        let numbers = vec![0.0, 0.0, 2.0, 0.0, 9.0, 9.0, 0.0, 0.5, 0.0, 0.0];
        let vectors = WordVectors::of("words/test".to_owned(), words, 2, numbers);
        assert_eq!(vectors.sentence("East!"), Some(vec![1.0, 0.0]));
        let [east, north] = vectors.sentence("north, east?").unwrap()[..] else { panic!("two") };
        // Both count by their direction; the rarer one counts more.
        assert!((east.hypot(north) - 1.0).abs() < 1e-6);
        assert!(north > east && east > 0.3, "{east} {north}");
        assert_eq!(vectors.sentence("nowhere, unheard"), None);
        assert_eq!(vectors.sentence(""), None);
    }

    #[test]
    fn what_a_definition_does_not_know_is_named() {
        let found = vectors().definition("A sudden, unspeakable fear of the dark!");
        assert!(found.vector.is_some());
        assert_eq!(found.unknown, ["unspeakable", "dark"]);
        assert_eq!(vectors().definition("of a").vector, None);
    }
}
