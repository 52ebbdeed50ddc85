//! When two texts are the same: not by capitals, marks or spaces.

use crate::{Example, Media};

/// Texts of fewer words are said by many: "thank you so much".
const FEWEST_WORDS: usize = 8;

/// The words of a clip that consists of words alone and has at least eight of them, without
/// capitals and marks.
pub(crate) fn sayings(example: &Example) -> Option<String> {
    let mut text = String::new();
    for media in &example.media {
        let Media::Text(words) = media else { return None };
        text.push_str(words);
        text.push(' ');
    }
    let words = normal(&text);
    (words.split(' ').count() >= FEWEST_WORDS).then_some(words)
}

/// The letters and digits of a text in lower case, one space between words.
pub(crate) fn normal(text: &str) -> String {
    let mut words = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_alphanumeric() {
            words.extend(c.to_lowercase());
        } else if !matches!(c, '\'' | '\u{2019}') && !words.is_empty() && !words.ends_with(' ') {
            words.push(' ');
        }
    }
    words.truncate(words.trim_end().len());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_the_same_whatever_their_marks() {
        let text =
            |words: &str| Example { media: vec![Media::Text(words.into())], ..Example::new("t") };
        let one = sayings(&text("It's raining, again! And I  don\u{2019}t care a bit."));
        let other = sayings(&text("its raining again and i dont care a bit"));
        assert_eq!(one, other);
        assert_eq!(one.unwrap(), "its raining again and i dont care a bit");
        assert_eq!(sayings(&text("Thank you so much!")), None);
        let mut spoken = text("its raining again and i dont care a bit");
        spoken.media.push(Media::Audio("a.wav".into()));
        assert_eq!(sayings(&spoken), None);
    }
}
