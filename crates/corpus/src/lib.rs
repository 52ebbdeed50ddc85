//! Labelled clips: where they come from, how they are split, what is wrong with them.
//!
//! A [`Corpus`] lists [`Example`]s and has a [`Card`] that says what a user must know before
//! using it. What its labels mean is a file a label set ([`LabelMap`]), and so is what the card
//! says. Nothing here runs a model.

pub mod audit;
mod card;
mod corpus;
mod error;
mod fingerprint;
mod inspect;
mod known;
mod labels;
pub mod leak;
mod ledger;
mod listed;
mod manifest;
mod pickle;
mod read;
pub mod split;

pub use card::Card;
pub use corpus::{Corpus, Example, Label, Media, Part};
pub use error::{Error, Result};
pub use fingerprint::{Fingerprint, fingerprints, person};
pub use known::{card, detect, label_sets, names, open};
pub use labels::{EMOTIONS, LabelKind, LabelMap, LabelSet, Objectivity, SHARED};
pub use ledger::labels;
pub use listed::open_file;
pub use manifest::{ManifestOptions, Scale, manifest};
pub use read::mmsa::pickled;
