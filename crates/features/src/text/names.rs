//! Classes by their words: a list as it is typed becomes word vectors.

use super::{Phrase, WordVectors};
use crate::{Error, Result};

/// More names than this are no list that anyone would read.
const MOST: usize = 1000;
/// A longer name, in characters, is a definition.
const LONGEST: usize = 60;
/// Two names whose vectors have a greater cosine are hardly told apart. Among the names that
/// corpora of emotions use, "sorrow" and "sadness" (0.87), "elated" and "ecstatic" (0.85) and
/// "scared" and "afraid" (0.79) lie above it, "anger" and "fury" (0.74) just below.
const TOO_CLOSE: f32 = 0.75;
/// So many pairs of names that lie too close are told.
const PAIRS: usize = 10;

/// A class, and what it means where its name does not say it all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// As it is shown.
    pub name: String,
    /// What it means, in plain words.
    pub definition: Option<String>,
}

/// Vectors of classes.
#[derive(Debug, Clone, PartialEq)]
pub struct Meanings {
    /// One a class, each as long as the word vectors.
    pub rows: Vec<Vec<f32>>,
    /// A sentence for each thing that may not be as it was meant: words without a vector, names
    /// that are hardly told apart.
    pub warnings: Vec<String>,
}

impl Name {
    /// A class that its name says.
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), definition: None }
    }

    /// Reads `joy, awe, contempt=the feeling that someone is beneath you`. Semicolons part the
    /// classes of a list that holds one, for definitions hold commas.
    ///
    /// # Errors
    /// [`Error::Names`] where there are fewer than two, or a name cannot be used as it is.
    pub fn list(text: &str) -> Result<Vec<Self>> {
        let mark = if text.contains(';') { ';' } else { ',' };
        let mut names: Vec<Self> = Vec::new();
        for entry in text.split(mark).filter(|entry| !entry.trim().is_empty()) {
            let (before, definition) = match entry.split_once('=') {
                Some((before, definition)) => (before, Some(definition.trim().to_owned())),
                None => (entry, None),
            };
            // Commas before a definition part names, whatever parts the list.
            let (plain, last) = before.rsplit_once(',').unwrap_or(("", before));
            let plain = plain.split(',').filter(|name| !name.trim().is_empty());
            let plain = plain.map(|name| Self { name: spaced(name), definition: None });
            let last = Self { name: spaced(last), definition };
            let named = !last.name.is_empty() || last.definition.is_some();
            for name in plain.chain(named.then_some(last)) {
                name.check(&names)?;
                names.push(name);
            }
        }
        if names.len() < 2 {
            let found =
                names.first().map_or("none".to_owned(), |one| format!("only `{}`", one.name));
            return Err(Error::Names(format!(
                "a class is told by comparison, and this list names {found}; give at least two, \
                 as in `joy, awe`"
            )));
        }
        Ok(names)
    }

    fn check(&self, before: &[Self]) -> Result<()> {
        let refused = |reason: String| Err(Error::Names(reason));
        let name = &self.name;
        if name.is_empty() {
            return refused("a definition has no name; write `name=definition`".to_owned());
        }
        if name.chars().any(char::is_control) {
            let shown: String = name.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
            return refused(format!("the name `{shown}` holds a control character; take it out"));
        }
        if name.chars().count() > LONGEST {
            let begin: String = name.chars().take(20).collect();
            return refused(format!(
                "the name `{begin}…` is longer than {LONGEST} characters; write a short name and \
                 what it means behind it, as `name=definition`"
            ));
        }
        let same = |other: &&Self| other.name.to_lowercase() == name.to_lowercase();
        if let Some(other) = before.iter().find(same) {
            return refused(format!("`{}` is named twice; name it once", other.name));
        }
        if before.len() == MOST {
            return refused(format!("there are more than {MOST} names; give fewer"));
        }
        Ok(())
    }
}

