//! A small model whose labels are words, trained on texts and voices made on the spot.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use burn::tensor::Device;
use limbic_model::{Checkpoint, Precision};

use crate::bad_recipe::npy;
use crate::media::{self, PLAIN};
use crate::program::limbic;

const RECIPE: &str = r#"
about = "small"
[data]
corpora = ["dair_emotion", "emodb"]
split = "official"
[model]
width = 8
head.words = { size = 8 }
encoder.text = { features = "tokens@1", input = { kind = "tokens", vocabulary = 300, size = 8, length = 16 }, body = { kind = "conv", kernels = [1, 2], channels = 8, dropout = 0.0 } }
encoder.audio = { features = "descriptors@1", input = { kind = "series", size = 648 }, body = { kind = "mlp", layers = 1, dropout = 0.0 } }
[[stage]]
name = "train"
epochs = 30
batch = 16
optimizer = { kind = "adam", lr = 0.01 }
objective.labels = { shared = 0.5 }
"#;

/// Each word and what it means, a number for each of joy, sadness, anger, fear, surprise, nothing,
/// disgust and boredom. Those of the second half are no class of any corpus.
const WORDS: [(&str, [f32; 8]); 24] = [
    ("the", [0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1]),
    ("that", [0.1, 0.0, 0.1, 0.0, 0.1, 0.0, 0.1, 0.0]),
    ("neutral", [0.0, 0.0, 0.0, 0.0, 0.0, 2.0, 0.0, 0.1]),
    ("happiness", [1.8, 0.0, 0.0, 0.0, 0.3, 0.2, 0.0, 0.0]),
    ("sadness", [0.0, 2.0, 0.0, 0.2, 0.0, 0.0, 0.0, 0.3]),
    ("anger", [0.0, 0.1, 2.0, 0.0, 0.0, 0.0, 0.5, 0.0]),
    ("fear", [0.0, 0.3, 0.0, 2.0, 0.2, 0.0, 0.0, 0.0]),
    ("disgust", [0.0, 0.0, 0.5, 0.1, 0.0, 0.0, 2.0, 0.0]),
    ("surprise", [0.4, 0.0, 0.0, 0.3, 2.0, 0.0, 0.0, 0.0]),
    ("calm", [0.5, 0.0, 0.0, 0.0, 0.0, 1.5, 0.0, 0.2]),
    ("joy", [2.0, 0.0, 0.0, 0.0, 0.2, 0.0, 0.0, 0.0]),
    ("love", [1.5, 0.2, 0.0, 0.0, 0.0, 0.3, 0.0, 0.0]),
    ("boredom", [0.0, 0.3, 0.0, 0.0, 0.0, 0.4, 0.0, 2.0]),
    ("bliss", [1.7, 0.0, 0.0, 0.0, 0.0, 0.6, 0.0, 0.0]),
    ("gloom", [0.0, 1.7, 0.0, 0.3, 0.0, 0.0, 0.0, 0.6]),
    ("rage", [0.0, 0.0, 1.7, 0.0, 0.4, 0.0, 0.2, 0.0]),
    ("dread", [0.0, 0.5, 0.0, 1.6, 0.0, 0.0, 0.2, 0.0]),
    ("feeling", [0.1, 0.1, 0.0, 0.1, 0.0, 0.1, 0.0, 0.1]),
    ("someone", [0.0, 0.1, 0.0, 0.0, 0.0, 0.2, 0.0, 0.0]),
    ("is", [0.1, 0.0, 0.0, 0.0, 0.1, 0.1, 0.0, 0.0]),
    ("beneath", [0.0, 0.1, 0.9, 0.0, 0.0, 0.0, 1.4, 0.1]),
    ("you", [0.1, 0.0, 0.1, 0.0, 0.0, 0.2, 0.0, 0.0]),
    ("contempt", [0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.5, 0.1]),
    ("delight", [1.9, 0.0, 0.0, 0.0, 0.4, 0.0, 0.0, 0.0]),
];

/// A sentence that somebody with this emotion would write.
pub(crate) const TEXTS: [(&str, &str); 4] = [
    ("joy", "what a lovely and sunny day"),
    ("sadness", "she is gone and I am alone"),
    ("anger", "how dare you do that to me"),
    ("fear", "something moves in the dark"),
];

/// The pitch of a voice with this emotion, in hertz.
pub(crate) const VOICES: [(&str, f32); 2] = [("happiness", 260.0), ("sadness", 95.0)];

/// The model as `limbic train` wrote it and `limbic join` made it small, with what both said.
pub(crate) struct Worded {
    folder: tempfile::TempDir,
    pub(crate) said: String,
}

impl Worded {
    /// The model.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("small.safetensors")
    }

    /// The model before it was made small.
    pub(crate) fn whole(&self) -> PathBuf {
        self.folder.path().join("model.safetensors")
    }

    /// A copy of the model in `folder`, changed.
    pub(crate) fn changed(&self, folder: &Path, change: impl FnOnce(&mut Checkpoint)) -> String {
        let mut checkpoint = Checkpoint::load(&self.whole(), &Device::flex()).unwrap();
        change(&mut checkpoint);
        let path = folder.join("changed.safetensors");
        checkpoint.save(&path, Precision::Full).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

/// The model; it is trained once.
pub(crate) fn model() -> &'static Worded {
    static MODEL: OnceLock<Worded> = OnceLock::new();
    MODEL.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let here = folder.path();
        corpora(&here.join("data"));
        fs::write(here.join("recipe.toml"), RECIPE).unwrap();
        let mut said = String::new();
        for arguments in [
            &["train", "recipe.toml", "--data", "data", "-o", "model.safetensors", "-q"][..],
            &["join", "model.safetensors", "-o", "small.safetensors"],
        ] {
            let run = limbic(here, arguments, b"");
            assert_eq!(run.code, Some(0), "{}", run.stderr);
            said.extend([run.stdout, run.stderr]);
        }
        Worded { folder, said }
    })
}

fn corpora(data: &Path) {
    let (words, texts) = (data.join("wordvec"), data.join("text/dair_emotion"));
    for folder in [&words, &texts, &data.join("emodb/audio")] {
        fs::create_dir_all(folder).unwrap();
    }
    let names: Vec<&str> = WORDS.iter().map(|(word, _)| *word).collect();
    fs::write(words.join("word2vec_gnews300_words.txt"), names.join("\n") + "\n").unwrap();
    let rows: Vec<Vec<f32>> = WORDS.iter().map(|(_, row)| row.to_vec()).collect();
    npy(&words.join("word2vec_gnews300_f16.npy"), &rows);

    let openings =
        ["well", "oh", "today", "yes", "now", "so", "listen", "then", "really", "well well"];
    for (part, openings) in [("train", &openings[..]), ("valid", &["look", "hear me"])] {
        let mut table = "emotion\ttext\n".to_owned();
        for opening in openings {
            for (emotion, text) in TEXTS {
                writeln!(table, "{emotion}\t{opening} {text}").unwrap();
            }
        }
        fs::write(texts.join(format!("{part}.tsv")), table).unwrap();
    }

    let mut table = "path,dataset,speaker,emotion\n".to_owned();
    for take in 0..6 {
        for (emotion, hertz) in VOICES {
            let path = format!("audio/{emotion}{take}.wav");
            let samples = media::voice(1.4 + 0.1 * take as f32, hertz + 5.0 * take as f32);
            fs::write(data.join("emodb").join(&path), PLAIN.file(&samples)).unwrap();
            writeln!(table, "{path},emodb,s{take},{emotion}").unwrap();
        }
    }
    fs::write(data.join("emodb/manifest.csv"), table).unwrap();
}
