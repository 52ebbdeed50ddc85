//! What known classes say of a name: a clip that looks like a class is likely to look like the names
//! that mean nearly the same (a linear form of `ConSE`, Norouzi et al. 2014).

use burn::tensor::{Device, Tensor, TensorData};
use limbic_media::Modality;

use crate::words::listed;
use crate::{LabelKind, Model, Result, SHARED};

/// How much nearer a class has to mean to count `e` times as much: one sixth of a cosine.
const SHARPNESS: f64 = 6.0;

/// How the views of a modality vary, `[width, width]` row by row.
pub(super) struct Spread<'a> {
    pub(super) covariance: &'a [f32],
    pub(super) width: usize,
}

impl Spread<'_> {
    /// The deviation of a row's scores over the training clips.
    fn deviation(&self, row: &[f64]) -> f64 {
        let rows = self.covariance.chunks_exact(self.width);
        let each = rows
            .zip(row)
            .map(|(own, x)| x * own.iter().zip(row).map(|(c, y)| f64::from(*c) * y).sum::<f64>());
        each.sum::<f64>().max(0.0).sqrt()
    }

    /// The row whose scores deviate by 1; none where they do not vary.
    pub(super) fn even(&self, row: Vec<f64>) -> Option<Vec<f64>> {
        let deviation = self.deviation(&row);
        (deviation > 1e-9).then(|| row.into_iter().map(|x| x / deviation).collect())
    }
}

/// For each of `names`, the row that sums up the rows of known classes, the more of each the nearer
/// it means; the mean over the label sets that the modality learned. Zeros where it learned none.
///
/// # Errors
/// Those of [`Model::logits`].
pub(super) fn rows(
    model: &Model,
    modality: Modality,
    names: &[Vec<f32>],
    spread: &Spread<'_>,
) -> Result<Vec<Vec<f64>>> {
    let mut sums = vec![vec![0.0; spread.width]; names.len()];
    let Some(branch) = model.branch(modality) else { return Ok(sums) };
    // Vectors of classes may be of another length than those of names.
    let names: Vec<Vec<f32>> = names.iter().map(|name| unit(name)).collect();
    let centre = mean(&names);
    let asked: Vec<Vec<f64>> = names.iter().map(|name| direction(name, &centre)).collect();
    let own = branch.trained_sets().iter().filter(|set| {
        set.name != SHARED && set.kind != LabelKind::Rating && branch.learned(&set.name)
    });
    let mut sets = 0.0;
    for set in own {
        let Some(vectors) = model.class_vectors(modality, &set.name) else { continue };
        let mut known = linear(model, modality, &set.name, spread.width)?;
        if set.kind == LabelKind::Class {
            let mean = mean(&known);
            for row in &mut known {
                row.iter_mut().zip(&mean).for_each(|(x, m)| *x -= m);
            }
        }
        let meant: Vec<Vec<f64>> = vectors.iter().map(|v| direction(&unit(v), &centre)).collect();
        let known: Vec<Option<Vec<f64>>> = known.into_iter().map(|row| spread.even(row)).collect();
        sets += 1.0;
        for (sum, name) in sums.iter_mut().zip(&asked) {
            let weights: Vec<f64> = meant
                .iter()
                .map(|class| {
                    let cosine: f64 = class.iter().zip(name).map(|(x, y)| x * y).sum();
                    (SHARPNESS * cosine).exp()
                })
                .collect();
            let whole: f64 = weights.iter().sum();
            let mut row = vec![0.0; spread.width];
            for (own, weight) in known.iter().zip(&weights) {
                let Some(own) = own else { continue };
                row.iter_mut().zip(own).for_each(|(x, o)| *x += weight / whole * o);
            }
            if let Some(row) = spread.even(row) {
                sum.iter_mut().zip(row).for_each(|(s, x)| *s += x);
            }
        }
    }
    sums.iter_mut().flatten().for_each(|x| *x /= f64::max(sets, 1.0));
    Ok(sums)
}

/// The rows of a label set: what it scores views of one direction each, less what it scores none.
fn linear(model: &Model, modality: Modality, set: &str, width: usize) -> Result<Vec<Vec<f64>>> {
    let device = Device::flex();
    let origin = Tensor::<2>::zeros([1, width], &device);
    let each = Tensor::<2>::eye(width, &device);
    let bias = model.logits(modality, &origin, set)?;
    let rows = (model.logits(modality, &each, set)? - bias).transpose();
    let exact = |row: Vec<f32>| row.into_iter().map(f64::from).collect();
    Ok(listed(rows).into_iter().map(exact).collect())
}

/// Rows as a matrix.
pub(super) fn matrix(rows: &[Vec<f32>]) -> Tensor<2> {
    let width = rows.first().map_or(0, Vec::len);
    Tensor::from_data(TensorData::new(rows.concat(), [rows.len(), width]), &Device::flex())
}

pub(super) fn mean<X: Copy + Into<f64>>(rows: &[Vec<X>]) -> Vec<f64> {
    let mut mean = vec![0.0; rows.first().map_or(0, Vec::len)];
    for row in rows {
        mean.iter_mut().zip(row).for_each(|(m, x)| *m += (*x).into() / rows.len() as f64);
    }
    mean
}

/// A vector at length one; zeros stay.
pub(super) fn unit(vector: &[f32]) -> Vec<f32> {
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    vector.iter().map(|x| if length > 0.0 { x / length } else { 0.0 }).collect()
}

/// Where a vector lies from `centre`, at length one; zeros at the centre itself.
pub(super) fn direction(vector: &[f32], centre: &[f64]) -> Vec<f64> {
    let from: Vec<f64> = vector.iter().zip(centre).map(|(x, c)| f64::from(*x) - c).collect();
    let length = from.iter().map(|x| x * x).sum::<f64>().sqrt();
    if length < 1e-9 { vec![0.0; from.len()] } else { from.iter().map(|x| x / length).collect() }
}
