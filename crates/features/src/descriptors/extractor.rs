//! The descriptors of a clip as [`Features`].

use limbic_media::{Clip, Modality};

use super::{DESCRIPTORS, DESCRIPTORS_ID, DescriptorStream, descriptor_names};
use crate::extract::absent;
use crate::{Extract, Features, Result, Times};

/// Distance between descriptor frames, in seconds.
const HOP: f64 = 0.01;

/// Extracts the 28 frame descriptors of a voice, every 10 ms.
#[derive(Debug, Clone, Copy, Default)]
pub struct Descriptors;

impl Extract for Descriptors {
    fn extract(&self, clip: &Clip) -> Result<Features> {
        let mut sound = clip.audio()?.ok_or_else(|| absent(clip, Modality::Audio, self.id()))?;
        let mut stream = DescriptorStream::new();
        let mut frames = Vec::new();
        while let Some(block) = sound.next_block()? {
            frames.extend(stream.push(&block));
        }
        frames.extend(stream.finish());
        let start = frames.first().map_or(0.0, |frame| frame.time);
        let data: Vec<f32> = frames.iter().flat_map(|frame| frame.values).collect();
        let times = Times::Steps { start, hop: HOP };
        Features::new(Modality::Audio, [frames.len(), DESCRIPTORS], data, times)?
            .with_names(descriptor_names().map(str::to_owned).to_vec())
    }

    fn id(&self) -> &'static str {
        DESCRIPTORS_ID
    }
}
