//! The words that corpora and lists have for the same emotion.

use crate::LabelMap;

/// Other spellings of an emotion, in lower case. Codes of IEMOCAP, CREMA-D and EmoBox's files
/// stand beside the words; `boredem` is how EmoBox's EMO-DB files spell it.
const SPELLINGS: &[(&str, &[&str])] = &[
    ("neutral", &["neu", "neutral state"]),
    ("happiness", &["happy", "hap", "joy"]),
    ("sadness", &["sad"]),
    ("anger", &["angry", "ang"]),
    ("fear", &["fearful", "fea"]),
    ("disgust", &["disgusted", "dis"]),
    ("surprise", &["surprised", "sur", "ps", "pleasant_surprise", "pleasant_surprised"]),
    ("calm", &["calmness"]),
    ("boredom", &["bored", "boredem"]),
    ("excitement", &["excited", "exc"]),
    ("frustration", &["frustrated", "fru"]),
    ("contempt", &["contemptuous"]),
];

/// The noun for an emotion, where `word` is a known spelling of one.
pub(crate) fn emotion(word: &str) -> Option<&'static str> {
    let word = word.trim().to_lowercase();
    let known = SPELLINGS
        .iter()
        .find(|(noun, others)| *noun == word || others.iter().any(|other| *other == word));
    known.map(|(noun, _)| *noun)
}

/// The class of a label set that `word` names: by its own name, else by another spelling of it,
/// else as the only class that counts as that emotion.
pub(crate) fn class(map: &LabelMap, word: &str) -> Option<usize> {
    let spelled = || {
        let noun = emotion(word)?;
        let same = |class: &str| emotion(class) == Some(noun);
        let position = map.classes.iter().position(|(class, _)| same(class));
        position.or_else(|| map.index(noun))
    };
    let counting = || {
        let noun = emotion(word)?;
        let mut classes = map.classes.iter().enumerate().filter(|(_, (_, to))| to == noun);
        let first = classes.next();
        first.filter(|_| classes.next().is_none()).map(|(index, _)| index)
    };
    map.index(word).or_else(spelled).or_else(counting)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labels;

    #[test]
    fn a_class_is_found_by_its_name_its_spellings_and_what_it_counts_as() {
        let ravdess = labels("ravdess").unwrap();
        let named = |word| class(&ravdess, word).map(|index| ravdess.classes[index].0.as_str());
        assert_eq!(named("fearful"), Some("fearful"));
        assert_eq!(named("FEA"), Some("fearful"));
        assert_eq!(named("Surprise"), Some("surprised"));
        assert_eq!(named("boredom"), None);
        let four = labels("iemocap4").unwrap();
        assert_eq!(class(&four, "exc"), four.index("happiness"));
        assert_eq!(class(&four, "fru"), None);
        // Many emotions of GoEmotions count as happiness: only the one of that name is meant.
        let go = labels("goemotions").unwrap();
        assert_eq!(class(&go, "happy"), go.index("joy"));
    }
}
