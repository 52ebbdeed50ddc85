//! Scores with their definitions and intervals, and the reports that show them.
//!
//! Nothing here runs a model: answers and labels come in, numbers and pages go out.

mod bootstrap;
pub mod metric;

pub use bootstrap::{intervals, quantile};
