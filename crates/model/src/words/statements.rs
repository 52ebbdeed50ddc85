//! The statements of Dai et al. 2020 about word rows, on small random models and data.

use std::cell::Cell;

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Device, Distribution, Tensor, TensorData};
use limbic_media::{Modality, PerModality};

use super::mtee::{Clips, Inputs, Mtee, Training, flatten, weight};
use super::*;
use crate::encode::recurrent::{Cell as Unit, Padding, Readout, RecurrentConfig};
use crate::objective::binary_cross_entropy;

const TAV: [Modality; 3] = [Modality::Text, Modality::Audio, Modality::Vision];
const SIZE: usize = 12;

fn config(hidden: usize) -> RecurrentConfig {
    RecurrentConfig {
        cell: Unit::Lstm,
        hidden,
        layers: 1,
        bidirectional: true,
        dropout: 0.0,
        read: Readout::LastStep,
        padding: Padding::Skip,
    }
}

/// Text reads 6 features a step, audio 5, vision 4.
fn encoders(modalities: &[Modality]) -> PerModality<(usize, RecurrentConfig)> {
    let sizes = [(6, SIZE), (5, 7), (4, 3)];
    modalities.iter().map(|m| (*m, (sizes[*m as usize].0, config(sizes[*m as usize].1)))).collect()
}

thread_local! {
    /// Where this test's numbers come from: the device's generator is shared with tests that run at
    /// once, and what they draw would change what is drawn here.
    static STATE: Cell<u64> = const { Cell::new(1) };
}

/// Begins the numbers of a test anew.
fn seed(seed: u64) {
    STATE.set(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
}

/// Between -1 and 1.
fn uniform() -> f32 {
    let next =
        STATE.get().wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    STATE.set(next);
    ((next >> 40) as f32 / (1u64 << 23) as f32) - 1.0
}

/// Normal numbers, as good as twelve uniform ones make them.
fn noise<const D: usize>(shape: [usize; D], device: &Device) -> Tensor<D> {
    let normal = |_| (0..12).map(|_| uniform()).sum::<f32>() / 2.0;
    let values: Vec<f32> = (0..shape.iter().product()).map(normal).collect();
    Tensor::from_data(TensorData::new(values, shape), device)
}

/// A model whose weights come from there too; its label rows stay, and so do the weights of modalities.
fn drawn(model: Mtee) -> Mtee {
    struct Drawn(Vec<String>);
    impl ModuleMapper for Drawn {
        fn enter_module(&mut self, name: &str, _: &str) {
            self.0.push(name.to_owned());
        }
        fn exit_module(&mut self, _: &str, _: &str) {
            self.0.pop();
        }
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            let own = self.0.last().is_some_and(|name| name == "table");
            if own || param.val().shape().num_elements() <= 3 {
                return param;
            }
            param.map(|x| {
                let drawn = noise(x.dims(), &Device::flex()) * 0.18;
                let drawn = Tensor::from_data(drawn.into_data(), &x.device());
                if x.device().is_autodiff() { drawn.require_grad() } else { drawn }
            })
        }
    }
    model.map(&mut Drawn(Vec::new()))
}

fn values<const D: usize>(x: Tensor<D>) -> Vec<f32> {
    x.into_data().iter::<f32>().collect()
}

fn words(classes: usize, size: usize) -> Vec<Vec<f32>> {
    (0..classes).map(|_| values(noise([size], &Device::flex()))).collect()
}

fn inputs(modalities: &[Modality], clips: usize, device: &Device) -> Inputs {
    encoders(modalities).map(|_, (size, _)| noise([clips, 3, size], device))
}

fn clips(modalities: &[Modality], count: usize, classes: usize, device: &Device) -> Clips {
    let labels = noise([count, classes], device).greater_elem(0.0).float();
    let inputs = inputs(modalities, count, device);
    Clips { inputs, labels, positive: Tensor::ones([classes], device) }
}

/// Every way to choose from text, audio and vision.
fn subsets() -> Vec<Vec<Modality>> {
    let chosen = |bits: usize| TAV.into_iter().filter(move |m| bits >> *m as usize & 1 == 1);
    (1..8).map(|bits| chosen(bits).collect()).collect()
}

