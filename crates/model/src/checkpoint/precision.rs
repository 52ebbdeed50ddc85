//! How exactly weights are written.

use half::f16;
use safetensors::{Dtype, SafeTensors};

/// How weights are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// 32 bits: exact.
    Full,
    /// 16 bits: half the size, for inference.
    Half,
}

impl Precision {
    /// That of the weights in the bytes of a checkpoint.
    pub fn of(bytes: &[u8]) -> Self {
        let half = SafeTensors::deserialize(bytes)
            .is_ok_and(|tensors| tensors.iter().any(|(_, view)| view.dtype() == Dtype::F16));
        if half { Self::Half } else { Self::Full }
    }

    /// Numbers as they come back from a file.
    pub fn rounded(self, values: &[f32]) -> Vec<f32> {
        match self {
            Self::Full => values.to_vec(),
            Self::Half => values.iter().map(|v| f16::from_f32(*v).to_f32()).collect(),
        }
    }

    /// The type of numbers, and their bytes.
    pub(super) fn encode(self, values: &[f32]) -> (Dtype, Vec<u8>) {
        match self {
            Self::Full => (Dtype::F32, values.iter().flat_map(|v| v.to_le_bytes()).collect()),
            Self::Half => {
                let bytes = values.iter().flat_map(|v| f16::from_f32(*v).to_le_bytes());
                (Dtype::F16, bytes.collect())
            }
        }
    }
}