impl WordVectors {
    /// The vectors of classes: of a name the mean of its words, all of which have to be known; of
    /// a definition the mean of those that are, in which frequent words count little.
    ///
    /// # Errors
    /// [`Error::Names`] naming the class that has no vector, with words that are spelled like it.
    pub fn meanings(&self, names: &[Name]) -> Result<Meanings> {
        let mut warnings = Vec::new();
        let row = |name: &Name| match &name.definition {
            Some(text) => defined(&name.name, text, self, &mut warnings),
            None => named(&name.name, self),
        };
        let rows = names.iter().map(row).collect::<Result<Vec<_>>>()?;
        warnings.extend(too_close(names, &rows));
        Ok(Meanings { rows, warnings })
    }
}

/// A name with single spaces.
fn spaced(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The vector of a name.
fn named(name: &str, words: &WordVectors) -> Result<Vec<f32>> {
    let Phrase { vector, unknown } = words.name(name);
    if let Some(vector) = vector.filter(|vector| points(vector)) {
        return Ok(vector);
    }
    let word = unknown.first().map_or(name, String::as_str);
    let near: Vec<String> =
        words.spelled_like(word, 3).iter().map(|word| format!("`{word}`")).collect();
    let near = match &near[..] {
        [] => String::new(),
        [one] => format!("did you mean {one}? Else "),
        [before @ .., last] => format!("did you mean {} or {last}? Else ", before.join(", ")),
    };
    Err(Error::Names(format!(
        "the model has no vector for the word `{word}`; {near}say what it means, as \
         `{name}=a definition in words`"
    )))
}

/// The vector of a definition.
fn defined(
    name: &str,
    text: &str,
    words: &WordVectors,
    warnings: &mut Vec<String>,
) -> Result<Vec<f32>> {
    let Phrase { vector, unknown } = words.definition(text);
    let Some(vector) = vector.filter(|vector| points(vector)) else {
        return Err(Error::Names(format!(
            "the definition of `{name}` has no word that the model has a vector for; write it in \
             other words"
        )));
    };
    if !unknown.is_empty() {
        let unknown: Vec<String> = unknown.iter().take(5).map(|w| format!("`{w}`")).collect();
        warnings.push(format!(
            "in the definition of `{name}` the model has no vector for {}; it goes by the other \
             words",
            unknown.join(", ")
        ));
    }
    Ok(vector)
}

/// Whether a vector has a direction.
fn points(vector: &[f32]) -> bool {
    vector.iter().any(|x| *x != 0.0)
}

/// A sentence for each pair that lies too close, the closest first.
fn too_close(names: &[Name], rows: &[Vec<f32>]) -> Vec<String> {
    let mut pairs: Vec<(f32, usize, usize)> = Vec::new();
    for (b, row) in rows.iter().enumerate() {
        for (a, other) in rows[..b].iter().enumerate() {
            let cosine = WordVectors::between(other, row);
            if cosine > TOO_CLOSE {
                pairs.push((cosine, a, b));
            }
        }
    }
    pairs.sort_by(|x, y| y.0.total_cmp(&x.0).then((x.1, x.2).cmp(&(y.1, y.2))));
    let more = pairs.len().saturating_sub(PAIRS);
    let told = pairs.iter().take(PAIRS).map(|(cosine, a, b)| {
        format!(
            "`{}` and `{}` mean nearly the same to the model (cosine {cosine:.2}), so it hardly \
             tells them apart; leave one out, or define one with `=`",
            names[*a].name, names[*b].name
        )
    });
    let rest = (more > 0).then(|| format!("and {more} pairs more lie as close"));
    told.chain(rest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Words of three numbers.
    fn words() -> WordVectors {
        let table = [
            ("the", [0.1, 0.1, 0.1]),
            ("joy", [1.0, 0.0, 0.0]),
            ("awe", [0.0, 1.0, 0.0]),
            ("contempt", [0.0, 0.0, 1.0]),
            ("delight", [0.9, 0.1, 0.0]),
            ("blank", [0.0, 0.0, 0.0]),
        ];
        let folder = tempfile::tempdir().unwrap();
        let (list, matrix) = (folder.path().join("w.txt"), folder.path().join("v.npy"));
        let names: Vec<&str> = table.iter().map(|(word, _)| *word).collect();
        std::fs::write(&list, names.join("\n")).unwrap();
        let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (6, 3), }";
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend(table.iter().flat_map(|(_, v)| v).flat_map(|x: &f32| x.to_le_bytes()));
        std::fs::write(&matrix, bytes).unwrap();
        WordVectors::open(&list, &matrix).unwrap()
    }

    fn read(list: &str) -> Result<(Vec<Name>, Meanings)> {
        let names = Name::list(list)?;
        let meanings = words().meanings(&names)?;
        Ok((names, meanings))
    }

    fn refused(list: &str) -> String {
        read(list).unwrap_err().to_string()
    }

    #[test]
    fn names_and_definitions_become_vectors() {
        let (names, found) = read(" Joy,awe , scorn=the contempt,").unwrap();
        let shown: Vec<&str> = names.iter().map(|name| &*name.name).collect();
        assert_eq!(shown, ["Joy", "awe", "scorn"]);
        assert_eq!(found.rows[..2], [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]);
        assert!(found.rows[2][2] > found.rows[2][0], "{:?}", found.rows);
        assert!(found.warnings.is_empty(), "{:?}", found.warnings);
    }

    #[test]
    fn semicolons_leave_commas_to_definitions() {
        let names = Name::list("joy; scorn = the contempt, or so ;").unwrap();
        assert_eq!(names[0], Name::new("joy"));
        assert_eq!(names[1].definition.as_deref(), Some("the contempt, or so"));
        let mixed = Name::list("joy, awe; fear, scorn=x, y;").unwrap();
        let shown: Vec<&str> = mixed.iter().map(|name| &*name.name).collect();
        assert_eq!(shown, ["joy", "awe", "fear", "scorn"]);
        assert_eq!(mixed[3].definition.as_deref(), Some("x, y"));
    }

    #[test]
    fn names_that_mean_the_same_are_warned_of() {
        let (_, found) = read("joy, awe, delight").unwrap();
        let [warning] = &found.warnings[..] else { panic!("{:?}", found.warnings) };
        assert!(warning.starts_with("`joy` and `delight` mean nearly the same"), "{warning}");
        let (_, found) = read("joy, awe=zzz contempt").unwrap();
        assert!(found.warnings[0].contains("no vector for `zzz`"), "{:?}", found.warnings);
    }

    #[test]
    fn what_cannot_be_used_is_refused_with_a_way_out() {
        for (list, said) in [
            ("", "names none; give at least two"),
            (" , ,,", "names none; give at least two"),
            ("joy", "names only `joy`; give at least two"),
            ("joy, Joy", "`joy` is named twice; name it once"),
            ("joy, contenpt", "did you mean `contempt`? Else say what it means, as `contenpt=a"),
            ("joy, qqqqqqqq", "no vector for the word `qqqqqqqq`; say what it means"),
            ("joy, blank", "no vector for the word `blank`"),
            ("joy, =x", "a definition has no name"),
            ("joy, awe=", "the definition of `awe` has no word"),
            ("joy, awe=zzz", "the definition of `awe` has no word"),
            ("joy, \u{1b}[31m", "holds a control character"),
        ] {
            assert!(refused(list).contains(said), "{list:?}: {}", refused(list));
        }
        assert!(refused(&format!("joy, {}", "x".repeat(61))).contains("longer than 60"));
        let many: Vec<String> = (0..1001).map(|i| format!("n{i}=joy")).collect();
        assert!(refused(&many.join(",")).contains("more than 1000"));
        let (names, found) = read(&many[..1000].join(",")).unwrap();
        assert_eq!((names.len(), found.warnings.len()), (1000, PAIRS + 1));
    }
}
