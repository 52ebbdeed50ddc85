//! RAVDESS, CREMA-D, EMO-DB, SAVEE and TESS as published.

use std::path::Path;

use limbic_corpus::{Card, Corpus, Example, Label, Media, Objectivity, detect, open};

use crate::shared::{class, counts, shared, touch};

fn read(folder: &Path) -> (Card, Vec<Example>) {
    let corpus = detect(folder).unwrap().expect("a known corpus");
    (corpus.card().clone(), corpus.examples().unwrap())
}

fn refused(corpus: &dyn Corpus) -> String {
    corpus.examples().unwrap_err().to_string()
}

#[test]
fn sound_and_film_of_a_take_of_ravdess_are_one_clip() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let recording = touch(root, "Audio_Speech_Actors_01-24/Actor_21/03-01-05-02-02-01-21.wav");
    let film = touch(root, "Video_Speech_Actor_21/Actor_21/01-01-05-02-02-01-21.mp4");
    touch(root, "Video_Speech_Actor_21/Actor_21/02-01-05-02-02-01-21.mp4");
    let silent = touch(root, "Video_Speech_Actor_22/Actor_22/02-01-01-01-01-02-22.mp4");
    touch(root, "Audio_Song_Actors_01-24/Actor_21/03-02-05-02-02-01-21.wav");
    touch(root, "Audio_Speech_Actors_01-24/Actor_21/._03-01-05-02-02-01-21.wav");
    let (card, examples) = read(root);
    assert_eq!((card.name.as_str(), card.target()), ("ravdess", Some(Objectivity::Intended)));
    let [neutral, angry] = &examples[..] else { panic!("{examples:?}") };
    assert_eq!(angry.media, [Media::Audio(recording), Media::Film(film)]);
    assert_eq!(neutral.media, [Media::Film(silent)]);
    assert_eq!((angry.speaker.as_deref(), angry.fold), (Some("21"), Some(3)));
    assert_eq!((neutral.speaker.as_deref(), neutral.fold), (Some("22"), Some(4)));
    assert_eq!((class(&card, angry), class(&card, neutral)), ("angry", "neutral"));
    assert_eq!(angry.source.as_deref(), Some("01-05-02-02-01-21"));
    assert_eq!((&*angry.groups["intensity"], &*angry.groups["statement"]), ("strong", "dogs"));
    assert_eq!((&*angry.groups["gender"], &*neutral.groups["gender"]), ("male", "female"));
}

#[test]
fn a_whole_ravdess_has_the_published_classes() {
    let folder = tempfile::tempdir().unwrap();
    for actor in 1..=24 {
        for emotion in 1..=8 {
            for intensity in 1..=if emotion == 1 { 1 } else { 2 } {
                for (statement, repetition) in [(1, 1), (1, 2), (2, 1), (2, 2)] {
                    let name = format!(
                        "Actor_{actor:02}/03-01-{emotion:02}-{intensity:02}-{statement:02}-{repetition:02}-{actor:02}.wav"
                    );
                    touch(folder.path(), &name);
                }
            }
        }
    }
    let (card, examples) = read(folder.path());
    assert_eq!(examples.len(), 1440);
    assert_eq!(counts(&card, &examples), card.counts);
    assert!(examples.iter().all(|example| example.fold.is_some_and(|fold| fold < 5)));
}

#[test]
fn the_folds_of_ravdess_are_those_of_the_shared_copy() {
    let Some(root) = shared("") else { return };
    let copy = open("ravdess", &root).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let copied = copy.examples().unwrap();
    for example in &copied {
        touch(folder.path(), &example.id.replace("audio/", "").replace("flac", "wav"));
    }
    let (_, official) = read(folder.path());
    assert_eq!(official.len(), copied.len());
    for example in &copied {
        let stem = example.id.trim_start_matches("audio/03-").trim_end_matches(".flac");
        let own = official.iter().find(|own| own.id == stem).unwrap();
        assert_eq!((&own.speaker, own.fold), (&example.speaker, example.fold), "{stem}");
        assert_eq!(own.labels, example.labels, "{stem}");
    }
}

#[test]
fn a_file_with_a_foreign_name_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    touch(folder.path(), "ravdess/Actor_01/03-01-05-02-02-01-01.wav");
    touch(folder.path(), "ravdess/Actor_01/03-01-09-02-02-01-01.wav");
    // A name for which the folder is no longer taken for the corpus by its look alone.
    assert!(detect(&folder.path().join("ravdess")).unwrap().is_none());
    let error = refused(open("ravdess", folder.path()).unwrap().as_ref());
    assert!(error.contains("03-01-09-02-02-01-01.wav: is not named like"), "{error}");

    std::fs::create_dir(folder.path().join("tess")).unwrap();
    let error = refused(open("tess", folder.path()).unwrap().as_ref());
    assert!(error.contains("holds no recording"), "{error}");
}

#[test]
fn a_folder_that_holds_corpora_is_none_of_them() {
    let folder = tempfile::tempdir().unwrap();
    touch(folder.path(), "first/Actor_01/03-01-05-02-02-01-01.wav");
    touch(folder.path(), "second/OAF_back_angry.wav");
    assert!(detect(folder.path()).unwrap().is_none());
}

