//! The three systems are recipes: they parse, they survive their own TOML, they have the
//! published sizes, and what is wrong with a recipe is said with its key and the way out.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use burn::tensor::Device;
use limbic_model::{EMOTIONS, LabelKind, LabelSet, Model, Recipe};

const MPUC: &str = include_str!("../../../recipes/published/mpuc.toml");
const VAVL: &str = include_str!("../../../recipes/published/vavl.toml");
const MTEE: &str = include_str!("../../../recipes/published/mtee.toml");

fn model(text: &str, kind: LabelKind, classes: usize) -> Model {
    let set = LabelSet {
        name: "set".to_owned(),
        kind,
        classes: (0..classes).map(|class| class.to_string()).collect(),
        covered: vec![false; EMOTIONS.len()],
    };
    Recipe::parse("recipe", text).unwrap().model.init(&[set], &Device::flex())
}

/// Numbers that the authors have too, below the beginnings of their names that are given.
fn counts(model: &Model, parts: &[&str]) -> Vec<usize> {
    let weights = model.weights();
    let authors: Vec<(String, usize)> = weights
        .iter()
        .filter(|(path, _)| !path.contains("running_"))
        .filter_map(|(path, values)| Some((model.origin(path)?.name, values.len())))
        .collect();
    let below = |part: &&str| {
        authors.iter().filter(|(name, _)| name.starts_with(*part)).map(|(_, count)| count).sum()
    };
    parts.iter().map(below).collect()
}

#[test]
fn recipes_survive_their_own_toml() {
    for text in [MPUC, VAVL, MTEE] {
        let recipe = Recipe::parse("recipe", text).unwrap();
        let again = Recipe::parse("again", &toml::to_string(&recipe).unwrap()).unwrap();
        assert_eq!(recipe, again);
    }
}

#[test]
fn every_recipe_of_the_repository_parses_and_says_how_it_is_run() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../recipes");
    let mut read = 0;
    for folder in [root.clone(), root.join("published")] {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|e| e != "toml") {
                continue;
            }
            let name = path.strip_prefix(&root).unwrap().display().to_string();
            let text = std::fs::read_to_string(&path).unwrap();
            Recipe::parse(&name, &text).unwrap();
            assert!(text.starts_with(&format!("# limbic train recipes/{name}")), "{name}");
            read += 1;
        }
    }
    assert!(read >= 10, "{read} recipes");
}

#[test]
fn probes_and_tunings_are_checked() {
    let small = "about = 's'\n[data]\ncorpora = ['a']\nsplit = 'official'\nDATA\n[model]\nwidth = 4\n\
        HEAD\nencoder.audio = { features = 'f@1', input = { kind = 'series', size = 2 }, body = \
        { kind = 'mlp', layers = 1, dropout = 0.0 } }\nREST";
    let stage = "[[stage]]\nname = 's'\nepochs = 1\nbatch = 2\noptimizer = { kind = 'sgd', lr = 0.1 }\n\
        objective.labels = {}\n";
    let tune = "[[tune]]\nname = 't'\ntuning = { kind = 'gem' }\nepochs = 1\nbatch = 2\n\
        optimizer = { kind = 'sgd', lr = 0.1 }\n";
    let few = "hold-out = ['fear']\nshots = 0.1";
    let probe = |rest: &str| format!("[probe]\nkind = 'ridge'\n{rest}");
    for (data, head, rest, key) in [
        ("", "", probe("penalty = 1.0"), ""),
        ("", "", probe("penalty = -1.0"), "probe.penalty"),
        ("", "", probe("penalty = 1.0\nof = 1"), "`of`"),
        ("", "", String::new(), "stage"),
        (few, "head.words = {}", format!("{stage}{tune}"), ""),
        ("", "head.words = {}", format!("{stage}{tune}"), "data.shots"),
        (few, "", format!("{stage}{tune}"), "head.words"),
        (
            few,
            "head.words = {}",
            format!("{stage}{}", tune.replace("0.1", "0.0")),
            "tune.t.optimizer.lr",
        ),
        (
            few,
            "head.words = {}",
            format!("{stage}{}", tune.replace("batch = 2", "batch = 0")),
            "tune.t.epochs/batch",
        ),
        (few, "head.words = {}", format!("{stage}{tune}clip = -1.0"), "tune.t.clip"),
    ] {
        let text = small.replace("DATA", data).replace("HEAD", head).replace("REST", &rest);
        match (key, Recipe::parse("small", &text)) {
            ("", Ok(recipe)) => {
                let again = Recipe::parse("again", &toml::to_string(&recipe).unwrap()).unwrap();
                assert_eq!(recipe, again);
            }
            (key, Err(error)) if !key.is_empty() => {
                assert!(error.to_string().contains(key), "{rest}: {error}");
            }
            (_, found) => panic!("{rest}: {found:?}"),
        }
    }
}

#[test]
fn a_recipe_knows_whether_its_heads_learn_anything() {
    let learns = |text: &str| {
        let recipe = Recipe::parse("recipe", text).unwrap();
        (recipe.learns_labels(), recipe.learns_shared())
    };
    assert_eq!(learns(MPUC), (true, false));
    assert_eq!(
        learns(&VAVL.replace(
            "sees = [\"audio\"]\nobjective = { labels = { shared = 0.0",
            "sees = [\"audio\"]\nobjective = { labels = { shared = 1.0"
        )),
        (true, true)
    );
    assert_eq!(learns(MTEE), (true, true), "rows are words");
    assert_eq!(learns(include_str!("../../../recipes/mpuc.toml")), (false, false));
}

