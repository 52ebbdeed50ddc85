//! Pretrained networks against their original implementations: the scripts in `references/` made
//! the numbers.

mod bert;
mod fixture;
mod wav2vec2;
