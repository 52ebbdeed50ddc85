//! Contrast between the modalities of a clip (Franceschini et al. 2022): what is seen of a clip in
//! one modality has to find the same clip in every other.

use burn::tensor::activation::{log_softmax, softmax};
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::Target;

#[cfg(test)]
mod golden;
#[cfg(test)]
mod tests;

/// Which pairs are to be found, and among what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// The clip's other view, among both views of all other clips; the same view of the same clip
    /// is left out. As the authors' code does: the loss is halved.
    #[default]
    Reference,
    /// The clip itself, among all clips; first views only (van den Oord et al. 2018, Radford et
    /// al. 2021).
    Clip,
    /// The clip's other look, among the other looks of all clips, in each modality on its own (Chen
    /// et al. 2020).
    Looks,
    /// Both views of all clips of the same label (Khosla et al. 2020), in the reference's form.
    Supervised,
}

/// The contrast over all ordered pairs of modalities.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Contrast {
    /// Factor on it.
    pub weight: f32,
    /// Which pairs are to be found, and among what.
    pub form: Form,
    /// Divides cosines before the softmax.
    pub temperature: f32,
    /// Whether the last modality only answers and never asks, as the authors train the supervised
    /// form.
    pub skip_last: bool,
}

impl Default for Contrast {
    fn default() -> Self {
        Self { weight: 1.0, form: Form::Reference, temperature: 0.07, skip_last: false }
    }
}

/// One modality's projections of a batch, not normalised.
#[derive(Debug, Clone)]
pub(crate) struct Projections {
    /// `[b, d]`.
    pub first: Tensor<2>,
    /// `[b, d]`, another window of the same clips; without it the first counts twice.
    pub second: Option<Tensor<2>>,
}

/// Divides the likeness of label rows before it becomes weights of positives.
const LABEL_TEMPERATURE: f32 = 0.01;

impl Contrast {
    /// The mean over ordered pairs of modalities; `None` with fewer than two, or where labels are
    /// asked for and there are none.
    pub(crate) fn loss(self, modalities: &[Projections], target: &Target) -> Option<Tensor<1>> {
        let first = modalities.first()?;
        let (clips, device) = (first.first.dims()[0], first.first.device());
        let positives = match self.form {
            Form::Clip => {
                let rows: Vec<_> = modalities.iter().map(|m| unit(m.first.clone())).collect();
                return self.over_pairs(&rows, |asks, answers| self.identify(asks, answers));
            }
            Form::Looks => {
                let each = modalities.iter().filter_map(|own| {
                    let looks = [unit(own.first.clone()), unit(own.second.clone()?)];
                    self.over_pairs(&looks, |asks, answers| self.identify(asks, answers))
                });
                let each: Vec<_> = each.collect();
                return (!each.is_empty()).then(|| Tensor::cat(each, 0).mean());
            }
            Form::Reference => Tensor::eye(clips, &device),
            Form::Supervised => likeness(target)?,
        };
        let rows: Vec<_> = modalities.iter().map(|m| unit(m.stacked())).collect();
        self.total(&rows, positives)
    }

    /// # Shapes
    /// `rows` `[2b, d]` each, both views; `positives` `[b, b]`.
    fn total(self, rows: &[Tensor<2>], positives: Tensor<2>) -> Option<Tensor<1>> {
        let positives = spread(positives);
        self.over_pairs(rows, |asks, answers| {
            unlikely(self.log_probabilities(asks, answers), &positives).mean()
        })
    }

    fn over_pairs(
        self,
        rows: &[Tensor<2>],
        loss: impl Fn(&Tensor<2>, &Tensor<2>) -> Tensor<1>,
    ) -> Option<Tensor<1>> {
        let asking = if self.skip_last { rows.len().checked_sub(1)? } else { rows.len() };
        let pairs = (0..asking).flat_map(|asks| (0..rows.len()).map(move |to| (asks, to)));
        let losses = pairs.filter(|(asks, to)| asks != to);
        let losses: Vec<_> = losses.map(|(asks, to)| loss(&rows[asks], &rows[to])).collect();
        (!losses.is_empty()).then(|| Tensor::cat(losses, 0).mean())
    }

    /// `-mean_k log softmax(z z'^T / temperature)_kk`.
    fn identify(self, asks: &Tensor<2>, answers: &Tensor<2>) -> Tensor<1> {
        let (clips, device) = (asks.dims()[0], asks.device());
        let chosen = log_softmax(self.logits(asks, answers), 1) * Tensor::eye(clips, &device);
        -chosen.sum() / clips as f32
    }

    fn logits(self, asks: &Tensor<2>, answers: &Tensor<2>) -> Tensor<2> {
        asks.clone().matmul(answers.clone().transpose()) / self.temperature
    }

    /// `S_rq - log sum_{p != r} exp S_rp`.
    fn log_probabilities(self, asks: &Tensor<2>, answers: &Tensor<2>) -> Tensor<2> {
        let logits = self.logits(asks, answers);
        let others = logits.clone() - Tensor::eye(logits.dims()[0], &logits.device()) * 1e9;
        let most = others.clone().max_dim(1).detach();
        logits - ((others - most.clone()).exp().sum_dim(1).log() + most)
    }
}

impl Projections {
    fn stacked(&self) -> Tensor<2> {
        let second = self.second.as_ref().unwrap_or(&self.first);
        Tensor::cat(vec![self.first.clone(), second.clone()], 0)
    }
}

/// Rows of length one.
fn unit(rows: Tensor<2>) -> Tensor<2> {
    let length = rows.clone().square().sum_dim(1).clamp_min(1e-24).sqrt();
    rows / length
}

/// What may be asked for: everything but a row itself.
fn others(rows: usize, device: &Device) -> Tensor<2> {
    -Tensor::eye(rows, device) + 1.0
}

/// Positives among clips become positives among their views: `[b, b]` -> `[2b, 2b]`.
fn spread(positives: Tensor<2>) -> Tensor<2> {
    let (rows, device) = (2 * positives.dims()[0], positives.device());
    positives.repeat(&[2, 2]) * others(rows, &device)
}

/// `-sum_q w_rq logp_rq / (sum_q w_rq + 1)`, a value a row. The one in the denominator guards
/// against rows without positives; with one positive it halves the loss.
fn unlikely(log_probabilities: Tensor<2>, positives: &Tensor<2>) -> Tensor<1> {
    let weight = positives.clone().sum_dim(1) + 1.0;
    (-(log_probabilities * positives.clone()).sum_dim(1) / weight).squeeze_dim(1)
}

/// How far clips share labels: `[b, k]` -> `[b, b]`. One label a clip: whether it is the same. Many
/// labels: a sharp softmax over the products of label rows that sum to one.
fn likeness(target: &Target) -> Option<Tensor<2>> {
    match target {
        Target::Class(labels) => Some(labels.clone().matmul(labels.clone().transpose())),
        Target::Multi(labels) => {
            let rows = labels.clone() / labels.clone().abs().sum_dim(1).clamp_min(1e-12);
            Some(softmax(rows.clone().matmul(rows.transpose()) / LABEL_TEMPERATURE, 1))
        }
        Target::None | Target::Rating(_) => None,
    }
}
