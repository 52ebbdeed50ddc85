//! Pretrained networks against their original implementations: the scripts in `references/` made
//! the numbers.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod backbone;
mod bert;
mod fixture;
#[cfg(feature = "onnx")]
mod onnx;
mod r2plus1d;
mod wav2vec2;
