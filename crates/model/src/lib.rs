//! Vectors become views, logits and losses. Knows no file but its own checkpoint.
//!
//! A [`Recipe`] says what distinguishes one system from another; [`Model`] is built from its
//! `[model]` table. Each modality has a [`Branch`]: an encoder that turns its
//! input into one vector per clip, and heads that compare the vector with label rows. A modality
//! that is absent is `None` from the first layer to the last.

#![recursion_limit = "256"]

mod batch;
mod checkpoint;
mod encode;
mod error;
#[cfg_attr(not(test), expect(dead_code, reason = "wired by the recipe next"))]
mod fusion;
#[cfg(test)]
mod golden;
mod head;
mod labels;
mod model;
pub mod objective;
mod pool;
#[cfg_attr(not(test), expect(dead_code, reason = "wired by the recipe next"))]
mod project;
mod recipe;
mod reference;
mod scaling;
#[cfg_attr(not(test), expect(dead_code, reason = "wired by the recipe next"))]
mod trunk;
#[cfg_attr(not(test), expect(dead_code, reason = "wired by the recipe next"))]
mod words;

pub use batch::{Batch, Input, Sequence, Target};
pub use checkpoint::{Checkpoint, Precision, Provenance};
pub use encode::Encoder;
pub use encode::r2plus1d::{R2plus1d, R2plus1dConfig, origin as r2plus1d_origin};
pub use error::{Error, Result};
pub use head::Head;
pub use labels::{EMOTIONS, LabelKind, LabelMap, LabelSet, Objectivity};
pub use model::{Branch, Model, Views};
pub use pool::Pool;
pub use recipe::{
    Augment, Body, Data, EncoderConfig, HeadConfig, InputConfig, LabelLoss, ModelConfig,
    Objectives, Optimizer, Recipe, Reduce, Schedule, Split, Stage,
};
pub use reference::{Layout, Origin};
pub use scaling::{Moments, RatingScale};
