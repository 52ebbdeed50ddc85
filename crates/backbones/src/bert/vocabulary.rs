//! The words of a BERT: its `tokenizer.json`, or the list of word pieces of older models.

use std::collections::BTreeMap;
use std::path::Path;

use limbic_features::{Error, Result, TextTokenizer};
use serde::Deserialize;
use serde_json::json as object;

use crate::folder::{damaged, json};

const WHOLE: &str = "tokenizer.json";
const LIST: [&str; 2] = ["vocab.txt", "tokenizer_config.json"];

/// `tokenizer_config.json`, as far as it concerns a list of word pieces.
#[derive(Deserialize)]
#[serde(default)]
struct Settings {
    do_lower_case: bool,
    tokenize_chinese_chars: bool,
    strip_accents: Option<bool>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { do_lower_case: true, tokenize_chinese_chars: true, strip_accents: None }
    }
}

/// The files of `folder` that decide how a text is cut.
pub(super) fn files(folder: &Path) -> &'static [&'static str] {
    if folder.join(WHOLE).exists() { &[WHOLE] } else { &LIST }
}

/// Cuts texts into at most `most` tokens.
pub(super) fn tokenizer(folder: &Path, most: usize) -> Result<TextTokenizer> {
    if files(folder) == [WHOLE] {
        return TextTokenizer::open(folder.join(WHOLE), most);
    }
    let path = folder.join(LIST[0]);
    let list = match std::fs::read_to_string(&path) {
        Ok(list) => list,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(damaged(folder, format!("it holds neither {WHOLE} nor {}", LIST[0])));
        }
        Err(source) => return Err(Error::Io { path, source }),
    };
    let settings: Settings = json(folder, LIST[1])?.unwrap_or_default();
    let pieces: BTreeMap<&str, usize> =
        list.lines().enumerate().map(|(id, piece)| (piece.trim_end(), id)).collect();
    let number = |token: &str| {
        pieces.get(token).copied().ok_or_else(|| damaged(&path, format!("it lacks {token}")))
    };
    let marks = ["[CLS]", "[SEP]"].map(|mark| number(mark).map(|id| (mark, id)));
    let [first, last] = marks;
    let (first, last) = (first?, last?);
    number("[UNK]")?;
    let mark = |(mark, id): (&str, usize)| object!({"id": mark, "ids": [id], "tokens": [mark]});
    let special = |token: &str| {
        pieces.get(token).map(|id| {
            object!({
                "id": id, "content": token, "special": true, "normalized": false,
                "single_word": false, "lstrip": false, "rstrip": false,
            })
        })
    };
    let added: Vec<_> =
        ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"].into_iter().filter_map(special).collect();
    let file = object!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": added,
        "normalizer": {
            "type": "BertNormalizer", "clean_text": true, "lowercase": settings.do_lower_case,
            "handle_chinese_chars": settings.tokenize_chinese_chars,
            "strip_accents": settings.strip_accents,
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [
                {"SpecialToken": {"id": first.0, "type_id": 0}},
                {"Sequence": {"id": "A", "type_id": 0}},
                {"SpecialToken": {"id": last.0, "type_id": 0}},
            ],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {first.0: mark(first), last.0: mark(last)},
        },
        "decoder": null,
        "model": {
            "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100, "vocab": pieces,
        },
    });
    TextTokenizer::from_bytes(&path, file.to_string().as_bytes(), most)
}
