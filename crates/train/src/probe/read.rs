//! What a probe makes of the clips of a data set, as the answers of a model.

use limbic_media::Modality;
use limbic_model::{LabelKind, Model, Probe as Config, ProbeKind, ProbeOn};

use super::{Probe, logistic, ridge, ridge_classes};
use crate::score::{vectors, winner};
use crate::{Dataset, Outcome, Result, Value};
use limbic_corpus::Label;

/// Fits a probe to the clips of `train` and asks it about those of `test`, once for each choice of
/// modalities in `subsets` and each label set that it can answer; for the others the answer is
/// empty. Nothing but `train` is fitted to.
///
/// # Errors
/// Those of the model.
pub fn probed(
    config: Config,
    model: &Model,
    dataset: &Dataset,
    [train, test]: [&[usize]; 2],
    subsets: &[Vec<Modality>],
) -> Result<Vec<Outcome>> {
    let mut all = Vec::new();
    for subset in subsets {
        let read = |indices: &[usize]| match config.on {
            ProbeOn::Views => vectors(model, dataset, indices, subset),
            ProbeOn::Inputs => Ok(summaries(dataset, indices, subset)),
        };
        let (seen, asked) = (read(train)?, read(test)?);
        for (corpus, card) in dataset.cards.iter().enumerate() {
            let of = |rows: &[(usize, Vec<f32>)]| -> Vec<(usize, Vec<f32>)> {
                let own = rows.iter().filter(|(item, _)| dataset.items[*item].corpus == corpus);
                own.cloned().collect()
            };
            let (seen, asked) = (of(&seen), of(&asked));
            let probes: Vec<Option<Probe>> = card
                .labels
                .iter()
                .enumerate()
                .map(|(set, map)| {
                    let labelled = seen.iter().filter_map(|(item, x)| {
                        Some((dataset.items[*item].labels[set].as_ref()?, x.as_slice()))
                    });
                    fitted(config, map.kind, map.classes.len(), &labelled.collect::<Vec<_>>())
                })
                .collect();
            all.extend(asked.into_iter().map(|(item, x)| {
                Outcome {
                    item,
                    modalities: subset.clone(),
                    logits: probes
                        .iter()
                        .map(|probe| {
                            probe.as_ref().map_or_else(Vec::new, |probe| answer(probe, &x))
                        })
                        .collect(),
                    shared: [0.0; 8],
                    covered: [false; 8],
                    shared_truth: None,
                }
            }));
        }
    }
    Ok(all)
}

/// The probe of a label set; `None` for a kind of answer that it does not give.
fn fitted(
    config: Config,
    kind: LabelKind,
    classes: usize,
    labelled: &[(&Label, &[f32])],
) -> Option<Probe> {
    if labelled.is_empty() {
        return None;
    }
    match (kind, config.kind) {
        (LabelKind::Class, fit) => {
            let won = labelled.iter().filter_map(|(label, x)| Some((winner(label, classes)?, *x)));
            let (classed, vectors): (Vec<usize>, Vec<&[f32]>) = won.unzip();
            let fit = match fit {
                ProbeKind::Logistic => logistic,
                ProbeKind::Ridge => ridge_classes,
            };
            Some(fit(&vectors, &classed, classes, config.penalty))
        }
        (LabelKind::Rating, ProbeKind::Ridge) => {
            let rated = labelled.iter().filter_map(|(label, x)| match label {
                Label::Rating(values) => Some((values.iter().map(|v| f64::from(*v)).collect(), *x)),
                _ => None,
            });
            let (targets, vectors): (Vec<Vec<f64>>, Vec<&[f32]>) = rated.unzip();
            Some(ridge(&vectors, &targets, config.penalty))
        }
        _ => None,
    }
}

fn answer(probe: &Probe, vector: &[f32]) -> Vec<f32> {
    probe.scores(vector).into_iter().map(|score| score as f32).collect()
}

/// The inputs themselves, those of several modalities end to end: vectors as they are, features
/// over time as the mean and the deviation of each. Clips that lack a modality, or have it as
/// tokens or a picture, are left out.
fn summaries(dataset: &Dataset, indices: &[usize], subset: &[Modality]) -> Vec<(usize, Vec<f32>)> {
    let summary = |value: &Value| match value {
        Value::Vectors(all) => all.first().cloned(),
        Value::Series { steps, size } => {
            let count = (steps.len() / size).max(1) as f32;
            let column = |i: usize| steps.iter().skip(i).step_by(*size);
            let mean: Vec<f32> = (0..*size).map(|i| column(i).sum::<f32>() / count).collect();
            let spread = (0..*size).map(|i| {
                let square = column(i).map(|x| (x - mean[i]).powi(2)).sum::<f32>();
                (square / count).sqrt()
            });
            Some(mean.iter().copied().chain(spread).collect())
        }
        Value::Tokens(_) | Value::Picture(_) => None,
    };
    let row = |item: usize| -> Option<Vec<f32>> {
        let values = &dataset.items[item].values;
        let each: Option<Vec<Vec<f32>>> =
            subset.iter().map(|modality| values.get(*modality).and_then(summary)).collect();
        each.map(|each| each.concat())
    };
    indices.iter().filter_map(|item| Some((*item, row(*item)?))).collect()
}

#[cfg(test)]
mod tests;
