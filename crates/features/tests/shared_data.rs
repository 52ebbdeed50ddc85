//! Text parts on real sentences and word vectors. They lie outside of the repository; where they
//! are absent, the tests say so and end.

use std::io::Write;
use std::path::PathBuf;

use limbic_features::{TextTokenizer, WordVectors};

/// A file of the shared data, or one line on why the test is skipped.
fn shared(name: &str) -> Option<PathBuf> {
    let root = std::env::var_os("LIMBIC_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let path = root.join("data").join(name);
    if !path.exists() {
        // Past the test runner, which keeps what a passing test prints to itself.
        let thread = std::thread::current();
        let test = thread.name().unwrap_or("a test");
        let _ = writeln!(
            std::io::stderr(),
            "skipped {test}: {} is not there; set LIMBIC_SHARED",
            path.display()
        );
        return None;
    }
    Some(path)
}

/// The last column of a table.
fn sentences(path: PathBuf) -> Vec<String> {
    let table = std::fs::read_to_string(path).expect("a table");
    let last = |line: &str| line.rsplit('\t').next().map(str::to_owned);
    table.lines().skip(1).filter_map(last).collect()
}

#[test]
fn sixteen_thousand_pieces_cover_real_sentences_and_are_learned_the_same_twice() {
    let Some(train) = shared("text/goemotions/train.tsv") else { return };
    let Some(valid) = shared("text/goemotions/valid.tsv") else { return };
    let mut texts = sentences(train);
    let tokenizer = TextTokenizer::train(&texts, 16_000, 64).unwrap();
    let json = tokenizer.to_json().unwrap();
    texts.reverse();
    assert_eq!(TextTokenizer::train(&texts, 16_000, 64).unwrap().to_json().unwrap(), json);
    assert_eq!(tokenizer.vocabulary_size(), 16_000);
    let (mut words, mut tokens, mut unknown) = (0, 0, 0);
    for text in sentences(valid) {
        words += text.split_whitespace().count();
        let ids = tokenizer.encode(&text).unwrap();
        tokens += ids.len();
        unknown +=
            ids.iter().filter(|&&id| tokenizer.token(id).as_deref() == Some("[UNK]")).count();
    }
    assert!(unknown * 2000 < tokens, "{unknown} of {tokens} tokens are unknown");
    assert!(tokens * 2 < words * 3, "{tokens} tokens for {words} words");
}

#[test]
fn real_word_vectors_know_what_is_alike() {
    let Some(words) = shared("wordvec/word2vec_gnews300_words.txt") else { return };
    let Some(matrix) = shared("wordvec/word2vec_gnews300_f16.npy") else { return };
    let vectors = WordVectors::open(words, matrix).unwrap();
    assert_eq!((vectors.len(), vectors.width()), (13_598, 300));
    let cosine = |a, b| vectors.cosine(a, b).unwrap();
    assert!((cosine("happy", "happy") - 1.0).abs() < 1e-5);
    assert!(cosine("happy", "glad") > 0.5 && cosine("happy", "glad") > cosine("happy", "table"));
    let near = vectors.nearest(vectors.get("sad").unwrap(), 8);
    assert_eq!(near[0].0, "sad");
    assert!(
        near.iter().any(|(word, _)| ["unhappy", "saddened", "tragic", "sorrow"].contains(word)),
        "{near:?}"
    );
    assert!(vectors.get("to").is_none());
}

#[test]
fn real_word_vectors_fit_into_a_checkpoint_and_keep_their_direction() {
    let Some(words) = shared("wordvec/word2vec_gnews300_words.txt") else { return };
    let Some(matrix) = shared("wordvec/word2vec_gnews300_f16.npy") else { return };
    let whole = WordVectors::open(words, matrix).unwrap();
    let bytes = whole.to_bytes();
    assert!(bytes.len() < 4_300_000, "{}", bytes.len());
    let back = WordVectors::from_bytes("model", &bytes).unwrap();
    assert_eq!(back.words(), whole.words());
    for word in whole.words() {
        let cosine = WordVectors::between(whole.get(word).unwrap(), back.get(word).unwrap());
        assert!(cosine > 0.9999, "{word}: {cosine}");
    }
    assert!(back.spelled_like("contenpt", 3).contains(&"contempt"));
    let scorn = back.definition("the feeling that someone is beneath you").vector.unwrap();
    let near = |word: &str| WordVectors::between(&scorn, &back.name(word).vector.unwrap());
    assert!(near("feeling") > near("the"), "frequent words count little");
}
