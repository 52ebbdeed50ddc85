use burn::tensor::{Device, Distribution, Tensor, Tolerance};

use super::exact::whole;
use super::{Graph, GraphConfig, face, origin};
use crate::golden::mpuc::{self, FORWARD};
use crate::golden::{learned, open, still};

const PREFIX: &str = "stgcn.";

#[test]
fn golden_mpuc_graph() {
    let Some(golden) = open("mpuc_graph") else { return };
    let device = Device::flex().autodiff();
    let graph = mpuc::landmarks(&golden).init(&device);
    mpuc::compare(&golden, "graph", PREFIX, graph, origin, 3e-6, |graph, view| {
        let x = golden.tensor::<4>(&format!("input.view{view}.landmarks"), &device);
        let mask = mpuc::all(&x);
        graph.forward(x, &mask)
    });
}

#[test]
fn golden_mpuc_graph_layers() {
    let Some(golden) = open("mpuc_graph") else { return };
    let device = Device::flex();
    let config = mpuc::landmarks(&golden);
    let graph = golden.fill(config.init(&device), PREFIX, origin);
    let x = golden.tensor::<4>("input.view1.landmarks", &device);
    let mut seen = 2;
    let mut close = |name: String, x: &Tensor<4>| {
        let name = format!("mid.graph.{name}_nodes0_10");
        if golden.has(&name) {
            let tenth = x.clone().slice_dim(1, burn::tensor::s![..;10]);
            golden.close(&name, tenth, FORWARD);
            seen += 1;
        }
    };
    let (mut x, mut real) = graph.enter(x.clone(), &mpuc::all(&x));
    let mixing = graph.mixing(&x);
    golden.close("const.A_hat", mixing.clone().squeeze_dim::<2>(0), FORWARD);
    for (index, block) in graph.blocks.iter().enumerate() {
        close(format!("block{}_temporal1", index + 1), &block.rise.exact(&x));
        (x, real) = block.exact(&x, &mixing, &real);
        close(format!("block{}", index + 1), &x);
    }
    let x = graph.last.exact(&x) * whole(&real);
    close("last_temporal".to_owned(), &x);
    golden.close("mid.graph.fully", graph.shares(x.clone()), FORWARD);
    golden.close("mid.graph.feat", graph.leave(x), FORWARD);
    assert_eq!(seen, golden.names("mid.").len());
}

#[test]
fn golden_mpuc_face_edges_are_the_authors() {
    let Some(golden) = open("mpuc_graph") else { return };
    assert_eq!(mpuc::landmarks(&golden).edges, face::EDGES);
    assert_eq!(golden.shape("const.adj"), [face::NODES, face::NODES]);
}

#[test]
fn mpuc_t11_the_landmark_encoder_has_the_published_size() {
    for (steps, weights) in [(30, 14_122_252), (90, 16_088_332)] {
        let graph = GraphConfig { steps, ..Default::default() }.init(&Device::flex());
        assert_eq!(learned(&graph).iter().map(|(_, size)| size).sum::<usize>(), weights);
    }
}

fn small(device: &Device) -> (Graph, Tensor<4>) {
    let config = GraphConfig {
        nodes: 4,
        edges: vec![[0, 1], [1, 2], [2, 3]],
        steps: 13,
        channels: 5,
        spatial: 3,
        dropout: 0.0,
        out: 6,
        ..Default::default()
    };
    (config.init(device), Tensor::random([3, 13, 4, 2], Distribution::Default, device))
}

#[track_caller]
fn same(got: Tensor<2>, expected: Tensor<2>) {
    let tolerance = Tolerance::<f32>::rel_abs(1e-5, 1e-5);
    got.into_data().assert_approx_eq(&expected.into_data(), tolerance);
}

#[test]
fn padding_changes_no_landmark_feature_and_no_statistic() {
    let device = Device::flex().autodiff();
    let (graph, x) = small(&device);
    let real = mpuc::all(&x).slice_assign([0..2, 12..13], Tensor::zeros([2, 1], &device));
    let junk = Tensor::random([2, 1, 4, 2], Distribution::Normal(3.0, 9.0), &device);
    let other = x.clone().slice_assign([0..2, 12..13], junk);
    let last = mpuc::all(&x).slice_assign([0..3, 12..13], Tensor::zeros([3, 1], &device));
    let (entered, steps) = graph.enter(x.clone(), &last);
    let (mixing, block) = (graph.mixing(&entered), &graph.blocks[0]);
    let (padded, _) = block.exact(&entered, &mixing, &steps);
    let [entered, steps] = [entered, steps].map(|x| x.narrow(2, 0, 12));
    let (expected, _) = block.exact(&entered, &mixing, &steps);
    same(padded.narrow(2, 0, 8).flatten(1, 3), expected.flatten(1, 3));
    // Training and use; in use the statistics that training left count.
    same(graph.forward(other.clone(), &real), graph.forward(x.clone(), &real));
    let graph = still(graph);
    same(graph.forward(other, &real), graph.forward(x.clone(), &real));
    let short = x.clone().narrow(0, 0, 2).narrow(1, 0, 12);
    let expected = graph.forward(x, &real).narrow(0, 0, 2);
    same(graph.forward(short.clone(), &mpuc::all(&short)), expected);
}

