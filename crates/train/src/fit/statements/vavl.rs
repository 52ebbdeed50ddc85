//! VAVL: one set of weights for voice, face or both; each step moves its own path.

use limbic_model::{Checkpoint, Precision, Provenance};

use super::*;

const STEPS: [&str; 3] = [VISION, AUDIO, FUSION];

/// The scores of a modality.
fn logits(model: &Model, modality: Modality, inputs: &PerModality<Input>) -> Vec<f32> {
    let views = model.view(inputs).unwrap();
    values(model.logits(modality, views.each.get(modality).unwrap(), "set").unwrap())
}

/// The scores of all modalities together.
fn joint(model: &Model, inputs: &PerModality<Input>) -> Option<Vec<f32>> {
    let views = model.view(inputs).unwrap();
    model.joint(&views.each, "set").unwrap().map(values)
}

#[test]
fn vavl_v1_one_set_of_weights_reads_voice_face_or_both() {
    let model = fresh(&recipe(VAVL, &STEPS)).valid();
    let both = in_use(&clips(&BOTH, false));
    for modality in BOTH {
        let alone = in_use(&clips(&[modality], false));
        let scores = logits(&model, modality, &alone);
        assert_eq!(scores.len(), CLIPS * 2);
        // What else is supplied does not change it.
        assert_eq!(logits(&model, modality, &both), scores);
        assert_eq!(joint(&model, &alone), None);
    }
    let fused = joint(&model, &both).unwrap();
    assert!(fused.len() == CLIPS * 2 && fused.iter().all(|score| score.is_finite()));
}

#[test]
fn vavl_v2_every_step_touches_only_its_parts() {
    moved(
        &recipe(VAVL, &[AUDIO]),
        &["audio.encoder.", "trunk.", "audio.heads.1.", "audio.reconstruction."],
    );
    moved(
        &recipe(VAVL, &[VISION]),
        &["vision.encoder.", "trunk.", "vision.heads.1.", "vision.reconstruction."],
    );
    moved(&recipe(VAVL, &[FUSION]), &["joint.heads.1."]);
}

#[test]
fn vavl_v3_unpaired_clips_train_both_paths_and_leave_the_fusion_alone() {
    let recipe = recipe(VAVL, &STEPS);
    let unpaired = [clips(&BOTH[..1], false), clips(&BOTH[1..], false)];
    let (before, after) = trained(&recipe, &unpaired);
    let changed =
        |part: &str| before.iter().any(|(path, old)| path.starts_with(part) && after[path] != *old);
    for part in ["audio.encoder.", "audio.heads.1.", "vision.encoder.", "vision.heads.1.", "trunk."]
    {
        assert!(changed(part), "{part}");
    }
    assert!(!changed("joint."));
    let (before, after) = trained(&recipe, &[clips(&BOTH, false)]);
    assert!(
        before.iter().any(|(p, old)| p.starts_with("joint.") && after[p] != *old),
        "the control"
    );
}

