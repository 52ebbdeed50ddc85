//! What an audit finds in clips that were spoilt on purpose, and in real corpora.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

use limbic_corpus::audit::{Audit, Fault, audit};
use limbic_corpus::{Card, Corpus, Example, Label, LabelMap, Media, Result, detect, open};

use crate::shared::shared;
use crate::wav::wav;

/// A corpus of these clips.
struct Listed(Vec<Example>, Card);

impl Corpus for Listed {
    fn examples(&self) -> Result<Vec<Example>> {
        Ok(self.0.clone())
    }

    fn card(&self) -> &Card {
        &self.1
    }
}

fn card() -> Card {
    let map = LabelMap::parse(
        "two",
        "name = 'two'\nkind = 'class'\ntarget = 'intended'\nsource = 'here'\n\
         classes = [['calm', 'calm'], ['angry', 'anger']]",
    );
    let mut card = Card::new("two", vec![map.unwrap()]);
    card.counts = [("calm".to_owned(), 3), ("angry".to_owned(), 1)].into();
    card
}

fn clip(id: &str, class: Option<usize>, media: Media) -> Example {
    Example {
        media: vec![media],
        labels: vec![class.map(Label::Class)],
        speaker: Some("she".into()),
        ..Example::new(id)
    }
}

fn names(audit: &Audit, fault: Fault) -> Vec<&str> {
    let found = audit.findings.iter().filter(|finding| finding.fault == fault);
    found.flat_map(|finding| &finding.items).map(|item| item.name.as_str()).collect()
}

/// Something like a voice: a tone with harmonics, in syllables of changing pitch.
fn voice(seconds: f64, pitch: f32, loud: f32) -> Vec<f32> {
    let sample = |i: usize| {
        let t = i as f32 / 16_000.0;
        let syllable = (t * 3.3 * std::f32::consts::PI).sin().abs();
        let f = pitch * (1.0 + 0.3 * (t * 2.1).sin());
        let tone: f32 =
            (1..12).map(|k| (t * f * k as f32 * std::f32::consts::TAU).sin() / k as f32).sum();
        loud * syllable * tone * 0.4
    };
    (0..(seconds * 16_000.0) as usize).map(sample).collect()
}

#[test]
fn every_kind_of_spoilt_recording_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let write = |name: &str, samples: &[f32]| wav(&at(name), 16_000, samples);
    write("good.wav", &voice(2.0, 180.0, 0.5));
    write("louder.wav", &voice(2.0, 180.0, 0.7));
    write("other.wav", &voice(2.4, 110.0, 0.5));
    write("silent.wav", &vec![0.0; 32_000]);
    write("clipped.wav", &voice(1.5, 240.0, 9.0));
    write("short.wav", &voice(0.05, 180.0, 0.5));
    write("long.wav", &voice(61.0, 140.0, 0.5));
    std::fs::copy(at("good.wav"), at("copy.wav")).unwrap();
    std::fs::write(at("empty.wav"), b"").unwrap();
    std::fs::write(at("noise.wav"), b"RIFF, they said, and then nothing that was sound").unwrap();
    let names_of =
        ["good", "louder", "other", "silent", "clipped", "short", "long", "empty", "noise", "gone"];
    let mut clips: Vec<Example> = names_of
        .iter()
        .map(|name| clip(name, Some(0), Media::Audio(at(&format!("{name}.wav")))))
        .collect();
    clips.push(clip("copy", Some(1), Media::Audio(at("copy.wav"))));
    clips.push(clip("bare", None, Media::Text("Well.".into())));
    clips.push(Example { labels: vec![Some(Label::Class(0))], ..Example::new("nothing") });
    let found = audit(&Listed(clips, card()), folder.path(), &|_, _| ()).unwrap();
    assert_eq!(names(&found, Fault::Missing), ["gone", "nothing"]);
    assert_eq!(names(&found, Fault::Empty), ["empty"]);
    assert_eq!(names(&found, Fault::Corrupt), ["noise"]);
    assert!(names(&found, Fault::Silent).contains(&"silent"));
    assert_eq!(names(&found, Fault::Clipped), ["clipped"]);
    assert_eq!(names(&found, Fault::OverShort), ["short"]);
    assert_eq!(names(&found, Fault::OverLong), ["long"]);
    assert_eq!(names(&found, Fault::Duplicate), ["copy"]);
    assert_eq!(names(&found, Fault::NearDuplicate), ["louder"]);
    assert_eq!(names(&found, Fault::LabelConflict), ["good", "copy"]);
    assert_eq!(names(&found, Fault::Unlabelled), ["bare"]);
    assert_eq!(names(&found, Fault::ClassCount), ["calm"]);
    assert!(found.is_broken());
    assert_eq!((found.classes[0].clips, found.classes[0].published), (11, Some(3)));
    assert_eq!((found.speakers[0].speaker.as_str(), found.speakers[0].clips), ("she", 12));
}