#[test]
fn mpuc_recipe_has_the_published_sizes() {
    let model = model(MPUC, LabelKind::Multi, 6);
    let parts = ["audio_encoder.", "stgcn.", "video_encoder.", "trnn1.", "text_linear."];
    let found = counts(&model, &parts);
    assert_eq!(found, [217_813, 14_122_252, 31_562_781, 9_561_288, 154_112]);
    let projector = 512 * 1024 + 1024 + 1024 * 512 + 512;
    let head = 512 * 512 + 512 + 512 * 6 + 6;
    let parts = ["proj_audio.", "proj_ld.", "proj_video.", "proj_text.", "head_graph."];
    assert_eq!(counts(&model, &parts), [projector, projector, projector, projector, head]);
    assert_eq!(counts(&model, &["head_fused."]), [2048 * 512 + 512 + 512 * 6 + 6]);
}

#[test]
fn vavl_recipe_has_the_published_sizes() {
    let model = model(VAVL, LabelKind::Class, 6);
    let parts = [
        "acoustic_model.",
        "visual_model.",
        "shared_model.",
        "MLP_a.",
        "MLP_v.",
        "weights.",
        "MLP_rec_a.",
        "MLP_rec_v.",
    ];
    let published =
        [19_046_912, 19_066_112, 12_910_080, 395_526, 395_526, 657_670, 657_152, 755_840];
    assert_eq!(counts(&model, &parts), published);
}

#[test]
fn mtee_recipe_has_the_published_sizes() {
    let model = model(MTEE, LabelKind::Multi, 6);
    let parts = ["RNNs.0", "RNNs.1", "RNNs.2", "affineAudio", "affineVisual", "modality_weights"];
    assert_eq!(counts(&model, &parts), [3_609_600, 1_404_800, 351_200, 60_200, 30_100, 3]);
    // Rows for the emotions shown to users stand before the six.
    assert_eq!(model.weights()["words.table"].len(), (8 + 6) * 300);
}

#[test]
fn bad_recipes_are_refused_with_their_key_and_the_way_out() {
    for (text, from, to, key) in [
        (MPUC, "projector = { hidden = 1024, out = 512 }", "", "steps.encoders.learns"),
        (MPUC, "learns = [\"heads\"]", "learns = [\"head\"]", "there is no part `head`"),
        (MPUC, "steps = 30", "steps = 10", "model.encoder.body.body.steps"),
        (MPUC, "size = 300", "size = 301", "model.encoder.text.body.heads"),
        (MPUC, "size = 136", "size = 102", "model.encoder.body.input.size"),
        (MPUC, "kind = \"tcn\"", "kind = \"tcn\", kernel = 4", "model.encoder.audio.body.kernel"),
        (MPUC, "kind = \"tcn\"", "kind = \"tcn\", size = 3", "size"),
        (MPUC, "order = [\"audio\", \"body\",", "order = [\"audio\",", "model.fusion.order"),
        (MPUC, "kind = \"concat\"", "kind = \"late\"", "order"),
        (
            MPUC,
            "\"encoder\", \"projector\"]\nviews = \"shared\"",
            "\"trunk\"]",
            "steps.encoders.learns",
        ),
        (MPUC, "{ on = \"joint\", detach = true", "{ on = \"joint\"", "steps.fused.views"),
        (MPUC, "temperature = 0.07", "temperature = 0.0", "contrast.temperature"),
        (VAVL, "scale = \"standard\"", "cut = 0", "input.cut"),
        (VAVL, "scale = \"standard\"", "cut = 3", ""),
        (VAVL, "scale = \"standard\"", "scale = \"standard\", cut = 3", "input.cut"),
        (VAVL, "sees = [\"vision\"]", "sees = [\"text\"]", "steps.vision.sees"),
        (VAVL, "layers = 3, frame = 50", "layers = 3, heads = 7", "body.heads"),
        (VAVL, "reconstruction =", "projector = {}\n#", "objective.predict"),
        (VAVL, "trunk = { kind = \"shared\", layers = 2 }", "", "steps.vision.learns"),
        (VAVL, "views = \"still\"\n", "", ""),
        (VAVL, "fusion = { kind = \"concat\", order = [\"audio\", \"vision\"] }", "", "fusion"),
        (
            VAVL,
            "kind = \"conformer\", layers = 3",
            "kind = \"mlp\", layers = 3, dropout = 0.1, z = 1",
            "z",
        ),
        (
            MTEE,
            "head.words = { size = 300",
            "head.words = { size = 200",
            "model.encoder.text.width",
        ),
        (MTEE, "kind = \"late\"", "kind = \"concat\"", "model.fusion.kind"),
        (MTEE, "clip = 1.0", "clip = 0.0", "stage.train.clip"),
        (MTEE, "width = 100", "width = 0", "model.encoder.vision.width"),
        (MTEE, "factor = 0.1", "factor = 2.0", "stage.train.schedule"),
        (MTEE, "layers = 2", "layers = 0", "body.layers"),
        (MTEE, "clip = 1.0", "clip = 1.0\nfreeze = [\"joint\"]", "stage.train.freeze"),
    ] {
        assert!(text.contains(from), "{from}");
        let result = Recipe::parse("recipe", &text.replace(from, to));
        if key.is_empty() {
            assert!(result.is_ok(), "{to}");
            continue;
        }
        let error = result.unwrap_err().to_string();
        assert!(error.contains(key), "{from} -> {to}: {error}");
    }
}
