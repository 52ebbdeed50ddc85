//! Classes by name: `awe`, or `awe=what one feels before something vast`.

use limbic_media::Modality;
use limbic_model::{Checkpoint, Rows};

use crate::{Error, Result};

/// Cosines of two classes' words from which they are said to be too close to tell apart.
pub const CLOSE: f32 = 0.7;

/// Words of a definition that say nothing of it.
const EMPTY: [&str; 34] = [
    "a",
    "an",
    "and",
    "are",
    "as",
    "at",
    "be",
    "by",
    "feel",
    "feeling",
    "feels",
    "for",
    "from",
    "in",
    "is",
    "it",
    "of",
    "on",
    "one",
    "or",
    "so",
    "someone",
    "something",
    "that",
    "the",
    "this",
    "to",
    "too",
    "was",
    "what",
    "when",
    "which",
    "with",
    "you",
];

/// A class and the words that stand for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// As it is shown.
    pub name: String,
    /// The words; its name where nobody defined it.
    pub words: String,
}

/// Where word vectors come from.
pub type Lexicon<'a> = &'a dyn Fn(&str) -> Option<Vec<f32>>;

impl Name {
    /// A class that is its own definition.
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), words: name.to_owned() }
    }

    /// Reads `name` or `name=definition`.
    ///
    /// # Errors
    /// [`Error::Adapt`] where the name or the definition is empty.
    pub fn parse(text: &str) -> Result<Self> {
        let (name, words) = text.split_once('=').unwrap_or((text, text));
        let (name, words) = (name.trim(), words.trim());
        if name.is_empty() || words.is_empty() {
            return Err(Error::Adapt(format!(
                "`{text}` in the labels is empty; write a name, or name=definition"
            )));
        }
        Ok(Self { name: name.to_owned(), words: words.to_owned() })
    }

    /// Whether it has a definition beside its name.
    pub fn defined(&self) -> bool {
        self.name != self.words
    }

    /// The mean of the vectors of its words, each at length one; of a definition only the words
    /// that say something. `None` where none of them has a vector.
    pub fn vector(&self, lexicon: Lexicon<'_>) -> Option<Vec<f32>> {
        let known = |word: &str| lexicon(word).or_else(|| lexicon(&word.to_lowercase()));
        let words = self.words.split(|c: char| !c.is_alphanumeric() && c != '\'');
        let says = |word: &&str| {
            let word = word.to_lowercase();
            !word.is_empty() && (!self.defined() || !EMPTY.contains(&word.as_str()))
        };
        let vectors: Vec<Vec<f32>> = words.filter(says).filter_map(known).collect();
        let mut mean = vec![0.0; vectors.first()?.len()];
        for vector in &vectors {
            let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt().max(1e-12);
            mean.iter_mut().zip(vector).for_each(|(m, x)| *m += x / length / vectors.len() as f32);
        }
        Some(mean)
    }
}

/// The rows that the words of classes give each modality: a label set without training. `None`
/// where the rows of the model are not words.
///
/// # Errors
/// [`Error::Adapt`] naming a class none of whose words has a vector.
pub fn rows(
    checkpoint: &Checkpoint,
    modality: Modality,
    names: &[Name],
    lexicon: Lexicon<'_>,
) -> Result<Option<Rows>> {
    Ok(checkpoint.model.named_rows(modality, &vectors(names, lexicon)?)?)
}

/// The vectors of classes.
///
/// # Errors
/// Those of [`rows`].
pub fn vectors(names: &[Name], lexicon: Lexicon<'_>) -> Result<Vec<Vec<f32>>> {
    let one = |name: &Name| {
        name.vector(lexicon).ok_or_else(|| {
            Error::Adapt(format!(
                "none of the words of `{}` has a vector; define it as in {}=what it is in plain \
                 words",
                name.words, name.name
            ))
        })
    };
    names.iter().map(one).collect()
}

/// Pairs of classes whose vectors are too close to tell apart, with their cosine.
pub fn too_close(names: &[Name], vectors: &[Vec<f32>]) -> Vec<(String, String, f32)> {
    let length = |v: &[f32]| v.iter().map(|x| x * x).sum::<f32>().sqrt().max(1e-12);
    let mut close = Vec::new();
    for (i, a) in vectors.iter().enumerate() {
        for (j, b) in vectors.iter().enumerate().skip(i + 1) {
            let dot: f32 = a.iter().zip(b).map(|(x, y)| x * y).sum();
            let cosine = dot / (length(a) * length(b));
            if cosine >= CLOSE {
                close.push((names[i].name.clone(), names[j].name.clone(), cosine));
            }
        }
    }
    close
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lexicon(word: &str) -> Option<Vec<f32>> {
        match word {
            "joy" => Some(vec![2.0, 0.0]),
            "delight" => Some(vec![1.9, 0.1]),
            "vast" => Some(vec![0.0, 5.0]),
            _ => None,
        }
    }

    #[test]
    fn a_name_may_bring_its_definition() {
        let awe = Name::parse(" awe = the feeling of something vast").unwrap();
        assert_eq!((&*awe.name, &*awe.words), ("awe", "the feeling of something vast"));
        assert_eq!(awe.vector(&lexicon), Some(vec![0.0, 1.0]));
        let plain = Name::parse("Joy").unwrap();
        assert!(!plain.defined());
        assert_eq!(plain.vector(&lexicon), Some(vec![1.0, 0.0]));
        for bad in ["", " = vast", "awe="] {
            assert!(Name::parse(bad).unwrap_err().to_string().contains("name=definition"), "{bad}");
        }
    }

    #[test]
    fn names_without_a_vector_are_named_and_close_ones_told() {
        let names: Vec<Name> = ["joy", "delight", "vast"].map(Name::new).into();
        let found = vectors(&names, &lexicon).unwrap();
        let close = too_close(&names, &found);
        assert_eq!(close.len(), 1);
        assert_eq!((&*close[0].0, &*close[0].1), ("joy", "delight"));
        let error = vectors(&[Name::new("awe")], &lexicon).unwrap_err().to_string();
        assert!(error.contains("`awe`") && error.contains("awe=what it is"), "{error}");
    }
}
