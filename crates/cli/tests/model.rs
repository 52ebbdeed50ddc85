//! A model with random weights, for tests of everything around the numbers.

use std::path::PathBuf;
use std::sync::OnceLock;

use burn::tensor::Device;
use limbic_features::{TextTokenizer, functional_names};
use limbic_media::Modality;
use limbic_model::{Checkpoint, EMOTIONS, LabelKind, LabelSet, Precision, Provenance, Recipe};

/// The path of the model; it is made once.
pub(crate) fn untrained() -> &'static str {
    static PATH: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    let (_, path) = PATH.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("untrained.safetensors");
        Checkpoint::join(vec![words(), voice(), face()])
            .unwrap()
            .save(&path, Precision::Full)
            .unwrap();
        (folder, path)
    });
    path.to_str().unwrap()
}

fn words() -> Checkpoint {
    let texts = ["what a lovely day", "how dare you", "no no no", "I am afraid of the dark"];
    let tokenizer = TextTokenizer::train(texts, 300, 32).unwrap().to_json().unwrap();
    let input = "{ kind = 'tokens', vocabulary = 300, size = 8, length = 32 }";
    let mut words = branch(
        Modality::Text,
        input,
        "{ kind = 'conv', kernels = [1, 2], channels = 4, dropout = 0.0 }",
    );
    words.assets.insert("tokenizer.json".to_owned(), tokenizer);
    words
}

fn voice() -> Checkpoint {
    let input = format!("{{ kind = 'series', size = {} }}", functional_names().len());
    branch(Modality::Audio, &input, "{ kind = 'mlp', layers = 1, dropout = 0.0 }")
}

fn face() -> Checkpoint {
    let input = "{ kind = 'picture', size = 48 }";
    branch(Modality::Vision, input, "{ kind = 'resnet', widths = [4, 4], dropout = 0.0 }")
}

fn branch(modality: Modality, input: &str, body: &str) -> Checkpoint {
    let text = format!(
        "about = 'untrained'
        [data]
        corpora = ['none']
        split = 'official'
        [model]
        width = 8
        encoder.{modality} = {{ features = 'any@1', input = {input}, body = {body} }}
        [[stage]]
        name = 'train'
        epochs = 1
        batch = 1
        optimizer = {{ kind = 'adamw', lr = 0.001 }}
        objective.labels = {{}}"
    );
    let recipe = Recipe::parse("untrained", &text).unwrap();
    // Calm is no word of this set, as in most corpora.
    let classes: Vec<String> = EMOTIONS[..7].iter().map(ToString::to_string).collect();
    let covered = EMOTIONS.iter().map(|e| classes.iter().any(|class| class == e)).collect();
    let set = LabelSet { name: "set".into(), kind: LabelKind::Class, classes, covered };
    let device = Device::flex();
    device.seed(modality as u64 + 1);
    Checkpoint {
        model: recipe.model.init(&[set], &device),
        recipes: [(modality, recipe)].into(),
        temperature: [(modality, 0.5)].into(),
        calibration: limbic_model::Calibration::new(),
        thresholds: [].into(),
        coordinates: [].into(),
        provenance: [(modality, Provenance::default())].into(),
        assets: [].into(),
        ..Checkpoint::default()
    }
}