/// The model that a training on `batches` leaves in a file, read again.
fn kept(model: &Model, recipe: &Recipe) -> Model {
    let checkpoint = Checkpoint {
        model: model.valid(),
        recipes: BOTH.into_iter().map(|m| (m, recipe.clone())).collect(),
        temperature: [].into(),
        calibration: limbic_model::Calibration::new(),
        thresholds: [].into(),
        coordinates: [].into(),
        provenance: [(Modality::Audio, Provenance::default())].into(),
        assets: [].into(),
        ..Checkpoint::default()
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vavl.safetensors");
    checkpoint.save(&path, Precision::Full).unwrap();
    Checkpoint::load(&path, &Device::flex()).unwrap().model
}

#[test]
fn vavl_v3_a_fusion_that_was_never_trained_says_so_and_answers_nothing() {
    let recipe = recipe(VAVL, &STEPS);
    let positives = PositiveWeights::new();
    let fresh = fresh(&recipe).with_fusion_untrained(true);
    let both = in_use(&clips(&BOTH, false));
    let mut trainer = Trainer::new(fresh, &recipe.stage[0], &positives);
    for modality in BOTH {
        trainer.batch(&clips(&[modality], false), 0.01).unwrap();
    }
    let (valid, kept_one) = (trainer.model.valid(), kept(&trainer.model, &recipe));
    for model in [&valid, &kept_one] {
        assert_eq!(model.fusion_untrained(), Some(&BOTH[..]));
        assert_eq!(joint(model, &both), None);
        assert_eq!(logits(model, Modality::Audio, &both).len(), CLIPS * 2);
    }
    trainer.batch(&clips(&BOTH, false), 0.01).unwrap();
    let (valid, kept_one) = (trainer.model.valid(), kept(&trainer.model, &recipe));
    for model in [&valid, &kept_one] {
        assert_eq!(model.fusion_untrained(), None);
        assert!(joint(model, &both).is_some());
    }
}

#[test]
fn vavl_v4_another_task_is_another_number_of_outputs_and_another_loss() {
    let recipe = recipe(VAVL, &STEPS);
    let (_, classes) = trained(&recipe, &[clips(&BOTH, false)]);
    let ratings = LabelSet {
        name: "set".to_owned(),
        kind: LabelKind::Rating,
        classes: ["arousal", "dominance", "valence"].map(str::to_owned).to_vec(),
        covered: vec![false; 8],
    };
    let model = recipe.model.init(&[ratings], &Device::flex().autodiff());
    let other = model.weights();
    assert!(other.keys().eq(classes.keys()));
    let outputs: Vec<&String> =
        other.keys().filter(|path| other[*path].len() != classes[*path].len()).collect();
    assert!(!outputs.is_empty() && outputs.iter().all(|path| path.contains(".heads.1.")));
    let taken: Weights =
        classes.into_iter().filter(|(path, _)| !path.contains(".heads.")).collect();
    let mut batch = clips(&BOTH, false);
    let device = Device::flex().autodiff();
    let rows = Tensor::<2>::from_data([[0.1, 0.9, 0.4], [0.5, 0.2, 0.8]], &device);
    batch.targets = vec![("set".to_owned(), Target::Rating(rows.repeat(&[CLIPS / 2, 1])))];
    let positives = PositiveWeights::new();
    let mut trainer = Trainer::new(model.with_weights(&taken), &recipe.stage[0], &positives);
    let before = trainer.model.weights();
    assert!(taken.iter().all(|(path, values)| before[path] == *values));
    assert!(trainer.batch(&batch, 0.01).unwrap().iter().all(Option::is_some));
    let after = trainer.model.weights();
    assert!(after.iter().any(|(path, new)| path.starts_with("trunk.") && before[path] != *new));
}

#[test]
fn vavl_v9_without_reconstruction_the_same_clips_leave_other_weights() {
    let quiet = |recipe: &str| recipe.replace("dropout = 0.2", "dropout = 0.0");
    let still = quiet(VAVL).replace("kernel = 3 }", "kernel = 3, dropout = 0.0 }");
    let with = recipe(&still, &STEPS);
    let model = fresh(&with);
    let run = |step: &str| {
        let recipe = recipe(&still, &[step]);
        trained_from(&model, &recipe, &[clips(&BOTH, false)])
    };
    let (before, learned) = run(AUDIO);
    let (_, again) = run(AUDIO);
    assert!(learned == again, "nothing else is random");
    for without in [", predict = { weight = 2.0 }", "weight = 2.0"] {
        let cut = if without.starts_with(',') { "" } else { "weight = 0.0" };
        let (_, other) = run(&AUDIO.replace(without, cut));
        let differs = |part: &str| {
            learned.iter().any(|(path, new)| path.starts_with(part) && other[path] != *new)
        };
        assert!(differs("audio.encoder.") && differs("trunk."));
        let guesses = || before.iter().filter(|(path, _)| path.contains(".reconstruction."));
        assert!(guesses().all(|(path, old)| other[path] == *old));
        assert!(guesses().any(|(path, old)| learned[path] != *old));
    }
}

#[test]
fn vavl_v12_a_file_holds_statistics_and_gives_the_same_answers_bit_by_bit() {
    let recipe = recipe(VAVL, &STEPS);
    let (mean, deviation): (Vec<f32>, Vec<f32>) =
        (0..SIZE).map(|i| (0.1 * i as f32, 0.3 + 0.2 * i as f32)).unzip();
    let plain = fresh(&recipe);
    let model = BOTH.into_iter().fold(plain.clone(), |m, b| m.standardised(b, &mean, &deviation));
    let positives = PositiveWeights::new();
    let mut trainer = Trainer::new(model, &recipe.stage[0], &positives);
    trainer.batch(&clips(&BOTH, false), 0.01).unwrap();
    let (model, again) = (trainer.model.valid(), kept(&trainer.model, &recipe));
    assert_eq!(again.weights(), model.weights());
    let inputs = in_use(&clips(&BOTH, false));
    for modality in BOTH {
        assert_eq!(logits(&again, modality, &inputs), logits(&model, modality, &inputs));
        // The control: without its statistics it answers otherwise.
        let raw = again.clone().standardised(modality, &[0.0; SIZE], &[1.0; SIZE]);
        assert_ne!(logits(&raw, modality, &inputs), logits(&model, modality, &inputs));
    }
    assert_eq!(joint(&again, &inputs), joint(&model, &inputs));
}
