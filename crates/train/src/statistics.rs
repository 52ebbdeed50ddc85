//! Mean and standard deviation of inputs, to standardise them with.

use limbic_media::Modality;

use crate::{Dataset, Value};

impl Dataset {
    /// Mean and standard deviation of each input feature of a modality over those of `indices`
    /// that have it; one pair for all pixels of pictures, `None` for tokens.
    pub fn statistics(
        &self,
        modality: Modality,
        indices: &[usize],
    ) -> Option<(Vec<f32>, Vec<f32>)> {
        let values: Vec<&Value> =
            indices.iter().filter_map(|&i| self.items[i].values.get(modality)).collect();
        match values.first()? {
            Value::Tokens(_) => None,
            Value::Picture(_) => {
                let pixels = values.into_iter().flat_map(|value| match value {
                    Value::Picture(p) => p.iter().map(|p| f64::from(*p) / 255.0).collect(),
                    _ => Vec::new(),
                });
                let (n, sum, square) =
                    pixels.fold((0.0, 0.0, 0.0), |(n, s, q), x| (n + 1.0, s + x, q + x * x));
                let mean: f64 = sum / n;
                let deviation: f64 = (square / n - mean * mean).sqrt();
                Some((vec![mean as f32], vec![deviation.max(1e-6) as f32]))
            }
            Value::Vectors(first) => {
                let size = first.first()?.len();
                let rows = values.into_iter().filter_map(|value| match value {
                    Value::Vectors(vectors) => Some(vectors.iter().map(Vec::as_slice)),
                    _ => None,
                });
                Some(moments(rows.flatten(), size))
            }
            Value::Series { size, .. } => {
                let rows = values.into_iter().filter_map(|value| match value {
                    Value::Series { steps, size } => Some(steps.chunks_exact(*size)),
                    _ => None,
                });
                Some(moments(rows.flatten(), *size))
            }
        }
    }
}

fn moments<'a>(rows: impl Iterator<Item = &'a [f32]>, size: usize) -> (Vec<f32>, Vec<f32>) {
    let (mut n, mut sum, mut square) = (0.0, vec![0.0; size], vec![0.0; size]);
    for row in rows {
        n += 1.0;
        for (i, x) in row.iter().enumerate() {
            sum[i] += f64::from(*x);
            square[i] += f64::from(*x).powi(2);
        }
    }
    let mean: Vec<f32> = sum.iter().map(|s| (s / n) as f32).collect();
    let spread = |(s, q): (&f64, &f64)| (q / n - (s / n).powi(2)).max(1e-12).sqrt();
    (mean, sum.iter().zip(&square).map(|p| spread(p) as f32).collect())
}
