//! Data sets become models and reports.
//!
//! A [`Corpus`] lists labelled clips; [`Dataset`] turns them into encoder inputs; [`fit`] trains
//! a recipe on them; [`score`] says how well it does on clips that it has not seen.

#![recursion_limit = "256"]

mod abstain;
pub mod adapt;
mod arrange;
mod aside;
mod augment;
mod batches;
mod calibrate;
mod coordinates;
mod dataset;
mod error;
pub mod fewshot;
mod fit;
#[cfg(test)]
mod golden;
mod leaks;
mod named;
pub mod probe;
mod reader;
mod score;
mod statistics;
mod teach;
mod text;
mod tune;
mod unseen;

pub use abstain::abstain;
pub use arrange::{Side, side};
pub use calibrate::{calibration, temperature};
pub use coordinates::coordinates;
pub use dataset::{Dataset, Item, Value, weights};
pub use error::{Error, Result};
pub use fit::{Before, Event, Fit, Taken, Trainer, fit};
pub use leaks::Leak;
pub use limbic_corpus::{Card, Corpus, Example, Label, Media, Part, label_sets, open};
pub use limbic_evaluate::metric;
pub use named::with_names;
pub use score::{Outcome, Scores, gain, outcomes, score, thresholds, vectors};
pub use teach::Taught;
pub use tune::{Standing, standing};
pub use unseen::{Area, Unseen, ZeroShot, revealed, unseen, zero_shot};
