//! Scores against the votes of several people rather than their winner, in nats.

use super::mean;
use super::probabilities::clipped;

/// Mean over clips `(votes, probabilities)` of the cross entropy `-sum v ln p`, where the votes of
/// a clip sum to 1 and probabilities are clipped as in [`super::nll`].
pub fn cross_entropy(clips: &[(&[f64], &[f64])]) -> f64 {
    mean(clips.iter().map(|(votes, said)| clip_cross_entropy(votes, said)))
}

/// Mean over clips of the Kullback-Leibler divergence `sum v ln(v / p)`: the cross entropy less
/// what the votes disagree among themselves.
pub fn kullback_leibler(clips: &[(&[f64], &[f64])]) -> f64 {
    mean(clips.iter().map(|(votes, said)| clip_cross_entropy(votes, said) - clip_entropy(votes)))
}

/// Mean over clips of the Jensen-Shannon divergence (Lin 1991): the mean Kullback-Leibler
/// divergence of votes and probabilities from their middle, 0 to ln 2.
pub fn jensen_shannon(clips: &[(&[f64], &[f64])]) -> f64 {
    mean(clips.iter().map(|(votes, said)| clip_jensen_shannon(votes, said)))
}

/// Cross entropy of one clip.
pub(crate) fn clip_cross_entropy(votes: &[f64], said: &[f64]) -> f64 {
    let voted = votes.iter().zip(said).filter(|(v, _)| **v > 0.0);
    -voted.map(|(v, p)| v * clipped(*p).ln()).sum::<f64>()
}

/// Entropy of the votes of one clip.
pub(crate) fn clip_entropy(votes: &[f64]) -> f64 {
    -votes.iter().filter(|v| **v > 0.0).map(|v| v * v.ln()).sum::<f64>()
}

/// Jensen-Shannon divergence of one clip.
pub(crate) fn clip_jensen_shannon(votes: &[f64], said: &[f64]) -> f64 {
    let part = |a: f64, b: f64| if a > 0.0 { a * (a / f64::midpoint(a, b)).ln() } else { 0.0 };
    votes.iter().zip(said).map(|(v, p)| f64::midpoint(part(*v, *p), part(*p, *v))).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn votes_said_exactly_leave_only_their_own_disagreement() {
        let clips: [(&[f64], &[f64]); 1] = [(&[0.5, 0.5, 0.0], &[0.5, 0.5, 0.0])];
        assert!((cross_entropy(&clips) - 2f64.ln()).abs() < 1e-12);
        assert!(kullback_leibler(&clips).abs() < 1e-12 && jensen_shannon(&clips).abs() < 1e-12);
    }

    #[test]
    fn opposite_answers_are_as_far_as_can_be() {
        let clips: [(&[f64], &[f64]); 1] = [(&[1.0, 0.0], &[0.0, 1.0])];
        assert!((jensen_shannon(&clips) - 2f64.ln()).abs() < 1e-12);
        assert!((kullback_leibler(&clips) - 36.043_653_389).abs() < 1e-9);
    }
}
