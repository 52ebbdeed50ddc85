//! VAVL: the visual step, the acoustic step, and the fusion step on still encoders.

use super::*;

fn recipe(golden: &Golden, lr: f64, axes: &str) -> Recipe {
    let size = |name: &str, axis: usize| golden.shape(name)[axis];
    let width = size("param.shared_model.layer_norm.weight", 0);
    let blocks = |model: &str, name: &str| {
        let at = format!("param.{model}.{name}.encoder.layers.");
        golden.names(&at).iter().filter(|name| name.ends_with("sequential.4.bias")).count()
    };
    let at = "param.shared_model.x_shared.encoder.layers.0.sequential";
    let heads = size(&format!("{at}.1.module.attention.u_bias"), 0);
    let kernel = size(&format!("{at}.2.module.sequential.4.conv.weight"), 2);
    let (wide, narrow) =
        (size("param.MLP_a.projav1.weight", 0), size("param.MLP_a.projav2.weight", 0));
    let weight = if golden.has("loss.fixed.visual.ce") { 2.0 } else { 1.0 };
    let layers = format!("heads = {heads}, kernel = {kernel}, dropout = 0.0, axes = \"{axes}\"");
    let stack = format!("{{ wide = {wide}, narrow = {narrow}, dropout = 0.0 }}");
    let labels = "shared = 0.0, hard = true, ratings = \"sum\"";
    let encoder = |m: &str, model: &str, letter: &str, features: &str| {
        let input = size(&format!("input.{features}"), 2);
        let frame = size(&format!("param.{model}_model.conv_1d_{letter}.weight"), 0);
        let layers = format!(
            "layers = {}, {layers}",
            blocks(&format!("{model}_model"), &format!("x_{model}"))
        );
        format!(
            r#"
            [model.encoder.{m}]
            features = "{m}@1"
            input = {{ kind = "series", size = {input}, scale = "raw" }}
            body = {{ kind = "conformer", frame = {frame}, {layers} }}
            "#
        )
    };
    let step = |m: &str| {
        format!(
            "{{ name = \"{m}\", learns = [\"{m}\", \"trunk\"], sees = [\"{m}\"], objective = {{ labels = {{ {labels} }}, predict = {{ weight = {weight:?} }} }} }},"
        )
    };
    let text = format!(
        r#"
        about = "VAVL at the sizes of the reference file"
        [data]
        corpora = ["none"]
        split = "official"
        [model]
        width = {width}
        head.stack = {stack}
        reconstruction = {stack}
        fusion = {{ kind = "concat" }}
        trunk = {{ kind = "shared", layers = {shared}, {layers} }}
        {audio}
        {vision}
        [[stage]]
        name = "train"
        epochs = 1
        batch = 5
        optimizer = {{ kind = "adam", lr = {lr}, betas = [0.95, 0.999], weight_decay = 5e-7 }}
        steps = [
            {see}
            {hear}
            {{ name = "fusion", learns = ["joint"], views = "still", objective.labels = {{ on = "joint", detach = true, {labels} }} }},
        ]
        "#,
        shared = blocks("shared_model", "x_shared"),
        audio = encoder("audio", "acoustic", "a", "audio_features"),
        vision = encoder("vision", "visual", "v", "visual_features"),
        see = step("vision"),
        hear = step("audio"),
    );
    Recipe::parse("vavl", &text).unwrap()
}

fn follow(file: &str) {
    let Some(golden) = open(file) else { return };
    let device = Device::flex().autodiff();
    let inputs: PerModality<Input> = [
        (Modality::Audio, series::<3>(&golden, "input.audio_features", &device)),
        (Modality::Vision, series::<3>(&golden, "input.visual_features", &device)),
    ]
    .into_iter()
    .collect();
    let labels = golden.tensor("input.labels", &device);
    let classes = golden.shape("input.labels")[1];
    let classed = golden.has("loss.fixed.visual.ce");
    let (kind, target) = if classed {
        (LabelKind::Class, Target::Class(labels))
    } else {
        (LabelKind::Rating, Target::Rating(labels))
    };
    let batch = batch(inputs, target);
    let none = PositiveWeights::new();
    let names = golden.names("traj").into_iter().filter_map(|name| name.strip_suffix(".lr"));
    for name in names.collect::<Vec<_>>() {
        let lr = scalar(&golden, &format!("{name}.lr"));
        for (axes_name, axes) in [("ref", "reference"), ("fixed", "time")] {
            let key = |rest: &str| format!("{name}.{axes_name}.{rest}");
            let recipe = recipe(&golden, lr, axes);
            let fresh = model(&golden, &recipe, kind, classes);
            let mut trainer = Trainer::new(fresh, &recipe.stage[0], &none);
            let mut losses = [vec![], vec![], vec![], vec![]];
            for _ in 0..golden.shape(&key("loss"))[0] {
                let taken = trainer.batch(&batch, lr).unwrap();
                for (losses, taken) in losses.iter_mut().zip(&taken) {
                    losses.push(f64::from(taken.unwrap().loss));
                }
                losses[3].push(taken.iter().flatten().map(|taken| f64::from(taken.loss)).sum());
            }
            for (part, losses) in ["visual", "acoustic", "audiovisual", "loss"].iter().zip(&losses)
            {
                golden.close(&key(part), losses, 1e-4);
            }
            finals(&golden, &key("final."), &trainer.model, 1e-4);
        }
    }
}

#[test]
fn golden_vavl_trajectories_of_classes() {
    follow("vavl_categorical");
}

#[test]
fn golden_vavl_trajectories_of_ratings() {
    follow("vavl_dimensional");
}
