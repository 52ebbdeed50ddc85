//! Labelled clips: where they come from, how they are split, what is wrong with them.
//!
//! A [`Corpus`] lists [`Example`]s and has a [`Card`] that says what a user must know before
//! using it. What its labels mean is a file a label set ([`LabelMap`]), and so is what the card
//! says. Nothing here runs a model.

mod card;
mod corpus;
mod error;
mod known;
mod labels;
mod ledger;
mod manifest;
mod pickle;
mod read;

pub use card::Card;
pub use corpus::{Corpus, Example, Label, Media, Part};
pub use error::{Error, Result};
pub use known::{detect, label_sets, names, open};
pub use labels::{EMOTIONS, LabelKind, LabelMap, LabelSet, Objectivity, SHARED};
pub use ledger::labels;
pub use manifest::{ManifestOptions, Scale, manifest};
pub use read::mmsa::pickled;
