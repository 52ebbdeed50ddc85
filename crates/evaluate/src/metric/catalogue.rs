//! Every score with its name, its definition in a sentence, and which way is better.
//!
//! One table of some forty rows: apart, name and definition would drift.

use serde::{Deserialize, Serialize};

/// Which way a score gets better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Better {
    /// A high score is a good one.
    Higher,
    /// A low score is a good one.
    Lower,
}

macro_rules! catalogue {
    ($($variant:ident, $name:literal, $label:literal, $better:ident, $definition:literal;)*) => {
        /// A score. Its variants are documented by [`Metric::definition`].
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Metric {
            $(#[doc = $definition] $variant,)*
        }

        impl Metric {
            /// All of them, those of classes first.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Its name in files: `uar`, or with a class or dimension, as in `ccc_valence`.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Its name for people.
            pub fn label(self) -> &'static str {
                match self { $(Self::$variant => $label,)* }
            }

            /// What it is, in the sentence that is printed beside the number.
            pub fn definition(self) -> &'static str {
                match self { $(Self::$variant => $definition,)* }
            }

            /// Which way it gets better.
            pub fn better(self) -> Better {
                match self { $(Self::$variant => Better::$better,)* }
            }
        }
    };
}

catalogue! {
    Accuracy, "accuracy", "WA", Higher,
        "Share of clips whose answer is the label (accuracy; \"weighted\" since a frequent class \
         weighs more).";
    Uar, "uar", "UAR", Higher,
        "Mean over the classes that occur of the share of each that is found (balanced accuracy, \
         UA).";
    MacroF1, "macro_f1", "macro F1", Higher,
        "Mean of the classes' F1, 2 tp / (2 tp + fp + fn), over those that occur or are answered.";
    WeightedF1, "weighted_f1", "weighted F1", Higher,
        "Mean of the classes' F1, each weighted by how often it occurs.";
    MacroPrecision, "macro_precision", "macro precision", Higher,
        "Mean over the classes that occur or are answered of the share of each one's answers that \
         are right; 0 for one that is never answered.";
    PositiveF1, "positive_f1", "positive F1", Higher,
        "F1 of the second of two classes, 2 tp / (2 tp + fp + fn).";
    Auc, "auc", "AUC", Higher,
        "Probability that a clip of the second of two classes is given more of it than a clip of \
         the first; a tie counts one half.";
    Ece10, "ece_10", "ECE (10 bins)", Lower,
        "Over ten even bins of the top probability, the mean gap between it and the share of \
         right answers, weighted by clips.";
    Ece15, "ece_15", "ECE (15 bins)", Lower,
        "Over fifteen even bins of the top probability, the mean gap between it and the share of \
         right answers, weighted by clips.";
    Brier, "brier", "Brier", Lower,
        "Mean over clips of the squared gaps between probabilities and label, summed over classes \
         (0 to 2).";
    Nll, "nll", "NLL", Lower,
        "Mean of minus the natural logarithm of the label's probability, clipped to [e, 1 - e] \
         with e = 2.2e-16.";
    Aurc, "aurc", "AURC", Lower,
        "Mean share of wrong answers among the k surest, over all k (area under the risk-coverage \
         curve).";
    CrossEntropy, "soft_cross_entropy", "soft cross entropy", Lower,
        "Over clips with votes, mean of minus the sum over classes of the share of votes times \
         the natural logarithm of the probability.";
    KullbackLeibler, "soft_kl", "soft KL", Lower,
        "Over clips with votes, mean Kullback-Leibler divergence of the probabilities from the \
         votes, in nats.";
    JensenShannon, "soft_js", "soft JS", Lower,
        "Over clips with votes, mean Jensen-Shannon divergence of votes and probabilities, in \
         nats (0 to 0.693).";
    YesMacroF1, "macro_f1", "macro F1", Higher,
        "Mean over all classes of the F1 of \"yes\"; 0 for one that neither occurs nor is \
         answered.";
    YesMicroF1, "micro_f1", "micro F1", Higher,
        "F1 of \"yes\" over the answers of all classes together.";
    YesWeightedF1, "weighted_f1", "weighted F1", Higher,
        "Mean over classes of the F1 of \"yes\", weighted by how often it is true.";
    SamplesF1, "samples_f1", "samples F1", Higher,
        "Mean over clips of the F1 of \"yes\" over a clip's classes; 0 for a clip without any.";
    WeightedAccuracy, "weighted_accuracy", "balanced accuracy", Higher,
        "Mean of the recalls of \"yes\" and \"no\" (weighted accuracy of CMU-MOSEI), averaged over \
         the classes that have both.";
    ExactMatch, "exact_match", "exact match", Higher,
        "Share of clips whose yes/no answers are all right.";
    YesAuc, "auc_mean", "mean AUC", Higher,
        "Probability that a clip with \"yes\" scores above one with \"no\", a tie counting one \
         half, averaged over the classes that have both.";
    AveragePrecision, "average_precision_mean", "mAP", Higher,
        "Mean over the clips with \"yes\" of the precision at their score, averaged over the \
         classes that occur.";
    YesEce10, "ece_10", "ECE (10 bins)", Lower,
        "Over ten even bins of the probability of \"yes\", the mean gap between it and the share \
         that is true, weighted by answers.";
    YesEce15, "ece_15", "ECE (15 bins)", Lower,
        "Over fifteen even bins of the probability of \"yes\", the mean gap between it and the \
         share that is true, weighted by answers.";
    YesBrier, "brier", "Brier", Lower,
        "Mean squared gap between the probability of \"yes\" and the truth, over all answers \
         (0 to 1).";
    YesNll, "nll", "NLL", Lower,
        "Mean of minus the natural logarithm of the probability of the truth over all yes/no \
         answers, clipped to [e, 1 - e] with e = 2.2e-16.";
    CccMean, "ccc_mean", "mean CCC", Higher,
        "Mean of the dimensions' CCC, over those that have one.";
    Ccc, "ccc", "CCC", Higher,
        "Concordance correlation, 2 cov / (var_x + var_y + (mean_x - mean_y)^2), with biased \
         moments (Lin 1989).";
    Pearson, "pearson", "Pearson r", Higher,
        "Correlation, the covariance over both standard deviations; none where labels or answers are constant.";
    Mae, "mae", "MAE", Lower,
        "Mean absolute error, on the scale of the label file.";
    SentimentMae, "mae_sentiment", "MAE (-3 to 3)", Lower,
        "Mean absolute error of the sentiment on its published scale of -3 to 3.";
    Acc2Has0, "acc2_has0", "Acc-2 (Has0)", Higher,
        "Share of clips whose sentiment is on the right side, zero counting as positive.";
    F1Has0, "f1_has0", "F1 (Has0)", Higher,
        "Weighted F1 of negative sentiment against zero or positive.";
    Acc2Non0, "acc2_non0", "Acc-2 (Non0)", Higher,
        "Share of the clips with a sentiment other than zero that are on its side; an answer of \
         zero counts as negative.";
    F1Non0, "f1_non0", "F1 (Non0)", Higher,
        "Weighted F1 of negative against positive sentiment, of the clips whose label is not zero.";
    Acc5, "acc5", "Acc-5", Higher,
        "Share of clips whose sentiment of -3 to 3, clipped to -2 to 2 and rounded half to even, \
         equals the label's.";
    Acc7, "acc7", "Acc-7", Higher,
        "Share of clips whose sentiment, clipped to -3 to 3 and rounded half to even, equals the \
         label's.";
    SimsAcc2, "acc2", "Acc-2", Higher,
        "Share of clips whose sentiment of -1 to 1 is on the right side, zero counting as \
         negative (CH-SIMS).";
    SimsF1, "f1_2", "F1", Higher,
        "Weighted F1 of sentiment up to zero against above (CH-SIMS).";
    SimsAcc3, "acc3", "Acc-3", Higher,
        "Share of clips in the right one of the classes that end at -0.1, 0.1 and 1 (CH-SIMS).";
    SimsAcc5, "acc5", "Acc-5", Higher,
        "Share of clips in the right one of the classes that end at -0.7, -0.1, 0.1, 0.7 and 1 \
         (CH-SIMS).";
}

impl Metric {
    /// Its name in files where it is that of one class or dimension: `ccc_valence`.
    pub fn name_of(self, part: Option<&str>) -> String {
        part.map_or_else(|| self.name().to_owned(), |part| format!("{}_{part}", self.name()))
    }

    /// Its name for people where it is that of one class or dimension: `CCC valence`.
    pub fn label_of(self, part: Option<&str>) -> String {
        part.map_or_else(|| self.label().to_owned(), |part| format!("{} {part}", self.label()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_says_what_it_is_in_a_sentence() {
        for metric in Metric::ALL {
            let definition = metric.definition();
            assert!(definition.ends_with('.') && definition.len() > 40, "{definition}");
            assert!(!definition.contains("  "), "{definition}");
            assert!(metric.name().chars().all(|c| c.is_ascii_alphanumeric() || c == '_'));
        }
        assert_eq!(Metric::Ccc.name_of(Some("valence")), "ccc_valence");
        assert_eq!(Metric::Uar.label_of(None), "UAR");
    }
}
