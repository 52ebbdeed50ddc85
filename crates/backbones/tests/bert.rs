//! `references/bert.py` made the numbers.

use burn::tensor::Device;
use limbic_backbones::{Bert, BertConfig, TextPool};
use limbic_features::{Error, Extract, Times};
use limbic_media::{Clip, Cue, Span};

use crate::fixture::{Numbers, close, copy, path, refused, rewrite};

const SIZE: usize = 24;

fn open(folder: impl AsRef<std::path::Path>, config: &BertConfig) -> limbic_features::Result<Bert> {
    Bert::open(folder, config, &Device::flex())
}

fn texts() -> Vec<String> {
    serde_json::from_slice(&std::fs::read(path("bert/texts.json")).unwrap()).unwrap()
}

#[test]
fn texts_give_the_hidden_states_of_the_original() {
    let numbers = Numbers::open("bert/expected.safetensors");
    let list_only = copy("bert");
    std::fs::remove_file(list_only.path().join("tokenizer.json")).unwrap();
    for folder in [path("bert"), list_only.path().to_owned()] {
        let bert = open(folder, &BertConfig::default()).unwrap();
        for (index, text) in texts().iter().enumerate() {
            let states = bert.text(text).unwrap();
            assert_eq!((states.shape()[1], states.times()), (SIZE, &Times::Order));
            numbers.close(&format!("states.{index}"), states.data());
        }
    }
}

#[test]
fn a_text_is_its_first_state_or_the_mean_of_all() {
    let numbers = Numbers::open("bert/expected.safetensors");
    let pooled = |pool| {
        let bert = open(path("bert"), &BertConfig { pool, ..Default::default() }).unwrap();
        bert.text(&texts()[1]).unwrap().into_data()
    };
    let states = numbers.get("states.1");
    close("class", &pooled(TextPool::Class), &states[..SIZE]);
    let count = (states.len() / SIZE) as f32;
    let mean = |column| states.iter().skip(column).step_by(SIZE).sum::<f32>() / count;
    close("mean", &pooled(TextPool::Mean), &(0..SIZE).map(mean).collect::<Vec<_>>());
}

#[test]
fn a_long_text_is_read_up_to_the_last_place() {
    let bert = open(path("bert"), &BertConfig::default()).unwrap();
    assert_eq!(bert.text(&"so happy ".repeat(1000)).unwrap().len(), 32);
    let bert = open(path("bert"), &BertConfig { tokens: Some(5), ..Default::default() }).unwrap();
    assert_eq!(bert.text(&texts()[0]).unwrap().len(), 5);
}

#[test]
fn rows_of_a_clip_have_the_times_of_its_cues() {
    let config = BertConfig { pool: TextPool::Mean, ..Default::default() };
    let bert = open(path("bert"), &config).unwrap();
    let cue =
        |text: &str, start| Cue { span: Some(Span::new(start, start + 1.0)), text: text.into() };
    let clip = Clip::from_text("").with_cues(vec![cue("so happy", 0.5), cue("a tear", 2.0)]);
    let features = bert.extract(&clip).unwrap();
    assert_eq!(features.shape(), [2, SIZE]);
    assert_eq!(features.row(1).unwrap(), bert.text("a tear").unwrap().data());
    assert_eq!(features.time(1), Some(2.5));
    let clip = clip.with_text("no time");
    assert_eq!(bert.extract(&clip).unwrap().times(), &Times::Order);
    assert!(matches!(bert.extract(&Clip::from_text("")), Err(Error::Absent { .. })));
}

#[test]
fn the_id_follows_from_words_weights_and_settings() {
    let config = BertConfig::default();
    let folder = copy("bert");
    let id = |config: &BertConfig| open(folder.path(), config).unwrap().id().to_owned();
    assert_eq!(id(&config), open(path("bert"), &config).unwrap().id());
    let mut ids = vec![id(&config), id(&BertConfig { layers: Some(1), ..config.clone() })];
    ids.push(id(&BertConfig { pool: TextPool::Class, ..config.clone() }));
    std::fs::remove_file(folder.path().join("tokenizer.json")).unwrap();
    ids.push(id(&config));
    std::fs::write(folder.path().join("tokenizer_config.json"), r#"{"do_lower_case": false}"#)
        .unwrap();
    ids.push(id(&config));
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 5, "{ids:?}");
}

#[test]
fn what_is_wrong_with_a_folder_is_said_with_file_and_weight() {
    let config = BertConfig::default();
    let damaged = |damage: &dyn Fn(&std::path::Path)| {
        let folder = copy("bert");
        damage(folder.path());
        open(folder.path(), &config)
    };
    let model = "model.safetensors";
    let weight = "bert.encoder.layer.1.output.LayerNorm.gamma";
    refused(
        damaged(&|f| rewrite(&f.join(model), weight, None)),
        model,
        "encoder.layer.1.output.LayerNorm.weight` is missing",
    );
    let write = |name: &'static str, text: &'static str| {
        damaged(&|f| std::fs::write(f.join(name), text).unwrap())
    };
    refused(write("config.json", r#"{"model_type": "roberta"}"#), "config.json", "model_type");
    refused(
        write("config.json", r#"{"position_embedding_type": "relative_key"}"#),
        "config.json",
        "position_embedding_type",
    );
    refused(write("config.json", "{}"), model, "where");
    refused(write("tokenizer.json", "{}"), "tokenizer.json", "");
    let bare = damaged(&|f| {
        std::fs::remove_file(f.join("tokenizer.json")).unwrap();
        std::fs::remove_file(f.join("vocab.txt")).unwrap();
    });
    refused(bare, "", "neither tokenizer.json nor vocab.txt");
    let list = damaged(&|f| {
        std::fs::remove_file(f.join("tokenizer.json")).unwrap();
        std::fs::write(f.join("vocab.txt"), "[UNK]\n[CLS]\n").unwrap();
    });
    refused(list, "vocab.txt", "[SEP]");
    // A list of another model: longer than the table of words.
    let other = copy("bert");
    std::fs::remove_file(other.path().join("tokenizer.json")).unwrap();
    let mut list = std::fs::read_to_string(other.path().join("vocab.txt")).unwrap();
    list.push_str("zebra\n");
    std::fs::write(other.path().join("vocab.txt"), list).unwrap();
    refused(open(other.path(), &config).unwrap().text("zebra"), "tokenizer.json", "40");
    refused(open(path("bert"), &BertConfig { tokens: Some(99), ..config.clone() }), "tokens", "99");
    refused(
        open(path("bert"), &BertConfig { tokens: Some(2), ..config.clone() }),
        "max_length",
        "2",
    );
    refused(open(path("bert"), &BertConfig { layers: Some(3), ..config.clone() }), "layers", "3");
}
