//! The program as its users meet it: one test binary, a module for each subject.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod adapt;
mod bad_input;
mod bad_recipe;
mod bench;
mod convert;
mod data;
mod distill;
mod embedded;
mod emotions;
mod eval;
mod extractors;
mod hostile;
mod killed;
mod labelled;
mod media;
mod model;
mod networks;
mod predict;
mod program;
mod report;
mod serve;
mod state;
mod torch;
mod unpaired;
mod worded;
