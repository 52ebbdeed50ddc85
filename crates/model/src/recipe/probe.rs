//! The `[probe]` table: what a linear model reads out of the trained encoders.

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// A linear model of frozen vectors, fitted to the training clips after the last stage.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    /// How it is fitted.
    pub kind: ProbeKind,
    /// Penalty on its weights: `1 / (C n)` of scikit-learn's logistic regression, `alpha` of its
    /// ridge regression, both on standardised vectors.
    pub penalty: f64,
    /// What it reads.
    #[serde(default)]
    pub on: ProbeOn,
}

/// How a probe is fitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProbeKind {
    /// Multinomial logistic regression; for classes.
    Logistic,
    /// Ridge regression; of classes on 1 for the clip's own and -1 for the others.
    Ridge,
}

/// What a probe reads of each modality.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProbeOn {
    /// The view that its encoder makes of it.
    #[default]
    Views,
    /// What the encoder reads, a baseline that has learned nothing: of features over time their
    /// mean and deviation.
    Inputs,
}

impl Probe {
    pub(super) fn check(&self) -> Result<()> {
        if self.penalty >= 0.0 && self.penalty.is_finite() {
            return Ok(());
        }
        let reason = "must be a number of at least 0".to_owned();
        Err(Error::Key { key: "probe.penalty".to_owned(), reason })
    }
}
