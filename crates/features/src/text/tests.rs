use proptest::prelude::*;

use super::*;

const TEXTS: [&str; 6] = [
    "I am so happy today, thank you all!",
    "I was so sad and unhappy yesterday 😢",
    "Thanks [NAME], that makes me happier than anything 😂😂",
    "Sadness, happiness; unhappiness. So happy, happy! It's 2024!",
    "@someone look at https://example.org/happy — ça va, été",
    "Ça va? Été comme hiver, he said unhappily.",
];

fn tokenizer() -> TextTokenizer {
    TextTokenizer::train(TEXTS, 400, 64).unwrap()
}

fn pieces(tokenizer: &TextTokenizer, text: &str) -> Vec<String> {
    let ids = tokenizer.encode(text).unwrap();
    ids.into_iter().map(|id| tokenizer.token(id).unwrap()).collect()
}

#[test]
fn the_same_texts_in_any_order_give_the_same_file() {
    let first = tokenizer().to_json().unwrap();
    let mut texts = TEXTS.to_vec();
    for _ in 0..TEXTS.len() {
        texts.rotate_left(1);
        let again = TextTokenizer::train(&texts, 400, 64).unwrap();
        assert_eq!(again.to_json().unwrap(), first);
    }
}

#[test]
fn a_file_read_again_gives_the_same_tokens() {
    let tokenizer = tokenizer();
    let json = tokenizer.to_json().unwrap();
    let again = TextTokenizer::from_bytes("again.json", json.as_bytes(), 64).unwrap();
    for text in TEXTS {
        assert_eq!(tokenizer.encode(text).unwrap(), again.encode(text).unwrap());
    }
    assert_eq!(again.to_json().unwrap(), json);
}

#[test]
fn tokens_become_words_again() {
    let tokenizer = tokenizer();
    let again = |text: &str| tokenizer.decode(&tokenizer.encode(text).unwrap()).unwrap();
    assert_eq!(again("So  HAPPY, unhappier"), "so happy , unhappier");
    assert_eq!(tokenizer.decode(&[u32::MAX]).unwrap(), "");
}

#[test]
fn frequent_words_are_one_token_and_others_fall_into_pieces() {
    let tokenizer = tokenizer();
    assert_eq!(pieces(&tokenizer, "So HAPPY"), ["so", "happy"]);
    let unhappier = pieces(&tokenizer, "qunhappq");
    assert_eq!(unhappier.first().map(String::as_str), Some("q"));
    assert!(unhappier.iter().skip(1).all(|piece| piece.starts_with("##")), "{unhappier:?}");
    assert_eq!(unhappier.concat().replace("##", ""), "qunhappq");
}

#[test]
fn digits_emoji_marks_and_placeholders_stand_alone() {
    let tokenizer = tokenizer();
    assert_eq!(pieces(&tokenizer, "😂😂ok"), ["😂", "😂", "o", "##k"]);
    assert_eq!(pieces(&tokenizer, "2024!"), ["2", "0", "2", "4", "!"]);
    assert_eq!(pieces(&tokenizer, "@kim [NAME] www.x.org")[..3], ["[USER]", "[NAME]", "[URL]"]);
    assert_eq!(pieces(&tokenizer, "Ｃ́ａ").len(), pieces(&tokenizer, "ća").len());
}

#[test]
fn unknown_characters_cost_one_token_each_and_leave_their_neighbours_alone() {
    let tokenizer = tokenizer();
    assert_eq!(pieces(&tokenizer, "漢字"), ["[UNK]", "[UNK]"]);
    assert_eq!(pieces(&tokenizer, "happy 漢 so"), ["happy", "[UNK]", "so"]);
    assert!(tokenizer.encode("").unwrap().is_empty());
    assert!(tokenizer.encode(" \n ").unwrap().is_empty());
}

#[test]
fn padding_cannot_be_spelled_out() {
    let tokenizer = tokenizer();
    assert_eq!(tokenizer.pad(), 0);
    assert!(!tokenizer.encode("[PAD] [UNK] [pad]").unwrap().contains(&0));
}

#[test]
fn a_vocabulary_is_never_larger_than_asked_for() {
    let many: Vec<String> =
        (0x4e00..0x5e00).map(|c| String::from(char::from_u32(c).unwrap())).collect();
    let twice = many.iter().chain(&many);
    let tokenizer = TextTokenizer::train(twice, 512, 64).unwrap();
    assert_eq!(tokenizer.vocabulary_size(), 512);
    assert!(TextTokenizer::train(TEXTS, 10, 64).is_err());
    assert!(TextTokenizer::train(TEXTS, 300, 0).is_err());
}

#[test]
fn text_of_a_megabyte_is_cut_to_its_first_tokens() {
    let tokenizer = tokenizer();
    let start = tokenizer.encode(&TEXTS.join(" ")).unwrap();
    let long = format!("{} {}", TEXTS.join(" "), "and so on ".repeat(100_000));
    assert_eq!(tokenizer.encode(&long).unwrap(), start);
    assert_eq!(tokenizer.encode(&"happy".repeat(200_000)).unwrap().len(), 64);
    assert!(tokenizer.encode(&"a".repeat(1_000_000)).unwrap().len() <= 3);
}

#[test]
fn files_that_are_no_tokenizer_are_refused_by_name() {
    let json = tokenizer().to_json().unwrap();
    let cases = [
        String::new(),
        "{}".to_owned(),
        json.replace("\"##a\"", "\"#\""),
        json.replace("\"BPE\"", "\"XYZ\""),
        json[..json.len() / 2].to_owned(),
    ];
    for bytes in cases {
        let error = TextTokenizer::from_bytes("odd.json", bytes.as_bytes(), 64).unwrap_err();
        assert!(error.to_string().starts_with("odd.json: "), "{error}");
    }
}

proptest! {
    #[test]
    fn any_text_has_tokens_of_the_vocabulary(text in "\\PC{0,200}") {
        let tokenizer = tokenizer();
        let size = tokenizer.vocabulary_size() as u32;
        let tokens = tokenizer.encode(&text).unwrap();
        prop_assert!(tokens.len() <= 64);
        prop_assert!(tokens.iter().all(|&id| id != PAD && id < size));
    }

    #[test]
    fn a_damaged_file_never_panics(at in 0usize..20_000, byte: u8) {
        let mut bytes = tokenizer().to_json().unwrap().into_bytes();
        let at = at % bytes.len();
        bytes[at] = byte;
        if let Ok(tokenizer) = TextTokenizer::from_bytes("odd.json", &bytes, 64) {
            let _ = tokenizer.encode(TEXTS[0]);
        }
    }
}
