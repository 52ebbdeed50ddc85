//! Triangles on the mel axis.

use super::{MelConfig, MelScale};

/// One triangle: its first bin and the weights from there.
struct Filter {
    first: usize,
    weights: Vec<f64>,
}

/// `n_mels` triangular filters over `fft_length / 2 + 1` bins. Most weights of the matrix are
/// zero, so only the others are kept.
pub(super) struct FilterBank(Vec<Filter>);

impl FilterBank {
    /// The triangles of `config`, whose numbers have been checked.
    ///
    /// Slaney's triangles are straight lines over Hz, Kaldi's over mel (librosa
    /// `filters.mel`; Kaldi `MelBanks`).
    pub(super) fn new(config: &MelConfig) -> Self {
        let low = mel(config.scale, config.f_min);
        let high = mel(config.scale, config.f_max);
        let step = (high - low) / (config.n_mels + 1) as f64;
        let bins = config.fft_length / 2 + 1;
        let width = f64::from(config.sample_rate) / config.fft_length as f64;
        let axis = |bin: usize| match config.scale {
            MelScale::Slaney => bin as f64 * width,
            MelScale::Kaldi => mel(MelScale::Kaldi, bin as f64 * width),
        };
        let corner = |index: usize| match config.scale {
            MelScale::Slaney => hertz_of_slaney(low + step * index as f64),
            MelScale::Kaldi => low + step * index as f64,
        };
        let filter = |index| {
            let [left, centre, right] = [corner(index), corner(index + 1), corner(index + 2)];
            let area = match config.scale {
                MelScale::Slaney => 2.0 / (right - left),
                MelScale::Kaldi => 1.0,
            };
            let weight = |bin| {
                let x = axis(bin);
                let slope = ((x - left) / (centre - left)).min((right - x) / (right - centre));
                area * slope.max(0.0)
            };
            let inside = |&bin: &usize| weight(bin) > 0.0;
            let first = (0..bins).find(inside).unwrap_or(0);
            let weights = (first..bins).take_while(inside).map(weight).collect();
            Filter { first, weights }
        };
        Self((0..config.n_mels).map(filter).collect())
    }

    /// Power in each filter from power in each bin.
    pub(super) fn apply(&self, power: &[f64], out: &mut Vec<f64>) {
        out.extend(self.0.iter().map(|filter| {
            let (weights, rest) = filter.weights.as_chunks::<4>();
            let (bins, last) = power[filter.first..][..filter.weights.len()].as_chunks::<4>();
            // Four sums side by side, none of which waits for another.
            let mut sums = [0.0; 4];
            for (weights, bins) in weights.iter().zip(bins) {
                for (sum, (weight, bin)) in sums.iter_mut().zip(weights.iter().zip(bins)) {
                    *sum += weight * bin;
                }
            }
            let rest: f64 = rest.iter().zip(last).map(|(weight, bin)| weight * bin).sum();
            (sums[0] + sums[1]) + (sums[2] + sums[3]) + rest
        }));
    }
}

/// Slaney's scale is linear up to 1 kHz and logarithmic above.
const LINEAR: f64 = 200.0 / 3.0;
const KNEE: f64 = 1000.0;

/// `ln(6.4) / 27`: 27 steps from 1 kHz to 6.4 kHz.
fn log_step() -> f64 {
    6.4f64.ln() / 27.0
}

fn mel(scale: MelScale, hertz: f64) -> f64 {
    match scale {
        MelScale::Kaldi => 1127.0 * (1.0 + hertz / 700.0).ln(),
        MelScale::Slaney if hertz < KNEE => hertz / LINEAR,
        MelScale::Slaney => KNEE / LINEAR + (hertz / KNEE).ln() / log_step(),
    }
}

fn hertz_of_slaney(mel: f64) -> f64 {
    let knee = KNEE / LINEAR;
    if mel < knee { mel * LINEAR } else { KNEE * (log_step() * (mel - knee)).exp() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slaney_mels_go_back_to_the_same_hertz() {
        for hertz in [0.0, 50.0, 999.0, 1000.0, 1001.0, 6400.0, 8000.0] {
            let back = hertz_of_slaney(mel(MelScale::Slaney, hertz));
            assert!((back - hertz).abs() < 1e-9, "{hertz} Hz came back as {back}");
        }
    }
}
