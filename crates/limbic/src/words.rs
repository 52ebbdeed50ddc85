//! The words of a clip, read in pieces that the word expert was made for.

use limbic_media::{Cue, Span};

use crate::scores::{MeanScores, Scores};
use crate::slot::Board;
use crate::timeline::Words;

/// Longer texts are read in pieces, which end with a sentence where there is one: experts learn
/// from utterances and short posts.
const PIECE: usize = 60;

/// A subtitle shows for at least so many seconds, whatever its times say.
const SHORTEST: f64 = 0.1;

/// Reads `cues` with `expert`, at most `batch` pieces at once; words with times go to the slots
/// of `board`.
pub(crate) fn read<E>(
    cues: &[Cue],
    board: &mut Board,
    batch: usize,
    mut expert: impl FnMut(&[&str]) -> Result<Vec<Option<Scores>>, E>,
) -> Result<Words, E> {
    let timed = cues.iter().any(|cue| cue.span.is_some());
    let mut whole = MeanScores::default();
    let mut pieces = cues
        .iter()
        .flat_map(|cue| pieces(&cue.text).into_iter().map(|piece| (cue.span, piece)))
        .peekable();
    while pieces.peek().is_some() {
        let taken: Vec<(Option<Span>, &str)> = pieces.by_ref().take(batch).collect();
        let texts: Vec<&str> = taken.iter().map(|(_, text)| *text).collect();
        for ((span, text), scores) in taken.iter().zip(expert(&texts)?) {
            let Some(scores) = scores else { continue };
            whole.add(&scores, text.split_whitespace().count() as f64);
            if let Some(span) = span {
                let span = Span::new(span.start, span.end.max(span.start + SHORTEST));
                board.spread(span, |slot, seconds| slot.words.add(&scores, seconds));
            }
        }
    }
    let Some(mut all) = whole.mean() else { return Ok(Words::None) };
    if cues.len() > 1 && whole.weight() <= PIECE as f64 {
        // A short conversation says more in one piece.
        let text = cues.iter().map(|cue| cue.text.as_str()).collect::<Vec<_>>().join(" ");
        if let Some(Some(scores)) = expert(&[&text])?.into_iter().next() {
            all = scores;
        }
    }
    Ok(if timed { Words::Timed(all) } else { Words::Whole(all) })
}

/// When the last words with times end, in seconds; zero where there are none.
pub(crate) fn end(cues: &[Cue]) -> f64 {
    cues.iter().filter_map(|cue| cue.span).map(|span| span.end).fold(0.0, f64::max)
}

/// The text in pieces of at most [`PIECE`] words, cut behind a sentence where one ends in the
/// piece's second half.
fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let cut = cut(rest);
        pieces.push(rest[..cut].trim_end());
        rest = rest[cut..].trim_start();
    }
    pieces
}

/// Where the first piece of `text` ends, in bytes; never zero.
fn cut(text: &str) -> usize {
    let mut sentence = None;
    let mut end = 0;
    for (number, word) in text.split_whitespace().enumerate() {
        if number == PIECE {
            return sentence.unwrap_or(end);
        }
        // The words are slices of the text, in order.
        end += text[end..].find(word).unwrap_or(0) + word.len();
        let closing = word.trim_end_matches(['"', '\'', '”', '’', ')']);
        if number + 1 >= PIECE / 2 && closing.ends_with(['.', '!', '?', '…', '。', '！', '？'])
        {
            sentence = Some(end);
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cue(span: Option<(f64, f64)>, text: &str) -> Cue {
        Cue { span: span.map(|(start, end)| Span::new(start, end)), text: text.to_owned() }
    }

    /// Sure of happiness where the text laughs, of anger elsewhere.
    #[expect(clippy::unnecessary_wraps, reason = "an expert may fail")]
    fn expert(texts: &[&str]) -> Result<Vec<Option<Scores>>, ()> {
        Ok(texts
            .iter()
            .map(|text| {
                let mut log_probs = [0.0; 8];
                log_probs[if text.contains("ha") { 1 } else { 3 }] = 4.0;
                Scores::new(log_probs, None, None)
            })
            .collect())
    }

    fn top(scores: &Scores) -> usize {
        let best = scores.values().iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
        best.unwrap().0
    }

    #[test]
    fn words_with_times_go_to_their_slots() {
        let mut board = Board::new(1.0);
        let cues = [cue(Some((0.2, 0.8)), "ha"), cue(Some((1.5, 1.5)), "no")];
        let words = read(&cues, &mut board, 1, expert).unwrap();
        let Words::Timed(whole) = words else { panic!("timed") };
        assert_eq!(top(&whole), 1, "both at once, and somebody laughs");
        let slots: Vec<usize> =
            board.slots().iter().map(|slot| top(&slot.words.mean().unwrap())).collect();
        assert_eq!(slots, [1, 3]);
    }

    #[test]
    fn words_without_times_cover_the_whole_clip() {
        let mut board = Board::new(1.0);
        let words = read(&[cue(None, "ha ha")], &mut board, 8, expert).unwrap();
        assert!(matches!(words, Words::Whole(_)));
        assert!(board.slots().is_empty());
        assert_eq!(read(&[], &mut board, 8, expert).unwrap(), Words::None);
    }

    #[test]
    fn a_long_text_is_read_in_pieces_weighted_by_their_words() {
        let long = format!("{} {}", "no ".repeat(100), "ha ".repeat(20));
        let mut calls = 0;
        let words = read(&[cue(None, &long)], &mut Board::new(1.0), 1, |texts| {
            calls += 1;
            assert!(texts.iter().all(|text| text.split_whitespace().count() <= PIECE));
            expert(texts)
        });
        let Words::Whole(whole) = words.unwrap() else { panic!("whole") };
        assert_eq!((calls, top(&whole)), (2, 3));
    }

    #[test]
    fn pieces_end_with_a_sentence_and_lose_nothing() {
        let text =
            format!("{} end. {} 終わり。 {}", "a ".repeat(40), "b ".repeat(35), "c ".repeat(70));
        let found = pieces(&text);
        assert!(found[0].ends_with("end."), "{:?}", found[0]);
        assert!(found[1].ends_with('。'), "{:?}", found[1]);
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(found.iter().flat_map(|p| words(p)).collect::<Vec<_>>(), words(&text));
        assert!(pieces(" \n").is_empty());
    }
}
