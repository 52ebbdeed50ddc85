//! The acoustic descriptors of a clip as [`Features`].

use limbic_media::{Clip, Modality, Span};

use crate::descriptors::{
    DESCRIPTORS, DESCRIPTORS_ID, DescriptorStream, Frame, descriptor_names, functional_names,
    functionals,
};
use crate::extract::absent;
use crate::{Extract, Features, Result, Times};

/// Seconds between frames, and the middle of the first.
const HOP: f64 = 0.01;
const FIRST: f64 = 0.005;

/// A row of descriptors for every 10 ms: `[t, 28]`.
#[derive(Debug, Clone, Copy, Default)]
pub struct VoiceDescriptors;

impl Extract for VoiceDescriptors {
    fn extract(&self, clip: &Clip) -> Result<Features> {
        let frames = frames(clip, self.id())?;
        let data = frames.iter().flat_map(|frame| frame.values).collect();
        let times = Times::Steps { start: FIRST, hop: HOP };
        Features::new(Modality::Audio, [frames.len(), DESCRIPTORS], data, times)?
            .with_names(descriptor_names().map(str::to_owned).to_vec())
    }

    fn id(&self) -> &'static str {
        DESCRIPTORS_ID
    }
}

/// One row for the whole clip; none where it holds less than a quarter of a second of speech.
#[derive(Debug, Clone, Copy, Default)]
pub struct VoiceFunctionals;

impl Extract for VoiceFunctionals {
    fn extract(&self, clip: &Clip) -> Result<Features> {
        let frames = frames(clip, self.id())?;
        let names = functional_names();
        let data = functionals(&frames).unwrap_or_default();
        let rows = usize::from(!data.is_empty());
        let whole = Span::new(0.0, frames.len() as f64 * HOP);
        let times = Times::Spans(vec![whole; rows]);
        Features::new(Modality::Audio, [rows, names.len()], data, times)?.with_names(names)
    }

    fn id(&self) -> &'static str {
        FUNCTIONALS_ID
    }
}

/// The functionals change with the descriptors, or on their own.
const FUNCTIONALS_ID: &str = "functionals/descriptors@1";

fn frames(clip: &Clip, extractor: &str) -> Result<Vec<Frame>> {
    let mut sound = clip.audio()?.ok_or_else(|| absent(clip, Modality::Audio, extractor))?;
    let mut stream = DescriptorStream::new();
    let mut frames = Vec::new();
    while let Some(block) = sound.next_block()? {
        frames.extend(stream.push(&block));
    }
    frames.extend(stream.finish());
    Ok(frames)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_functionals_are_versioned_with_their_descriptors() {
        assert!(FUNCTIONALS_ID.contains(DESCRIPTORS_ID), "give both a new version");
    }
}