#[test]
fn spoilt_texts_pictures_and_vectors_are_found() {
    let grey = |id: &str, class, pixels: &[u8]| clip(id, class, Media::Face(Arc::from(pixels), 16));
    let face: Vec<u8> = (0..256u32).map(|i| (i * i % 251) as u8).collect();
    let lighter: Vec<u8> = face.iter().map(|pixel| pixel / 2 + 60).collect();
    let mirrored: Vec<u8> = face.chunks(16).flat_map(|row| row.iter().rev().copied()).collect();
    let text = |id: &str, class, text: &str| clip(id, Some(class), Media::Text(text.into()));
    let vector = |id: &str, x: f32| clip(id, Some(1), Media::Vector("v@1".into(), Arc::from([x])));
    let clips = vec![
        grey("face", Some(0), &face),
        grey("lighter", Some(1), &lighter),
        grey("mirrored", Some(0), &mirrored),
        grey("blank", Some(0), &[9; 256]),
        text("long", 0, &"word ".repeat(513)),
        text("said", 0, "I really did not want to go there again"),
        text("again", 1, "I really did NOT want to go there again!"),
        text("void", 0, " \n"),
        vector("number", 1.0),
        vector("nan", f32::NAN),
    ];
    let found = audit(&Listed(clips, card()), Path::new("."), &|_, _| ()).unwrap();
    assert_eq!(names(&found, Fault::NearDuplicate), ["lighter", "mirrored"]);
    assert_eq!(names(&found, Fault::Blank), ["blank"]);
    assert_eq!(names(&found, Fault::OverLong), ["long"]);
    assert_eq!(names(&found, Fault::Duplicate), ["again"]);
    assert_eq!(names(&found, Fault::LabelConflict), ["said", "again"]);
    assert_eq!(names(&found, Fault::Empty), ["void"]);
    assert_eq!(names(&found, Fault::Corrupt), ["nan"]);
    let near = found.findings.iter().find(|finding| finding.fault == Fault::NearDuplicate);
    assert_eq!(near.unwrap().items[0].note, "like face, angry here, calm in face");
}

fn pixels(example: &Example) -> &[u8] {
    let Media::Face(pixels, _) = &example.media[0] else { panic!("{}", example.id) };
    pixels
}

#[test]
fn the_contradictions_of_fer2013_are_found_by_pixels_alone() {
    let Some(folder) = shared("fer2013") else { return };
    let corpus = detect(&folder).unwrap().unwrap();
    let found = audit(corpus.as_ref(), &folder, &|_, _| ()).unwrap();
    let table = std::fs::read_to_string(folder.join("manifest.tsv")).unwrap();
    let columns: Vec<&str> = table.lines().next().unwrap().split('\t').collect();
    let column = |name: &str| columns.iter().position(|column| *column == name).unwrap();
    let (id, conflict, copies) =
        (column("id"), column("dup_label_conflict"), column("n_exact_dup"));
    let own: BTreeSet<&str> = names(&found, Fault::LabelConflict).into_iter().collect();
    let examples = corpus.examples().unwrap();
    let mut here: HashMap<&[u8], usize> = HashMap::new();
    for example in &examples {
        *here.entry(pixels(example)).or_default() += 1;
    }
    let mut beyond = 0;
    for (line, example) in table.lines().skip(1).zip(&examples) {
        let row: Vec<&str> = line.split('\t').collect();
        assert_eq!(row[id], example.id);
        // A picture may contradict one of the part that is kept for the last score.
        let here = here[pixels(example)].to_string();
        if row[conflict] == "1" && row[copies] != here && !own.contains(row[id]) {
            beyond += 1;
        } else {
            assert_eq!(row[conflict] == "1", own.contains(row[id]), "{line}");
        }
    }
    assert_eq!((own.len(), beyond), (117, 14));
    assert_eq!(found.count(Fault::Blank), 12);
    for overlap in &found.overlaps {
        println!("{overlap}");
    }
}

#[test]
fn ravdess_has_one_take_twice() {
    let Some(data) = shared("") else { return };
    let corpus = open("ravdess", &data).unwrap();
    let found = audit(corpus.as_ref(), &data.join("ravdess"), &|_, _| ()).unwrap();
    assert!(!found.is_broken());
    assert_eq!(names(&found, Fault::NearDuplicate), ["audio/03-01-03-01-02-02-07.flac"]);
    for finding in &found.findings {
        println!("{:?} {} {:?}", finding.fault, finding.count, finding.items.first());
    }
}
