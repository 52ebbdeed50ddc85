//! Scores with their definitions and intervals, and the reports that show them.
//!
//! Nothing here runs a model: answers and labels come in, numbers and pages go out. [`score`]
//! makes [`Scored`] of [`Answer`]s, [`compare`] sets two sets of answers against each other, an
//! [`Evaluation`] is what `result.json` holds, and [`markdown`], [`html`] and [`Events`] show it.

mod bootstrap;
mod error;
pub mod metric;
mod number;
mod report;
mod result;
mod score;
mod tensorboard;

pub use bootstrap::{RESAMPLES, intervals, quantile};
pub use error::{Error, Result};
pub use number::exact;
pub use report::{Playable, comparison, html, markdown};
pub use result::{
    Baseline, Checkpoint, Condition, Data, Evaluation, Leak, Matrix, SCHEMA, Section, Split,
    Targets, Told, Worst, read_answers, worst, write_answers,
};
pub use score::{
    Answer, ClassScore, Comparison, Difference, GroupScore, LeftOut, McNemar, Scored, Sentiment,
    SpeakerScore, Task, Unit, Value, compare, mcnemar, score,
};
pub use tensorboard::Events;
