//! Pretrained networks against their original implementations: the scripts in `references/` made
//! the numbers.

mod bert;
mod fixture;
#[cfg(feature = "onnx")]
mod onnx;
mod r2plus1d;
mod wav2vec2;
