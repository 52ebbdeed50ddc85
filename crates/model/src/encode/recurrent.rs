//! Recurrent layers: LSTM (Hochreiter and Schmidhuber 1997) and GRU (Cho et al. 2014), in one or
//! both directions, any number of layers deep, with `PyTorch`'s gates and its two biases.

#[cfg(test)]
mod statements;

use burn::module::Module;
use burn::nn::{Dropout, DropoutConfig, Initializer, Linear, LinearConfig};
use burn::tensor::{Device, Tensor};
use limbic_kernels::{RecurrentWeights, Rule, recurrent};
use serde::{Deserialize, Serialize};

use crate::Origin;
use crate::dropout::dropped;

/// The rule of one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cell {
    /// Gates in the order input, forget, candidate, output.
    #[default]
    Lstm,
    /// Gates in the order reset, update, candidate; the reset gate scales the candidate's hidden
    /// bias too.
    Gru,
}

/// How the steps of the top layer become one vector. The two directions are added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Readout {
    /// Both directions at the last step, where the backward one has seen that step alone
    /// (Dai et al. 2020).
    #[default]
    LastStep,
    /// Each direction after it has seen every step.
    FinalStates,
}

/// What becomes of padded steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Padding {
    /// They never happened: the last step is the last real one, and backward begins there.
    #[default]
    Skip,
    /// They are steps of zeros, as in Dai et al. 2020.
    Read,
}

/// The layers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecurrentConfig {
    /// The rule of one step.
    #[serde(default)]
    pub cell: Cell,
    /// Length of a direction's state, and of the vector that is read out: the width of the view.
    #[serde(skip)]
    pub hidden: usize,
    /// How many layers.
    #[serde(default = "one")]
    pub layers: usize,
    /// Whether each layer also runs from the end to the beginning.
    #[serde(default)]
    pub bidirectional: bool,
    /// Dropout between layers.
    #[serde(default)]
    pub dropout: f64,
    /// How steps become one vector.
    #[serde(default)]
    pub read: Readout,
    /// What becomes of padded steps.
    #[serde(default)]
    pub padding: Padding,
}

const fn one() -> usize {
    1
}

/// A stack of recurrent layers.
#[derive(Module, Debug)]
pub(crate) struct Recurrent {
    layers: Vec<Layer>,
    dropout: Dropout,
    #[module(skip)]
    read: Readout,
    #[module(skip)]
    padding: Padding,
}

#[derive(Module, Debug)]
struct Layer {
    forward: Direction,
    backward: Option<Direction>,
}

/// One layer in one direction; both products hold the gates side by side.
#[derive(Module, Debug)]
struct Direction {
    input: Linear,
    hidden: Linear,
    #[module(skip)]
    cell: Cell,
}

impl RecurrentConfig {
    /// Builds the layers for steps of `size` features; every weight is drawn from
    /// `U(-1/sqrt(hidden), 1/sqrt(hidden))`.
    pub(crate) fn init(&self, size: usize, device: &Device) -> Recurrent {
        let bound = 1.0 / (self.hidden as f64).sqrt();
        let initializer = Initializer::Uniform { min: -bound, max: bound };
        let gates = self.cell.gates() * self.hidden;
        let linear = |size: usize| {
            LinearConfig::new(size, gates).with_initializer(initializer.clone()).init(device)
        };
        let direction = |size: usize| Direction {
            input: linear(size),
            hidden: linear(self.hidden),
            cell: self.cell,
        };
        let wide = if self.bidirectional { 2 * self.hidden } else { self.hidden };
        let layers = (0..self.layers).map(|layer| {
            let size = if layer == 0 { size } else { wide };
            Layer {
                forward: direction(size),
                backward: self.bidirectional.then(|| direction(size)),
            }
        });
        Recurrent {
            layers: layers.collect(),
            dropout: DropoutConfig::new(self.dropout).init(),
            read: self.read,
            padding: self.padding,
        }
    }
}

impl Recurrent {
    /// # Shapes
    /// `x` `[b, t, size]`, `mask` `[b, t]` -> `[b, hidden]`; a clip without a real step gives
    /// zeros.
    pub(crate) fn forward(&self, x: Tensor<3>, mask: &Tensor<2>) -> Tensor<2> {
        self.read(self.steps(x, mask), mask)
    }

