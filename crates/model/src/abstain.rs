//! When a model had better not answer.

use std::collections::BTreeMap;

use limbic_media::Modality;
use serde::{Deserialize, Serialize};

/// The least probability of the most probable label with which an answer is given, so that at
/// most a stated share of the answers is wrong (selective classification, Geifman and El-Yaniv
/// 2017); chosen on clips that were not trained on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Abstain {
    /// The label set whose probabilities are meant.
    pub labels: String,
    /// The share of wrong answers that holds where nobody asks for another, 0 to 1.
    pub risk: f32,
    /// Shares of wrong answers, ascending, each with the least probability that keeps it; for each
    /// choice of modalities, by [`inputs`](crate::inputs).
    pub least: BTreeMap<String, Vec<(f32, f32)>>,
}

impl Abstain {
    /// Whether an answer by `modalities` of this probability is withheld, so that at most `risk`
    /// of the answers are wrong: by the greatest share listed that is not above it, and always
    /// where even the least is. Never where nothing was chosen for just these modalities.
    pub fn withholds(&self, modalities: &[Modality], probability: f32, risk: f32) -> bool {
        self.least.get(&crate::inputs(modalities)).is_some_and(|steps| {
            let kept = steps.iter().rfind(|(share, _)| *share <= risk);
            kept.is_none_or(|(_, least)| probability < *least)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_choice_of_modalities_has_its_own_least_probability() {
        use Modality::{Audio, Text, Vision};
        let abstain = Abstain {
            labels: "limbic".to_owned(),
            risk: 0.1,
            least: [
                ("text".to_owned(), vec![(0.1, 0.5), (0.2, 0.25)]),
                ("text+audio".to_owned(), vec![(0.1, 0.7)]),
            ]
            .into(),
        };
        let withholds = |modalities: &[Modality], p, risk| abstain.withholds(modalities, p, risk);
        assert!(withholds(&[Text], 0.49, 0.1) && !withholds(&[Text], 0.5, 0.1));
        assert!(withholds(&[Text], 0.49, 0.19) && !withholds(&[Text], 0.49, 0.2), "at more risk");
        assert!(withholds(&[Text], 1.0, 0.05), "no answer is as safe as that");
        assert!(withholds(&[Audio, Text], 0.69, 0.1), "in any order");
        assert!(!withholds(&[Vision], 0.0, 0.0), "nothing was chosen for faces");
        assert!(!withholds(&[], 0.0, 0.1));
    }
}
