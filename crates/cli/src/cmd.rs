//! One module for each command.

pub(crate) mod adapt;
pub(crate) mod bench;
pub(crate) mod compare;
pub(crate) mod convert;
pub(crate) mod data;
pub(crate) mod eval;
pub(crate) mod features;
pub(crate) mod join;
mod named_model;
pub(crate) mod predict;
pub(crate) mod serve;
pub(crate) mod train;
mod untrained;
