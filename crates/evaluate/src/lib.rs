//! Scores with their definitions and intervals, and the reports that show them.
//!
//! Nothing here runs a model: answers and labels come in, numbers and pages go out.

mod bootstrap;
pub mod metric;
mod number;
mod score;

pub use bootstrap::{RESAMPLES, intervals, quantile};
pub use number::exact;
pub use score::{
    Answer, ClassScore, Comparison, Difference, GroupScore, LeftOut, McNemar, Scored, Sentiment,
    SpeakerScore, Task, Unit, Value, compare, mcnemar, score,
};
