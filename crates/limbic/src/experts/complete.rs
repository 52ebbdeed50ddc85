//! What an expert says of emotions that it never learned: the rest of its logits, and valence and
//! arousal by way of emotions.

use crate::emotion::Emotion;

/// Log-probabilities over all emotions from the logits of an expert that knows only those that
/// are `covered`. Calm is a shade of neutral to an expert that was never shown it; of any other
/// emotion it says neither yes nor no (evidence zero).
pub(super) fn completed(
    logits: [f32; Emotion::COUNT],
    covered: [bool; Emotion::COUNT],
) -> [f32; Emotion::COUNT] {
    let known = || logits.iter().zip(covered).filter(|(_, known)| *known).map(|(x, _)| *x);
    let count = known().count();
    if count == 0 {
        return logits;
    }
    let mean = known().sum::<f32>() / count as f32;
    let neutral = Emotion::Neutral as usize;
    std::array::from_fn(|c| match Emotion::ALL[c] {
        _ if covered[c] => logits[c],
        Emotion::Calm if covered[neutral] => logits[neutral],
        _ => mean,
    })
}

/// Mean valence and arousal of the emotions under `softmax(logits)`, over those whose place is
/// known.
pub(super) fn expected(
    logits: &[f32; Emotion::COUNT],
    places: &[Option<[f32; 2]>; Emotion::COUNT],
) -> [Option<f32>; 2] {
    let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let known = || logits.iter().zip(places).filter_map(|(z, p)| Some(((z - top).exp(), (*p)?)));
    let total: f32 = known().map(|(weight, _)| weight).sum();
    let mean = |axis: usize| {
        let sum: f32 = known().map(|(weight, place)| weight * place[axis]).sum();
        (total > 1e-3).then(|| sum / total)
    };
    [mean(0), mean(1)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_emotion_that_was_never_shown_is_neither_claimed_nor_ruled_out() {
        let logits = [2.0, 1.0, 0.0, -1.0, 0.0, 1.0, 2.0, -50.0];
        let mut covered = [true; 8];
        covered[Emotion::Calm as usize] = false;
        assert_eq!(completed(logits, covered)[7], 2.0, "as neutral");
        covered[Emotion::Neutral as usize] = false;
        let without = completed(logits, covered);
        assert_eq!(without[0], 0.5, "the mean of those known");
        assert_eq!(without[7], 0.5);
        assert_eq!(completed(logits, [false; 8]), logits);
    }

    #[test]
    fn valence_and_arousal_lie_where_the_likely_emotions_do() {
        let mut logits = [-50.0; 8];
        logits[1] = 0.0;
        logits[3] = 0.0;
        let mut places = [None; 8];
        assert_eq!(expected(&logits, &places), [None, None], "nothing is known");
        places[1] = Some([0.6, 0.4]);
        assert_eq!(expected(&logits, &places), [Some(0.6), Some(0.4)], "anger has no place");
        places[3] = Some([-0.4, 0.8]);
        let [v, a] = expected(&logits, &places).map(Option::unwrap);
        assert!((v - 0.1).abs() < 1e-6 && (a - 0.6).abs() < 1e-6);
    }
}
