//! The list of contents that both kinds of file carry as one JSON text in their metadata.

use std::collections::BTreeSet;

use limbic_media::{Modality, Span};
use serde::{Deserialize, Serialize};

use super::Stored;
use crate::{Error, Features, Result, Times};

/// The key of the list in the metadata of the file.
pub(super) const KEY: &str = "limbic.features";

/// One matrix of the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub(super) clip: String,
    pub(super) extractor: String,
    modality: Modality,
    pub(super) shape: [usize; 2],
    times: Moments,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    names: Vec<String>,
}

/// Times with their seconds as decimal text, which gives back the same f64; JSON numbers are not
/// read to the last bit.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Moments {
    Order,
    Steps { start: String, hop: String },
    Spans(Vec<[String; 2]>),
}

impl Entry {
    pub(super) fn of(item: &Stored) -> Self {
        let features = &item.features;
        let times = match features.times() {
            Times::Order => Moments::Order,
            Times::Steps { start, hop } => {
                Moments::Steps { start: start.to_string(), hop: hop.to_string() }
            }
            Times::Spans(spans) => Moments::Spans(
                spans.iter().map(|span| [span.start.to_string(), span.end.to_string()]).collect(),
            ),
        };
        Self {
            clip: item.clip.clone(),
            extractor: item.extractor.clone(),
            modality: features.modality(),
            shape: features.shape(),
            times,
            names: features.names().to_vec(),
        }
    }

    /// `<clip>/<extractor>`.
    pub(super) fn name(&self) -> String {
        format!("{}/{}", self.clip, self.extractor)
    }

    /// The matrix with its data; or what does not fit.
    pub(super) fn fill(self, data: Vec<f32>) -> std::result::Result<Stored, String> {
        let second = |text: &String| {
            text.parse::<f64>().map_err(|_| format!("`{text}` is no time in seconds"))
        };
        let times = match &self.times {
            Moments::Order => Times::Order,
            Moments::Steps { start, hop } => {
                Times::Steps { start: second(start)?, hop: second(hop)? }
            }
            Moments::Spans(spans) => Times::Spans(
                spans
                    .iter()
                    .map(|[start, end]| Ok(Span::new(second(start)?, second(end)?)))
                    .collect::<std::result::Result<_, String>>()?,
            ),
        };
        let mut features = Features::new(self.modality, self.shape, data, times)
            .map_err(|error| error.to_string())?;
        if !self.names.is_empty() {
            features = features.with_names(self.names).map_err(|error| error.to_string())?;
        }
        Ok(Stored { clip: self.clip, extractor: self.extractor, features })
    }
}

/// The list as text; refuses two matrices of one name.
pub(super) fn list(items: &[Stored]) -> Result<String> {
    let entries: Vec<Entry> = items.iter().map(Entry::of).collect();
    let mut seen = BTreeSet::new();
    if let Some(entry) = entries.iter().find(|entry| !seen.insert(entry.name())) {
        return Err(Error::Twice { clip: entry.clip.clone(), extractor: entry.extractor.clone() });
    }
    Ok(serde_json::to_string(&entries).expect("names, numbers and texts are JSON"))
}
