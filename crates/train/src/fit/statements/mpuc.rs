//! MPUC: encoders learn from the contrast alone, classifiers send nothing down.

use super::*;

#[test]
fn mpuc_t1_labels_never_reach_the_encoders() {
    let recipe = recipe(MPUC, &[HEADS, ENCODERS, FUSED]);
    let model = fresh(&recipe);
    let run = |turned| {
        let batch = clips(&BOTH, turned);
        trained_from(&model, &recipe, &[batch.clone(), batch]).1
    };
    let (right, wrong) = (run(false), run(true));
    let mut heads = 0;
    for (path, weights) in &right {
        if path.contains(".heads.1.") {
            heads += usize::from(wrong[path] != *weights);
        } else {
            assert_eq!(wrong[path], *weights, "{path}");
        }
    }
    assert!(heads > 0, "the control: heads do learn labels");
}

/// Weight decay moves whatever has a gradient, be it of zeros: what stays has none.
#[test]
fn mpuc_t2_classifiers_move_no_encoder_and_the_contrast_no_classifier() {
    let first = |step: &str| step.replace("views = \"shared\", ", "");
    moved(&recipe(MPUC, &[HEADS]), &["audio.heads.1.", "vision.heads.1."]);
    // Everything may learn, and what has no gradient still stays.
    let everything = "learns = [\"audio\", \"vision\", \"joint\"]";
    let free = |step: &str| {
        let (before, rest) = step.split_once("learns").unwrap();
        let (_, after) = rest.split_once(']').unwrap();
        recipe(MPUC, &[&first(&format!("{before}{everything}{after}"))])
    };
    for (step, classifiers) in
        [(HEADS, &["audio.heads.1.", "vision.heads.1."][..]), (FUSED, &["joint.heads.1."])]
    {
        let (before, after) = trained(&free(step), &[clips(&BOTH, false)]);
        for (path, old) in before.iter().filter(|(path, _)| !path.contains("running_")) {
            let own = classifiers.iter().any(|part| path.starts_with(part));
            assert_eq!(own, after[path] != *old, "{path}");
        }
    }
    let parts = ["audio.encoder.", "vision.encoder.", "audio.projector.", "vision.projector."];
    moved(&free(ENCODERS), &parts);
}

#[test]
fn mpuc_t8_an_absent_modality_leaves_the_heads_of_the_others() {
    let recipe = recipe(MPUC, &[HEADS, ENCODERS, FUSED]);
    let model = fresh(&recipe).valid();
    let both = model.view(&in_use(&clips(&BOTH, false))).unwrap();
    assert!(model.joint(&both.each, "set").unwrap().is_some());
    for modality in BOTH {
        let one = model.view(&in_use(&clips(&[modality], false))).unwrap();
        assert!(model.joint(&one.each, "set").unwrap().is_none());
        let logits = |each: &PerModality<Tensor<2>>| {
            model.logits(modality, each.get(modality).unwrap(), "set").unwrap().into_data()
        };
        assert_eq!(logits(&one.each), logits(&both.each));
    }
}

const TEXT: &str = r#"
    [model.encoder.text]
    features = "words@1"
    input = { kind = "series", size = 6 }
    body = { kind = "transformer", layers = 1, heads = 2, hidden = 5, dropout = 0.0 }
    [[stage]]
"#;

#[test]
fn mpuc_t8_a_modality_that_comes_later_needs_its_own_parts_and_a_head_for_all() {
    let two = recipe(MPUC, &[HEADS, ENCODERS, FUSED]);
    let (_, learned) = trained(&two, &[clips(&BOTH, false)]);
    let three = recipe(&MPUC.replace("\n    [[stage]]\n", TEXT), &[HEADS, ENCODERS, FUSED]);
    let fresh = fresh(&three);
    let added: Vec<String> = fresh
        .weights()
        .into_iter()
        .filter(|(path, values)| learned.get(path).is_none_or(|old| old.len() != values.len()))
        .map(|(path, _)| path)
        .collect();
    let new = ["text.encoder.", "text.projector.", "text.heads.", "joint.heads."];
    for part in new {
        assert!(added.iter().any(|path| path.starts_with(part)), "{part}");
    }
    assert!(added.iter().all(|path| new.iter().any(|part| path.starts_with(part))), "{added:?}");
    let kept: Weights =
        learned.into_iter().filter(|(path, _)| !path.starts_with("joint.")).collect();
    let model = fresh.with_weights(&kept);
    let seen = [Modality::Audio, Modality::Vision, Modality::Text];
    // The step of the newcomer leaves what was there as it was.
    let own = "{ name = \"text\", learns = [\"text\"], objective.contrast = {} },";
    let later = recipe(&MPUC.replace("\n    [[stage]]\n", TEXT), &[own]);
    let (_, after) = trained_from(&model, &later, &[clips(&seen, false)]);
    for (path, old) in &kept {
        assert_eq!(after[path], *old, "{path}");
    }
}

#[test]
fn mpuc_t12_nothing_of_earlier_batches_is_kept() {
    let recipe = recipe(MPUC, &[&ENCODERS.replace("views = \"shared\", ", "")]);
    let positives = PositiveWeights::new();
    let mut trainer = Trainer::new(fresh(&recipe), &recipe.stage[0], &positives);
    for count in [8, 32] {
        let [batch, other] = [1, 2].map(|seed| some_clips(count, seed, &BOTH, false));
        // At a rate of nothing weights stay, so whatever else remembered would show.
        let mut loss = |batch| trainer.batch(batch, 0.0).unwrap()[0].unwrap().loss;
        let first = loss(&batch);
        assert_ne!(loss(&other), first);
        assert_eq!(loss(&batch), first, "{count}");
    }
    let parts = ["encoder", "heads", "projector"];
    for path in trainer.model.weights().into_keys() {
        let own = path.split('.').nth(1).is_some_and(|part| parts.contains(&part));
        assert!(own, "{path} is part of no encoder, projector or head");
    }
}
