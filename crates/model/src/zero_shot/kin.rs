//! What known classes say of a name: a clip that looks like a class is likely to look like the names
//! that mean nearly the same (a linear form of `ConSE`, Norouzi et al. 2014).

use burn::tensor::{Device, Tensor, TensorData};
use limbic_media::Modality;

use super::spread::{Spread, direction, mean, unit};
use crate::words::listed;
use crate::{LabelKind, Model, Result, SHARED};

/// How much nearer a class has to mean to count `e` times as much: one sixth of a cosine.
const SHARPNESS: f64 = 6.0;

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
