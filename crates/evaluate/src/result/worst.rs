//! The answers that are most wrong.

use limbic_corpus::{Label, LabelKind};
use serde::{Deserialize, Serialize};

use crate::score::{argmax, usable, weights};
use crate::{Answer, Task, exact};

/// An answer that is wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Worst {
    /// The clip.
    pub clip: String,
    /// Its label, in words.
    pub truth: String,
    /// The answer, in words.
    pub said: String,
    /// The probability of the answer; none where it has not one.
    pub probability: Option<f64>,
    /// How wrong it is: for one class a clip the probability of the answer less that of the
    /// label, for yes/no sets the mean squared gap, for ratings the mean absolute error.
    pub error: f64,
    /// The clip's file, as its corpus names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// The `most` most wrong answers, the worst first; right ones are none of them.
pub fn worst(task: &Task<'_>, answers: &[Answer], most: usize) -> Vec<Worst> {
    let usable = answers.iter().filter(|answer| usable(task, answer).is_ok());
    let mut all: Vec<Worst> = usable.filter_map(|answer| one(task, answer)).collect();
    all.sort_by(|a, b| b.error.total_cmp(&a.error).then_with(|| a.clip.cmp(&b.clip)));
    all.truncate(most);
    all
}

fn one(task: &Task<'_>, answer: &Answer) -> Option<Worst> {
    let classes = &task.map.classes;
    let name = |class: usize| classes[class].0.clone();
    let (truth, said, probability, error) = match task.map.kind {
        LabelKind::Class => {
            let weights = weights(&answer.truth, classes.len())?;
            let (truth, said) = (argmax(&weights), argmax(&answer.said));
            let decided = weights.iter().filter(|weight| **weight == weights[truth]).count() == 1;
            if truth == said || !decided {
                return None;
            }
            let probability = answer.said[said];
            (name(truth), name(said), Some(probability), probability - answer.said[truth])
        }
        LabelKind::Multi => {
            let weights = weights(&answer.truth, classes.len())?;
            let above = |class: usize| {
                let threshold = task.thresholds.and_then(|all| all.get(class));
                answer.said[class] > threshold.copied().unwrap_or(0.5)
            };
            let all = |chosen: &dyn Fn(usize) -> bool| {
                let names: Vec<String> =
                    (0..classes.len()).filter(|c| chosen(*c)).map(name).collect();
                if names.is_empty() { "none".to_owned() } else { names.join(", ") }
            };
            let (truth, said) = (all(&|class| weights[class] > 0.0), all(&above));
            if truth == said {
                return None;
            }
            let gaps = weights.iter().zip(&answer.said).map(|(weight, p)| {
                let p = if p.is_nan() { 0.0 } else { *p };
                (p - f64::from(u8::from(*weight > 0.0))).powi(2)
            });
            (truth, said, None, gaps.sum::<f64>() / classes.len() as f64)
        }
        LabelKind::Rating => {
            let Label::Rating(truth) = &answer.truth else { return None };
            let words = |value: &dyn Fn(usize) -> f64| {
                let one = |class: usize| format!("{} {:.2}", classes[class].0, value(class));
                (0..classes.len()).map(one).collect::<Vec<_>>().join(", ")
            };
            let gaps: Vec<f64> = (0..classes.len())
                .map(|class| (f64::from(truth[class]) - answer.said[class]).abs())
                .filter(|gap| gap.is_finite())
                .collect();
            if gaps.is_empty() {
                return None;
            }
            let error = gaps.iter().sum::<f64>() / gaps.len() as f64;
            let (truth, said) = (words(&|c| f64::from(truth[c])), words(&|c| answer.said[c]));
            (truth, said, None, error)
        }
    };
    Some(Worst {
        clip: answer.clip.clone(),
        truth,
        said,
        probability: probability.map(exact),
        error: exact(error),
        source: None,
    })
}