#[test]
fn emodb_savee_and_tess_are_read_from_their_names() {
    let folder = tempfile::tempdir().unwrap();
    for (corpus, files, wanted) in [
        (
            "emodb",
            &["wav/03a01Fa.wav", "wav/08b10Ad.wav", "wav/16a02Lb.wav", "wav/13a07Ec.wav"][..],
            &[("03", "happiness"), ("08", "fear"), ("13", "disgust"), ("16", "boredom")][..],
        ),
        (
            "savee",
            &["AudioData/DC/a01.wav", "AudioData/DC/sa01.wav", "AudioData/KL/su15.wav"],
            &[("DC", "anger"), ("DC", "sadness"), ("KL", "surprise")],
        ),
        (
            "savee",
            &["DC_h01.wav", "JE_d02.wav", "JK_n30.wav"],
            &[("DC", "happiness"), ("JE", "disgust"), ("JK", "neutral")],
        ),
        (
            "tess",
            &[
                "OAF_angry/OAF_back_angry.wav",
                "OAF_Pleasant_surprise/OAF_back_ps.wav",
                "YAF_disgust/YAF_back_disgust.wav",
            ],
            &[("OAF", "anger"), ("OAF", "pleasant surprise"), ("YAF", "disgust")],
        ),
        (
            "tess",
            &["OAF_back_pleasant_surprised.wav", "OA_bite_neutral.wav", "YAF_back_fear.wav"],
            &[("OAF", "pleasant surprise"), ("OAF", "neutral"), ("YAF", "fear")],
        ),
    ] {
        let root = tempfile::tempdir_in(folder.path()).unwrap();
        for file in files {
            touch(root.path(), file);
        }
        touch(root.path(), "info.txt");
        let (card, examples) = read(root.path());
        assert_eq!((card.name.as_str(), card.target()), (corpus, Some(Objectivity::Intended)));
        let said = |example| (speaker(example), class(&card, example));
        let said: Vec<_> = examples.iter().map(said).collect();
        assert_eq!(said, wanted, "{corpus}");
    }
}

fn speaker(example: &Example) -> &str {
    example.speaker.as_deref().unwrap()
}

const VOTES: &str = concat!(
    "\"\",\"A\",\"D\",\"F\",\"H\",\"N\",\"S\",\"fileName\",\"numResponses\"\n",
    "\"100062\",6,2,0,0,1,0,\"1001_DFA_ANG_XX\",9\n",
    "\"200062\",5,2,0,0,3,0,\"1001_DFA_ANG_XX\",10\n",
    "\"300062\",8,1,0,0,0,0,\"1001_DFA_ANG_XX\",9\n",
);

#[test]
fn crema_d_has_intended_labels_and_three_kinds_of_votes() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let recording = touch(root, "AudioWAV/1001_DFA_ANG_XX.wav");
    touch(root, "AudioMP3/1001_DFA_ANG_XX.mp3");
    let film = touch(root, "VideoFlash/1001_DFA_ANG_XX.flv");
    touch(root, "AudioWAV/1002_IEO_SAD_HI.wav");
    std::fs::create_dir(root.join("processedResults")).unwrap();
    std::fs::write(root.join("processedResults/tabulatedVotes.csv"), VOTES).unwrap();
    let actors = "ActorID,Age,Sex,Race,Ethnicity\n1001,51,Male,Caucasian,Not Hispanic\n";
    std::fs::write(root.join("VideoDemographics.csv"), actors).unwrap();
    let (card, examples) = read(root);
    let targets: Vec<_> = card.labels.iter().map(|map| map.target).collect();
    let seen = Objectivity::Perceived;
    assert_eq!(targets, [Objectivity::Intended, seen, seen, seen]);
    let [angry, sad] = &examples[..] else { panic!("{examples:?}") };
    assert_eq!(angry.media, [Media::Audio(recording), Media::Film(film)]);
    assert_eq!((class(&card, angry), class(&card, sad)), ("anger", "sadness"));
    let votes = |votes: [u8; 6]| Some(Label::Votes(votes.map(f32::from).to_vec()));
    let cast = [votes([6, 2, 0, 0, 1, 0]), votes([5, 2, 0, 0, 3, 0]), votes([8, 1, 0, 0, 0, 0])];
    assert_eq!(angry.labels[1..], cast);
    assert_eq!(sad.labels[1..], [None, None, None]);
    assert_eq!((speaker(sad), &*sad.groups["intensity"]), ("1002", "high"));
    assert_eq!(angry.groups["gender"], "male");
    assert!(!sad.groups.contains_key("gender"));

    let wrong = VOTES.replace("\"300062\",8", "\"300062\",x");
    std::fs::write(root.join("processedResults/tabulatedVotes.csv"), wrong).unwrap();
    let error = refused(detect(root).unwrap().unwrap().as_ref());
    assert!(error.contains("tabulatedVotes.csv: line 4: `x` under `A`"), "{error}");
}

#[test]
fn the_votes_of_crema_d_cover_the_published_clips() {
    let Some(root) = shared("") else { return };
    let corpus = open("cremad_ratings", &root).unwrap();
    let (card, examples) = (corpus.card(), corpus.examples().unwrap());
    assert_eq!(detect(&root.join("cremad_ratings")).unwrap().unwrap().card().name, card.name);
    assert_eq!(examples.len(), 7442);
    assert_eq!(counts(card, &examples), card.counts);
    let mut speakers: Vec<_> = examples.iter().map(speaker).collect();
    speakers.sort_unstable();
    speakers.dedup();
    assert_eq!(speakers.len(), 91);
    // How often most viewers of the three kinds see what the actor was asked to express.
    let mut agree = [0; 3];
    for example in &examples {
        assert!(example.media.is_empty());
        let Some(Label::Class(intended)) = example.labels[0] else { panic!("no class") };
        for (agree, label) in agree.iter_mut().zip(&example.labels[1..]) {
            let Some(Label::Votes(votes)) = label else { panic!("no votes") };
            let most = votes.iter().copied().fold(0.0, f32::max);
            let winners: Vec<_> = (0..6).filter(|class| votes[*class] == most).collect();
            *agree += usize::from(winners == [intended]);
        }
    }
    assert!(agree[0] < agree[1] && agree[1] < agree[2], "{agree:?}");
}
