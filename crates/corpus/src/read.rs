//! Readers of corpora, each in the layout that its authors publish.

pub(crate) mod csd;
pub(crate) mod fer;
pub(crate) mod mmsa;
pub(crate) mod mosi;
pub(crate) mod published;
pub(crate) mod sims;
pub(crate) mod speech;
pub(crate) mod table;
pub(crate) mod texts;
