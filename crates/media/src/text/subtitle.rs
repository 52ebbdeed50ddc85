//! `SubRip` (.srt) and `WebVTT` (.vtt), read by one forgiving parser.

use super::Cue;
use crate::span::{Skipped, Span};

/// How many lines may stand before the first time of a subtitle file.
const LINES_BEFORE_FIRST: usize = 200;

/// Whether the text is a subtitle file.
pub(super) fn is_subtitle(text: &str) -> bool {
    text.starts_with("WEBVTT")
        || text.lines().take(LINES_BEFORE_FIRST).any(|line| span(line).is_some())
}

/// The cues in order of their start, and those that could not be read.
pub(super) fn parse(text: &str) -> (Vec<Cue>, Vec<Skipped>) {
    let mut cues = Vec::new();
    let mut skipped = Vec::new();
    let mut lines = text.lines().enumerate().peekable();
    while let Some((number, line)) = lines.next() {
        if !line.contains("-->") {
            continue;
        }
        let mut words: Vec<&str> = Vec::new();
        while let Some((_, line)) =
            lines.next_if(|(_, line)| !line.trim().is_empty() && !line.contains("-->"))
        {
            words.push(line);
        }
        // Without an empty line in between, the number of the next cue was taken for words.
        if lines.peek().is_some_and(|(_, line)| line.contains("-->"))
            && words
                .last()
                .is_some_and(|last| last.trim().bytes().all(|byte| byte.is_ascii_digit()))
        {
            words.pop();
        }
        match span(line) {
            Some(span) => cues.extend(Cue::timed(span, &plain(&words.join(" ")))),
            None => skipped.push(Skipped {
                span: None,
                reason: format!("the subtitle at line {} has no readable time", number + 1),
            }),
        }
    }
    cues.sort_by(|a, b| start(a).total_cmp(&start(b)));
    (cues, skipped)
}

fn start(cue: &Cue) -> f64 {
    cue.span.map_or(0.0, |span| span.start)
}

/// `00:01:02,500 --> 00:01:04.000 align:start`
fn span(line: &str) -> Option<Span> {
    let (start, end) = line.split_once("-->")?;
    let start = seconds(start.trim())?;
    let end = seconds(end.split_whitespace().next()?)?;
    (start <= end).then_some(Span::new(start, end))
}

/// `[hours:]minutes:seconds[.,]fraction`
fn seconds(time: &str) -> Option<f64> {
    let mut total = 0.0;
    let mut fields = 0;
    for field in time.split(':') {
        let field = field.replace(',', ".");
        if field.is_empty() || !field.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
            return None;
        }
        total = total * 60.0 + field.parse::<f64>().ok()?;
        fields += 1;
    }
    ((2..=3).contains(&fields) && total < 1e7).then_some(total)
}

/// Words without tags (`<i>`, `<v Anna>`, `{\an8}`) and entities.
pub(super) fn plain(marked: &str) -> String {
    let mut words = String::with_capacity(marked.len());
    let mut rest = marked;
    while let Some(at) = rest.find(['<', '{', '&', '\\']) {
        words.push_str(&rest[..at]);
        rest = &rest[at..];
        let (written, used) = markup(rest);
        words.push_str(written);
        rest = &rest[used..];
    }
    words.push_str(rest);
    words
}

/// What stands for the mark-up that begins `rest`, and how many bytes it takes.
fn markup(rest: &str) -> (&str, usize) {
    const ENTITIES: [(&str, &str); 9] = [
        ("&amp;", "&"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&apos;", "'"),
        ("&#39;", "'"),
        ("&nbsp;", " "),
        ("&lrm;", ""),
        ("&rlm;", ""),
    ];
    let mut inside = rest.chars().skip(1);
    let next = inside.next();
    let closed = |close: char| {
        let end = rest.char_indices().take(300).skip(1).find(|(_, c)| *c == close || *c == '\n');
        end.filter(|(_, c)| *c == close).map(|(at, _)| at + 1)
    };
    let tag = match rest.as_bytes()[0] {
        // `<3` and `a < b` are words.
        b'<' if next.is_some_and(|c| c.is_alphabetic() || c == '/') => closed('>'),
        b'<' => closed('>').filter(|end| {
            *end > 4
                && rest[1..*end - 1].bytes().all(|b| b.is_ascii_digit() || b == b':' || b == b'.')
        }),
        b'{' if next == Some('\\') => closed('}'),
        b'\\' if matches!(next, Some('N' | 'h')) => return (" ", 2),
        b'&' => {
            let entity = ENTITIES.iter().find(|(entity, _)| rest.starts_with(entity));
            return entity.map_or((&rest[..1], 1), |(entity, written)| (written, entity.len()));
        }
        _ => None,
    };
    tag.map_or((&rest[..1], 1), |end| ("", end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Vec<(f64, f64, String)> {
        let row = |cue: Cue| cue.span.map(|span| (span.start, span.end, cue.text));
        parse(text).0.into_iter().filter_map(row).collect()
    }

    #[test]
    fn subrip_gives_words_with_times() {
        let text = "1\r\n00:00:01,000 --> 00:00:02,500\r\n<i>I'm</i> so\r\n{\\an8}glad!\r\n\r\n\
                    2\r\n00:00:03,000 --> 00:00:04,000\r\nTom &amp; Ann\r\n\
                    3\r\n00:00:05,000 --> 00:00:06,000\r\nI <3 you";
        let expected =
            [(1.0, 2.5, "I'm so glad!"), (3.0, 4.0, "Tom & Ann"), (5.0, 6.0, "I <3 you")];
        assert_eq!(rows(text), expected.map(|(start, end, words)| (start, end, words.to_owned())));
    }

    #[test]
    fn web_vtt_settings_notes_and_voices_are_no_words() {
        let text = "WEBVTT - title\n\nSTYLE\n::cue { color: red }\n\nNOTE nothing\n\nintro\n\
                    00:02.000 --> 00:03.000 line:0 position:20%\n<v Anna>Oh <00:02.500>no</v>&nbsp;!\n\n\
                    01:00:00.000 --> 01:00:01.000\nlate\n";
        let expected = [(2.0, 3.0, "Oh no !"), (3600.0, 3601.0, "late")];
        assert_eq!(rows(text), expected.map(|(start, end, words)| (start, end, words.to_owned())));
    }

    #[test]
    fn a_subtitle_with_a_broken_time_costs_that_subtitle() {
        let text = "1\n00:00:01,000 --> 00:00:02,000\nyes\n\n2\n00:00:xx --> 00:00:04,000\nlost\n\n\
                    3\n00:00:09,000 --> 00:00:05,000\nbackwards\n\n4\n00:00:05,000 --> 00:00:06,000\nno\n";
        let (cues, skipped) = parse(text);
        assert_eq!(cues.iter().map(|cue| cue.text.as_str()).collect::<Vec<_>>(), ["yes", "no"]);
        assert_eq!(skipped.len(), 2);
        assert_eq!(skipped[0].reason, "the subtitle at line 6 has no readable time");
    }

    #[test]
    fn an_arrow_in_prose_does_not_make_subtitles() {
        assert!(!is_subtitle("first --> second"));
        assert!(is_subtitle("1\n00:00:01,000 --> 00:00:02,000\nHi"));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in "(\\PC|[<>{}&\\\\:,.0-9\n-]){0,200}") {
            let (cues, _) = parse(&text);
            proptest::prop_assert!(cues.iter().all(|cue| !cue.text.is_empty()));
            plain(&text);
        }
    }
}
