//! Texts in the layouts that their authors publish, on small trees.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::Path;

use limbic_corpus::{Corpus, Example, Label, Media, Part, detect};

fn open(folder: &Path, name: &str, files: &[(&str, &str)]) -> Box<dyn Corpus> {
    for (file, text) in files {
        let path = folder.join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let corpus = detect(folder).unwrap().unwrap();
    assert_eq!(corpus.card().name, name);
    corpus
}

fn text(example: &Example) -> &str {
    match &example.media[0] {
        Media::Text(text) => text,
        other => panic!("{other:?}"),
    }
}

fn class(corpus: &dyn Corpus, example: &Example) -> String {
    match example.labels[0] {
        Some(Label::Class(class)) => corpus.card().labels[0].classes[class].0.clone(),
        ref other => panic!("{other:?}"),
    }
}

#[test]
fn goemotions_has_numbers_of_classes_and_no_header() {
    let folder = tempfile::tempdir().unwrap();
    let files = [
        ("train.tsv", "\"Great, or not\t0,27\teebbqej\n"),
        ("dev.tsv", "sad\t25\tedcu99z\n"),
        ("test.tsv", "x\t1\teddd\n"),
    ];
    let clips = open(folder.path(), "goemotions", &files).examples().unwrap();
    assert_eq!(clips[0].id, "train:eebbqej");
    assert_eq!(text(&clips[0]), "\"Great, or not");
    assert_eq!(clips[0].labels, [Some(Label::Multi(vec![0, 27]))]);
    assert_eq!([clips[1].part, clips[2].part], [Part::Dev, Part::Valid]);
    std::fs::remove_file(folder.path().join("test.tsv")).unwrap();
    let corpus = open(folder.path(), "goemotions", &[]);
    assert_eq!(corpus.examples().unwrap()[1].part, Part::Valid, "the only part to score on");
    std::fs::write(folder.path().join("dev.tsv"), "sad\t28\tx\n").unwrap();
    let message = corpus.examples().unwrap_err().to_string();
    assert!(message.contains("dev.tsv: line 1: `28` is no number of a class"), "{message}");
}

#[test]
fn meld_has_films_beside_its_table_where_they_were_unpacked() {
    let folder = tempfile::tempdir().unwrap();
    let header = "Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID,Season,Episode,StartTime,EndTime\n";
    let row = "1,\"Oh, he’s lost it.\",Phoebe,sadness,negative,0,0,4,7,\"00:20:57,256\",\"00:21:00,049\"\n";
    let other = "2,What?,Monica,surprise,negative,0,1,4,7,\"00:21:01,927\",\"00:21:03,261\"\n";
    let files = [
        ("train_sent_emo.csv", format!("{header}{row}{other}")),
        ("dev_sent_emo.csv", format!("{header}{row}")),
        ("test_sent_emo.csv", format!("{header}{row}")),
        ("train_splits/dia0_utt1.mp4", String::new()),
    ];
    let files: Vec<_> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let corpus = open(folder.path(), "meld", &files);
    let clips = corpus.examples().unwrap();
    let ids: Vec<_> = clips.iter().map(|clip| clip.id.as_str()).collect();
    assert_eq!(ids, ["train:dia0_utt0", "train:dia0_utt1", "dev:dia0_utt0", "test:dia0_utt0"]);
    assert_eq!(text(&clips[0]), "Oh, he’s lost it.");
    assert_eq!(class(&*corpus, &clips[1]), "surprise");
    assert_eq!(clips[0].media.len(), 1);
    let film = folder.path().join("train_splits/dia0_utt1.mp4");
    assert_eq!(clips[1].media[1], Media::Film(film));
    assert_eq!(clips[0].speaker.as_deref(), Some("Phoebe"));
    assert_eq!(clips[0].dialogue.as_deref(), Some("train:0"));
    assert_eq!(clips[0].source.as_deref(), Some("s4e7"));
    assert_eq!([clips[2].part, clips[3].part], [Part::Dev, Part::Valid]);
    let odd = format!("{header}1,x,P,joy,positive,../../0,0,4,7,a,b\n");
    std::fs::write(folder.path().join("dev_sent_emo.csv"), odd).unwrap();
    let message = corpus.examples().unwrap_err().to_string();
    assert!(message.contains("line 2: `../../0` under `Dialogue_ID` is no whole"), "{message}");
}

#[test]
fn emorynlp_is_the_same_as_table_and_as_json() {
    let header =
        "Utterance,Speaker,Emotion,Scene_ID,Utterance_ID,Season,Episode,Start_Time,End_Time\n";
    let table = format!("{header}\"Yeah, right!\",['Joey Tribbiani'],Neutral,1,2,1,2,a,b\n");
    let json = r#"{"season_id":"s01","episodes":[{"episode_id":"s01_e02","scenes":[{"scene_id":"s01_e02_c01","utterances":[
        {"utterance_id":"s01_e02_c01_u002","speakers":["Joey Tribbiani"],"transcript":"Yeah, right!","tokens":[["Yeah"]],"emotion":"Neutral"}]}]}]}"#;
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let tables = ["emorynlp_train_final.csv", "emorynlp_dev_final.csv", "emorynlp_test_final.csv"];
    let tables = tables.map(|name| (name, table.as_str()));
    let parts = ["trn", "dev", "tst"].map(|part| format!("emotion-detection-{part}.json"));
    let parts = parts.each_ref().map(|name| (name.as_str(), json));
    let tables = open(first.path(), "emorynlp", &tables).examples().unwrap();
    let corpus = open(second.path(), "emorynlp", &parts);
    assert_eq!(tables, corpus.examples().unwrap());
    assert_eq!(tables[0].id, "s01_e02_c01_u002");
    assert_eq!(class(&*corpus, &tables[0]), "Neutral");
    assert_eq!(tables[0].speaker.as_deref(), Some("Joey Tribbiani"));
    assert_eq!(tables[0].dialogue.as_deref(), Some("s01_e02_c01"));
    assert_eq!([0, 1, 2].map(|i| tables[i].part), [Part::Train, Part::Dev, Part::Valid]);
    std::fs::write(second.path().join(parts[1].0), "{\"episodes\":[{}]}").unwrap();
    let message = corpus.examples().unwrap_err().to_string();
    assert!(message.contains("dev.json: is not as its authors write it"), "{message}");
}

