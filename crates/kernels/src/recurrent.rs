//! Recurrent layers over whole sequences, in one direction or in both at once: LSTM (Hochreiter and
//! Schmidhuber 1997) and GRU (Cho et al. 2014) with `PyTorch`'s gates and its two biases. The products
//! with the inputs are one for all steps; only those with the state go step by step.

mod gru;
mod lstm;
mod run;

use std::sync::Arc;

use burn::backend::TensorMetadata;
use burn::backend::autodiff::{
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients,
    ops::{Backward, Ops, OpsKind},
};
use burn::backend::{
    Autodiff, Backend, Dispatch, Flex, backend_extension, flex::FlexTensor, tensor::FloatTensor,
};
use burn::tensor::{Tensor, TensorData};

use self::run::{Run, Slopes};
use crate::flat::{contiguous, hand_on, values};

/// The rule of one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Four gates: input, forget, candidate, output.
    Lstm,
    /// Three gates: reset, update, candidate; the reset gate scales the candidate's hidden bias too.
    Gru,
}

impl Rule {
    const fn gates(self) -> usize {
        match self {
            Self::Lstm => 4,
            Self::Gru => 3,
        }
    }
}

/// The weights of a direction, gates side by side.
#[derive(Debug, Clone)]
pub struct RecurrentWeights {
    /// Of the input, `[d, gates * h]`.
    pub input: Tensor<2>,
    /// Of the state, `[h, gates * h]`.
    pub hidden: Tensor<2>,
    /// Of the input, `[gates * h]`.
    pub input_bias: Tensor<1>,
    /// Of the state, `[gates * h]`.
    pub hidden_bias: Tensor<1>,
}

/// The states after every step, from the first step on; and with `backward`, beside them, those from
/// the last step on. A step where `real` is zero never happens for that clip: state and memory stay
/// as they are.
///
/// # Shapes
/// `x` `[t, b, d]`, `real` `[t, b]` -> `[t, b, h]`, or `[t, b, 2h]` in both directions.
///
/// # Panics
/// Where the shapes are others, as burn's own operations do.
pub fn recurrent(
    rule: Rule,
    x: Tensor<3>,
    real: Option<Tensor<2>>,
    forward: RecurrentWeights,
    backward: Option<RecurrentWeights>,
) -> Tensor<3> {
    let [steps, batch, size] = x.dims();
    let width = forward.hidden.dims()[0];
    let gates = rule.gates() * width;
    for weights in std::iter::once(&forward).chain(&backward) {
        assert_eq!(weights.hidden.dims(), [width, gates], "a state has rows of gates");
        assert_eq!(weights.input.dims(), [size, gates], "an input has rows of gates");
        let biases = [weights.input_bias.dims(), weights.hidden_bias.dims()];
        assert_eq!(biases, [[gates]; 2], "there are two biases a gate");
    }
    if steps == 0 || batch == 0 {
        let directions = if backward.is_some() { 2 } else { 1 };
        return Tensor::zeros([steps, batch, directions * width], &x.device());
    }
    let real = real.unwrap_or_else(|| Tensor::ones([steps, batch], &x.device()));
    assert_eq!(real.dims(), [steps, batch], "a step of a clip is real or not");
    let (x, real, gru) = (x.into_dispatch(), real.into_dispatch(), rule == Rule::Gru);
    let w = forward;
    let (i, h) = (w.input.into_dispatch(), w.hidden.into_dispatch());
    let (bi, bh) = (w.input_bias.into_dispatch(), w.hidden_bias.into_dispatch());
    let said = match backward {
        None => <Dispatch as Recurrent>::one_way(gru, x, real, i, h, bi, bh),
        Some(w) => {
            let (i2, h2) = (w.input.into_dispatch(), w.hidden.into_dispatch());
            let (bi2, bh2) = (w.input_bias.into_dispatch(), w.hidden_bias.into_dispatch());
            <Dispatch as Recurrent>::both_ways(gru, x, real, i, h, bi, bh, i2, h2, bi2, bh2)
        }
    };
    Tensor::from_dispatch(said)
}

