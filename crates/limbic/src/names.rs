//! Emotions by their words: a list as it is typed becomes word vectors.

use limbic_features::{Phrase, WordVectors};

use crate::error::{Error, Result};

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

/// Names with their vectors.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Names {
    /// As they are shown.
    pub(crate) labels: Vec<String>,
    /// The vectors, end to end.
    pub(crate) rows: Vec<f32>,
    /// A sentence for each thing that may not be as it was meant.
    pub(crate) warnings: Vec<String>,
}

/// Reads `joy, awe, contempt=the feeling that someone is beneath you`.
///
/// # Errors
/// [`Error::Emotions`] where a name cannot be used as it is.
pub(crate) fn read(list: &str, words: &WordVectors) -> Result<Names> {
    let mut names: Vec<String> = Vec::new();
    let mut rows: Vec<Vec<f32>> = Vec::new();
    let mut warnings = Vec::new();
    for entry in list.split(',').filter(|entry| !entry.trim().is_empty()) {
        let (name, definition) = match entry.split_once('=') {
            Some((name, definition)) => (plain(name), Some(definition.trim())),
            None => (plain(entry), None),
        };
        check(&name, &names)?;
        rows.push(match definition {
            Some(text) => defined(&name, text, words, &mut warnings)?,
            None => named(&name, words)?,
        });
        names.push(name);
    }
    if names.len() < 2 {
        let found = names.first().map_or("none".to_owned(), |name| format!("only `{name}`"));
        return Err(Error::Emotions(format!(
            "an emotion is told by comparison, and this list names {found}; give at least two, as \
             in `joy, awe`"
        )));
    }
    warnings.extend(too_close(&names, &rows));
    Ok(Names { labels: names, rows: rows.concat(), warnings })
}

/// A name with single spaces.
fn plain(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn check(name: &str, before: &[String]) -> Result<()> {
    let refused = |reason: String| Err(Error::Emotions(reason));
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
            "the name `{begin}…` is longer than {LONGEST} characters; write a short name and what \
             it means behind it, as `name=definition`"
        ));
    }
    let same = |other: &&String| other.to_lowercase() == name.to_lowercase();
    if let Some(other) = before.iter().find(same) {
        return refused(format!("`{other}` is named twice; name it once"));
    }
    if before.len() == MOST {
        return refused(format!("there are more than {MOST} names; give fewer"));
    }
    Ok(())
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
    Err(Error::Emotions(format!(
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
        return Err(Error::Emotions(format!(
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
fn too_close(names: &[String], rows: &[Vec<f32>]) -> Vec<String> {
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
            names[*a], names[*b]
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

    fn refused(list: &str) -> String {
        read(list, &words()).unwrap_err().to_string()
    }

    #[test]
    fn names_and_definitions_become_vectors() {
        let names = read(" Joy,awe , scorn=the contempt,", &words()).unwrap();
        assert_eq!(names.labels, ["Joy", "awe", "scorn"]);
        assert_eq!(names.rows[..6], [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
        assert!(names.rows[8] > names.rows[6], "{:?}", names.rows);
        assert!(names.warnings.is_empty(), "{:?}", names.warnings);
    }

    #[test]
    fn names_that_mean_the_same_are_warned_of() {
        let names = read("joy, awe, delight", &words()).unwrap();
        let [warning] = &names.warnings[..] else { panic!("{:?}", names.warnings) };
        assert!(warning.starts_with("`joy` and `delight` mean nearly the same"), "{warning}");
        let names = read("joy, awe=zzz contempt", &words()).unwrap();
        assert!(names.warnings[0].contains("no vector for `zzz`"), "{:?}", names.warnings);
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
        let names = read(&many[..1000].join(","), &words()).unwrap();
        assert_eq!((names.labels.len(), names.warnings.len()), (1000, PAIRS + 1));
    }
}
