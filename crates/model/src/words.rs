//! Labels are words: each class is the vector of its name, and a view is scored against it.
//!
//! The table of word vectors is the only thing that knows the classes, and nothing moves it. A
//! class is therefore added by adding its row (Dai et al. 2020, section 3).

#[cfg(test)]
mod golden;
#[cfg(test)]
mod mtee;
#[cfg(test)]
mod offset;
#[cfg(test)]
mod statements;

use burn::module::{Module, Param};
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Distribution, Int, Tensor, TensorData};
use limbic_media::{Modality, PerModality};
use serde::{Deserialize, Serialize};

use crate::{Error, Origin, Result};

/// How a view is compared with a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Metric {
    /// Their inner product, as Dai et al. 2020 have it.
    #[default]
    Dot,
    /// The cosine between them.
    Cosine,
}

/// Word rows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WordsConfig {
    /// Length of a word vector.
    pub size: usize,
    /// How a view is compared with a row.
    pub metric: Metric,
    /// Whether word vectors are brought to length one, for frequent words are longer than rare ones.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unit: bool,
    /// What known classes may add to their words; a class without training has its word alone.
    /// With it, text has a map of its own too, and views need not be as long as word vectors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<OffsetConfig>,
}

/// A learned row and a bias a class, added to the row that its word is mapped to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OffsetConfig {
    /// Share of the training batches that go without the learned rows, so that words do not lean
    /// on them.
    pub drop: f64,
}

impl Default for WordsConfig {
    fn default() -> Self {
        Self { size: 300, metric: Metric::Dot, unit: false, offset: None }
    }
}

/// The frozen table and one linear map a modality; without offsets text has none and reads the
/// rows as they are.
#[derive(Module, Debug)]
pub(crate) struct Words {
    table: Param<Tensor<2>>,
    text: Option<Linear>,
    audio: Option<Linear>,
    vision: Option<Linear>,
    body: Option<Linear>,
    #[module(skip)]
    metric: Metric,
    #[module(skip)]
    unit: bool,
    #[module(skip)]
    drop: f64,
}

impl WordsConfig {
    /// Rows of zeros for `classes` classes, and fresh maps to views of `widths`.
    pub(crate) fn empty(
        &self,
        widths: &PerModality<usize>,
        classes: usize,
        device: &Device,
    ) -> Words {
        let map = |modality: Modality| {
            let width = widths.get(modality)?;
            Some(LinearConfig::new(self.size, *width).init(device))
        };
        Words {
            table: frozen(Tensor::zeros([classes, self.size], device)),
            text: self.offset.and_then(|_| map(Modality::Text)),
            audio: map(Modality::Audio),
            vision: map(Modality::Vision),
            body: map(Modality::Body),
            metric: self.metric,
            unit: self.unit,
            drop: self.offset.map_or(0.0, |offset| offset.drop),
        }
    }
}

impl Words {
    /// The same maps with other rows, one a class.
    ///
    /// # Errors
    /// [`Error::Key`] where a row is not of the table's size.
    pub(crate) fn with_rows(mut self, rows: &[Vec<f32>]) -> Result<Self> {
        let old = self.table.val();
        self.table = frozen(self.scaled(table(rows, old.dims()[1], &old.device())?));
        Ok(self)
    }

    /// Word vectors at the length that the maps were trained on.
    fn scaled(&self, rows: Tensor<2>) -> Tensor<2> {
        if self.unit { unit(rows) } else { rows }
    }

    /// How views are compared with rows.
    pub(crate) const fn metric(&self) -> Metric {
        self.metric
    }

    /// The word vectors of as many classes from `first` on.
    pub(crate) fn vectors(&self, first: usize, classes: usize) -> Vec<Vec<f32>> {
        listed(self.table.val().narrow(0, first, classes))
    }

    /// How many classes there are.
    pub(crate) fn classes(&self) -> usize {
        self.table.dims()[0]
    }

    /// The classes as `modality` sees them: `[classes, width]`.
    ///
    /// # Errors
    /// [`Error::NoEncoder`] where no map leads to the modality.
    pub(crate) fn rows(&self, modality: Modality) -> Result<Tensor<2>> {
        let map = match modality {
            Modality::Text if self.text.is_none() => return Ok(self.table.val()),
            Modality::Text => &self.text,
            Modality::Audio => &self.audio,
            Modality::Vision => &self.vision,
            Modality::Body => &self.body,
        };
        let map = map.as_ref().ok_or(Error::NoEncoder(modality))?;
        let rows = products(self.table.val(), map.weight.val().transpose());
        Ok(match &map.bias {
            Some(bias) => rows + bias.val().unsqueeze(),
            None => rows,
        })
    }

    /// # Shapes
    /// `view` `[b, width]` -> scores `[b, classes]`.
    ///
    /// # Errors
    /// [`Error::NoEncoder`] where no map leads to the modality.
    pub(crate) fn forward(&self, modality: Modality, view: Tensor<2>) -> Result<Tensor<2>> {
        let rows = self.rows(modality)?;
        let (view, rows) = match self.metric {
            Metric::Dot => (view, rows),
            Metric::Cosine => (unit(view), unit(rows)),
        };
        Ok(products(view, rows))
    }

