//! Vectors become views, logits and losses. Knows no file but its own checkpoint.
//!
//! A [`Recipe`] says what distinguishes one system from another; [`Model`] is built from its
//! `[model]` table. Each modality has a [`Branch`]: an encoder that turns its
//! input into one vector per clip, and heads that compare the vector with label rows. A modality
//! that is absent is `None` from the first layer to the last.

#![recursion_limit = "256"]

mod abstain;
mod batch;
mod checkpoint;
mod dropout;
mod encode;
mod error;
mod fusion;
#[cfg(test)]
mod golden;
mod head;
mod layers;
mod model;
pub mod objective;
mod pool;
mod project;
mod recipe;
mod reference;
mod scaling;
mod trunk;
mod words;
mod zero_shot;

pub use abstain::Abstain;
pub use batch::{Batch, Input, Sequence, Target};
pub use checkpoint::{
    Adapted, Calibration, Checkpoint, Contents, Kept, Precision, Provenance, inputs,
};
pub use encode::Encoder;
pub use encode::conformer::{Axes, ConformerConfig};
pub use encode::graph::GraphConfig;
pub use encode::r2plus1d::{R2plus1d, R2plus1dConfig, origin as r2plus1d_origin};
pub use encode::recurrent::{Cell, Padding, Readout, RecurrentConfig};
pub use encode::tcn::TcnConfig;
pub use encode::transformer::{Positions, TransformerConfig};
pub use error::{Error, Result};
pub use head::{Head, Stack, StackConfig};
pub use limbic_corpus::{EMOTIONS, LabelKind, LabelMap, LabelSet, Objectivity, SHARED};
pub use model::{AddedRows, AddedSet, Branch, Model, Rows, Views};
pub use pool::Pool;
pub use project::{Projector, ProjectorConfig};
pub use recipe::{
    Augment, Batches, Body, Data, EncoderConfig, Fusion, HeadConfig, InputConfig, LabelLoss, Looks,
    MlpHead, ModelConfig, Objectives, On, Optimizer, Part, Patience, Probe, ProbeKind, ProbeOn,
    Recipe, Reduce, Scale, Schedule, Split, Stage, Step, TrunkKind, Tune, Tuning,
};
pub use reference::{Found, Layout, Origin};
pub use scaling::{Moments, RatingScale};
pub use trunk::{DenseConfig, TrunkConfig};
pub use words::{Metric, OffsetConfig, WordsConfig};
pub use zero_shot::{Lexical, ZeroShotScale, covariance};
