//! Learning which pieces of words belong together (byte-pair encoding, Sennrich et al. 2016).
//!
//! The trainers of the `tokenizers` crate number the pieces that continue a word in the order of
//! a hash map with a random seed, so two runs over one text give two files. Here every choice is
//! by count, then by number: the most frequent pair first, of equals the one learned earlier.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap};

use serde::Deserialize;

use super::CONTINUING;

/// Room for the reserved tokens and every character that is always known.
pub(super) const LEAST_VOCABULARY: usize = 256;

/// How often a pair or a rare character must be seen to be kept.
const LEAST_COUNT: i64 = 2;

/// Stands for a character that is not in the vocabulary; nothing is merged across it.
const UNKNOWN: u32 = u32::MAX;

type Pair = (u32, u32);

/// Tokens by number, and the merges that make the longer ones, first to last.
pub(super) struct Vocabulary {
    pub(super) tokens: Vec<String>,
    pub(super) merges: Vec<(String, String)>,
}

/// Learns at most `size` tokens from words and their counts; `reserved` come first.
pub(super) fn learn(words: &BTreeMap<String, u64>, reserved: &[&str], size: usize) -> Vocabulary {
    let mut tokens: Vec<String> = reserved.iter().map(|&token| token.to_owned()).collect();
    tokens.extend(alphabet(words, size.saturating_sub(reserved.len())));
    let mut ids: HashMap<String, u32> = tokens.iter().cloned().zip(0..).collect();
    let mut pairs = Pairs::default();
    for (word, &count) in words {
        let piece = |form: String| ids.get(&form).copied().unwrap_or(UNKNOWN);
        let pieces: Vec<u32> = forms(word).map(piece).collect();
        pairs.words.push((pieces, i64::try_from(count).unwrap_or(i64::MAX)));
    }
    pairs.count_all();
    let mut merges = Vec::new();
    let mut merged = BTreeSet::new();
    while tokens.len() < size
        && let Some(pair) = pairs.most_frequent()
    {
        let (left, right) = (&tokens[pair.0 as usize], &tokens[pair.1 as usize]);
        let joined = format!("{left}{}", right.strip_prefix(CONTINUING).unwrap_or(right));
        if merged.insert(pair) {
            merges.push((left.clone(), right.clone()));
        }
        let id = *ids.entry(joined.clone()).or_insert(tokens.len() as u32);
        if id as usize == tokens.len() {
            tokens.push(joined);
        }
        pairs.merge(pair, id);
    }
    Vocabulary { tokens, merges }
}

/// The characters of a word, all but the first marked as continuing it.
fn forms(word: &str) -> impl Iterator<Item = String> {
    word.chars().enumerate().map(
        |(i, c)| {
            if i == 0 { c.to_string() } else { format!("{CONTINUING}{c}") }
        },
    )
}

/// ASCII always, other characters from the most frequent down while there is room; sorted.
fn alphabet(words: &BTreeMap<String, u64>, room: usize) -> BTreeSet<String> {
    let lower = 'a'..='z';
    let mut kept: BTreeSet<String> = ('!'..='~')
        .filter(|c| !c.is_ascii_uppercase())
        .map(String::from)
        .chain(lower.map(|c| format!("{CONTINUING}{c}")))
        .collect();
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for (word, count) in words {
        for form in forms(word) {
            *counts.entry(form).or_default() += count;
        }
    }
    let mut seen: Vec<_> =
        counts.into_iter().filter(|(_, count)| *count >= LEAST_COUNT as u64).collect();
    seen.sort_by_key(|(_, count)| Reverse(*count));
    for (form, _) in seen {
        if kept.len() < room {
            kept.insert(form);
        }
    }
    kept
}

/// Words as pieces, and how often each pair of neighbours is seen in them.
#[derive(Default)]
struct Pairs {
    words: Vec<(Vec<u32>, i64)>,
    counts: HashMap<Pair, i64>,
    /// In which words a pair has been seen; it may have gone from some of them.
    places: HashMap<Pair, Vec<usize>>,
    /// Every pair with every count that it has had; only the present one is true.
    queue: BinaryHeap<(i64, Reverse<Pair>)>,
}

fn neighbours(pieces: &[u32]) -> impl Iterator<Item = Pair> {
    pieces
        .windows(2)
        .map(|pair| (pair[0], pair[1]))
        .filter(|pair| pair.0 != UNKNOWN && pair.1 != UNKNOWN)
}

impl Pairs {
    fn count_all(&mut self) {
        for (place, (pieces, count)) in self.words.iter().enumerate() {
            for pair in neighbours(pieces) {
                *self.counts.entry(pair).or_default() += count;
                self.places.entry(pair).or_default().push(place);
            }
        }
        self.queue.extend(self.counts.iter().map(|(&pair, &count)| (count, Reverse(pair))));
    }

    fn most_frequent(&mut self) -> Option<Pair> {
        while let Some((count, Reverse(pair))) = self.queue.pop() {
            if count < LEAST_COUNT {
                return None;
            }
            if self.counts.get(&pair) == Some(&count) {
                return Some(pair);
            }
        }
        None
    }

    /// Joins `pair` wherever it is seen.
    fn merge(&mut self, pair: Pair, joined: u32) {
        let mut changes: HashMap<Pair, i64> = HashMap::new();
        let mut places = self.places.remove(&pair).unwrap_or_default();
        places.sort_unstable();
        places.dedup();
        for place in places {
            let (pieces, count) = &mut self.words[place];
            for before in neighbours(pieces) {
                *changes.entry(before).or_default() -= *count;
            }
            let mut kept = 0;
            let mut next = 0;
            while next < pieces.len() {
                let found = pieces[next] == pair.0 && pieces.get(next + 1) == Some(&pair.1);
                pieces[kept] = if found { joined } else { pieces[next] };
                next += if found { 2 } else { 1 };
                kept += 1;
            }
            pieces.truncate(kept);
            for after in neighbours(pieces) {
                *changes.entry(after).or_default() += *count;
                if after.0 == joined || after.1 == joined {
                    self.places.entry(after).or_default().push(place);
                }
            }
        }
        for (pair, change) in changes {
            let count = self.counts.entry(pair).or_default();
            *count += change;
            if change != 0 && *count > 0 {
                self.queue.push((*count, Reverse(pair)));
            }
        }
    }
}

/// What of a file could break the library that reads it: it takes for granted that the second
/// part of every merge begins with the mark of a continuing piece, and that the parts below can
/// be parsed.
#[derive(Deserialize)]
struct File {
    model: Model,
    #[serde(rename = "normalizer")]
    _normalizer: Option<serde_json::Value>,
    #[serde(rename = "decoder")]
    _decoder: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Model {
    continuing_subword_prefix: Option<String>,
    merges: Option<Vec<serde_json::Value>>,
}

/// Refuses a `tokenizer.json` that is no JSON or whose merges do not fit its continuing mark.
pub(super) fn check_file(bytes: &[u8]) -> Result<(), String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8 text")?;
    let file: File = serde_json::from_str(text).map_err(|e| e.to_string())?;
    let Some(mark) = file.model.continuing_subword_prefix.filter(|mark| !mark.is_empty()) else {
        return Ok(());
    };
    for merge in file.model.merges.unwrap_or_default() {
        let second = match &merge {
            serde_json::Value::Array(parts) => parts.get(1).and_then(|part| part.as_str()),
            merge => merge.as_str().and_then(|merge| merge.split(' ').nth(1)),
        };
        if !second.is_some_and(|second| second.starts_with(&mark)) {
            return Err(format!("the merge {merge} does not continue a word with `{mark}`"));
        }
    }
    Ok(())
}