    /// What the words of the classes from `first` on say of a view, of as many as `learned` has
    /// rows, and what `learned` adds to that; some training batches go without its rows.
    ///
    /// # Shapes
    /// `view` `[b, width]` -> scores `[b, classes]`.
    ///
    /// # Errors
    /// [`Error::NoEncoder`] where no map leads to the modality.
    pub(crate) fn beside(
        &self,
        modality: Modality,
        view: Tensor<2>,
        first: usize,
        learned: &Linear,
    ) -> Result<Tensor<2>> {
        let classes = learned.weight.dims()[1];
        let map = match modality {
            Modality::Text => &self.text,
            Modality::Audio => &self.audio,
            Modality::Vision => &self.vision,
            Modality::Body => &self.body,
        };
        let map = map.as_ref().ok_or(Error::NoEncoder(modality))?;
        let words = self.table.val().narrow(0, first, classes).matmul(map.weight.val());
        let mut offset = learned.weight.val();
        if self.drop > 0.0 && view.device().is_autodiff() {
            let stays = Distribution::Bernoulli(1.0 - self.drop);
            offset = offset * Tensor::<2>::random([1, 1], stays, &view.device());
        }
        let scores = view.matmul(words.transpose() + offset);
        Ok(match &learned.bias {
            Some(bias) => scores + bias.val().unsqueeze(),
            None => scores,
        })
    }

    /// The same for other rows, of names that need not be classes.
    ///
    /// # Shapes
    /// `view` `[b, width]`, `rows` `[k, size]` -> `[b, k]`.
    ///
    /// # Errors
    /// [`Error::NoEncoder`] where no map leads to the modality, [`Error::Key`] where `rows` are not
    /// of the table's size.
    pub(crate) fn unseen(
        &self,
        modality: Modality,
        view: Tensor<2>,
        rows: Tensor<2>,
    ) -> Result<Tensor<2>> {
        let (size, found) = (self.table.dims()[1], rows.dims()[1]);
        if size != found {
            return Err(unsized_row(size, found));
        }
        Self { table: frozen(self.scaled(rows)), ..self.clone() }.forward(modality, view)
    }

    /// The same weights with one more class, the last.
    ///
    /// # Errors
    /// [`Error::Key`] where the row is not of the table's size.
    pub(crate) fn with_row(mut self, row: &[f32]) -> Result<Self> {
        let old = self.table.val();
        let new = self.scaled(table(&[row.to_vec()], old.dims()[1], &old.device())?);
        self.table = frozen(Tensor::cat(vec![old, new], 0));
        Ok(self)
    }

    /// The same weights with the classes that `classes` names, in its order.
    #[must_use]
    pub(crate) fn select(mut self, classes: &[usize]) -> Self {
        let old = self.table.val();
        let indices: Vec<i64> = classes.iter().map(|class| *class as i64).collect();
        let data = TensorData::new(indices, [classes.len()]);
        let indices = Tensor::<1, Int>::from_data(data, &old.device());
        self.table = frozen(old.select(0, indices));
        self
    }
}

fn table(rows: &[Vec<f32>], size: usize, device: &Device) -> Result<Tensor<2>> {
    if let Some(row) = rows.iter().find(|row| row.len() != size) {
        return Err(unsized_row(size, row.len()));
    }
    let data = TensorData::new(rows.concat(), [rows.len(), size]);
    Ok(Tensor::from_data(data, device))
}

/// A word vector of `found` numbers where the table's have `size`.
fn unsized_row(size: usize, found: usize) -> Error {
    Error::Key {
        key: "model.head.words.size".to_owned(),
        reason: format!("is {size}, a word vector has {found} numbers"),
    }
}

fn frozen(rows: Tensor<2>) -> Param<Tensor<2>> {
    Param::from_tensor(rows.detach()).set_require_grad(false)
}

/// The inner product of every row of `a` with every row of `b`: `[n, d]`, `[m, d]` -> `[n, m]`.
///
/// A matrix product may be summed in another order when it has another size. Here each number is
/// summed alone, so that a class scores the same to the last bit whatever classes stand beside it.
pub(crate) fn products(a: Tensor<2>, b: Tensor<2>) -> Tensor<2> {
    (a.unsqueeze_dim::<3>(1) * b.unsqueeze_dim::<3>(0)).sum_dim(2).squeeze_dim(2)
}

/// The rows of a matrix as numbers.
pub(crate) fn listed(matrix: Tensor<2>) -> Vec<Vec<f32>> {
    let width = matrix.dims()[1].max(1);
    let values: Vec<f32> = matrix.into_data().iter().collect();
    values.chunks(width).map(<[f32]>::to_vec).collect()
}

/// Rows of length one; a row of zeros stays.
pub(crate) fn unit(x: Tensor<2>) -> Tensor<2> {
    let length = (x.clone().square().sum_dim(1) + 1e-12).sqrt();
    x / length
}

/// Where a weight lies in the model of Dai et al. 2020.
pub(crate) fn origin(path: &str) -> Option<Origin> {
    Some(match path {
        "table" => Origin::same("textEmoEmbs.weight"),
        "audio.weight" => Origin::transposed("affineAudio.weight"),
        "audio.bias" => Origin::same("affineAudio.bias"),
        "vision.weight" => Origin::transposed("affineVisual.weight"),
        "vision.bias" => Origin::same("affineVisual.bias"),
        _ => return None,
    })
}