#[test]
fn single_precision_is_double_but_for_rounding() {
    let device = Device::flex().autodiff();
    let (graph, x) = small(&device);
    // Two clips end early; a third is shorter than the network reads.
    let mask = mpuc::all(&x).slice_assign([0..2, 12..13], Tensor::zeros([2, 1], &device));
    for (x, mask) in [
        (x.clone(), mpuc::all(&x)),
        (x.clone(), mask.clone()),
        (x.clone().narrow(1, 0, 12), mask.narrow(1, 0, 12)),
    ] {
        same(graph.fast(x.clone(), &mask), graph.exact(x.clone(), &mask));
        let slope = |out: Tensor<2>| {
            let slopes = (out.clone() * out).sum().backward();
            let theta = graph.blocks[0].theta.val().grad(&slopes).unwrap();
            let gate = graph.blocks[1].rise.gate.weight.val().grad(&slopes).unwrap();
            Tensor::cat(vec![theta.flatten::<1>(0, 1), gate.flatten::<1>(0, 3)], 0).unsqueeze()
        };
        let [fast, exact] =
            [graph.fast(x.clone(), &mask), graph.exact(x.clone(), &mask)].map(slope);
        let tolerance = Tolerance::<f32>::rel_abs(1e-3, 1e-4);
        let fast: Tensor<2> = fast;
        fast.into_data().assert_approx_eq(&exact.into_data(), tolerance);
    }
    let still = still(graph.clone());
    let all = mpuc::all(&x);
    same(still.fast(x.clone(), &all), still.exact(x, &all));
}

#[test]
fn mpuc_t9_a_landmark_feature_is_the_clips_own() {
    let (graph, x) = small(&Device::flex());
    let together = graph.forward(x.clone(), &mpuc::all(&x));
    let last = x.narrow(0, 2, 1);
    same(graph.forward(last.clone(), &mpuc::all(&last)), together.narrow(0, 2, 1));
}

#[test]
fn mpuc_t10_a_face_may_stand_anywhere_and_be_of_any_size() {
    let device = Device::flex();
    let points = Tensor::<4>::random([2, 5, face::LANDMARKS, 2], Distribution::Default, &device);
    let mask = Tensor::from_data([[1.0, 1.0, 1.0, 1.0, 0.0], [1.0; 5]], &device);
    let placed = face::place(points.clone(), &mask);
    assert_eq!(placed.dims(), [2, 5, face::NODES, 2]);
    let scale = Tensor::<1>::from_data([30.0, 0.5], &device).unsqueeze::<4>();
    let shift = Tensor::<1>::from_data([-200.0, 70.0], &device).unsqueeze::<4>();
    let moved = face::place(points.clone() * scale + shift, &mask);
    let real = mask.clone().unsqueeze_dims::<4>(&[2, 3]);
    let tolerance = Tolerance::<f32>::rel_abs(1e-3, 1e-4);
    let expected = (placed.clone() * real.clone()).into_data();
    (moved * real).into_data().assert_approx_eq(&expected, tolerance);
    // Over all landmarks and steps of a clip, each axis goes from 0 to 1; a lone point does not.
    let whole = points.clone().narrow(0, 1, 1);
    let low = whole.clone().narrow(3, 0, 1).min().into_scalar::<f32>();
    let high = whole.clone().narrow(3, 0, 1).max().into_scalar::<f32>();
    let first = whole.slice([0..1, 0..1, 17..18, 0..1]).into_scalar::<f32>();
    let got = placed.slice([1..2, 0..1, 0..1, 0..1]).into_scalar::<f32>();
    assert!((got - (first - low) / (high - low)).abs() < 1e-6);
    let lone = Tensor::ones([1, 5, face::LANDMARKS, 2], &device) * 7.0;
    assert_eq!(face::place(lone, &Tensor::ones([1, 5], &device)).max().into_scalar::<f32>(), 0.0);
}
