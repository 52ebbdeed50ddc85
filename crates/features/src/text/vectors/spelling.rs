//! Words that are spelled alike, for whoever mistyped one.

use super::WordVectors;

/// Longer words are not compared: they are no words.
const LONGEST: usize = 40;

impl WordVectors {
    /// At most `count` words that differ from `word` in a third of its letters or fewer, the
    /// nearest first; words of letters alone.
    pub fn spelled_like(&self, word: &str, count: usize) -> Vec<&str> {
        let wanted: Vec<char> = word.to_lowercase().chars().collect();
        if wanted.is_empty() || wanted.len() > LONGEST {
            return Vec::new();
        }
        let most = wanted.len().div_ceil(3).min(3);
        let plain = |word: &&String| word.chars().all(char::is_lowercase);
        let mut near: Vec<(usize, bool, &str)> = self
            .words
            .iter()
            .filter(plain)
            .filter_map(|other| {
                let letters: Vec<char> = other.chars().collect();
                if letters.len().abs_diff(wanted.len()) > most {
                    return None;
                }
                let changes = changes(&wanted, &letters);
                // Endings are mistaken more often than beginnings.
                let begins = letters.first() != wanted.first();
                (changes <= most).then_some((changes, begins, other.as_str()))
            })
            .collect();
        near.sort_by_key(|(changes, begins, _)| (*changes, *begins));
        near.into_iter().take(count).map(|(_, _, word)| word).collect()
    }
}

/// How many letters have to be put in, taken out, replaced or swapped with their neighbour
/// (Damerau 1964).
fn changes(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let replaced = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = replaced.min(last[j] + 1).min(row[j - 1] + 1);
            let swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if swapped {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_put_in_taken_out_replaced_and_swapped() {
        let count = |a: &str, b: &str| {
            changes(&a.chars().collect::<Vec<_>>(), &b.chars().collect::<Vec<_>>())
        };
        for (a, b, wanted) in [
            ("joy", "joy", 0),
            ("joy", "jyo", 1),
            ("", "awe", 3),
            ("fears", "fear", 1),
            ("ab", "xy", 2),
        ] {
            assert_eq!((count(a, b), count(b, a)), (wanted, wanted), "{a} {b}");
        }
    }

    #[test]
    fn the_nearest_spelling_comes_first_and_far_ones_not_at_all() {
        let words = ["contempt", "contact", "attempt", "joy", "contempt_of", "Kontempt"];
        let words = words.iter().map(ToString::to_string).collect();
        let vectors = WordVectors::of("words/test".to_owned(), words, 1, vec![0.0; 6]);
        assert_eq!(vectors.spelled_like("Comtempt", 3), ["contempt", "attempt"]);
        assert!(vectors.spelled_like("zzz", 3).is_empty());
        assert!(vectors.spelled_like(&"x".repeat(1000), 3).is_empty());
    }
}
