//! MTEE: one step on all modalities with a clipped gradient, and tuning to a few clips.

use super::*;
use limbic_model::Tuning;

const ORDER: [(Modality, &str); 3] =
    [(Modality::Text, "text"), (Modality::Audio, "audio"), (Modality::Vision, "vision")];

fn recipe(golden: &Golden, lr: f64, clip: f64) -> Recipe {
    let encoders: Vec<String> = ORDER
        .iter()
        .enumerate()
        .map(|(index, (_, name))| {
            let shape = |rest: &str| golden.shape(&format!("param.RNNs.{index}.{rest}"));
            let (size, width) = (shape("weight_ih_l0")[1], shape("weight_hh_l0")[1]);
            let layers = golden.names(&format!("param.RNNs.{index}.weight_ih_l")).len() / 2;
            format!(
                r#"
                [model.encoder.{name}]
                features = "{name}@1"
                input = {{ kind = "series", size = {size}, scale = "raw" }}
                body = {{ kind = "recurrent", layers = {layers}, bidirectional = true, padding = "read" }}
                width = {width}
                "#
            )
        })
        .collect();
    let encoders = encoders.concat();
    let text = format!(
        r#"
        about = "MTEE at the sizes of the reference file"
        [data]
        corpora = ["none"]
        split = "official"
        [model]
        width = {size}
        head.words = {{ size = {size} }}
        fusion = {{ kind = "late" }}
        {encoders}
        [[stage]]
        name = "train"
        epochs = 1
        batch = 5
        optimizer = {{ kind = "adam", lr = {lr} }}
        clip = {clip:?}
        objective.labels = {{ on = "joint", shared = 0.0, balanced = true }}
        "#,
        size = golden.shape("param.textEmoEmbs.weight")[1],
    );
    Recipe::parse("mtee", &text).unwrap()
}

fn clips(golden: &Golden, prefix: &str, labels: &str, device: &Device) -> Batch {
    let one = |(m, name): (Modality, &str)| {
        (m, series::<3>(golden, &format!("input.{prefix}{name}"), device))
    };
    let inputs = ORDER.into_iter().map(one).collect();
    batch(inputs, Target::Multi(golden.tensor(labels, device)))
}

/// The limit on the gradient in the name of a trajectory, 1 where it names none.
fn limit(name: &str) -> f64 {
    name.split_once("clip").map_or(1.0, |(_, limit)| limit.replace('p', ".").parse().unwrap())
}

#[test]
fn golden_mtee_trajectories() {
    let Some(golden) = open("mtee_tav") else { return };
    let device = Device::flex().autodiff();
    let batch = clips(&golden, "", "input.labels", &device);
    let positives = positives(&golden, "const.pos_weight");
    let names = golden.names("traj").into_iter().filter_map(|name| name.strip_suffix(".lr"));
    for name in names.collect::<Vec<_>>() {
        let key = |rest: &str| format!("{name}.{rest}");
        let lr = scalar(&golden, &key("lr"));
        let recipe = recipe(&golden, lr, limit(name));
        let classes = golden.shape("input.labels")[1];
        let fresh = model(&golden, &recipe, LabelKind::Multi, classes);
        let table = fresh.weights()["words.table"].clone();
        let mut trainer = Trainer::new(fresh, &recipe.stage[0], &positives);
        let (mut losses, mut lengths) = (Vec::new(), Vec::new());
        for _ in 0..golden.shape(&key("loss"))[0] {
            let taken = trainer.batch(&batch, lr).unwrap()[0].unwrap();
            losses.push(f64::from(taken.loss));
            lengths.push(taken.length.unwrap());
        }
        golden.close(&key("loss"), &losses, 1e-4);
        golden.close(&key("grad_norm_before_clip"), &lengths, 1e-4);
        finals(&golden, &key("final."), &trainer.model, 1e-4);
        let unchanged = key("final.textEmoEmbs.weight_unchanged");
        if golden.has(&unchanged) {
            let same = trainer.model.weights()["words.table"] == table;
            golden.close(&unchanged, &[f64::from(u8::from(same))], 0.0);
        }
    }
}

/// Tunes as the trajectory `name` did.
fn tune(name: &str, tuning: Tuning) {
    let Some(golden) = open("mtee_fewshot") else { return };
    let device = Device::flex().autodiff();
    let key = |rest: &str| format!("{name}.{rest}");
    let (lr, clip) = (scalar(&golden, &key("lr")), scalar(&golden, &key("clip")));
    let recipe = recipe(&golden, lr, clip);
    let old = clips(&golden, "old.", "input.old.labels5", &device);
    let new = clips(&golden, "new.", "input.new.labels6", &device);
    let classes = golden.shape("param.ft_textEmoEmbs.weight")[0];
    let seen: Vec<usize> = (0..golden.shape("param.textEmoEmbs.weight")[0]).collect();
    let (before, after) =
        (positives(&golden, "const.pos_weight_old5"), positives(&golden, "const.pos_weight_new6"));
    let fresh = model(&golden, &recipe, LabelKind::Multi, classes);
    // The rows of the tuned model are the new ones.
    let rows = golden.rows("param.ft_textEmoEmbs.weight");
    let rows = rows.into_iter().map(|row| row.iter().map(|v| *v as f32).collect());
    let shared = std::iter::repeat_n(vec![0.0; recipe.model.width], 8);
    let fresh = fresh.with_class_vectors(&shared.chain(rows).collect::<Vec<_>>()).unwrap();
    let mut trainer = Trainer::new(fresh, &recipe.stage[0], &after);
    let mut losses = [Vec::new(), Vec::new()];
    for _ in 0..golden.shape(&key("loss"))[0] {
        let old = Before { batch: &old, set: SET, classes: &seen, positives: &before };
        let told = trainer.tune(tuning, old, &new, lr).unwrap();
        losses.iter_mut().zip(told).for_each(|(all, one)| all.push(f64::from(one.unwrap())));
    }
    golden.close(&key("loss_old"), &losses[0], 1e-4);
    golden.close(&key("loss"), &losses[1], 1e-4);
    finals(&golden, &key("final."), &trainer.model, 1e-4);
}

#[test]
fn golden_mtee_fewshot_joint() {
    tune("traj_joint", Tuning::Joint {});
}

#[test]
fn golden_mtee_fewshot_gem() {
    tune("traj_gem", Tuning::Gem { margin: 0.01 });
}