    /// The top layer's outputs, forward beside backward.
    ///
    /// # Shapes
    /// `x` `[b, t, size]`, `mask` `[b, t]` -> `[b, t, hidden]`, twice as wide in both directions;
    /// what stands at a skipped step means nothing.
    pub(crate) fn steps(&self, x: Tensor<3>, mask: &Tensor<2>) -> Tensor<3> {
        // Whatever lies in the padding is gone here, were it not even a number.
        let gone = mask.clone().equal_elem(0.0).unsqueeze_dim::<3>(2).expand(x.dims());
        let real = match self.padding {
            Padding::Skip => Some(mask.clone().swap_dims(0, 1)),
            Padding::Read => None,
        };
        let mut steps = x.mask_fill(gone, 0.0).swap_dims(0, 1);
        for (index, layer) in self.layers.iter().enumerate() {
            if index > 0 {
                steps = dropped(&self.dropout, steps);
            }
            let backward = layer.backward.as_ref().map(Direction::weights);
            let forward = layer.forward.weights();
            steps = recurrent(layer.forward.cell.rule(), steps, real.clone(), forward, backward);
        }
        steps.swap_dims(0, 1)
    }

    /// # Shapes
    /// `steps` `[b, t, hidden]`, twice as wide in both directions, `mask` `[b, t]` ->
    /// `[b, hidden]`.
    fn read(&self, steps: Tensor<3>, mask: &Tensor<2>) -> Tensor<2> {
        let mask = match self.padding {
            Padding::Skip => mask.clone(),
            Padding::Read => mask.ones_like(),
        };
        let seen = mask.clone().cumsum(1);
        let last = (mask.clone().sum_dim(1) - seen.clone()).lower_elem(0.5).float() * mask.clone();
        let ends = at(steps.clone(), last);
        if self.layers.iter().all(|layer| layer.backward.is_none()) {
            return ends;
        }
        let hidden = ends.dims()[1] / 2;
        let backward = match self.read {
            Readout::LastStep => ends.clone(),
            Readout::FinalStates => at(steps, seen.lower_elem(1.5).float() * mask),
        };
        ends.narrow(1, 0, hidden) + backward.narrow(1, hidden, hidden)
    }
}

/// The step that `mark` has a 1 at: `[b, t, d]`, `[b, t]` -> `[b, d]`.
fn at(steps: Tensor<3>, mark: Tensor<2>) -> Tensor<2> {
    (steps * mark.unsqueeze_dim::<3>(2)).sum_dim(1).squeeze_dim(1)
}

impl Direction {
    fn weights(&self) -> RecurrentWeights {
        let bias = |linear: &Linear| match &linear.bias {
            Some(bias) => bias.val(),
            None => Tensor::zeros([linear.weight.dims()[1]], &linear.weight.device()),
        };
        RecurrentWeights {
            input: self.input.weight.val(),
            hidden: self.hidden.weight.val(),
            input_bias: bias(&self.input),
            hidden_bias: bias(&self.hidden),
        }
    }
}

impl Cell {
    const fn gates(self) -> usize {
        match self {
            Self::Lstm => 4,
            Self::Gru => 3,
        }
    }

    const fn rule(self) -> Rule {
        match self {
            Self::Lstm => Rule::Lstm,
            Self::Gru => Rule::Gru,
        }
    }
}

/// Where a weight lies in a `PyTorch` `nn.LSTM` or `nn.GRU`.
pub(crate) fn origin(path: &str) -> Option<Origin> {
    let [_, layer, direction, product, kind] = path.split('.').collect::<Vec<_>>()[..] else {
        return None;
    };
    let suffix = match direction {
        "forward" => "",
        "backward" => "_reverse",
        _ => return None,
    };
    let product = match product {
        "input" => "ih",
        "hidden" => "hh",
        _ => return None,
    };
    let name = format!("{kind}_{product}_l{layer}{suffix}");
    Some(if kind == "weight" { Origin::transposed(name) } else { Origin::same(name) })
}
