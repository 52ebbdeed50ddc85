//! What happens to numbers on their way into a linear map: an activation, then dropout. Nothing of it
//! is kept for the way back, where it is cheaper to do again than to read again.

use rayon::prelude::*;

use crate::dropout::{Mask, masked_here};
use crate::squash::logistic;
use crate::wide::wide;

/// An activation function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Activation {
    /// None: numbers stay what they are.
    #[default]
    Same,
    /// `max(x, 0)`.
    Relu,
    /// `x / (1 + exp(-x))` (Ramachandran et al. 2017).
    Swish,
}

/// An activation, then dropout.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Entry {
    /// What comes first.
    pub activation: Activation,
    /// Key and probability, as of [`dropout`](crate::dropout).
    pub dropout: Option<([u32; 2], f64)>,
}

/// So many numbers are in work at a time: they stay in the first cache.
const CHUNK: usize = 1 << 12;

impl Entry {
    /// Whether numbers pass as they are.
    pub(crate) fn is_open(self) -> bool {
        self == Self::default()
    }

    fn mask(self) -> Option<Mask> {
        self.dropout.map(|(key, probability)| Mask::new(key, probability as f32))
    }

    /// What `x` becomes.
    pub(crate) fn forward(self, x: &[f32]) -> Vec<f32> {
        let mask = self.mask();
        let mut out = vec![0f32; x.len()];
        let chunks = out.par_chunks_mut(CHUNK).zip(x.par_chunks(CHUNK)).enumerate();
        chunks.with_min_len(16).for_each(|(index, (out, x))| {
            match self.activation {
                Activation::Same => out.copy_from_slice(x),
                Activation::Relu => relu(x, out),
                Activation::Swish => swish(x, out),
            }
            if let Some(mask) = mask {
                masked_here(out, mask, (index * CHUNK) as u32);
            }
        });
        out
    }

    /// Turns the slope of what `x` becomes into that of `x`.
    pub(crate) fn back(self, x: &[f32], slope: &mut [f32]) {
        let mask = self.mask();
        let chunks = slope.par_chunks_mut(CHUNK).zip(x.par_chunks(CHUNK)).enumerate();
        chunks.with_min_len(16).for_each(|(index, (slope, x))| {
            if let Some(mask) = mask {
                masked_here(slope, mask, (index * CHUNK) as u32);
            }
            match self.activation {
                Activation::Same => {}
                Activation::Relu => relu_back(x, slope),
                Activation::Swish => swish_back(x, slope),
            }
        });
    }
}

wide! {
    fn relu(x: &[f32], out: &mut [f32]) {
        for (out, x) in out.iter_mut().zip(x) {
            // What is no number stays none.
            *out = if *x < 0.0 { 0.0 } else { *x };
        }
    }
}

wide! {
    fn relu_back(x: &[f32], slope: &mut [f32]) {
        for (slope, x) in slope.iter_mut().zip(x) {
            *slope = if *x > 0.0 { *slope } else { 0.0 };
        }
    }
}

wide! {
    fn swish(x: &[f32], out: &mut [f32]) {
        for (out, x) in out.iter_mut().zip(x) {
            *out = *x * logistic(*x);
        }
    }
}

wide! {
    /// `s (1 + x (1 - s))` with the logistic function `s` of `x`.
    fn swish_back(x: &[f32], slope: &mut [f32]) {
        for (slope, x) in slope.iter_mut().zip(x) {
            let open = logistic(*x);
            *slope *= open * (1.0 + *x * (1.0 - open));
        }
    }
}
