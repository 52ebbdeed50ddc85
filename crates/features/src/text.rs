//! Words become numbers: sub-word tokens for models that learn their own embeddings, and word
//! vectors that somebody else has learned.
//!
//! The tokenizers made here are one `tokenizer.json` in the format of the `tokenizers` library:
//! NFKC and lower case with accents kept; words at spaces; emoji, punctuation marks and digits
//! each on their own; byte-pair merges (Sennrich et al. 2016) inside words, where `##` marks a
//! piece that continues a word. A character that was never seen becomes one `[UNK]`.

mod merges;
mod names;
mod normalise;
mod vectors;

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use serde_json::json;
use tokenizers::decoders::wordpiece::WordPiece;
use tokenizers::{
    Decoder, NormalizedString, OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer,
    Tokenizer, TruncationParams,
};

pub use names::{Meanings, Name};
pub use normalise::normalise_text;
pub use vectors::{Phrase, WordVectors};

use crate::{Error, Result};

/// Tokens with a fixed meaning, in the order of their numbers. The first two are never read from
/// a text, even if it spells them out.
const RESERVED: [&str; 6] = ["[PAD]", "[UNK]", "[URL]", "[USER]", "[NAME]", "[RELIGION]"];
const PAD: u32 = 0;
const SPELT: std::ops::Range<usize> = 2..RESERVED.len();

/// Marks a piece that continues a word.
const CONTINUING: &str = "##";

/// Splits text into sub-word tokens.
#[derive(Debug, Clone)]
pub struct TextTokenizer {
    inner: Tokenizer,
    name: PathBuf,
    max_length: usize,
    /// Whether it is made as [`TextTokenizer::train`] makes them.
    ours: bool,
}

impl TextTokenizer {
    /// Reads a `tokenizer.json` that is already in memory. `name` is what errors call it, and
    /// no text becomes more than `max_length` tokens.
    ///
    /// A tokenizer from elsewhere works as well. Texts go through [`normalise_text`] first only
    /// where the vocabulary has `[URL]` and `[USER]`, the placeholders that it writes, and the
    /// file adds no tokens of its own to a text.
    pub fn from_bytes(name: impl AsRef<Path>, bytes: &[u8], max_length: usize) -> Result<Self> {
        let name = name.as_ref().to_owned();
        let damaged = |reason: String| Error::Damaged {
            path: name.clone(),
            reason,
            way_out: "give a tokenizer.json as the `tokenizers` library writes it",
        };
        merges::check_file(bytes).map_err(damaged)?;
        // Parts of SentencePiece that are not what they should be make the library panic.
        let mut inner = std::panic::catch_unwind(|| Tokenizer::from_bytes(bytes))
            .map_err(|_| damaged("a part of it is of another kind".to_owned()))?
            .map_err(|e| damaged(e.to_string()))?;
        let least = inner.get_post_processor().map_or(0, |p| {
            use tokenizers::PostProcessor;
            p.added_tokens(false)
        }) + 1;
        if max_length < least {
            return Err(Error::setting("max_length", max_length, "room for a token at least"));
        }
        inner.with_padding(None);
        inner
            .with_truncation(Some(TruncationParams { max_length, ..TruncationParams::default() }))
            .map_err(|e| damaged(e.to_string()))?;
        let ours = inner.get_post_processor().is_none()
            && ["[URL]", "[USER]"].iter().all(|token| inner.token_to_id(token).is_some());
        Ok(Self { inner, name, max_length, ours })
    }

    /// Reads the `tokenizer.json` at `path`; see [`Self::from_bytes`].
    pub fn open(path: impl AsRef<Path>, max_length: usize) -> Result<Self> {
        let path = path.as_ref();
        let bytes = std::fs::read(path).map_err(|e| Error::io(path, e))?;
        Self::from_bytes(path, &bytes, max_length)
    }

    /// Learns a vocabulary of at most `vocabulary` tokens from `texts`, and nothing else: the
    /// same texts in any order give the same file. A pair of pieces is merged while it is seen
    /// twice, and a character outside of ASCII is kept if it is seen twice.
    pub fn train<T: AsRef<str>>(
        texts: impl IntoIterator<Item = T>,
        vocabulary: usize,
        max_length: usize,
    ) -> Result<Self> {
        if !(merges::LEAST_VOCABULARY..1 << 24).contains(&vocabulary) {
            let expected = "at least 256 and less than 2^24 tokens";
            return Err(Error::setting("vocabulary", vocabulary, expected));
        }
        let name = "the new tokenizer";
        let empty = merges::learn(&BTreeMap::new(), &RESERVED, merges::LEAST_VOCABULARY);
        let pipeline = Self::from_bytes(name, &file(&empty), max_length)?;
        let mut words = BTreeMap::new();
        for text in texts {
            for word in pipeline.words(text.as_ref())? {
                *words.entry(word).or_default() += 1;
            }
        }
        let learned = merges::learn(&words, &RESERVED, vocabulary);
        Self::from_bytes(name, &file(&learned), max_length)
    }

