//! What to read of a clip, and how finely.

use limbic_media::Modality;

use crate::error::{Error, Result};

/// How often an answer may be wrong before `uncertain` is the better one.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Risk {
    /// As often as the model was fitted for, if it was.
    #[default]
    Model,
    /// As often as it likes: the most probable label is always the answer.
    Any,
    /// At most this share of the answers, 0 to 1, as far as the model was fitted at all.
    AtMost(f32),
}

impl Risk {
    /// The share itself, for a model fitted for `own`; none where everything is answered.
    pub(crate) const fn share(self, own: f32) -> Option<f32> {
        match self {
            Self::Model => Some(own),
            Self::Any => None,
            Self::AtMost(share) => Some(share),
        }
    }
}

/// How a clip is read. The default reads everything there is, a row a second.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    modalities: Vec<Modality>,
    every: f64,
    batch: usize,
    risk: Risk,
    longest: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            modalities: Self::READABLE.to_vec(),
            every: 1.0,
            batch: 32,
            risk: Risk::Model,
            longest: f64::INFINITY,
        }
    }
}

impl Options {
    /// The modalities for which there is an expert.
    pub const READABLE: [Modality; 3] = [Modality::Text, Modality::Audio, Modality::Vision];

    /// Seconds a row may cover: shorter ones are below what an expression takes, longer ones
    /// are the summary's business.
    pub const EVERY: std::ops::RangeInclusive<f64> = 0.1..=3600.0;

    /// Reads only these modalities. At least one, each one of [`Options::READABLE`].
    pub fn modalities(mut self, modalities: &[Modality]) -> Result<Self> {
        if let Some(other) = modalities.iter().find(|m| !Self::READABLE.contains(m)) {
            return Err(Error::Options(format!(
                "no expert reads `{other}` yet; use text, audio or vision"
            )));
        }
        if modalities.is_empty() {
            return Err(Error::Options("name at least one of text, audio and vision".into()));
        }
        self.modalities = modalities.to_vec();
        Ok(self)
    }

    /// One row of the timeline for so many seconds, within [`Options::EVERY`].
    pub fn every(mut self, seconds: f64) -> Result<Self> {
        if !Self::EVERY.contains(&seconds) {
            return Err(Error::Options(format!(
                "a row of {seconds} s is not possible; use between 100ms and 60m"
            )));
        }
        self.every = seconds;
        Ok(self)
    }

    /// How many faces or windows of speech are given to the model at once, at least one. More
    /// is a little faster and takes more memory; the answer is the same.
    #[must_use]
    pub fn batch(mut self, items: usize) -> Self {
        self.batch = items.max(1);
        self
    }

    /// How often an answer may be wrong before the model rather says `uncertain`.
    #[must_use]
    pub const fn risk(mut self, risk: Risk) -> Self {
        self.risk = risk;
        self
    }

    /// Refuses clips that go on for more than so many seconds, whatever they declare. Without it
    /// a clip may be of any length.
    #[must_use]
    pub const fn longest(mut self, seconds: f64) -> Self {
        self.longest = seconds;
        self
    }

    pub(crate) fn wants(&self, modality: Modality) -> bool {
        self.modalities.contains(&modality)
    }

    /// Seconds that one row of the timeline covers.
    pub const fn seconds(&self) -> f64 {
        self.every
    }

    pub(crate) const fn risks(&self) -> Risk {
        self.risk
    }

    pub(crate) const fn most_seconds(&self) -> f64 {
        self.longest
    }

    pub(crate) const fn items(&self) -> usize {
        self.batch
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_make_no_sense_are_refused() {
        for seconds in [0.0, -1.0, 0.05, 3601.0, f64::NAN, f64::INFINITY] {
            assert!(Options::default().every(seconds).is_err(), "{seconds}");
        }
        assert_eq!(Options::default().every(0.5).unwrap().seconds(), 0.5);
    }

    #[test]
    fn only_modalities_with_an_expert_can_be_asked_for() {
        assert!(Options::default().modalities(&[]).is_err());
        assert!(Options::default().modalities(&[Modality::Body]).is_err());
        let options = Options::default().modalities(&[Modality::Audio]).unwrap();
        assert!(options.wants(Modality::Audio) && !options.wants(Modality::Text));
    }
}
