//! What flows into a model: inputs with their masks, and targets.

use burn::tensor::{Device, Int, Tensor, TensorData};
use limbic_media::PerModality;

/// Steps of features and which of them are there.
#[derive(Debug, Clone)]
pub struct Sequence {
    /// `[b, t, d]` features.
    pub x: Tensor<3>,
    /// `[b, t]`: 1 for a step, 0 for padding, which comes after all steps of its clip.
    pub mask: Tensor<2>,
}

impl Sequence {
    /// Clips of different lengths, zeros after the end of each: `clips` holds the steps of each,
    /// `size` numbers a step.
    pub fn padded(clips: &[Vec<f32>], size: usize, device: &Device) -> Self {
        let longest = clips.iter().map(Vec::len).max().unwrap_or(0);
        let (b, t) = (clips.len(), longest / size.max(1));
        let (mut x, mut mask) = (vec![0f32; b * t * size], vec![0f32; b * t]);
        for (index, clip) in clips.iter().enumerate() {
            x[index * t * size..][..clip.len()].copy_from_slice(clip);
            mask[index * t..][..clip.len() / size].fill(1.0);
        }
        Self {
            x: Tensor::from_data(TensorData::new(x, [b, t, size]), device),
            mask: Tensor::from_data(TensorData::new(mask, [b, t]), device),
        }
    }
}

/// One modality of a batch.
#[derive(Debug, Clone)]
pub enum Input {
    /// Real features over time.
    Series(Sequence),
    /// `[b, t]` token ids and their mask `[b, t]`.
    Tokens(Tensor<2, Int>, Tensor<2>),
    /// `[b, 1, h, w]` grey pictures.
    Pictures(Tensor<4>),
    /// `[b, channels, frames, h, w]` pictures over time.
    Video(Tensor<5>),
}

impl Input {
    /// How many clips.
    pub fn len(&self) -> usize {
        match self {
            Self::Series(sequence) => sequence.x.dims()[0],
            Self::Tokens(ids, _) => ids.dims()[0],
            Self::Pictures(x) => x.dims()[0],
            Self::Video(x) => x.dims()[0],
        }
    }

    /// Whether there is no clip.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The kind, for messages.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Series(_) => "series",
            Self::Tokens(..) => "tokens",
            Self::Pictures(_) => "pictures",
            Self::Video(_) => "video",
        }
    }
}

/// What a batch should be answered with. `None` is ordinary: unlabelled data are data.
#[derive(Debug, Clone)]
pub enum Target {
    /// No label.
    None,
    /// `[b, k]` probabilities over classes; a hard label is a row with a single 1.
    Class(Tensor<2>),
    /// `[b, k]` zeros and ones, each class on its own.
    Multi(Tensor<2>),
    /// `[b, k]` real ratings.
    Rating(Tensor<2>),
}

/// Clips of one corpus.
#[derive(Debug, Clone)]
pub struct Batch {
    /// What is present of them.
    pub inputs: PerModality<Input>,
    /// A second look at the same clips (other stretches of them), for objectives that compare two.
    pub second: Option<PerModality<Input>>,
    /// The corpus's labels, each with the name of the label set that it speaks. A row of zeros in
    /// a class target is a clip without that label.
    pub targets: Vec<(String, Target)>,
    /// The same labels in the space shown to users: `[b, 8]` probabilities, or rows of zeros.
    pub shared: Option<Tensor<2>>,
    /// What teachers say of the clips, of any label set; rows of zeros where they say nothing.
    pub taught: Vec<(String, Target)>,
}
