//! MPUC: heads, then encoders, then the fused head, on one look.

use super::*;

const ORDER: [Modality; 4] = [Modality::Audio, Modality::Body, Modality::Vision, Modality::Text];

/// The sizes of the file, as a recipe; `views` is how the first step looks.
fn recipe(golden: &Golden, lr: f64, views: &str) -> Recipe {
    let size = |name: &str, axis: usize| golden.shape(name)[axis];
    let width = size("param.proj_audio.0.weight", 1);
    let (hidden, out) =
        (size("param.proj_audio.0.weight", 0), size("param.proj_audio.2.weight", 0));
    let text = size("input.view1.text", 2);
    let video = |name: &str| size(&format!("param.video_encoder.model.{name}.weight"), 0);
    let widths: Vec<usize> = (1..=4).map(|i| video(&format!("layer{i}.0.conv1.1"))).collect();
    let layers = golden.names("param.trnn1.layers.").len() / 12;
    let side = size("input.view1.video", 4);
    let labels = "detach = true, shared = 0.0, balanced = true";
    let heads: Vec<String> = ORDER
        .iter()
        .zip([views, "shared", "shared", "shared"])
        .map(|(m, views)| {
            format!(
                "{{ name = \"{m}\", learns = [\"{m}.heads\"], sees = [\"{m}\"], views = \"{views}\", objective.labels = {{ {labels} }} }},\n"
            )
        })
        .collect();
    let heads = heads.concat();
    let text = format!(
        r#"
        about = "MPUC at the sizes of the reference file"
        [data]
        corpora = ["none"]
        split = "official"
        [model]
        width = {width}
        head.mlp = {{}}
        fusion = {{ kind = "concat", order = ["audio", "body", "vision", "text"] }}
        projector = {{ hidden = {hidden}, out = {out} }}
        [model.encoder.audio]
        features = "mel@1"
        input = {{ kind = "series", size = {mel}, scale = "raw" }}
        body = {{ kind = "tcn", dropout = 0.0 }}
        [model.encoder.body]
        features = "landmarks@1"
        input = {{ kind = "series", size = 102, scale = "raw" }}
        body = {{ kind = "graph", steps = {steps}, dropout = 0.0, double = true }}
        [model.encoder.vision]
        features = "video@1"
        input = {{ kind = "video", size = {side}, frames = 8, channels = 3 }}
        body = {{ kind = "r2plus1d", stem = [{stem0}, {stem1}], widths = {widths:?}, dropout = 0.0 }}
        [model.encoder.text]
        features = "vectors@1"
        input = {{ kind = "series", size = {text}, scale = "raw" }}
        body = {{ kind = "transformer", layers = {layers}, heads = 5, hidden = {ff}, positions = "reference", dropout = 0.0 }}
        [[stage]]
        name = "train"
        epochs = 1
        batch = 4
        optimizer = {{ kind = "sgd", lr = {lr}, momentum = 0.9, weight_decay = 0.001 }}
        steps = [
            {heads}
            {{ name = "encoders", learns = ["encoder", "projector"], views = "shared", objective.contrast = {{}} }},
            {{ name = "fused", learns = ["joint"], views = "shared", objective.labels = {{ on = "joint", {labels} }} }},
        ]
        "#,
        mel = size("input.view1.mel", 2),
        steps = size("input.view1.landmarks", 1),
        stem0 = video("stem.0"),
        stem1 = video("stem.3"),
        ff = size("param.trnn1.layers.0.linear1.weight", 0),
    );
    Recipe::parse("mpuc", &text).unwrap()
}

fn inputs(golden: &Golden, view: usize, device: &Device) -> PerModality<Input> {
    let name = |kind: &str| format!("input.view{view}.{kind}");
    [
        (Modality::Audio, series::<3>(golden, &name("mel"), device)),
        (Modality::Body, series::<4>(golden, &name("landmarks"), device)),
        (Modality::Vision, Input::Video(golden.tensor(&name("video"), device))),
        (Modality::Text, series::<3>(golden, &name("text"), device)),
    ]
    .into_iter()
    .collect()
}

/// Follows the trajectory `name` for `steps` steps. Returns the largest gap of a loss in each step,
/// and the model.
fn follow(golden: &Golden, name: &str, views: &str, steps: usize) -> (Vec<f64>, Model) {
    let device = Device::flex().autodiff();
    let key = |rest: &str| format!("{name}.{rest}");
    let lr = scalar(golden, &key("lr"));
    let recipe = recipe(golden, lr, views);
    let classes = golden.shape("input.labels")[1];
    let fresh = model(golden, &recipe, LabelKind::Multi, classes);
    let positives = positives(golden, "const.bce_pos_weight");
    let mut trainer = Trainer::new(fresh, &recipe.stage[0], &positives);
    let target = Target::Multi(golden.tensor("input.labels", &device));
    let mut batch = batch(inputs(golden, 1, &device), target);
    batch.second = Some(inputs(golden, 2, &device));
    let mut gaps = Vec::new();
    for step in 0..steps {
        let taken = trainer.batch(&batch, lr).unwrap();
        let losses = taken.iter().map(|taken| f64::from(taken.unwrap().loss));
        let heads = &golden.values(&key("bce_heads_audio_graph_video_text"))[step * 4..][..4];
        let rest = ["contrastive", "bce_fused"].map(|part| golden.values(&key(part))[step]);
        let expected = heads.iter().copied().chain(rest);
        gaps.push(losses.zip(expected).map(|(got, there)| (got - there).abs()).fold(0.0, f64::max));
        if step == 0 && !golden.names(&key("after_step1.")).is_empty() {
            finals(golden, &key("after_step1."), &trainer.model, 2e-5);
        }
    }
    (gaps, trainer.model)
}

#[test]
fn golden_mpuc_trajectory() {
    let Some(golden) = open("mpuc_full") else { return };
    let (gaps, model) = follow(&golden, "traj", "still", 20);
    assert!(gaps.iter().all(|gap| *gap <= 1e-4), "{gaps:?}");
    finals(&golden, "traj.final.", &model, 1e-4);
}

/// At this rate every ReLU of the landmark encoder that comes out on the other side of zero counts.
/// Measured from these weights, the losses of double precision throughout are up to 8.4e-5 from the
/// authors', ours up to 8.3e-5; with sums of single precision in that encoder up to 9.5e-3.
#[test]
fn golden_mpuc_trajectory_fast() {
    let Some(golden) = open("mpuc_full") else { return };
    let (gaps, model) = follow(&golden, "traj_fast", "still", 20);
    assert!(gaps.iter().all(|gap| *gap <= 1e-3), "{gaps:?}");
    finals(&golden, "traj_fast.final.", &model, 1e-3);
}

#[test]
fn golden_mpuc_trajectory_of_training_norms() {
    let Some(golden) = open("mpuc_full") else { return };
    // Norms over four clips are chaotic: the authors' own code in single and double precision is
    // 2e-3 apart at the fourth step.
    let (gaps, _) = follow(&golden, "traj_trainbn", "fresh", 3);
    for (gap, tolerance) in gaps.iter().zip([1e-5, 1e-4, 1e-3]) {
        assert!(*gap <= tolerance, "{gaps:?}");
    }
}
