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
    /// The share of wrong answers that it was chosen for, 0 to 1.
    pub risk: f32,
    /// The least probability for each choice of modalities, by [`key`](Self::key).
    pub least: BTreeMap<String, f32>,
}

impl Abstain {
    /// The names of modalities in storage order, joined by `+`: `text+audio`.
    pub fn key(modalities: impl IntoIterator<Item = Modality>) -> String {
        let named: Vec<Modality> = modalities.into_iter().collect();
        let ordered = Modality::ALL.iter().filter(|modality| named.contains(modality));
        ordered.map(|modality| modality.name()).collect::<Vec<_>>().join("+")
    }

    /// Whether an answer by `modalities` of this probability is withheld; never where no
    /// probability was chosen for just these.
    pub fn withholds(
        &self,
        modalities: impl IntoIterator<Item = Modality>,
        probability: f32,
    ) -> bool {
        self.least.get(&Self::key(modalities)).is_some_and(|least| probability < *least)
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
            least: [("text".to_owned(), 0.5), ("text+audio".to_owned(), 0.7)].into(),
        };
        assert!(abstain.withholds([Text], 0.49) && !abstain.withholds([Text], 0.5));
        assert!(abstain.withholds([Audio, Text], 0.69), "in any order");
        assert!(!abstain.withholds([Vision], 0.0), "nothing was chosen for faces");
        assert!(!abstain.withholds([], 0.0));
    }
}