/// The operations, for burn's dispatch.
#[backend_extension(Autodiff, Flex)]
pub(crate) trait Recurrent: Backend {
    #[allow(clippy::too_many_arguments, reason = "an operation takes its tensors one by one")]
    fn one_way(
        gru: bool,
        x: FloatTensor<Self>,
        real: FloatTensor<Self>,
        i: FloatTensor<Self>,
        h: FloatTensor<Self>,
        bi: FloatTensor<Self>,
        bh: FloatTensor<Self>,
    ) -> FloatTensor<Self>;
    #[allow(clippy::too_many_arguments, reason = "an operation takes its tensors one by one")]
    fn both_ways(
        gru: bool,
        x: FloatTensor<Self>,
        real: FloatTensor<Self>,
        i: FloatTensor<Self>,
        h: FloatTensor<Self>,
        bi: FloatTensor<Self>,
        bh: FloatTensor<Self>,
        i2: FloatTensor<Self>,
        h2: FloatTensor<Self>,
        bi2: FloatTensor<Self>,
        bh2: FloatTensor<Self>,
    ) -> FloatTensor<Self>;
}

impl Recurrent for Flex {
    #[allow(clippy::too_many_arguments, reason = "an operation takes its tensors one by one")]
    fn one_way(
        gru: bool,
        x: FlexTensor,
        real: FlexTensor,
        i: FlexTensor,
        h: FlexTensor,
        bi: FlexTensor,
        bh: FlexTensor,
    ) -> FlexTensor {
        Layer::new(gru, [x, i, h, bi, bh], real).forward().0
    }

    #[allow(clippy::too_many_arguments, reason = "an operation takes its tensors one by one")]
    fn both_ways(
        gru: bool,
        x: FlexTensor,
        real: FlexTensor,
        i: FlexTensor,
        h: FlexTensor,
        bi: FlexTensor,
        bh: FlexTensor,
        i2: FlexTensor,
        h2: FlexTensor,
        bi2: FlexTensor,
        bh2: FlexTensor,
    ) -> FlexTensor {
        Layer::new(gru, [x, i, h, bi, bh, i2, h2, bi2, bh2], real).forward().0
    }
}

/// What a layer reads: `N` is 5 in one direction, 9 in both.
#[derive(Debug, Clone)]
struct Layer<const N: usize> {
    rule: Rule,
    given: [FlexTensor; N],
    /// None where every step is real.
    real: Option<FlexTensor>,
}

impl<const N: usize> Layer<N> {
    fn new(gru: bool, given: [FlexTensor; N], real: FlexTensor) -> Self {
        let real = contiguous(real);
        let all = values(&real).is_some_and(|real| real.iter().all(|real| *real != 0.0));
        let rule = if gru { Rule::Gru } else { Rule::Lstm };
        Self { rule, given: given.map(contiguous), real: (!all).then_some(real) }
    }

    fn numbers(&self, index: usize) -> &[f32] {
        values(&self.given[index]).unwrap_or_default()
    }

    fn run(&self, reverse: bool) -> Run<'_> {
        let shape = self.given[0].shape().to_vec();
        let first = if reverse && N > 5 { 5 } else { 1 };
        Run {
            steps: shape[0],
            batch: shape[1],
            size: shape[2],
            width: self.width(),
            x: self.numbers(0),
            input: self.numbers(first),
            hidden: self.numbers(first + 1),
            biases: [self.numbers(first + 2), self.numbers(first + 3)],
            real: self.real.as_ref().and_then(values),
            reverse,
        }
    }

    /// What the layer says, with what the way back needs of each direction.
    fn forward(&self) -> (FlexTensor, Vec<Trace>) {
        let runs = (self.run(false), self.run(true));
        let (traces, both);
        if N == 5 {
            traces = vec![Trace::of(self.rule, &runs.0)];
            both = traces[0].states().to_vec();
        } else {
            let (ahead, behind) =
                rayon::join(|| Trace::of(self.rule, &runs.0), || Trace::of(self.rule, &runs.1));
            both = beside(ahead.states(), behind.states(), self.width());
            traces = vec![ahead, behind];
        }
        let shape = [runs.0.steps, runs.0.batch, traces.len() * self.width()];
        (FlexTensor::from_data(TensorData::new(both, shape)), traces)
    }

    fn width(&self) -> usize {
        self.numbers(3).len() / self.rule.gates()
    }
}

/// What a direction leaves behind for the way back.
#[derive(Debug)]
enum Trace {
    Lstm(lstm::Trace),
    Gru(gru::Trace),
}

impl Trace {
    fn of(rule: Rule, run: &Run<'_>) -> Self {
        match rule {
            Rule::Lstm => Self::Lstm(lstm::forward(run)),
            Rule::Gru => Self::Gru(gru::forward(run)),
        }
    }

    fn states(&self) -> &[f32] {
        match self {
            Self::Lstm(trace) => &trace.states,
            Self::Gru(trace) => &trace.states,
        }
    }