    /// The `tokenizer.json`, the same for the same tokenizer.
    pub fn to_json(&self) -> Result<String> {
        let mut inner = self.inner.clone();
        inner.with_truncation(None).map_err(|e| self.failed(&*e))?;
        inner.to_string(false).map_err(|e| self.failed(&*e))
    }

    /// The numbers of the tokens of `text`. A text with more than `max_length` of them is cut
    /// after the first `max_length`, special tokens of the file included; an empty text has none
    /// of its own.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>> {
        if !self.ours {
            let encoding = self.inner.encode_fast(text, true).map_err(|e| self.failed(&*e))?;
            return Ok(encoding.get_ids().to_vec());
        }
        // No token of ours reaches over a space, so each different word is looked at once, and a
        // long text is not read further than is needed.
        let mut known: HashMap<String, Vec<u32>> = HashMap::new();
        let mut tokens = Vec::new();
        for word in normalise::words(text) {
            if tokens.len() >= self.max_length {
                break;
            }
            match known.entry(word) {
                Entry::Occupied(word) => tokens.extend_from_slice(word.get()),
                Entry::Vacant(word) => {
                    let pieces = self.inner.encode_fast(word.key().as_str(), true);
                    let pieces = pieces.map_err(|e| self.failed(&*e))?.get_ids().to_vec();
                    tokens.extend_from_slice(word.insert(pieces));
                }
            }
        }
        tokens.truncate(self.max_length);
        Ok(tokens)
    }

    /// The number of padding, for batches of texts of unequal length.
    pub fn pad(&self) -> u32 {
        self.inner.token_to_id(RESERVED[PAD as usize]).unwrap_or(PAD)
    }

    /// How many tokens the vocabulary has.
    pub fn vocabulary_size(&self) -> usize {
        self.inner.get_vocab_size(true)
    }

    /// The token with number `id`, if there is one.
    pub fn token(&self, id: u32) -> Option<String> {
        self.inner.id_to_token(id)
    }

    /// The text of tokens: pieces of a word joined, spaces between words. Tokens that are not in
    /// the vocabulary say nothing.
    pub fn decode(&self, tokens: &[u32]) -> Result<String> {
        let pieces = tokens.iter().filter_map(|id| self.token(*id)).collect();
        WordPiece::new(CONTINUING.to_owned(), false).decode(pieces).map_err(|e| self.failed(&*e))
    }

    /// The words inside of which pieces are merged.
    fn words(&self, text: &str) -> Result<Vec<String>> {
        use tokenizers::Normalizer;
        let mut text = normalise_text(text);
        for placeholder in &RESERVED[SPELT] {
            text = text.replace(placeholder, " ");
        }
        let mut text = NormalizedString::from(text);
        if let Some(normalizer) = self.inner.get_normalizer() {
            normalizer.normalize(&mut text).map_err(|e| self.failed(&*e))?;
        }
        let mut words = PreTokenizedString::from(text);
        if let Some(splitter) = self.inner.get_pre_tokenizer() {
            splitter.pre_tokenize(&mut words).map_err(|e| self.failed(&*e))?;
        }
        let splits = words.get_splits(OffsetReferential::Normalized, OffsetType::Byte);
        Ok(splits.into_iter().map(|(word, ..)| word.to_owned()).collect())
    }

    fn failed(&self, reason: &(dyn std::error::Error + Send + Sync)) -> Error {
        Error::Damaged {
            path: self.name.clone(),
            reason: format!("the tokenizer cannot do this: {reason}"),
            way_out: "use another tokenizer",
        }
    }
}

/// The `tokenizer.json` of a vocabulary.
fn file(learned: &merges::Vocabulary) -> Vec<u8> {
    let vocabulary: BTreeMap<&str, usize> =
        learned.tokens.iter().enumerate().map(|(id, token)| (token.as_str(), id)).collect();
    let spelt: Vec<_> = SPELT
        .map(|id| {
            json!({
                "id": id, "content": RESERVED[id], "special": false, "normalized": false,
                "single_word": false, "lstrip": false, "rstrip": false,
            })
        })
        .collect();
    json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": spelt,
        "normalizer": {"type": "Sequence", "normalizers": [{"type": "NFKC"}, {"type": "Lowercase"}]},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
            {"type": "WhitespaceSplit"},
            {"type": "Split", "pattern": {"Regex": "\\p{Extended_Pictographic}"}, "behavior": "Isolated", "invert": false},
            {"type": "Punctuation", "behavior": "Isolated"},
            {"type": "Digits", "individual_digits": true},
        ]},
        "post_processor": null,
        "decoder": {"type": "WordPiece", "prefix": CONTINUING, "cleanup": true},
        "model": {
            "type": "BPE", "dropout": null, "unk_token": RESERVED[1],
            "continuing_subword_prefix": CONTINUING, "end_of_word_suffix": null,
            "fuse_unk": false, "byte_fallback": false, "ignore_merges": false,
            "vocab": vocabulary, "merges": learned.merges,
        },
    })
    .to_string()
    .into_bytes()
}

#[cfg(test)]
mod tests;