#[test]
fn mtee_m1_an_unseen_class_needs_its_row_alone_and_seen_logits_stay_bit_for_bit() {
    let device = Device::flex();
    for (batch, classes) in [(1, 1), (5, 6), (3, 8)] {
        let mut model = Mtee::new(&encoders(&TAV), &words(classes, SIZE), &device);
        let inputs = inputs(&TAV, batch, &device);
        let seen = model.logits(&inputs);
        let weights = model.num_params();
        model.words = model.words.with_row(&words(1, SIZE)[0]).unwrap();
        assert_eq!(model.words.classes(), classes + 1);
        assert_eq!(model.num_params(), weights + SIZE);
        let more = model.logits(&inputs);
        assert_eq!(values(more.clone().narrow(1, 0, classes)), values(seen.clone()));
        // Rows in another order are logits in that order; without a row, they are without it.
        let order: Vec<usize> = (0..=classes).rev().collect();
        model.words = model.words.select(&order);
        assert_eq!(values(model.logits(&inputs)), values(more.flip([1])));
        model.words = model.words.select(&order[..classes]);
        assert_eq!(values(model.logits(&inputs)), values(seen));
    }
}

#[test]
fn mtee_m1_bits_stay_at_sizes_where_matrix_products_change_their_order() {
    let device = Device::flex();
    for (size, batch, classes) in
        [(300, 1, 1), (300, 64, 15), (768, 64, 4), (1024, 8, 32), (1024, 13, 19), (1024, 2, 1)]
    {
        let widths = PerModality::from_iter([(Modality::Text, size), (Modality::Audio, 200)]);
        let config = WordsConfig { size, ..WordsConfig::default() };
        let seen =
            config.empty(&widths, classes, &device).with_rows(&words(classes, size)).unwrap();
        let more = seen.clone().with_row(&words(1, size)[0]).unwrap();
        for (modality, width) in widths.iter() {
            let view = noise([batch, *width], &device);
            let before = values(seen.forward(modality, view.clone()).unwrap());
            let after = more.forward(modality, view).unwrap().narrow(1, 0, classes);
            assert_eq!(values(after), before, "{modality}: {size} {batch} {classes}");
        }
    }
}

#[test]
fn mtee_m2_the_table_has_no_gradient_and_is_the_same_after_training() {
    let device = Device::flex().autodiff();
    let mut model = Mtee::new(&encoders(&TAV), &words(4, SIZE), &device);
    let clips = clips(&TAV, 8, 4, &device);
    let (before, maps) =
        (weight(&model, "textEmoEmbs.weight"), weight(&model, "affineAudio.weight"));
    let mut training = Training::new(0.1, 1.0);
    for _ in 0..5 {
        let (_, gradient) = clips.gradient(&model);
        assert!(!gradient.contains_key("words.table"));
        (model, _) = training.step(model, gradient);
    }
    assert_eq!(weight(&model, "textEmoEmbs.weight"), before);
    assert_ne!(weight(&model, "affineAudio.weight"), maps);
}

#[test]
fn mtee_m3_every_subset_of_modalities_learns_and_one_alone_is_its_similarity() {
    let device = Device::flex().autodiff();
    assert_eq!(subsets().len(), 7);
    for modalities in subsets() {
        let mut model = Mtee::new(&encoders(&modalities), &words(3, SIZE), &device);
        let clips = clips(&modalities, 6, 3, &device);
        let mut training = Training::new(0.02, 10.0);
        let mut losses = Vec::new();
        for _ in 0..15 {
            let (loss, gradient) = clips.gradient(&model);
            // A modality that is alone is not weighed.
            assert_eq!(gradient.contains_key("fusion.weights"), modalities.len() > 1);
            losses.push(loss);
            (model, _) = training.step(model, gradient);
        }
        assert!(losses[14] < 0.9 * losses[0], "{modalities:?}: {losses:?}");
        if let [alone] = modalities[..] {
            let scores = model.scores(&clips.inputs);
            let logits = model.logits(&clips.inputs);
            assert_eq!(values(logits), values(scores.get(alone).unwrap().clone()));
        }
    }
}

#[test]
fn mtee_m4_scores_of_text_hang_on_text_alone() {
    let device = Device::flex();
    let mut model = Mtee::new(&encoders(&TAV), &words(3, SIZE), &device);
    let mut inputs = inputs(&TAV, 4, &device);
    let text = |model: &Mtee, inputs: &Inputs| {
        values(model.scores(inputs).get(Modality::Text).unwrap().clone())
    };
    let before = text(&model, &inputs);
    for modality in [Modality::Audio, Modality::Vision] {
        let other = inputs.get(modality).unwrap().random_like(Distribution::Default);
        inputs.insert(modality, other);
    }
    model.words.audio = Some(LinearConfig::new(SIZE, 7).init(&device));
    model.words.vision = None;
    inputs.remove(Modality::Vision);
    assert_eq!(text(&model, &inputs), before);
}

