//! Text from chats and forums, made a little plainer before it is split.

/// No character is written more often than this in a row, digits apart.
const MOST_REPEATS: usize = 3;

/// Makes a text plainer without changing what it says:
///
/// - an address (`http://`, `https://`, `www.`) becomes `[URL]`; `@name` and `u/name` become
///   `[USER]`; placeholders that are there, such as the `[NAME]` of GoEmotions, stay;
/// - a character that is written more than three times in a row is written three times
///   (`sooooo` and `soooo` are both `sooo`), digits apart;
/// - curly quotation marks and apostrophes become straight ones;
/// - spaces, line ends and control characters become single spaces; invisible characters
///   (zero-width spaces, byte order marks, variation selectors) go.
///
/// Case, accents, emoji and punctuation stay.
///
/// ```
/// use limbic_features::normalise_text;
/// let text = "@kim  that’s sooooooo good!!!!! see https://example.org/x?y=1";
/// assert_eq!(normalise_text(text), "[USER] that's sooo good!!! see [URL]");
/// ```
pub fn normalise_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in words(text) {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(&word);
    }
    out
}

/// The words of the plainer text; they hold no spaces.
pub(super) fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| c.is_whitespace() || c.is_control()).filter_map(|word| {
        let mut plain = plain_word(word);
        if let Some(at) = address(&plain) {
            plain.replace_range(at.., "[URL]");
        }
        while let Some((start, end)) = user(&plain) {
            plain.replace_range(start..end, "[USER]");
        }
        (!plain.is_empty()).then_some(plain)
    })
}

/// Straight quotes, nothing invisible, no long runs.
fn plain_word(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    let (mut last, mut repeats) = ('\0', 0);
    for c in word.chars() {
        let c = match c {
            '\u{2018}' | '\u{2019}' | '\u{02bc}' | '\u{00b4}' => '\'',
            '\u{201c}' | '\u{201d}' => '"',
            '\u{200b}' | '\u{2060}' | '\u{feff}' | '\u{00ad}' | '\u{fe0e}' | '\u{fe0f}' => continue,
            c => c,
        };
        repeats = if c.eq_ignore_ascii_case(&last) { repeats + 1 } else { 1 };
        last = c;
        if repeats <= MOST_REPEATS || c.is_numeric() {
            out.push(c);
        }
    }
    out
}

/// Where an address begins.
fn address(word: &str) -> Option<usize> {
    // Runs were shortened first, and `www.` is no longer than the longest run.
    if !word.contains(['/', '.']) {
        return None;
    }
    let lower = word.to_ascii_lowercase();
    ["http://", "https://", "www."]
        .iter()
        .filter_map(|start| lower.find(start))
        .filter(|&at| !word[..at].ends_with(char::is_alphanumeric))
        .min()
}

/// Where the name of a user begins and ends, mark included.
fn user(word: &str) -> Option<(usize, usize)> {
    if !word.contains(['@', '/']) {
        return None;
    }
    ["@", "u/"].iter().find_map(|mark| {
        let start = word.find(mark)?;
        if word[..start].ends_with(char::is_alphanumeric) {
            return None;
        }
        let name = &word[start + mark.len()..];
        let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        let length = name.find(|c| !inside(c)).unwrap_or(name.len());
        (length > 0).then_some((start, start + mark.len() + length))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_rule_does_what_it_says() {
        let cases = [
            ("", ""),
            (" \t\r\n\0 ", ""),
            ("a\u{0}b  c", "a b c"),
            ("NOOOOoooo!!!!!!", "NOOO!!!"),
            ("1000000 times", "1000000 times"),
            ("(https://a.b/c)", "([URL]"),
            ("WWW.x.org", "[URL]"),
            ("awww.", "awww."),
            ("@-@A", "[USER][USER]"),
            ("@a/www.b.org", "[USER]/[URL]"),
            ("hi @you_2, me@home.org", "hi [USER], me@home.org"),
            ("u/someone-else you/me", "[USER] you/me"),
            ("[NAME]'s cat", "[NAME]'s cat"),
            ("“it’s”", "\"it's\""),
            ("❤\u{fe0f}😂😂😂😂", "❤😂😂😂"),
            ("@ u/ http://", "@ u/ [URL]"),
            ("Ça VA Été", "Ça VA Été"),
        ];
        for (text, expected) in cases {
            assert_eq!(normalise_text(text), expected, "from {text:?}");
        }
    }

    proptest! {
        #[test]
        fn a_plain_text_stays_as_it_is(text in "\\PC{0,60}") {
            let once = normalise_text(&text);
            prop_assert_eq!(normalise_text(&once), once);
        }
    }
}
