//! FER2013 as Kaggle hands it out, and the real counts of the packed copy.

use std::collections::BTreeMap;
use std::path::Path;

use limbic_corpus::{Example, Label, Media, Part, detect, open};

use crate::shared::{class, counts, shared, touch};

fn table(rows: &[(&str, u8, &str)]) -> String {
    let rows = rows.iter().map(|(emotion, grey, usage)| {
        format!("{emotion},{},{usage}\n", vec![grey.to_string(); 48 * 48].join(" "))
    });
    std::iter::once("emotion,pixels,Usage\n".to_owned()).chain(rows).collect()
}

fn refused(folder: &Path) -> String {
    detect(folder).unwrap().unwrap().examples().unwrap_err().to_string()
}

const PLUS: &str = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF\n\
Training,fer0000000.png,4,0,0,1,3,2,0,0,0,0\nPublicTest,,0,0,0,0,0,0,0,0,0,10\nPrivateTest,fer0000002.png,0,10,0,0,0,0,0,0,0,0\n";

#[test]
fn the_table_of_kaggle_has_faces_parts_and_votes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fer2013.csv");
    let rows = [("0", 7, "Training"), ("6", 255, "PublicTest"), ("3", 0, "PrivateTest")];
    std::fs::write(&path, table(&rows)).unwrap();
    let examples = detect(folder.path()).unwrap().unwrap().examples().unwrap();
    assert!(examples.iter().all(|example| example.labels[1].is_none()));
    std::fs::write(folder.path().join("fer2013new.csv"), PLUS).unwrap();
    let corpus = detect(folder.path()).unwrap().unwrap();
    let examples = corpus.examples().unwrap();
    let classes: Vec<_> = examples.iter().map(|example| class(corpus.card(), example)).collect();
    assert_eq!(classes, ["angry", "neutral", "happy"]);
    let parts: Vec<_> = examples.iter().map(|example| example.part).collect();
    assert_eq!(parts, [Part::Train, Part::Dev, Part::Valid]);
    assert_eq!(examples[1].media, [Media::Face(vec![255; 48 * 48].into(), 48)]);
    // One vote for sadness is a slip.
    let votes = |votes: [u8; 8]| Some(Label::Votes(votes.map(f32::from).to_vec()));
    assert_eq!(examples[0].labels[1], votes([4, 0, 0, 0, 3, 2, 0, 0]));
    assert_eq!(examples[1].labels[1], None);

    for (rows, wanted) in [
        ([rows[0], ("7", 1, "Training")], "line 3: emotion `7` is no number below 7"),
        ([rows[0], ("1", 1, "Test")], "line 3: `Test` is not a part"),
    ] {
        std::fs::write(&path, table(&rows)).unwrap();
        let error = refused(folder.path());
        assert!(error.contains("fer2013.csv: ") && error.contains(wanted), "{error}");
    }
    std::fs::write(&path, "emotion,pixels,Usage\n0,1 2 3,Training\n").unwrap();
    assert!(refused(folder.path()).contains("line 2: pixels are not 48x48"));
    std::fs::write(&path, table(&[rows[0]; 4])).unwrap();
    assert!(refused(folder.path()).contains("fer2013new.csv: has fewer rows"));
    std::fs::write(&path, "emotion,Usage\n").unwrap();
    assert!(refused(folder.path()).contains("has no columns emotion, pixels and Usage"));
}

#[test]
fn the_folders_of_kaggle_tell_both_test_parts_apart() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    touch(root, "train/angry/Training_1.jpg");
    touch(root, "train/surprise/Training_2.jpg");
    touch(root, "test/angry/PublicTest_3.jpg");
    let private = touch(root, "test/happy/PrivateTest_4.png");
    let corpus = detect(root).unwrap().unwrap();
    let examples = corpus.examples().unwrap();
    let seen: Vec<_> =
        examples.iter().map(|example| (class(corpus.card(), example), example.part)).collect();
    let wanted = [
        ("angry", Part::Train),
        ("surprise", Part::Train),
        ("angry", Part::Dev),
        ("happy", Part::Valid),
    ];
    assert_eq!(seen, wanted);
    assert_eq!(examples[3].media, [Media::Image(private)]);
    touch(root, "test/bored/PrivateTest_5.png");
    assert!(refused(root).contains("PrivateTest_5.png: `bored` is not in labels/fer2013.toml"));
}

#[test]
fn the_official_parts_have_the_published_classes() {
    let Some(root) = shared("") else { return };
    let corpus = open("fer2013", &root).unwrap();
    let (train, valid): (Vec<Example>, Vec<Example>) =
        corpus.examples().unwrap().into_iter().partition(|example| example.part == Part::Train);
    let names = ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"];
    let published = |numbers: [usize; 7]| -> BTreeMap<String, usize> {
        names.iter().map(|name| (*name).to_owned()).zip(numbers).collect()
    };
    let wanted = published([3995, 436, 4097, 7215, 4830, 3171, 4965]);
    assert_eq!((train.len(), counts(corpus.card(), &train)), (28_709, wanted));
    let wanted = published([467, 56, 496, 895, 653, 415, 607]);
    assert_eq!((valid.len(), counts(corpus.card(), &valid)), (3_589, wanted));
}
