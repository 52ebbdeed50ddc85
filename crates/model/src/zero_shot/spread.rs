//! How vectors vary, and where they lie from their middle.

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

/// The mean of vectors of equal length and their covariance, `[width, width]` row by row; `None`
/// where there is none.
pub fn covariance(rows: &[Vec<f32>]) -> Option<(Vec<f32>, Vec<f32>)> {
    let (width, count) = (rows.first()?.len(), rows.len() as f64);
    let mean = mean(rows);
    let mut covariance = vec![0.0; width * width];
    for row in rows {
        let from: Vec<f64> = row.iter().zip(&mean).map(|(x, m)| f64::from(*x) - m).collect();
        for (own, x) in covariance.chunks_exact_mut(width).zip(&from) {
            own.iter_mut().zip(&from).for_each(|(c, y)| *c += x * y / count);
        }
    }
    let floats = |values: Vec<f64>| values.into_iter().map(|x| x as f32).collect();
    Some((floats(mean), floats(covariance)))
}

/// The mean of vectors.
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