    fn back(&self, run: &Run<'_>, slope: &[f32], place: (usize, usize), of_x: bool) -> Slopes {
        match self {
            Self::Lstm(trace) => lstm::backward(run, trace, slope, place, of_x),
            Self::Gru(trace) => gru::backward(run, trace, slope, place, of_x),
        }
    }
}

/// Rows of two directions side by side.
fn beside(ahead: &[f32], behind: &[f32], width: usize) -> Vec<f32> {
    let mut both = vec![0.0; 2 * ahead.len()];
    let rows = ahead.chunks_exact(width).zip(behind.chunks_exact(width));
    for (both, (ahead, behind)) in both.chunks_exact_mut(2 * width).zip(rows) {
        both[..width].copy_from_slice(ahead);
        both[width..].copy_from_slice(behind);
    }
    both
}

impl<C: CheckpointStrategy> Recurrent for Autodiff<Flex, C> {
    #[allow(clippy::too_many_arguments, reason = "an operation takes its tensors one by one")]
    fn one_way(
        gru: bool,
        x: FloatTensor<Self>,
        real: FloatTensor<Self>,
        i: FloatTensor<Self>,
        h: FloatTensor<Self>,
        bi: FloatTensor<Self>,
        bh: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        tracked::<C, 5>(gru, [x, i, h, bi, bh], real)
    }

    #[allow(clippy::too_many_arguments, reason = "an operation takes its tensors one by one")]
    fn both_ways(
        gru: bool,
        x: FloatTensor<Self>,
        real: FloatTensor<Self>,
        i: FloatTensor<Self>,
        h: FloatTensor<Self>,
        bi: FloatTensor<Self>,
        bh: FloatTensor<Self>,
        i2: FloatTensor<Self>,
        h2: FloatTensor<Self>,
        bi2: FloatTensor<Self>,
        bh2: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        tracked::<C, 9>(gru, [x, i, h, bi, bh, i2, h2, bi2, bh2], real)
    }
}

type Tracked<C> = FloatTensor<Autodiff<Flex, C>>;

fn tracked<C: CheckpointStrategy, const N: usize>(
    gru: bool,
    given: [Tracked<C>; N],
    real: Tracked<C>,
) -> Tracked<C> {
    let nodes = given.each_ref().map(Tracked::<C>::node);
    let layer = Layer::new(gru, given.map(Tracked::<C>::into_primitive), real.into_primitive());
    let (said, traces) = layer.forward();
    match (Back::<N>).prepare::<C>(nodes).compute_bound().stateful() {
        OpsKind::Tracked(prepared) => {
            prepared.finish(Passed { layer, traces: Arc::new(traces) }, said)
        }
        OpsKind::UnTracked(prepared) => prepared.finish(said),
    }
}

#[derive(Debug)]
struct Back<const N: usize>;

/// What the way back knows.
#[derive(Debug, Clone)]
struct Passed<const N: usize> {
    layer: Layer<N>,
    traces: Arc<Vec<Trace>>,
}

impl<const N: usize> Backward<Flex, N> for Back<N> {
    type State = Passed<N>;

    fn backward(self, ops: Ops<Self::State, N>, grads: &mut Gradients, _: &mut Checkpointer) {
        let slope = contiguous(grads.consume::<Flex>(&ops.node));
        let Some(slope) = values(&slope) else { return };
        let Passed { layer, traces } = &ops.state;
        let (width, of_x) = (layer.width(), ops.parents[0].is_some());
        let whole = traces.len() * width;
        let back = |index: usize, trace: &Trace| {
            trace.back(&layer.run(index == 1), slope, (index * width, whole), of_x)
        };
        let found = match traces.as_slice() {
            [ahead, behind] => {
                let (mut ahead, behind) = rayon::join(|| back(0, ahead), || back(1, behind));
                ahead.x.iter_mut().zip(&behind.x).for_each(|(x, y)| *x += y);
                vec![ahead, behind]
            }
            [ahead] => vec![back(0, ahead)],
            _ => return,
        };
        let mut all = Vec::with_capacity(N);
        for Slopes { x, input, hidden, biases: [input_bias, hidden_bias] } in found {
            if all.is_empty() {
                all.push(x);
            }
            all.extend([input, hidden, input_bias, hidden_bias]);
        }
        let shapes = layer.given.iter().map(|given| given.shape().to_vec());
        hand_on(
            ops.parents.map(|parent| parent.map(|parent| parent.id)),
            all.into_iter().zip(shapes),
            grads,
        );
    }
}

#[cfg(test)]
mod tests;
