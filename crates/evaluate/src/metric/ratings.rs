//! Scores of real-valued answers.

/// Means and biased second moments of labels `x` and answers `y`: what correlations are made of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moments {
    mean: [f64; 2],
    variance: [f64; 2],
    covariance: f64,
    error: f64,
    constant: [bool; 2],
}

impl Moments {
    /// Those of clips that count `weights` times each.
    pub fn of(x: &[f64], y: &[f64], weights: &[f64]) -> Self {
        let clips = || x.iter().zip(y).zip(weights).map(|((x, y), w)| (*x, *y, *w));
        let total: f64 = weights.iter().sum();
        let expected = |value: &dyn Fn(f64, f64) -> f64| {
            clips().map(|(x, y, w)| w * value(x, y)).sum::<f64>() / total
        };
        let (mx, my) = (expected(&|x, _| x), expected(&|_, y| y));
        let counted: Vec<(f64, f64)> =
            clips().filter(|(.., w)| *w > 0.0).map(|(x, y, _)| (x, y)).collect();
        Self {
            mean: [mx, my],
            variance: [expected(&|x, _| (x - mx).powi(2)), expected(&|_, y| (y - my).powi(2))],
            covariance: expected(&|x, y| (x - mx) * (y - my)),
            error: expected(&|x, y| (x - y).abs()),
            // Sums of a constant round, so that its variance need not be 0.
            constant: [
                counted.windows(2).all(|two| two[0].0 == two[1].0),
                counted.windows(2).all(|two| two[0].1 == two[1].1),
            ],
        }
    }

    /// [`ccc`].
    pub fn ccc(&self) -> f64 {
        if self.constant == [true, true] && self.error == 0.0 {
            return 1.0;
        }
        let shift = (self.mean[0] - self.mean[1]).powi(2);
        2.0 * self.covariance / (self.variance[0] + self.variance[1] + shift)
    }

    /// [`pearson`].
    pub fn pearson(&self) -> f64 {
        if self.constant.contains(&true) {
            return f64::NAN;
        }
        let [x, y] = self.variance.map(f64::sqrt);
        (self.covariance / (x * y)).clamp(-1.0, 1.0)
    }

    /// [`mae`].
    pub fn mae(&self) -> f64 {
        self.error
    }
}

/// CCC (concordance correlation, Lin 1989): `2 cov / (var_x + var_y + (mean_x - mean_y)^2)`, with
/// biased moments. Two equal constants agree perfectly; a constant and anything else not at all.
pub fn ccc(x: &[f64], y: &[f64]) -> f64 {
    Moments::of(x, y, &vec![1.0; x.len()]).ccc()
}

/// Pearson's correlation `cov / (sd_x sd_y)`; not a number where either is constant, as a single
/// clip is.
pub fn pearson(x: &[f64], y: &[f64]) -> f64 {
    Moments::of(x, y, &vec![1.0; x.len()]).pearson()
}

/// MAE (mean absolute error), in the units of the labels.
pub fn mae(x: &[f64], y: &[f64]) -> f64 {
    Moments::of(x, y, &vec![1.0; x.len()]).mae()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn concordance_punishes_scale_and_shift() {
        let y = [0.0, 1.0, 2.0, 3.0];
        let x: Vec<f64> = y.iter().map(|v| 2.0 * v + 1.0).collect();
        assert!((ccc(&x, &y) - 0.4).abs() < 1e-12);
        assert!((pearson(&x, &y) - 1.0).abs() < 1e-12);
        assert_eq!(mae(&x, &y), 2.5);
        assert_eq!(ccc(&[1.0, 1.0], &[1.0, 1.0]), 1.0);
    }

    #[test]
    fn constants_have_no_correlation() {
        // The mean of three times 0.1 is not 0.1.
        let (constant, other) = ([0.1; 3], [0.5, 0.2, 0.4]);
        assert!(pearson(&constant, &other).is_nan() && pearson(&other, &constant).is_nan());
        assert!(ccc(&constant, &other).abs() < 1e-12);
        assert_eq!(ccc(&constant, &constant), 1.0);
        assert!(pearson(&[1.0], &[1.0]).is_nan());
        assert!(ccc(&[], &[]).is_nan() && pearson(&[], &[]).is_nan() && mae(&[], &[]).is_nan());
    }
}
