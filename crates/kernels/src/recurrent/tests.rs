//! Values and gradients against the definition in burn's own operations.

use burn::tensor::activation::{sigmoid, tanh};
use burn::tensor::{Device, Tolerance};

use super::*;

const WAYS: [(Rule, bool); 4] =
    [(Rule::Lstm, false), (Rule::Lstm, true), (Rule::Gru, false), (Rule::Gru, true)];

/// Numbers that look random and do not come from burn's generator, which tests that run at once
/// share.
fn numbers<const D: usize>(shape: [usize; D], salt: f32, device: &Device) -> Tensor<D> {
    let count = shape.iter().product::<usize>();
    let place = |i: usize| ((i * i) as f32 * 0.37 + i as f32 * 1.3 + salt).sin();
    let values: Vec<f32> = (0..count).map(place).collect();
    Tensor::from_data(TensorData::new(values, shape), device)
}

fn weights(rule: Rule, d: usize, h: usize, salt: f32, device: &Device) -> RecurrentWeights {
    RecurrentWeights {
        input: numbers([d, rule.gates() * h], salt, device).require_grad(),
        hidden: numbers([h, rule.gates() * h], salt + 0.5, device).require_grad(),
        input_bias: numbers([rule.gates() * h], salt + 0.9, device).require_grad(),
        hidden_bias: numbers([rule.gates() * h], salt + 1.3, device).require_grad(),
    }
}

/// The definition, step by step.
fn plain(
    rule: Rule,
    x: &Tensor<3>,
    real: &Tensor<2>,
    weights: &RecurrentWeights,
    reverse: bool,
) -> Tensor<3> {
    let [steps, batch, _] = x.dims();
    let h = weights.hidden.dims()[0];
    let mut state = Tensor::<2>::zeros([batch, h], &x.device());
    let mut memory = state.clone();
    let mut all = Vec::new();
    for n in 0..steps {
        let step = if reverse { steps - 1 - n } else { n };
        let input: Tensor<2> = x.clone().narrow(0, step, 1).squeeze_dim(0);
        let input = input.matmul(weights.input.clone()) + weights.input_bias.clone().unsqueeze();
        let hidden = state.clone().matmul(weights.hidden.clone());
        let hidden = hidden + weights.hidden_bias.clone().unsqueeze();
        let gate = |x: &Tensor<2>, index: usize| x.clone().narrow(1, index * h, h);
        let both = |index| gate(&input, index) + gate(&hidden, index);
        let (said, kept) = match rule {
            Rule::Lstm => {
                let kept = sigmoid(both(1)) * memory.clone() + sigmoid(both(0)) * tanh(both(2));
                (sigmoid(both(3)) * tanh(kept.clone()), kept)
            }
            Rule::Gru => {
                let candidate = tanh(gate(&input, 2) + sigmoid(both(0)) * gate(&hidden, 2));
                let update = sigmoid(both(1));
                (candidate.clone() + update * (state.clone() - candidate), memory.clone())
            }
        };
        let real = real.clone().narrow(0, step, 1).transpose();
        state = state.clone() + (said - state) * real.clone();
        memory = memory.clone() + (kept - memory) * real;
        all.push(state.clone());
    }
    if reverse {
        all.reverse();
    }
    Tensor::stack(all, 0)
}

fn same() -> Tolerance<f32> {
    Tolerance::rel_abs(1e-3, 2e-5)
}

/// The layer beside its definition: what they say, and every gradient.
fn compare(rule: Rule, [t, b, d, h]: [usize; 4], real: Option<&[f32]>, both: bool) {
    let device = Device::flex().autodiff();
    let x = numbers([t, b, d], 0.1, &device).require_grad();
    let real = real.map(|real| Tensor::from_data(TensorData::new(real.to_vec(), [t, b]), &device));
    let (ahead, behind) = (weights(rule, d, h, 0.2, &device), weights(rule, d, h, 0.7, &device));
    let happened = real.clone().unwrap_or_else(|| Tensor::ones([t, b], &device));
    let mut expected = plain(rule, &x, &happened, &ahead, false);
    if both {
        expected = Tensor::cat(vec![expected, plain(rule, &x, &happened, &behind, true)], 2);
    }
    let found = recurrent(rule, x.clone(), real, ahead.clone(), both.then(|| behind.clone()));
    found.to_data().assert_approx_eq(&expected.to_data(), same());
    let weigh = numbers(expected.dims(), 0.4, &device);
    let wanted = (expected * weigh.clone()).sum().backward();
    let slopes = (found * weigh).sum().backward();
    let gradient = |a: Option<Tensor<3>>, b: Option<Tensor<3>>| {
        b.unwrap().to_data().assert_approx_eq(&a.unwrap().to_data(), same());
    };
    gradient(x.grad(&wanted), x.grad(&slopes));
    for weights in std::iter::once(&ahead).chain(both.then_some(&behind)) {
        let cube = |x: Option<Tensor<2>>| x.map(Tensor::unsqueeze::<3>);
        let line = |x: Option<Tensor<1>>| x.map(Tensor::unsqueeze::<3>);
        gradient(cube(weights.input.grad(&wanted)), cube(weights.input.grad(&slopes)));
        gradient(cube(weights.hidden.grad(&wanted)), cube(weights.hidden.grad(&slopes)));
        for bias in [&weights.input_bias, &weights.hidden_bias] {
            gradient(line(bias.grad(&wanted)), line(bias.grad(&slopes)));
        }
    }
}

#[test]
fn states_and_gradients_are_those_of_the_definition() {
    for (rule, both) in WAYS {
        for sizes in [[1, 1, 1, 1], [4, 3, 5, 2], [3, 2, 7, 19], [6, 1, 2, 8]] {
            compare(rule, sizes, None, both);
        }
    }
}

#[test]
fn steps_that_never_happened_change_nothing_on_either_way() {
    let real = [1.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0];
    for (rule, both) in WAYS {
        compare(rule, [4, 3, 2, 5], Some(&real), both);
        compare(rule, [4, 3, 2, 5], Some(&[0.0; 12]), both);
    }
}

#[test]
fn views_are_read_in_their_own_order() {
    let device = Device::flex().autodiff();
    let x = numbers([3, 4, 2], 0.3, &device);
    let (rule, w) = (Rule::Lstm, weights(Rule::Lstm, 2, 3, 0.1, &device));
    let copied = Tensor::<3>::from_data(x.clone().swap_dims(0, 1).to_data(), &device);
    let one = recurrent(rule, x.swap_dims(0, 1), None, w.clone(), None);
    assert_eq!(one.to_data(), recurrent(rule, copied, None, w, None).to_data());
}

#[test]
fn nothing_in_gives_nothing_out() {
    let device = Device::flex().autodiff();
    let (rule, w) = (Rule::Lstm, weights(Rule::Lstm, 2, 3, 0.1, &device));
    for (t, b) in [(0, 2), (2, 0)] {
        let x = Tensor::zeros([t, b, 2], &device);
        assert_eq!(recurrent(rule, x, None, w.clone(), Some(w.clone())).dims(), [t, b, 6]);
    }
}