#[test]
fn empathetic_dialogues_are_their_first_turns_with_their_commas() {
    let folder = tempfile::tempdir().unwrap();
    let header = "conv_id,utterance_idx,context,prompt,speaker_idx,utterance,selfeval,tags\n";
    let rows = "hit:0_conv:1,1,sentimental,I remember,1,\"Well_comma_ I do,5|5|5_2|2|5,\n\
                hit:0_conv:1,2,sentimental,I remember,0,Who?,5|5|5_2|2|5,,a|b\n\
                hit:1_conv:3,1,afraid,I was,2,Boo,5|5|5_2|2|5,\n";
    let table = format!("{header}{rows}");
    let corpus = open(folder.path(), "empathetic_dialogues", &[("valid.csv", &table)]);
    let clips = corpus.examples().unwrap();
    assert_eq!(clips.len(), 2);
    assert_eq!(text(&clips[0]), "\"Well, I do");
    assert_eq!(class(&*corpus, &clips[1]), "afraid");
    assert_eq!(clips[0].dialogue.as_deref(), Some("hit:0_conv:1"));
}

#[test]
fn emobank_isear_and_carer() {
    let folder = tempfile::tempdir().unwrap();
    let table = "id,split,V,A,D,text\na_1,train,3.0,5,1,\"Hm, \"\"so\"\"\"\nb_2,test,4,2,3,x\n";
    let clips = open(folder.path(), "emobank", &[("emobank.csv", table)]).examples().unwrap();
    assert_eq!(clips[0].labels, [Some(Label::Rating(vec![0.0, 1.0, -1.0]))]);
    assert_eq!((text(&clips[0]), clips[1].part), ("Hm, \"so\"", Part::Valid));
    let folder = tempfile::tempdir().unwrap();
    let table = "ID|COUN|SEX|Field1|MYKEY|SIT|STATE|\n\
                 11001|1|2|joy|0110011|During the \"period, and á  especially |1|\n";
    let corpus = open(folder.path(), "isear", &[("isear.csv", table)]);
    let clips = corpus.examples().unwrap();
    assert_eq!(text(&clips[0]), "During the \"period, and especially");
    assert_eq!(class(&*corpus, &clips[0]), "joy");
    assert_eq!(
        (clips[0].speaker.as_deref(), clips[0].groups["sex"].as_str()),
        (Some("11001"), "female")
    );
    let folder = tempfile::tempdir().unwrap();
    let files =
        [("train.txt", "im ok;joy\n"), ("val.txt", "i am;fear\n"), ("test.txt", "x;love\n")];
    let corpus = open(folder.path(), "dair_emotion", &files);
    let clips = corpus.examples().unwrap();
    assert_eq!((clips[1].id.as_str(), clips[1].part), ("val:0", Part::Dev));
    assert_eq!(class(&*corpus, &clips[2]), "love");
}

#[test]
fn sims_has_a_rating_of_each_modality() {
    let folder = tempfile::tempdir().unwrap();
    let header = "video_id,clip_id,text,label,label_T,label_A,label_V,annotation,mode\n";
    let table = format!(
        "{header}video_0001,0001,我,-0.6,0.0,-1,,Negative,train\nvideo_0001,2,\"a, b\",1,1,1,1,Positive,test\n"
    );
    let files = [("meta.csv", table.as_str()), ("Raw/video_0001/0002.mp4", "")];
    let corpus = open(folder.path(), "sims", &files);
    let clips = corpus.examples().unwrap();
    let rated = |rating: f32| Some(Label::Rating(vec![rating]));
    assert_eq!(clips[0].labels, [rated(-0.6), rated(0.0), rated(-1.0), None]);
    assert_eq!(clips[0].media[1], Media::Text("我".to_owned()));
    let film = |clip: &str| Media::Film(folder.path().join("Raw/video_0001").join(clip));
    assert_eq!(clips[0].media[0], film("0001.mp4"));
    assert_eq!(clips[1].media[0], film("0002.mp4"), "a spreadsheet dropped the zeros");
    assert_eq!([clips[0].part, clips[1].part], [Part::Train, Part::Valid]);
    assert_eq!(
        (clips[0].speaker.as_deref(), clips[0].source.as_deref()),
        (None, Some("video_0001"))
    );
    for (row, word) in [
        ("../x,1,t,0,0,0,0,N,train", "`../x` under `video_id`"),
        ("v,1,t,2,0,0,0,N,train", "within -1 to 1"),
    ] {
        std::fs::write(folder.path().join("meta.csv"), format!("{header}{row}\n")).unwrap();
        let message = corpus.examples().unwrap_err().to_string();
        assert!(message.contains("line 2") && message.contains(word), "{message}");
    }
}