#[test]
fn mtee_m5_each_modality_moves_its_own_weights() {
    let device = Device::flex().autodiff();
    let model = Mtee::new(&encoders(&TAV), &words(3, SIZE), &device);
    let clips = clips(&TAV, 4, 3, &device);
    for (modality, own) in [
        (Modality::Text, &["text."][..]),
        (Modality::Audio, &["audio.", "words.audio."]),
        (Modality::Vision, &["vision.", "words.vision."]),
    ] {
        let score = model.scores(&clips.inputs).get(modality).unwrap().clone();
        let loss = binary_cross_entropy(score, clips.labels.clone());
        let gradient = flatten(&model, &loss.backward());
        assert!(own.iter().all(|part| gradient.keys().any(|path| path.starts_with(part))));
        let foreign = gradient.iter().filter(|(path, _)| !own.iter().any(|o| path.starts_with(o)));
        for (path, values) in foreign {
            assert!(values.iter().all(|v| *v == 0.0), "{modality} moves {path}");
        }
    }
}

/// Clips that each express one of `rows`, a fixed linear map of the row with noise at each step.
fn expressing(rows: &Tensor<2>, map: &Tensor<2>, repeats: usize) -> Tensor<3> {
    let x = rows.clone().matmul(map.clone()).unsqueeze_dim::<3>(1).repeat(&[repeats, 3, 1]);
    let apart = noise(x.dims(), &x.device()) * 0.3;
    x + apart
}

/// Area under the receiver operating characteristic: the share of pairs in the right order.
fn auc(positives: &[f32], negatives: &[f32]) -> f64 {
    let pairs = positives.iter().flat_map(|p| negatives.iter().map(move |n| p > n));
    pairs.filter(|won| *won).count() as f64 / (positives.len() * negatives.len()) as f64
}

#[test]
fn mtee_m6_a_held_out_class_is_found_by_its_word_and_not_by_a_random_one() {
    let device = Device::flex().autodiff();
    seed(6);
    let (seen, repeats) = (5, 16);
    let rows = words(seen, SIZE);
    let all: PerModality<(usize, RecurrentConfig)> =
        std::iter::once((Modality::Audio, (8, config(10)))).collect();
    let mut model = drawn(Mtee::new(&all, &rows, &device));
    let table: Tensor<2> = model.words.table.val();
    let map = noise([SIZE, 8], &device) * 0.3;
    let batch = |rows: &Tensor<2>| {
        let x = expressing(rows, &map, repeats);
        std::iter::once((Modality::Audio, x)).collect::<Inputs>()
    };
    let labels = Tensor::eye(seen, &device).repeat(&[repeats, 1]);
    let positive = Tensor::full([seen], seen as f32 - 1.0, &device);
    let clips = Clips { inputs: batch(&table), labels, positive };
    let mut training = Training::new(0.02, 1.0);
    for _ in 0..60 {
        let (_, gradient) = clips.gradient(&model);
        (model, _) = training.step(model, gradient);
    }
    // The unseen class lies between the first two; the clips it must be told from are the others.
    let between = table.clone().narrow(0, 0, 2).mean_dim(0) * 2f32.sqrt();
    let score = |row: &[f32]| {
        let mut more = model.clone();
        more.words = more.words.with_row(row).unwrap().select(&[seen]);
        let positives = values(more.logits(&batch(&between)));
        let negatives = values(more.logits(&batch(&table.clone().narrow(0, 2, seen - 2))));
        auc(&positives, &negatives)
    };
    let found = score(&values(between.clone()));
    let random = words(60, SIZE).iter().map(|row| score(row)).sum::<f64>() / 60.0;
    assert!(found > 0.85, "{found}");
    assert!((random - 0.5).abs() < 0.12, "{random}");
}

/// Spearman's rank correlation of numbers without ties.
fn spearman(a: &[f32], b: &[f32]) -> f64 {
    let ranks = |x: &[f32]| {
        let rank = |v: &f32| x.iter().filter(|w| *w < v).count() as f64;
        x.iter().map(rank).collect::<Vec<_>>()
    };
    let n = a.len() as f64;
    let gaps: f64 = ranks(a).iter().zip(ranks(b)).map(|(a, b)| (a - b).powi(2)).sum();
    1.0 - 6.0 * gaps / (n * (n * n - 1.0))
}

#[test]
fn mtee_m7_a_synonym_ranks_clips_as_its_class_does() {
    let device = Device::flex();
    seed(7);
    let rows = words(2, SIZE);
    // The part of another vector that is orthogonal to the class, as long as it.
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    let share = dot(&rows[1], &rows[0]) / dot(&rows[0], &rows[0]);
    let aside: Vec<f32> = rows[1].iter().zip(&rows[0]).map(|(o, c)| o - share * c).collect();
    let length = (dot(&rows[0], &rows[0]) / dot(&aside, &aside)).sqrt();
    let inputs = inputs(&TAV, 60, &device);
    let model = drawn(Mtee::new(&encoders(&TAV), &rows[..1], &device));
    let ranked = |cosine: f32| {
        let sine = (1.0 - cosine * cosine).sqrt() * length;
        let synonym: Vec<f32> =
            rows[0].iter().zip(&aside).map(|(c, a)| 3.0 * (cosine * c + sine * a)).collect();
        let mut both = model.clone();
        both.words = both.words.with_row(&synonym).unwrap();
        let logits = both.scores(&inputs).get(Modality::Text).unwrap().clone();
        spearman(&values(logits.clone().narrow(1, 0, 1)), &values(logits.narrow(1, 1, 1)))
    };
    let rho = [0.0, 0.7, 0.95, 0.999, 1.0].map(ranked);
    assert!(rho.is_sorted(), "{rho:?}");
    assert!(rho[0] < 0.6 && rho[3] > 0.98 && rho[4] > 0.9999, "{rho:?}");
}

