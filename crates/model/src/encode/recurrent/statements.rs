//! What must hold of recurrent layers whatever their weights.

use burn::module::Module;
use burn::tensor::{Device, Distribution, Tensor};

use super::*;

const CELLS: [Cell; 2] = [Cell::Lstm, Cell::Gru];
const READS: [Readout; 2] = [Readout::LastStep, Readout::FinalStates];

fn config(cell: Cell, read: Readout) -> RecurrentConfig {
    let (hidden, layers, bidirectional) = (5, 2, true);
    RecurrentConfig {
        cell,
        hidden,
        layers,
        bidirectional,
        dropout: 0.0,
        read,
        padding: Padding::Skip,
    }
}

fn noise(shape: [usize; 3]) -> Tensor<3> {
    Tensor::random(shape, Distribution::Normal(0.0, 1.0), &Device::flex())
}

fn values<const D: usize>(x: Tensor<D>) -> Vec<f32> {
    x.into_data().iter::<f32>().collect()
}

#[track_caller]
fn near(a: Tensor<2>, b: Tensor<2>) {
    for (a, b) in values(a).into_iter().zip(values(b)) {
        assert!((a - b).abs() < 1e-6, "{a} {b}");
    }
}

#[test]
fn padding_changes_nothing_wherever_it_lies_and_whatever_is_in_it() {
    let device = Device::flex();
    for (cell, read) in CELLS.into_iter().flat_map(|c| READS.map(|r| (c, r))) {
        let layers = config(cell, read).init(3, &device);
        let x = noise([2, 4, 3]);
        let alone = layers.forward(x.clone(), &Tensor::ones([2, 4], &device));
        let junk = Tensor::full([2, 2, 3], f32::NAN, &device);
        let mask = |row: [f32; 6]| Tensor::<2>::from_data([row, row], &device);
        let behind = Tensor::cat(vec![x.clone(), junk.clone()], 1);
        near(layers.forward(behind, &mask([1.0, 1.0, 1.0, 1.0, 0.0, 0.0])), alone.clone());
        let before = Tensor::cat(vec![junk, x], 1);
        near(layers.forward(before, &mask([0.0, 0.0, 1.0, 1.0, 1.0, 1.0])), alone);
    }
}

#[test]
fn padding_sends_back_no_gradient() {
    let device = Device::flex().autodiff();
    let layers = config(Cell::Lstm, Readout::FinalStates).init(3, &device);
    let x = Tensor::<3>::random([1, 3, 3], Distribution::Default, &device).require_grad();
    let mask = Tensor::<2>::from_data([[0.0, 1.0, 0.0]], &device);
    let gradients = layers.forward(x.clone(), &mask).sum().backward();
    let gradient = values(x.grad(&gradients).unwrap());
    assert!(gradient[..3].iter().chain(&gradient[6..]).all(|g| *g == 0.0));
    assert!(gradient[3..6].iter().all(|g| *g != 0.0));
}

#[test]
fn padding_that_is_read_is_a_step_of_zeros() {
    let device = Device::flex();
    let mut config = config(Cell::Gru, Readout::LastStep);
    config.padding = Padding::Read;
    let layers = config.init(3, &device);
    let x = noise([1, 4, 3]);
    let zeroed = Tensor::cat(vec![x.clone().narrow(1, 0, 3), Tensor::zeros([1, 1, 3], &device)], 1);
    let mask = Tensor::<2>::from_data([[1.0, 1.0, 1.0, 0.0]], &device);
    let read = layers.forward(x, &mask);
    near(read.clone(), layers.forward(zeroed.clone(), &mask.ones_like()));
    let skipped = Recurrent { padding: Padding::Skip, ..layers }.forward(zeroed, &mask);
    assert!((read - skipped).abs().max().into_scalar::<f32>() > 1e-3);
}

#[test]
fn at_the_last_step_backward_has_seen_one_step_and_at_the_end_all() {
    let device = Device::flex();
    let mask = Tensor::ones([1, 4], &device);
    let x = noise([1, 4, 3]);
    for (read, moves) in [(Readout::LastStep, false), (Readout::FinalStates, true)] {
        let mut config = config(Cell::Lstm, read);
        config.layers = 1;
        let layers = config.init(3, &device);
        let backward = |x: Tensor<3>| {
            let width = layers.layers[0].forward.hidden.weight.dims()[0];
            layers.forward(x.clone(), &mask)
                - layers.steps(x, &mask).narrow(2, 0, width).narrow(1, 3, 1).squeeze_dim(1)
        };
        let other = Tensor::cat(vec![noise([1, 1, 3]), x.clone().narrow(1, 1, 3)], 1);
        let gap = (backward(x.clone()) - backward(other)).abs().max().into_scalar::<f32>();
        assert_eq!(gap > 1e-4, moves, "{read:?}: {gap}");
    }
}

#[test]
fn a_clip_without_steps_gives_zeros() {
    let device = Device::flex();
    for read in READS {
        let layers = config(Cell::Gru, read).init(3, &device);
        let y = layers.forward(noise([2, 3, 3]), &Tensor::zeros([2, 3], &device));
        assert!(values(y).into_iter().all(|v| v == 0.0));
    }
}

#[test]
fn published_sizes_have_the_published_parameters() {
    let device = Device::flex();
    for (size, hidden, count) in [(300, 300, 3_609_600), (74, 200, 1_404_800), (35, 100, 351_200)] {
        let config = RecurrentConfig { hidden, ..config(Cell::Lstm, Readout::LastStep) };
        assert_eq!(config.init(size, &device).num_params(), count);
    }
}

#[test]
fn weights_begin_within_one_over_the_root_of_the_state() {
    let layers = config(Cell::Lstm, Readout::LastStep).init(3, &Device::flex());
    let direction = &layers.layers[1].forward;
    let bound = 1.0 / 5f32.sqrt();
    for weights in [values(direction.hidden.weight.val()), values(direction.input.weight.val())] {
        let largest = weights.iter().fold(0.0f32, |m, v| m.max(v.abs()));
        assert!(largest <= bound && largest > 0.8 * bound, "{largest} {bound}");
    }
}

#[test]
fn dropout_acts_between_layers_and_only_in_training() {
    let mut config = config(Cell::Lstm, Readout::LastStep);
    config.dropout = 0.5;
    let device = Device::flex().autodiff();
    let (x, mask) = (Tensor::ones([1, 3, 3], &device), Tensor::ones([1, 3], &device));
    let differs = |layers: &Recurrent, x: &Tensor<3>, mask: &Tensor<2>| {
        values(layers.forward(x.clone(), mask)) != values(layers.forward(x.clone(), mask))
    };
    let deep = config.init(3, &device);
    assert!(differs(&deep, &x, &mask));
    let plain = Device::flex();
    assert!(!differs(
        &deep.valid(),
        &Tensor::ones([1, 3, 3], &plain),
        &Tensor::ones([1, 3], &plain)
    ));
    config.layers = 1;
    assert!(!differs(&config.init(3, &device), &x, &mask));
}

#[test]
fn a_config_survives_toml_and_refuses_unknown_keys() {
    let short: RecurrentConfig = toml::from_str("cell = \"gru\"").unwrap();
    assert_eq!((short.layers, short.read, short.padding), (1, Readout::LastStep, Padding::Skip));
    let whole = toml::to_string(&config(Cell::Gru, Readout::FinalStates)).unwrap();
    assert!(whole.contains("\"final-states\""));
    assert!(toml::from_str::<RecurrentConfig>(&format!("{whole}\nwidth = 3")).is_err());
}
