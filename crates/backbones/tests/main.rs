//! Pretrained networks against their original implementations: the scripts in `references/` made
//! the numbers.

mod fixture;
mod wav2vec2;