#[test]
fn mtee_m10_a_batch_of_one_is_a_row_of_a_larger_batch() {
    let device = Device::flex();
    for modalities in subsets() {
        let model = Mtee::new(&encoders(&modalities), &words(3, SIZE), &device);
        let inputs = inputs(&modalities, 5, &device);
        let all = model.logits(&inputs);
        for row in 0..5 {
            let one = model.logits(&inputs.clone().map(|_, x| x.narrow(0, row, 1)));
            assert_eq!(one.dims(), [1, 3]);
            let gap = (one - all.clone().narrow(0, row, 1)).abs().max().into_scalar::<f32>();
            assert!(gap < 1e-6, "{modalities:?}: {gap}");
        }
    }
    // One class is no special case either.
    let model = Mtee::new(&encoders(&TAV), &words(1, SIZE), &device);
    assert_eq!(model.logits(&inputs(&TAV, 1, &device)).dims(), [1, 1]);
}

#[test]
fn mtee_m11_longer_rows_scale_one_similarity_and_no_cosine() {
    let device = Device::flex();
    let mut model = Mtee::new(&encoders(&TAV), &words(3, SIZE), &device);
    let inputs = inputs(&TAV, 4, &device);
    let before = model.scores(&inputs);
    model.words.audio = model.words.audio.map(|map| {
        let twice = |x: Param<Tensor<1>>| x.map(|x| x * 2.0);
        Linear { weight: map.weight.map(|w| w * 2.0), bias: map.bias.map(twice) }
    });
    for (modality, factor) in
        [(Modality::Text, 1.0), (Modality::Audio, 2.0), (Modality::Vision, 1.0)]
    {
        let expected = before.get(modality).unwrap().clone() * factor;
        assert_eq!(values(model.scores(&inputs).get(modality).unwrap().clone()), values(expected));
    }
    let cosine = |model: &Mtee| {
        let words = Words { metric: Metric::Cosine, ..model.words.clone() };
        let view = model.view(Modality::Audio, inputs.get(Modality::Audio).unwrap());
        words.forward(Modality::Audio, view).unwrap()
    };
    let now = cosine(&model);
    assert!(now.clone().abs().max().into_scalar::<f32>() <= 1.0 + 1e-6);
    model.words.audio = model.words.audio.map(|map| {
        let half = |x: Param<Tensor<1>>| x.map(|x| x * 0.5);
        Linear { weight: map.weight.map(|w| w * 0.5), bias: map.bias.map(half) }
    });
    assert!((now - cosine(&model)).abs().max().into_scalar::<f32>() < 1e-6);
}

#[test]
fn published_sizes_have_the_published_parameters() {
    let config = |hidden| RecurrentConfig { layers: 2, ..config(hidden) };
    let published = [
        (Modality::Text, (300, config(300))),
        (Modality::Audio, (74, config(200))),
        (Modality::Vision, (35, config(100))),
    ];
    let model = Mtee::new(&published.into_iter().collect(), &words(6, 300), &Device::flex());
    assert_eq!(model.num_params(), 5_457_703);
    assert_eq!(model.words.num_params(), 60_200 + 30_100 + 1_800);
    assert_eq!(model.fusion.num_params(), 3);
}

#[test]
fn sizes_that_do_not_fit_are_named() {
    let device = Device::flex();
    let config = WordsConfig { size: 4, ..WordsConfig::default() };
    let empty = config.empty(&PerModality::none(), 2, &device);
    let error = empty.clone().with_rows(&words(2, 5)).unwrap_err().to_string();
    assert!(error.contains("model.head.words.size"), "{error}");
    let words = empty.with_rows(&words(2, 4)).unwrap();
    assert!(words.clone().with_row(&[0.0]).is_err());
    assert!(words.forward(Modality::Audio, Tensor::zeros([1, 3], &device)).is_err());
    assert!(toml::from_str::<WordsConfig>("rows = 3").is_err());
    assert_eq!(toml::from_str::<WordsConfig>("metric = \"cosine\"").unwrap().size, 300);
}
